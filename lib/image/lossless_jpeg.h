/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lossless_jpeg - Lossless=yes: an output that is its JPEG source, turned, cut, stripped of metadata and coded as small
 * as that goes, but not decoded.
 *
 * What the steps of the recipe and of the output do together is done at once (jpeg_move.h). A picture that cannot be
 * turned exactly stays as it is, and its EXIF says how it is to be turned: nothing is lost. The colour profile stays,
 * whatever Metadata= says: without it the colours would be others. */
#ifndef DARKROOM_IMAGE_LOSSLESS_JPEG_H
#define DARKROOM_IMAGE_LOSSLESS_JPEG_H

#include "image/encode.h"
#include "image/source.h"
#include "recipe/recipe.h"

#include <stdbool.h>
#include <stdint.h>

/* True when @rendition asks for that, and @source is such that it can be. */
bool lossless_jpeg_can(const struct rendition *rendition, const struct source *source);

/* How large what is made will be. 0, or -errno with @error when it cannot be. */
int lossless_jpeg_foresee(const struct recipe *recipe, const struct rendition *rendition,
                          const struct source *source, struct extent *ret, struct error *error);

/* How many bytes of memory making it takes besides the source's. */
uint64_t lossless_jpeg_bytes(const struct source *source);

/* Makes it of @source, which was looked at as its FailOn= says. 0 or -errno with @error. */
int lossless_jpeg_make(const struct recipe *recipe, const struct rendition *rendition,
                       const struct source *source, struct encoded *ret, struct error *error);

#endif
