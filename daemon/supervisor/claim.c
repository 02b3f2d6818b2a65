/* SPDX-License-Identifier: GPL-2.0-or-later */
/* claim - see claim.h. What each Existing= does with a file in the way is one function in a table. */
#include "supervisor/claim.h"

#include "base/cleanup.h"
#include "base/fd_io.h"
#include "base/path_beneath.h"
#include "base/text.h"
#include "recipe/format.h"
#include "recipe/naming.h"
#include "supervisor/fs_kind.h"
#include "supervisor/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum claim {
    CLAIM_FREE,    /* nothing is there, or what may be replaced */
    CLAIM_STANDS,  /* what is there stands for the output */
    CLAIM_SKIPPED, /* the output is not made */
    CLAIM_TAKEN,   /* something that is not ours is there */
    CLAIM_OWNED,   /* the name is another source's */
    CLAIM_BLOCKED, /* something is in the way of a directory above */
    CLAIM_SICK,    /* the environment does not let us see; job->failure says why */
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

enum verdict claim_conflict(struct job *job, int errnum, const char *path, const char *why)
{
    char name[200];

    error_set(
        &job->failure, errnum, CLASS_CONFLICT, STAGE_PUBLISH,
        "what is in the way of its output %s was not made from it, or was changed since%s%s%s; move that "
        "away, or choose another "
        "Existing=, and retry the job",
        text_escape(path, name, sizeof name), why ? " (" : "", why ?: "", why ? ")" : "");
    return VERDICT_FAILED;
}

/* The folder is held, and says so, until somebody cures it. */
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
        return CLAIM_BLOCKED;
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

/* Does the file begin as one of the format that the output has? */
static bool is_of_format(const struct claim_context *context, const struct job *job,
                         const struct job_output *output)
{
    _cleanup_close_ int fd = path_open_beneath(context->root, output->path, O_RDONLY | O_NONBLOCK, 0);
    unsigned char start[FORMAT_MAGIC_BYTES];
    ssize_t n = fd < 0 ? -1 : pread(fd, start, sizeof start, 0);

    if (output->rendition == RENDITION_MANIFEST)
        return fd >= 0 && manifest_is_like(fd);
    return n > 0 && format_begins(job->recipe->renditions[output->rendition].format, start, (size_t)n);
}

static enum claim stands(struct job_output *output, const struct stat *st)
{
    output->after = (struct published){
        .inode = st->st_ino,
        .size = st->st_size,
        .mtime_ns = timespec_ns(&st->st_mtim),
    };
    return CLAIM_STANDS;
}

/* Why what is there cannot have been made from the source; NULL: it may have been. */
static const char *objection(const struct claim_context *context, const struct job *job,
                             const struct job_output *output, const struct stat *st)
{
    if (output->stranger)
        return "it was made from another file";
    if (!S_ISREG(st->st_mode))
        return "it is no regular file";
    if (timespec_ns(&st->st_mtim) < job->version.mtime_ns)
        return "it is older than the source";
    if (!is_of_format(context, job, output))
        return output->rendition == RENDITION_MANIFEST
                   ? "it does not begin as a manifest"
                   : "it does not begin as a picture of the output's format";
    return NULL;
}

static enum claim adopt(const struct claim_context *context, struct job *job, struct job_output *output,
                        const struct stat *st)
{
    return objection(context, job, output, st) ? CLAIM_TAKEN : stands(output, st);
}

/* Where numbers are given, any of several sources may have made what is there: only the very picture that was made now
 * is taken for ours. */
static enum claim recognise(const struct claim_context *context, struct job *job, struct job_output *output,
                            const struct stat *st)
{
    _cleanup_close_ int fd = -1;
    int same;

    if (output->fd < 0 || !S_ISREG(st->st_mode) || (uint64_t)st->st_size != output->bytes)
        return CLAIM_TAKEN;
    fd = path_open_beneath(context->root, output->path, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0)
        return CLAIM_TAKEN; /* gone, or not to be read: it is passed over */
    same = fd_same_content(output->fd, fd);
    if (same < 0)
        return sick(job, -same, output->path);
    return same ? stands(output, st) : CLAIM_TAKEN;
}

