/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loaders - libvips' loader of each format that can be a source: one row each.
 *
 * It is called by name: libvips is never asked to guess. */
#ifndef DARKROOM_IMAGE_LOADERS_H
#define DARKROOM_IMAGE_LOADERS_H

#include "image/engine.h"
#include "recipe/format.h"

#include <stdbool.h>
#include <stddef.h>

struct load_options {
    unsigned shrink;  /* 1, 2, 4 or 8; ignored by loaders that cannot */
    double scale;     /* of a drawing: how many times its own size */
    unsigned density; /* of a drawing: pixels an inch in its own size, where that is not in pixels */
    VipsFailOn fail_on;
    bool header; /* no pixels will be asked for; more bands may be promised than there turn out to be */
    int page,
        count; /* of a document's pages or an animation's frames: from which on (from 0), how many (-1: all) */
};

/* Opens @data, which must outlive *@ret, as a picture of @format that can be a source, to be read from top to bottom,
 * once. 0 or -1 with libvips' error. */
int loader_open(enum format format, const void *data, size_t size, const struct load_options *options,
                VipsImage **ret);

/* True when the loader can make the picture smaller while it decodes. */
bool loader_shrinks(enum format format);

/* True when the decoder has to hold all of the picture at once whose header @header was read from @data. */
bool loader_is_whole(enum format format, VipsImage *header, const void *data, size_t size);

#endif
