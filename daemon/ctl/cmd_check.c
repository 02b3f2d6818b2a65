/* SPDX-License-Identifier: GPL-2.0-or-later */
/* darkroomctl check - what the daemon thinks of its configuration files as they are now. */
#include "ctl/ctl.h"
#include "ctl/report.h"

#include <errno.h>
#include <stddef.h>

/* Says what is wrong, or that nothing is. */
static void show(const struct ctl *ctl, const json_t *answer, bool ok)
{
    if (!ok)
        report_problems(json_object_get(answer, "problems"), ctl->screen.file);
    else if (!ctl->options.quiet)
        fputs("The configuration is right.\n", ctl->screen.file);
}

static int run(struct ctl *ctl)
{
    json_t *answer;
    char *json;
    bool ok;
    int r = darkroom_check(ctl->dk, &json);

    if (r < 0)
        return report_failure(ctl, r);
    if (ctl->options.json)
        fprintf(ctl->screen.file, "%s\n", json);
    answer = report_parse(json);
    if (!answer)
        return report_own_failure("cannot read the answer", -ENOMEM);

    ok = json_is_true(json_object_get(answer, "ok"));
    if (!ctl->options.json)
        show(ctl, answer, ok);
    json_decref(answer);
    return ok ? CTL_DONE : CTL_FAILED;
}

const struct command cmd_check = {
    .name = "check",
    .help = "check the configuration files without using them",
    .run = run,
};
