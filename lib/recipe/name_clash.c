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

/* Sources of every shape that fields can tell apart: in the root, below it, below a directory of its own name. */
static const char *const sample_sources[] = { "picture", "album/picture", "picture/picture" };

static const char *describe(const struct recipe *recipe, size_t index, char *buffer, size_t size)
{
    const struct rendition *rendition = &recipe->renditions[index];
    char pixels[32] = "", shown[TEXT_SHOWN_MAX];

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

/* Where the name of @rendition is given. */
static struct ini_place name_place(const struct clash_check *check, size_t rendition)
{
    if (rendition == RENDITION_MANIFEST)
        return check->manifest_place;
    return check->name_places[check->recipe->renditions[rendition].output];
}

static int refuse_clash(const struct clash_check *check, size_t earlier, size_t later, const char *name)
{
    const struct recipe *recipe = check->recipe;
    const struct rendition *a = &recipe->renditions[earlier], *b = &recipe->renditions[later];
    bool manifest = later == RENDITION_MANIFEST;
    char one[2 * TEXT_SHOWN_MAX], other[2 * TEXT_SHOWN_MAX], shown[TEXT_SHOWN_MAX];

    return ini_problem(check->problems, name_place(check, later), "%s and %s would both be called \"%s\": %s",
                       describe(recipe, earlier, one, sizeof one),
                       describe(recipe, later, other, sizeof other), text_escape(name, shown, sizeof shown),
                       manifest ? "give the manifest a Name= of its own" : missing_field(a, b));
}

/* What is called @name is in the way of the directory that another's name has. */
static int refuse_directory(const struct clash_check *check, size_t file, size_t below, const char *name)
{
    char one[2 * TEXT_SHOWN_MAX], other[2 * TEXT_SHOWN_MAX], shown[TEXT_SHOWN_MAX];

    return ini_problem(
        check->problems, name_place(check, file),
        "%s would be called \"%s\", and %s be in a directory of that name: give them other names",
        describe(check->recipe, file, one, sizeof one), text_escape(name, shown, sizeof shown),
        describe(check->recipe, below, other, sizeof other));
}

/* The numbers of pages that sources may have, to the check: with nine of them every digit is the last of a name. */
static const uint32_t sample_pages[] = { 1, 9 };

enum { SAMPLE_PAGES_MAX = 9 };

struct name {
    char *text;
    size_t rendition;
};

struct names {
    struct name list[RECIPE_RENDITIONS_MAX * SAMPLE_PAGES_MAX + 1];
    size_t count;
};

static void names_release(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->list[i].text);
}

/* Can @a and @b, the later one, both be there? */
static int check_pair(const struct clash_check *check, const struct name *a, const struct name *b)
{
    if (strcmp(a->text, b->text) == 0)
        return refuse_clash(check, a->rendition, b->rendition, a->text);
    if (text_is_path_inside(b->text, a->text))
        return refuse_directory(check, a->rendition, b->rendition, a->text);
    if (text_is_path_inside(a->text, b->text))
        return refuse_directory(check, b->rendition, a->rendition, b->text);
    return 0;
}

static int add_name(const struct clash_check *check, struct names *names, size_t rendition,
                    const char *source, struct naming_page page)
{
    struct name name = { .rendition = rendition };
    int r = naming_output_page(check->recipe, rendition, source, 0, page, &name.text);

    if (r < 0)
        return r;
    names->list[names->count++] = name;
    for (size_t i = 0; r == 0 && i + 1 < names->count; i++)
        r = check_pair(check, &names->list[i], &name);
    return r;
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

static int check_extension(const struct clash_check *check, const char *extension)
{
    for (size_t i = 0; i < ARRAY_SIZE(sample_sources) * ARRAY_SIZE(sample_pages); i++) {
        char source[64];
        int r;

        snprintf(source, sizeof source, "%s.%s", sample_sources[i / ARRAY_SIZE(sample_pages)], extension);
        r = check_names_for(check, source, sample_pages[i % ARRAY_SIZE(sample_pages)]);
        if (r < 0)
            return r;
    }
    return 0;
}

/* {name} has the source's own extension, and so can be what another name comes to. */
static bool uses_extension(const struct recipe *recipe)
{
    const char *manifest = recipe->manifest.name_template;

    for (size_t i = 0; i < recipe->output_count; i++)
        if (naming_uses(recipe->outputs[i].name_template, "name"))
            return true;
    return manifest && naming_uses(manifest, "name");
}

static int check_extensions(const struct clash_check *check)
{
    for (enum format format = 0; format < FORMAT_COUNT; format++)
        for (const char *const *extension = format_info(format)->extensions; *extension; extension++) {
            int r = check_extension(check, *extension);

            if (r < 0)
                return r;
        }
    return 0;
}

int name_clash_check(const struct clash_check *check)
{
    return uses_extension(check->recipe) ? check_extensions(check) : check_extension(check, "jpg");
}
