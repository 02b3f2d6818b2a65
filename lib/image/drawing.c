/* SPDX-License-Identifier: GPL-2.0-or-later */
/* drawing - see drawing.h.
 *
 * The numbers are measured. The dictionaries of a PDF's pictures always stand in the file as text, whatever is packed
 * and encrypted around them; there a name and its number are looked for, without regard to the rest. */
#include "image/drawing.h"

#include <string.h>

enum {
    ELEMENT_FACTOR = 32,     /* librsvg's, for each byte of the file */
    PICTURE_PIXEL_BYTES = 6, /* poppler's; one that comes in several scans takes a little more */
    DICTIONARY_BYTES = 2048, /* how far apart a picture's width and height may be */
    DIGITS_MAX = 6,
};

struct span {
    const char *data;
    size_t size;
};

static const char *find(struct span span, const char *name)
{
    return memmem(span.data, span.size, name, strlen(name));
}

/* From @at on, as far as a dictionary may go; or up to it. */
static struct span behind(struct span span, const char *at)
{
    size_t left = span.size - (size_t)(at - span.data);

    return (struct span){ at, left < DICTIONARY_BYTES ? left : DICTIONARY_BYTES };
}

static struct span before(struct span span, const char *at)
{
    size_t passed = (size_t)(at - span.data);
    size_t size = passed < DICTIONARY_BYTES ? passed : DICTIONARY_BYTES;

    return (struct span){ at - size, size };
}

/* The number behind the name that @at points to; 0 when there is none. */
static uint64_t number_of(struct span span, const char *at, const char *name)
{
    const char *end = span.data + span.size, *next = at + strlen(name);
    uint64_t number = 0;

    while (next < end && (*next == ' ' || *next == '\r' || *next == '\n'))
        next++;
    for (int digits = 0; next < end && *next >= '0' && *next <= '9' && digits < DIGITS_MAX; digits++)
        number = 10 * number + (uint64_t)(*next++ - '0');
    return number;
}

/* The largest height in @part. */
static uint64_t largest_height(struct span part)
{
    uint64_t largest = 0;
    const char *at;

    while ((at = find(part, "/Height"))) {
        uint64_t height = number_of(part, at, "/Height");

        largest = height > largest ? height : largest;
        part.size -= (size_t)(at + 1 - part.data);
        part.data = at + 1;
    }
    return largest;
}

static uint64_t largest_picture(struct span file)
{
    struct span rest = file;
    uint64_t largest = 0;
    const char *at;

    while ((at = find(rest, "/Width"))) {
        uint64_t after = largest_height(behind(file, at)), ahead = largest_height(before(file, at));
        uint64_t pixels = number_of(rest, at, "/Width") * (after > ahead ? after : ahead);

        largest = pixels > largest ? pixels : largest;
        rest.size -= (size_t)(at + 1 - rest.data);
        rest.data = at + 1;
    }
    return largest;
}

uint64_t drawing_content_bytes(enum format format, const void *data, size_t size)
{
    if (format == FORMAT_SVG)
        return (uint64_t)size * ELEMENT_FACTOR;
    if (format == FORMAT_PDF)
        return largest_picture((struct span){ data, size }) * PICTURE_PIXEL_BYTES;
    return 0;
}

bool drawing_has_filters(const void *data, size_t size)
{
    return find((struct span){ data, size }, "<filter") != NULL;
}
