/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mix - new channels as sums of the old. */
#ifndef DARKROOM_IMAGE_MIX_H
#define DARKROOM_IMAGE_MIX_H

#include "image/engine.h"

enum { MIX_CHANNELS = 3 };

/* A row for each new channel: how much of red, green and blue it has. */
struct mix {
    double rows[MIX_CHANNELS][MIX_CHANNELS];
};

/* Mixes the colours of @in, RGB of 8 or 16 bits; depth and alpha stay. 0 or -1 with libvips' error. */
int mix_apply(VipsImage *in, const struct mix *mix, VipsImage **ret);

/* The luma of grey or RGB @in, one channel without alpha (ITU-R BT.709, of the values as they are). 0 or -1. */
int mix_luma(VipsImage *in, VipsImage **ret);

#endif
