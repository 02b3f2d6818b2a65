/* SPDX-License-Identifier: GPL-2.0-or-later */
/* render - the whole of a job's work on pixels: a picture's bytes and a recipe in, sealed outputs out.
 *
 * A pure function: the same bytes, recipe and libraries give the same outputs. The picture is decoded once. */
#ifndef DARKROOM_IMAGE_RENDER_H
#define DARKROOM_IMAGE_RENDER_H

#include "conf/folder_conf.h"
#include "image/encode.h"
#include "recipe/recipe.h"

struct render_options {
    enum fail_on fail_on; /* how broken a picture may be */
    uint64_t max_pixels;
    uint64_t max_memory_bytes;   /* of the estimate (estimate.h): above, the picture is refused … */
    uint64_t memory_grant_bytes; /* … and above this it is not begun */
};

struct rendered_output {
    uint32_t rendition; /* number in the recipe */
    struct encoded encoded;
};

struct rendered {
    enum format source_format; /* these three are set as soon as they are known, on failure too */
    uint32_t source_width, source_height;
    struct rendered_output outputs[RECIPE_RENDITIONS_MAX]; /* ascending by rendition */
    size_t output_count;
    uint64_t needs_memory_bytes; /* not 0: more than was granted, and nothing was decoded */
};

/* Makes every rendition of @recipe that the picture in @data is large enough for (see selection.h). @ret is
 * all zero at first and released by the caller in every case. 0, or -errno with @error: all or nothing. A picture
 * for which the memory grant is too small is not begun: 0, no outputs, and @ret->needs_memory_bytes. */
int render(const struct recipe *recipe, const void *data, size_t size, const struct render_options *options,
           struct rendered *ret, struct error *error);

/* Reads the header only: fills @ret as render() would, but for pictures: descriptors are -1, bytes 0. What is wrong
 * with the picture behind its header is not found. 0, or -errno with @error. */
int render_plan(const struct recipe *recipe, const void *data, size_t size,
                const struct render_options *options, struct rendered *ret, struct error *error);

/* Closes the outputs; @rendered is all zero afterwards. */
void rendered_release(struct rendered *rendered);

#endif
