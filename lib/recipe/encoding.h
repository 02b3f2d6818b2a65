/* SPDX-License-Identifier: GPL-2.0-or-later */
/* encoding - how an output's pixels are stored: the options of its format. One row an option, with the formats that
 * have it.
 *
 * Each is a key of [Output] of its own, with one value for all formats that have it, or one a format:
 *
 *     Quality=70 jpeg:82
 *     Lossless=webp:near */
#ifndef DARKROOM_RECIPE_ENCODING_H
#define DARKROOM_RECIPE_ENCODING_H

#include "conf/conf_table.h"
#include "recipe/format.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum encoding_option {
    ENCODING_QUALITY,     /* 1 to 100 */
    ENCODING_LOSSLESS,    /* LOSSLESS_* */
    ENCODING_EFFORT,      /* in the format's own scale */
    ENCODING_PROGRESSIVE, /* 0 or 1 */
    ENCODING_SUBSAMPLING, /* SUBSAMPLING_* */
    ENCODING_COMPRESSION, /* of PNG: 0 to 9; of TIFF: TIFF_* */
    ENCODING_PALETTE,     /* 0 or 1 */
    ENCODING_COLOURS,     /* bits of a palette's index, 1 to 8 */
    ENCODING_DITHER,      /* per cent */
    ENCODING_OPTIONS
};

enum { LOSSLESS_NO, LOSSLESS_YES, LOSSLESS_NEAR };
enum { SUBSAMPLING_AUTO, SUBSAMPLING_420, SUBSAMPLING_444 };
enum { TIFF_NONE, TIFF_LZW, TIFF_DEFLATE, TIFF_JPEG };

enum { ENCODING_WORD_BYTES = 16 };

/* Of one output in one format; 0 where the format has no such option. */
struct encoding {
    uint8_t values[ENCODING_OPTIONS];
};

/* The same as it is written. */
struct encoding_draft {
    struct encoding_word {
        char text[ENCODING_WORD_BYTES]; /* empty: not given */
        struct ini_place place;
        const struct ini_entry *entry; /* that has it */
    } all[ENCODING_OPTIONS], of[ENCODING_OPTIONS][FORMAT_COUNT];
};

/* The key of @option, which must be in range: "Quality". */
const char *encoding_option_name(enum encoding_option option);

/* Parser of a key whose name is an option's; the field is a struct encoding_draft. */
conf_parser encoding_parse;

/* True when files of @format have @option. */
bool encoding_has(enum format format, enum encoding_option option);

/* What @format has when nothing is asked for. */
struct encoding encoding_usual(enum format format);

/* Settles what @draft means for an output in the @count formats @formats: ret[FORMAT], of these. 0, or -EINVAL with
 * @problems filled when none of them has an option that is given, or a value is not one of a format's. */
int encoding_settle(const struct encoding_draft *draft, const enum format *formats, size_t count,
                    struct problems *problems, struct encoding ret[FORMAT_COUNT]);

/* Where the value of @option for @format stands, which must be given for it or for all. */
struct ini_place encoding_place(const struct encoding_draft *draft, enum encoding_option option,
                                enum format format);

/* The line of @option in its canonical form for an output in the @count formats @formats, whose encodings are @of; none
 * where none of them has it. */
void encoding_format(enum encoding_option option, const enum format *formats, const struct encoding *of,
                     size_t count, FILE *stream);

/* What files of @format hold when they are stored so: FORMAT_HOLDS_*. */
unsigned encoding_holds(enum format format, const struct encoding *encoding);

/* True when the file depends on its quality; of a JPEG, when its source is none. */
bool encoding_is_lossy(enum format format, const struct encoding *encoding);

#endif
