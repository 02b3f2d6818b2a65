/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recipe - see recipe.h.
 *
 * Each section is read and checked by whoever knows its keys; outputs are then fanned out into renditions. Names are
 * checked last, by making them for a few sources. */
#include "recipe/recipe.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "conf/conf_table.h"
#include "recipe/draft.h"
#include "recipe/lossless_steps.h"
#include "recipe/name_clash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { OUTPUT_NAME_BYTES_MAX = 64 };

#define DEFAULT_OUTPUT_NAME "main"

struct parse {
    struct recipe *recipe;
    const struct asset_reader *reader;
    struct problems *problems;
    struct ini_place lossless_places[RECIPE_OUTPUTS_MAX]; /* of Lossless=, of JPEGs */
    struct clash_check names;
};

/* What [Recipe] says. */
struct head {
    char *description;
    struct step_draft steps;
};

static const struct conf_key keys[] = {
    { .section = "Recipe",
      .name = "Description",
      .parse = conf_parse_string,
      .offset = offsetof(struct head, description),
      .help = "What the recipe is for, for people." },
    { .section = "Recipe",
      .name = "Step",
      .parse = step_parse,
      .offset = offsetof(struct head, steps),
      .help = "An operation on the decoded picture; several are done in order." },
};

static struct step_draft no_steps(const struct parse *parse)
{
    return (struct step_draft){ .assets = &parse->recipe->assets, .reader = parse->reader };
}

/* From drafts to renditions. */

/* Sizes in the order given, and for each the formats. */
static int fan_out(struct recipe *recipe, const struct draft *draft, const struct ini_section *section,
                   struct problems *problems)
{
    size_t sizes = draft_size_count(draft), count = sizes * draft->formats.count;

    if (count > RECIPE_RENDITIONS_MAX - recipe->rendition_count)
        return ini_problem(problems, section->place,
                           "too many renditions: %zu here and %zu before, a recipe has at most %d", count,
                           recipe->rendition_count, RECIPE_RENDITIONS_MAX);

    for (size_t i = 0; i < count; i++) {
        enum format format = draft->formats.list[i % draft->formats.count];
        struct box_size size = draft_size(draft, i / draft->formats.count);

        recipe->renditions[recipe->rendition_count++] = (struct rendition){
            .output = (uint16_t)recipe->output_count,
            .format = format,
            .width = size.width,
            .height = size.height,
            .encoding = draft->encodings[format],
        };
    }
    return 0;
}

