/* SPDX-License-Identifier: GPL-2.0-or-later */
/* profile_link - the way from one profile's colours to another's, by littleCMS in one step.
 *
 * libvips goes through Lab in two, where the black point of inks is lost; and littleCMS' short cuts (tables sampled
 * from the way) are taken only where they cost nothing that can be seen. */
#ifndef DARKROOM_IMAGE_PROFILE_LINK_H
#define DARKROOM_IMAGE_PROFILE_LINK_H

#include "image/profile.h"
#include "recipe/op.h"

/* What becomes of colours that a profile does not have. */
struct profile_manner {
    enum intent intent;
    bool black_point; /* the darkest becomes the darkest; never with INTENT_ABSOLUTE */
};

/* What is done where nobody asks for another: colours that both have stay, and black is black. */
extern const struct profile_manner profile_manner_usual;

/* Pixels on both ends: 8 or 16 bits, and so many bands after the colours, which are copied. */
struct profile_pixels {
    unsigned bits, extra;
};

struct profile_link {
    void *context, *transform; /* littleCMS' */
};

/* 0, or -1 when it cannot be done: one of them is damaged, or @to is for input only. The caller closes the link. */
int profile_link_open(const struct profile *from, const struct profile *to,
                      const struct profile_manner *manner, struct profile_pixels pixels,
                      struct profile_link *ret);

/* Links sRGB to @to, to see whether that can be done. As profile_link_open(). */
int profile_link_to(const struct profile *to, struct profile_link *ret);

/* Converts @count pixels; any thread. */
void profile_link_run(const struct profile_link *link, const void *from, void *to, size_t count);

void profile_link_close(struct profile_link *link);

#define _cleanup_link_ __attribute__((cleanup(profile_link_close)))

#endif
