/* SPDX-License-Identifier: GPL-2.0-or-later */
/* digest - see digest.h. */
#include "supervisor/digest.h"

#include <errno.h>
#include <nettle/base16.h>
#include <nettle/sha2.h>
#include <unistd.h>

enum { PIECE_BYTES = 64 << 10 };

_Static_assert((int)DIGEST_HEX_BYTES == (int)BASE16_ENCODE_LENGTH(SHA256_DIGEST_SIZE) + 1,
               "hexadecimal, and a NUL");

static int add_pieces(struct sha256_ctx *context, int fd, uint64_t size)
{
    uint8_t piece[PIECE_BYTES];

    for (uint64_t done = 0; done < size;) {
        uint64_t left = size - done;
        ssize_t n = pread(fd, piece, left < sizeof piece ? left : sizeof piece, (off_t)done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        sha256_update(context, (size_t)n, piece);
        done += (uint64_t)n;
    }
    return 0;
}

int digest_file(int fd, uint64_t size, char *ret)
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    struct sha256_ctx context;
    int r;

    sha256_init(&context);
    r = add_pieces(&context, fd, size);
    if (r < 0)
        return r;

    sha256_digest(&context, sizeof digest, digest);
    base16_encode_update(ret, sizeof digest, digest);
    ret[DIGEST_HEX_BYTES - 1] = '\0';
    return 0;
}
