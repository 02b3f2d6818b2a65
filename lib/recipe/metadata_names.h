/* SPDX-License-Identifier: GPL-2.0-or-later */
/* metadata_names - the words of Metadata=. */
#ifndef DARKROOM_RECIPE_METADATA_NAMES_H
#define DARKROOM_RECIPE_METADATA_NAMES_H

#include "base/problems.h"
#include "conf/ini.h"

#include <stdio.h>

/* Adds the METADATA_* that @entry's words name to *@bits; "none" alone clears it, "all" alone sets it. 0, or -EINVAL with a problem for each
 * other word. */
int metadata_parse(const struct ini_entry *entry, struct problems *problems, unsigned *bits);

/* The key in its canonical form. */
void metadata_format(unsigned bits, FILE *stream);

#endif
