/* SPDX-License-Identifier: GPL-2.0-or-later */
/* darkroomctl status - how the daemon is, once or again with every change.
 *
 * With --follow the daemon is asked to answer when something has changed since the last answer. Under load
 * that is always the case, so a pause limits how often a person's screen is drawn. */
#include "ctl/ctl.h"
#include "ctl/field.h"
#include "ctl/report.h"
#include "ctl/status_view.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

enum {
    FOLLOW_WAIT_MS = 30000,
    FOLLOW_PAUSE_MS = 200,
    REAL_DIGITS = 15, /* what a double keeps of a decimal number */
};

static int show(const struct ctl *ctl, const json_t *status)
{
    int r = 0;

    if (ctl->options.quiet)
        status_view_print_problems(status, &ctl->screen);
    else
        r = status_view_print(status, &ctl->screen);
    return r < 0 ? report_own_failure("cannot show the status", r) : CTL_DONE;
}

static int show_once(struct ctl *ctl)
{
    json_t *status;
    char *json;
    int r = darkroom_status(ctl->dk, &json);

    if (r < 0)
        return report_failure(ctl, r);
    if (ctl->options.json)
        return report_json(ctl, json);

    status = report_parse(json);
    if (!status)
        return report_own_failure("cannot read the status", -ENOMEM);
    r = show(ctl, status);
    json_decref(status);
    return r;
}

/* One picture of many: a screen, or with --json a line. */
static int show_next(const struct ctl *ctl, const json_t *status)
{
    int r = CTL_DONE;

    if (ctl->options.json) {
        json_dumpf(status, ctl->screen.file, JSON_COMPACT | JSON_REAL_PRECISION(REAL_DIGITS));
        fputc('\n', ctl->screen.file);
    } else {
        screen_next(&ctl->screen);
        r = show(ctl, status);
    }
    if (fflush(ctl->screen.file) != 0)
        return report_own_failure("cannot write", -errno);
    return r;
}

static void pause_between_pictures(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = FOLLOW_PAUSE_MS * 1000000L }, NULL);
}

/* Shows the answer of a call that returned @r, and sets @*sequence to its. */
static int follow_once(const struct ctl *ctl, int r, char *json, uint64_t *sequence)
{
    json_t *status;

    if (r < 0)
        return report_failure(ctl, r);
    status = report_parse(json);
    if (!status)
        return report_own_failure("cannot read the status", -ENOMEM);

    *sequence = field_number(status, "sequence");
    r = show_next(ctl, status);
    json_decref(status);
    return r;
}

/* Ends when the daemon does, or on ^C. */
static int follow(struct ctl *ctl)
{
    uint64_t sequence = 0;
    char *json = NULL;
    int r = darkroom_status(ctl->dk, &json);

    while (follow_once(ctl, r, json, &sequence) == CTL_DONE) {
        pause_between_pictures();
        r = darkroom_status_wait(ctl->dk, sequence, FOLLOW_WAIT_MS, &json);
    }
    return CTL_FAILED;
}

static int run(struct ctl *ctl)
{
    return ctl->options.follow ? follow(ctl) : show_once(ctl);
}

static const struct option_row rows[] = {
    { "follow", NULL, offsetof(struct options, follow), "show it again with every change" },
};

const struct command cmd_status = {
    .name = "status",
    .help = "show how the daemon, its folders and its workers are",
    .options = { rows, sizeof(rows) / sizeof(rows[0]) },
    .run = run,
};
