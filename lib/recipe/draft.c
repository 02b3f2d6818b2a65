/* SPDX-License-Identifier: GPL-2.0-or-later */
/* draft - see draft.h. */
#include "recipe/draft.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "recipe/lossless_steps.h"
#include "recipe/metadata_names.h"
#include "recipe/naming.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BYTES_LEAST = 100 };

/* More than any file has. */
#define MAX_BYTES_MOST (1ULL << 40)

static const struct draft fresh = { .fit = FIT_INSIDE, .gravity = GRAVITY_CENTRE, .animated = true };

void draft_release(struct draft *draft)
{
    free(draft->name_template);
    step_list_release(&draft->steps.steps);
}

/* Parsers of the keys. */

static int parse_name(const struct ini_entry *entry, const struct conf_key *key, void *field,
                      struct problems *problems)
{
    struct draft *draft = field;
    const char *problem;
    size_t offset;

    (void)key;
    free(draft->name_template);
    draft->name_template = NULL;
    if (entry->value[0] == '\0')
        return 0;

    draft->name_place = entry->value_place;
    if (naming_check(entry->value, &problem, &offset) < 0)
        return ini_problem(problems, ini_value_place(entry, offset), "Name=: %s", problem);

    draft->name_template = strdup(entry->value);
    return draft->name_template ? 0 : ini_problem(problems, entry->value_place, "out of memory");
}

static int add_size(struct sizes *sizes, const struct ini_word *word, const char *key,
                    struct problems *problems)
{
    char shown[TEXT_SHOWN_MAX];
    uint64_t pixels;

    if (text_parse_unsigned(word->text, 1, RECIPE_SIZE_MAX, &pixels) < 0)
        return ini_problem(problems, word->place, "%s=%s: give pixels, from 1 to %d, separated by blanks",
                           key, text_escape(word->text, shown, sizeof shown), RECIPE_SIZE_MAX);
    if (sizes->count >= RECIPE_RENDITIONS_MAX)
        return ini_problem(problems, word->place, "%s=: too many sizes, at most %d", key,
                           RECIPE_RENDITIONS_MAX);

    sizes->list[sizes->count].pixels = (uint32_t)pixels;
    sizes->list[sizes->count++].place = word->place;
    return 0;
}

static int parse_sizes(const struct ini_entry *entry, const struct conf_key *key, void *field,
                       struct problems *problems)
{
    struct sizes *sizes = field;
    struct ini_word word = { 0 };
    int result = 0;

    if (entry->value[0] == '\0')
        sizes->count = 0;
    while (ini_next_word(entry, &word))
        if (add_size(sizes, &word, key->name, problems) < 0)
            result = -EINVAL;
    return result;
}

static bool has_format(const struct formats *formats, enum format format)
{
    for (size_t i = 0; i < formats->count; i++)
        if (formats->list[i] == format)
            return true;
    return false;
}

static int find_format(const char *name, const struct ini_word *word, const char *key,
                       struct problems *problems, enum format *ret)
{
    char shown[TEXT_SHOWN_MAX], known[128];

    if (format_from_name(name, ret) == 0 && format_info(*ret)->output)
        return 0;
    return ini_problem(problems, word->place, "%s=: unknown format \"%s\", there are: %s", key,
                       text_escape(name, shown, sizeof shown), format_list(true, known, sizeof known));
}

static int add_format(struct formats *formats, const struct ini_word *word, struct problems *problems)
{
    enum format format;
    int r;

    r = find_format(word->text, word, "Format", problems, &format);
    if (r < 0)
        return r;
    if (has_format(formats, format))
        return ini_problem(problems, word->place, "Format=: %s is given twice", format_info(format)->name);

    formats->list[formats->count++] = format;
    return 0;
}

static int parse_formats(const struct ini_entry *entry, const struct conf_key *key, void *field,
                         struct problems *problems)
{
    struct formats *formats = field;
    struct ini_word word = { 0 };
    int result = 0;

