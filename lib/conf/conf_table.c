/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conf_table - see conf_table.h.
 *
 * A refusal names the form that would be accepted and the range, in the notation of the file, so that it can
 * be copied from the message. */
#include "conf/conf_table.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/guess.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Problems. */

static int out_of_memory(const struct ini_entry *entry, struct problems *problems)
{
    return ini_problem(problems, entry->value_place, "out of memory");
}

static int refuse_value(const struct ini_entry *entry, struct problems *problems, const char *wanted)
{
    char shown[TEXT_SHOWN_MAX];

    return ini_problem(problems, entry->value_place, "%s=%s: %s", entry->key,
                       text_escape(entry->value, shown, sizeof shown), wanted);
}

/* Ranges in the file's own notation: the largest unit that divides. */

struct unit {
    const char *name;
    uint64_t size;
};

static const struct unit duration_units[] = {
    { "d", 86400 * USEC_PER_SEC },
    { "h", 3600 * USEC_PER_SEC },
    { "min", 60 * USEC_PER_SEC },
    { "s", USEC_PER_SEC },
    { "ms", USEC_PER_MSEC },
    { "us", 1 },
    { NULL, 0 },
};

static const struct unit size_units[] = {
    { "T", 1ULL << 40 }, { "G", 1ULL << 30 }, { "M", 1ULL << 20 },
    { "K", 1ULL << 10 }, { "", 1 },           { NULL, 0 },
};

static const struct unit plain_units[] = {
    { "", 1 },
    { NULL, 0 },
};

static const char *in_units(uint64_t value, const struct unit *unit, char *buffer, size_t size)
{
    while (unit->size > 1 && (value == 0 || value % unit->size != 0))
        unit++;
    snprintf(buffer, size, "%" PRIu64 "%s", value / unit->size, value ? unit->name : "");
    return buffer;
}

static int refuse_range(const struct ini_entry *entry, const struct conf_key *key, const struct unit *units,
                        const char *kind, struct problems *problems)
{
    char min[32], max[32], wanted[128];

    snprintf(wanted, sizeof wanted, "give %s from %s to %s", kind, in_units(key->min, units, min, sizeof min),
             in_units(key->max, units, max, sizeof max));
    return refuse_value(entry, problems, wanted);
}

static bool in_range(const struct conf_key *key, uint64_t value)
{
    return value >= key->min && value <= key->max;
}

/* The parsers. */

static int replace_string(const struct ini_entry *entry, char **string, char *value,
                          struct problems *problems)
{
    if (!value)
        return out_of_memory(entry, problems);
    free(*string);
    *string = value;
    return 0;
}

int conf_parse_string(const struct ini_entry *entry, const struct conf_key *key, void *field,
                      struct problems *problems)
{
    (void)key;
    return replace_string(entry, field, strdup(entry->value), problems);
}

/* Takes empty and "." components out of the absolute @path, in place. False when one is "..". */
static bool clean_path(char *path)
{
    char *to = path;

    for (const char *from = path; *from;) {
        size_t slashes = strspn(from, "/");
        size_t length = strcspn(from + slashes, "/");
        const char *component = from + slashes;

        from = component + length;
        if (length == 2 && memcmp(component, "..", 2) == 0)
            return false;
        if (length == 0 || (length == 1 && *component == '.'))
            continue;
        *to++ = '/';
        memmove(to, component, length);
        to += length;
    }
    if (to == path)
        *to++ = '/';
    *to = '\0';
    return true;
}

int conf_parse_path(const struct ini_entry *entry, const struct conf_key *key, void *field,
                    struct problems *problems)
{
    bool below_home = entry->value[0] == '~' && (entry->value[1] == '/' || entry->value[1] == '\0');
    const char *home = below_home ? getenv("HOME") : "";
    _cleanup_free_ char *path = NULL;

    (void)key;
    if (!home || (below_home && home[0] != '/'))
        return refuse_value(entry, problems, "HOME is not set: give an absolute path");
    if (!below_home && entry->value[0] != '/')
        return refuse_value(entry, problems, "give an absolute path, like /srv/photos, or one like ~/photos");

    if (asprintf(&path, "%s%s", home, entry->value + (below_home ? 1 : 0)) < 0) {
        path = NULL;
        return out_of_memory(entry, problems);
    }
    if (strlen(path) >= PATH_MAX)
        return refuse_value(entry, problems, "the path is too long");
    if (!clean_path(path))
        return refuse_value(entry, problems, "give a path without \"..\"");

