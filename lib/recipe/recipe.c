/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recipe - see recipe.h.
 *
 * An [Output] section is read into a draft, whose lists remember where each word stood; the draft is checked
 * as a whole and then fanned out into renditions. Names are checked last, by making them for a few sources. */
#include "recipe/recipe.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "conf/conf_table.h"
#include "recipe/naming.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum {
    SHOWN_BYTES = 200, /* of a value in a message */
    OUTPUT_NAME_BYTES_MAX = 64,
    QUALITY_MAX = 100,
};

#define DEFAULT_OUTPUT_NAME "main"

static const char *const fit_names[FIT_COUNT + 1] = {
    [FIT_INSIDE] = "inside",   [FIT_OUTSIDE] = "outside", [FIT_COVER] = "cover",
    [FIT_CONTAIN] = "contain", [FIT_FILL] = "fill",       [FIT_COUNT] = NULL,
};

static const struct {
    const char *name;
    unsigned bit;
} metadata_names[] = {
    { "icc", METADATA_ICC },
    { "copyright", METADATA_COPYRIGHT },
};

/* The draft of an output: lists as they were written. */

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

struct quality {
    uint8_t value; /* 0: not given */
    struct ini_place place;
};

struct qualities {
    struct quality all; /* Quality=82 */
    struct quality of[FORMAT_COUNT];
};

struct metadata {
    bool given;
    unsigned bits;
};

struct draft {
    char *name_template;
    struct ini_place name_place;
    struct sizes widths, heights;
    struct formats formats;
    struct qualities qualities;
    struct metadata metadata;
    int fit;
    bool animated;
    struct tile_draft tiles;
    struct tile_spec tile_spec; /* what that comes to */
};

static void draft_release(struct draft *draft)
{
    free(draft->name_template);
}

struct parse {
    struct recipe *recipe;
    struct problems *problems;
    struct ini_place name_places[RECIPE_OUTPUTS_MAX]; /* of Name=, or the section's */
    struct ini_place manifest_place;                  /* the same of the manifest */
};

/* Parsers of [Recipe]. */

static void list_ops(char *buffer, size_t size)
{
    size_t used = 0;

    for (enum op op = 0; op < OP_COUNT && used < size; op++)
        used += (size_t)snprintf(buffer + used, size - used, "%s%s", op > 0 ? ", " : "", op_info(op)->name);
}

/* Step=OPERATION; the field is the recipe itself. */
static int parse_step(const struct ini_entry *entry, const struct conf_key *key, void *field,
                      struct problems *problems)
{
    struct recipe *recipe = field;
    struct ini_word word = { 0 };
    char shown[SHOWN_BYTES], known[256];
    enum op op;

    (void)key;
    if (!ini_next_word(entry, &word)) {
        recipe->step_count = 0;
        return 0;
    }

    if (op_from_name(word.text, &op) < 0) {
        list_ops(known, sizeof known);
        return ini_problem(problems, word.place, "unknown operation \"%s\", there are: %s",
                           text_escape(word.text, shown, sizeof shown), known);
    }
    if (ini_next_word(entry, &word))
        return ini_problem(problems, word.place, "%s takes no argument: take \"%s\" out", op_info(op)->name,
                           text_escape(word.text, shown, sizeof shown));
    if (recipe->step_count >= RECIPE_STEPS_MAX)
        return ini_problem(problems, entry->value_place, "too many steps: at most %d", RECIPE_STEPS_MAX);

    recipe->steps[recipe->step_count++] = (struct step){ .op = op };
    return 0;
}

/* Parsers of [Output]. */

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
    char shown[SHOWN_BYTES];
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
    char shown[SHOWN_BYTES], known[128];

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

static int parse_quality(const char *text, const struct ini_word *word, struct problems *problems,
                         uint8_t *ret)
{
    char shown[SHOWN_BYTES];
    uint64_t value;

    if (text_parse_unsigned(text, 1, QUALITY_MAX, &value) < 0)
        return ini_problem(problems, word->place,
                           "Quality=%s: give a number from 1 to %d, or one a format like webp:75 jpeg:82",
                           text_escape(word->text, shown, sizeof shown), QUALITY_MAX);
    *ret = (uint8_t)value;
    return 0;
}

