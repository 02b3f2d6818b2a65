/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base64 - bytes in JSON (RFC 4648, with padding). */
#ifndef DARKROOM_CTL_BASE64_H
#define DARKROOM_CTL_BASE64_H

#include <stddef.h>

/* Decodes @text; the caller frees *@ret. 0, -EINVAL or -ENOMEM. */
int base64_decode(const char *text, char **ret, size_t *ret_size);

#endif
