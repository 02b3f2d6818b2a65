/* SPDX-License-Identifier: GPL-2.0-or-later */
/* look - what a picture looks like at a glance, for a recipe's manifest: its BlurHash and its dominant colour. */
#ifndef DARKROOM_IMAGE_LOOK_H
#define DARKROOM_IMAGE_LOOK_H

#include "image/engine.h"
#include "recipe/manifest_spec.h"

#include <stdint.h>

struct look {
    char blurhash[BLURHASH_LENGTH_MAX + 1]; /* empty when it is not asked for */
    uint32_t colour;                        /* 0xRRGGBB; 0 when it is not asked for */
};

/* Fills @ret with what @spec asks for of @picture, or of the first frame of an animation. It is looked at as sRGB, on
 * white where it is transparent, and scaled down to 32 pixels along its longer side; so @picture is in memory, or is
 * used up. 0, or -errno with @error. */
int look_at(VipsImage *picture, const struct manifest_spec *spec, struct look *ret, struct error *error);

#endif