/* Which quality @name means: that of a format, or NULL with a problem added. */
static struct quality *find_quality(struct qualities *qualities, const char *name,
                                    const struct ini_word *word, struct problems *problems)
{
    enum format format;

    if (find_format(name, word, "Quality", problems, &format) < 0)
        return NULL;
    if (!format_info(format)->has_quality) {
        ini_problem(problems, word->place, "Quality=: %s has none, it is lossless: take it out",
                    format_info(format)->name);
        return NULL;
    }
    return &qualities->of[format];
}

/* "82", or "webp:75"; a later one replaces an earlier. */
static int add_quality(struct qualities *qualities, const struct ini_word *word, struct problems *problems)
{
    const char *colon = strchr(word->text, ':');
    struct quality *quality = &qualities->all;
    char name[INI_WORD_BYTES_MAX];

    if (colon) {
        snprintf(name, sizeof name, "%.*s", (int)(colon - word->text), word->text);
        quality = find_quality(qualities, name, word, problems);
        if (!quality)
            return -EINVAL;
    }

    quality->place = word->place;
    return parse_quality(colon ? colon + 1 : word->text, word, problems, &quality->value);
}

static int parse_qualities(const struct ini_entry *entry, const struct conf_key *key, void *field,
                           struct problems *problems)
{
    struct qualities *qualities = field;
    struct ini_word word = { 0 };
    int result = 0;

    (void)key;
    if (entry->value[0] == '\0')
        *qualities = (struct qualities){ 0 };
    while (ini_next_word(entry, &word))
        if (add_quality(qualities, &word, problems) < 0)
            result = -EINVAL;
    return result;
}

static int add_metadata(struct metadata *metadata, const struct ini_word *word, struct problems *problems)
{
    char shown[SHOWN_BYTES];

    for (size_t i = 0; i < ARRAY_SIZE(metadata_names); i++)
        if (strcmp(word->text, metadata_names[i].name) == 0) {
            metadata->bits |= metadata_names[i].bit;
            return 0;
        }
    return ini_problem(problems, word->place, "Metadata=%s: give icc, copyright, both, or none alone",
                       text_escape(word->text, shown, sizeof shown));
}

static int parse_metadata(const struct ini_entry *entry, const struct conf_key *key, void *field,
                          struct problems *problems)
{
    struct metadata *metadata = field;
    struct ini_word word = { 0 };
    int result = 0;

    (void)key;
    metadata->given = entry->value[0] != '\0';
    if (!metadata->given || strcmp(entry->value, "none") == 0) {
        metadata->bits = 0;
        return 0;
    }
    while (ini_next_word(entry, &word))
        if (add_metadata(metadata, &word, problems) < 0)
            result = -EINVAL;
    return result;
}

/* The keys; those of [Recipe] go into struct recipe, those of [Output] into struct draft. */
static const struct conf_key keys[] = {
    { .section = "Recipe",
      .name = "Description",
      .parse = conf_parse_string,
      .offset = offsetof(struct recipe, description),
      .help = "What the recipe is for, for people." },
    { .section = "Recipe",
      .name = "Step",
      .parse = parse_step,
      .help = "An operation on the decoded picture; several are done in order." },
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
      .name = "Format",
      .parse = parse_formats,
      .offset = offsetof(struct draft, formats),
      .help = "Formats, a rendition each." },
    { .section = "Output",
      .name = "Quality",
      .parse = parse_qualities,
      .offset = offsetof(struct draft, qualities),
      .help = "From 1 to 100, for all formats or one a format." },
    { .section = "Output",
      .name = "Metadata",
      .parse = parse_metadata,
      .offset = offsetof(struct draft, metadata),
      .help = "What is kept of the source's metadata: icc, copyright, or none." },
    { .section = "Output",
      .name = "Animated",
      .parse = conf_parse_boolean,
      .offset = offsetof(struct draft, animated),
      .help = "Whether animations stay so in formats that can be animated." },
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

static size_t size_count(const struct draft *draft)
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

    for (size_t i = 1; i < size_count(draft); i++)
        for (size_t j = 0; j < i; j++)
            if (same_size(draft, i, j))
                return ini_problem(problems, sizes->list[i].place, "%s=: %" PRIu32 " is given twice",
                                   by_height ? "Height" : "Width", sizes->list[i].pixels);
    return 0;
}

