/* SPDX-License-Identifier: GPL-2.0-or-later */
/* attachments - what a picture's file holds beside its pixels, as the bytes that stand in the file. */
#ifndef DARKROOM_IMAGE_ATTACHMENTS_H
#define DARKROOM_IMAGE_ATTACHMENTS_H

#include <stdbool.h>
#include <stddef.h>

struct attachment {
    const void *data; /* somebody else's */
    size_t size;      /* 0: there is none */
};

struct attachments {
    struct attachment icc;
    struct attachment exif;    /* from its TIFF header on */
    struct attachment xmp;     /* a packet */
    struct attachment iptc;    /* a record */
    unsigned dots_per_inch[2]; /* across, down; 0: nobody knows */
};

static inline size_t attachments_bytes(const struct attachments *attachments)
{
    return attachments->icc.size + attachments->exif.size + attachments->xmp.size + attachments->iptc.size;
}

static inline bool attachments_have_density(const struct attachments *attachments)
{
    return attachments->dots_per_inch[0] > 0 && attachments->dots_per_inch[1] > 0;
}

#endif
