/* SPDX-License-Identifier: GPL-2.0-or-later */
/* inner_pictures - the readers of pictures that stand inside an SVG (data: URLs).
 *
 * librsvg has gdk-pixbuf read them, whose readers of JPEG and PNG are built in; the others are files, which it opens
 * with the first picture of the kind. A process without paths needs them before. */
#ifndef DARKROOM_IMAGE_INNER_PICTURES_H
#define DARKROOM_IMAGE_INNER_PICTURES_H

#include "base/error.h"

/* Loads the readers of all kinds that are read, if SVG is in @allowed (ALLOW_*), once and for the rest of the process.
 * 0, or -errno with @error, which says what is missing. */
int inner_pictures_load(unsigned allowed, struct error *error);

#endif
