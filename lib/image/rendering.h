/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rendering - one job on its way through lib/image, a page at a time: what portion.c asks render.c to do. */
#ifndef DARKROOM_IMAGE_RENDERING_H
#define DARKROOM_IMAGE_RENDERING_H

#include "image/planar.h"
#include "image/render.h"
#include "image/selection.h"
#include "image/source.h"
#include "image/steps.h"

/* What a window was prepared as; where no two outputs agree there is nothing to keep. */
struct preparation {
    size_t output; /* in the recipe */
    struct placement placement;
    struct colour padding;
};

/* Everything one job needs on its way. */
struct rendering {
    const struct recipe *recipe;
    struct step_subject subject;
    struct source source;
    struct selection selection;
    unsigned shrink;      /* by the decoder */
    bool streamed;        /* the picture is decoded while it is scaled, once */
    bool animated;        /* some output has all frames */
    bool coded;           /* some output is made of the source as it is coded */
    bool decoded;         /* something is made of the decoded picture */
    struct planar planar; /* the short way, if it is taken: there is no picture then */
    VipsImage *picture;   /* decoded, after the steps */

    VipsImage *window; /* the last scaled picture, in memory */
    struct placement window_placement;

    VipsImage *prepared; /* the last window that was padded and went through its output's steps, in memory */
    struct preparation preparation;
};

/* Reads the header of the picture in @data into a rendering that has its recipe and is otherwise all zero, and tells
 * @ret of it. 0 or -errno with @error. */
int rendering_probe(struct rendering *rendering, const void *data, size_t size,
                    const struct render_options *options, struct rendered *ret, struct error *error);

/* How much memory the page that rendering->source is turned to would take by itself (estimate.h). */
uint64_t rendering_bytes(struct rendering *rendering);

/* Adds to @ret what is made of the page that rendering->source is turned to; or, when that needs more memory than is
 * granted, only how much. 0 or -errno with @error. */
int rendering_make_page(struct rendering *rendering, const struct render_options *options,
                        struct rendered *ret, struct error *error);

/* The same, but for pictures: see render_plan(). */
int rendering_plan_page(struct rendering *rendering, const struct render_options *options,
                        struct rendered *ret, struct error *error);

/* Forgets the page, and not the source. */
void rendering_leave_page(struct rendering *rendering);

void rendering_release(struct rendering *rendering);

#endif
