/* SPDX-License-Identifier: GPL-2.0-or-later */
/* caption - see caption.h. */
#include "recipe/caption.h"

#include "base/cleanup.h"
#include "recipe/naming.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIF_PREFIX "exif:"
#define PAGE "page"
#define TAG_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* A field, or text: @length bytes at @start. */
struct piece {
    const char *start;
    size_t length;
    bool field;
};

/* Steps to the next piece. False at the end, and at what is none: then *@ret_problem says why. */
static bool next_piece(const char **next, struct piece *ret, const char **ret_problem)
{
    size_t length = strcspn(*next, "{}");

    *ret_problem = NULL;
    if (**next == '\0')
        return false;

    if (length > 0) {
        *ret = (struct piece){ *next, length, false };
        *next += length;
    } else if ((*next)[0] == (*next)[1]) {
        *ret = (struct piece){ *next, 1, false };
        *next += 2;
    } else {
        length = strcspn(*next + 1, "{}");
        if (**next == '}' || (*next)[1 + length] != '}') {
            *ret_problem = "a brace without its other: write {{ or }} for a brace";
            return false;
        }
        *ret = (struct piece){ *next + 1, length, true };
        *next += length + 2;
    }
    return true;
}

static bool is_page(const struct piece *piece)
{
    return piece->length == strlen(PAGE) && memcmp(piece->start, PAGE, piece->length) == 0;
}

/* The tag that an EXIF field asks for; the caller frees. NULL when it is no EXIF field. */
static char *exif_tag(const struct piece *piece)
{
    size_t prefix = strlen(EXIF_PREFIX);

    if (piece->length <= prefix || memcmp(piece->start, EXIF_PREFIX, prefix) != 0)
        return NULL;
    return strndup(piece->start + prefix, piece->length - prefix);
}

static void write_exif(FILE *stream, const struct piece *piece, const struct caption_subject *subject)
{
    _cleanup_free_ char *tag = exif_tag(piece);
    _cleanup_free_ char *value = tag && subject->exif ? subject->exif(subject->context, tag) : NULL;

    if (value)
        fputs(value, stream);
}

static void write_piece(FILE *stream, const struct piece *piece, const struct caption_subject *subject)
{
    if (!piece->field)
        fwrite(piece->start, 1, piece->length, stream);
    else if (is_page(piece))
        fprintf(stream, "%" PRIu32, subject->page);
    else if (!naming_write_source(stream, piece->start, piece->length, subject->path, subject->mtime_ns))
        write_exif(stream, piece, subject);
}

static bool is_known(const struct piece *piece)
{
    static const char *const of_source[] = { "stem", "name", "dir", "date" };
    _cleanup_free_ char *tag = exif_tag(piece);

    if (is_page(piece) || (tag && strspn(tag, TAG_CHARACTERS) == strlen(tag)))
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(of_source); i++)
        if (piece->length == strlen(of_source[i]) && memcmp(piece->start, of_source[i], piece->length) == 0)
            return true;
    return false;
}

int caption_check(const char *text, const char **ret_problem, size_t *ret_offset)
{
    const char *next = text;
    struct piece piece;

    *ret_offset = 0;
    while (next_piece(&next, &piece, ret_problem)) {
        if (piece.field && !is_known(&piece)) {
            *ret_problem =
                "unknown field: use {stem}, {name}, {dir}, {date}, {page} or {exif:TAG}, and {{ for a "
                "brace";
            return -EINVAL;
        }
        *ret_offset = (size_t)(next - text);
    }
    return *ret_problem ? -EINVAL : 0;
}

/* Fields are filled in for @subject; without one they are left out. */
static char *expand(const char *text, const struct caption_subject *subject)
{
    char *expanded = NULL;
    size_t size;
    FILE *stream = open_memstream(&expanded, &size);
    const char *problem;
    struct piece piece;

    if (!stream)
        return NULL;
    while (next_piece(&text, &piece, &problem))
        if (subject || !piece.field)
            write_piece(stream, &piece, subject);
    if (fclose(stream) != 0) {
        free(expanded);
        return NULL;
    }
    return expanded;
}

char *caption_words(const char *text)
{
    return expand(text, NULL);
}

char *caption_expand(const char *text, const struct caption_subject *subject)
{
    return expand(text, subject);
}
