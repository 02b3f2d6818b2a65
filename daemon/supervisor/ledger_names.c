/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_names - see ledger_names.h. */
#include "supervisor/ledger_names.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "recipe/naming.h"
#include "supervisor/claim.h"
#include "supervisor/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The absolute path under which the output at @path of @folder is known. The caller frees. */
char *ledger_absolute_output(const struct folder_conf *folder, const char *path)
{
    char *absolute;

    return asprintf(&absolute, "%s/%s", folder->output, path) < 0 ? NULL : absolute;
}

/* The part of @absolute below the folder's Output, or NULL when it is from an Output= that is no more. */
const char *ledger_below_output(const struct folder_conf *folder, const char *absolute)
{
    size_t length = strlen(folder->output);

    return strncmp(absolute, folder->output, length) == 0 && absolute[length] == '/' ? absolute + length + 1
                                                                                     : NULL;
}

/* All that was ever published for @source, as outputs that are not made any more until the plan says else. */
static int load_published(struct ledger_store *store, struct job *job, int64_t source)
{
    sqlite3_stmt *statement = sql_start(store, SQL_OUTPUTS_OF_SOURCE, "i", source);
    int r;

    while ((r = sql_step(store, statement)) > 0) {
        _cleanup_free_ char *absolute = sql_column_string(statement, 0);
        const char *path = absolute ? ledger_below_output(job->folder, absolute) : NULL;
        struct job_output *output;

        if (!path)
            continue;
        output = job_add_output(job, RENDITION_NONE, path);
        if (!output) {
            sqlite3_reset(statement);
            return -ENOMEM;
        }
        output->before = (struct published){
            .inode = (uint64_t)sqlite3_column_int64(statement, 1),
            .size = sqlite3_column_int64(statement, 2),
            .mtime_ns = sqlite3_column_int64(statement, 3),
        };
        output->stranger = sqlite3_column_int(statement, 4) != 0;
    }
    return r;
}

/* Who has the name of an output. */
struct owner {
    int64_t source;
    char *folder, *path;
    bool gone; /* its file is, or its folder is not configured any more */
    bool configured;
    bool idle; /* nothing of it is under way */
};

static void release_owner(struct owner *owner)
{
    free(owner->folder);
    free(owner->path);
}

/* 1, or 0 when nobody has it. */
static int find_owner(struct ledger_store *store, const struct job *job, const char *path, struct owner *ret)
{
    _cleanup_free_ char *absolute = ledger_absolute_output(job->folder, path);
    sqlite3_stmt *statement;
    bool ended = false;
    int r;

    if (!absolute)
        return -ENOMEM;
    statement = sql_start(store, SQL_OWNER_OF_OUTPUT, "b", absolute);
    r = sql_step(store, statement);
    if (r > 0) {
        ret->folder = sql_column_string(statement, 0);
        ret->path = sql_column_string(statement, 1);
        ret->source = sqlite3_column_int64(statement, 2);
        ret->gone = sqlite3_column_int(statement, 3) != 0;
        ended = sqlite3_column_int(statement, 4) != 0;
        ret->idle = ended && sqlite3_column_int(statement, 5) == 0;
    }
    sqlite3_reset(statement);
    if (r > 0 && (!ret->folder || !ret->path))
        return -ENOMEM;
    ret->configured = r > 0 && config_folder(job->config, ret->folder);
    if (r > 0 && !ret->configured) { /* nobody will deal with its original */
        ret->gone = true;
        ret->idle = ended;
    }
    return r;
}

static void conflict(struct job *job, const char *path, const struct owner *owner)
{
    job_fail_for_name(job, STAGE_PLAN, path, owner->folder, owner->path);
    job->state = JOB_FAILED;
}

static struct job_output *find_output(struct job *job, const char *path)
{
    for (size_t i = 0; i < job->output_count; i++)
        if (strcmp(job->outputs[i].path, path) == 0)
            return &job->outputs[i];
    return NULL;
}

/* Is @path the name of another output of the very job? */
static bool has_name(struct job *job, const char *path)
{
    const struct job_output *output = find_output(job, path);

    return output && output->rendition != RENDITION_NONE;
}

