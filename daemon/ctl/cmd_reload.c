/* SPDX-License-Identifier: GPL-2.0-or-later */
/* darkroomctl reload - have the daemon use its configuration files as they are now. */
#include "ctl/ctl.h"
#include "ctl/field.h"
#include "ctl/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>

/* A refused configuration: what is wrong with it, then that it is not used. */
static int show_refusal(const struct ctl *ctl, int error)
{
    const char *document = darkroom_problem(ctl->dk);
    json_t *problem = document ? json_loads(document, 0, NULL) : NULL;

    if (ctl->options.json && document)
        fprintf(ctl->screen.file, "%s\n", document);
    else
        report_problems(json_object_get(problem, "problems"), stderr);
    json_decref(problem);
    return report_failure(ctl, error);
}

static int show(const struct ctl *ctl, char *json)
{
    json_t *answer = report_parse(json);

    if (!answer)
        return report_own_failure("cannot read the answer", -ENOMEM);
    if (!ctl->options.quiet)
        fprintf(ctl->screen.file, "The configuration is in use, as generation %" PRIu64 ".\n",
                field_number(answer, "generation"));
    json_decref(answer);
    return CTL_DONE;
}

static int run(struct ctl *ctl)
{
    char *json;
    int r = darkroom_reload(ctl->dk, &json);

    if (r == -EEXIST)
        return show_refusal(ctl, r);
    if (r < 0)
        return report_failure(ctl, r);
    return ctl->options.json ? report_json(ctl, json) : show(ctl, json);
}

const struct command cmd_reload = {
    .name = "reload",
    .help = "check the configuration files and use them; if they are wrong nothing changes",
    .run = run,
};
