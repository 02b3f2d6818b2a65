/* SPDX-License-Identifier: GPL-2.0-or-later */
/* originals - see originals.h. */
#include "supervisor/originals.h"

#include "base/cleanup.h"
#include "base/fd_io.h"
#include "base/path_beneath.h"
#include "base/text.h"
#include "recipe/naming.h"
#include "supervisor/rename_new.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    NUMBERED_MAX = 10000,
    NAME_SIZE = NAMING_COMPONENT_MAX + 1,
};

/* Where the file is: in a directory of the hot folder, under its name or our private one. */
struct original {
    struct job *job;
    int directory;
    const char *name; /* inside job->path */
    char private_name[64];
};

/* Outputs that were only found stand for an original where that was asked for; nothing at all does not. */
static bool is_stood_for(const struct job *job)
{
    if (job_count_outputs(job, true) > 0)
        return job->folder->existing == EXISTING_ADOPT;
    return job_count_outputs(job, false) > 0;
}

static bool is_spared(const struct job *job)
{
    return job->skipped || job->left_pages > 0 || job->left_frames > 0 || job_count_outputs(job, true) > 0;
}

static enum job_original pending_of_done(const struct job *job)
{
    int originals = job->folder->originals;

    if (originals == ORIGINALS_KEEP || !is_stood_for(job))
        return ORIGINAL_SETTLED;
    if (!is_spared(job))
        return ORIGINAL_PENDING;
    return originals == ORIGINALS_DELETE ? ORIGINAL_SETTLED : ORIGINAL_PENDING_SPARED;
}

enum job_original originals_pending(const struct job *job, enum job_state end)
{
    if (end == JOB_DONE)
        return pending_of_done(job);
    if (end == JOB_FAILED && job->failure.class != CLASS_CONFLICT && job->folder->failed)
        return ORIGINAL_PENDING;
    return ORIGINAL_SETTLED;
}

const char *originals_reason(const struct job *job)
{
    if (job->state != JOB_DONE || job->folder->originals == ORIGINALS_KEEP ||
        job->original != ORIGINAL_SETTLED)
        return NULL;
    if (job->resume == RESUME_PUBLISH)
        return "its original stays, as was settled when its outputs were announced";
    if (job_count_outputs(job, true) > 0)
        return "its original stays: outputs of it were found, not made";
    if (job->skipped)
        return "its original stays: outputs of it were skipped";
    if (job->left_pages > 0)
        return "its original stays: it has more pages";
    if (job->left_frames > 0)
        return "its original stays: it has more frames";
    return "its original stays: there is no output of it that is known to be made";
}

bool originals_stays(const struct job *job)
{
    int originals = job->folder->originals;

    return originals == ORIGINALS_KEEP ||
           (originals == ORIGINALS_DELETE && job->original == ORIGINAL_PENDING_SPARED);
}

static enum verdict retry(const struct job *job, struct error *error, int errnum, const char *what)
{
    char path[TEXT_ESCAPED_MAX];

    error_set_errno(error, errnum, STAGE_ORIGINAL, "cannot %s the original %s", what,
                    text_escape(job->path, path, sizeof path));
    return VERDICT_RETRY;
}

/* ---- the private name ---- */