/* 1: the name is @source's now; 0: it belongs to another source. */
int ledger_reserve(struct ledger_store *store, const struct job *job, int64_t source, uint32_t place,
                   const char *path)
{
    _cleanup_free_ char *absolute = ledger_absolute_output(job->folder, path);

    if (!absolute)
        return -ENOMEM;
    if (sql_finish(store, sql_start(store, SQL_RESERVE_OUTPUT, "biii", absolute, source, (int64_t)job->id,
                                    (int64_t)place)) < 0)
        return -EIO;
    return sqlite3_changes(store->database) > 0;
}

/* The name is @source's from now on, and what may be under it is @owner's work. One whose folder is not configured any
 * more cannot say what is to become of its original: that is not deleted, should the folder come back. */
static int take_over(struct ledger_store *store, const struct job *job, int64_t source, uint32_t place,
                     const struct owner *owner, const char *path)
{
    _cleanup_free_ char *absolute = ledger_absolute_output(job->folder, path);
    int r;

    if (!absolute)
        return -ENOMEM;
    r = sql_finish(store, sql_start(store, SQL_TAKE_OVER_OUTPUT, "biiii", absolute, source, (int64_t)job->id,
                                    (int64_t)place, (int64_t)owner->configured));
    if (r < 0 || owner->configured)
        return r;
    return sql_finish(store, sql_start(store, SQL_SPARE_ORIGINAL, "i", owner->source));
}

/* The first number under which the name can be had; *path becomes it. 1 when there is one, 0 when not. */
static int reserve_numbered(struct ledger_store *store, struct job *job, int64_t source, uint32_t place,
                            char **path, unsigned *ret_number)
{
    for (unsigned number = 1; number <= CLAIM_NUMBERS_MAX; number++) {
        char *numbered = naming_numbered(*path, number);
        int r = numbered ? 0 : -ENOMEM;

        if (numbered && !has_name(job, numbered))
            r = ledger_reserve(store, job, source, place, numbered);
        if (r <= 0) {
            free(numbered);
            if (r < 0)
                return r;
            continue;
        }
        free(*path);
        *path = numbered;
        *ret_number = number;
        return 1;
    }
    return 0;
}

/* May the name be had, because its owner is gone, as far as the ledger can tell? The watcher looks once more. */
static bool may_be_inherited(const struct owner *owner)
{
    return owner->idle && owner->gone;
}

int ledger_inherit(struct ledger_store *store, const struct job *job, int64_t source, uint32_t place,
                   const char *path)
{
    _cleanup_(release_owner) struct owner owner = { 0 };
    int r = ledger_reserve(store, job, source, place, path);

    if (r != 0)
        return r;
    r = find_owner(store, job, path, &owner);
    if (r <= 0 || !may_be_inherited(&owner))
        return r < 0 ? r : 0;
    r = take_over(store, job, source, place, &owner, path);
    return r < 0 ? r : 1;
}

/* Another source has the name, and keeps it: what Existing= says. 1: *path may be had; 0: the output is not made, or it
 * was a clash: job->state says so. What is to be overwritten stays the other's until that is announced: nothing may
 * come of it. */
static int resolve_clash(struct ledger_store *store, struct job *job, int64_t source, uint32_t place,
                         const struct owner *owner, char **path, unsigned *ret_number)
{
    int r = 0;

    if (job->folder->existing == EXISTING_SKIP) {
        job->skipped = true;
        return 0;
    }
    if (job->folder->existing == EXISTING_OVERWRITE)
        return 1;
    if (job->folder->existing == EXISTING_NUMBER)
        r = reserve_numbered(store, job, source, place, path, ret_number);
    if (r == 0)
        conflict(job, *path, owner);
    return r;
}

/* One of what a job is to make: a rendition of a page or the manifest, and its name. */
struct piece {
    uint32_t rendition, page;
    char *path;
};

static void release_piece(struct piece *piece)
{
    free(piece->path);
}

static uint32_t place_of(const struct piece *piece)
{
    return job_output_place(&(struct job_output){ .rendition = piece->rendition, .page = piece->page });
}

static int name_piece(const struct job *job, struct piece *piece)
{
    struct naming_page page = { .number = piece->page, .count = job->pages ?: 1 };

    return naming_output_page(job->recipe, piece->rendition, job->path, job->version.mtime_ns, page,
                              &piece->path);
}

