/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fit - see fit.h. */
#include "recipe/fit.h"

#include <stddef.h>

#define POINTS                                                                                               \
    [GRAVITY_NORTH_WEST] = "north-west", [GRAVITY_NORTH] = "north", [GRAVITY_NORTH_EAST] = "north-east",     \
    [GRAVITY_WEST] = "west", [GRAVITY_CENTRE] = "centre", [GRAVITY_EAST] = "east",                           \
    [GRAVITY_SOUTH_WEST] = "south-west", [GRAVITY_SOUTH] = "south", [GRAVITY_SOUTH_EAST] = "south-east"

const char *const fit_names[] = {
    [FIT_INSIDE] = "inside",   [FIT_OUTSIDE] = "outside", [FIT_COVER] = "cover",
    [FIT_CONTAIN] = "contain", [FIT_FILL] = "fill",       [FIT_COUNT] = NULL,
};

const char *const gravity_names[] = {
    POINTS,
    [GRAVITY_ATTENTION] = "attention",
    [GRAVITY_ENTROPY] = "entropy",
    [GRAVITY_COUNT] = NULL,
};

const char *const gravity_point_names[] = { POINTS, [GRAVITY_POINTS] = NULL };