static enum claim fail(const struct claim_context *context, struct job *job, struct job_output *output,
                       const struct stat *st)
{
    (void)context, (void)job, (void)output, (void)st;
    return CLAIM_TAKEN;
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
static void take_name(struct job *job, struct job_output *output, char *path, unsigned number)
{
    free(take_ptr(output->owner));
    output->inherited = output->stranger = false;
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
        *output =
            (struct job_output){ .rendition = RENDITION_NONE, .page = 1, .path = output->path, .fd = -1 };
        free(path);
        return;
    }

    free(output->path);
    output->path = path;
    output->before = (struct published){ 0 };
    output->number = number;
}

/* Is @path that of another output of the job? */
static bool is_in_use(const struct job *job, const struct job_output *output, const char *path)
{
    for (size_t i = 0; i < job->output_count; i++)
        if (&job->outputs[i] != output && job->outputs[i].rendition != RENDITION_NONE &&
            strcmp(job->outputs[i].path, path) == 0)
            return true;
    return false;
}

/* What an earlier version of the source left at @path. */
static struct published published_at(const struct job *job, const char *path)
{
    for (size_t i = 0; i < job->output_count; i++)
        if (strcmp(job->outputs[i].path, path) == 0)
            return job->outputs[i].before;
    return (struct published){ 0 };
}

/* The first number under which the name is free on the disk and in the ledger; or, after a ledger may have been lost,
 * under which the picture is already. */
static enum claim number(const struct claim_context *context, struct job *job, struct job_output *output,
                         const struct stat *st)
{
    struct naming_page page = { .number = output->page, .count = job->pages ?: 1 };
    _cleanup_free_ char *base = NULL;

    (void)st;
    if (naming_output_page(job->recipe, output->rendition, job->path, job->version.mtime_ns, page, &base) < 0)
        return sick(job, ENOMEM, output->path);

    for (unsigned i = output->number + 1; i <= CLAIM_NUMBERS_MAX; i++) {
        _cleanup_free_ char *path = naming_numbered(base, i);
        struct job_output candidate = { .path = path, .fd = output->fd, .bytes = output->bytes };
        enum claim claim;
        struct stat other;
        int r;

        if (!path)
            return sick(job, ENOMEM, output->path);
        if (is_in_use(job, output, path))
            continue;
        candidate.before = published_at(job, path);
        claim = look(context, job, &candidate, &other);
        if (claim == CLAIM_TAKEN && job->adopt)
            claim = recognise(context, job, &candidate, &other);
        if (claim == CLAIM_TAKEN)
            continue;
        if (claim != CLAIM_FREE && claim != CLAIM_STANDS)
            return claim;
        r = context->move(context->user, job, output, path);
        if (r == -EEXIST)
            continue;
        if (r < 0)
            return sick(job, -r, output->path);
        output->after = candidate.after;
        take_name(job, output, take_ptr(path), i);
        return claim;
    }
    return CLAIM_TAKEN;
}

static claim_rule *const rules[] = {
    [EXISTING_FAIL] = fail,           [EXISTING_ADOPT] = adopt,   [EXISTING_SKIP] = skip,
    [EXISTING_OVERWRITE] = overwrite, [EXISTING_NUMBER] = number,
};

/* Of another source the ledger keeps names even when its file is gone; then they are to be had. */
static enum claim inherit(const struct claim_context *context, struct job *job, struct job_output *output)
{
    struct stat st;
    int r = output->owner ? path_stat_beneath(context->source_root, output->owner, &st) : -ENOENT;

