/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guess - see guess.h. */
#include "base/guess.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { NAME_LENGTH_MAX = 32 }; /* of a name that gets a hint */

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned smaller = a < b ? a : b;

    return smaller < c ? smaller : c;
}

/* How many letters have to be changed, added or taken out to make @a into @b, whatever their case. */
static unsigned edit_distance(const char *a, const char *b)
{
    unsigned row[NAME_LENGTH_MAX + 1];
    size_t length = strlen(b);

    if (length > NAME_LENGTH_MAX || strlen(a) > NAME_LENGTH_MAX)
        return UINT_MAX;

    for (size_t j = 0; j <= length; j++)
        row[j] = (unsigned)j;
    for (size_t i = 0; a[i]; i++) {
        unsigned diagonal = row[0];

        row[0] = (unsigned)i + 1;
        for (size_t j = 0; j < length; j++) {
            bool same = tolower((unsigned char)a[i]) == tolower((unsigned char)b[j]);
            unsigned above = row[j + 1];

            row[j + 1] = least(diagonal + (same ? 0 : 1), above + 1, row[j] + 1);
            diagonal = above;
        }
    }
    return row[length];
}

void guess_consider(struct guess *guess, const char *name, const char *candidate)
{
    unsigned distance = edit_distance(name, candidate);

    if (distance > 1 + strlen(candidate) / 3 || (guess->name && distance >= guess->distance))
        return;
    *guess = (struct guess){ .name = candidate, .distance = distance };
}
