/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan - see plan.h. From top to bottom: the answer, the way there, its beginning. */
#include "supervisor/plan.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/path_beneath.h"
#include "base/text.h"
#include "supervisor/snapshot.h"
#include "supervisor/claim.h"
#include "supervisor/folders.h"
#include "supervisor/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PLAN_ID_FIRST (UINT64_C(1) << 63) /* the ledger's numbers stay below */
#define PLAN_TIMEOUT_US (60 * USEC_PER_SEC)

enum { FOLDER_LIST_BYTES = 240 };

void plan_drop_names(struct plan *plan)
{
    if (!plan)
        return;
    for (size_t i = 0; i < plan->name_count; i++) {
        free(plan->names[i].folder);
        free(plan->names[i].path);
    }
    free(take_ptr(plan->names));
    plan->name_count = 0;
}

void plan_free(struct plan *plan)
{
    plan_drop_names(plan);
    free(plan);
}

/* ---- what would become of a name ---- */

static const char *const owner_words[PLAN_OWNER_COUNT] = {
    [PLAN_FREE] = "free",
    [PLAN_OURS] = "ours",
    [PLAN_SOURCE] = "taken",
    [PLAN_OTHER] = "taken",
};

/* What Existing= makes of it; "fail": then the whole job does, and nothing is made. */
static const char *action(const struct job *job, const struct job_output *output,
                          const struct plan_name *name)
{
    if (output->skipped)
        return "skip";
    if (output->adopted)
        return "adopt";
    if (name->owner == PLAN_FREE)
        return output->number > 0 ? "number" : "make";
    if (name->owner == PLAN_OURS)
        return "replace";
    return job->folder->existing == EXISTING_OVERWRITE && (name->owner == PLAN_SOURCE || name->is_file)
               ? "overwrite"
               : "fail";
}

/* Whose is what is under the output's name? */
static enum plan_owner look_at(int root, const struct job_output *output, bool *ret_is_file)
{
    const char *name;
    _cleanup_close_ int directory = path_open_parent(root, output->path, &name);
    struct stat st;