static int check_formats(const struct draft *draft, const struct ini_section *section,
                         struct problems *problems)
{
    bool any_quality = false;
    int result = 0;

    if (draft->formats.count == 0)
        return ini_problem(problems, section->place, "Format= is missing");

    for (enum format format = 0; format < FORMAT_COUNT; format++) {
        const struct quality *quality = &draft->qualities.of[format];

        if (quality->value && !has_format(&draft->formats, format))
            result = ini_problem(problems, quality->place,
                                 "Quality=: %s is not in Format=", format_info(format)->name);
        if (format_info(format)->has_quality && has_format(&draft->formats, format))
            any_quality = true;
    }
    if (draft->qualities.all.value && !any_quality)
        result = ini_problem(problems, draft->qualities.all.place, "Quality=: no format in Format= has one");
    return result;
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
    int formats = check_formats(draft, section, problems);
    int name = check_name(draft, problems);
    int tiles = formats < 0 ? 0
                            : tile_spec_settle(&draft->tiles, draft->formats.list, draft->formats.count,
                                               problems, &draft->tile_spec);

    return sizes < 0 || repeats < 0 || formats < 0 || name < 0 || tiles < 0 ? -EINVAL : 0;
}

/* From drafts to renditions. */

/* A name that tells the renditions of one output apart, and the pages of a document. */
static const char *default_template(const struct draft *draft)
{
    bool widths = draft->widths.count > 1, heights = draft->heights.count > 1;

    if (widths && heights)
        return "{dir}/{stem}-{width}x{height}{-page}.{ext}";
    if (widths)
        return "{dir}/{stem}-{width}{-page}.{ext}";
    if (heights)
        return "{dir}/{stem}-{height}{-page}.{ext}";
    return "{dir}/{stem}{-page}.{ext}";
}

static uint8_t quality_of(const struct qualities *qualities, enum format format)
{
    const struct format_info *info = format_info(format);

    if (!info->has_quality)
        return 0;
    return qualities->of[format].value ?: qualities->all.value ?: info->default_quality;
}

/* Sizes in the order given, and for each the formats. */
static int fan_out(struct recipe *recipe, const struct draft *draft, const struct ini_section *section,
                   struct problems *problems)
{
    size_t sizes = size_count(draft), count = sizes * draft->formats.count;

    if (count > RECIPE_RENDITIONS_MAX - recipe->rendition_count)
        return ini_problem(problems, section->place,
                           "too many renditions: %zu here and %zu before, a recipe has at most %d", count,
                           recipe->rendition_count, RECIPE_RENDITIONS_MAX);

    for (size_t i = 0; i < count; i++) {
        enum format format = draft->formats.list[i % draft->formats.count];
        size_t size = i / draft->formats.count;

        recipe->renditions[recipe->rendition_count++] = (struct rendition){
            .output = (uint16_t)recipe->output_count,
            .format = format,
            .width = size_at(&draft->widths, size),
            .height = size_at(&draft->heights, size),
            .quality = quality_of(&draft->qualities, format),
        };
    }
    return 0;
}

/* What all renditions of the output share. */
static int add_spec(struct recipe *recipe, const struct draft *draft, const char *name)
{
    struct output_spec *spec = &recipe->outputs[recipe->output_count++];

    spec->fit = (enum fit)draft->fit;
    spec->still = !draft->animated;
    spec->tiles = draft->tile_spec;
    spec->metadata = draft->metadata.given ? draft->metadata.bits : METADATA_DEFAULT;
    spec->name = strdup(name);
    spec->name_template = strdup(draft->name_template ?: default_template(draft));
    return spec->name && spec->name_template ? 0 : -ENOMEM;
}

static int check_output_name(const struct parse *parse, const struct ini_section *section, const char *name)
{
    const struct recipe *recipe = parse->recipe;

    if (recipe->output_count >= RECIPE_OUTPUTS_MAX)
        return ini_problem(parse->problems, section->place, "too many outputs: at most %d",
                           RECIPE_OUTPUTS_MAX);
    if (strlen(name) > OUTPUT_NAME_BYTES_MAX)
        return ini_problem(parse->problems, section->place, "the output's name is too long: at most %d bytes",
                           OUTPUT_NAME_BYTES_MAX);
    for (size_t i = 0; i < recipe->output_count; i++)
        if (strcmp(recipe->outputs[i].name, name) == 0)
            return ini_problem(parse->problems, section->place,
                               "[Output] means [Output " DEFAULT_OUTPUT_NAME
                               "], and both are here: rename one");
    return 0;
}

