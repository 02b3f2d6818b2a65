/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zip_reader - what zip_writer.h wrote, read back: the directory at its end, and members by their names. */
#ifndef DARKROOM_IMAGE_ZIP_READER_H
#define DARKROOM_IMAGE_ZIP_READER_H

#include <stddef.h>
#include <stdint.h>

/* How many members the archive has whose @size bytes are at @data, each of which is whole and has its sum; or
 * -EBADMSG. */
int64_t zip_reader_count(const void *data, size_t size);

/* The member called @name. 0 and where its bytes are, inside @data; -ENOENT, or -EBADMSG. */
int zip_reader_find(const void *data, size_t size, const char *name, const void **ret, size_t *ret_size);

#endif
