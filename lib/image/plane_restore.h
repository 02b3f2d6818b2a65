/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plane_restore - gives back the contrast of details that a JPEG decoder takes when it makes a picture smaller.
 *
 * Each of its samples is the mean of a square of samples, which has of a wave of frequency f (in waves a sample) no
 * more than sin(πf) / πf ≈ 1 - (πf)² / 6. Three taps, -c, 1 + 2c, -c, have 1 + c (2πf)², so that c = 1/24 undoes it. */
#ifndef DARKROOM_IMAGE_PLANE_RESTORE_H
#define DARKROOM_IMAGE_PLANE_RESTORE_H

#include "image/planes.h"

/* Restores @plane, which was scaled from such samples, @by of them to each of its own, across and down. 0 or -ENOMEM.
 */
int plane_restore(struct plane *plane, double across_by, double down_by);

#endif
