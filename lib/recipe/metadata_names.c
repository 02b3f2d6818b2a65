/* SPDX-License-Identifier: GPL-2.0-or-later */
/* metadata_names - see metadata_names.h. */
#include "recipe/metadata_names.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "recipe/recipe.h"

#include <errno.h>
#include <string.h>

/* In the order of the canonical form. */
static const struct {
    const char *name;
    unsigned bit;
} names[] = {
    { "icc", METADATA_ICC }, { "exif", METADATA_EXIF }, { "copyright", METADATA_COPYRIGHT },
    { "gps", METADATA_GPS }, { "xmp", METADATA_XMP },   { "iptc", METADATA_IPTC },
};

/* These stand alone. */
static const struct {
    const char *name;
    unsigned bits;
} sets[] = {
    { "none", 0 },
    { "all", METADATA_ALL },
};

static int add(const struct ini_word *word, struct problems *problems, unsigned *bits)
{
    char shown[TEXT_SHOWN_MAX];

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcmp(word->text, names[i].name) == 0) {
            *bits |= names[i].bit;
            return 0;
        }
    return ini_problem(problems, word->place,
                       "Metadata=%s: give some of icc exif copyright gps xmp iptc, or all or none alone",
                       text_escape(word->text, shown, sizeof shown));
}

int metadata_parse(const struct ini_entry *entry, struct problems *problems, unsigned *bits)
{
    struct ini_word word = { 0 };
    int result = 0;

    for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
        if (strcmp(entry->value, sets[i].name) == 0) {
            *bits = sets[i].bits;
            return 0;
        }
    while (ini_next_word(entry, &word))
        if (add(&word, problems, bits) < 0)
            result = -EINVAL;
    return result;
}

static const char *set_name(unsigned bits)
{
    for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
        if (sets[i].bits == bits)
            return sets[i].name;
    return NULL;
}

void metadata_format(unsigned bits, FILE *stream)
{
    const char *set = set_name(bits);

    fputs("Metadata=", stream);
    if (set)
        fputs(set, stream);
    for (size_t i = 0; !set && i < ARRAY_SIZE(names); i++)
        if (bits & names[i].bit)
            fprintf(stream, "%s ", names[i].name);
    fputc('\n', stream);
}
