/* SPDX-License-Identifier: GPL-2.0-or-later */
/* manifest_spec - the section [Manifest] of a recipe: a JSON file beside the outputs that tells of them.
 *
 *     [Manifest]
 *     Name={dir}/{stem}.json
 *     Include=blurhash colour srcset hash
 *     BlurHash=4x3
 *
 * All keys have defaults: the section alone asks for a manifest. */
#ifndef DARKROOM_RECIPE_MANIFEST_SPEC_H
#define DARKROOM_RECIPE_MANIFEST_SPEC_H

#include "base/problems.h"
#include "conf/conf_table.h"
#include "conf/ini.h"
#include "recipe/blurhash_text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Bits of Include=: what is told beyond names and sizes. */
enum {
    MANIFEST_BLURHASH = 1 << 0,
    MANIFEST_COLOUR = 1 << 1,
    MANIFEST_SRCSET = 1 << 2,
    MANIFEST_HASH = 1 << 3,
    MANIFEST_ALL = MANIFEST_BLURHASH | MANIFEST_COLOUR | MANIFEST_SRCSET | MANIFEST_HASH,
};

struct manifest_spec {
    char *name_template; /* NULL: there is no manifest; owned */
    unsigned include;    /* MANIFEST_* */
    struct blurhash_components blurhash;
};

/* The row of the @index-th key of [Manifest]; NULL after the last. */
const struct conf_key *manifest_spec_key(size_t index);

/* Reads and checks @section into @ret, which is all zero at first and released by the caller in every case; *@ret_place
 * is that of the name, for what is wrong with it later. 0, or -EINVAL with @problems filled, or -ENOMEM. */
int manifest_spec_read(const struct ini_section *section, struct problems *problems,
                       struct manifest_spec *ret, struct ini_place *ret_place);

/* The section in its canonical form, which manifest_spec_read() reads back; nothing when there is no manifest. */
void manifest_spec_format(const struct manifest_spec *spec, FILE *stream);

/* Must the picture be looked at for it? */
bool manifest_spec_wants_look(const struct manifest_spec *spec);

void manifest_spec_release(struct manifest_spec *spec);

#endif
