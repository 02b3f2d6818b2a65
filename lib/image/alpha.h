/* SPDX-License-Identifier: GPL-2.0-or-later */
/* alpha - the alpha channel: always the last band, opaque at the top of its band format's range. */
#ifndef DARKROOM_IMAGE_ALPHA_H
#define DARKROOM_IMAGE_ALPHA_H

#include "image/engine.h"

/* The value of an opaque pixel: 255 or 65535. */
double alpha_max(const VipsImage *image);

/* @in with an alpha channel: its own, or an opaque one. 0 or -1 with libvips' error. */
int alpha_ensure(VipsImage *in, VipsImage **ret);

/* @in without its alpha channel, seen before @background, a value for each colour. 0 or -1 with libvips' error. */
int alpha_flatten(VipsImage *in, const double *background, VipsImage **ret);

/* Takes @in apart into colours and alpha; *@ret_alpha is NULL when there is none. 0 or -1. */
int alpha_split(VipsImage *in, VipsImage **ret_colours, VipsImage **ret_alpha);

/* Puts the two together again (@alpha may be NULL); the colours' format counts. 0 or -1. */
int alpha_join(VipsImage *colours, VipsImage *alpha, VipsImage **ret);

#endif
