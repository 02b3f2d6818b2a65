/* SPDX-License-Identifier: GPL-2.0-or-later */
/* drawing - see drawing.h.
 *
 * The numbers are measured. The dictionary of a PDF's picture that has a name stands in the file as text, whatever is
 * packed and encrypted around it; there its sides are looked for, without regard to the rest. What cannot be seen so:
 * pictures within a page's instructions, sides that are packed elsewhere (these are guessed), and names that are
 * written in another way than anybody does. Files are passed over once, whatever they have. */
#include "image/drawing.h"

#include <string.h>

enum {
    ELEMENT_FACTOR = 32,     /* librsvg's, for each byte of the file */
    SURFACES = 4,            /* what is drawn, and what is drawn to be laid over that */
    FILTERED_SURFACES = 9,   /* and one more for each part of a filter */
    PICTURE_PIXEL_BYTES = 6, /* poppler's; one that comes in several scans takes a little more */
    DICTIONARY_BYTES =
        2048, /* how far apart a picture's width and height may be; up to twice that is taken, too */
    DIGITS_MAX = 6,
    UNKNOWN_SIDE = 10000, /* a sheet of A4 in 1200 dpi is nearly that wide */
};

struct span {
    const char *data;
    size_t size;
};

static bool begins(struct span span, const char *with)
{
    size_t length = strlen(with);

    return span.size >= length && memcmp(span.data, with, length) == 0;
}

static struct span behind(struct span span, size_t count)
{
    return (struct span){ span.data + count, span.size - count };
}

/* From the next @byte on; empty without it. */
static struct span from_next(struct span span, char byte)
{
    const char *found = span.size > 0 ? memchr(span.data, byte, span.size) : NULL;

    return behind(span, found ? (size_t)(found - span.data) : span.size);
}

/* ---- a PDF's pictures ---- */

/* ISO 32000-1, 7.2.2: NUL as well. */
static struct span behind_blanks(struct span span)
{
    while (span.size > 0 && memchr(" \t\r\n\f", *span.data, sizeof " \t\r\n\f"))
        span = behind(span, 1);
    return span;
}

/* 0 when there is none. */
static struct span behind_number(struct span span, uint64_t *ret)
{
    *ret = 0;
    for (int digits = 0; span.size > 0 && *span.data >= '0' && *span.data <= '9'; digits++) {
        if (digits < DIGITS_MAX)
            *ret = 10 * *ret + (uint64_t)(*span.data - '0');
        span = behind(span, 1);
    }
    return span;
}

/* What stands in @span: a number, or the place of one ("12 0 R"). */
static uint64_t side_in(struct span span)
{
    uint64_t number, generation;
    struct span rest = behind_number(behind_blanks(span), &number);

    rest = behind_blanks(behind_number(behind_blanks(rest), &generation));
    return number > 0 && begins(rest, "R") ? UNKNOWN_SIDE : number;
}

enum side { WIDTH, HEIGHT, SIDE_COUNT };

static const char *const names[SIDE_COUNT] = { [WIDTH] = "/Width", [HEIGHT] = "/Height" };

/* The largest of each in the part of the file that is looked at, and in the one before. */
struct sides {
    size_t part;
    uint64_t here[SIDE_COUNT], before[SIDE_COUNT];
};

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void turn_to(struct sides *sides, size_t part)
{
    if (part == sides->part)
        return;
    for (int side = 0; side < SIDE_COUNT; side++) {
        sides->before[side] = part == sides->part + 1 ? sides->here[side] : 0;
        sides->here[side] = 0;
    }
    sides->part = part;
}

/* The largest picture that has @length for one of its sides, of what was passed. */
static uint64_t add_side(struct sides *sides, enum side side, uint64_t length)
{
    enum side other = side == WIDTH ? HEIGHT : WIDTH;

    sides->here[side] = larger(sides->here[side], length);
    return length * larger(sides->here[other], sides->before[other]);
}

static uint64_t largest_picture(struct span file)
{
    struct sides sides = { 0 };
    uint64_t largest = 0;

    for (struct span rest = from_next(file, '/'); rest.size > 0; rest = from_next(behind(rest, 1), '/'))
        for (int side = 0; side < SIDE_COUNT; side++)
            if (begins(rest, names[side])) {
                turn_to(&sides, (file.size - rest.size) / DICTIONARY_BYTES);
                largest = larger(
                    largest, add_side(&sides, (enum side)side, side_in(behind(rest, strlen(names[side])))));
            }
    return largest;
}

/* ---- an SVG's filters ---- */

/* Of the element that @span begins with, without the name space. */
static struct span element_name(struct span span)
{
    size_t length = 0;

    span = behind(span, 1);
    while (length < span.size && span.data[length] && !strchr(" \t\r\n/><:", span.data[length]))
        length++;
    return length < span.size && span.data[length] == ':' ? behind(span, length + 1) : span;
}

/* The most that any filter has. */
static unsigned most_filter_parts(struct span file)
{
    unsigned parts = 0, most = 0;

    for (struct span rest = from_next(file, '<'); rest.size > 0; rest = from_next(behind(rest, 1), '<')) {
        struct span name = element_name(rest);

        if (begins(name, "filter"))
            parts = 0;
        else if (begins(name, "fe"))
            parts++;
        most = parts > most ? parts : most;
    }
    return most;
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
    return memmem(data, size, "filter", strlen("filter")) != NULL;
}

/* "filter" as an attribute or a property, of those that stand in the file. */
static bool names_filter(const char *before, struct span rest)
{
    char previous = before == rest.data ? ' ' : rest.data[-1];

    rest = behind_blanks(behind(rest, strlen("filter")));
    return memchr(" \t\r\n\"';{", previous, sizeof " \t\r\n\"';{" - 1) && rest.size > 0 &&
           (*rest.data == '=' || *rest.data == ':');
}

unsigned drawing_filter_uses(const void *data, size_t size)
{
    struct span rest = { data, size };
    const char *found;
    unsigned uses = 0;

    while ((found = memmem(rest.data, rest.size, "filter", strlen("filter")))) {
        rest = behind(rest, (size_t)(found - rest.data));
        uses += names_filter(data, rest);
        rest = behind(rest, strlen("filter"));
    }
    return uses;
}

unsigned drawing_surfaces(enum format format, const void *data, size_t size)
{
    if (format == FORMAT_SVG && drawing_has_filters(data, size))
        return FILTERED_SURFACES + most_filter_parts((struct span){ data, size });
    return format_info(format)->vector ? SURFACES : 0;
}
