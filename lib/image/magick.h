/* SPDX-License-Identifier: GPL-2.0-or-later */
/* magick - pictures that ImageMagick has decoders for.
 *
 * The decoder of a file is told by its format, which its first bytes have told, and is called itself: ImageMagick is
 * never asked what a file may be, so none of its other formats, its programs and its names of files is reached. It
 * holds pixels in memory only, and works with one thread.
 *
 * What the policy.xml of the machine's ImageMagick forbids, or limits (memory, width, height), is so here, too. */
#ifndef DARKROOM_IMAGE_MAGICK_H
#define DARKROOM_IMAGE_MAGICK_H

#include "image/engine.h"
#include "recipe/format.h"

#include <stdbool.h>
#include <stddef.h>

/* Starts ImageMagick and loads the decoders of all formats that it is used for, from files. May be called again.
 * 0, or -ENOSYS with @error (class environment) when one is missing or forbidden. */
int magick_start(struct error *error);

/* Ends it, if it has been started. */
void magick_stop(void);

/* Opens the first picture of @data, a file of @format that has ImageMagick's decoder: its size alone with @header, when
 * *@ret has no pixels, and may have more bands than there are; else decoded, with what it says of itself. Of a PSD that
 * is the flattened picture. @data is not needed any more afterwards. 0 or -1 with libvips' error. */
int magick_open(enum format format, const void *data, size_t size, bool header, VipsFailOn fail_on,
                VipsImage **ret);

/* Whether ImageMagick counts memory though none of its pictures is there: it has lost it, when a decoder failed that
 * needed more than it could get. What is lost stays counted against the limits, so later pictures fail for no fault of
 * theirs: the process should end before it takes another. Asked between pictures; false before magick_start(). */
bool magick_has_lost_memory(void);

#endif