static int add_output(struct parse *parse, const struct ini_section *section)
{
    static const struct draft fresh = { .fit = FIT_INSIDE, .animated = true };
    _cleanup_(draft_release) struct draft draft = fresh;
    const char *name = section->name ?: DEFAULT_OUTPUT_NAME;
    int r;

    r = check_output_name(parse, section, name);
    if (r < 0)
        return r;

    r = conf_apply(section, keys, ARRAY_SIZE(keys), &draft, &fresh, parse->problems);
    if (r < 0)
        return r;

    r = check_draft(&draft, section, parse->problems);
    if (r < 0)
        return r;

    r = fan_out(parse->recipe, &draft, section, parse->problems);
    if (r < 0)
        return r;

    parse->name_places[parse->recipe->output_count] = draft.name_template ? draft.name_place : section->place;
    return add_spec(parse->recipe, &draft, name);
}

static int add_section(struct parse *parse, const struct ini_section *section)
{
    if (strcmp(section->type, "Output") == 0)
        return add_output(parse, section);
    if (strcmp(section->type, "Manifest") == 0)
        return manifest_spec_read(section, parse->problems, &parse->recipe->manifest, &parse->manifest_place);
    if (strcmp(section->type, "Recipe") != 0)
        return 0; /* refused by conf_check_sections() */
    if (section->name)
        return ini_problem(parse->problems, section->place, "the section is just [Recipe], without a name");
    return conf_apply(section, keys, ARRAY_SIZE(keys), parse->recipe, NULL, parse->problems);
}

/* The keys of each section are in the table of whoever reads it; its type is looked up in one of them all. */
static int check_sections(const struct ini *ini, struct problems *problems)
{
    struct conf_key sections[ARRAY_SIZE(keys) + 1];

    memcpy(sections, keys, sizeof keys);
    sections[ARRAY_SIZE(keys)] = manifest_spec_keys[0];
    return conf_check_sections(ini, sections, ARRAY_SIZE(sections), problems);
}

static int add_sections(struct parse *parse, const struct ini *ini)
{
    int result = check_sections(ini, parse->problems);
    bool any_output = false;

    for (size_t i = 0; i < ini->section_count; i++) {
        int r = add_section(parse, &ini->sections[i]);

        any_output = any_output || strcmp(ini->sections[i].type, "Output") == 0;
        if (r == -ENOMEM)
            return r;
        if (r < 0)
            result = r;
    }
    if (!any_output)
        return problems_add(parse->problems, ini->file_count > 0 ? ini->files[0] : parse->recipe->name,
                            "the recipe makes nothing: add a section [Output NAME]");
    return result;
}

/* No two renditions of a source may get one name. */

/* Sources of every shape that fields can tell apart: in the root, below it, below a directory of its own name. */
static const char *const sample_sources[] = { "picture.jpg", "album/picture.jpg", "picture/picture.jpg" };

static const char *describe(const struct recipe *recipe, size_t index, char *buffer, size_t size)
{
    const struct rendition *rendition = &recipe->renditions[index];
    char pixels[32] = "", shown[SHOWN_BYTES];

    if (index == RENDITION_MANIFEST)
        return "[Manifest]";
    if (rendition->width && rendition->height)
        snprintf(pixels, sizeof pixels, " %" PRIu32 "x%" PRIu32, rendition->width, rendition->height);
    else if (rendition->width || rendition->height)
        snprintf(pixels, sizeof pixels, " %" PRIu32 "%s", rendition->width ?: rendition->height,
                 rendition->width ? "" : " high");

    snprintf(buffer, size, "[Output %s] %s%s",
             text_escape(recipe->outputs[rendition->output].name, shown, sizeof shown),
             format_info(rendition->format)->name, pixels);
    return buffer;
}