    (void)key;
    if (entry->value[0] == '\0')
        formats->count = 0;
    while (ini_next_word(entry, &word))
        if (add_format(formats, &word, problems) < 0)
            result = -EINVAL;
    return result;
}

static int parse_metadata(const struct ini_entry *entry, const struct conf_key *key, void *field,
                          struct problems *problems)
{
    struct draft *draft = field;

    (void)key;
    draft->metadata_given = entry->value[0] != '\0';
    if (!draft->metadata_given)
        draft->metadata = 0;
    return metadata_parse(entry, problems, &draft->metadata);
}

static int parse_background(const struct ini_entry *entry, const struct conf_key *key, void *field,
                            struct problems *problems)
{
    static const struct value_rule rule = { .kind = VALUE_COLOUR };
    struct draft *draft = field;
    char wanted[TEXT_SHOWN_MAX], shown[TEXT_SHOWN_MAX];

    draft->has_background = entry->value[0] != '\0';
    if (!draft->has_background ||
        value_parse(&rule, entry->value, &draft->background, wanted, sizeof wanted) == 0)
        return 0;
    return ini_problem(problems, entry->value_place, "%s=%s: give %s", key->name,
                       text_escape(entry->value, shown, sizeof shown), wanted);
}

static const struct conf_key keys[] = {
    { .section = "Output",
      .name = "Name",
      .parse = parse_name,
      .help = "The template of the files' names, below the folder's Output=." },
    { .section = "Output",
      .name = "Width",
      .parse = parse_sizes,
      .offset = offsetof(struct draft, widths),
      .help = "Widths in pixels, a rendition each." },
    { .section = "Output",
      .name = "Height",
      .parse = parse_sizes,
      .offset = offsetof(struct draft, heights),
      .help = "Heights in pixels, a rendition each, or paired with as many widths." },
    { .section = "Output",
      .name = "Fit",
      .parse = conf_parse_choice,
      .offset = offsetof(struct draft, fit),
      .choices = fit_names,
      .help = "How the picture is brought into width and height." },
    { .section = "Output",
      .name = "Gravity",
      .parse = conf_parse_choice,
      .offset = offsetof(struct draft, gravity),
      .choices = gravity_names,
      .help = "Which part stays where the picture is cropped, and where it lies where it is filled up." },
    { .section = "Output",
      .name = "Enlarge",
      .parse = conf_parse_boolean,
      .offset = offsetof(struct draft, enlarge),
      .help = "Whether the picture may become larger." },
    { .section = "Output",
      .name = "Background",
      .parse = parse_background,
      .help = "The colour of what is filled up, and behind what is transparent." },
    { .section = "Output",
      .name = "Step",
      .parse = step_parse,
      .offset = offsetof(struct draft, steps),
      .help = "An operation on the output when it has its size; several are done in order." },
    { .section = "Output",
      .name = "Format",
      .parse = parse_formats,
      .offset = offsetof(struct draft, formats),
      .help = "Formats, a rendition each." },
    { .section = "Output",
      .name = "Quality",
      .parse = encoding_parse,
      .offset = offsetof(struct draft, encoding),
      .help = "From 1 to 100." },
    { .section = "Output",
      .name = "Lossless",
      .parse = encoding_parse,
      .offset = offsetof(struct draft, encoding),
      .help = "Whether every pixel stays as it is, or nearly so." },
    { .section = "Output",
      .name = "Effort",
      .parse = encoding_parse,
      .offset = offsetof(struct draft, encoding),
      .help = "How much time is spent on a smaller file." },
    { .section = "Output",
      .name = "Progressive",
      .parse = encoding_parse,
      .offset = offsetof(struct draft, encoding),
      .help = "Whether a coarse picture comes first." },
    { .section = "Output",
      .name = "Subsampling",
      .parse = encoding_parse,
      .offset = offsetof(struct draft, encoding),
      .help = "Whether colours have less resolution." },
    { .section = "Output",
      .name = "Compression",
      .parse = encoding_parse,
      .offset = offsetof(struct draft, encoding),
      .help = "How the pixels of a PNG (0 to 9) or a TIFF are compressed." },
    { .section = "Output",
      .name = "Palette",
      .parse = encoding_parse,
      .offset = offsetof(struct draft, encoding),
      .help = "Whether the picture is reduced to few colours." },
    { .section = "Output",
      .name = "Colours",
      .parse = encoding_parse,
      .offset = offsetof(struct draft, encoding),
      .help = "How many colours a palette has." },
    { .section = "Output",
      .name = "Dither",
      .parse = encoding_parse,
      .offset = offsetof(struct draft, encoding),
      .help = "How much the colours of a palette are mixed, in per cent." },
    { .section = "Output",
      .name = "Metadata",
      .parse = parse_metadata,
      .help = "What is kept of the source's metadata: some of icc, exif, copyright, gps, xmp and iptc, or "
              "all or none." },
    { .section = "Output",
      .name = "Animated",
      .parse = conf_parse_boolean,
      .offset = offsetof(struct draft, animated),
      .help = "Whether animations stay so in formats that can be animated." },
    { .section = "Output",
      .name = "MaxBytes",
      .parse = conf_parse_size,
      .offset = offsetof(struct draft, max_bytes),
      .min = MAX_BYTES_LEAST,
      .max = MAX_BYTES_MOST,
      .help = "How large a file may be: its quality is lowered until it is no larger." },
    { .section = "Output",
      .name = "TileSize",
      .parse = tile_spec_parse_size,
      .offset = offsetof(struct draft, tiles),
      .help = "The side of deep-zoom tiles in pixels." },
    { .section = "Output",
      .name = "Overlap",
      .parse = tile_spec_parse_overlap,
      .offset = offsetof(struct draft, tiles),
      .help = "How many pixels dz tiles have of their neighbours." },
    { .section = "Output",
      .name = "TileFormat",
      .parse = tile_spec_parse_format,
      .offset = offsetof(struct draft, tiles),
      .help = "The format of deep-zoom tiles." },
};

