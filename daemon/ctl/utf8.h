/* SPDX-License-Identifier: GPL-2.0-or-later */
/* utf8 - characters in bytes, and the columns they take on a terminal. */
#ifndef DARKROOM_CTL_UTF8_H
#define DARKROOM_CTL_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Decodes the character at the start of @bytes (@left of them). Its length, or 0 when it is malformed. */
size_t utf8_decode(const char *bytes, size_t left, uint32_t *ret);

/* How many columns @text takes. What is not UTF-8 counts a column a byte. */
size_t utf8_width(const char *text);

/* How many bytes of @text fit into @columns. */
size_t utf8_fit(const char *text, size_t columns);

#endif
