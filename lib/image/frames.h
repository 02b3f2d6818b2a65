/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frames - an animation as libvips has it: one picture with all frames below each other, and the height of one of them
 * ("page-height"). Whatever looks at a pixel's neighbours has to be done frame by frame, or frames bleed into each
 * other. A picture that is no animation is one of one frame. */
#ifndef DARKROOM_IMAGE_FRAMES_H
#define DARKROOM_IMAGE_FRAMES_H

#include "image/engine.h"

#include <stdbool.h>

/* Does one frame: makes *@ret of @frame. 0, or -1 with libvips' error. */
typedef int frames_work(VipsImage *frame, const void *context, VipsImage **ret);

/* How many frames @image has. */
unsigned frames_count(VipsImage *image);

/* @image, which nobody else has, is no animation, whatever its header says. */
void frames_forget(VipsImage *image);

/* The first frame of @image, which is no animation any more. 0 or -1 with libvips' error. */
int frames_first(VipsImage *image, VipsImage **ret);

/* Does every frame of @image and joins what comes of them, which has to be of one size. Where there are several they
 * are in memory then. 0 or -1 with libvips' error. */
int frames_apply(VipsImage *image, frames_work *work, const void *context, VipsImage **ret);

/* True for the fields that make an animation of a picture: how high a frame is, how long each stays, … */
bool frames_is_field(const char *name);

#endif