/* Checks of an output as a whole. */

size_t draft_size_count(const struct draft *draft)
{
    size_t most = draft->widths.count > draft->heights.count ? draft->widths.count : draft->heights.count;

    return most > 0 ? most : 1;
}

/* The @index-th of @sizes; a single one serves for all, 0 when there is none. */
static uint32_t size_at(const struct sizes *sizes, size_t index)
{
    if (sizes->count == 0)
        return 0;
    return sizes->list[sizes->count == 1 ? 0 : index].pixels;
}

static int check_sizes(const struct draft *draft, const struct ini_section *section,
                       struct problems *problems)
{
    size_t widths = draft->widths.count, heights = draft->heights.count;
    const struct ini_entry *fit = ini_find_entry(section, "Fit");

    if (widths > 1 && heights > 1 && widths != heights)
        return ini_problem(problems, draft->heights.list[0].place,
                           "Width= has %zu sizes and Height= has %zu: they pair up, give as many or just one",
                           widths, heights);
    if (draft->fit >= FIT_COVER && (widths == 0 || heights == 0))
        return ini_problem(problems, fit ? fit->value_place : section->place,
                           "Fit=%s needs both Width= and Height=", fit_names[draft->fit]);
    return 0;
}

static bool same_size(const struct draft *draft, size_t a, size_t b)
{
    return size_at(&draft->widths, a) == size_at(&draft->widths, b) &&
           size_at(&draft->heights, a) == size_at(&draft->heights, b);
}