/* Which field would have told @a and @b apart. */
static const char *missing_field(const struct rendition *a, const struct rendition *b)
{
    if (strcmp(format_info(a->format)->extension, format_info(b->format)->extension) != 0)
        return "{ext} is missing from Name=";
    if (a->width != b->width && a->width && b->width)
        return "{width} is missing from Name=";
    if (a->height != b->height && a->height && b->height)
        return "{height} is missing from Name=";
    return "give each output a Name= of its own";
}

static int refuse_clash(const struct parse *parse, size_t earlier, size_t later, const char *name)
{
    const struct recipe *recipe = parse->recipe;
    const struct rendition *a = &recipe->renditions[earlier], *b = &recipe->renditions[later];
    bool manifest = later == RENDITION_MANIFEST;
    char one[2 * SHOWN_BYTES], other[2 * SHOWN_BYTES], shown[SHOWN_BYTES];

    return ini_problem(parse->problems, manifest ? parse->manifest_place : parse->name_places[b->output],
                       "%s and %s would both be called \"%s\": %s",
                       describe(recipe, earlier, one, sizeof one),
                       describe(recipe, later, other, sizeof other), text_escape(name, shown, sizeof shown),
                       manifest ? "give the manifest a Name= of its own" : missing_field(a, b));
}

/* The numbers of pages that sources may have, to the check: with nine of them every digit is the last of a name. */
static const uint32_t sample_pages[] = { 1, 9 };

enum { SAMPLE_PAGES_MAX = 9 };

struct names {
    struct {
        char *text;
        size_t rendition;
    } list[RECIPE_RENDITIONS_MAX * SAMPLE_PAGES_MAX + 1];
    size_t count;
};

static void names_release(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->list[i].text);
}

static int add_name(const struct parse *parse, struct names *names, size_t rendition, const char *source,
                    struct naming_page page)
{
    char *name = NULL;
    int r = naming_output_page(parse->recipe, rendition, source, 0, page, &name);

    if (r < 0)
        return r;
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->list[i].text, name) == 0) {
            r = refuse_clash(parse, names->list[i].rendition, rendition, name);
            free(name);
            return r;
        }
    names->list[names->count].text = name;
    names->list[names->count++].rendition = rendition;
    return 0;
}

/* Shows the first clash only: the others have the same reason. */
static int check_names_for(const struct parse *parse, const char *source, uint32_t pages)
{
    _cleanup_(names_release) struct names names = { .count = 0 };

    for (size_t i = 0; i < parse->recipe->rendition_count; i++) {
        uint32_t last = naming_has_pages(parse->recipe, i) ? pages : 1;

        for (uint32_t page = 1; page <= last; page++) {
            int r = add_name(parse, &names, i, source, (struct naming_page){ page, pages });

            if (r < 0)
                return r;
        }
    }
    if (!parse->recipe->manifest.name_template)
        return 0;
    return add_name(parse, &names, RENDITION_MANIFEST, source, (struct naming_page){ 1, pages });
}

static int check_names(const struct parse *parse)
{
    for (size_t i = 0; i < ARRAY_SIZE(sample_sources) * ARRAY_SIZE(sample_pages); i++) {
        int r = check_names_for(parse, sample_sources[i / ARRAY_SIZE(sample_pages)],
                                sample_pages[i % ARRAY_SIZE(sample_pages)]);

        if (r < 0)
            return r;
    }
    return 0;
}

/* The canonical text. */

static void format_sizes(FILE *stream, const struct recipe *recipe, size_t output, const char *key,
                         bool heights)
{
    const struct rendition *first = NULL;

    for (size_t i = 0; i < recipe->rendition_count; i++) {
        const struct rendition *rendition = &recipe->renditions[i];
        uint32_t pixels = heights ? rendition->height : rendition->width;

        if (rendition->output != output || pixels == 0)
            continue;
        if (!first)
            fprintf(stream, "%s=", key);
        first = first ?: rendition;
        if (rendition->format == first->format)
            fprintf(stream, "%s%" PRIu32, rendition == first ? "" : " ", pixels);
    }
    if (first)
        fputc('\n', stream);
}

