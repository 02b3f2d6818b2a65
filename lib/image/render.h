/* SPDX-License-Identifier: GPL-2.0-or-later */
/* render - the whole of a job's work on pixels: a picture's bytes and a recipe in, sealed outputs out.
 *
 * A pure function: the same bytes, recipe and libraries give the same outputs. The picture is decoded once. */
#ifndef DARKROOM_IMAGE_RENDER_H
#define DARKROOM_IMAGE_RENDER_H

#include "conf/folder_conf.h"
#include "image/encode.h"
#include "image/look.h"
#include "recipe/recipe.h"

struct render_options {
    enum fail_on fail_on; /* how broken a picture may be */
    uint64_t max_pixels;
    unsigned allowed;            /* ALLOW_*: formats that are taken besides the usual */
    unsigned density;            /* pixels an inch of a PDF in its own size */
    uint64_t max_memory_bytes;   /* of the estimate (estimate.h): above, the picture is refused … */
    uint64_t memory_grant_bytes; /* … and above this it is not begun */
    uint32_t max_frames;         /* of an animation that stays one; 0: any */
    uint32_t max_pages;          /* of a document of which each is made; 0: any */
    uint32_t pages;              /* as counted before; 0: not counted */
    uint32_t first_page;         /* to begin with; 0 and 1: the first */
    uint64_t held_bytes;         /* of finished pages elsewhere, which count for the limits of memory */
    const char *path;    /* of the source, below its hot folder: what text on a picture may tell … */
    int64_t mtime_ns;    /* … and when it was last changed */
    uint64_t portion_us; /* no page is begun after so long; there is always one */
};

struct rendered_output {
    uint32_t rendition; /* number in the recipe */
    uint32_t page;      /* of the source, from 1 */
    struct encoded encoded;
};

struct rendered {
    enum format source_format; /* these three are set as soon as they are known, on failure too */
    uint32_t source_width, source_height;
    uint32_t source_pages;                                 /* and this as well; 1 of what is no document */
    struct rendered_output outputs[RECIPE_RENDITIONS_MAX]; /* ascending by page, then by rendition */
    size_t output_count;
    struct look look;   /* of the first page, as the recipe's manifest asks; after the recipe's steps */
    uint32_t next_page; /* not 0: there are more pages, this is the next to be made */
    uint32_t
        left_frames; /* how many more an animation has that are in no output, though none says Animated=no */
    uint64_t needs_memory_bytes; /* not 0: more than was granted, and nothing was decoded */
};

/* Makes every rendition of @recipe that the picture in @data is large enough for (see selection.h). @ret is
 * all zero at first and released by the caller in every case. 0, or -errno with @error: all or nothing. A picture
 * for which the memory grant is too small is not begun: 0, no outputs, and @ret->needs_memory_bytes.
 *
 * Of a document each page has those renditions whose names tell pages apart, the first page all. Its pages have to be
 * counted: when they are not, there are 0 outputs, and @ret->source_pages is to be given as @options->pages. They are
 * made in portions: @ret->next_page is to be given as @options->first_page. */
int render(const struct recipe *recipe, const void *data, size_t size, const struct render_options *options,
           struct rendered *ret, struct error *error);

/* Reads the header only: fills @ret as render() would, but for pictures: descriptors are -1, bytes 0. What is wrong
 * with the picture behind its header is not found. 0, or -errno with @error. */
int render_plan(const struct recipe *recipe, const void *data, size_t size,
                const struct render_options *options, struct rendered *ret, struct error *error);

/* Closes the outputs; @rendered is all zero afterwards. */
void rendered_release(struct rendered *rendered);

#endif
