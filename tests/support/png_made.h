/* SPDX-License-Identifier: GPL-2.0-or-later */
/* png_made - PNGs for tests of our decoder, put together chunk by chunk, with zlib alone: every filter, colour and
 * split of the stream that there can be, and what is wrong with one. */
#ifndef DARKROOM_TESTS_PNG_MADE_H
#define DARKROOM_TESTS_PNG_MADE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct png_made {
    uint8_t *data;
    size_t size;
};

struct png_plan {
    uint32_t width, height;
    unsigned bands;      /* 1 to 4 */
    int level;           /* zlib's */
    size_t split;        /* bytes of an IDAT; 0: all in one */
    bool empty;          /* an IDAT without any between two */
    const uint8_t *rows; /* height × (1 + width × bands) bytes: each filter's number, and what it left */
};

static inline void png_made_release(struct png_made *made)
{
    free(made->data);
}

#define _cleanup_png_made_ __attribute__((cleanup(png_made_release)))

static inline size_t png_plan_rows_bytes(const struct png_plan *plan)
{
    return (1 + (size_t)plan->width * plan->bands) * plan->height;
}

static inline void png_made_put(uint8_t *to, size_t number)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(number >> (24 - 8 * i));
}

static inline size_t png_made_get(const uint8_t *from)
{
    return (size_t)from[0] << 24 | (size_t)from[1] << 16 | (size_t)from[2] << 8 | from[3];
}

static inline void png_made_add(struct png_made *made, const char *type, const void *data, size_t size)
{
    uint8_t *at;

    made->data = realloc(made->data, made->size + size + 12);
    at = made->data + made->size;
    png_made_put(at, size);
    memcpy(at + 4, type, 4);
    if (size > 0)
        memcpy(at + 8, data, size);
    png_made_put(at + 8 + size, crc32(0, at + 4, (uInt)(4 + size)));
    made->size += size + 12;
}

static inline void png_made_start(struct png_made *made, const struct png_plan *plan)
{
    static const uint8_t types[] = { 0, 0, 4, 2, 6 };
    uint8_t header[13] = { 0 };

    made->data = malloc(8);
    memcpy(made->data, "\x89PNG\r\n\x1a\n", 8);
    made->size = 8;
    png_made_put(header, plan->width);
    png_made_put(header + 4, plan->height);
    header[8] = 8;
    header[9] = types[plan->bands];
    png_made_add(made, "IHDR", header, sizeof header);
}

static inline void png_made_add_stream(struct png_made *made, const struct png_plan *plan,
                                       const uint8_t *stream, size_t size)
{
    size_t step = plan->split ? plan->split : size;

    for (size_t at = 0; at < size; at += step) {
        png_made_add(made, "IDAT", stream + at, size - at < step ? size - at : step);
        if (plan->empty)
            png_made_add(made, "IDAT", NULL, 0);
    }
}

static inline struct png_made png_make(const struct png_plan *plan)
{
    struct png_made made = { NULL, 0 };
    uLong room = compressBound(png_plan_rows_bytes(plan));
    uint8_t *stream = malloc(room);

    compress2(stream, &room, plan->rows, png_plan_rows_bytes(plan), plan->level);
    png_made_start(&made, plan);
    png_made_add_stream(&made, plan, stream, room);
    png_made_add(&made, "IEND", NULL, 0);
    free(stream);
    return made;
}

#endif