    *ret_is_file = false;
    if (directory < 0 || fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return PLAN_FREE;
    *ret_is_file = S_ISREG(st.st_mode);
    return claim_is_ours(directory, name, &output->before) > 0 ? PLAN_OURS : PLAN_OTHER;
}

void plan_look_at_names(struct job *job)
{
    _cleanup_close_ int root = open(job->folder->output, O_PATH | O_DIRECTORY | O_CLOEXEC);

    for (size_t i = 0; i < job->plan->name_count; i++) {
        struct plan_name *name = &job->plan->names[i];

        if (name->owner != PLAN_SOURCE || job->outputs[i].inherited)
            name->owner = root < 0 ? PLAN_FREE : look_at(root, &job->outputs[i], &name->is_file);
    }
}

/* ---- the answer ---- */

static void set_output_path(json_t *object, const struct job *job, size_t i)
{
    _cleanup_free_ char *path = NULL;

    if (asprintf(&path, "%s/%s", job->folder->output, job->outputs[i].path) >= 0)
        snapshot_set_bytes(object, "path", path);
}

/* Of what is there already the size is not looked at. */
static json_t *size_or_null(uint32_t size)
{
    return size > 0 ? json_integer(size) : json_null();
}

static const char *format_name(const struct job *job, const struct job_output *output)
{
    if (output->rendition == RENDITION_MANIFEST)
        return "json";
    return format_info(job->recipe->renditions[output->rendition].format)->name;
}

static json_t *output_json(const struct job *job, size_t i)
{
    const struct job_output *output = &job->outputs[i];
    const struct plan_name *name = &job->plan->names[i];
    json_t *object = json_pack("{s:s, s:I, s:o, s:o, s:s, s:s, s:n}", "format", format_name(job, output),
                               "page", (json_int_t)output->page, "width", size_or_null(output->width),
                               "height", size_or_null(output->height), "name", owner_words[name->owner],
                               "action", action(job, output, name), "owner");

    if (object && name->owner == PLAN_SOURCE) {
        json_t *owner = json_pack("{s:s}", "folder", name->folder);

        snapshot_set_bytes(owner, "path", name->path);
        json_object_set_new(object, "owner", owner);
    }
    set_output_path(object, job, i);
    return object;
}

static json_t *outputs_json(const struct job *job)
{
    json_t *array = json_array();

    for (size_t i = 0; i < job->plan->name_count; i++)
        if (job->outputs[i].made || job->outputs[i].skipped)
            json_array_append_new(array, output_json(job, i));
    return array;
}

/* What an earlier version made and this one would not: it goes when the job is done. */
static json_t *removed_json(const struct job *job)
{
    json_t *array = json_array();

    for (size_t i = 0; i < job->plan->name_count; i++)
        if (!job->outputs[i].made && !job->outputs[i].skipped && job->plan->names[i].owner == PLAN_OURS) {
            json_t *object = json_object();

            set_output_path(object, job, i);
            json_array_append_new(array, object);
        }
    return array;
}

static json_t *failure_json(const struct error *failure)
{
    if (failure->class == CLASS_NONE)
        return json_null();
    return json_pack("{s:s, s:s, s:s}", "class", error_class_name(failure->class), "stage",
                     error_stage_name(failure->stage), "message", failure->text);
}

/* A file that no folder would take. */
static void answer_refused(struct request *request, const char *folder, const char *path,
                           const struct error *failure)
{
    json_t *json = json_pack("{s:b, s:s?, s:[], s:[], s:o}", "ok", 0, "folder", folder, "outputs", "removed",
                             "failure", failure_json(failure));

    if (json)
        snapshot_set_bytes(json, "path", path);
    http_answer(request, 200, json);
}

static json_t *plan_json(const struct job *job)
{
    bool ok = job->failure.class == CLASS_NONE;
    bool read = job->plan->source_width > 0;
    json_t *json = json_pack("{s:b, s:s, s:s, s:o, s:o, s:o}", "ok", ok, "folder", job->folder->name,
                             "recipe", job->recipe->name, "outputs", outputs_json(job), "removed",
                             read ? removed_json(job) : json_array(), "failure", failure_json(&job->failure));

    if (json) {
        snapshot_set_bytes(json, "path", job->path);
        json_object_set_new(
            json, "source",
            read ? json_pack("{s:I, s:I, s:I, s:I, s:I}", "width", (json_int_t)job->plan->source_width,
                             "height", (json_int_t)job->plan->source_height, "pages",
                             (json_int_t)job->plan->source_pages, "left_frames",
                             (json_int_t)job->plan->left_frames, "bytes", (json_int_t)job->version.size)
                 : json_null());
    }
    return json;
}

/* ---- its end ---- */

/* Whoever asked, if anybody still waits. */
static struct request *take_request(struct supervisor *supervisor, struct job *job)
{
    struct request *request = take_ptr(job->plan->request);

