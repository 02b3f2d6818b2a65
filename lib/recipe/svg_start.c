/* SPDX-License-Identifier: GPL-2.0-or-later */
/* svg_start - see svg_start.h. What may stand before the first element is passed over, unread. */
#include "recipe/svg_start.h"

#include "base/cleanup.h"

#include <string.h>

#define BLANKS " \t\r\n"

struct text {
    const char *next;
    size_t left;
};

static bool begins(const struct text *text, const char *with)
{
    size_t length = strlen(with);

    return text->left >= length && memcmp(text->next, with, length) == 0;
}

static void skip(struct text *text, size_t count)
{
    text->next += count;
    text->left -= count;
}

static void skip_blanks(struct text *text)
{
    while (text->left > 0 && *text->next && strchr(BLANKS, *text->next))
        skip(text, 1);
}

/* To behind @end; to the end of all without it. */
static void skip_to(struct text *text, const char *end)
{
    const char *found = memmem(text->next, text->left, end, strlen(end));

    skip(text, found ? (size_t)(found - text->next) + strlen(end) : text->left);
}

static bool skip_remark(struct text *text)
{
    if (begins(text, "<?"))
        skip_to(text, "?>");
    else if (begins(text, "<!--"))
        skip_to(text, "-->");
    else
        return false;
    return true;
}

/* A quote with all up to the one that ends it, or any other byte. */
static void skip_quoted_or_byte(struct text *text)
{
    const char quote[] = { *text->next, '\0' };

    skip(text, 1);
    if (*quote == '"' || *quote == '\'')
        skip_to(text, quote);
}

/* A DOCTYPE may have declarations in brackets, each of them with a ">" of its own, and comments with quotes. */
static void skip_declarations(struct text *text)
{
    while (text->left > 0 && *text->next != ']')
        if (!skip_remark(text))
            skip_quoted_or_byte(text);
}

static void skip_doctype(struct text *text)
{
    while (text->left > 0 && *text->next != '>' && *text->next != '[')
        skip_quoted_or_byte(text);
    if (begins(text, "["))
        skip_declarations(text);
    skip_to(text, ">");
}

static bool skip_prologue(struct text *text)
{
    if (!begins(text, "<!DOCTYPE"))
        return skip_remark(text);
    skip_doctype(text);
    return true;
}

/* "<svg" or, with a name space, "<any:svg", and not "<svgx". */
static bool is_svg_element(struct text *text)
{
    size_t length = 0;

    if (!begins(text, "<"))
        return false;
    skip(text, 1);
    while (length < text->left && text->next[length] && !strchr(BLANKS "/>", text->next[length]))
        length++;
    if (length == text->left || length < 3 || memcmp(text->next + length - 3, "svg", 3) != 0)
        return false;
    return length == 3 || text->next[length - 4] == ':';
}

bool svg_start_is(const void *bytes, size_t size)
{
    struct text text = { .next = bytes, .left = size };

    if (begins(&text, "\xEF\xBB\xBF"))
        skip(&text, 3);
    do
        skip_blanks(&text);
    while (skip_prologue(&text));
    return is_svg_element(&text);
}
