/* SPDX-License-Identifier: GPL-2.0-or-later */
/* draft - a section [Output] as it is written: its keys, with the place of each word that a later check may speak of.
 *
 * A draft is read and checked as a whole; recipe.c then fans it out into renditions. */
#ifndef DARKROOM_RECIPE_DRAFT_H
#define DARKROOM_RECIPE_DRAFT_H

#include "conf/conf_table.h"
#include "recipe/recipe.h"

struct sizes {
    struct {
        uint32_t pixels;
        struct ini_place place;
    } list[RECIPE_RENDITIONS_MAX];
    size_t count;
};

struct formats {
    enum format list[FORMAT_COUNT];
    size_t count;
};

struct draft {
    char *name_template; /* Name=; NULL: not given */
    struct ini_place name_place;
    struct sizes widths, heights;
    struct formats formats;
    struct encoding_draft encoding;
    struct encoding encodings[FORMAT_COUNT]; /* what that comes to, of formats */
    int fit, gravity;
    bool enlarge;
    bool has_background;
    struct colour background;
    struct step_draft steps;
    bool metadata_given;
    unsigned metadata; /* METADATA_* */
    bool animated;
    uint64_t max_bytes; /* 0: not given */
    struct tile_draft tiles;
    struct tile_spec tile_spec; /* what that comes to */
};

/* Width and height as asked for; 0: free. */
struct box_size {
    uint32_t width, height;
};

/* The row of the @index-th key of [Output]; NULL after the last. */
const struct conf_key *draft_key(size_t index);

/* Reads and checks @section into @ret, whose steps say where files are read to and which the caller releases in every
 * case. 0, or -EINVAL with @problems filled. */
int draft_read(const struct ini_section *section, struct problems *problems, struct draft *ret);

/* How many sizes the output has, at least 1; each is made in every format. */
size_t draft_size_count(const struct draft *draft);

/* The size number @index, from 0. */
struct box_size draft_size(const struct draft *draft, size_t index);

/* Name=, or a name that tells the renditions of one output apart, and the pages of a document. */
const char *draft_name_template(const struct draft *draft);

/* Where Lossless= of the output's JPEGs stands, which must be given. */
struct ini_place draft_lossless_place(const struct draft *draft);

void draft_release(struct draft *draft);

#endif
