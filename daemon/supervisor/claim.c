/* SPDX-License-Identifier: GPL-2.0-or-later */
/* claim - see claim.h. What each Existing= does with a file in the way is one function in a table. */
#include "supervisor/claim.h"

#include "base/cleanup.h"
#include "base/path_beneath.h"
#include "base/text.h"
#include "recipe/naming.h"
#include "supervisor/fs_kind.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum claim {
    CLAIM_FREE,    /* nothing is there, or what may be replaced */
    CLAIM_STANDS,  /* what is there stands for the output */
    CLAIM_SKIPPED, /* the output is not made */
    CLAIM_TAKEN,
    CLAIM_SICK, /* the environment does not let us see; job->failure says why */
};

int claim_is_ours(int directory, const char *name, const struct published *published)
{
    struct stat st;

    if (published->inode == 0)
        return 0;
    if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    return st.st_size == published->size && timespec_ns(&st.st_mtim) == published->mtime_ns &&
           (st.st_ino == published->inode || fs_kind_of(directory)->coarse);
}

enum verdict claim_conflict(struct job *job, int errnum, const char *path)
{
    char name[200];

    error_set(
        &job->failure, errnum, CLASS_CONFLICT, STAGE_PUBLISH,
        "something that is not ours is in the way of its output %s; move it, or choose another Existing=, "
        "and retry the job",
        text_escape(path, name, sizeof name));
    return VERDICT_FAILED;
}

static enum claim sick(struct job *job, int errnum, const char *path)
{
    char name[200];

    error_set_errno(&job->failure, errnum, STAGE_PUBLISH, "cannot look at %s",
                    text_escape(path, name, sizeof name));
    job->failure.class = CLASS_ENVIRONMENT;
    return CLAIM_SICK;
}

/* What is under the output's name? FREE also when it is ours; TAKEN by *@ret. */
static enum claim look(const struct claim_context *context, struct job *job, const struct job_output *output,
                       struct stat *ret)
{
    const char *name;
    _cleanup_close_ int directory = path_open_parent(context->root, output->path, &name);
    int r;