static int check_repeats(const struct draft *draft, struct problems *problems)
{
    bool by_height = draft->heights.count > draft->widths.count;
    const struct sizes *sizes = by_height ? &draft->heights : &draft->widths;

    for (size_t i = 1; i < draft_size_count(draft); i++)
        for (size_t j = 0; j < i; j++)
            if (same_size(draft, i, j))
                return ini_problem(problems, sizes->list[i].place, "%s=: %" PRIu32 " is given twice",
                                   by_height ? "Height" : "Width", sizes->list[i].pixels);
    return 0;
}

static int settle_formats(struct draft *draft, const struct ini_section *section, struct problems *problems)
{
    if (draft->formats.count == 0)
        return ini_problem(problems, section->place, "Format= is missing");
    return encoding_settle(&draft->encoding, draft->formats.list, draft->formats.count, problems,
                           draft->encodings);
}

/* No output can be larger than its format: what is asked for and would only fail is refused. */
static int check_size(const struct sizes *sizes, size_t index, enum format format, const char *key,
                      struct problems *problems)
{
    uint32_t most = format_info(format)->side_max;

    if (most == 0 || sizes->list[index].pixels <= most)
        return 0;
    return ini_problem(problems, sizes->list[index].place,
                       "%s=%" PRIu32 ": %s pictures have at most %" PRIu32, key, sizes->list[index].pixels,
                       format_info(format)->name, most);
}

static int check_sides(const struct draft *draft, struct problems *problems)
{
    int result = 0;

    for (size_t i = 0; i < draft->formats.count; i++) {
        for (size_t j = 0; j < draft->widths.count; j++)
            if (check_size(&draft->widths, j, draft->formats.list[i], "Width", problems) < 0)
                result = -EINVAL;
        for (size_t j = 0; j < draft->heights.count; j++)
            if (check_size(&draft->heights, j, draft->formats.list[i], "Height", problems) < 0)
                result = -EINVAL;
    }
    return result;
}

/* Where no format has a quality to lower, a limit could only fail; where one of several has none, it may be meant. */
static int check_max_bytes(const struct draft *draft, const struct ini_section *section,
                           struct problems *problems)
{
    const struct ini_entry *entry = ini_find_entry(section, "MaxBytes");
    bool lossy = draft->max_bytes == 0;

    for (size_t i = 0; draft->max_bytes > 0 && i < draft->formats.count; i++) {
        enum format format = draft->formats.list[i];

        if (format_info(format)->tiles)
            return ini_problem(problems, entry->value_place,
                               "MaxBytes=: %s has as many bytes as its tiles: take it out",
                               format_info(format)->name);
        lossy = lossy || encoding_is_lossy(format, &draft->encodings[format]);
    }
    if (lossy)
        return 0;
    return ini_problem(
        problems, entry->value_place,
        "MaxBytes=: there is no quality to lower in any Format= as it is asked for, so all that "
        "is larger would fail: take it out, or add a format that has one");
}

static bool has_alpha(const struct draft *draft, enum format format)
{
    enum format pixels = format_info(format)->tiles ? draft->tile_spec.format : format;

    return (encoding_holds(pixels, &draft->encodings[format]) & FORMAT_HOLDS_ALPHA) != 0;
}

/* Where only some of the formats have transparency, the others lay the colour on white. */
static int check_background(const struct draft *draft, const struct ini_section *section,
                            struct problems *problems)
{
    const struct ini_entry *entry = ini_find_entry(section, "Background");
    char shown[TEXT_SHOWN_MAX];

    if (!draft->has_background || draft->background.alpha == UINT8_MAX)
        return 0;
    for (size_t i = 0; i < draft->formats.count; i++)
        if (has_alpha(draft, draft->formats.list[i]))
            return 0;
    return ini_problem(
        problems, entry->value_place,
        "Background=%s: no format in Format= has transparency here: give another colour, or add one "
        "like png or webp",
        text_escape(entry->value, shown, sizeof shown));
}

