/* SPDX-License-Identifier: GPL-2.0-or-later */
/* drawing - see drawing.h.
 *
 * The numbers are measured. The dictionary of a PDF's picture that has a name stands in the file as text, whatever is
 * packed and encrypted around it; there its sides are looked for, without regard to the rest. What cannot be seen so:
 * pictures within a page's instructions, sides that are packed elsewhere (these are guessed), and names that are
 * written in another way than anybody does. Files are passed over once, whatever they have. */
#include "image/drawing.h"

#include "base/big_endian.h"
#include "image/data_url.h"

#include <string.h>

enum {
    TEXT_FACTOR = 32, /* librsvg's, for each byte of the file … */
    PATH_FACTOR = 40, /* … more for each of the longest element, while a path of so many points is drawn … */
    DATA_FACTOR = 5,      /* … for each of a picture inside it … */
    ELEMENT_BYTES = 1300, /* … for each element, whatever it has … */
    LETTER_BYTES = 6500, /* … and for each letter of a line of text, while it is set: Pango's and HarfBuzz' */
    SURFACES = 4,        /* what is drawn, and what is drawn to be laid over that */
    FILTERED_SURFACES = 9,    /* and one more for each part of a filter */
    PICTURE_PIXEL_BYTES = 10, /* poppler's, of one that comes in several scans */
    JPX_PIXEL_BYTES = 16,     /* of a JPEG 2000 */
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

/* In a PDF a JPEG 2000 tells its own sides (ISO/IEC 15444-1, A.5.1), and what stands beside it counts for nothing. */
static uint64_t largest_jpx(struct span file)
{
    static const uint8_t mark[] = { 0xFF, 0x4F, 0xFF, 0x51 };
    uint64_t largest = 0;
    const char *found;

    while ((found = memmem(file.data, file.size, mark, sizeof mark))) {
        const uint8_t *at = (const uint8_t *)found;

        file = behind(file, (size_t)(found - file.data) + sizeof mark);
        if (file.size >= 12)
            largest = larger(largest, big_endian_read(at + 8, 4) * big_endian_read(at + 12, 4));
    }
    return largest;
}

static bool contains(struct span span, const char *what)
{
    return span.size > 0 && memmem(span.data, span.size, what, strlen(what));
}

static uint64_t multiply(uint64_t a, uint64_t b)
{
    uint64_t product;

    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

static uint64_t pdf_bytes(struct span file)
{
    bool jpx = contains(file, "/JPXDecode");
    uint64_t told = multiply(largest_picture(file), jpx ? JPX_PIXEL_BYTES : PICTURE_PIXEL_BYTES);

    return jpx ? larger(told, multiply(largest_jpx(file), JPX_PIXEL_BYTES)) : told;
}

/* ---- an SVG's elements ---- */

/* Of the element that @span begins, or ends, with, without the name space. */
static struct span element_name(struct span span)
{
    size_t length = 0;

    span = behind(span, span.size > 1 && span.data[1] == '/' ? 2 : 1);
    while (length < span.size && span.data[length] && !strchr(" \t\r\n/><:", span.data[length]))
        length++;
    return length < span.size && span.data[length] == ':' ? behind(span, length + 1) : span;
}

/* What is known of an SVG from one look at its text. */
struct svg {
    uint64_t elements;
    size_t letters;        /* of the longest line of text */
    size_t longest;        /* of the tags without a picture */
    unsigned filter_parts; /* the most that any filter has */
};

static struct span difference(struct span span, struct span rest)
{
    return (struct span){ span.data, span.size - rest.size };
}

/* From behind the tag's end to the next tag. */
static size_t letters_behind(struct span tag, struct span next)
{
    struct span end = from_next(difference(tag, next), '>');

    return end.size > 0 ? end.size - 1 : 0;
}

static struct svg look_through(struct span file)
{
    struct svg svg = { 0 };
    unsigned parts = 0;
    bool in_text = false;

    for (struct span tag = from_next(file, '<'), next; tag.size > 0; tag = next) {
        struct span name = element_name(tag);
        char first = tag.size > 1 ? tag.data[1] : '\0';

        next = from_next(behind(tag, 1), '<');
        svg.elements += first != '/' && first != '!' && first != '?';
        if (tag.size - next.size > svg.longest && !contains(difference(tag, next), "data:"))
            svg.longest = tag.size - next.size;
        if (begins(name, "text"))
            in_text = first != '/' || begins(name, "textPath");
        else if (begins(name, "filter"))
            parts = 0;
        else if (begins(name, "fe") && first != '/')
            parts++;
        if (in_text)
            svg.letters = (size_t)larger(svg.letters, letters_behind(tag, next));
        svg.filter_parts = parts > svg.filter_parts ? parts : svg.filter_parts;
    }
    return svg;
}

static uint64_t svg_bytes(struct span file, uint64_t elements)
{
    struct svg svg = look_through(file);
    struct data_urls urls = data_urls_find(file.data, file.size);
    uint64_t text = (uint64_t)(file.size - urls.bytes) * TEXT_FACTOR + (uint64_t)urls.bytes * DATA_FACTOR +
                    larger(svg.elements, elements) * ELEMENT_BYTES + (uint64_t)svg.letters * LETTER_BYTES +
                    (uint64_t)svg.longest * PATH_FACTOR;

    return urls.largest_bytes > UINT64_MAX - text ? UINT64_MAX : text + urls.largest_bytes;
}

uint64_t drawing_content_bytes(enum format format, const void *data, size_t size, uint64_t elements)
{
    if (format == FORMAT_SVG)
        return svg_bytes((struct span){ data, size }, elements);
    if (format == FORMAT_PDF)
        return pdf_bytes((struct span){ data, size });
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
        return FILTERED_SURFACES + look_through((struct span){ data, size }).filter_parts;
    return format_info(format)->vector ? SURFACES : 0;
}
