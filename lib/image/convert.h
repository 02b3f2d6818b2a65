/* SPDX-License-Identifier: GPL-2.0-or-later */
/* convert - pictures from the profile that describes them to another.
 *
 * A profile that cannot be used, or is for another kind of colours, is no profile: its picture is taken for what one
 * without is (profile_assumed()). */
#ifndef DARKROOM_IMAGE_CONVERT_H
#define DARKROOM_IMAGE_CONVERT_H

#include "image/profile_link.h"

/* How many of @image's bands are colours (COLOURS_*); 0 for what is neither grey nor RGB nor CMYK of 8 or 16 bits. */
unsigned convert_colours(const VipsImage *image);

/* True, with its bytes, which stay @image's, when there is a profile in @image, of whatever kind. */
bool convert_embedded(VipsImage *image, struct profile *ret);

/* True when @image has a profile that describes it. */
bool convert_has_profile(VipsImage *image);

/* Brings @in, which is grey, RGB or CMYK of 8 or 16 bits, to @to, which profile_check() let pass, and attaches that.
 * Depth and alpha stay. 0 or -1 with libvips' error. */
int convert_to(VipsImage *in, const struct profile *to, const struct profile_manner *manner, VipsImage **ret);

/* The same to the profile of @choice; grey stays grey, with its tones. */
int convert_to_choice(VipsImage *in, enum profile_choice choice, const struct profile_manner *manner,
                      VipsImage **ret);

#endif
