/* SPDX-License-Identifier: GPL-2.0-or-later */
/* encoding - see encoding.h. A value is kept as it was written until it is known which formats it is for: what it means
 * is told by their rows. */
#include "recipe/encoding.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

enum { FORMATS_MAX = 8 }; /* that have an option */

static const char *const yes_or_no[] = { "no", "yes", NULL };
static const char *const lossless_words[] = { "no", "yes", "near", NULL };
static const char *const subsampling_words[] = { "auto", "420", "444", NULL };
static const char *const tiff_words[] = { "none", "lzw", "deflate", "jpeg", NULL };
/* A word that is empty stands for a value that there is not: libpng has no palettes of 3, 5, 6 and 7 bits. */
static const char *const png_colours_words[] = { "2", "4", "", "16", "", "", "", "256", NULL };
static const char *const gif_colours_words[] = { "2", "4", "8", "16", "32", "64", "128", "256", NULL };

/* A format that has an option: what the value may be, a number or a word, and what it is by itself. The value of a word
 * is its number in the list and @min. */
struct support {
    enum format format;
    uint8_t min, max, usual;
    const char *const *words;
};

static const struct option {
    const char *name;
    struct support supports[FORMATS_MAX];
    size_t count;
} options[ENCODING_OPTIONS] = {
    [ENCODING_QUALITY] = {
        .name = "Quality",
        .supports = {
            { FORMAT_JPEG, 1, 100, 82, NULL },
            { FORMAT_WEBP, 1, 100, 75, NULL },
            { FORMAT_AVIF, 1, 100, 60, NULL },
            { FORMAT_JXL, 1, 100, 82, NULL },
            { FORMAT_TIFF, 1, 100, 82, NULL }, /* compressed as JPEG */
            /* That of JPEG tiles, and what WebP's is in general would not be seen as much less. */
            { FORMAT_DZ, 1, 100, 82, NULL },
            { FORMAT_GOOGLE, 1, 100, 82, NULL },
            { FORMAT_IIIF3, 1, 100, 82, NULL },
        },
        .count = 8,
    },
    [ENCODING_LOSSLESS] = {
        .name = "Lossless",
        .supports = {
            { FORMAT_WEBP, LOSSLESS_NO, LOSSLESS_NEAR, LOSSLESS_NO, lossless_words },
            { FORMAT_JXL, LOSSLESS_NO, LOSSLESS_YES, LOSSLESS_NO, yes_or_no },
            { FORMAT_JPEG, LOSSLESS_NO, LOSSLESS_YES, LOSSLESS_NO, yes_or_no }, /* of a JPEG */
        },
        .count = 3,
    },
    [ENCODING_EFFORT] = {
        .name = "Effort",
        .supports = {
            { FORMAT_WEBP, 0, 6, 4, NULL },
            { FORMAT_AVIF, 0, 9, 4, NULL },
            { FORMAT_JXL, 3, 9, 7, NULL },
            { FORMAT_PNG, 1, 10, 7, NULL }, /* of a palette's choice, as GIF's */
            { FORMAT_GIF, 1, 10, 7, NULL },
        },
        .count = 5,
    },
    [ENCODING_PROGRESSIVE] = {
        .name = "Progressive",
        .supports = {
            { FORMAT_JPEG, 0, 1, 0, yes_or_no },
            { FORMAT_PNG, 0, 1, 0, yes_or_no },
            { FORMAT_GIF, 0, 1, 0, yes_or_no },
        },
        .count = 3,
    },
    [ENCODING_SUBSAMPLING] = {
        .name = "Subsampling",
        .supports = {
            { FORMAT_JPEG, SUBSAMPLING_AUTO, SUBSAMPLING_444, SUBSAMPLING_AUTO, subsampling_words },
            { FORMAT_AVIF, SUBSAMPLING_AUTO, SUBSAMPLING_444, SUBSAMPLING_AUTO, subsampling_words },
        },
        .count = 2,
    },
    [ENCODING_COMPRESSION] = {
        .name = "Compression",
        .supports = {
            { FORMAT_PNG, 0, 9, 6, NULL },
            { FORMAT_TIFF, TIFF_NONE, TIFF_JPEG, TIFF_DEFLATE, tiff_words },
        },
        .count = 2,
    },
    [ENCODING_PALETTE] = {
        .name = "Palette",
        .supports = { { FORMAT_PNG, 0, 1, 0, yes_or_no } },
        .count = 1,
    },
    [ENCODING_COLOURS] = {
        .name = "Colours",
        .supports = {
            { FORMAT_PNG, 1, 8, 8, png_colours_words },
            { FORMAT_GIF, 1, 8, 8, gif_colours_words },
        },
        .count = 2,
    },
    [ENCODING_DITHER] = {
        .name = "Dither",
        .supports = {
            { FORMAT_PNG, 0, 100, 100, NULL },
            { FORMAT_GIF, 0, 100, 100, NULL },
        },
        .count = 2,
    },
};

const char *encoding_option_name(enum encoding_option option)
{
    return options[option].name;
}

