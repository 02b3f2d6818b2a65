/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jpeg_coding - what a JPEG is before it is decoded. */
#ifndef DARKROOM_TESTS_JPEG_CODING_H
#define DARKROOM_TESTS_JPEG_CODING_H

#include "picture_file.h"

/* That two JPEGs have the same size, sampling, quantisation and coefficients; else the test ends with @what. */
void jpeg_coding_expect_same(const char *what, const struct stored *a, const struct stored *b);

#endif
