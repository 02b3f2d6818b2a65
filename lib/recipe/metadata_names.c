/* SPDX-License-Identifier: GPL-2.0-or-later */
/* metadata_names - see metadata_names.h. */
#include "recipe/metadata_names.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "recipe/recipe.h"

#include <errno.h>
#include <string.h>

enum { SHOWN_BYTES = 200 }; /* of a value in a message */

static const struct {
    const char *name;
    unsigned bit;
} names[] = {
    { "icc", METADATA_ICC },
    { "copyright", METADATA_COPYRIGHT },
};

static int add(const struct ini_word *word, struct problems *problems, unsigned *bits)
{
    char shown[SHOWN_BYTES];

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcmp(word->text, names[i].name) == 0) {
            *bits |= names[i].bit;
            return 0;
        }
    return ini_problem(problems, word->place, "Metadata=%s: give icc, copyright, both, or none alone",
                       text_escape(word->text, shown, sizeof shown));
}

int metadata_parse(const struct ini_entry *entry, struct problems *problems, unsigned *bits)
{
    struct ini_word word = { 0 };
    int result = 0;

    if (strcmp(entry->value, "none") == 0) {
        *bits = 0;
        return 0;
    }
    while (ini_next_word(entry, &word))
        if (add(&word, problems, bits) < 0)
            result = -EINVAL;
    return result;
}

void metadata_format(unsigned bits, FILE *stream)
{
    fputs("Metadata=", stream);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (bits & names[i].bit)
            fprintf(stream, "%s ", names[i].name);
    fputs(bits ? "\n" : "none\n", stream);
}
