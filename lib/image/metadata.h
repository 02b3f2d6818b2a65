/* SPDX-License-Identifier: GPL-2.0-or-later */
/* metadata - what an output keeps to know about its picture. Everything that is not asked for goes.
 *
 * Kept on request (METADATA_*): the colour profile and, each reduced to what is asked for, the EXIF block
 * (exif_block.h), the XMP packet (xmp_packet.h) and the IPTC record (iptc_block.h). Kept always: an orientation that
 * has not been applied, because without it the picture is another one. What a format cannot hold is left out. */
#ifndef DARKROOM_IMAGE_METADATA_H
#define DARKROOM_IMAGE_METADATA_H

#include "image/attachments.h"
#include "image/engine.h"
#include "image/geometry.h"
#include "recipe/format.h"
#include "recipe/recipe.h"

#include <stdbool.h>
#include <stddef.h>

/* What libvips has for the density of a picture whose file says none, in dots a millimetre. */
#define DENSITY_UNKNOWN 1.0

struct metadata_wish {
    unsigned keep;      /* METADATA_* */
    enum format format; /* of the output */
    bool recoloured;    /* the picture had a profile, from which it was converted to sRGB */
    int orientation;    /* these two are told by the picture, where there is one */
    struct extent extent;
};

/* What is left, and whose bytes it is. */
struct metadata_kept {
    struct attachments attachments;
    void *exif, *xmp, *iptc;
};

/* Fills @ret with what @wish asks for of @all, whose profile and density it refers to. 0, and the caller releases @ret,
 * or -ENOMEM. */
int metadata_keep(const struct attachments *all, const struct metadata_wish *wish, struct metadata_kept *ret);

void metadata_kept_release(struct metadata_kept *kept);

/* A copy of @in with no other metadata than @wish asks for. 0 or -1 with libvips' error. */
int metadata_reduce(VipsImage *in, const struct metadata_wish *wish, VipsImage **ret);

/* How many bytes of metadata @image has to store. */
size_t metadata_bytes(VipsImage *image);

/* The metadata of @image, whose bytes stay its own, as they are to stand in its file. */
struct attachments metadata_attachments(VipsImage *image);

/* A copy of @in without any but @keep (METADATA_ICC or nothing), for an encoder that is to write no other. 0 or -1 with
 * libvips' error. */
int metadata_strip(VipsImage *in, unsigned keep, VipsImage **ret);

#endif
