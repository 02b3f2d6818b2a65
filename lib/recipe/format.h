/* SPDX-License-Identifier: GPL-2.0-or-later */
/* format - the picture formats: one row each, for names, extensions, magic bytes and quality ranges.
 *
 * Numbers go over the wire and into the ledger: they never change their meaning. */
#ifndef DARKROOM_RECIPE_FORMAT_H
#define DARKROOM_RECIPE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum format {
    FORMAT_JPEG = 0,
    FORMAT_PNG = 1,
    FORMAT_WEBP = 2,
    FORMAT_TIFF = 3,
    FORMAT_DZ = 4, /* the last three are zips of tiles */
    FORMAT_GOOGLE = 5,
    FORMAT_IIIF3 = 6,
    FORMAT_COUNT
};

enum { FORMAT_MAGIC_BYTES = 16 }; /* how much of a file's start format_detect() looks at */

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
    bool has_quality;              /* Quality= applies (1 to 100) */
    uint8_t default_quality;
    bool tiles;                    /* a zip with the picture cut up, see tile_spec.h */
    enum format_sequence sequence; /* of sources; an output with SEQUENCE_FRAMES can be an animation */
};

/* The row of @format, which must be in range. */
const struct format_info *format_info(enum format format);

/* Looks up "jpeg" (or an extension, "jpg"), any case. 0 or -ENOENT. */
int format_from_name(const char *name, enum format *ret);

/* Do @bytes (the start of a file, @size of them) begin a file of @format? Archives of tiles all begin alike. */
bool format_begins(enum format format, const void *bytes, size_t size);

/* Of which format that can be a source @bytes (the start of a file, @size of them) are the beginning. 0 or -ENOENT. */
int format_detect(const void *bytes, size_t size, enum format *ret);

/* The @index-th of the marks that files are told by, *@ret_length bytes; NULL after the last. */
const void *format_mark(size_t index, size_t *ret_length);

/* "jpeg, png, webp": the names, for messages; inputs or outputs. Returns @buffer. */
const char *format_list(bool outputs, char *buffer, size_t size);

#endif
