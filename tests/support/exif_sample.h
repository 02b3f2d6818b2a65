/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exif_sample - an EXIF block in either byte order, as a camera writes it, with a maker note that has to stay where it
 * is. */
#ifndef DARKROOM_TESTS_EXIF_SAMPLE_H
#define DARKROOM_TESTS_EXIF_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define EXIF_SAMPLE_MAKE "Maker"
#define EXIF_SAMPLE_COPYRIGHT "\u00a9 somebody"
#define EXIF_SAMPLE_NOTE "a note that stays put"

enum { EXIF_SAMPLE_BYTES = 400, EXIF_SAMPLE_NOTE_AT = 300 };

struct exif_sample {
    uint8_t bytes[EXIF_SAMPLE_BYTES];
    bool big_endian;
};

static inline void exif_sample_put(struct exif_sample *sample, size_t at, uint32_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        sample->bytes[at + (sample->big_endian ? size - 1 - i : i)] = (uint8_t)(value >> (8 * i));
}

static inline size_t exif_sample_entry(struct exif_sample *sample, size_t at, uint16_t tag, uint16_t type,
                                       uint32_t count, uint32_t value)
{
    exif_sample_put(sample, at, tag, 2);
    exif_sample_put(sample, at + 2, type, 2);
    exif_sample_put(sample, at + 4, count, 4);
    exif_sample_put(sample, at + 8, value, 4);
    return at + 12;
}

static inline struct exif_sample exif_sample(bool big_endian)
{
    enum { ASCII = 2, LONG = 4, RATIONAL = 5, UNDEFINED = 7 };
    struct exif_sample sample = { .big_endian = big_endian };
    size_t at;

    memcpy(sample.bytes, big_endian ? "MM\0*" : "II*", 4);
    exif_sample_put(&sample, 4, 8, 4);

    exif_sample_put(&sample, 8, 3, 2);
    at = exif_sample_entry(&sample, 10, 0x010f, ASCII, sizeof EXIF_SAMPLE_MAKE, 200);
    at = exif_sample_entry(&sample, at, 0x8298, ASCII, sizeof EXIF_SAMPLE_COPYRIGHT, 210);
    exif_sample_entry(&sample, at, 0x8769, LONG, 1, 100);
    memcpy(sample.bytes + 200, EXIF_SAMPLE_MAKE, sizeof EXIF_SAMPLE_MAKE);
    memcpy(sample.bytes + 210, EXIF_SAMPLE_COPYRIGHT, sizeof EXIF_SAMPLE_COPYRIGHT);

    exif_sample_put(&sample, 100, 2, 2);
    at = exif_sample_entry(&sample, 102, 0x829d, RATIONAL, 1, 240);
    exif_sample_entry(&sample, at, 0x927c, UNDEFINED, sizeof EXIF_SAMPLE_NOTE - 1, EXIF_SAMPLE_NOTE_AT);
    exif_sample_put(&sample, 240, 56, 4);
    exif_sample_put(&sample, 244, 10, 4);
    memcpy(sample.bytes + EXIF_SAMPLE_NOTE_AT, EXIF_SAMPLE_NOTE, sizeof EXIF_SAMPLE_NOTE - 1);
    return sample;
}

#endif
