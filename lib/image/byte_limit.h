/* SPDX-License-Identifier: GPL-2.0-or-later */
/* byte_limit - the best file that is not larger than allowed: of the highest quality, found by bisection.
 *
 * A file of less quality is taken to be smaller; where one is not, the result is still within the limit, and is the
 * same every time. Nothing here knows of pictures. */
#ifndef DARKROOM_IMAGE_BYTE_LIMIT_H
#define DARKROOM_IMAGE_BYTE_LIMIT_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct file_bytes {
    void *data; /* freed with g_free() */
    size_t size;
};

/* Makes the file of @quality. 0, and @ret is the caller's, or -errno with @error. */
typedef int byte_limit_maker(const void *context, unsigned quality, struct file_bytes *ret,
                             struct error *error);

/* Makes the file of the highest quality up to @quality that has no more than @max_bytes; at most eight are made. 0, and
 * @ret, which is the caller's; -EFBIG, and @ret->size, which is that of the file of quality 1, without @error; or
 * another -errno with @error. */
int byte_limit_search(uint64_t max_bytes, unsigned quality, byte_limit_maker *make, const void *context,
                      struct file_bytes *ret, struct error *error);

#endif
