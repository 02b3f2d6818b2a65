/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lossless_steps - see lossless_steps.h. What these steps do is done by the engine in image/lossless_jpeg.c. */
#include "recipe/lossless_steps.h"

#include "recipe/op_table.h"

#include <stdbool.h>
#include <stdio.h>

/* Of what its row in the table calls lossless, this one, too. */
static bool can_be_done(const struct step *step)
{
    if (step->op == OP_ROTATE)
        return step_quarters(step) >= 0;
    if (step->op == OP_CROP)
        return step->crop.gravity < GRAVITY_POINTS;
    return op_info(step->op)->lossless != NULL;
}

static const struct step *find_other(const struct step_list *steps)
{
    for (size_t i = 0; i < steps->count; i++)
        if (!can_be_done(&steps->list[i]))
            return &steps->list[i];
    return NULL;
}

const char *lossless_steps_objection(const struct step_list *steps, char *buffer, size_t size)
{
    const struct step *step = find_other(steps);
    const char *unless = step ? op_info(step->op)->lossless : NULL;

    if (!step)
        return NULL;
    snprintf(buffer, size, "what Step=%s changes is made anew%s%s: take it out, or this",
             op_info(step->op)->name, unless ? " unless " : "", unless ?: "");
    return buffer;
}