    *ret = (struct stat){ 0 };
    if (directory == -ENOENT || directory == -ENAMETOOLONG)
        return CLAIM_FREE; /* a path that cannot be is publishing's to tell */
    if (directory == -ENOTDIR || directory == -ELOOP || directory == -EXDEV)
        return CLAIM_TAKEN;
    if (directory < 0)
        return sick(job, -directory, output->path);
    if (fstatat(directory, name, ret, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT || errno == ENAMETOOLONG ? CLAIM_FREE : sick(job, errno, output->path);
    r = claim_is_ours(directory, name, &output->before);
    if (r < 0)
        return sick(job, -r, output->path);
    return r > 0 ? CLAIM_FREE : CLAIM_TAKEN;
}

/* ---- what Existing= says ---- */

typedef enum claim claim_rule(const struct claim_context *context, struct job *job, struct job_output *output,
                              const struct stat *st);

/* Not older than the source: it may have been made of it. */
static bool may_stand(const struct job *job, const struct stat *st)
{
    return S_ISREG(st->st_mode) && st->st_size > 0 && timespec_ns(&st->st_mtim) >= job->version.mtime_ns;
}

static enum claim adopt(const struct claim_context *context, struct job *job, struct job_output *output,
                        const struct stat *st)
{
    (void)context;
    if (!may_stand(job, st))
        return CLAIM_TAKEN;
    output->after = (struct published){
        .inode = st->st_ino,
        .size = st->st_size,
        .mtime_ns = timespec_ns(&st->st_mtim),
    };
    return CLAIM_STANDS;
}

/* A ledger that never saw this folder before may be one that was lost: outputs that are all there stand. */
static enum claim fail(const struct claim_context *context, struct job *job, struct job_output *output,
                       const struct stat *st)
{
    return job->adopt ? adopt(context, job, output, st) : CLAIM_TAKEN;
}

static enum claim skip(const struct claim_context *context, struct job *job, struct job_output *output,
                       const struct stat *st)
{
    (void)context, (void)job, (void)output, (void)st;
    return CLAIM_SKIPPED;
}

static enum claim overwrite(const struct claim_context *context, struct job *job, struct job_output *output,
                            const struct stat *st)
{
    (void)context, (void)job, (void)output;
    return S_ISREG(st->st_mode) ? CLAIM_FREE : CLAIM_TAKEN;
}

/* The output gets @path (owned by it from now on). An earlier version may have published there: that entry is the
 * output then, and what was planned is nothing. */
static struct job_output *take_name(struct job *job, struct job_output *output, char *path, unsigned number)
{
    for (size_t i = 0; i < job->output_count; i++) {
        struct job_output *other = &job->outputs[i];
        struct job_output merged;

        if (other == output || strcmp(other->path, path) != 0)
            continue;
        merged = *output;
        merged.path = other->path;
        merged.before = other->before;
        merged.number = number;
        *other = merged;
        *output = (struct job_output){ .rendition = RENDITION_NONE, .path = output->path, .fd = -1 };
        free(path);
        return other;
    }

    free(output->path);
    output->path = path;
    output->before = (struct published){ 0 };
    output->number = number;
    return output;
}

/* The first number under which the name is free in the ledger and on the disk. */
static enum claim number(const struct claim_context *context, struct job *job, struct job_output *output,
                         const struct stat *st)
{
    _cleanup_free_ char *base = NULL;
    struct stat other;

    (void)st;
    if (naming_output(job->recipe, output->rendition, job->path, job->version.mtime_ns, &base) < 0)
        return sick(job, ENOMEM, output->path);

    for (unsigned i = output->number + 1; i <= CLAIM_NUMBERS_MAX; i++) {
        char *path = naming_numbered(base, i);
        enum claim claim;
        int r = path ? context->move(context->user, job, output, path) : -ENOMEM;

        if (r < 0) {
            free(path);
            if (r == -EEXIST)
                continue;
            return sick(job, -r, output->path);
        }
        output = take_name(job, output, path, i);
        claim = look(context, job, output, &other);
        if (claim != CLAIM_TAKEN)
            return claim;
    }
    return CLAIM_TAKEN;
}

static claim_rule *const rules[] = {
    [EXISTING_FAIL] = fail,           [EXISTING_ADOPT] = adopt,   [EXISTING_SKIP] = skip,
    [EXISTING_OVERWRITE] = overwrite, [EXISTING_NUMBER] = number,
};

bool claim_is_asked(const struct job *job)
{
    int existing = job->folder->existing;

    return job->adopt || existing == EXISTING_ADOPT || existing == EXISTING_SKIP ||
           existing == EXISTING_NUMBER;
}

/* ---- all of a job ---- */

static bool is_asked_about(const struct job_output *output, bool made)
{
    return output->rendition != RENDITION_NONE && (!made || output->made);
}

static void mark(struct job_output *output, enum claim claim)
{
    output->adopted = claim == CLAIM_STANDS;
    if (output->adopted)
        output->made = true;
    if (claim == CLAIM_SKIPPED)
        output->made = false;
    if (claim == CLAIM_STANDS || claim == CLAIM_SKIPPED)
        output->fd = close_fd(output->fd);
}

struct tally {
    size_t asked, settled;
    const char *stands; /* the path of one that is adopted */
};

/* Without Existing=adopt a set is adopted whole or not at all. */
static bool is_half_a_set(const struct job *job, const struct tally *tally)
{
    return tally->stands && tally->settled < tally->asked && job->folder->existing == EXISTING_FAIL;
}

enum verdict claim_outputs(const struct claim_context *context, struct job *job, bool made)
{
    enum claim claims[RECIPE_RENDITIONS_MAX] = { CLAIM_FREE };
    struct tally tally = { 0 };

    for (size_t i = 0; i < job->output_count; i++) {
        struct job_output *output = &job->outputs[i];
        uint32_t rendition = output->rendition;
        enum claim claim;
        struct stat st;

        if (!is_asked_about(output, made))
            continue;
        claim = look(context, job, output, &st);
        if (claim == CLAIM_TAKEN)
            claim = rules[context->conf->existing](context, job, output, &st);
        if (claim == CLAIM_SICK)
            return VERDICT_RETRY;
        if (claim == CLAIM_TAKEN)
            return claim_conflict(job, EEXIST, output->path);

        claims[rendition] = claim;
        tally.asked++;
        tally.settled += claim != CLAIM_FREE;
        tally.stands = claim == CLAIM_STANDS ? output->path : tally.stands;
    }

    if (made && is_half_a_set(job, &tally))
        return claim_conflict(job, EEXIST, tally.stands);
    /* Before the work it is not known which outputs the picture is large enough for. */
    if (!made && tally.settled < tally.asked)
        return VERDICT_OK;
    for (size_t i = 0; i < job->output_count; i++)
        if (is_asked_about(&job->outputs[i], made))
            mark(&job->outputs[i], claims[job->outputs[i].rendition]);
    return tally.settled == tally.asked ? VERDICT_SETTLED : VERDICT_OK;
}
