/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exr_file - an OpenEXR for tests, written here from the definition: one part of scanlines, not compressed, of floats,
 * with R, G, B and A, and whatever amounts of light; or one tile of ZIP, as large as may be, of next to none. */
#ifndef DARKROOM_TESTS_EXR_FILE_H
#define DARKROOM_TESTS_EXR_FILE_H

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { EXR_CHANNELS = 4, EXR_BYTES_MAX = 1 << 18, EXR_HALF = 1, EXR_FLOAT = 2 };

struct exr_file {
    uint8_t bytes[EXR_BYTES_MAX];
    size_t size;
};

static inline void exr_put(struct exr_file *file, const void *bytes, size_t size)
{
    ck_assert_uint_le(file->size + size, sizeof file->bytes);
    memcpy(file->bytes + file->size, bytes, size);
    file->size += size;
}

/* All numbers are little-endian, as are the machines this is tested on. */
static inline void exr_put_int(struct exr_file *file, int32_t value)
{
    exr_put(file, &value, sizeof value);
}

static inline void exr_put_attribute(struct exr_file *file, const char *name, const char *type,
                                     const void *value, int32_t size)
{
    exr_put(file, name, strlen(name) + 1);
    exr_put(file, type, strlen(type) + 1);
    exr_put_int(file, size);
    exr_put(file, value, (size_t)size);
}

/* By name: those of @names, and @others more. */
static inline void exr_put_channels(struct exr_file *file, const char *names, int others, int32_t type)
{
    const int32_t kind[] = { type, 0, 1, 1 };
    uint8_t list[1 << 15], *to = list;

    for (int i = 0; i < (int)strlen(names) + others; i++) {
        char name[8];
        int size = i < (int)strlen(names) ? snprintf(name, sizeof name, "%c", names[i])
                                          : snprintf(name, sizeof name, "x%04d", i);

        ck_assert_uint_lt((size_t)(to - list) + (size_t)size + 1 + sizeof kind, sizeof list);
        memcpy(to, name, (size_t)size + 1);
        memcpy(to + size + 1, kind, sizeof kind);
        to += (size_t)size + 1 + sizeof kind;
    }
    *to++ = 0;
    exr_put_attribute(file, "channels", "chlist", list, (int32_t)(to - list));
}

/* All but the channels. */
static inline void exr_put_header(struct exr_file *file, int left, int top, int width, int height,
                                  const char *compression)
{
    const int32_t window[] = { left, top, left + width - 1, top + height - 1 };
    const float one = 1, origin[] = { 0, 0 };

    exr_put_attribute(file, "compression", "compression", compression, 1);
    exr_put_attribute(file, "dataWindow", "box2i", window, sizeof window);
    exr_put_attribute(file, "displayWindow", "box2i", window, sizeof window);
    exr_put_attribute(file, "lineOrder", "lineOrder", "\0", 1);
    exr_put_attribute(file, "pixelAspectRatio", "float", &one, sizeof one);
    exr_put_attribute(file, "screenWindowCenter", "v2f", origin, sizeof origin);
    exr_put_attribute(file, "screenWindowWidth", "float", &one, sizeof one);
}

/* @light has R, G, B and A of each pixel, the data window begins at @left, @top. */
static inline void exr_make(struct exr_file *file, int left, int top, int width, int height,
                            const float *light)
{
    size_t row_bytes = 8 + (size_t)width * EXR_CHANNELS * sizeof *light, first;

    file->size = 0;
    exr_put(file, "\x76\x2F\x31\x01\x02\0\0\0", 8);
    exr_put_channels(file, "ABGR", 0, EXR_FLOAT);
    exr_put_header(file, left, top, width, height, "\0");
    exr_put(file, "", 1);
    first = file->size + (size_t)height * sizeof(uint64_t);
    for (int y = 0; y < height; y++) {
        uint64_t offset = first + (size_t)y * row_bytes;

        exr_put(file, &offset, sizeof offset);
    }
    for (int y = 0; y < height; y++) {
        exr_put_int(file, top + y);
        exr_put_int(file, (int32_t)(row_bytes - 8));
        for (int channel = EXR_CHANNELS - 1; channel >= 0; channel--) /* A, B, G, R: by name */
            for (int x = 0; x < width; x++)
                exr_put(file, &light[(y * width + x) * EXR_CHANNELS + channel], sizeof *light);
    }
}

/* R, G, B and A, and @others more, all of @type. */
static inline void exr_make_tile(struct exr_file *file, int width, int height, int others, int32_t type)
{
    const int32_t tile[] = { width, height, 0 }, place[] = { 0, 0, 0, 0 };
    uLong bytes = (uLong)width * (uLong)height * (uLong)(EXR_CHANNELS + others) * (type == EXR_HALF ? 2 : 4);
    void *nothing = calloc(1, bytes), *packed = malloc(EXR_BYTES_MAX);
    uLongf size = EXR_BYTES_MAX;
    uint64_t offset;

    ck_assert(nothing && packed && compress(packed, &size, nothing, bytes) == Z_OK);
    file->size = 0;
    exr_put(file, "\x76\x2F\x31\x01\x02\x02\0\0", 8);
    exr_put_channels(file, "ABGR", others, type);
    exr_put_header(file, 0, 0, width, height, "\x03");
    exr_put_attribute(file, "tiles", "tiledesc", tile, 9);
    exr_put(file, "", 1);
    offset = file->size + sizeof offset;
    exr_put(file, &offset, sizeof offset);
    exr_put(file, place, sizeof place);
    exr_put_int(file, (int32_t)size);
    exr_put(file, packed, size);
    free(nothing);
    free(packed);
}

#endif