static const struct support *find_support(enum format format, enum encoding_option option)
{
    for (size_t i = 0; i < options[option].count; i++)
        if (options[option].supports[i].format == format)
            return &options[option].supports[i];
    return NULL;
}

bool encoding_has(enum format format, enum encoding_option option)
{
    return find_support(format, option) != NULL;
}

struct encoding encoding_usual(enum format format)
{
    struct encoding usual = { { 0 } };

    for (enum encoding_option option = 0; option < ENCODING_OPTIONS; option++) {
        const struct support *support = find_support(format, option);

        usual.values[option] = support ? support->usual : 0;
    }
    return usual;
}

/* "jpeg, avif": the formats that have @option. */
static const char *list_formats(enum encoding_option option, char *buffer, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < options[option].count && used < size; i++)
        used += (size_t)snprintf(buffer + used, size - used, "%s%s", i > 0 ? ", " : "",
                                 format_info(options[option].supports[i].format)->name);
    return buffer;
}

/* "0 to 9", or "none, lzw, deflate, jpeg". */
static const char *list_values(const struct support *support, char *buffer, size_t size)
{
    size_t used = 0;

    if (!support->words)
        snprintf(buffer, size, "%u to %u", support->min, support->max);
    for (unsigned i = 0; support->words && i <= (unsigned)(support->max - support->min) && used < size; i++)
        if (support->words[i][0])
            used +=
                (size_t)snprintf(buffer + used, size - used, "%s%s", used > 0 ? ", " : "", support->words[i]);
    return buffer;
}

/* ---- as it is written ---- */

static enum encoding_option find_option(const char *name)
{
    enum encoding_option option = 0;

    while (strcmp(options[option].name, name) != 0)
        option++;
    return option;
}

/* A later line counts; in one line, two values of the same formats are a mistake. @of: "jpeg", or "all formats". */
static int keep(struct encoding_word *kept, const char *of, const char *text, const struct ini_entry *entry,
                const struct ini_word *word, enum encoding_option option, struct problems *problems)
{
    char shown[TEXT_SHOWN_MAX];

    if (kept->entry == entry)
        return ini_problem(problems, word->place, "%s=: the value of %s is given twice", options[option].name,
                           of);
    if (text[0] == '\0' || strlen(text) >= sizeof kept->text)
        return ini_problem(problems, word->place, "%s=%s: this is no value of any format",
                           options[option].name, text_escape(word->text, shown, sizeof shown));
    snprintf(kept->text, sizeof kept->text, "%s", text);
    kept->place = word->place;
    kept->entry = entry;
    return 0;
}

/* "webp:75". */
static int keep_of_format(struct encoding_draft *draft, enum encoding_option option,
                          const struct ini_entry *entry, const struct ini_word *word, const char *colon,
                          struct problems *problems)
{
    char name[INI_WORD_BYTES_MAX], shown[TEXT_SHOWN_MAX], known[128];
    enum format format;

    snprintf(name, sizeof name, "%.*s", (int)(colon - word->text), word->text);
    if (format_from_name(name, &format) < 0 || !format_info(format)->output)
        return ini_problem(problems, word->place, "%s=: unknown format \"%s\", there are: %s",
                           options[option].name, text_escape(name, shown, sizeof shown),
                           format_list(true, known, sizeof known));
    if (!encoding_has(format, option))
        return ini_problem(problems, word->place, "%s=: %s has none: take it out; there is one of %s",
                           options[option].name, format_info(format)->name,
                           list_formats(option, known, sizeof known));
    return keep(&draft->of[option][format], format_info(format)->name, colon + 1, entry, word, option,
                problems);
}

int encoding_parse(const struct ini_entry *entry, const struct conf_key *key, void *field,
                   struct problems *problems)
{
    enum encoding_option option = find_option(key->name);
    struct encoding_draft *draft = field;
    struct ini_word word = { 0 };
    int result = 0;

    if (entry->value[0] == '\0') {
        memset(&draft->all[option], 0, sizeof draft->all[option]);
        memset(draft->of[option], 0, sizeof draft->of[option]);
    }
    while (ini_next_word(entry, &word)) {
        const char *colon = strchr(word.text, ':');
        int r = colon ? keep_of_format(draft, option, entry, &word, colon, problems)
                      : keep(&draft->all[option], "all formats", word.text, entry, &word, option, problems);

        result = r < 0 ? r : result;
    }
    return result;
}

/* ---- what it means ---- */

static int find_word(const struct support *support, const char *text, uint8_t *ret)
{
    for (unsigned i = 0; i <= (unsigned)(support->max - support->min); i++)
        if (strcmp(support->words[i], text) == 0) {
            *ret = (uint8_t)(support->min + i);
            return 0;
        }
    return -EINVAL;
}

static int read_value(const struct support *support, const char *text, uint8_t *ret)
{
    uint64_t number;

    if (support->words)
        return find_word(support, text, ret);
    if (text_parse_unsigned(text, support->min, support->max, &number) < 0)
        return -EINVAL;
    *ret = (uint8_t)number;
    return 0;
}

