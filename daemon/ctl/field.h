/* SPDX-License-Identifier: GPL-2.0-or-later */
/* field - what is in the daemon's answers, by name; a daemon of another version may lack any of it. */
#ifndef DARKROOM_CTL_FIELD_H
#define DARKROOM_CTL_FIELD_H

#include "ctl/table.h"

#include <jansson.h>
#include <stdint.h>

/* The string at @name, "-" when there is none. Not safe to show as it is. */
const char *field_text(const json_t *object, const char *name);

/* The number at @name, 0 when there is none or it is negative. */
uint64_t field_number(const json_t *object, const char *name);

/* Adds the string at @name to @table, the number, or the path (from its "…_b64" if it is not UTF-8). */
void field_add_text(struct table *table, enum style style, const json_t *object, const char *name);
void field_add_number(struct table *table, enum style style, const json_t *object, const char *name);
void field_add_path(struct table *table, enum style style, const json_t *object, const char *name);

/* The path at @name (from its "…_b64" if it is not UTF-8), safe to show; the caller frees. NULL when memory is out. */
char *field_path(const json_t *object, const char *name);

#endif
