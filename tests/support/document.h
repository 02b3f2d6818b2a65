/* SPDX-License-Identifier: GPL-2.0-or-later */
/* document - a TIFF of several pages for tests of the whole daemon, written here from the definition (TIFF 6.0,
 * baseline RGB, one strip a page, not compressed), so that no library of ours has a hand in it. */
#ifndef DARKROOM_TESTS_DOCUMENT_H
#define DARKROOM_TESTS_DOCUMENT_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct document_page {
    uint16_t width, height;
    uint8_t colour[3]; /* of all its pixels */
};

struct document {
    uint8_t *bytes;
    size_t size;
};

enum {
    DOCUMENT_HEADER = 8,
    DOCUMENT_FIELDS = 10,
    DOCUMENT_FIELD = 12,
    DOCUMENT_DIRECTORY = 2 + DOCUMENT_FIELDS * DOCUMENT_FIELD + 4,
    DOCUMENT_BITS = 3 * 2, /* 8, 8, 8 */
    DOCUMENT_SHORT = 3,
    DOCUMENT_LONG = 4,
};

static inline uint8_t *document_put(uint8_t *at, uint32_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> 8 * i);
    return at + bytes;
}

static inline uint8_t *document_put_field(uint8_t *at, uint32_t tag, uint32_t type, uint32_t count,
                                          uint32_t value)
{
    at = document_put(at, tag, 2);
    at = document_put(at, type, 2);
    at = document_put(at, count, 4);
    return document_put(at, value, 4);
}

static inline size_t document_page_bytes(const struct document_page *page)
{
    return DOCUMENT_DIRECTORY + DOCUMENT_BITS + 3u * page->width * page->height;
}

/* Writes @page at @offset of the file; @last: no page follows. */
static inline void document_put_page(uint8_t *bytes, uint32_t offset, const struct document_page *page,
                                     bool last)
{
    uint32_t bits = offset + DOCUMENT_DIRECTORY, pixels = bits + DOCUMENT_BITS;
    uint32_t size = 3u * page->width * page->height;
    uint8_t *at = document_put(bytes + offset, DOCUMENT_FIELDS, 2);

    at = document_put_field(at, 256, DOCUMENT_SHORT, 1, page->width);
    at = document_put_field(at, 257, DOCUMENT_SHORT, 1, page->height);
    at = document_put_field(at, 258, DOCUMENT_SHORT, 3, bits);         /* BitsPerSample */
    at = document_put_field(at, 259, DOCUMENT_SHORT, 1, 1);            /* Compression: none */
    at = document_put_field(at, 262, DOCUMENT_SHORT, 1, 2);            /* PhotometricInterpretation: RGB */
    at = document_put_field(at, 273, DOCUMENT_LONG, 1, pixels);        /* StripOffsets */
    at = document_put_field(at, 277, DOCUMENT_SHORT, 1, 3);            /* SamplesPerPixel */
    at = document_put_field(at, 278, DOCUMENT_SHORT, 1, page->height); /* RowsPerStrip */
    at = document_put_field(at, 279, DOCUMENT_LONG, 1, size);          /* StripByteCounts */
    at = document_put_field(at, 284, DOCUMENT_SHORT, 1, 1);            /* PlanarConfiguration */
    at = document_put(at, last ? 0 : pixels + size, 4);
    for (int i = 0; i < 3; i++)
        at = document_put(at, 8, 2);
    for (uint32_t i = 0; i < size; i++)
        at[i] = page->colour[i % 3];
}

static inline struct document document_make(const struct document_page *pages, size_t count)
{
    struct document document = { .size = DOCUMENT_HEADER };
    uint32_t offset = DOCUMENT_HEADER;

    for (size_t i = 0; i < count; i++)
        document.size += document_page_bytes(&pages[i]);
    document.bytes = calloc(1, document.size);
    ck_assert_ptr_nonnull(document.bytes);

    memcpy(document.bytes, "II*", 4);
    document_put(document.bytes + 4, offset, 4);
    for (size_t i = 0; i < count; i++) {
        document_put_page(document.bytes, offset, &pages[i], i + 1 == count);
        offset += (uint32_t)document_page_bytes(&pages[i]);
    }
    return document;
}

/* So many pages of one size, the first of which is of @shade; each is a little different. */
static inline struct document document_make_plain(size_t count, uint16_t side, unsigned shade)
{
    struct document_page *pages = calloc(count + 1, sizeof *pages);
    struct document document;

    ck_assert_ptr_nonnull(pages);
    for (size_t i = 0; i < count; i++)
        pages[i] = (struct document_page){ side, side, { (uint8_t)(shade + i), (uint8_t)(i >> 4), 0 } };
    document = document_make(pages, count);
    free(pages);
    return document;
}

static inline void document_release(struct document *document)
{
    free(document->bytes);
    *document = (struct document){ NULL, 0 };
}

#endif
