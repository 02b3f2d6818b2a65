/* SPDX-License-Identifier: GPL-2.0-or-later */
/* format - the picture formats: one row each, for names, extensions, magic bytes, and what a file can hold.
 *
 * Numbers go over the wire and into the ledger: they never change their meaning. */
#ifndef DARKROOM_RECIPE_FORMAT_H
#define DARKROOM_RECIPE_FORMAT_H

#include "conf/allowance.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum format {
    FORMAT_JPEG = 0,
    FORMAT_PNG = 1,
    FORMAT_WEBP = 2,
    FORMAT_TIFF = 3,
    FORMAT_DZ = 4, /* these three are zips of tiles */
    FORMAT_GOOGLE = 5,
    FORMAT_IIIF3 = 6,
    FORMAT_GIF = 7,
    FORMAT_HEIC = 8,
    FORMAT_AVIF = 9,
    FORMAT_JXL = 10,
    FORMAT_SVG = 11,
    FORMAT_PDF = 12,
    FORMAT_JP2 = 13,
    FORMAT_EXR = 14,
    FORMAT_BMP = 15, /* this and those that follow are read by ImageMagick */
    FORMAT_PSD = 16,
    FORMAT_PNM = 17,
    FORMAT_PCX = 18,
    FORMAT_SGI = 19,
    FORMAT_DDS = 20,
    FORMAT_DPX = 21,
    FORMAT_HDR = 22,
    FORMAT_COUNT
};

enum { FORMAT_MAGIC_BYTES = 18 }; /* how much of a file's start format_begins() looks at, but for SVG */

/* What a file of a format can hold, beside colours of 8 bits without any more. */
enum {
    FORMAT_HOLDS_ALPHA = 1 << 0,
    FORMAT_HOLDS_GREY = 1 << 1,
    FORMAT_HOLDS_DEEP = 1 << 2, /* 16 bits a sample */
    FORMAT_HOLDS_PROFILE = 1 << 3,
    FORMAT_HOLDS_ORIENTATION = 1 << 4,
};

/* What several pictures in one file are to each other. */
enum format_sequence {
    SEQUENCE_NONE,   /* there is one, or only the main one counts */
    SEQUENCE_FRAMES, /* an animation */
    SEQUENCE_PAGES,  /* a document: each is a picture of its own, and may have its own size */
};

struct format_info {
    const char *name;              /* "jpeg", as in Format= */
    const char *extension;         /* "jpg", for {ext} */
    const char *const *extensions; /* all that a source may have, without the dot; NULL-terminated */
    bool input, output;            /* can be a source, can be made */
    unsigned allowance;            /* ALLOW_*: the folder has to allow it as a source; 0: any takes it */
    bool vector;                   /* a drawing: it has as many pixels as somebody wants */
    bool tiles;                    /* a zip with the picture cut up, see tile_spec.h */
    unsigned holds;                /* FORMAT_HOLDS_*: what an output keeps of a picture */
    uint32_t side_max;             /* pixels, of an output's width and height; 0: more than any picture has */
    enum format_sequence sequence; /* of sources; an output with SEQUENCE_FRAMES can be an animation */
};

/* The row of @format, which must be in range. */
const struct format_info *format_info(enum format format);

/* True when a file of @format can hold @what, one of FORMAT_HOLDS_*. */
bool format_holds(enum format format, unsigned what);

/* Looks up "jpeg" (or an extension, "jpg"), any case. 0 or -ENOENT. */
int format_from_name(const char *name, enum format *ret);

/* Do @bytes (the start of a file, @size of them) begin a file of @format? Archives of tiles all begin alike. */
bool format_begins(enum format format, const void *bytes, size_t size);

/* Of which format that can be a source, allowed or not, @bytes (the start of a file, @size of them) are the beginning.
 * 0 or -ENOENT. */
int format_detect(const void *bytes, size_t size, enum format *ret);

/* The @index-th of the marks that files are told by, *@ret_length bytes; NULL after the last. */
const void *format_mark(size_t index, size_t *ret_length);

/* "jpeg, png, webp": the names, for messages; outputs, or inputs that need no allowance. Returns @buffer. */
const char *format_list(bool outputs, char *buffer, size_t size);

#endif