static int settle_value(const struct encoding_word *word, enum encoding_option option,
                        const struct support *support, struct problems *problems, uint8_t *ret)
{
    char shown[TEXT_SHOWN_MAX], values[TEXT_SHOWN_MAX];

    if (word->text[0] == '\0' || read_value(support, word->text, ret) == 0)
        return 0;
    return ini_problem(problems, word->place, "%s=%s: %s has %s", options[option].name,
                       text_escape(word->text, shown, sizeof shown), format_info(support->format)->name,
                       list_values(support, values, sizeof values));
}

static bool is_among(enum format format, const enum format *formats, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (formats[i] == format)
            return true;
    return false;
}

static int check_presence(const struct encoding_draft *draft, enum encoding_option option,
                          const enum format *formats, size_t count, struct problems *problems)
{
    bool any = false;
    char known[128];
    int result = 0;

    for (enum format format = 0; format < FORMAT_COUNT; format++) {
        bool made = is_among(format, formats, count);

        any = any || (made && encoding_has(format, option));
        if (draft->of[option][format].text[0] && !made)
            result =
                ini_problem(problems, draft->of[option][format].place,
                            "%s=: %s is not in Format=", options[option].name, format_info(format)->name);
    }
    if (draft->all[option].text[0] && !any)
        result = ini_problem(problems, draft->all[option].place,
                             "%s=: no format in Format= has one; there is one of %s", options[option].name,
                             list_formats(option, known, sizeof known));
    return result;
}

static int settle_format(const struct encoding_draft *draft, enum format format, struct problems *problems,
                         struct encoding *ret)
{
    int result = 0;

    *ret = encoding_usual(format);
    for (enum encoding_option option = 0; option < ENCODING_OPTIONS; option++) {
        const struct support *support = find_support(format, option);
        const struct encoding_word *of = &draft->of[option][format], *all = &draft->all[option];

        if (!support)
            continue;
        if (settle_value(of->text[0] ? of : all, option, support, problems, &ret->values[option]) < 0)
            result = -EINVAL;
    }

    /* Who asks for few colours wants a palette. */
    if (format == FORMAT_PNG && !draft->of[ENCODING_PALETTE][format].text[0] &&
        !draft->all[ENCODING_PALETTE].text[0] &&
        (draft->of[ENCODING_COLOURS][format].text[0] || draft->all[ENCODING_COLOURS].text[0]))
        ret->values[ENCODING_PALETTE] = 1;
    return result;
}

int encoding_settle(const struct encoding_draft *draft, const enum format *formats, size_t count,
                    struct problems *problems, struct encoding ret[FORMAT_COUNT])
{
    int result = 0;

    for (enum encoding_option option = 0; option < ENCODING_OPTIONS; option++)
        if (check_presence(draft, option, formats, count, problems) < 0)
            result = -EINVAL;
    for (size_t i = 0; i < count; i++)
        if (settle_format(draft, formats[i], problems, &ret[formats[i]]) < 0)
            result = -EINVAL;
    return result;
}

struct ini_place encoding_place(const struct encoding_draft *draft, enum encoding_option option,
                                enum format format)
{
    const struct encoding_word *of = &draft->of[option][format];

    return of->text[0] ? of->place : draft->all[option].place;
}

static void print_value(const struct support *support, uint8_t value, FILE *stream)
{
    fprintf(stream, "%s:", format_info(support->format)->name);
    if (support->words)
        fputs(support->words[value - support->min], stream);
    else
        fprintf(stream, "%u", value);
}

void encoding_format(enum encoding_option option, const enum format *formats, const struct encoding *of,
                     size_t count, FILE *stream)
{
    bool any = false;

    for (size_t i = 0; i < count; i++) {
        const struct support *support = find_support(formats[i], option);

        if (!support)
            continue;
        fprintf(stream, "%s%s", any ? "" : options[option].name, any ? " " : "=");
        print_value(support, of[i].values[option], stream);
        any = true;
    }
    if (any)
        fputc('\n', stream);
}

unsigned encoding_holds(enum format format, const struct encoding *encoding)
{
    unsigned holds = format_info(format)->holds;

    if (encoding->values[ENCODING_PALETTE])
        holds &= ~(unsigned)FORMAT_HOLDS_DEEP;
    if (format == FORMAT_TIFF && encoding->values[ENCODING_COMPRESSION] == TIFF_JPEG)
        holds &= ~(unsigned)(FORMAT_HOLDS_DEEP | FORMAT_HOLDS_ALPHA);
    return holds;
}

bool encoding_is_lossy(enum format format, const struct encoding *encoding)
{
    if (format == FORMAT_TIFF)
        return encoding->values[ENCODING_COMPRESSION] == TIFF_JPEG;
    if (format == FORMAT_JPEG)
        return true;
    return encoding->values[ENCODING_QUALITY] > 0 && encoding->values[ENCODING_LOSSLESS] != LOSSLESS_YES;
}