/* What all renditions of the output share. */
static int add_spec(struct recipe *recipe, struct draft *draft, const char *name)
{
    struct output_spec *spec = &recipe->outputs[recipe->output_count++];

    spec->fit = (enum fit)draft->fit;
    spec->gravity = (enum gravity)draft->gravity;
    spec->enlarge = draft->enlarge;
    spec->has_background = draft->has_background;
    spec->background = draft->background;
    spec->steps = draft->steps.steps;
    draft->steps.steps = (struct step_list){ 0 };
    spec->still = !draft->animated;
    spec->max_bytes = draft->max_bytes;
    spec->tiles = draft->tile_spec;
    spec->metadata = draft->metadata_given ? draft->metadata : METADATA_DEFAULT;
    spec->name = strdup(name);
    spec->name_template = strdup(draft_name_template(draft));
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

/* A drop-in adds to the output of its name; in one file two of a name are two outputs that were to be. */
static int check_output_once(const struct parse *parse, const struct ini_section *section)
{
    char shown[TEXT_SHOWN_MAX];

    if (!section->again.file)
        return 0;
    return ini_problem(parse->problems, section->again,
                       "[Output%s%s] is here already, in line %u: each output needs a name of its own, like "
                       "[Output small]",
                       section->name ? " " : "", text_escape(section->name ?: "", shown, sizeof shown),
                       section->first.line);
}

static int add_output(struct parse *parse, const struct ini_section *section)
{
    _cleanup_(draft_release) struct draft draft = { .steps = no_steps(parse) };
    const char *name = section->name ?: DEFAULT_OUTPUT_NAME;
    int r;

    r = check_output_once(parse, section);
    if (r < 0)
        return r;

    r = check_output_name(parse, section, name);
    if (r < 0)
        return r;

    r = draft_read(section, parse->problems, &draft);
    if (r < 0)
        return r;

    r = fan_out(parse->recipe, &draft, section, parse->problems);
    if (r < 0)
        return r;

    parse->lossless_places[parse->recipe->output_count] = draft_lossless_place(&draft);
    parse->names.name_places[parse->recipe->output_count] =
        draft.name_template ? draft.name_place : section->place;
    return add_spec(parse->recipe, &draft, name);
}

static int add_head(struct parse *parse, const struct ini_section *section)
{
    struct head head = { .steps = no_steps(parse) };
    int r = conf_apply(section, keys, ARRAY_SIZE(keys), &head, NULL, parse->problems);

    parse->recipe->description = head.description;
    parse->recipe->steps = head.steps.steps;
    return r;
}

static int add_section(struct parse *parse, const struct ini_section *section)
{
    if (strcmp(section->type, "Output") == 0)
        return add_output(parse, section);
    if (strcmp(section->type, "Manifest") == 0)
        return manifest_spec_read(section, parse->problems, &parse->recipe->manifest,
                                  &parse->names.manifest_place);
    if (strcmp(section->type, "Recipe") != 0)
        return 0; /* refused by conf_check_sections() */
    if (section->name)
        return ini_problem(parse->problems, section->place, "the section is just [Recipe], without a name");
    return add_head(parse, section);
}
/* The keys of each section are in the table of whoever reads it; its type is looked up in one of them all. */
static int check_sections(const struct ini *ini, struct problems *problems)
{
    const struct conf_key sections[] = { keys[0], *draft_key(0), *manifest_spec_key(0) };

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

/* [Recipe] may stand after its outputs. */
static int check_lossless(const struct parse *parse)
{
    const struct recipe *recipe = parse->recipe;
    char buffer[LOSSLESS_OBJECTION_BYTES];
    const char *objection = lossless_steps_objection(&recipe->steps, buffer, sizeof buffer);
    int result = 0;

    for (size_t i = 0; objection && i < recipe->rendition_count; i++) {
        const struct rendition *rendition = &recipe->renditions[i];

        if (rendition->format == FORMAT_JPEG && rendition->encoding.values[ENCODING_LOSSLESS] == LOSSLESS_YES)
            result = ini_problem(parse->problems, parse->lossless_places[rendition->output], "Lossless=: %s",
                                 objection);
    }
    return result;
}

/* From the outside. */

const struct conf_key *recipe_key(size_t index)
{
    return index < ARRAY_SIZE(keys) ? &keys[index] : NULL;
}

enum format recipe_pixel_format(const struct recipe *recipe, const struct rendition *rendition)
{
    return format_info(rendition->format)->tiles ? recipe->outputs[rendition->output].tiles.format
                                                 : rendition->format;
}

/* The numbers of files in the order in which steps use them. */
struct arrangement {
    int order[ASSETS_MAX];
    size_t count;
};

static void take_place(void *context, int *number)
{
    struct arrangement *arrangement = context;
    size_t i = 0;

    while (i < arrangement->count && arrangement->order[i] != *number)
        i++;
    if (i == arrangement->count)
        arrangement->order[arrangement->count++] = *number;
    *number = (int)i;
}

/* As if the canonical text had been read: without the files of steps that were taken back, in the order of use. */
static void arrange_assets(struct recipe *recipe)
{
    struct arrangement arrangement = { .count = 0 };

    step_list_visit_assets(&recipe->steps, take_place, &arrangement);
    for (size_t i = 0; i < recipe->output_count; i++)
        step_list_visit_assets(&recipe->outputs[i].steps, take_place, &arrangement);
    asset_list_arrange(&recipe->assets, arrangement.order, arrangement.count);
}

static int hash_recipe(struct recipe *recipe)
{
    _cleanup_free_ char *text = recipe_format(recipe);

    if (!text)
        return -ENOMEM;
    recipe->hash = XXH3_64bits(text, strlen(text));
    for (size_t i = 0; i < recipe->assets.count; i++)
        recipe->hash =
            XXH3_64bits_withSeed(recipe->assets.list[i].data, recipe->assets.list[i].size, recipe->hash);
    return 0;
}

int recipe_parse(const struct ini *ini, const char *name, const struct asset_reader *reader,
                 struct problems *problems, struct recipe **ret)
{
    _cleanup_recipe_ struct recipe *recipe = calloc(1, sizeof *recipe);
    struct parse parse = {
        .recipe = recipe,
        .reader = reader,
        .problems = problems,
        .names = { .recipe = recipe, .problems = problems },
    };
    int r;

    if (!recipe || !(recipe->name = strdup(name)))
        return -ENOMEM;

    r = add_sections(&parse, ini);
    if (r < 0)
        return r;

    r = check_lossless(&parse);
    if (r < 0)
        return r;

    r = name_clash_check(&parse.names);
    if (r < 0)
        return r;

    arrange_assets(recipe);
    r = hash_recipe(recipe);
    if (r < 0)
        return r;

    *ret = take_ptr(recipe);
    return 0;
}

int recipe_load(const char *path, const char *name, const struct asset_reader *reader,
                struct problems *problems, struct recipe **ret)
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
    parsed = recipe_parse(&ini, name, reader, problems, &recipe);
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
        step_list_release(&recipe->outputs[i].steps);
    }
    step_list_release(&recipe->steps);
    asset_list_release(&recipe->assets);
    manifest_spec_release(&recipe->manifest);
    free(recipe->name);
    free(recipe->description);
    free(recipe);
}
