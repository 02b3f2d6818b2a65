/* SPDX-License-Identifier: GPL-2.0-or-later */
/* publish - see publish.h. What is to be done with a batch is done with its parcels, file by file. */
#include "supervisor/publish.h"

#include "base/cleanup.h"
#include "base/fd_io.h"
#include "base/path_beneath.h"
#include "base/text.h"
#include "supervisor/claim.h"
#include "supervisor/manifest.h"
#include "supervisor/rename_new.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One file on its way. */
struct parcel {
    size_t job; /* in the batch */
    struct job_output *output;
    int directory, fd; /* where it goes; the temporary file, while it is written */
    const char *name;  /* the final one, inside output->path */
    bool shares;       /* @directory is the one of the parcel before */
    char temporary[PUBLISH_TEMPORARY_MAX];
    bool written, renamed;
};

const char *publish_temporary(uint32_t instance, uint64_t job, uint32_t place, char *buffer, size_t size)
{
    snprintf(buffer, size, ".darkroom-%08" PRIx32 "-%" PRIu64 "-%" PRIu32 ".tmp", instance, job, place);
    return buffer;
}

/* ---- failures ---- */

/* What a failed system call on the *output* side means: something is in the way (its own fault), or the
 * environment is sick (the folder is held, and this is tried again). */
static enum verdict output_failed(struct job *job, int errnum, const char *what, const char *path)
{
    char name[300];

    text_escape(path, name, sizeof name);
    switch (errnum) {
    case EEXIST:
    case EISDIR:
    case ENOTDIR:
    case ELOOP:
    case EXDEV:
        return claim_conflict(job, errnum, path, NULL);
    case ENAMETOOLONG:
        error_set(&job->failure, errnum, CLASS_PERMANENT, STAGE_PUBLISH,
                  "the path of its output %s is too long", name);
        return VERDICT_FAILED;
    default:
        job_fail_at_output(job, errnum, what, path);
        return VERDICT_RETRY;
    }
}

static void fail(struct publish_batch *batch, const struct parcel *parcel, int errnum, const char *what)
{
    struct job *job = batch->jobs[parcel->job];

    batch->verdicts[parcel->job] = output_failed(job, errnum, what, parcel->output->path);
}

static bool is_on(const struct publish_batch *batch, const struct parcel *parcel)
{
    return batch->verdicts[parcel->job] == VERDICT_OK;
}

/* ---- the steps ---- */

