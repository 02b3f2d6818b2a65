/* SPDX-License-Identifier: GPL-2.0-or-later */
/* digest - the SHA-256 of a file's content.
 *
 * It is what is told to people of the files that we publish: every system has a program to check it with, it can be an
 * ETag or name a file for caches, and nobody can make another picture that has it, as one could with XXH3, which is
 * what the ledger tells contents of one hand apart with. */
#ifndef DARKROOM_SUPERVISOR_DIGEST_H
#define DARKROOM_SUPERVISOR_DIGEST_H

#include <stdint.h>

enum { DIGEST_HEX_BYTES = 65 };

/* Writes the digest of the first @size bytes of @fd in lower-case hexadecimal, and a NUL, to @ret (DIGEST_HEX_BYTES);
 * leaves the position of @fd alone. 0, -EIO when there are not so many, or another -errno. May block on @fd's file
 * system. */
int digest_file(int fd, uint64_t size, char *ret);

#endif
