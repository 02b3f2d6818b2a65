/* SPDX-License-Identifier: GPL-2.0-or-later */
/* profile - ICC profiles as bytes: those that a recipe can name, and what is assumed where there is none. */
#ifndef DARKROOM_IMAGE_PROFILE_H
#define DARKROOM_IMAGE_PROFILE_H

#include "image/engine.h"
#include "recipe/op.h"

#include <stdbool.h>
#include <stddef.h>

enum { PROFILE_SIZE_MAX = 16 << 20 }; /* bytes; what is larger cannot be used. Inks have up to 3 MB */

/* How many channels the colours of usable profiles have. */
enum { COLOURS_GREY = 1, COLOURS_RGB = 3, COLOURS_CMYK = 4 };

struct profile {
    const void *data; /* the owner's, or @owned */
    size_t size;
    void *owned; /* freed by profile_release(), or NULL */
};

/* The profile of @choice, from what was published about it, or of grey with its tones: the same bytes on every machine
 * and day. @ret is released by the caller. 0 or -1 with libvips' error, when memory is out. */
int profile_make(enum profile_choice choice, bool grey, struct profile *ret);

/* What a picture of so many @colours (COLOURS_*) without a profile is taken for: grey with the tones of sRGB, sRGB, or
 * the inks that libvips has. As profile_make(). */
int profile_assumed(unsigned colours, struct profile *ret);

/* How many channels the profile has (COLOURS_*); 0 when it is no profile of a device with grey, RGB or CMYK, or what it
 * says of their colours cannot be read. */
unsigned profile_colours(const struct profile *profile);

/* Looks whether pictures can be brought to the profile in @data, which nobody vouches for. 0, or -EINVAL with @error
 * (class permanent). */
int profile_check(const void *data, size_t size, struct error *error);

void profile_release(struct profile *profile);

#define _cleanup_profile_ __attribute__((cleanup(profile_release)))

#endif
