/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text - escaping of names, which are bytes, and parsing of numbers, times and sizes. */
#ifndef DARKROOM_BASE_TEXT_H
#define DARKROOM_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TEXT_ESCAPED_MAX = 4 * 4096 + 1, /* room for any path */
    TEXT_SHOWN_MAX = 200,            /* of a value in a message */
};

/* Writes @bytes readable and on one line to @buffer (cut at @size, always NUL-terminated): control
 * characters, backslashes and what is not UTF-8 as \xNN. Returns @buffer, to be used as an argument. */
const char *text_escape(const char *bytes, char *buffer, size_t size);

/* True if @bytes (@length of them) are well-formed UTF-8 without NUL. */
bool text_is_utf8(const char *bytes, size_t length);

/* Takes from the end of @text the start of a character of which the rest was cut off. */
void text_drop_cut_character(char *text);

/* Copies @text, which may be longer than @size: then as much of it as there is room for, to the end of a character. The
 * rest of @buffer is zeroed. */
void text_copy_cut(const char *text, char *buffer, size_t size);

/* True if the path @path is the directory @directory or below it, by their text: both clean, both absolute or both
 * relative to one place. "/" and "" have everything below them. */
bool text_is_path_inside(const char *path, const char *directory);

/* Whole numbers in base 10 without sign; 0, -EINVAL (not a number) or -ERANGE (not in @min…@max). */
int text_parse_unsigned(const char *text, uint64_t min, uint64_t max, uint64_t *ret);

/* A time span like "2s", "500ms", "1min 30s", "0" or "250us"; without a unit, seconds. 0 or -EINVAL, -ERANGE. */
int text_parse_duration_us(const char *text, uint64_t *ret_us);

/* A size like "64M" or "1G" (powers of 1024: K, M, G, T) or plain bytes. 0 or -EINVAL, -ERANGE. */
int text_parse_size_bytes(const char *text, uint64_t *ret_bytes);

/* yes/true/on/1 and no/false/off/0, any case. 0 or -EINVAL. */
int text_parse_boolean(const char *text, bool *ret);

/* A permission mode in octal, 0 to 07777. 0 or -EINVAL. */
int text_parse_mode(const char *text, unsigned *ret);

/* "850 ms", "2.4 s", "3 min 20 s", for people; returns @buffer. */
const char *text_format_duration(uint64_t us, char *buffer, size_t size);

/* "512 B", "1.4 MB" (powers of 1000), for people; returns @buffer. */
const char *text_format_size(uint64_t bytes, char *buffer, size_t size);

#endif
