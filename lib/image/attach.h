/* SPDX-License-Identifier: GPL-2.0-or-later */
/* attach - puts a picture's metadata into its encoded file, byte for byte, each in the place that the format has for
 * it, if it has one. */
#ifndef DARKROOM_IMAGE_ATTACH_H
#define DARKROOM_IMAGE_ATTACH_H

#include "image/attachments.h"
#include "recipe/format.h"

#include <stdbool.h>

/* True when files of @format get their profile here, and not from their encoder. */
bool attach_has_profile(enum format format);

/* Puts @attachments into the file of such a @format at *@data, which has none and is replaced; both are to be freed
 * with free(). 0, -ENOMEM, -EMSGSIZE when the format cannot hold the profile, -EFBIG when the file would be too
 * large for it, or -EBADMSG when it is not as the encoder should have written it. */
int attach(enum format format, const struct attachments *attachments, void **data, size_t *size);

#endif