    return replace_string(entry, field, take_ptr(path), problems);
}

int conf_parse_words(const struct ini_entry *entry, const struct conf_key *key, void *field,
                     struct problems *problems)
{
    struct conf_words *words = field;
    struct ini_word word = { 0 };

    (void)key;
    while (ini_next_word(entry, &word)) {
        char **list = reallocarray(words->list, words->count + 1, sizeof *list);

        if (!list)
            return out_of_memory(entry, problems);
        words->list = list;
        words->list[words->count] = strndup(word.start, word.length);
        if (!words->list[words->count])
            return out_of_memory(entry, problems);
        words->count++;
    }
    return 0;
}

int conf_parse_boolean(const struct ini_entry *entry, const struct conf_key *key, void *field,
                       struct problems *problems)
{
    (void)key;
    if (text_parse_boolean(entry->value, field) < 0)
        return refuse_value(entry, problems, "give yes or no");
    return 0;
}

int conf_parse_unsigned(const struct ini_entry *entry, const struct conf_key *key, void *field,
                        struct problems *problems)
{
    if (text_parse_unsigned(entry->value, key->min, key->max, field) < 0)
        return refuse_range(entry, key, plain_units, "a whole number", problems);
    return 0;
}

int conf_parse_duration(const struct ini_entry *entry, const struct conf_key *key, void *field,
                        struct problems *problems)
{
    uint64_t value;
    int r = text_parse_duration_us(entry->value, &value);

    if (r == -EINVAL)
        return refuse_value(entry, problems,
                            "give a time in us, ms, s, min, h or d, like 2s, 500ms or 1min 30s");
    if (r < 0 || !in_range(key, value))
        return refuse_range(entry, key, duration_units, "a time", problems);

    *(uint64_t *)field = value;
    return 0;
}

int conf_parse_size(const struct ini_entry *entry, const struct conf_key *key, void *field,
                    struct problems *problems)
{
    uint64_t value;
    int r = text_parse_size_bytes(entry->value, &value);

    if (r == -EINVAL)
        return refuse_value(entry, problems,
                            "give a size in bytes, or in K, M, G or T (of 1024), like 64M or 2G");
    if (r < 0 || !in_range(key, value))
        return refuse_range(entry, key, size_units, "a size", problems);

    *(uint64_t *)field = value;
    return 0;
}

int conf_parse_mode(const struct ini_entry *entry, const struct conf_key *key, void *field,
                    struct problems *problems)
{
    char wanted[96];
    unsigned value;

    /* The bits of the least are needed, those of the greatest are allowed. */
    if (text_parse_mode(entry->value, &value) < 0 || (value & (unsigned)key->min) != key->min ||
        (value & ~(unsigned)key->max) != 0) {
        snprintf(wanted, sizeof wanted, "give a mode in octal from %04" PRIo64 " to %04" PRIo64 "%s",
                 key->min, key->max, key->min > 0 ? ", with all bits of the first" : "");
        return refuse_value(entry, problems, wanted);
    }

    *(unsigned *)field = value;
    return 0;
}

static int refuse_choice(const struct ini_entry *entry, const struct conf_key *key, struct problems *problems)
{
    char wanted[256] = "use one of";
    size_t used = strlen(wanted);

    for (size_t i = 0; key->choices[i] && used < sizeof wanted; i++)
        used +=
            (size_t)snprintf(wanted + used, sizeof wanted - used, "%s %s", i > 0 ? "," : "", key->choices[i]);
    return refuse_value(entry, problems, wanted);
}

int conf_parse_choice(const struct ini_entry *entry, const struct conf_key *key, void *field,
                      struct problems *problems)
{
    for (int i = 0; key->choices[i]; i++)
        if (strcmp(entry->value, key->choices[i]) == 0) {
            *(int *)field = i;
            return 0;
        }
    return refuse_choice(entry, key, problems);
}

/* The default put back. */

void conf_words_release(struct conf_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->list[i]);
    free(words->list);
    *words = (struct conf_words){ 0 };
}

static void release_string(void *field)
{
    free(*(char **)field);
    *(char **)field = NULL;
}

static void release_words(void *field)
{
    conf_words_release(field);
}