    if (request) {
        request->plan = NULL;
        control_planned(supervisor->control, request);
    }
    return request;
}

static void leave(struct supervisor *supervisor, struct job *job)
{
    supervisor->folders[job->slot]->plans--;
    supervisor->plan_count--;
    supervisor_changed(supervisor);
    job_free(job);
}

static void end(struct supervisor *supervisor, struct job *job)
{
    struct request *request = take_request(supervisor, job);

    if (request)
        http_answer(request, 200, plan_json(job));
    leave(supervisor, job);
}

static void fail(struct supervisor *supervisor, struct job *job, enum error_class class, const char *text)
{
    error_set(&job->failure, 0, class, STAGE_OPEN, "%s", text);
    end(supervisor, job);
}

/* True, and it has ended, when there is nothing left that it could be a plan of. */
static bool end_if_stale(struct supervisor *supervisor, struct job *job)
{
    bool stopping = supervisor->phase != PHASE_RUNNING;
    struct request *request;

    if (!stopping && job->config == supervisor->config)
        return false;

    request = take_request(supervisor, job);
    if (request)
        http_answer_problem(request, 503, NULL,
                            stopping ? "darkroomd is stopping"
                                     : "the configuration was reloaded meanwhile; ask again");
    leave(supervisor, job);
    return true;
}

void plan_forget(struct request *request)
{
    request->plan->request = NULL;
    request->plan = NULL;
}

void plan_release(struct supervisor *supervisor, struct folder *folder)
{
    struct job *job, *next;

    for (job = TAILQ_FIRST(&supervisor->plans); job; job = next) {
        next = TAILQ_NEXT(job, link);
        if (folder && job->slot != folder->slot)
            continue;
        TAILQ_REMOVE(&supervisor->plans, job, link);
        if (!end_if_stale(supervisor, job))
            fail(supervisor, job, CLASS_ENVIRONMENT, "the folder is lost");
    }
}

/* ---- its way ---- */

static void on_looked(struct supervisor *supervisor, struct job *job)
{
    struct ledger_request request = { .op = LEDGER_PLAN, .job = job };

    ledger_send(supervisor->ledger, &request);
}

static void on_planned(struct supervisor *supervisor, struct job *job)
{
    if (job->failure.class != CLASS_NONE)
        end(supervisor, job);
    else
        folder_request(supervisor->folders[job->slot], WATCHER_OPEN, job);
}

static void on_opened(struct supervisor *supervisor, struct job *job)
{
    TAILQ_INSERT_TAIL(&supervisor->plans, job, link);
}

/* The last of it: as a real job would, unless there was something before that it would not have come past. */
static void on_claimed(struct supervisor *supervisor, struct job *job)
{
    if (job->plan->conflict.class != CLASS_NONE)
        job->failure = job->plan->conflict;
    end(supervisor, job);
}

static void on_bad_verdict(struct supervisor *supervisor, struct job *job, enum verdict verdict)
{
    if (verdict == VERDICT_VANISHED)
        fail(supervisor, job, CLASS_PERMANENT, "there is no such file");
    else if (verdict == VERDICT_SUPERSEDED)
        fail(supervisor, job, CLASS_TRANSIENT, "it changes just now; ask again");
    else if (verdict == VERDICT_SETTLED)
        on_claimed(supervisor, job); /* all is there already */
    else if (verdict == VERDICT_RETURNED)
        fail(supervisor, job, CLASS_ENVIRONMENT, "the folder is lost");
    else
        on_claimed(supervisor, job); /* job->failure says */
}

void plan_reply(struct supervisor *supervisor, const struct reply *reply)
{
    struct job *job = reply->job;

    if (end_if_stale(supervisor, job))
        return;
    if (reply->verdict != VERDICT_OK)
        on_bad_verdict(supervisor, job, reply->verdict);
    else if (reply->kind == REPLY_LOOKED)
        on_looked(supervisor, job);
    else if (reply->kind == REPLY_PLANNED)
        on_planned(supervisor, job);
    else if (reply->kind == REPLY_OPENED)
        on_opened(supervisor, job);
    else
        on_claimed(supervisor, job);
}

/* A plan needs its file in memory, and little else. */
static uint64_t plan_grant(const struct supervisor *supervisor, const struct job *job)
{
    uint64_t bytes = (uint64_t)job->version.size + supervisor->admission.default_grant_bytes / 2;

    return bytes > supervisor->admission.default_grant_bytes ? bytes
                                                             : supervisor->admission.default_grant_bytes;
}

uint64_t plan_next_grant(const struct supervisor *supervisor)
{
    const struct job *job = TAILQ_FIRST(&supervisor->plans);

    return job ? plan_grant(supervisor, job) : 0;
}

int plan_assign(struct supervisor *supervisor, struct worker *worker)
{
    struct job *job = TAILQ_FIRST(&supervisor->plans);
    int r;

    if (!job)
        return 0;
    r = pool_assign(worker, job, plan_grant(supervisor, job));
    if (r < 0)
        return r;
    TAILQ_REMOVE(&supervisor->plans, job, link);
    supervisor_changed(supervisor);
    return 1;
}

static const struct result_output *find_result(const struct result_message *result,
                                               const struct job_output *output)
{
    for (uint32_t i = 0; i < result->output_count; i++)
        if (result->outputs[i].rendition == output->rendition && result->outputs[i].page == output->page)
            return &result->outputs[i];
    return NULL;
}

/* Outputs for which the picture is too small are neither made nor skipped. */
static void accept_sizes(struct job *job, const struct result_message *result)
{
    uint32_t end = result->next_page ? result->next_page : UINT32_MAX;

    for (size_t i = 0; i < job->output_count; i++) {
        struct job_output *output = &job->outputs[i];
        const struct result_output *found = find_result(result, output);

        if (output->rendition == RENDITION_MANIFEST || output->page < job->next_page || output->page >= end)
            continue; /* nobody's, or another portion's */
        output->skipped &= found != NULL;
        output->made = found && !output->skipped;
        output->width = found ? found->width : 0;
        output->height = found ? found->height : 0;
    }
}

/* Now that it is known of how many pages the document is, it begins once more. */
static void on_count(struct supervisor *supervisor, struct job *job, uint32_t pages)
{
    struct ledger_request request = { .op = LEDGER_PLAN, .job = job };

    job->pages = pages;
    job_close_source(job);
    if (job_is_within_limits(job))
        ledger_send(supervisor->ledger, &request);
    else
        on_claimed(supervisor, job);
}

/* The sizes of all pages, portion by portion. */
static void on_sizes(struct supervisor *supervisor, struct job *job, const struct result_message *result)
{
    accept_sizes(job, result);
    if (result->next_page) {
        job->next_page = result->next_page;
        TAILQ_INSERT_HEAD(&supervisor->plans, job, link);
        return;
    }
    job_expect_manifest(job);
    job_close_source(job);
    folder_request(supervisor->folders[job->slot], WATCHER_CLAIM, job);
}

void plan_result(struct supervisor *supervisor, struct job *job, const struct result_message *result)
{
    job->plan->source_width = result->source_width;
    job->plan->source_height = result->source_height;
    job->plan->source_pages = result->source_pages;
    job->plan->left_frames = result->left_frames;
    if (end_if_stale(supervisor, job))
        return;
    if (result_is_count(result)) {
        on_count(supervisor, job, result->source_pages);
        return;
    }
    if (result->class == CLASS_NONE) {
        on_sizes(supervisor, job, result);
        return;
    }
    error_set(&job->failure, 0, (enum error_class)result->class, (enum error_stage)result->stage, "%s",
              result->text);
    on_claimed(supervisor, job);
}

void plan_lost(struct supervisor *supervisor, struct job *job, const struct error *why)
{
    if (end_if_stale(supervisor, job))
        return;
    if (why->class == CLASS_NONE) { /* the worker had not begun with it */
        TAILQ_INSERT_HEAD(&supervisor->plans, job, link);
        return;
    }
    job->failure = *why;
    end(supervisor, job);
}

/* ---- its beginning ---- */

/* The part of the absolute @path below @conf's Path, or NULL. */
static const char *below(const struct folder_conf *conf, const char *path)
{
    size_t length = strlen(conf->path);

    if (strncmp(path, conf->path, length) != 0)
        return NULL;
    return path[length] == '/' ? path + length + 1 : NULL;
}

static const struct folder_conf *folder_above(const struct config *config, const char *path)
{
    for (size_t i = 0; i < config->folder_count; i++)
        if (below(&config->folders[i], path))
            return &config->folders[i];
    return NULL;
}

/* No empty components, no "." and no "..": names are taken as they are. */
static bool is_clean(const char *path)
{
    for (path += *path == '/';; path++) {
        size_t length = strcspn(path, "/");

        if (length == 0 || (length == 1 && path[0] == '.') || (length == 2 && memcmp(path, "..", 2) == 0))
            return false;
        path += length;
        if (*path == '\0')
            return true;
    }
}

/* Would the folder take @path in? Nobody needs to look at the file for that. */
static int check_accepted(const struct folder_conf *conf, const char *path, struct error *error)
{
    if (!conf->recursive && strchr(path, '/'))
        return error_set(error, EINVAL, CLASS_PERMANENT, STAGE_PLAN,
                         "it is in a sub-directory, and the folder has Recursive=no");
    if (!folder_conf_accepts(conf, path))
        return error_set(
            error, EINVAL, CLASS_PERMANENT, STAGE_PLAN,
            "the folder ignores it: its extension is not one of Include=, or its name, or that of a "
            "directory it is in, is hidden, temporary or one of Exclude=");
    return 0;
}

static struct job *new_job(struct supervisor *supervisor, struct request *request,
                           const struct folder *folder, const char *path)
{
    struct job *job =
        job_new(PLAN_ID_FIRST + ++supervisor->last_plan, supervisor->config, folder->slot, folder->conf);

    if (!job)
        return NULL;
    job->path = strdup(path);
    job->plan = calloc(1, sizeof *job->plan);
    if (!job->path || !job->plan) {
        job_free(job);
        return NULL;
    }
    job->plan->request = request;
    request->plan = job->plan;
    return job;
}

static void begin(struct supervisor *supervisor, struct request *request, struct folder *folder,
                  const char *path)
{
    struct job *job;

    if (supervisor->plan_count >= PLANS_MAX || folder->plans >= PLANS_FOLDER_MAX) {
        http_answer_problem(request, 503, NULL, "too many plans at once; ask again");
        return;
    }
    job = new_job(supervisor, request, folder, path);
    if (!job) {
        http_answer_problem(request, 503, NULL, "memory is out; ask again");
        return;
    }

    supervisor->plan_count++;
    folder->plans++;
    request->deadline_us = monotonic_us() + PLAN_TIMEOUT_US;
    control_wait_for_plan(supervisor->control, request);
    folder_request(folder, WATCHER_LOOK, job);
}

static void start_in(struct supervisor *supervisor, struct request *request, const struct folder_conf *conf,
                     const char *path)
{
    struct folder *folder = folders_find(supervisor, conf->name);
    struct error failure = { .class = CLASS_NONE };

    if (check_accepted(conf, path, &failure) == 0 && (!folder || folder->news.state == FOLDER_LOST))
        error_set(&failure, 0, CLASS_ENVIRONMENT, STAGE_OPEN, "the folder is lost%s%s",
                  folder && folder->news.reason[0] ? ": " : "", folder ? folder->news.reason : "");
    if (failure.class != CLASS_NONE)
        answer_refused(request, conf->name, path, &failure);
    else
        begin(supervisor, request, folder, path);
}

static void refuse_outside(const struct config *config, struct request *request, const char *folder,
                           const char *path)
{
    char names[FOLDER_LIST_BYTES];
    struct error failure;

    error_set(&failure, ENOENT, CLASS_PERMANENT, STAGE_PLAN,
              "it is not below the Path= of %s%s; there are the folders %s",
              folder ? "folder " : "any folder", folder ?: "",
              config_folder_names(config, names, sizeof names));
    answer_refused(request, NULL, path, &failure);
}

void plan_start(struct supervisor *supervisor, struct request *request, const char *folder, const char *path)
{
    const struct config *config = supervisor->config;
    const struct folder_conf *conf;

    if (supervisor->phase != PHASE_RUNNING) {
        http_answer_problem(request, 503, NULL, "darkroomd is not running yet, or stopping");
        return;
    }
    if (!is_clean(path) || (!folder && *path != '/')) {
        http_answer_problem(
            request, 400, NULL,
            "path= has to be absolute (or with folder= relative to that), without \".\", \"..\" and "
            "empty components");
        return;
    }

    conf = folder ? config_folder(config, folder) : folder_above(config, path);
    if (conf && *path == '/')
        path = below(conf, path) ?: path;
    if (!conf || *path == '/')
        refuse_outside(config, request, folder, path);
    else
        start_in(supervisor, request, conf, path);
}
