/* SPDX-License-Identifier: GPL-2.0-or-later */
/* source - the bytes of one picture file: probed by its header, checked against limits, decoded. */
#ifndef DARKROOM_IMAGE_SOURCE_H
#define DARKROOM_IMAGE_SOURCE_H

#include "conf/folder_conf.h"
#include "image/engine.h"
#include "image/jpeg_header.h"
#include "image/orient.h"
#include "recipe/format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Metadata that the loader does not tell of; no data: there is none, or the loader does. */
struct source_block {
    void *data;
    size_t size;
};

/* What is asked of a file. */
struct source_options {
    enum fail_on fail_on;
    uint64_t max_pixels; /* of a frame or a page */
    unsigned allowed;    /* ALLOW_*; a format that needs more than these is refused */
    unsigned density;    /* pixels an inch of a PDF in its own size */
};

struct source {
    const void *data; /* the caller's, or @reduced */
    size_t size;
    void *reduced;       /* a PNG without what could not be trusted, or NULL */
    size_t reduced_from; /* the size of what that was made from, or 0 */
    struct source_block exif, xmp, iptc;
    struct source_options options;
    enum format format;
    struct shape shape; /* as stored, of a frame or of @page */
    unsigned frames;    /* of an animation; 1 of any other picture */
    unsigned pages;     /* of a document; 1 of any other picture */
    double scale;       /* of a drawing, how many times its own size it is drawn; 1 of any other picture */
    unsigned page;      /* the one that is told of here and decoded, from 1 */
    /* What stands in a drawing takes so much while it is drawn, an OpenEXR's chunk while it is decoded; 0 of any other
     * picture. */
    uint64_t content_bytes;
    unsigned surfaces;     /* pictures of its size that are held while a drawing is drawn; 0 of any other */
    size_t metadata_bytes; /* that an output may have as well */
    unsigned bands, sample_bytes;
    bool alpha;
    bool planar;  /* a JPEG in the usual colours of 8 bits, of which @jpeg tells … */
    bool profile; /* … and it has a profile that describes it */
    struct jpeg_header jpeg;
    bool whole; /* its decoder has to hold all of it at once */
};

/* Reads the header of the picture in @data, which must stay until the source is not used any more. @ret, which
 * is all zero at first, is released by the caller in every case. 0, or -errno with @error: stage probe when it
 * is no picture, limits when it (or a frame, or the first page) has more pixels than are allowed (its format and
 * shape are set then). */
int source_probe(const void *data, size_t size, const struct source_options *options, struct source *ret,
                 struct error *error);

/* Turns to @page of a document, from 1, in its own size. 0 or -errno with @error, as source_probe(). */
int source_turn_to(struct source *source, unsigned page, struct error *error);

/* Has a drawing (format.h) drawn @scale times its own size. 0 or -errno with @error, as source_probe(). */
int source_scale(struct source *source, double scale, struct error *error);

/* How many bytes of the file are held, copies included. */
uint64_t source_held_bytes(const struct source *source);

void source_release(struct source *source);

/* Opens the picture for decoding from top to bottom, once; decoding happens when pixels are asked for. A
 * decoder that can makes it smaller by @shrink (1, 2, 4 or 8; sizes are rounded by its own rules). */
int source_decode(const struct source *source, unsigned shrink, VipsImage **ret, struct error *error);

/* The same for all frames of an animation, below each other (frames.h), in their full size. */
int source_decode_frames(const struct source *source, VipsImage **ret, struct error *error);

/* Whether @header, which was opened of the source, has a density because the file says so; else libvips made it up. */
bool source_says_density(const struct source *source, const VipsImage *header);

/* Opens @data as a picture of @format, with @frames of an animation (-1: all), for its header. */
int source_open_header(enum format format, const void *data, size_t size, int frames, VipsImage **ret);

#endif
