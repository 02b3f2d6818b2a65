/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fd_io - see fd_io.h. */
#include "base/fd_io.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL,
    COPY_CHUNK_BYTES = 1 << 30,
    COMPARE_CHUNK_BYTES = 64 << 10,
};

int fd_write_all(int fd, const void *data, size_t size)
{
    const char *next = data;

    while (size > 0) {
        ssize_t n = write(fd, next, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return -EIO;
        next += n;
        size -= (size_t)n;
    }
    return 0;
}

ssize_t fd_read_all(int fd, void *data, size_t size)
{
    char *next = data;
    size_t left = size;

    while (left > 0) {
        ssize_t n = read(fd, next, left);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        next += n;
        left -= (size_t)n;
    }
    return (ssize_t)(size - left);
}

int fd_read_file(int fd, size_t max, char **ret_data, size_t *ret_size)
{
    _cleanup_free_ char *data = NULL;
    size_t used = 0, allocated = 0;

    for (;;) {
        ssize_t n;

        if (used == allocated) {
            char *grown;

            allocated = allocated ? allocated * 2 : 4096;
            grown = realloc(data, allocated + 1);
            if (!grown)
                return -ENOMEM;
            data = grown;
        }

        n = fd_read_all(fd, data + used, allocated - used);
        if (n < 0)
            return (int)n;
        used += (size_t)n;
        if (used > max)
            return -EFBIG;
        if (used < allocated)
            break;
    }

    data[used] = '\0';
    *ret_data = take_ptr(data);
    *ret_size = used;
    return 0;
}

int fd_copy(int from, int to, uint64_t size)
{
    off_t offset = 0;

    while (size > 0) {
        ssize_t n = sendfile(to, from, &offset, size < COPY_CHUNK_BYTES ? size : COPY_CHUNK_BYTES);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return -EIO;
        size -= (uint64_t)n;
    }
    return 0;
}

int fd_same_content(int a, int b)
{
    _cleanup_free_ char *left = malloc(COMPARE_CHUNK_BYTES), *right = malloc(COMPARE_CHUNK_BYTES);

    if (!left || !right)
        return -ENOMEM;
    if (lseek(a, 0, SEEK_SET) < 0 || lseek(b, 0, SEEK_SET) < 0)
        return -errno;
    for (;;) {
        ssize_t n = fd_read_all(a, left, COMPARE_CHUNK_BYTES);
        ssize_t m = fd_read_all(b, right, COMPARE_CHUNK_BYTES);

        if (n < 0 || m < 0)
            return n < 0 ? (int)n : (int)m;
        if (n != m || memcmp(left, right, (size_t)n) != 0)
            return 0;
        if (n == 0)
            return 1;
    }
}

int fd_memory(const char *name, const void *data, size_t size)
{
    _cleanup_close_ int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int r;

    if (fd < 0)
        return -errno;

    r = fd_write_all(fd, data, size);
    if (r < 0)
        return r;

    return take_fd(&fd);
}

int fd_seal(int fd)
{
    return fcntl(fd, F_ADD_SEALS, SEALS) < 0 ? -errno : 0;
}

int fd_check_sealed(int fd, uint64_t size)
{
    struct stat st;
    int seals = fcntl(fd, F_GET_SEALS);

    /* Anything but a memory file answers EINVAL. */
    if (seals < 0 || (seals & SEALS) != SEALS)
        return -EINVAL;
    if (fstat(fd, &st) < 0 || (uint64_t)st.st_size != size)
        return -EINVAL;
    return 0;
}