/* What would have to be decoded is refused; that a source is no JPEG is not the recipe's fault. */
static int check_lossless(const struct draft *draft, struct problems *problems)
{
    char objection[LOSSLESS_OBJECTION_BYTES];
    const char *why = draft->widths.count > 0 || draft->heights.count > 0
                          ? "a picture that is scaled is made anew: take out Width= and Height=, or this"
                      : draft->max_bytes > 0
                          ? "without loss a JPEG has the bytes that it has: take out MaxBytes=, or this"
                          : lossless_steps_objection(&draft->steps.steps, objection, sizeof objection);

    if (why && has_format(&draft->formats, FORMAT_JPEG) &&
        draft->encodings[FORMAT_JPEG].values[ENCODING_LOSSLESS] == LOSSLESS_YES)
        return ini_problem(problems, draft_lossless_place(draft), "Lossless=: %s", why);
    return 0;
}

static int check_name(const struct draft *draft, struct problems *problems)
{
    static const struct {
        const char *field, *key;
        size_t sizes; /* offset of the list in the draft */
    } fields[] = {
        { "width", "Width", offsetof(struct draft, widths) },
        { "height", "Height", offsetof(struct draft, heights) },
    };

    for (size_t i = 0; draft->name_template && i < ARRAY_SIZE(fields); i++) {
        const struct sizes *sizes = (const void *)((const char *)draft + fields[i].sizes);

        if (sizes->count == 0 && naming_uses(draft->name_template, fields[i].field))
            return ini_problem(problems, draft->name_place, "Name=: {%s} needs %s=", fields[i].field,
                               fields[i].key);
    }
    return 0;
}

static int check_draft(struct draft *draft, const struct ini_section *section, struct problems *problems)
{
    int sizes = check_sizes(draft, section, problems);
    int repeats = sizes == 0 ? check_repeats(draft, problems) : 0;
    int formats = settle_formats(draft, section, problems), sides = check_sides(draft, problems);
    int name = check_name(draft, problems);
    int bytes = formats < 0 ? 0 : check_max_bytes(draft, section, problems);
    int lossless = formats < 0 ? 0 : check_lossless(draft, problems);
    int tiles = formats < 0 ? 0
                            : tile_spec_settle(&draft->tiles, draft->formats.list, draft->formats.count,
                                               problems, &draft->tile_spec);
    int background = formats < 0 || tiles < 0 ? 0 : check_background(draft, section, problems);

    return sizes < 0 || repeats < 0 || formats < 0 || sides < 0 || bytes < 0 || name < 0 || lossless < 0 ||
                   tiles < 0 || background < 0
               ? -EINVAL
               : 0;
}

/* From the outside. */

int draft_read(const struct ini_section *section, struct problems *problems, struct draft *ret)
{
    struct step_draft steps = ret->steps;
    int r;

    *ret = fresh;
    ret->steps = steps;
    r = conf_apply(section, keys, ARRAY_SIZE(keys), ret, &fresh, problems);
    if (r < 0)
        return r;
    return check_draft(ret, section, problems);
}

struct box_size draft_size(const struct draft *draft, size_t index)
{
    return (struct box_size){ size_at(&draft->widths, index), size_at(&draft->heights, index) };
}

struct ini_place draft_lossless_place(const struct draft *draft)
{
    return encoding_place(&draft->encoding, ENCODING_LOSSLESS, FORMAT_JPEG);
}

const char *draft_name_template(const struct draft *draft)
{
    bool widths = draft->widths.count > 1, heights = draft->heights.count > 1;

    if (draft->name_template)
        return draft->name_template;
    if (widths && heights)
        return "{dir}/{stem}-{width}x{height}{-page}.{ext}";
    if (widths)
        return "{dir}/{stem}-{width}{-page}.{ext}";
    if (heights)
        return "{dir}/{stem}-{height}{-page}.{ext}";
    return "{dir}/{stem}{-page}.{ext}";
}

const struct conf_key *draft_key(size_t index)
{
    return index < ARRAY_SIZE(keys) ? &keys[index] : NULL;
}
