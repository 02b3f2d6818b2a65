/* SPDX-License-Identifier: GPL-2.0-or-later */
/* job - see job.h. */
#include "supervisor/job.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "recipe/naming.h"
#include "supervisor/close_apart.h"
#include "supervisor/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_names[JOB_STATE_COUNT] = {
    [JOB_QUEUED] = "queued",       [JOB_OPENING] = "opening",
    [JOB_RUNNING] = "running",     [JOB_PUBLISHING] = "publishing",
    [JOB_DONE] = "done",           [JOB_FAILED] = "failed",
    [JOB_CANCELLED] = "cancelled", [JOB_SUPERSEDED] = "superseded",
    [JOB_VANISHED] = "vanished",
};

struct job *job_new(uint64_t id, struct config *config, size_t slot, const struct folder_conf *folder)
{
    struct job *job = calloc(1, sizeof *job);

    if (!job)
        return NULL;

    job->id = id;
    job->slot = slot;
    job_reconfigure(job, config, folder);
    job->source_fd = -1;
    job->next_page = 1;
    return job;
}

void job_reconfigure(struct job *job, struct config *config, const struct folder_conf *folder)
{
    struct config *before = job->config;

    job->config = config_ref(config);
    job->folder = folder;
    job->recipe_number = config_recipe_of(config, folder);
    job->recipe = config->recipes[job->recipe_number];
    config_unref(before);
}

void job_close_source(struct job *job)
{
    bool large = job->source_fd >= 0 && job->version.size > SOURCE_CLOSED_HERE_BYTES_MAX;

    job->source_fd = large ? close_apart(job->source_fd) : close_fd(job->source_fd);
}

void job_close_fds(struct job *job)
{
    job_close_source(job);
    for (size_t i = 0; i < job->output_count; i++)
        job->outputs[i].fd = close_fd(job->outputs[i].fd);
}

void job_drop_outputs(struct job *job)
{
    for (size_t i = 0; i < job->output_count; i++) {
        close_fd(job->outputs[i].fd);
        free(job->outputs[i].path);
        free(job->outputs[i].owner);
    }
    free(take_ptr(job->outputs));
    job->output_count = 0;
}

void job_free(struct job *job)
{
    if (!job)
        return;

    plan_free(job->plan);
    job_close_fds(job);
    job_drop_outputs(job);
    free(job->clash);
    free(job->path);
    config_unref(job->config);
    free(job);
}

struct job_output *job_add_output(struct job *job, uint32_t rendition, const char *path)
{
    struct job_output *outputs = reallocarray(job->outputs, job->output_count + 1, sizeof *outputs);
    struct job_output *output;

    if (!outputs)
        return NULL;
    job->outputs = outputs;

    output = &outputs[job->output_count];
    *output = (struct job_output){ .rendition = rendition, .page = 1, .path = strdup(path), .fd = -1 };
    if (!output->path)
        return NULL;
    job->output_count++;
    return output;
}

struct job_output *job_find_output(const struct job *job, uint32_t rendition, uint32_t page)
{
    for (size_t i = 0; i < job->output_count; i++)
        if (job->outputs[i].rendition == rendition && job->outputs[i].page == page)
            return &job->outputs[i];
    return NULL;
}

uint32_t job_output_place(const struct job_output *output)
{
    if (output->rendition == RENDITION_NONE)
        return RENDITION_NONE;
    return (output->page - 1) * PAGE_PLACES + output->rendition;
}

void job_output_set_place(struct job_output *output, uint32_t place)
{
    output->rendition = place == RENDITION_NONE ? RENDITION_NONE : place % PAGE_PLACES;
    output->page = place == RENDITION_NONE ? 1 : place / PAGE_PLACES + 1;
}

bool job_awaits_pages(const struct job *job)
{
    const char *slash = strrchr(job->path, '/');
    const char *dot = strrchr(slash ? slash : job->path, '.');
    enum format format;

    return job->pages == 0 && dot && format_from_name(dot + 1, &format) == 0 &&
           format_info(format)->sequence == SEQUENCE_PAGES && naming_count_paged(job->recipe) > 0;
}

bool job_is_within_limits(struct job *job)
{
    size_t first = job->recipe->rendition_count + (job->recipe->manifest.name_template ? 1 : 0);
    size_t each = naming_count_paged(job->recipe);
    size_t outputs = first + each * (job->pages > 0 ? job->pages - 1 : 0);

    if (outputs <= JOB_OUTPUTS_MAX)
        return true;
    error_set(
        &job->failure, EFBIG, CLASS_PERMANENT, STAGE_LIMITS,
        "its %u pages would make %zu outputs, and one file makes %d at most: use a recipe that makes less of "
        "each page, or leave {page} out of Name= for the first page alone",
        (unsigned)job->pages, outputs, JOB_OUTPUTS_MAX);
    return false;
}

void job_expect_manifest(struct job *job)
{
    struct job_output *manifest = job_find_output(job, RENDITION_MANIFEST, 1);

    if (!manifest)
        return;
    manifest->made = false;
    manifest->made = !manifest->skipped && job_count_outputs(job, false) > 0;
}

void job_fail_at_output(struct job *job, int errnum, const char *what, const char *path)
{
    const char *directory = *path == '/' ? "" : job->folder->output; /* see @elsewhere */
    _cleanup_free_ char *whole = NULL;
    char name[300];

    if (asprintf(&whole, "%s%s%s", directory, *path == '/' ? "" : "/", path) < 0)
        whole = NULL;
    error_set_errno(&job->failure, errnum, STAGE_PUBLISH, "cannot %s %s", what,
                    text_escape(whole ?: path, name, sizeof name));
    job->failure.class = CLASS_ENVIRONMENT;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* What would keep their names apart. */
static const char *way_out(const struct job *job, const char *owner_folder, const char *owner_path)
{
    if (strcmp(owner_folder, job->folder->name) != 0)
        return "give one of the folders another Output=";
    if (strcmp(base_name(owner_path), base_name(job->path)) == 0)
        return "let Name= use {dir}";
    return "let Name= use {name}";
}

void job_fail_for_name(struct job *job, enum error_stage stage, const char *output_path,
                       const char *owner_folder, const char *owner_path)
{
    char output[151], owner[121];

    error_set(
        &job->failure, EEXIST, CLASS_CONFLICT, stage,
        "its output %s belongs to %s/%s already; rename or remove one of them, or %s, and retry the job",
        text_escape(output_path, output, sizeof output), owner_folder,
        text_escape(owner_path, owner, sizeof owner), way_out(job, owner_folder, owner_path));
}

size_t job_count_outputs(const struct job *job, bool adopted)
{
    size_t count = 0;

    for (size_t i = 0; i < job->output_count; i++)
        count += job->outputs[i].made && (job->outputs[i].adopted || !adopted);
    return count;
}

uint64_t job_held_bytes(const struct job *job)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < job->output_count; i++)
        if (job->outputs[i].fd >= 0 && job->outputs[i].rendition != RENDITION_MANIFEST)
            bytes += job->outputs[i].bytes;
    return bytes;
}

const char *job_state_name(enum job_state state)
{
    return (unsigned)state < JOB_STATE_COUNT ? state_names[state] : "?";
}

int job_state_from_name(const char *name, enum job_state *ret)
{
    for (size_t i = 0; i < JOB_STATE_COUNT; i++)
        if (strcmp(state_names[i], name) == 0) {
            *ret = (enum job_state)i;
            return 0;
        }
    return -ENOENT;
}

bool job_state_is_end(enum job_state state)
{
    return state >= JOB_DONE && state < JOB_STATE_COUNT;
}
