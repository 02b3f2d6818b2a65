/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plane_scale - resamples a part of a plane (Lanczos3): libzimg where there is much to do, and else a kernel of our
 * own, because libzimg takes longer to prepare itself for a geometry than a small plane is worth.
 *
 * Which of them it is follows from the geometry alone. Planes of one geometry after the other are what a hot folder
 * has: libzimg's preparations are kept for the last few, for all of the process. */
#ifndef DARKROOM_IMAGE_PLANE_SCALE_H
#define DARKROOM_IMAGE_PLANE_SCALE_H

#include "image/planes.h"

/* In samples; it may reach beyond the plane by half of the samples that become one, and the plane goes on there as it
 * ends. */
struct plane_part {
    double left, top, width, height;
};

/* Fills all of @to with @part of @from; where both are of one size it is copied. 0 or -ENOMEM. */
int plane_scale(const struct plane *from, const struct plane_part *part, struct plane *to);

/* Gives back what is kept. */
void plane_scale_forget(void);

#endif
