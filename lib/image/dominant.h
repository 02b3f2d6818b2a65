/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dominant - the colour that most of a picture has.
 *
 * It is the mean of those pixels that fall into the fullest of 16 × 16 × 16 equal boxes of the RGB cube (of several
 * boxes equally full, the darkest in red, then green, then blue). */
#ifndef DARKROOM_IMAGE_DOMINANT_H
#define DARKROOM_IMAGE_DOMINANT_H

#include <stddef.h>
#include <stdint.h>

/* The colour as 0xRRGGBB of the @count pixels (at least one) at @rgb, three bytes each. */
uint32_t dominant_colour(const uint8_t *rgb, size_t count);

#endif
