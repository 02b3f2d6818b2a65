/* SPDX-License-Identifier: GPL-2.0-or-later */
/* source - see source.h. */
#include "supervisor/source.h"

#include "base/cleanup.h"
#include "base/fd_io.h"
#include "base/clock.h"
#include "base/path_beneath.h"
#include "base/text.h"
#include "supervisor/fs_kind.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

const char *source_type_name(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFLNK:
        return "a symbolic link";
    case S_IFDIR:
        return "a directory";
    case S_IFIFO:
        return "a named pipe";
    case S_IFSOCK:
        return "a socket";
    default:
        return "a device";
    }
}

/* A failed system call on the source: gone, to be tried again, or wrong for good. */
static enum verdict verdict_of(struct job *job, int errnum, const char *what)
{
    if (errnum == ENOENT || errnum == ENOTDIR)
        return VERDICT_VANISHED;
    if (errnum == ELOOP || errnum == EXDEV)
        error_set(&job->failure, errnum, CLASS_PERMANENT, STAGE_OPEN,
                  "it is reached through a symbolic link; links are not followed");
    else
        error_set_errno(&job->failure, errnum, STAGE_OPEN, "cannot %s it", what);
    return job->failure.class == CLASS_TRANSIENT || job->failure.class == CLASS_ENVIRONMENT ? VERDICT_RETRY
                                                                                            : VERDICT_FAILED;
}

static enum verdict check_limits(struct job *job)
{
    char size[32], limit[32];

    if (job->version.size == 0)
        error_set(&job->failure, EINVAL, CLASS_PERMANENT, STAGE_OPEN, "it is empty");
    else if ((uint64_t)job->version.size > job->folder->max_file_bytes)
        error_set(&job->failure, EFBIG, CLASS_PERMANENT, STAGE_LIMITS,
                  "it has %s, more than MaxFileSize= allows (%s); raise that in the folder's settings",
                  text_format_size((uint64_t)job->version.size, size, sizeof size),
                  text_format_size(job->folder->max_file_bytes, limit, sizeof limit));
    else
        return VERDICT_OK;
    job->undecodable = job->version.size == 0;
    return VERDICT_FAILED;
}

/* Where anybody may make a hard link to any file, one in the hot folder would make us read, and show, somebody
 * else's. */
static enum verdict check_links(struct job *job, const struct stat *st, const struct kernel_settings *kernel)
{
    if (st->st_nlink <= 1 || kernel->protected_hardlinks)
        return VERDICT_OK;
    error_set(
        &job->failure, EMLINK, CLASS_PERMANENT, STAGE_OPEN,
        "it has %ju names (hard links), and may be somebody else's file while fs.protected_hardlinks is 0; "
        "set that to 1 with sysctl and restart darkroomd, or copy the file",
        (uintmax_t)st->st_nlink);
    return VERDICT_FAILED;
}

static enum verdict look(struct job *job, int root, struct stat *ret)
{
    int r = path_stat_beneath(root, job->path, ret);

    if (r < 0)
        return verdict_of(job, -r, "look at");
    if (!S_ISREG(ret->st_mode)) {
        error_set(&job->failure, EINVAL, CLASS_PERMANENT, STAGE_OPEN, "it is %s, not a regular file",
                  source_type_name(ret->st_mode));
        return VERDICT_FAILED;
    }
    return VERDICT_OK;
}

enum verdict source_look(struct job *job, int root)
{
    struct stat st;
    enum verdict verdict = look(job, root, &st);

    if (verdict == VERDICT_OK)
        job->version = version_of(&st);
    return verdict;
}

/* A worker that reads from a server which stops answering could not even be killed: it gets a copy, in memory, and the
 * server is this thread's to wait for. */
static enum verdict bring_near(struct job *job, int *fd)
{
    _cleanup_close_ int copy = -1;
    int r;

    if (job->version.size > SOURCE_COPY_BYTES_MAX || !fs_kind_of(*fd)->remote)
        return VERDICT_OK;
    copy = memfd_create("source", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (copy < 0)
        return verdict_of(job, errno, "keep a copy of");
    r = fd_copy(*fd, copy, (uint64_t)job->version.size);
    if (r == 0)
        r = fd_seal(copy);
    if (r < 0)
        return verdict_of(job, -r, "copy");
    close_fd(*fd);
    *fd = take_fd(&copy);
    return VERDICT_OK;
}

enum verdict source_open(struct job *job, int root, const struct kernel_settings *kernel)
{
    _cleanup_close_ int fd = -1;
    enum verdict verdict;
    struct version now;
    struct stat st;

    /* Looked at before it is opened: opening a pipe could wait for ever, a device could do anything. */
    verdict = look(job, root, &st);
    if (verdict != VERDICT_OK)
        return verdict;

    fd = path_open_beneath(root, job->path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    if (fd < 0)
        return verdict_of(job, -fd, "open");
    if (fstat(fd, &st) < 0)
        return verdict_of(job, errno, "look at");

    now = version_of(&st);
    if (!version_equal(&now, &job->version))
        return VERDICT_SUPERSEDED;
    if (check_links(job, &st, kernel) != VERDICT_OK)
        return VERDICT_FAILED;
    verdict = check_limits(job);
    if (verdict == VERDICT_OK)
        verdict = bring_near(job, &fd);
    if (verdict == VERDICT_OK)
        job->source_fd = take_fd(&fd);
    return verdict;
}

enum verdict source_compare(struct job *job, int root)
{
    struct version now;
    struct stat st;
    int r = path_stat_beneath(root, job->path, &st);

    if (r == -ENOENT || r == -ENOTDIR)
        return VERDICT_VANISHED;
    if (r < 0) {
        error_set_errno(&job->failure, -r, STAGE_PUBLISH, "cannot look at the source again");
        return VERDICT_RETRY;
    }

    now = version_of(&st);
    return version_equal(&now, &job->version) ? VERDICT_OK : VERDICT_SUPERSEDED;
}

/* A read lease is refused while anybody has the file open for writing. Only its owner and root may ask. */
static bool is_open_for_writing(const struct job *job, int root)
{
    _cleanup_close_ int fd = path_open_beneath(root, job->path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);

    if (fd < 0)
        return false;
    if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0)
        return errno == EAGAIN;
    fcntl(fd, F_SETLEASE, F_UNLCK);
    return false;
}

bool source_is_being_written(const struct job *job, int root, uint64_t grace_us)
{
    int64_t age_ns = (int64_t)(realtime_us() * NSEC_PER_USEC) - job->version.mtime_ns;

    int64_t grace_ns = (int64_t)(grace_us * NSEC_PER_USEC);

    /* An mtime far in the future says nothing: a camera's clock, a copy that kept it. */
    return (age_ns < grace_ns && age_ns > -grace_ns) || is_open_for_writing(job, root);
}