    if (r == 0)
        return CLAIM_OWNED;
    if (r != -ENOENT && r != -ENOTDIR && r != -ELOOP && r != -EXDEV) /* a link or a mount that hides it */
        return sick(job, -r, output->owner);
    r = context->move(context->user, job, output, output->path);
    output->inherited = r < 0;
    if (r == -EEXIST)
        return CLAIM_OWNED;
    return r < 0 ? sick(job, -r, output->path) : CLAIM_FREE;
}

/* A ledger that never saw this folder before may be one that was lost: what may be ours is taken for that. Which number
 * is whose can be told only when the picture is made; until then nothing is in its way. */
static enum claim find_again(const struct claim_context *context, struct job *job, struct job_output *output,
                             const struct stat *st)
{
    if (context->conf->existing != EXISTING_NUMBER)
        return adopt(context, job, output, st);
    return output->fd < 0 ? CLAIM_FREE : recognise(context, job, output, st);
}

static enum claim decide(const struct claim_context *context, struct job *job, struct job_output *output)
{
    struct stat st;
    enum claim claim = look(context, job, output, &st), owned;

    if (claim == CLAIM_TAKEN && job->adopt)
        claim = find_again(context, job, output, &st);
    if (claim == CLAIM_TAKEN)
        claim = rules[context->conf->existing](context, job, output, &st);
    if (!output->inherited || (claim != CLAIM_FREE && claim != CLAIM_STANDS))
        return claim;

    owned = inherit(context, job, output);
    if (owned == CLAIM_OWNED && context->conf->existing == EXISTING_NUMBER)
        return number(context, job, output, &st);
    return owned == CLAIM_FREE ? claim : owned;
}

static bool has_inherited(const struct job *job)
{
    for (size_t i = 0; i < job->output_count; i++)
        if (job->outputs[i].inherited)
            return true;
    return false;
}

bool claim_is_asked(const struct job *job)
{
    int existing = job->folder->existing;

    return job->adopt || has_inherited(job) || existing == EXISTING_ADOPT || existing == EXISTING_SKIP ||
           existing == EXISTING_NUMBER;
}

/* ---- all of a job ---- */

static bool is_asked_about(const struct job_output *output, bool made)
{
    return output->rendition != RENDITION_NONE && !output->skipped && (!made || output->made);
}

/* A finished picture is kept until the job ends: what stands for it may be gone when publishing is tried again. */
static void mark(struct job *job, struct job_output *output, enum claim claim)
{
    output->skipped = claim == CLAIM_SKIPPED;
    output->adopted = claim == CLAIM_STANDS;
    job->skipped |= output->skipped;
    output->made = (output->made || output->adopted) && !output->skipped;
}

struct tally {
    size_t asked, settled, standing;
    const char *stands; /* the path of one that is adopted */
};

static struct tally count(const struct job *job, bool made)
{
    struct tally tally = { 0 };

    for (size_t i = 0; i < job->output_count; i++) {
        const struct job_output *output = &job->outputs[i];

        if (!is_asked_about(output, made))
            continue;
        tally.asked++;
        tally.settled += output->claim != CLAIM_FREE;
        if (output->claim == CLAIM_STANDS) {
            tally.standing++;
            tally.stands = output->path;
        }
    }
    return tally;
}

/* What nobody asked to be adopted, but may be what a lost ledger knew, is adopted as a whole set or not at all; by
 * numbers the pictures themselves tell. */
static bool is_half_a_set(const struct job *job, const struct tally *tally)
{
    int existing = job->folder->existing;

    return tally->standing > 0 && tally->standing < tally->asked && existing != EXISTING_ADOPT &&
           existing != EXISTING_NUMBER;
}

/* Then what stands there is in the way, as Existing= says. */
static void regard_as_foreign(struct job *job)
{
    for (size_t i = 0; i < job->output_count; i++)
        if (job->outputs[i].claim == CLAIM_STANDS)
            job->outputs[i].claim = job->folder->existing == EXISTING_SKIP ? CLAIM_SKIPPED : CLAIM_FREE;
}

