/* SPDX-License-Identifier: GPL-2.0-or-later */
/* manifest_spec - see manifest_spec.h. */
#include "recipe/manifest_spec.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "recipe/naming.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_NAME "{dir}/{stem}.json"

/* As many as BlurHash's authors advise for pictures that are wider than high. */
static const struct blurhash_components default_components = { .across = 4, .down = 3 };

static const struct {
    const char *name;
    unsigned bit;
} parts[] = {
    { "blurhash", MANIFEST_BLURHASH },
    { "colour", MANIFEST_COLOUR },
    { "srcset", MANIFEST_SRCSET },
    { "hash", MANIFEST_HASH },
};

/* The fields that tell outputs and pages apart, of which there is one manifest. */
static const char *const foreign_fields[] = { "width", "height", "page", "-page" };

/* What is read, and where it stands. */
struct draft {
    struct manifest_spec *spec;
    struct ini_place name_place;
    bool include_given;
};

static int refuse_foreign_fields(const struct ini_entry *entry, struct problems *problems)
{
    for (size_t i = 0; i < ARRAY_SIZE(foreign_fields); i++)
        if (naming_uses(entry->value, foreign_fields[i]))
            return ini_problem(
                problems, entry->value_place,
                "Name=: {%s} is of single outputs, and there is one manifest of all: take it out",
                foreign_fields[i]);
    return 0;
}

static int parse_name(const struct ini_entry *entry, const struct conf_key *key, void *field,
                      struct problems *problems)
{
    struct draft *draft = field;
    const char *problem;
    size_t offset;

    (void)key;
    free(take_ptr(draft->spec->name_template));
    if (entry->value[0] == '\0')
        return 0;

    draft->name_place = entry->value_place;
    if (naming_check(entry->value, &problem, &offset) < 0)
        return ini_problem(problems, ini_value_place(entry, offset), "Name=: %s", problem);
    if (refuse_foreign_fields(entry, problems) < 0)
        return -EINVAL;

    draft->spec->name_template = strdup(entry->value);
    return draft->spec->name_template ? 0 : ini_problem(problems, entry->value_place, "out of memory");
}

static int add_part(struct manifest_spec *spec, const struct ini_word *word, struct problems *problems)
{
    char shown[TEXT_SHOWN_MAX];

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        if (strcmp(word->text, parts[i].name) == 0) {
            spec->include |= parts[i].bit;
            return 0;
        }
    return ini_problem(problems, word->place,
                       "Include=%s: give any of blurhash, colour, srcset and hash, or none alone",
                       text_escape(word->text, shown, sizeof shown));
}

static int parse_include(const struct ini_entry *entry, const struct conf_key *key, void *field,
                         struct problems *problems)
{
    struct draft *draft = field;
    struct ini_word word = { 0 };
    int result = 0;

    (void)key;
    draft->include_given = entry->value[0] != '\0';
    if (!draft->include_given || strcmp(entry->value, "none") == 0) {
        draft->spec->include = 0;
        return 0;
    }
    while (ini_next_word(entry, &word))
        if (add_part(draft->spec, &word, problems) < 0)
            result = -EINVAL;
    return result;
}

/* "4x3" */
static int parse_components(const struct ini_entry *entry, const struct conf_key *key, void *field,
                            struct problems *problems)
{
    struct draft *draft = field;
    const char *text = entry->value;
    char shown[TEXT_SHOWN_MAX];

    (void)key;
    if (text[0] == '\0') {
        draft->spec->blurhash = default_components;
        return 0;
    }
    if (strlen(text) != 3 || text[0] < '1' || text[0] > '9' || text[1] != 'x' || text[2] < '1' ||
        text[2] > '9')
        return ini_problem(problems, entry->value_place,
                           "BlurHash=%s: give components across and down, each from 1 to %d, like 4x3",
                           text_escape(text, shown, sizeof shown), BLURHASH_SIDE_MAX);
    draft->spec->blurhash =
        (struct blurhash_components){ .across = (uint8_t)(text[0] - '0'), .down = (uint8_t)(text[2] - '0') };
    return 0;
}

static const struct conf_key keys[] = {
    { .section = "Manifest",
      .name = "Name",
      .parse = parse_name,
      .help = "The template of the manifest's name, below the folder's Output=." },
    { .section = "Manifest",
      .name = "Include",
      .parse = parse_include,
      .help = "What is told beyond names and sizes: blurhash, colour, srcset and hash, or none." },
    { .section = "Manifest",
      .name = "BlurHash",
      .parse = parse_components,
      .help = "Components of the BlurHash across and down." },
};

int manifest_spec_read(const struct ini_section *section, struct problems *problems,
                       struct manifest_spec *ret, struct ini_place *ret_place)
{
    struct draft draft = { .spec = ret, .name_place = section->place };
    int r;

    if (section->name)
        return ini_problem(problems, section->place, "the section is just [Manifest], without a name");

    ret->blurhash = default_components;
    r = conf_apply(section, keys, ARRAY_SIZE(keys), &draft, NULL, problems);
    if (r < 0)
        return r;

    if (!draft.include_given)
        ret->include = MANIFEST_ALL;
    if (!ret->name_template && !(ret->name_template = strdup(DEFAULT_NAME)))
        return -ENOMEM;
    *ret_place = draft.name_place;
    return 0;
}

void manifest_spec_format(const struct manifest_spec *spec, FILE *stream)
{
    if (!spec->name_template)
        return;

    /* The blank at the end keeps a backslash there from continuing the line. */
    fprintf(stream, "[Manifest]\nName=%s \nInclude=", spec->name_template);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        if (spec->include & parts[i].bit)
            fprintf(stream, "%s ", parts[i].name);
    fprintf(stream, "%s\nBlurHash=%ux%u\n", spec->include ? "" : "none", (unsigned)spec->blurhash.across,
            (unsigned)spec->blurhash.down);
}

bool manifest_spec_wants_look(const struct manifest_spec *spec)
{
    return spec->name_template && (spec->include & (MANIFEST_BLURHASH | MANIFEST_COLOUR));
}

void manifest_spec_release(struct manifest_spec *spec)
{
    free(take_ptr(spec->name_template));
}

const struct conf_key *manifest_spec_key(size_t index)
{
    return index < ARRAY_SIZE(keys) ? &keys[index] : NULL;
}
