/* SPDX-License-Identifier: GPL-2.0-or-later */
/* depth - 8 and 16 bits a sample: white stays white and black black, what lies between is rounded to the nearest. */
#ifndef DARKROOM_IMAGE_DEPTH_H
#define DARKROOM_IMAGE_DEPTH_H

#include "image/engine.h"

enum { DEPTH_8 = 8, DEPTH_16 = 16 };

/* How many bits the samples of @image have, which is 8 or 16 bits deep. */
unsigned depth_of(const VipsImage *image);

/* @in, of 8 or 16 bits, with @bits, which is one of these. Alpha goes with the colours. 0 or -1 with libvips' error. */
int depth_set(VipsImage *in, unsigned bits, VipsImage **ret);

/* Floating point @in, rounded and cut off to @format. 0 or -1 with libvips' error. */
int depth_round(VipsImage *in, VipsBandFormat format, VipsImage **ret);

#endif
