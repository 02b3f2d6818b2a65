/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conf_table - keys of a section as a table: name, parser, where the value goes.
 *
 * Unknown keys and sections are refused, with the nearest known one as a hint. An empty value puts the
 * default back (clears a list). A key given twice: the later wins, but for lists, which are appended to. */
#ifndef DARKROOM_CONF_CONF_TABLE_H
#define DARKROOM_CONF_CONF_TABLE_H

#include "base/problems.h"
#include "conf/ini.h"

#include <stddef.h>
#include <stdint.h>

struct conf_key;

/* Parses @entry into @field. 0, or -EINVAL with a problem added at the value's place. The usual parsers never
 * see an empty value; a parser of one's own does, and puts the default back itself. */
typedef int conf_parser(const struct ini_entry *entry, const struct conf_key *key, void *field,
                        struct problems *problems);

struct conf_key {
    const char *section; /* type: "Folder" */
    const char *name;    /* "Settle" */
    conf_parser *parse;
    size_t offset;              /* of the field in the target */
    uint64_t min, max;          /* for numbers, durations, sizes and modes */
    const char *const *choices; /* for conf_parse_choice: names in the order of the enum, NULL-terminated */
    const char *help;           /* one sentence, for --help and manual pages */
};

/* A list of strings, as fields of conf_parse_words(). */
struct conf_words {
    char **list;
    size_t count;
};

void conf_words_release(struct conf_words *words);

/* The usual parsers, and their field's type. */
conf_parser conf_parse_string; /* char *, freed and replaced */
conf_parser conf_parse_path; /* char *; absolute, or "~/…"; cleaned of "//", "/./" and a final "/"; no ".." */
conf_parser conf_parse_words;    /* struct conf_words; separated by blanks */
conf_parser conf_parse_boolean;  /* bool */
conf_parser conf_parse_unsigned; /* uint64_t, @min…@max */
conf_parser conf_parse_duration; /* uint64_t, microseconds, @min…@max */
conf_parser conf_parse_size;     /* uint64_t, bytes, @min…@max */
conf_parser conf_parse_mode;     /* unsigned, octal, @min…@max */
conf_parser conf_parse_choice;   /* int: the index into @choices */

/* Applies every entry of @section to @target. 0, or -EINVAL after all problems were added. An empty value
 * is copied from @defaults (same type as @target; strings and lists become empty, NULL). */
int conf_apply(const struct ini_section *section, const struct conf_key *table, size_t table_length,
               void *target, const void *defaults, struct problems *problems);

/* Refuses the sections of @ini whose type is not in @table. 0 or -EINVAL. */
int conf_check_sections(const struct ini *ini, const struct conf_key *table, size_t table_length,
                        struct problems *problems);

/* For files whose sections have no names: refuses unknown and named sections of @ini, applies all others to
 * @target as conf_apply() does. 0 or -EINVAL. */
int conf_apply_file(const struct ini *ini, const struct conf_key *table, size_t table_length, void *target,
                    const void *defaults, struct problems *problems);

#endif
