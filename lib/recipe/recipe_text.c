/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recipe_text - a recipe as text in its canonical form; see recipe_format(). */
#include "recipe/metadata_names.h"
#include "recipe/recipe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

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

/* Format= and how each is stored: those of the output's first size. */
static void format_formats(FILE *stream, const struct recipe *recipe, size_t output)
{
    struct encoding encodings[FORMAT_COUNT];
    enum format formats[FORMAT_COUNT];
    size_t count = 0;

    for (size_t i = 0; i < recipe->rendition_count; i++) {
        const struct rendition *rendition = &recipe->renditions[i];

        if (rendition->output != output)
            continue;
        if (count > 0 && rendition->format == formats[0])
            break;
        fprintf(stream, "%s%s", count > 0 ? " " : "Format=", format_info(rendition->format)->name);
        formats[count] = rendition->format;
        encodings[count++] = rendition->encoding;
    }
    fputc('\n', stream);
    for (enum encoding_option option = 0; option < ENCODING_OPTIONS; option++)
        encoding_format(option, formats, encodings, count, stream);
}

static void format_background(const struct colour *colour, FILE *stream)
{
    static const struct value_rule rule = { .kind = VALUE_COLOUR };

    fputs("Background=", stream);
    value_format(&rule, colour, stream);
    fputc('\n', stream);
}

static void format_output(FILE *stream, const struct recipe *recipe, size_t output)
{
    const struct output_spec *spec = &recipe->outputs[output];

    /* The blank at the end keeps a backslash there from continuing the line. */
    fprintf(stream, "[Output %s]\nName=%s \nFit=%s\n", spec->name, spec->name_template, fit_names[spec->fit]);
    format_sizes(stream, recipe, output, "Width", false);
    format_sizes(stream, recipe, output, "Height", true);
    format_formats(stream, recipe, output);
    metadata_format(spec->metadata, stream);
    if (spec->gravity != GRAVITY_CENTRE)
        fprintf(stream, "Gravity=%s\n", gravity_names[spec->gravity]);
    if (spec->enlarge)
        fputs("Enlarge=yes\n", stream);
    if (spec->has_background)
        format_background(&spec->background, stream);
    step_list_format(&spec->steps, stream);
    if (spec->still)
        fputs("Animated=no\n", stream);
    if (spec->max_bytes > 0)
        fprintf(stream, "MaxBytes=%" PRIu64 "\n", spec->max_bytes);
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
    step_list_format(&recipe->steps, stream);
    for (size_t i = 0; i < recipe->output_count; i++)
        format_output(stream, recipe, i);
    manifest_spec_format(&recipe->manifest, stream);

    if (fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
