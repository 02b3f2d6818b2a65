/* SPDX-License-Identifier: GPL-2.0-or-later */
/* outside_picture - pictures from and to files by programs that are none of ours, for formats that picture_file.h has
 * no library for; and what such programs say about a file.
 *
 * A failure ends the test. */
#ifndef DARKROOM_TESTS_OUTSIDE_PICTURE_H
#define DARKROOM_TESTS_OUTSIDE_PICTURE_H

#include "picture_file.h"

enum { OUTSIDE_FRAMES_MAX = 64, OUTSIDE_LOOPS = 3 };

/* A file of @format with the pixels of @raster, @depth bits deep (8 or 16), as exact as the program that makes it can.
 * The caller releases it. */
struct stored outside_encode(const struct raster *raster, enum format format, int depth);

/* A TIFF with the more significant byte of its numbers first. The caller releases it. */
struct stored outside_encode_swapped(const struct raster *raster);

/* A file of @format made of a JPEG, with what stands in that beside its pixels. The caller releases it. */
struct stored outside_from_jpeg(const struct stored *jpeg, enum format format);

/* The pixels of the (first) picture of a file of @format, as RGB with alpha, turned as the file says that it is to be
 * shown where the program does that (HEIC, AVIF, JPEG XL). @ret_depth, which may be NULL, gets 8 or 16. */
struct raster outside_decode(const struct stored *file, enum format format, int *ret_depth);

/* An SVG, drawn @width pixels wide by "rsvg-convert"; a page (from 1) of a PDF, by "pdftocairo". */
struct raster outside_draw_svg(const struct stored *file, int width);
struct raster outside_draw_page(const struct stored *pdf, int page, int width);

/* @raster as RGB with alpha. */
struct raster outside_rgba(const struct raster *raster);

/* An animation of GIF or WebP, whose @count frames stay for @delays_ms each and are shown OUTSIDE_LOOPS times. The
 * caller releases it. */
struct stored outside_animate(const struct raster *frames, const int *delays_ms, size_t count,
                              enum format format);

/* The @count frames of such a file as they are seen, RGB with alpha; the caller releases them. */
void outside_decode_frames(const struct stored *file, enum format format, struct raster *ret, size_t count);

struct outside_animation {
    unsigned frames;
    int loops; /* 0: for ever */
    int delays_ms[OUTSIDE_FRAMES_MAX];
};

/* All that "identify" (ImageMagick) or "webpinfo" (libwebp) says about a file; the caller frees it. */
char *outside_told(const struct stored *file, enum format format, const char *program);

struct outside_animation outside_animation_of(const struct stored *file, enum format format);

#endif
