/* SPDX-License-Identifier: GPL-2.0-or-later */
/* planes - a picture of 8 bits a sample with a plane for each of its colours, as a JPEG has it: luma alone, or luma and
 * two chromas (YCbCr in the full range, BT.601), which may have fewer samples than it has pixels. */
#ifndef DARKROOM_IMAGE_PLANES_H
#define DARKROOM_IMAGE_PLANES_H

#include "base/pages.h"
#include "image/geometry.h"

#include <stddef.h>

enum { PLANES_MAX = 3, PLANES_GREY = 1, PLANES_COLOUR = 3, PLANE_ALIGNMENT = PAGES_ALIGNMENT };

struct plane {
    struct pages pages;
    unsigned char *data; /* in these; aligned to PLANE_ALIGNMENT */
    size_t stride;       /* bytes, a multiple of that, so that there is room right of a row */
    struct extent extent;
    double width,
        height; /* what of it the picture covers, in its samples: not all where these are no whole number */
};

struct planes {
    struct plane list[PLANES_MAX];
    size_t count; /* PLANES_GREY or PLANES_COLOUR */
    bool means;   /* each sample is the mean of a square of a larger picture's (plane_restore.h) */
    bool
        halved; /* the chromas have half the samples in both directions, rounded up; else planes_make() gave all */
};

/* Gives @plane, which holds nothing, room for @extent, all of which the picture covers. 0 or -ENOMEM. */
int plane_make(struct plane *plane, struct extent extent);

/* @plane may hold nothing, and does then. */
void plane_release(struct plane *plane);

/* How many bytes plane_make() takes. */
uint64_t plane_bytes(struct extent extent);

/* The size of the picture's chroma planes: half of @extent, rounded up, where they are @halved. */
struct extent planes_chroma(struct extent extent, bool halved);

/* Makes @planes, which hold nothing, @count planes for a picture of @extent. 0, or -ENOMEM and nothing is held. */
int planes_make(struct planes *planes, size_t count, struct extent extent, bool halved);

/* Turns @planes as EXIF's @orientation says. 0, or -ENOMEM and they are as they were. */
int planes_turn(struct planes *planes, int orientation);

void planes_release(struct planes *planes);

#endif
