/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lossless_steps - which steps can be done to a JPEG without decoding it (Lossless=jpeg:yes): those that only turn,
 * mirror and cut it, where that is known without looking at its pixels. */
#ifndef DARKROOM_RECIPE_LOSSLESS_STEPS_H
#define DARKROOM_RECIPE_LOSSLESS_STEPS_H

#include "recipe/step.h"

#include <stddef.h>

enum { LOSSLESS_OBJECTION_BYTES = 160 };

/* What is wrong with the first of @steps that cannot be, for people, written to @buffer of at least
 * LOSSLESS_OBJECTION_BYTES; NULL: nothing. */
const char *lossless_steps_objection(const struct step_list *steps, char *buffer, size_t size);

#endif
