/* SPDX-License-Identifier: GPL-2.0-or-later */
/* naming - output names from a template, a source's path and a rendition.
 *
 * Fields: {dir} the source's directory below its root; {stem} its name without extension; {name} its name;
 * {width} {height} as asked for; {ext} the format's usual extension; {date} the source's mtime as YYYY-MM-DD,
 * UTC; {page} the number of a document's page, from 1, with as many digits as the number of its pages has; {-page}
 * the same after a "-", and nothing where there is one page only. "{{" and "}}" are braces. Names are bytes. Empty
 * components vanish: "{dir}/x" is "x" in the root. */
#ifndef DARKROOM_RECIPE_NAMING_H
#define DARKROOM_RECIPE_NAMING_H

#include "recipe/recipe.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { NAMING_COMPONENT_MAX = 255 }; /* NAME_MAX; a longer component is cut and given a hash */

/* The name of the @index-th field, "dir" for one; NULL after the last. */
const char *naming_field(size_t index);

/* Checks a template when the recipe is parsed. 0, or -EINVAL and *@ret_problem (static text) and
 * *@ret_offset (bytes into @name_template) say what and where. */
int naming_check(const char *name_template, const char **ret_problem, size_t *ret_offset);

/* Writes what a field that tells of the source alone (dir, stem, name or date; @length bytes at @field) says of that at
 * @path with mtime @mtime_ns. False when it is none of these. */
bool naming_write_source(FILE *stream, const char *field, size_t length, const char *path, int64_t mtime_ns);

/* True when the (checked) template has the field called @field, "width" for one. */
bool naming_uses(const char *name_template, const char *field);

/* True when rendition @index of @recipe is made of every page of a document: its name tells them apart. */
bool naming_has_pages(const struct recipe *recipe, size_t index);

/* How many renditions of @recipe are. */
size_t naming_count_paged(const struct recipe *recipe);

/* The path, relative to the folder's Output, of rendition @index of @recipe for the source at @path (relative
 * to the hot folder, no leading slash) with mtime @mtime_ns. The result never is absolute, never has ".." or
 * "." or empty components, and never a component that starts like our temporary names: such ones get a "_" in
 * front (a source "...jpg" has the stem ".."). RENDITION_MANIFEST is the manifest's, if the recipe has one. The
 * caller frees *@ret. 0, -EINVAL when nothing is left for a name, or -ENOMEM. */
int naming_output(const struct recipe *recipe, size_t index, const char *path, int64_t mtime_ns, char **ret);

/* A page of a source that has @count of them. */
struct naming_page {
    uint32_t number; /* from 1 */
    uint32_t count;
};

/* The same for one page; naming_output() is for a source that has no other. */
int naming_output_page(const struct recipe *recipe, size_t index, const char *path, int64_t mtime_ns,
                       struct naming_page page, char **ret);

/* One component of @stem (its @length bytes) and @suffix. What would be too long keeps its suffix: the stem is cut,
 * between two characters, and given a hash. Returns @buffer (NAMING_COMPONENT_MAX + 1 bytes). */
const char *naming_append(const char *stem, size_t length, const char *suffix, char *buffer);

/* The component @name with a number: "a-2.png" of "a.png" and 2; with 0 as it is. Returns @buffer, as above. */
const char *naming_number(const char *name, unsigned number, char *buffer);

/* The path @path with its last component numbered. The caller frees; NULL when memory is out. */
char *naming_numbered(const char *path, unsigned number);

#endif