/* Why Existing= has no way past what is there, as far as it is about the file. */
static const char *why_not(const struct claim_context *context, struct job *job,
                           const struct job_output *output)
{
    int existing = context->conf->existing;
    struct stat st;

    if (look(context, job, output, &st) != CLAIM_TAKEN)
        return NULL;
    if (job->adopt || existing == EXISTING_ADOPT)
        return objection(context, job, output, &st);
    return existing == EXISTING_OVERWRITE ? "it is no regular file" : NULL;
}

/* The outputs of @job whose names it cannot have fail it. */
static enum verdict fail_for(const struct claim_context *context, struct job *job,
                             const struct job_output *output, enum claim claim)
{
    char name[151];

    if (claim != CLAIM_OWNED)
        return claim_conflict(job, EEXIST, output->path,
                              claim == CLAIM_TAKEN ? why_not(context, job, output) : NULL);
    if (output->owner)
        job_fail_for_name(job, STAGE_PUBLISH, output->path, context->conf->name, output->owner);
    else
        error_set(&job->failure, EEXIST, CLASS_CONFLICT, STAGE_PUBLISH,
                  "its output %s belongs to another file already; rename or remove one of them, and retry "
                  "the job",
                  text_escape(output->path, name, sizeof name));
    return VERDICT_FAILED;
}

/* What becomes of @output; or the verdict on the job when it cannot be had. */
static enum verdict decide_one(const struct claim_context *context, struct job *job,
                               struct job_output *output, bool made)
{
    uint32_t rendition = output->rendition, page = output->page;
    enum claim claim;

    output->claim = CLAIM_FREE;
    if (!is_asked_about(output, made))
        return VERDICT_OK;
    claim = decide(context, job, output);
    if (claim == CLAIM_SICK)
        return VERDICT_RETRY;
    if (claim == CLAIM_TAKEN || claim == CLAIM_OWNED || claim == CLAIM_BLOCKED)
        return fail_for(context, job, output, claim);
    job_find_output(job, rendition, page)->claim = (int)claim; /* another one, if it got another name */
    return VERDICT_OK;
}

/* What is found by its content (recognise()) has to be there; and that of a manifest follows from the others' names. */
static enum verdict decide_manifest(const struct claim_context *context, struct job *job, bool made)
{
    struct job_output *manifest = job_find_output(job, RENDITION_MANIFEST, 1);

    if (!manifest)
        return VERDICT_OK;
    if (made && job->adopt && !job->plan && manifest_write(job, context->root) < 0)
        return VERDICT_RETRY;
    return decide_one(context, job, manifest, made);
}

/* All outputs, the manifest last. */
static enum verdict decide_all(const struct claim_context *context, struct job *job, bool made)
{
    for (size_t i = 0; i < job->output_count; i++) {
        struct job_output *output = &job->outputs[i];
        enum verdict verdict =
            output->rendition == RENDITION_MANIFEST ? VERDICT_OK : decide_one(context, job, output, made);

        if (verdict != VERDICT_OK)
            return verdict;
    }
    return decide_manifest(context, job, made);
}

enum verdict claim_outputs(const struct claim_context *context, struct job *job, bool made)
{
    enum verdict verdict = decide_all(context, job, made);
    struct tally tally = count(job, made);

    if (verdict != VERDICT_OK)
        return verdict;
    /* Before the work it is not known which outputs the picture is large enough for, nor how many pages it has. */
    if (!made && (tally.settled < tally.asked || job_awaits_pages(job)))
        return VERDICT_OK;
    if (is_half_a_set(job, &tally)) {
        if (job->folder->existing == EXISTING_FAIL)
            return claim_conflict(job, EEXIST, tally.stands, "not all of its outputs are there");
        regard_as_foreign(job);
        tally = count(job, made);
    }
    for (size_t i = 0; i < job->output_count; i++)
        if (is_asked_about(&job->outputs[i], made))
            mark(job, &job->outputs[i], (enum claim)job->outputs[i].claim);
    return tally.settled == tally.asked ? VERDICT_SETTLED : VERDICT_OK;
}
