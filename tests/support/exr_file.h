/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exr_file - an OpenEXR for tests, written here from the definition: one part of scanlines, not compressed, of floats,
 * with R, G, B and A, and whatever amounts of light. */
#ifndef DARKROOM_TESTS_EXR_FILE_H
#define DARKROOM_TESTS_EXR_FILE_H

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { EXR_CHANNELS = 4, EXR_BYTES_MAX = 65536 };

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

static inline void exr_put_header(struct exr_file *file, int left, int top, int width, int height)
{
    const int32_t window[] = { left, top, left + width - 1, top + height - 1 };
    const float one = 1, origin[] = { 0, 0 };
    const int32_t kind[] = { 2 /* float */, 0, 1, 1 };
    uint8_t channels[EXR_CHANNELS * (2 + sizeof kind) + 1] = { 0 };

    for (size_t i = 0; i < EXR_CHANNELS; i++) {
        channels[i * (2 + sizeof kind)] = (uint8_t) "ABGR"[i];
        memcpy(channels + i * (2 + sizeof kind) + 2, kind, sizeof kind);
    }
    exr_put(file, "\x76\x2F\x31\x01\x02\0\0\0", 8);
    exr_put_attribute(file, "channels", "chlist", channels, sizeof channels);
    exr_put_attribute(file, "compression", "compression", "\0", 1);
    exr_put_attribute(file, "dataWindow", "box2i", window, sizeof window);
    exr_put_attribute(file, "displayWindow", "box2i", window, sizeof window);
    exr_put_attribute(file, "lineOrder", "lineOrder", "\0", 1);
    exr_put_attribute(file, "pixelAspectRatio", "float", &one, sizeof one);
    exr_put_attribute(file, "screenWindowCenter", "v2f", origin, sizeof origin);
    exr_put_attribute(file, "screenWindowWidth", "float", &one, sizeof one);
    exr_put(file, "", 1);
}

/* @light has R, G, B and A of each pixel, the data window begins at @left, @top. */
static inline void exr_make(struct exr_file *file, int left, int top, int width, int height,
                            const float *light)
{
    size_t row_bytes = 8 + (size_t)width * EXR_CHANNELS * sizeof *light, first;

    file->size = 0;
    exr_put_header(file, left, top, width, height);
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

#endif
