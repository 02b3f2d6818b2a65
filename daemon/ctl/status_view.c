/* SPDX-License-Identifier: GPL-2.0-or-later */
/* status_view - see status_view.h.
 *
 * Unknown states are shown as they are: the daemon may be newer than this program. */
#include "ctl/status_view.h"

#include "ctl/escape.h"
#include "ctl/field.h"
#include "ctl/human.h"
#include "ctl/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *state;
    enum style style;
} state_styles[] = {
    { "running", STYLE_GOOD }, { "ok", STYLE_GOOD },      { "busy", STYLE_GOOD }, { "held", STYLE_WARN },
    { "paused", STYLE_WARN },  { "leaving", STYLE_WARN }, { "lost", STYLE_BAD },  { "failed", STYLE_BAD },
};

static enum style style_of(const char *state)
{
    for (size_t i = 0; i < sizeof(state_styles) / sizeof(state_styles[0]); i++)
        if (strcmp(state_styles[i].state, state) == 0)
            return state_styles[i].style;
    return STYLE_PLAIN;
}

/* A sentence of the daemon's within a line. */
static void print_text(const struct screen *screen, enum style style, const char *text)
{
    char *escaped = escape_text(text);

    screen_begin(screen, style);
    fputs(escaped ? escaped : "?", screen->file);
    screen_end(screen, style);
    free(escaped);
}

static void print_summary(const json_t *status, const struct screen *screen)
{
    const char *state = field_text(status, "state");
    double uptime_s = json_number_value(json_object_get(status, "uptime_s"));

    fputs("darkroomd ", screen->file);
    print_text(screen, STYLE_PLAIN, field_text(status, "version"));
    fputs(": ", screen->file);
    print_text(screen, style_of(state), state);
    fprintf(screen->file, ", up %s\n", human_duration(uptime_s > 0 ? (uint64_t)uptime_s : 0).text);
}

void status_view_print_problems(const json_t *status, const struct screen *screen)
{
    const json_t *problem;
    size_t i;

    json_array_foreach (json_object_get(status, "problems"), i, problem) {
        print_text(screen, STYLE_BAD, "PROBLEM: ");
        print_text(screen, STYLE_BAD, json_is_string(problem) ? json_string_value(problem) : "?");
        fputc('\n', screen->file);
    }
}

/* "Jobs: 3 queued, 2 running, 40 done", without the states that no job is in, in the daemon's order. */
static void print_jobs(const json_t *status, const struct screen *screen)
{
    json_t *jobs = json_object_get(status, "jobs");
    const char *before = " ", *state;
    json_t *value;

    fputs("Jobs:", screen->file);
    json_object_foreach (jobs, state, value) {
        uint64_t count = field_number(jobs, state);

        if (count == 0)
            continue;
        fprintf(screen->file, "%s%" PRIu64 " ", before, count);
        print_text(screen, style_of(state), state);
        before = ", ";
    }
    fputs(*before == ' ' ? " none\n" : "\n", screen->file);
}

/* "3 (15 min)": how many, and for how long the first of them has. */
static void add_waiting(struct table *table, const json_t *folder)
{
    uint64_t count = field_number(folder, "waiting"), oldest_s = field_number(folder, "waiting_oldest_s");
    char text[80];

    snprintf(text, sizeof text, "%" PRIu64, count);
    if (oldest_s > 0)
        snprintf(text, sizeof text, "%" PRIu64 " (%s)", count, human_duration(oldest_s).text);
    table_add_text(table, STYLE_PLAIN, text);
}

/* Only when somebody wonders why a picture is not begun. */
static void print_memory(const json_t *status, const struct screen *screen)
{
    json_t *memory = json_object_get(status, "memory");
    uint64_t waiting = field_number(memory, "waiting");

    if (waiting == 0)
        return;
    fprintf(screen->file, "Memory: %" PRIu64 " job%s for it, ", waiting, waiting == 1 ? " waits" : "s wait");
    fprintf(screen->file, "%s of ", human_size(field_number(memory, "granted_bytes")).text);
    fprintf(screen->file, "%s granted\n", human_size(field_number(memory, "budget_bytes")).text);
}

