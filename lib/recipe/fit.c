/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fit - see fit.h. */
#include "recipe/fit.h"

#include <stddef.h>

const char *const fit_names[] = {
    [FIT_INSIDE] = "inside",   [FIT_OUTSIDE] = "outside", [FIT_COVER] = "cover",
    [FIT_CONTAIN] = "contain", [FIT_FILL] = "fill",       [FIT_COUNT] = NULL,
};
