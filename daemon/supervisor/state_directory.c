/* SPDX-License-Identifier: GPL-2.0-or-later */
/* state_directory - see state_directory.h. The lock is flock(2)'s on a file that stays; the kernel drops it with
 * the process, however that ends. */
#include "supervisor/state_directory.h"

#include "base/cleanup.h"
#include "base/fd_io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

int state_directory_make(const char *path, mode_t mode, struct error *error)
{
    _cleanup_free_ char *part = strdup(path);
    struct stat st;

    if (!part)
        return error_set(error, ENOMEM, CLASS_ENVIRONMENT, STAGE_NONE, "out of memory");

    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, mode) < 0 && errno != EEXIST)
            return error_set_errno(error, errno, STAGE_NONE, "cannot make the directory %s", part);
        *slash = '/';
    }
    if (mkdir(path, mode) < 0 && errno != EEXIST)
        return error_set_errno(error, errno, STAGE_NONE, "cannot make the directory %s", path);
    if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
        return error_set(error, ENOTDIR, CLASS_ENVIRONMENT, STAGE_NONE, "%s is not a directory", path);
    return 0;
}

/* " by process 1234", when the holder wrote its number. */
static void describe_holder(int fd, char *buffer, size_t size)
{
    char number[24] = "";
    ssize_t n = pread(fd, number, sizeof number - 1, 0);

    number[n > 0 ? (size_t)n : 0] = '\0';
    number[strcspn(number, "\n")] = '\0';
    snprintf(buffer, size, "%s%s", number[0] ? " by process " : "", number);
}

int state_directory_lock(const char *path, struct error *error)
{
    _cleanup_free_ char *file = NULL;
    _cleanup_close_ int fd = -1;
    char number[32], holder[64];
    int length;

    if (asprintf(&file, "%s/lock", path) < 0)
        return error_set(error, ENOMEM, CLASS_ENVIRONMENT, STAGE_NONE, "out of memory");
    fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_set_errno(error, errno, STAGE_NONE, "cannot open %s", file);

    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK)
            return error_set_errno(error, errno, STAGE_NONE, "cannot lock %s", file);
        describe_holder(fd, holder, sizeof holder);
        return error_set(
            error, EWOULDBLOCK, CLASS_ENVIRONMENT, STAGE_NONE,
            "the state directory %s is in use%s: another darkroomd runs with it; stop that one, or "
            "choose another --state=",
            path, holder);
    }

    length = snprintf(number, sizeof number, "%d\n", (int)getpid());
    if (ftruncate(fd, 0) < 0 || pwrite(fd, number, (size_t)length, 0) != length)
        return error_set_errno(error, errno, STAGE_NONE, "cannot write %s", file);
    return take_fd(&fd);
}