static void add_folder(struct table *table, const json_t *folder)
{
    const char *state = field_text(folder, "state");

    field_add_text(table, STYLE_PLAIN, folder, "name");
    field_add_text(table, STYLE_PLAIN, folder, "watch");
    table_add_text(table, style_of(state), state);
    add_waiting(table, folder);
    field_add_number(table, STYLE_PLAIN, folder, "queued");
    field_add_path(table, STYLE_PLAIN, folder, "path");
    field_add_text(table, style_of(state), folder, "reason");
}

static const struct table_column folder_columns[] = {
    { .title = "FOLDER" },
    { .title = "WATCH" },
    { .title = "STATE" },
    { .title = "WAITING", .right = true },
    { .title = "QUEUED", .right = true },
    { .title = "PATH", .width_max = 60 },
    { .title = "REASON" },
};

static void add_worker(struct table *table, const json_t *worker)
{
    const char *state = field_text(worker, "state");

    field_add_number(table, STYLE_PLAIN, worker, "pid");
    table_add_text(table, style_of(state), state);
    field_add_text(table, STYLE_PLAIN, worker, "job");
    field_add_number(table, STYLE_PLAIN, worker, "jobs_done");
    table_add_text(table, STYLE_PLAIN, human_size(field_number(worker, "rss_bytes")).text);
    field_add_number(table, STYLE_PLAIN, worker, "generation");
}

static const struct table_column worker_columns[] = {
    { .title = "WORKER", .right = true }, { .title = "STATE" },
    { .title = "JOB", .right = true },    { .title = "JOBS DONE", .right = true },
    { .title = "MEMORY", .right = true }, { .title = "GENERATION", .right = true },
};

/* The parts of status that are lists of objects, each a table of its own. */
static const struct {
    const char *name; /* in the status */
    const struct table_column *columns;
    size_t column_count;
    void (*add)(struct table *table, const json_t *item);
    const char *none;
} parts[] = {
    { "folders", folder_columns, sizeof(folder_columns) / sizeof(folder_columns[0]), add_folder,
      "No folders are watched." },
    { "workers", worker_columns, sizeof(worker_columns) / sizeof(worker_columns[0]), add_worker,
      "No workers are there." },
};

static int print_part(size_t part, const json_t *status, const struct screen *screen)
{
    const json_t *items = json_object_get(status, parts[part].name);
    const json_t *item;
    struct table table;
    size_t i;
    int r;

    fputc('\n', screen->file);
    if (json_array_size(items) == 0) {
        fprintf(screen->file, "%s\n", parts[part].none);
        return 0;
    }

    table_init(&table, parts[part].columns, parts[part].column_count);
    json_array_foreach (items, i, item)
        parts[part].add(&table, item);
    r = table_print(&table, screen);
    table_release(&table);
    return r;
}

/* What happened in folders since the start that is worth knowing; a line each. */
static const struct {
    const char *count; /* in the folder */
    const char *text;
} notes[] = {
    { "overflows", "times that inotify lost events (all was looked through then); "
                   "raise fs.inotify.max_queued_events" },
    { "refused", "links, pipes, sockets or devices were refused" },
};

static void print_notes(const json_t *status, const struct screen *screen)
{
    const json_t *folder;
    bool any = false;
    size_t i;

    json_array_foreach (json_object_get(status, "folders"), i, folder)
        for (size_t note = 0; note < sizeof(notes) / sizeof(notes[0]); note++) {
            uint64_t count = field_number(folder, notes[note].count);

            if (count == 0)
                continue;
            if (!any)
                fputc('\n', screen->file);
            any = true;
            print_text(screen, STYLE_WARN, field_text(folder, "name"));
            fprintf(screen->file, ": %" PRIu64 " %s\n", count, notes[note].text);
        }
}

int status_view_print(const json_t *status, const struct screen *screen)
{
    print_summary(status, screen);
    status_view_print_problems(status, screen);
    print_jobs(status, screen);
    print_memory(status, screen);

    for (size_t part = 0; part < sizeof(parts) / sizeof(parts[0]); part++) {
        int r = print_part(part, status, screen);

        if (r < 0)
            return r;
    }
    print_notes(status, screen);
    return 0;
}