/* May the name be taken? What the ledger knows to be ours, and untouched since, is not in the way. */
static int check_name(const struct publish_batch *batch, const struct parcel *parcel)
{
    struct stat st;
    int r;

    if (fstatat(parcel->directory, parcel->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    r = claim_is_ours(parcel->directory, parcel->name, &parcel->output->before);
    if (r < 0)
        return r;
    if (r > 0)
        return 0;
    if (batch->context.conf->existing == EXISTING_OVERWRITE && S_ISREG(st.st_mode))
        return 0;
    return -EEXIST;
}

static size_t parent_length(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? (size_t)(slash - path) : 0;
}

/* The parcel before, if it goes to the same directory: a document's pages, a thousand of them, need one descriptor. */
static const struct parcel *neighbour(const struct publish_batch *batch, const struct parcel *parcel)
{
    const struct parcel *before = parcel - 1;
    size_t length = parent_length(parcel->output->path);

    if (parcel == batch->parcels || before->directory < 0 || parent_length(before->output->path) != length)
        return NULL;
    return memcmp(before->output->path, parcel->output->path, length) == 0 ? before : NULL;
}

static void open_directory(struct publish_batch *batch, struct parcel *parcel)
{
    const struct parcel *before = neighbour(batch, parcel);

    parcel->shares = before != NULL;
    if (before) {
        parcel->directory = before->directory;
        parcel->name = parcel->output->path + (before->name - before->output->path);
    } else {
        parcel->directory = path_make_parent(batch->root, parcel->output->path,
                                             &batch->context.conf->directories, &parcel->name);
    }
}

/* A file of that name is what an earlier attempt of this very job left. */
static int create_temporary(const struct parcel *parcel)
{
    static const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(parcel->directory, parcel->temporary, flags, 0600);

    if (fd >= 0 || errno != EEXIST)
        return fd;
    unlinkat(parcel->directory, parcel->temporary, 0);
    return openat(parcel->directory, parcel->temporary, flags, 0600);
}

static void open_parcel(struct publish_batch *batch, struct parcel *parcel)
{
    int r;

    open_directory(batch, parcel);
    if (parcel->directory < 0) {
        fail(batch, parcel, -parcel->directory, "make the directory of");
        return;
    }
    if (!parcel->output->made)
        return;

    r = check_name(batch, parcel);
    if (r < 0) {
        fail(batch, parcel, -r, "look at");
        return;
    }

    parcel->fd = create_temporary(parcel);
    if (parcel->fd < 0) {
        fail(batch, parcel, errno, "create");
        return;
    }
    parcel->written = true;
}

static int set_attributes(const struct publish_batch *batch, const struct parcel *parcel)
{
    const struct folder_conf *conf = batch->context.conf;
    int64_t mtime_ns = batch->jobs[parcel->job]->version.mtime_ns;
    struct timespec times[2] = {
        { .tv_nsec = UTIME_OMIT },
        { .tv_sec = mtime_ns / NSEC_PER_SEC - (mtime_ns % NSEC_PER_SEC < 0),
          .tv_nsec = mtime_ns % NSEC_PER_SEC },
    };

    if (times[1].tv_nsec < 0)
        times[1].tv_nsec += NSEC_PER_SEC;
    if (fchmod(parcel->fd, conf->file_mode) < 0)
        return -errno;
    return conf->file_time == FILE_TIME_SOURCE && futimens(parcel->fd, times) < 0 ? -errno : 0;
}

static void write_parcel(struct publish_batch *batch, struct parcel *parcel)
{
    const struct path_attributes *owner = &batch->context.conf->directories;
    int r = path_set_owner(parcel->fd, owner->uid, owner->gid);

    if (r < 0) {
        fail(batch, parcel, -r, "give FileUser= or FileGroup= the output");
        return;
    }
    r = fd_copy(parcel->output->fd, parcel->fd, parcel->output->bytes);
    if (r == 0)
        r = set_attributes(batch, parcel);
    if (r < 0) {
        fail(batch, parcel, -r, "write");
        return;
    }
    /* Only starts the write-back, so that the disk works while we go on; its failures are fsync's to tell. */
    sync_file_range(parcel->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

static void flush_parcel(struct publish_batch *batch, struct parcel *parcel)
{
    struct stat st;

    if (fsync(parcel->fd) < 0 || fstat(parcel->fd, &st) < 0) {
        fail(batch, parcel, errno, "write");
        return;
    }
    parcel->output->after = (struct published){
        .inode = st.st_ino,
        .size = st.st_size,
        .mtime_ns = timespec_ns(&st.st_mtim),
    };
    parcel->fd = close_fd(parcel->fd);
}

static bool same_directory(int a, int b)
{
    struct stat left, right;

    if (a == b) /* it is shared */
        return true;
    return fstat(a, &left) == 0 && fstat(b, &right) == 0 && left.st_dev == right.st_dev &&
           left.st_ino == right.st_ino;
}

/* Flushes every directory of the batch; neighbours of one directory, the usual case, once. */
static void flush_directories(struct publish_batch *batch)
{
    const struct parcel *flushed = NULL;

    for (size_t i = 0; i < batch->parcel_count; i++) {
        struct parcel *parcel = &batch->parcels[i];

        if (!is_on(batch, parcel) || (flushed && same_directory(flushed->directory, parcel->directory)))
            continue;
        if (fsync(parcel->directory) < 0)
            fail(batch, parcel, errno, "flush the directory of");
        else
            flushed = parcel;
    }
}

/* Puts one file under its name. A file in the way that is not ours stays, unless Existing= says else. */
static int rename_parcel(const struct publish_batch *batch, struct parcel *parcel)
{
    int r = batch->context.conf->existing == EXISTING_OVERWRITE
                ? 1
                : claim_is_ours(parcel->directory, parcel->name, &parcel->output->before);

    if (r < 0)
        return r;
    if (r > 0)
        r = renameat(parcel->directory, parcel->temporary, parcel->directory, parcel->name) < 0 ? -errno : 0;
    else
        r = rename_new(parcel->directory, parcel->temporary, parcel->directory, parcel->name);
    parcel->renamed = r == 0;
    return r;
}

/* An output that the new version does not make any more goes, if it is still as we left it. */
static int remove_parcel(const struct parcel *parcel)
{
    int r = claim_is_ours(parcel->directory, parcel->name, &parcel->output->before);

    if (r <= 0)
        return r;
    return unlinkat(parcel->directory, parcel->name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static void for_each(struct publish_batch *batch, void (*step)(struct publish_batch *, struct parcel *))
{
    for (size_t i = 0; i < batch->parcel_count; i++)
        if (is_on(batch, &batch->parcels[i]) && batch->parcels[i].output->made)
            step(batch, &batch->parcels[i]);
}

static void name_parcel(struct publish_batch *batch, struct parcel *parcel)
{
    int r = rename_parcel(batch, parcel);

    if (r < 0)
        fail(batch, parcel, -r, "rename");
}

/* Announced, and then the environment got sick: what has its name keeps it, the rest is renamed when it can be. */
static bool rolls_forward(const struct publish_batch *batch, size_t job)
{
    return batch->announced[job] && batch->verdicts[job] == VERDICT_RETRY;
}

/* A job that was given up leaves nothing: neither temporary files nor, where one of its set could not be named,
 * the others. */
static void clean_up(struct publish_batch *batch)
{
    for (size_t i = 0; i < batch->parcel_count; i++) {
        struct parcel *parcel = &batch->parcels[i];

        if (rolls_forward(batch, parcel->job))
            parcel->renamed = parcel->written = false;
        if (!is_on(batch, parcel) && parcel->renamed)
            unlinkat(parcel->directory, parcel->name, 0);
        else if (!is_on(batch, parcel) && parcel->written)
            unlinkat(parcel->directory, parcel->temporary, 0);
        close_fd(parcel->fd);
    }
    for (size_t i = 0; i < batch->parcel_count; i++)
        if (!batch->parcels[i].shares)
            close_fd(batch->parcels[i].directory);
}

/* ---- a batch ---- */

static size_t count_outputs(struct job *const *jobs, size_t count)
{
    size_t outputs = 0;

    for (size_t i = 0; i < count; i++)
        outputs += jobs[i]->output_count;
    return outputs;
}

static int pack(struct publish_batch *batch, struct error *error)
{
    batch->parcels = calloc(count_outputs(batch->jobs, batch->count) + 1, sizeof *batch->parcels);
    if (!batch->parcels)
        return error_set(error, ENOMEM, CLASS_ENVIRONMENT, STAGE_PUBLISH, "out of memory");

    for (size_t i = 0; i < batch->count; i++)
        for (size_t j = 0; j < batch->jobs[i]->output_count; j++) {
            struct job_output *output = &batch->jobs[i]->outputs[j];
            struct parcel *parcel;

            if (output->adopted || (!output->made && output->before.inode == 0))
                continue;
            parcel = &batch->parcels[batch->parcel_count++];
            *parcel = (struct parcel){ .job = i, .output = output, .directory = -1, .fd = -1 };
            publish_temporary(batch->context.instance, batch->jobs[i]->id, job_output_place(output),
                              parcel->temporary, sizeof parcel->temporary);
        }
    return 0;
}

/* What stood for an output is gone meanwhile, and it was not made. */
static bool lacks_a_picture(const struct job *job)
{
    for (size_t i = 0; i < job->output_count; i++)
        if (job->outputs[i].made && !job->outputs[i].adopted && job->outputs[i].fd < 0 &&
            job->outputs[i].rendition != RENDITION_MANIFEST)
            return true;
    return false;
}

/* Where Existing= may change what is published, that is settled before anything is written. */
static enum verdict claim_names(const struct publish_batch *batch, struct job *job)
{
    struct claim_context context = { .conf = batch->context.conf,
                                     .root = batch->root,
                                     .source_root = batch->context.source_root,
                                     .move = batch->context.move,
                                     .user = batch->context.user };
    enum verdict verdict = claim_is_asked(job) ? claim_outputs(&context, job, true) : VERDICT_OK;

    if (verdict != VERDICT_OK && verdict != VERDICT_SETTLED)
        return verdict;
    return lacks_a_picture(job) ? VERDICT_RETURNED : VERDICT_OK;
}

/* Under which names, and with which manifest, whose content depends on them. */
static void settle_outputs(struct publish_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct job *job = batch->jobs[i];

        if (batch->verdicts[i] == VERDICT_OK)
            batch->verdicts[i] = claim_names(batch, job);
        if (batch->verdicts[i] == VERDICT_OK && manifest_write(job, batch->root) < 0)
            batch->verdicts[i] = VERDICT_RETRY;
    }
}

/* Opens Output itself, for each batch anew: an idle daemon must not keep a disk from being unmounted. */
static int open_root(struct publish_batch *batch, struct error *error)
{
    batch->root = anchor_open(batch->context.output, error);
    return batch->root < 0 ? batch->root : 0;
}

/* The folder is held for what @error says. */
static enum verdict output_not_there(struct job *job, const struct error *error)
{
    job->failure = *error;
    job->failure.class = CLASS_ENVIRONMENT;
    job->failure.stage = STAGE_PUBLISH;
    return VERDICT_RETRY;
}

static void close_batch(struct publish_batch *batch)
{
    clean_up(batch);
    free(take_ptr(batch->parcels));
    batch->parcel_count = 0;
    batch->root = close_fd(batch->root);
}

static void fail_all(struct publish_batch *batch, const struct error *error)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->verdicts[i] == VERDICT_OK)
            batch->verdicts[i] = output_not_there(batch->jobs[i], error);
}

static void compare_sources(struct publish_batch *batch)
{
    const struct publish_context *context = &batch->context;

    for (size_t i = 0; i < batch->count; i++)
        batch->verdicts[i] = context->compare ? context->compare(context->user, batch->jobs[i]) : VERDICT_OK;
}

static void remove_obsolete(struct publish_batch *batch)
{
    for (size_t i = 0; i < batch->parcel_count; i++) {
        struct parcel *parcel = &batch->parcels[i];
        int r = is_on(batch, parcel) && !parcel->output->made ? remove_parcel(parcel) : 0;

        if (r < 0)
            fail(batch, parcel, -r, "remove");
    }
}

static void start_batch(struct publish_batch *batch, const struct publish_context *context)
{
    batch->context = *context;
    batch->root = -1;
    batch->parcels = NULL;
    batch->parcel_count = 0;
    memset(batch->announced, 0, sizeof batch->announced);
}

void publish_write(struct publish_batch *batch, const struct publish_context *context)
{
    struct error error;
    int r;

    start_batch(batch, context);
    compare_sources(batch);
    r = open_root(batch, &error);
    if (r == 0) {
        settle_outputs(batch);
        r = pack(batch, &error);
    }
    if (r < 0)
        fail_all(batch, &error);

    for (size_t i = 0; i < batch->parcel_count; i++)
        if (is_on(batch, &batch->parcels[i]))
            open_parcel(batch, &batch->parcels[i]);
    for_each(batch, write_parcel);
}

void publish_flush(struct publish_batch *batch)
{
    for_each(batch, flush_parcel);
    flush_directories(batch);
}

size_t publish_announce(const struct publish_batch *batch, struct job **jobs)
{
    size_t count = 0;

    for (size_t i = 0; i < batch->count; i++)
        if (batch->verdicts[i] == VERDICT_OK)
            jobs[count++] = batch->jobs[i];
    return count;
}

void publish_name(struct publish_batch *batch, int intent)
{
    for (size_t i = 0; i < batch->count; i++) {
        batch->announced[i] = intent == 0 && batch->verdicts[i] == VERDICT_OK;
        if (batch->verdicts[i] == VERDICT_OK && intent < 0)
            batch->verdicts[i] = VERDICT_RETURNED;
    }
    for_each(batch, name_parcel);
    remove_obsolete(batch);
}

void publish_end(struct publish_batch *batch)
{
    flush_directories(batch);
    for (size_t i = 0; i < batch->count; i++)
        if (rolls_forward(batch, i))
            batch->jobs[i]->resume = RESUME_PUBLISH;
    close_batch(batch);
}

/* ---- after a crash ---- */

/* Renames one file if that did not happen yet; one that is there under its name already is done. */
static enum verdict resume_parcel(struct publish_batch *batch, struct parcel *parcel)
{
    struct stat st;
    int r;

    open_directory(batch, parcel);
    if (parcel->directory < 0)
        return output_failed(batch->jobs[0], -parcel->directory, "open the directory of",
                             parcel->output->path);
    if (!parcel->output->made) {
        r = remove_parcel(parcel);
        return r < 0 ? output_failed(batch->jobs[0], -r, "remove", parcel->output->path) : VERDICT_OK;
    }

    r = fstatat(parcel->directory, parcel->temporary, &st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
    if (r == 0)
        r = rename_parcel(batch, parcel);
    else if (r == -ENOENT &&
             (r = claim_is_ours(parcel->directory, parcel->name, &parcel->output->before)) > 0)
        return VERDICT_RETURNED; /* it is the version before */
    if (r < 0)
        return output_failed(batch->jobs[0], -r, "rename", parcel->output->path);

    if (fstatat(parcel->directory, parcel->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? VERDICT_RETURNED
                               : output_failed(batch->jobs[0], errno, "look at", parcel->output->path);
    parcel->output->after = (struct published){
        .inode = st.st_ino,
        .size = st.st_size,
        .mtime_ns = timespec_ns(&st.st_mtim),
    };
    return VERDICT_OK;
}

/* Output= is another one since its intent: what is left of it where it was to go is removed. */
static bool sweep_elsewhere(const struct publish_context *context, const struct job *job)
{
    bool found = false;

    for (size_t i = 0; i < job->output_count; i++) {
        const struct job_output *output = &job->outputs[i];

        if (!output->elsewhere)
            continue;
        publish_sweep(context->instance, output->path, job->id, job_output_place(output));
        found = true;
    }
    return found;
}

/* An original waits to go for outputs of which the ledger knows none. */
static bool nothing_stands_for_its_original(const struct job *job)
{
    return job->original != ORIGINAL_SETTLED && job_count_outputs(job, false) == 0;
}

enum verdict publish_resume(const struct publish_context *context, struct job *job)
{
    struct publish_batch batch = { .jobs = { job }, .count = 1 };
    enum verdict *verdict = &batch.verdicts[0];
    struct error error;
    int r;

    if (sweep_elsewhere(context, job) || nothing_stands_for_its_original(job))
        return VERDICT_RETURNED;
    start_batch(&batch, context);
    *verdict = VERDICT_OK;
    r = open_root(&batch, &error);
    if (r == 0)
        r = pack(&batch, &error);
    if (r < 0)
        fail_all(&batch, &error);

    for (size_t i = 0; i < batch.parcel_count && *verdict == VERDICT_OK; i++)
        *verdict = resume_parcel(&batch, &batch.parcels[i]);
    if (*verdict == VERDICT_OK)
        flush_directories(&batch);

    /* Only a clash is undone. Otherwise each file that has its name keeps it, the rest is tried or made again. */
    for (size_t i = 0; i < batch.parcel_count; i++) {
        batch.parcels[i].renamed &= *verdict == VERDICT_FAILED;
        batch.parcels[i].written = *verdict == VERDICT_FAILED && batch.parcels[i].directory >= 0;
    }
    close_batch(&batch);
    return *verdict;
}

int publish_sweep(uint32_t instance, const char *output, uint64_t job, uint32_t place)
{
    const char *slash = strrchr(output, '/');
    _cleanup_free_ char *path = NULL;
    char temporary[PUBLISH_TEMPORARY_MAX];

    if (!slash)
        return -EINVAL;
    publish_temporary(instance, job, place, temporary, sizeof temporary);
    if (asprintf(&path, "%.*s/%s", (int)(slash - output), output, temporary) < 0)
        return -ENOMEM;
    return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}
