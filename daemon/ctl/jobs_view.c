/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jobs_view - see jobs_view.h. */
#include "ctl/jobs_view.h"

#include "ctl/field.h"
#include "ctl/human.h"
#include "ctl/table.h"

#include <stdio.h>
#include <string.h>

enum { FAILURE_BYTES_MAX = 64 };

static const struct table_column columns[] = {
    { .title = "ID", .right = true },     { .title = "STATE" },       { .title = "FOLDER" },
    { .title = "PATH", .width_max = 50 }, { .title = "CLASS/STAGE" }, { .title = "MESSAGE", .width_max = 60 },
    { .title = "AGE", .right = true },
};

static enum style style_of(const char *state)
{
    if (strcmp(state, "failed") == 0)
        return STYLE_BAD;
    return strcmp(state, "done") == 0 ? STYLE_GOOD : STYLE_PLAIN;
}

/* "permanent/decode", or "-" for a job that did not fail. */
static void add_failure(struct table *table, const json_t *job)
{
    char failure[FAILURE_BYTES_MAX] = "-";

    if (json_is_string(json_object_get(job, "class")))
        snprintf(failure, sizeof(failure), "%s/%s", field_text(job, "class"), field_text(job, "stage"));
    table_add_text(table, STYLE_PLAIN, failure);
}

/* Since its end, or since it was queued while it has none. */
static void add_age(struct table *table, const json_t *job, time_t now)
{
    const char *since = json_string_value(json_object_get(job, "finished_at"));

    if (!since)
        since = field_text(job, "queued_at");
    table_add_text(table, STYLE_PLAIN, human_age(since, now).text);
}

static void add_job(struct table *table, const json_t *job, time_t now)
{
    const char *state = field_text(job, "state");

    field_add_text(table, STYLE_PLAIN, job, "id");
    table_add_text(table, style_of(state), state);
    field_add_text(table, STYLE_PLAIN, job, "folder");
    field_add_path(table, STYLE_PLAIN, job, "path");
    add_failure(table, job);
    field_add_text(table, STYLE_PLAIN, job, "message");
    add_age(table, job, now);
}

int jobs_view_print(const json_t *answer, time_t now, const struct screen *screen)
{
    const json_t *jobs = json_object_get(answer, "jobs");
    const json_t *job;
    struct table table;
    size_t i;
    int r;

    if (json_array_size(jobs) == 0) {
        fputs("No jobs.\n", screen->file);
        return 0;
    }

    table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
    json_array_foreach (jobs, i, job)
        add_job(&table, job, now);
    r = table_print(&table, screen);
    table_release(&table);
    return r;
}
