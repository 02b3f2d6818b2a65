/* SPDX-License-Identifier: GPL-2.0-or-later */
/* caption - text with fields, for writing on a picture: {stem}, {name}, {dir} and {date} as in names (naming.h), {page},
 * and {exif:TAG} for what the source's EXIF says ("{exif:Model}"; nothing where it says nothing). "{{" and "}}" are
 * braces. */
#ifndef DARKROOM_RECIPE_CAPTION_H
#define DARKROOM_RECIPE_CAPTION_H

#include <stddef.h>
#include <stdint.h>

/* What a caption is written of. */
struct caption_subject {
    const char *path; /* of the source, relative to its hot folder */
    int64_t mtime_ns;
    uint32_t page; /* from 1 */
    /* The value of an EXIF tag, which the caller frees; NULL when there is none. */
    char *(*exif)(const void *context, const char *tag);
    const void *context;
};

/* Checks @text when the recipe is read. 0, or -EINVAL and *@ret_problem (static text) and *@ret_offset (bytes into
 * @text) say what and where. */
int caption_check(const char *text, const char **ret_problem, size_t *ret_offset);

/* The words of the (checked) text, without its fields; the caller frees. NULL when memory is out. */
char *caption_words(const char *text);

/* The (checked) text with its fields filled in; the caller frees. NULL when memory is out. */
char *caption_expand(const char *text, const struct caption_subject *subject);

#endif