/* What the recipe's check cannot foresee of a document's pages: Name= makes one name of two of them. */
static int resolve_meeting(struct ledger_store *store, struct job *job, int64_t source, struct piece *piece,
                           unsigned *ret_number)
{
    char name[151];

    if (job->folder->existing == EXISTING_NUMBER)
        return reserve_numbered(store, job, source, place_of(piece), &piece->path, ret_number);
    error_set(&job->failure, EEXIST, CLASS_PERMANENT, STAGE_PLAN,
              "two of its outputs would both be called %s; give each [Output] a Name= of its own",
              text_escape(piece->path, name, sizeof name));
    job->state = JOB_FAILED;
    return 0;
}

/* The output at the path of @piece is that. NULL when memory is out. */
static struct job_output *set_output(struct job *job, const struct piece *piece)
{
    struct job_output *output =
        find_output(job, piece->path) ?: job_add_output(job, piece->rendition, piece->path);

    if (output) {
        output->rendition = piece->rendition;
        output->page = piece->page;
    }
    return output;
}

/* Reserves the name that Name= makes of @piece, or another that may be had. 1: *ret_owner is empty, or has it no more;
 * 0: it is not made, or it was a clash: job->state says so. */
static int reserve_piece(struct ledger_store *store, struct job *job, int64_t source, struct piece *piece,
                         struct owner *ret_owner, unsigned *ret_number)
{
    int r;

    if (has_name(job, piece->path))
        return resolve_meeting(store, job, source, piece, ret_number);

    r = ledger_reserve(store, job, source, place_of(piece), piece->path);
    if (r != 0)
        return r;
    if (find_owner(store, job, piece->path, ret_owner) < 0)
        return -EIO;
    if (ret_owner->path && may_be_inherited(ret_owner))
        return 1;
    return resolve_clash(store, job, source, place_of(piece), ret_owner, &piece->path, ret_number);
}

/* Gives @job the output that @piece is, under its name. 0 also when it cannot have that: job->state says so. */
static int plan_piece(struct ledger_store *store, struct job *job, int64_t source, struct piece *piece)
{
    _cleanup_(release_owner) struct owner owner = { 0 };
    struct job_output *output;
    unsigned number = 0;
    int r;

    r = name_piece(job, piece);
    if (r == -EINVAL) {
        error_set(&job->failure, EINVAL, CLASS_PERMANENT, STAGE_PLAN, "Name= leaves nothing of its name");
        job->state = JOB_FAILED;
        return 0;
    }
    if (r == 0)
        r = reserve_piece(store, job, source, piece, &owner, &number);
    if (r <= 0)
        return r;

    output = set_output(job, piece);
    if (!output)
        return -ENOMEM;
    output->number = number;
    output->inherited = owner.path && may_be_inherited(&owner);
    if (owner.path && number == 0)
        output->stranger = owner.configured;
    free(take_ptr(output->owner));
    if (output->inherited && strcmp(owner.folder, job->folder->name) == 0)
        output->owner = take_ptr(owner.path);
    return 0;
}

/* Every page has what its name tells apart, the first has all. */
static bool is_made_of(const struct job *job, const struct piece *piece)
{
    return piece->page == 1 || naming_has_pages(job->recipe, piece->rendition);
}

/* The recipe's renditions of all pages. */
static size_t count_pictures(const struct job *job)
{
    return job->recipe->rendition_count * (job->pages ?: 1);
}

/* The piece @index: the pictures in their order, and then the manifest. */
static struct piece piece_at(const struct job *job, size_t index)
{
    size_t renditions = job->recipe->rendition_count;

    if (index == count_pictures(job))
        return (struct piece){ .rendition = RENDITION_MANIFEST, .page = 1 };
    return (struct piece){ .rendition = (uint32_t)(index % renditions),
                           .page = (uint32_t)(index / renditions) + 1 };
}

static size_t count_pieces(const struct job *job)
{
    return count_pictures(job) + (job->recipe->manifest.name_template ? 1 : 0);
}

int ledger_plan_outputs(struct ledger_store *store, struct job *job, int64_t source)
{
    int r = load_published(store, job, source);

    for (size_t i = 0; r == 0 && i < count_pieces(job) && job->state != JOB_FAILED; i++) {
        _cleanup_(release_piece) struct piece piece = piece_at(job, i);

        if (is_made_of(job, &piece))
            r = plan_piece(store, job, source, &piece);
    }
    return r;
}

