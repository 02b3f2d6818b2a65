/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fd_io - whole reads and writes on descriptors, and sealed memory files. */
#ifndef DARKROOM_BASE_FD_IO_H
#define DARKROOM_BASE_FD_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Writes all of @data. 0 or -errno (-EIO when a write takes nothing). */
int fd_write_all(int fd, const void *data, size_t size);

/* Reads until @size bytes or the end of the file; returns how many, or -errno. */
ssize_t fd_read_all(int fd, void *data, size_t size);

/* Reads a whole file of at most @max bytes. The caller frees *@ret_data, which has a NUL after its end (not
 * counted in *@ret_size). 0, -EFBIG or another -errno. */
int fd_read_file(int fd, size_t max, char **ret_data, size_t *ret_size);

/* Copies @size bytes from the start of @from to @to's position. 0, -EIO when @from is shorter, or -errno. */
int fd_copy(int from, int to, uint64_t size);

/* Have both files the same content, from their starts on? Moves their positions. 1, 0 or -errno. */
int fd_same_content(int a, int b);

/* A memory file (O_CLOEXEC) with @data in it, not sealed yet. A descriptor, or -errno. */
int fd_memory(const char *name, const void *data, size_t size);

/* Seals @fd against every change, for good. 0 or -errno. */
int fd_seal(int fd);

/* 0 when @fd is a memory file that can never change again, of exactly @size bytes; -EINVAL otherwise. */
int fd_check_sealed(int fd, uint64_t size);

#endif