/* What the field of each usual parser is: freed if it owns something, else copied. */
static const struct field_type {
    conf_parser *parse;
    void (*release)(void *field);
    size_t size;
} field_types[] = {
    { .parse = conf_parse_string, .release = release_string },
    { .parse = conf_parse_path, .release = release_string },
    { .parse = conf_parse_words, .release = release_words },
    { .parse = conf_parse_boolean, .size = sizeof(bool) },
    { .parse = conf_parse_unsigned, .size = sizeof(uint64_t) },
    { .parse = conf_parse_duration, .size = sizeof(uint64_t) },
    { .parse = conf_parse_size, .size = sizeof(uint64_t) },
    { .parse = conf_parse_mode, .size = sizeof(unsigned) },
    { .parse = conf_parse_choice, .size = sizeof(int) },
};

static const struct field_type *field_type(const struct conf_key *key)
{
    for (size_t i = 0; i < ARRAY_SIZE(field_types); i++)
        if (field_types[i].parse == key->parse)
            return &field_types[i];
    return NULL;
}

static int apply(const struct ini_entry *entry, const struct conf_key *key, char *target,
                 const char *defaults, struct problems *problems)
{
    const struct field_type *type = field_type(key);
    char *field = target + key->offset;

    if (entry->value[0] != '\0' || !type)
        return key->parse(entry, key, field, problems);

    if (type->release)
        type->release(field);
    else
        memcpy(field, defaults + key->offset, type->size);
    return 0;
}

/* Sections and keys. */

static const struct conf_key *find_key(const char *section, const char *name, const struct conf_key *table,
                                       size_t table_length)
{
    for (size_t i = 0; i < table_length; i++)
        if (strcmp(table[i].section, section) == 0 && strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

static int refuse_key(const struct ini_entry *entry, const char *section, const struct conf_key *table,
                      size_t table_length, struct problems *problems)
{
    char shown[TEXT_SHOWN_MAX];
    struct guess guess = { 0 };

    for (size_t i = 0; i < table_length; i++)
        if (strcmp(table[i].section, section) == 0)
            guess_consider(&guess, entry->key, table[i].name);

    text_escape(entry->key, shown, sizeof shown);
    if (guess.name)
        return ini_problem(problems, entry->key_place, "unknown key %s= in [%s], did you mean %s=?", shown,
                           section, guess.name);
    return ini_problem(problems, entry->key_place, "unknown key %s= in [%s]", shown, section);
}

int conf_apply(const struct ini_section *section, const struct conf_key *table, size_t table_length,
               void *target, const void *defaults, struct problems *problems)
{
    int result = 0;

    for (size_t i = 0; i < section->entry_count; i++) {
        const struct ini_entry *entry = &section->entries[i];
        const struct conf_key *key = find_key(section->type, entry->key, table, table_length);
        int r = key ? apply(entry, key, target, defaults, problems)
                    : refuse_key(entry, section->type, table, table_length, problems);

        if (r < 0)
            result = -EINVAL;
    }
    return result;
}

static int check_section(const struct ini_section *section, const struct conf_key *table, size_t table_length,
                         struct problems *problems)
{
    char shown[TEXT_SHOWN_MAX];
    struct guess guess = { 0 };

    for (size_t i = 0; i < table_length; i++) {
        if (strcmp(table[i].section, section->type) == 0)
            return 0;
        guess_consider(&guess, section->type, table[i].section);
    }

    text_escape(section->type, shown, sizeof shown);
    if (guess.name)
        return ini_problem(problems, section->place, "unknown section [%s], did you mean [%s]?", shown,
                           guess.name);
    return ini_problem(problems, section->place, "unknown section [%s]", shown);
}

int conf_check_sections(const struct ini *ini, const struct conf_key *table, size_t table_length,
                        struct problems *problems)
{
    int result = 0;

    for (size_t i = 0; i < ini->section_count; i++)
        if (check_section(&ini->sections[i], table, table_length, problems) < 0)
            result = -EINVAL;
    return result;
}

int conf_apply_file(const struct ini *ini, const struct conf_key *table, size_t table_length, void *target,
                    const void *defaults, struct problems *problems)
{
    int result = 0;

    for (size_t i = 0; i < ini->section_count; i++) {
        const struct ini_section *section = &ini->sections[i];
        int r = check_section(section, table, table_length, problems);

        if (r == 0 && section->name)
            r = ini_problem(problems, section->place, "the section is just [%s], without a name",
                            section->type);
        if (r == 0)
            r = conf_apply(section, table, table_length, target, defaults, problems);
        if (r < 0)
            result = r;
    }
    return result;
}
