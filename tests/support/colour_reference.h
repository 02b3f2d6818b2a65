/* SPDX-License-Identifier: GPL-2.0-or-later */
/* colour_reference - what colours ought to be: littleCMS, in double precision and without its short cuts.
 *
 * Profiles are made here from what was published about their colour spaces. A failure ends the test. */
#ifndef DARKROOM_TESTS_COLOUR_REFERENCE_H
#define DARKROOM_TESTS_COLOUR_REFERENCE_H

#include "picture_file.h"

enum space {
    SPACE_SRGB,      /* IEC 61966-2-1 */
    SPACE_P3,        /* SMPTE EG 432-1 primaries, D65, the curve of sRGB */
    SPACE_ADOBE_RGB, /* Adobe RGB (1998) Color Image Encoding, 2005-05: D65, gamma 2 51/256 */
    SPACE_GREY_18,   /* grey, D50, gamma 1.8 */
    SPACE_GREY_SRGB, /* grey, D50, the curve of sRGB */
    SPACE_SCANNER,   /* RGB of a device that only sees: there is no way back */
    SPACE_INKS       /* four inks that print as nobody's do: neither white nor black are perfect */
};

/* The space's profile as a file would have it. The caller releases it. */
struct stored space_profile(enum space space);

/* @raster, whose colours are those of @profile, in sRGB, clipped to 0 … 1; alpha stays. Intents and black point as our
 * engine's: relative colorimetric, with compensation. */
struct raster to_srgb(const struct raster *raster, const struct stored *profile);

/* The same to another profile and with one of lcms2.h's intents; absolute is without compensation. */
struct raster to_profile(const struct raster *raster, const struct stored *from, const struct stored *to,
                         unsigned intent);

/* The largest CIEDE2000 between any two pixels of two pictures of one kind, in D50 as profiles count; both are of
 * @profile, or of sRGB when that is NULL. */
double raster_delta_e(const struct raster *a, const struct raster *b, const struct stored *profile);

#endif