/* Names that were reserved for it when its pages were not counted, and that none of its outputs has. */
static int give_names_back(struct ledger_store *store, const struct job *job)
{
    for (size_t i = 0; i < job->output_count; i++) {
        const struct job_output *output = &job->outputs[i];
        _cleanup_free_ char *absolute = NULL;

        if (output->rendition != RENDITION_NONE || output->before.inode != 0)
            continue;
        absolute = ledger_absolute_output(job->folder, output->path);
        if (!absolute)
            return -ENOMEM;
        if (sql_finish(store, sql_start(store, SQL_DROP_RESERVATION, "bi", absolute, (int64_t)job->id)) < 0)
            return -EIO;
    }
    return 0;
}

int ledger_plan_pages(struct ledger_store *store, struct job *job, int64_t source)
{
    int r = ledger_plan_outputs(store, job, source);

    return r < 0 ? r : give_names_back(store, job);
}

/* ---- plans, which reserve nothing ---- */

static int find_owners(struct ledger_store *store, struct job *job, int64_t source)
{
    struct plan *plan = job->plan;

    plan->names = calloc(job->output_count + 1, sizeof *plan->names);
    if (!plan->names)
        return -ENOMEM;
    plan->name_count = job->output_count;
    for (size_t i = 0; i < plan->name_count; i++) {
        _cleanup_(release_owner) struct owner owner = { 0 };
        int r = find_owner(store, job, job->outputs[i].path, &owner);

        if (r < 0)
            return r;
        if (r > 0 && owner.source != source)
            plan->names[i] = (struct plan_name){ .owner = PLAN_SOURCE,
                                                 .folder = take_ptr(owner.folder),
                                                 .path = take_ptr(owner.path) };
    }
    return 0;
}

/* The number of the source that the plan is about; 0: the ledger does not know it. */
static int find_source(struct ledger_store *store, const struct job *job, int64_t *ret)
{
    sqlite3_stmt *statement = sql_start(store, SQL_FIND_SOURCE, "tb", job->folder->name, job->path);
    int r = sql_step(store, statement);

    *ret = r > 0 ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return r < 0 ? r : 0;
}

/* Those that a clash kept from being planned are listed as well, under the names that they would have had. */
static int list_unplanned(struct job *job)
{
    struct job_output *output;

    for (size_t i = 0; i < count_pieces(job); i++) {
        _cleanup_(release_piece) struct piece piece = piece_at(job, i);
        int r;

        if (!is_made_of(job, &piece) || job_find_output(job, piece.rendition, piece.page))
            continue;
        r = name_piece(job, &piece);
        if (r < 0)
            return r;
        output = set_output(job, &piece);
        if (!output)
            return -ENOMEM;
        output->skipped = job->skipped;
    }
    return 0;
}

/* What ledger_plan_outputs() would do, and then it is as if it had not been. */
static int plan_and_forget(struct ledger_store *store, struct job *job, int64_t source)
{
    int r = sql_run(store, "SAVEPOINT plan");

    if (r == 0 && !source) {
        r = ledger_add_source(store, job->folder->name, job->path, &job->version);
        source = (int64_t)sqlite3_last_insert_rowid(store->database);
    }
    if (r == 0)
        r = ledger_plan_outputs(store, job, source);
    return sql_run(store, "ROLLBACK TO plan; RELEASE plan") < 0 ? -EIO : r;
}

int ledger_store_plan(struct ledger_store *store, struct job *job)
{
    int64_t source;
    int r;

    /* A batch that failed is tried again. */
    job_drop_outputs(job);
    job->failure = job->plan->conflict = (struct error){ .class = CLASS_NONE };
    job->state = JOB_QUEUED;
    job->skipped = false;
    plan_drop_names(job->plan);

    r = find_source(store, job, &source);
    if (r == 0)
        r = plan_and_forget(store, job, source);
    if (r == 0 && job->failure.class == CLASS_CONFLICT) {
        job->plan->conflict = job->failure;
        job->failure = (struct error){ .class = CLASS_NONE };
    }
    if (r == 0 && (job->skipped || job->plan->conflict.class != CLASS_NONE))
        r = list_unplanned(job);
    return r < 0 ? r : find_owners(store, job, source);
}

int ledger_store_may_have(struct ledger_store *store, const struct job *job, const char *path)
{
    _cleanup_(release_owner) struct owner owner = { 0 };
    int64_t source;
    int r = find_source(store, job, &source);

    if (r == 0)
        r = find_owner(store, job, path, &owner);
    if (r <= 0)
        return r < 0 ? r : 1;
    return owner.source == source || may_be_inherited(&owner);
}
