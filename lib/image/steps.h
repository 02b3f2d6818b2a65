/* SPDX-License-Identifier: GPL-2.0-or-later */
/* steps - lists of Step= lines, applied to a picture in their order: those of a recipe to the decoded picture, those of
 * an output to its rendition. */
#ifndef DARKROOM_IMAGE_STEPS_H
#define DARKROOM_IMAGE_STEPS_H

#include "image/engine.h"
#include "image/geometry.h"
#include "image/move.h"
#include "recipe/recipe.h"

/* What steps may tell of a picture beyond its pixels. */
struct step_subject {
    const struct recipe *recipe; /* whose files they use */
    const char *path;            /* of the source, below its hot folder */
    int64_t mtime_ns;
    uint32_t page; /* from 1 */
};

/* What a picture of @before's shape has after @steps. */
struct shape steps_shape(const struct step_list *steps, struct shape before);

/* The largest area, in pixels, that the picture has before, between or after @steps. */
uint64_t steps_largest_area(const struct step_list *steps, struct shape before);

/* How many pictures of that size may be held at the same time, besides the one that the steps are done to. */
unsigned steps_pictures_held(const struct step_list *steps);

/* True when a picture without an alpha channel may have one after @steps. */
bool steps_add_alpha(const struct step_list *steps);

/* True when a step needs the picture's rows in another order than they are decoded in. */
bool steps_need_memory(const struct step_list *steps, struct shape before);

/* True when the steps do the same to a picture that a decoder made smaller. */
bool steps_are_scale_free(const struct step_list *steps);

/* False when a step has a length or a size in pixels, which is the same however large the picture is. */
bool steps_are_relative(const struct step_list *steps);

/* False when the picture can become smaller than steps_shape() says. */
bool steps_are_foreseen(const struct step_list *steps);

/* True when what the steps do is worth doing once only, not each time that pixels are asked for. */
bool steps_are_work(const struct step_list *steps);

/* Adds what @steps do to @move. Each of them turns, mirrors or cuts and does nothing else
 * (recipe/lossless_steps.h). */
void steps_move(const struct step_list *steps, struct move *move);

/* Does @steps to *@image, an animation or not, which they replace. 0 or -errno with @error. */
int steps_apply(const struct step_list *steps, const struct step_subject *subject, VipsImage **image,
                struct error *error);

#endif