/* Format= and Quality=: those of the output's first size. */
static void format_formats(FILE *stream, const struct recipe *recipe, size_t output, const char *key,
                           bool qualities)
{
    const struct rendition *first = NULL;

    for (size_t i = 0; i < recipe->rendition_count; i++) {
        const struct rendition *rendition = &recipe->renditions[i];

        if (rendition->output != output || (qualities && rendition->quality == 0))
            continue;
        if (first && rendition->format == first->format)
            break;
        fprintf(stream, "%s%s%s", first ? "" : key, first ? " " : "=", format_info(rendition->format)->name);
        if (qualities)
            fprintf(stream, ":%u", (unsigned)rendition->quality);
        first = first ?: rendition;
    }
    if (first)
        fputc('\n', stream);
}

static void format_metadata(FILE *stream, unsigned metadata)
{
    fputs("Metadata=", stream);
    for (size_t i = 0; i < ARRAY_SIZE(metadata_names); i++)
        if (metadata & metadata_names[i].bit)
            fprintf(stream, "%s ", metadata_names[i].name);
    fputs(metadata ? "\n" : "none\n", stream);
}

static void format_output(FILE *stream, const struct recipe *recipe, size_t output)
{
    const struct output_spec *spec = &recipe->outputs[output];

    /* The blank at the end keeps a backslash there from continuing the line. */
    fprintf(stream, "[Output %s]\nName=%s \nFit=%s\n", spec->name, spec->name_template, fit_names[spec->fit]);
    format_sizes(stream, recipe, output, "Width", false);
    format_sizes(stream, recipe, output, "Height", true);
    format_formats(stream, recipe, output, "Format", false);
    format_formats(stream, recipe, output, "Quality", true);
    format_metadata(stream, spec->metadata);
    if (spec->still)
        fputs("Animated=no\n", stream);
    tile_spec_format(&spec->tiles, stream);
}

char *recipe_format(const struct recipe *recipe)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        return NULL;

    fputs("[Recipe]\n", stream);
    for (size_t i = 0; i < recipe->step_count; i++)
        fprintf(stream, "Step=%s\n", op_info(recipe->steps[i].op)->name);
    for (size_t i = 0; i < recipe->output_count; i++)
        format_output(stream, recipe, i);
    manifest_spec_format(&recipe->manifest, stream);

    if (fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* From the outside. */

enum format recipe_pixel_format(const struct recipe *recipe, const struct rendition *rendition)
{
    return format_info(rendition->format)->tiles ? recipe->outputs[rendition->output].tiles.format
                                                 : rendition->format;
}

static int hash_recipe(struct recipe *recipe)
{
    _cleanup_free_ char *text = recipe_format(recipe);

    if (!text)
        return -ENOMEM;
    recipe->hash = XXH3_64bits(text, strlen(text));
    return 0;
}

int recipe_parse(const struct ini *ini, const char *name, struct problems *problems, struct recipe **ret)
{
    _cleanup_recipe_ struct recipe *recipe = calloc(1, sizeof *recipe);
    struct parse parse = { .recipe = recipe, .problems = problems };
    int r;

    if (!recipe || !(recipe->name = strdup(name)))
        return -ENOMEM;

    r = add_sections(&parse, ini);
    if (r < 0)
        return r;

    r = check_names(&parse);
    if (r < 0)
        return r;

    r = hash_recipe(recipe);
    if (r < 0)
        return r;

    *ret = take_ptr(recipe);
    return 0;
}

int recipe_load(const char *path, const char *name, struct problems *problems, struct recipe **ret)
{
    _cleanup_(ini_release) struct ini ini = { 0 };
    _cleanup_recipe_ struct recipe *recipe = NULL;
    int read, parsed;

    read = ini_add_file(&ini, path, problems);
    if (read == -ENOENT)
        return problems_add(problems, path, "there is no such file");
    if (read == -ENOMEM || (read < 0 && ini.file_count == 0))
        return read;

    /* A file with bad lines is parsed all the same, to show what else is wrong. */
    parsed = recipe_parse(&ini, name, problems, &recipe);
    if (read < 0 || parsed < 0)
        return read < 0 ? read : parsed;

    *ret = take_ptr(recipe);
    return 0;
}

void recipe_free(struct recipe *recipe)
{
    if (!recipe)
        return;

    for (size_t i = 0; i < recipe->output_count; i++) {
        free(recipe->outputs[i].name);
        free(recipe->outputs[i].name_template);
    }
    manifest_spec_release(&recipe->manifest);
    free(recipe->name);
    free(recipe->description);
    free(recipe);
}
