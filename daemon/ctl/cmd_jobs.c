/* SPDX-License-Identifier: GPL-2.0-or-later */
/* darkroomctl jobs - the newest jobs, all or some. */
#include "ctl/ctl.h"
#include "ctl/jobs_view.h"
#include "ctl/report.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

/* A whole number above 0. */
static int parse_limit(const char *text, uint64_t *ret)
{
    unsigned long long limit;
    char *end;

    errno = 0;
    limit = strtoull(text, &end, 10);
    if (!isdigit((unsigned char)*text) || *end != '\0' || errno != 0 || limit == 0)
        return -EINVAL;

    *ret = limit;
    return 0;
}

/* A list that is not all says so, where people look and not where programs read. */
static void say_more(const struct ctl *ctl, const json_t *answer)
{
    size_t shown = json_array_size(json_object_get(answer, "jobs"));

    fflush(ctl->screen.file);
    if (json_is_true(json_object_get(answer, "more")) && !ctl->options.quiet)
        fprintf(stderr, "The newest %zu of more; --limit=N shows up to 1000.\n", shown);
}

static int show(const struct ctl *ctl, char *json)
{
    json_t *answer = report_parse(json);
    int r = answer ? 0 : -ENOMEM;

    if (r == 0)
        r = jobs_view_print(answer, time(NULL), &ctl->screen);
    if (r == 0)
        say_more(ctl, answer);
    json_decref(answer);
    return r < 0 ? report_own_failure("cannot show the jobs", r) : CTL_DONE;
}

static int run(struct ctl *ctl)
{
    struct darkroom_jobs_filter filter = { .state = ctl->options.state, .folder = ctl->options.folder };
    char *json;
    int r;

    if (ctl->options.limit && parse_limit(ctl->options.limit, &filter.limit) < 0) {
        fprintf(stderr, CTL_PROGRAM ": --limit=%s: not a whole number above 0\n", ctl->options.limit);
        return CTL_USAGE;
    }

    r = darkroom_jobs(ctl->dk, &filter, &json);
    if (r < 0)
        return report_failure(ctl, r);
    return ctl->options.json ? report_json(ctl, json) : show(ctl, json);
}

static const struct option_row rows[] = {
    { "state", "STATE", offsetof(struct options, state),
      "only jobs in this state: queued, running, failed, …" },
    { "folder", "NAME", offsetof(struct options, folder), "only jobs of this folder" },
    { "limit", "N", offsetof(struct options, limit), "at most so many" },
};

const struct command cmd_jobs = {
    .name = "jobs",
    .help = "list jobs, newest first",
    .options = { rows, sizeof(rows) / sizeof(rows[0]) },
    .run = run,
};
