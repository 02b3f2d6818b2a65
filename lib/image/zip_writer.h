/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zip_writer - an archive of members that are stored as they are (PKWARE's APPNOTE.TXT), in memory.
 *
 * The same members make the same bytes: no time is told (that of every member is the first that the format knows), and
 * nothing of who made it. What there can be too much of for the plain format's fields has ZIP64's. */
#ifndef DARKROOM_IMAGE_ZIP_WRITER_H
#define DARKROOM_IMAGE_ZIP_WRITER_H

#include <stddef.h>
#include <stdint.h>

/* All zero at first. */
struct zip_writer {
    unsigned char *bytes;     /* the archive so far */
    unsigned char *directory; /* of its members, which comes at the end */
    size_t size, room, directory_size, directory_room;
    uint64_t members;
};

/* Adds a member; @name is of UTF-8, relative, with slashes. 0, -ENOMEM, or -EFBIG when the archive gets too large
 * (members begin below 4 GiB). */
int zip_writer_add(struct zip_writer *writer, const char *name, const void *data, size_t size);

/* Writes the directory and hands over the archive: the caller frees *@ret. 0, -ENOMEM or -EFBIG. */
int zip_writer_finish(struct zip_writer *writer, void **ret, size_t *ret_size);

void zip_writer_release(struct zip_writer *writer);

#endif
