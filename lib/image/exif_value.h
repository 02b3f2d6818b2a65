/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exif_value - what a picture's EXIF says, for people. */
#ifndef DARKROOM_IMAGE_EXIF_VALUE_H
#define DARKROOM_IMAGE_EXIF_VALUE_H

#include "image/engine.h"

/* The value of @tag ("Model") in the EXIF block of @image, of whichever directory has it first; the caller frees. NULL
 * when there is none. */
char *exif_value(VipsImage *image, const char *tag);

#endif