/* 1: it is the job's; 0: it is another one, or not there; -errno: that cannot be told now. */
static int is_version(const struct original *original, const char *name)
{
    struct stat st;
    struct version now;

    if (fstatat(original->directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISREG(st.st_mode))
        return 0;
    now = version_of(&st);
    return version_equal_renamed(&now, &original->job->version);
}

/* 1: something has that name; 0: nothing; -errno: that cannot be told now. */
static int is_taken(int directory, const char *name)
{
    struct stat st;

    if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return 1;
    return errno == ENOENT ? 0 : -errno;
}

/* Puts a file that has the private name, if there is one, back; a newer one under its name is left there, and ours gets
 * a name beside it rather than being lost. 0 or -errno. */
static int put_back(const struct original *original)
{
    char name[NAME_SIZE];
    int r;

    if (is_taken(original->directory, original->private_name) == 0)
        return 0; /* on a file system that is read-only not even that could be told by a rename */
    r = rename_new(original->directory, original->private_name, original->directory, original->name);
    for (unsigned i = 1; r == -EEXIST && i < NUMBERED_MAX; i++)
        r = rename_new(original->directory, original->private_name, original->directory,
                       naming_number(original->name, i, name));
    return r == -ENOENT ? 0 : r;
}

/* 1: the file has its private name now; 0: there is nothing to deal with; -errno. */
static int seize(const struct original *original)
{
    int r;

    r = is_version(original, original->private_name);
    if (r != 0)
        return r;           /* by an earlier attempt */
    r = put_back(original); /* what that attempt ended before it could */
    if (r < 0)
        return r;
    r = is_version(original, original->name);
    if (r <= 0)
        return r;

    r = rename_new(original->directory, original->name, original->directory, original->private_name);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    r = is_version(original, original->private_name);
    return r != 0 ? r : put_back(original);
}

/* ---- moving ---- */

/* To another file system: under a temporary name, flushed, read back and compared, then linked to its name. */
static int copy_across(const struct original *original, int to, const char *name)
{
    _cleanup_close_ int from =
        openat(original->directory, original->private_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    _cleanup_close_ int fd = -1;
    struct stat st;
    int r = 0;

    if (from < 0 || fstat(from, &st) < 0)
        return -errno;
    unlinkat(to, original->private_name, 0);
    fd = openat(to, original->private_name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;

    r = fd_copy(from, fd, (uint64_t)st.st_size);
    if (r == 0 && (fchmod(fd, st.st_mode & 07777) < 0 ||
                   futimens(fd, (struct timespec[2]){ st.st_atim, st.st_mtim }) < 0 || fsync(fd) < 0))
        r = -errno;
    if (r == 0) {
        int same = fd_same_content(from, fd);

        r = same > 0 ? 0 : same == 0 ? -EIO : same;
    }
    if (r == 0)
        r = rename_new(to, original->private_name, to, name);
    if (r < 0)
        unlinkat(to, original->private_name, 0);
    return r;
}

/* Can nothing be renamed into @to: is it on another mount, in another subvolume, of another quota project? A rename to
 * a name that is taken does not tell: EEXIST comes before the file system is asked. */
static bool is_across(const struct original *original, int to)
{
    int r;

    unlinkat(to, original->private_name, 0); /* an earlier attempt's */
    r = linkat(original->directory, original->private_name, to, original->private_name, 0) < 0 ? -errno : 0;
    if (r == 0)
        unlinkat(to, original->private_name, 0);
    return r == -EXDEV;
}

/* Is @name, where nothing can be renamed to, a copy of ours, of an attempt that ended before it could unlink the
 * original? Or just the same: then there need not be two. 1: yes, and it is on the disk; 0: it is another file, or may
 * not be read; -errno. */
static int is_copy(const struct original *original, int to, const char *name)
{
    const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC; /* it may be a pipe */
    _cleanup_close_ int from = -1, fd = -1;
    struct stat ours, theirs;
    int same;

    if (fstatat(to, name, &theirs, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (fstatat(original->directory, original->private_name, &ours, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (!S_ISREG(theirs.st_mode) || !S_ISREG(ours.st_mode) || theirs.st_size != ours.st_size)
        return 0;
    from = openat(original->directory, original->private_name, flags);
    fd = from < 0 ? -1 : openat(to, name, flags);
    if (fd < 0)
        return errno == EACCES || errno == EPERM ? 0 : -errno;
    same = fd_same_content(from, fd);
    return same > 0 && fsync(fd) < 0 ? -errno : same;
}

/* The copy in @to stands for it from now on. */
static int drop(const struct original *original, int to)
{
    if (fsync(to) < 0)
        return -errno;
    return unlinkat(original->directory, original->private_name, 0) < 0 ? -errno : 0;
}

static int move_to_name(const struct original *original, int to, const char *name)
{
    int r, taken;

    r = rename_new(original->directory, original->private_name, to, name);
    if (r == 0)
        return fsync(to) < 0 || fsync(original->directory) < 0 ? -errno : 0;
    if (r != -EXDEV)
        return r;

    taken = is_taken(to, name); /* before the whole file is copied for nothing */
    if (taken != 0)
        return taken < 0 ? taken : -EEXIST;
    r = copy_across(original, to, name);
    return r < 0 ? r : drop(original, to);
}

/* Moves the file into @to under the first free number, unless a copy of it is there already. */
static int move_numbered(const struct original *original, int to)
{
    char name[NAME_SIZE];
    bool across = false;
    int r = -EEXIST;

    for (unsigned i = 0; r == -EEXIST && i < NUMBERED_MAX; i++) {
        int copied = 0;

        r = move_to_name(original, to, naming_number(original->name, i, name));
        if (r == -EEXIST && i == 0)
            across = is_across(original, to);
        if (r == -EEXIST && across)
            copied = is_copy(original, to, name);
        if (copied != 0)
            return copied < 0 ? copied : drop(original, to);
    }
    return r;
}

static bool is_in_folder(const struct job *job, const char *path)
{
    size_t length = strlen(job->folder->path);

    return strncmp(path, job->folder->path, length) == 0 && path[length] == '/';
}

/* Opens the directory in @base that mirrors the source's. The base itself is never made but for ".failed", which
 * is in the hot folder: elsewhere it may be a disk that is not mounted. */
static int open_target(const struct job *job, const char *base, bool make_base)
{
    _cleanup_close_ int root = -1;
    const char *name;

    if (make_base && is_in_folder(job, base)) {
        if (mkdir(base, 0700) == 0)
            chmod(base, job->folder->directories.mode); /* whatever the umask */
        else if (errno != EEXIST)
            return -errno;
    }
    root = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return -errno;
    return path_make_parent(root, job->path, &job->folder->directories, &name);
}

static enum verdict archive(const struct original *original, struct error *error)
{
    struct job *job = original->job;
    _cleanup_close_ int to = open_target(job, job->folder->archive, false);
    int r = to < 0 ? to : move_numbered(original, to);

    return r < 0 ? retry(job, error, -r, "archive") : VERDICT_OK;
}

static enum verdict delete (const struct original *original, struct error *error) {
    if (unlinkat(original->directory, original->private_name, 0) < 0 &&
        errno != ENOENT) return retry(original->job, error, errno, "delete");
    fsync(original->directory); /* best effort: a file that comes back after a power cut is made again */
    return VERDICT_OK;
}

/* ---- failed files ---- */

/* The caller frees; NULL when memory is out. */
static char *error_text(const struct job *job)
{
    char path[TEXT_ESCAPED_MAX];
    char number[24];
    _cleanup_free_ char *dumped = NULL;
    json_t *json;
    char *text;

    snprintf(number, sizeof number, "%" PRIu64, job->id);
    json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "job", number, "path",
                     text_escape(job->path, path, sizeof path), "class", error_class_name(job->failure.class),
                     "stage", error_stage_name(job->failure.stage), "message", job->failure.text, "attempts",
                     (int)job->attempts);
    if (!json)
        return NULL;
    dumped = json_dumps(json, JSON_INDENT(2));
    json_decref(json);
    return dumped && asprintf(&text, "%s\n", dumped) >= 0 ? text : NULL;
}

/* NAME.error.json beside the failed file: written whole, then renamed. */
static int write_error_file(const struct original *original, int to, const char *name)
{
    _cleanup_free_ char *text = error_text(original->job);
    char final[NAME_SIZE];
    _cleanup_close_ int fd = -1;
    int r;

    if (!text)
        return -ENOMEM;
    naming_append(name, strlen(name), ".error.json", final);
    unlinkat(to, original->private_name, 0);
    fd = openat(to, original->private_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;

    r = fd_write_all(fd, text, strlen(text));
    if (r == 0)
        r = path_set_owner(fd, original->job->folder->directories.uid,
                           original->job->folder->directories.gid);
    if (r == 0 && (fchmod(fd, original->job->folder->file_mode) < 0 || fsync(fd) < 0 ||
                   renameat(to, original->private_name, to, final) < 0 || fsync(to) < 0))
        r = -errno;
    if (r < 0)
        unlinkat(to, original->private_name, 0);
    return r;
}

/* Under the first free number, as move_numbered(), its error file first: of a file that is gone from the hot folder a
 * later attempt could not tell whether this one got as far as the error file. */
static int move_with_error(const struct original *original, int to)
{
    char name[NAME_SIZE];
    bool across = false;
    int r = -EEXIST;

    for (unsigned i = 0; r == -EEXIST && i < NUMBERED_MAX; i++) {
        int taken = is_taken(to, naming_number(original->name, i, name)), copied = 0;

        if (taken > 0 && i == 0)
            across = is_across(original, to);
        if (taken > 0 && across)
            copied = is_copy(original, to, name);
        if (taken < 0 || copied < 0)
            return taken < 0 ? taken : copied;
        if (taken > 0 && copied == 0)
            continue;
        r = write_error_file(original, to, name);
        if (r == 0)
            r = copied ? drop(original, to) : move_to_name(original, to, name);
    }
    return r;
}

/* With Originals=keep the file stays where it is, and only the error file is written. */
static enum verdict move_failed(const struct original *original, bool seized, struct error *error)
{
    struct job *job = original->job;
    bool keep = job->folder->originals == ORIGINALS_KEEP;
    _cleanup_close_ int to = open_target(job, job->folder->failed, !keep);
    int r = to < 0 ? to : 0;

    if (r == 0 && seized)
        r = move_with_error(original, to);
    else if (r == 0 && keep)
        r = write_error_file(original, to, original->name);
    return r < 0 ? retry(job, error, -r, "move aside") : VERDICT_OK;
}

enum verdict originals_handle(struct job *job, uint32_t instance, struct error *error)
{
    const struct folder_conf *conf = job->folder;
    struct original original = { .job = job, .directory = -1 };
    _cleanup_close_ int root = open(conf->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    _cleanup_close_ int directory = -1;
    int seized = 0;

    if (root < 0)
        return retry(job, error, errno, "find");
    directory = path_open_parent(root, job->path, &original.name);
    if (directory == -ENOENT || directory == -ENOTDIR)
        return VERDICT_OK;
    if (directory >= 0) {
        close_fd(directory);
        directory = path_make_parent(root, job->path, &conf->directories, &original.name);
    }
    if (directory < 0)
        return retry(job, error, -directory, "find");

    original.directory = directory;
    snprintf(original.private_name, sizeof original.private_name,
             ".darkroom-%08" PRIx32 "-%" PRIu64 ".original", instance, job->id);
    if (originals_stays(job)) {
        /* Seized under an earlier configuration, and perhaps written to since. */
        int r = put_back(&original);

        if (r < 0)
            return retry(job, error, -r, "put back");
        if (job->state == JOB_DONE || !conf->failed)
            return VERDICT_OK;
    } else {
        seized = seize(&original);
        if (seized < 0)
            return retry(job, error, -seized, "rename");
        if (seized == 0)
            return VERDICT_OK;
    }

    if (job->state == JOB_FAILED)
        return move_failed(&original, seized > 0, error);
    return conf->originals == ORIGINALS_ARCHIVE ? archive(&original, error) : delete (&original, error);
}
