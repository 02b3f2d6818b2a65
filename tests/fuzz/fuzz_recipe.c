/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any text as a recipe. One that is accepted has a canonical text that is read as the same recipe, and names apart all
 * that is made of a picture, with names that stay below Output=. */
#include "base/cleanup.h"
#include "fuzz.h"
#include "recipe/naming.h"
#include "recipe/recipe.h"

#include <errno.h>
#include <stdbool.h>

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return 0;
}

/* asset_reader: there is every file, of the kind that is asked for. */
static int read_any(void *context, enum file_kind kind, const char *name, void **ret, size_t *ret_size,
                    char *problem, size_t problem_size)
{
    static const struct {
        const char bytes[48];
        size_t size;
    } files[FILE_KIND_COUNT] = {
        [FILE_PICTURE] = { "\x89PNG\r\n\x1a\n", 16 },
        [FILE_PROFILE] = { "0123456789012345RGB 0123456789012345acsp", 41 },
        [FILE_FONT] = { "OTTO", 16 },
    };

    (void)context, (void)name, (void)problem, (void)problem_size;
    *ret_size = files[kind].size;
    *ret = malloc(*ret_size);
    fuzz_expect(*ret, "there is memory");
    memcpy(*ret, files[kind].bytes, *ret_size);
    return 0;
}

static const struct asset_reader all_files = { .read = read_any };

static int parse(const char *text, size_t size, struct problems *problems, struct recipe **ret)
{
    _cleanup_(ini_release) struct ini ini = { 0 };
    int read = ini_add_text(&ini, "text", text, size, problems), parsed;

    fuzz_expect(read == 0 || read == -EINVAL, "%d", read);
    parsed = recipe_parse(&ini, "name", &all_files, problems, ret);
    fuzz_expect(parsed == 0 || parsed == -EINVAL, "%d", parsed);
    return read < 0 ? read : parsed;
}

static void expect_same_again(const struct recipe *recipe)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_free_ char *text = recipe_format(recipe), *text_again = NULL;
    _cleanup_recipe_ struct recipe *again = NULL;
    int r;

    fuzz_expect(text, "there is memory");
    r = parse(text, strlen(text), &problems, &again);
    fuzz_expect(r == 0, "the canonical text is accepted: %s\n%s", problems.count ? problems.list[0].text : "",
                text);

    text_again = recipe_format(again);
    fuzz_expect(text_again && strcmp(text, text_again) == 0, "the canonical text stays:\n%s\n%s", text,
                text_again);
    fuzz_expect(recipe->hash == again->hash, "and its hash");
    fuzz_expect(recipe->rendition_count == again->rendition_count &&
                    memcmp(recipe->renditions, again->renditions,
                           recipe->rendition_count * sizeof *recipe->renditions) == 0,
                "and the renditions:\n%s", text);
}

/* Names. */

/* A source that no template can name, because it is called after the recipe's hash: what clashes for it does so for
 * all. */
struct subject {
    char path[2 * (NAMING_COMPONENT_MAX + 1)];
    int64_t mtime_ns;
};

enum { SUBJECTS = 4 };

static void make_subjects(const struct recipe *recipe, struct subject subjects[SUBJECTS])
{
    unsigned long long hash = recipe->hash;

    snprintf(subjects[0].path, sizeof subjects[0].path, "%016llx.jpeg", hash);
    snprintf(subjects[1].path, sizeof subjects[1].path, "%016llx/%016llx.tif", hash, hash * 3);
    snprintf(subjects[2].path, sizeof subjects[2].path, "%016llx/%016llx.webp", hash, hash);
    snprintf(subjects[3].path, sizeof subjects[3].path, "%016llx%0*d.png", hash, NAMING_COMPONENT_MAX - 20,
             0);
    for (size_t i = 0; i < SUBJECTS; i++)
        subjects[i].mtime_ns = (int64_t)(hash >> 1);
}

static void expect_safe(const char *name)
{
    fuzz_expect(name[0], "a name is not empty");
    for (const char *component = name; component; component = strchr(component, '/')) {
        size_t length;

        component += component[0] == '/';
        length = strcspn(component, "/");
        fuzz_expect(length > 0 && length <= NAMING_COMPONENT_MAX, "\"%s\" has components of %zu bytes", name,
                    length);
        fuzz_expect(strncmp(component, "./", 2) != 0 && strncmp(component, "../", 3) != 0 &&
                        strcmp(component, ".") != 0 && strcmp(component, "..") != 0,
                    "\"%s\" stays below Output=", name);
        fuzz_expect(strncmp(component, ".darkroom-", strlen(".darkroom-")) != 0,
                    "\"%s\" is not ours to sweep", name);
    }
}

struct names {
    char *list[RECIPE_RENDITIONS_MAX * 9 + 1];
    size_t count;
};

static void names_release(struct names *names)
{
    while (names->count > 0)
        free(names->list[--names->count]);
}

static void add_name(struct names *names, const struct recipe *recipe, size_t rendition,
                     const struct subject *subject, struct naming_page page)
{
    char *name = NULL;
    int r = naming_output_page(recipe, rendition, subject->path, subject->mtime_ns, page, &name);

    fuzz_expect(r == 0, "%s has a name: %d", subject->path, r);
    expect_safe(name);
    names->list[names->count++] = name;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void expect_apart(struct names *names)
{
    qsort(names->list, names->count, sizeof *names->list, by_text);
    for (size_t i = 0; i < names->count; i++)
        for (size_t j = i + 1;
             j < names->count && strncmp(names->list[i], names->list[j], strlen(names->list[i])) == 0; j++)
            fuzz_expect(!text_is_path_inside(names->list[j], names->list[i]),
                        "\"%s\" and \"%s\" cannot both be there", names->list[i], names->list[j]);
}

static void expect_names(const struct recipe *recipe, const struct subject *subject, uint32_t pages)
{
    _cleanup_(names_release) struct names names = { .count = 0 };

    for (size_t i = 0; i < recipe->rendition_count; i++)
        for (uint32_t page = 1; page <= (naming_has_pages(recipe, i) ? pages : 1); page++)
            add_name(&names, recipe, i, subject, (struct naming_page){ page, pages });
    if (recipe->manifest.name_template)
        add_name(&names, recipe, RENDITION_MANIFEST, subject, (struct naming_page){ 1, pages });
    expect_apart(&names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_recipe_ struct recipe *recipe = NULL;
    struct subject subjects[SUBJECTS];
    int r = parse((const char *)data, size, &problems, &recipe);

    fuzz_expect_problems(&problems, r);
    if (!recipe)
        return 0;

    expect_same_again(recipe);
    make_subjects(recipe, subjects);
    for (size_t i = 0; i < SUBJECTS; i++) {
        expect_names(recipe, &subjects[i], 1);
        expect_names(recipe, &subjects[i], 7);
    }
    return 0;
}
