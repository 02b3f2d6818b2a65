/* SPDX-License-Identifier: GPL-2.0-or-later */
/* darkroomctl retry - failed jobs are tried again: some, or all. */
#include "ctl/ctl.h"
#include "ctl/field.h"
#include "ctl/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

static int show_one(const struct ctl *ctl, const char *id, char *json)
{
    json_t *answer = report_parse(json);

    if (!answer)
        return report_own_failure("cannot read the answer", -ENOMEM);
    if (!ctl->options.quiet)
        fprintf(ctl->screen.file, "Job %s is tried again as job %s.\n", id, field_text(answer, "job"));
    json_decref(answer);
    return CTL_DONE;
}

static int retry_one(const struct ctl *ctl, const char *id)
{
    char *json;
    int r = darkroom_retry(ctl->dk, id, &json);

    if (r < 0)
        return report_failure(ctl, r);
    return ctl->options.json ? report_json(ctl, json) : show_one(ctl, id, json);
}

/* What could not be tried is said even when nothing else is. */
static int show_all(const struct ctl *ctl, char *json)
{
    json_t *answer = report_parse(json);
    uint64_t retried, moved, left;

    if (!answer)
        return report_own_failure("cannot read the answer", -ENOMEM);
    retried = field_number(answer, "retried");
    moved = field_number(answer, "moved");
    left = field_number(answer, "left");
    json_decref(answer);

    if (!ctl->options.quiet)
        fprintf(ctl->screen.file, "%" PRIu64 " failed job%s tried again.\n", retried,
                retried == 1 ? " is" : "s are");
    if (moved > 0)
        fprintf(ctl->screen.file,
                "%" PRIu64
                " more %s an original in a failed folder (Failed=, else .failed in Path=): move it back, "
                "and it is tried again.\n",
                moved, moved == 1 ? "has" : "have");
    if (left > 0)
        fprintf(ctl->screen.file,
                "%" PRIu64 " cannot be tried now: darkroomctl retry ID says why for each.\n", left);
    return CTL_DONE;
}

static int retry_all(const struct ctl *ctl)
{
    char *json;
    int r = darkroom_retry_failed(ctl->dk, ctl->options.folder, &json);

    if (r < 0)
        return report_failure(ctl, r);
    return ctl->options.json ? report_json(ctl, json) : show_all(ctl, json);
}

/* NULL when all words are numbers, as the IDs of jobs are. */
static const char *find_no_id(char *const *words)
{
    for (; *words; words++)
        if (!**words || (*words)[strspn(*words, "0123456789")] != '\0')
            return *words;
    return NULL;
}

static int run(struct ctl *ctl)
{
    const char *no_id = find_no_id(ctl->words);
    int code = CTL_DONE;

    if (ctl->options.failed == (ctl->words[0] != NULL) || (ctl->options.folder && !ctl->options.failed)) {
        fputs(CTL_PROGRAM ": retry: give the IDs of jobs, or --failed (with --folder=NAME, if you like)\n",
              stderr);
        return CTL_USAGE;
    }
    if (no_id) {
        fprintf(stderr, CTL_PROGRAM ": retry: '%s' is no ID of a job: these are numbers\n", no_id);
        return CTL_USAGE;
    }
    if (ctl->options.failed)
        return retry_all(ctl);
    for (size_t i = 0; ctl->words[i]; i++)
        if (retry_one(ctl, ctl->words[i]) != CTL_DONE)
            code = CTL_FAILED;
    return code;
}

static const struct option_row rows[] = {
    { "failed", NULL, offsetof(struct options, failed), "all jobs that have failed" },
    { "folder", "NAME", offsetof(struct options, folder), "with --failed: only those of this folder" },
};

const struct command cmd_retry = {
    .name = "retry",
    .arguments = "ID…",
    .help = "try failed jobs again",
    .options = { rows, sizeof(rows) / sizeof(rows[0]) },
    .run = run,
};
