/* SPDX-License-Identifier: GPL-2.0-or-later */
/* allowance - the formats that a folder takes only when its AllowFormats= names them: their readers are large, and
 * strangers' files should not meet them unless somebody wants that.
 *
 * An allowance is a bit. Bits travel in bundles and tickets, between programs of the same build. */
#ifndef DARKROOM_CONF_ALLOWANCE_H
#define DARKROOM_CONF_ALLOWANCE_H

#include <stddef.h>

enum {
    ALLOW_SVG = 1 << 0,
    ALLOW_PDF = 1 << 1,
    ALLOW_JP2 = 1 << 2,
    ALLOW_EXR = 1 << 3,
    ALLOW_MAGICK = 1 << 4, /* formats that ImageMagick reads */
    ALLOW_ALL = (1 << 5) - 1,
};

/* The bit of "pdf" as in AllowFormats=, any case; 0 when there is none. */
unsigned allowance_of_name(const char *name);

/* The bit of the formats that have files with @extension (without the dot), any case; 0 when there is none. */
unsigned allowance_of_extension(const char *extension);

/* "svg, pdf": the names of the bits in @allowed, for messages. Returns @buffer. */
const char *allowance_list(unsigned allowed, char *buffer, size_t size);

#endif
