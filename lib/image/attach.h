/* SPDX-License-Identifier: GPL-2.0-or-later */
/* attach - puts a picture's metadata into its encoded file, byte for byte, in the formats that we know how. */
#ifndef DARKROOM_IMAGE_ATTACH_H
#define DARKROOM_IMAGE_ATTACH_H

#include "image/attachments.h"
#include "recipe/format.h"

#include <stdbool.h>

/* True when files of @format get their metadata here, and not from libvips. */
bool attach_can(enum format format);

/* Puts @attachments into the file of such a @format at *@data, which has none and is replaced; both are to be freed
 * with free(). 0, -ENOMEM, or -EMSGSIZE when the format cannot hold the profile. */
int attach(enum format format, const struct attachments *attachments, void **data, size_t *size);

#endif
