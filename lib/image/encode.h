/* SPDX-License-Identifier: GPL-2.0-or-later */
/* encode - a finished picture as a file's bytes, in a sealed memory file, checked by reading it back. */
#ifndef DARKROOM_IMAGE_ENCODE_H
#define DARKROOM_IMAGE_ENCODE_H

#include "image/attachments.h"
#include "image/engine.h"
#include "image/planes.h"
#include "recipe/encoding.h"
#include "recipe/tile_spec.h"

#include <stdint.h>

struct encoded {
    int fd;                 /* sealed memory file, O_CLOEXEC; the caller's */
    uint32_t width, height; /* of a frame */
    uint64_t bytes;
};

/* 0, or -EFBIG with @error when @format cannot hold a picture of this size. */
int encode_check_sides(enum format format, uint32_t width, uint32_t height, struct error *error);

/* Encodes @image, an animation (frames.h) where the format can be one, as @format, stored as @encoding says, in no
 * more than @max_bytes (0: any number): its quality is lowered until the file is so small. The result's header was
 * read back from the sealed memory and has the picture's size. 0, or -errno with @error; -EFBIG when no file is so
 * small. */
int encode(VipsImage *image, enum format format, const struct encoding *encoding, uint64_t max_bytes,
           struct encoded *ret, struct error *error);

/* True when files of @format are encoded from planes where they are lossy. */
bool encode_takes_planes(enum format format);

/* The same of @planes, in such a format and with such an @encoding, and beside them what is in @attachments. */
int encode_planes(const struct planes *planes, enum format format, const struct encoding *encoding,
                  uint64_t max_bytes, const struct attachments *attachments, struct encoded *ret,
                  struct error *error);

/* What a file has to have. */
struct encoded_shape {
    struct extent extent; /* of a frame */
    unsigned frames;      /* at most */
};

/* Seals the @size bytes at @data, a file of @format whose picture has @shape, and reads it back as encode() does. 0, or
 * -errno with @error. */
int encode_seal(const struct encoded_shape *shape, enum format format, const void *data, size_t size,
                struct encoded *ret, struct error *error);

/* Encodes a format with tiles (tiles.h), which are cut as @spec says. */
int encode_tiles(VipsImage *image, enum format format, const struct tile_spec *spec, unsigned quality,
                 struct encoded *ret, struct error *error);

/* The bytes of a file without metadata, and nothing else. The caller frees *@ret_data with g_free(). 0, or -1 with
 * libvips' error. */
int encode_bytes(VipsImage *image, enum format format, unsigned quality, void **ret_data, size_t *ret_size);

#endif
