/* SPDX-License-Identifier: GPL-2.0-or-later */
/* encode - a finished picture as a file's bytes, in a sealed memory file, checked by reading it back. */
#ifndef DARKROOM_IMAGE_ENCODE_H
#define DARKROOM_IMAGE_ENCODE_H

#include "image/engine.h"
#include "recipe/format.h"

#include <stdint.h>

struct encoded {
    int fd;                 /* sealed memory file, O_CLOEXEC; the caller's */
    uint32_t width, height; /* of a frame */
    uint64_t bytes;
};

/* 0, or -EFBIG with @error when @format cannot hold a picture of this size. */
int encode_check_sides(enum format format, uint32_t width, uint32_t height, struct error *error);

/* Encodes @image, an animation (frames.h) where the format can be one, as @format with @quality (1 to 100; ignored
 * where the format has none). The result's header was read back from the sealed memory and has the picture's size.
 * 0, or -errno with @error. */
int encode(VipsImage *image, enum format format, unsigned quality, struct encoded *ret, struct error *error);

#endif
