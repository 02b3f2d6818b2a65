/* SPDX-License-Identifier: GPL-2.0-or-later */
/* name_clash - see name_clash.h. */
#include "recipe/name_clash.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "recipe/naming.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_BYTES = 200 }; /* of a value in a message */

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

static int refuse_clash(const struct clash_check *check, size_t earlier, size_t later, const char *name)
{
    const struct recipe *recipe = check->recipe;
    const struct rendition *a = &recipe->renditions[earlier], *b = &recipe->renditions[later];
    bool manifest = later == RENDITION_MANIFEST;
    char one[2 * SHOWN_BYTES], other[2 * SHOWN_BYTES], shown[SHOWN_BYTES];

    return ini_problem(check->problems, manifest ? check->manifest_place : check->name_places[b->output],
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

static int add_name(const struct clash_check *check, struct names *names, size_t rendition,
                    const char *source, struct naming_page page)
{
    char *name = NULL;
    int r = naming_output_page(check->recipe, rendition, source, 0, page, &name);

    if (r < 0)
        return r;
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->list[i].text, name) == 0) {
            r = refuse_clash(check, names->list[i].rendition, rendition, name);
            free(name);
            return r;
        }
    names->list[names->count].text = name;
    names->list[names->count++].rendition = rendition;
    return 0;
}

/* Shows the first clash only: the others have the same reason. */
static int check_names_for(const struct clash_check *check, const char *source, uint32_t pages)
{
    _cleanup_(names_release) struct names names = { .count = 0 };

    for (size_t i = 0; i < check->recipe->rendition_count; i++) {
        uint32_t last = naming_has_pages(check->recipe, i) ? pages : 1;

        for (uint32_t page = 1; page <= last; page++) {
            int r = add_name(check, &names, i, source, (struct naming_page){ page, pages });

            if (r < 0)
                return r;
        }
    }
    if (!check->recipe->manifest.name_template)
        return 0;
    return add_name(check, &names, RENDITION_MANIFEST, source, (struct naming_page){ 1, pages });
}

int name_clash_check(const struct clash_check *check)
{
    for (size_t i = 0; i < ARRAY_SIZE(sample_sources) * ARRAY_SIZE(sample_pages); i++) {
        int r = check_names_for(check, sample_sources[i / ARRAY_SIZE(sample_pages)],
                                sample_pages[i % ARRAY_SIZE(sample_pages)]);

        if (r < 0)
            return r;
    }
    return 0;
}
