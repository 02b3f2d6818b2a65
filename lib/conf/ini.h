/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ini - the grammar of systemd.syntax(7): sections, Key=Value, comments on lines of their own, "\" at a line's
 * end to continue it, drop-ins that are read after the main file.
 *
 * A section header is "[Type]" or "[Type name]". Sections of the same type and name are one, wherever they
 * stand; entries keep the order in which they were read. What an entry means, whether a key may repeat, whether a
 * section may stand twice in one file, and that an empty value clears what came before, is for the reader
 * (conf_table). UTF-8 only. */
#ifndef DARKROOM_CONF_INI_H
#define DARKROOM_CONF_INI_H

#include "base/problems.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    INI_FILE_BYTES_MAX = 1 << 20,
    INI_LINE_BYTES_MAX = 64 << 10, /* with the lines that continue it */
    INI_SECTIONS_MAX = 1024,
    INI_FILES_MAX = 256, /* a main file and its drop-ins */
    INI_WORD_BYTES_MAX = 64,
};

/* Where something stands, for messages: 1-based; columns count bytes. */
struct ini_place {
    const char *file; /* owned by the struct ini */
    unsigned line, column;
};

/* Where a later line of a continued value begins: @offset bytes into the value. */
struct ini_piece {
    size_t offset;
    unsigned line, column;
};

struct ini_entry {
    char *key, *value; /* trimmed */
    struct ini_place key_place, value_place;
    struct ini_piece *pieces; /* for ini_value_place() */
    size_t piece_count;
};

/* One blank-separated word of a value. */
struct ini_word {
    const char *start; /* inside the value, @length bytes */
    size_t length;
    char text[INI_WORD_BYTES_MAX]; /* the same with a NUL; cut, but names and numbers are all shorter */
    struct ini_place place;
};

struct ini_section {
    char *type, *name; /* @name is NULL for "[Type]" */
    struct ini_place place;
    struct ini_place last;         /* of its last header */
    struct ini_place first, again; /* of two headers in one file; again.file is NULL: there are no two */
    struct ini_entry *entries;
    size_t entry_count;
};

struct ini {
    struct ini_section *sections;
    size_t section_count;
    char **files; /* as named in places */
    size_t file_count;
};

/* Adds @text to @ini (all zero at first); @file names it in messages. 0, or -EINVAL with every problem added
 * to @problems (parsing goes on after one), or -ENOMEM. */
int ini_add_text(struct ini *ini, const char *file, const char *text, size_t size, struct problems *problems);

/* Adds the file at @path, then PATH.d/<any>.conf in the order of their names. -ENOENT without a problem when
 * there is no main file (drop-ins are read all the same, and -EINVAL is returned if they have problems); other
 * failures to read are problems, with the path. */
int ini_add_file(struct ini *ini, const char *path, struct problems *problems);

/* The section, or NULL. @name may be NULL. */
const struct ini_section *ini_find(const struct ini *ini, const char *type, const char *name);

/* The entry of @section with @key that counts, the last; NULL when there is none. */
const struct ini_entry *ini_find_entry(const struct ini_section *section, const char *key);

/* Where the byte at @offset of @entry's value stands, in a continued line too. */
struct ini_place ini_value_place(const struct ini_entry *entry, size_t offset);

/* Steps @word (all zero at first) to the next word of @entry's value. False after the last one. */
bool ini_next_word(const struct ini_entry *entry, struct ini_word *word);

/* "FILE:LINE:COLUMN", to be freed by the caller; NULL when memory is out. */
char *ini_place_text(struct ini_place place);

/* Adds a problem at @place: "FILE:LINE:COLUMN: …". Returns -EINVAL. */
int ini_problem(struct problems *problems, struct ini_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Frees everything; @ini is all zero afterwards. */
void ini_release(struct ini *ini);

#endif
