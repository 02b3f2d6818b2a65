/* SPDX-License-Identifier: GPL-2.0-or-later */
/* darkroomctl plan - which outputs files would make, and where; nothing is made. */
#include "ctl/absolute.h"
#include "ctl/ctl.h"
#include "ctl/plan_view.h"
#include "ctl/report.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

static int show(const struct ctl *ctl, char *json)
{
    json_t *answer;
    bool ok;
    int r;

    if (ctl->options.json)
        fprintf(ctl->screen.file, "%s\n", json);
    answer = report_parse(json);
    if (!answer)
        return report_own_failure("cannot read the answer", -ENOMEM);

    ok = json_is_true(json_object_get(answer, "ok"));
    r = ctl->options.json ? 0 : plan_view_print(answer, &ctl->screen);
    json_decref(answer);
    if (r < 0)
        return report_own_failure("cannot show the plan", r);
    return ok ? CTL_DONE : CTL_FAILED;
}

/* With --folder= the file is named from the folder's root on, as the daemon does. */
static int plan_one(struct ctl *ctl, const char *file)
{
    char *path, *json;
    int r = ctl->options.folder && *file != '/' ? clean_path(file, &path) : absolute_path(file, &path);

    if (r == -EINVAL) {
        fprintf(stderr, CTL_PROGRAM ": plan: '%s' names no file\n", file);
        return CTL_USAGE;
    }
    if (r < 0)
        return report_own_failure(file, r);
    r = darkroom_plan(ctl->dk, path, ctl->options.folder, &json);
    free(path);
    return r < 0 ? report_failure(ctl, r) : show(ctl, json);
}

static int run(struct ctl *ctl)
{
    int code = CTL_DONE;

    if (!ctl->words[0]) {
        fputs(CTL_PROGRAM ": plan: which files?\n", stderr);
        return CTL_USAGE;
    }
    for (size_t i = 0; ctl->words[i]; i++) {
        int r = plan_one(ctl, ctl->words[i]);

        code = r > code ? r : code;
    }
    return code;
}

static const struct option_row rows[] = {
    { "folder", "NAME", offsetof(struct options, folder), "FILE is below the root of this folder" },
};

const struct command cmd_plan = {
    .name = "plan",
    .arguments = "FILE…",
    .help = "show which outputs files would make, and where, without making them",
    .options = { rows, sizeof(rows) / sizeof(rows[0]) },
    .run = run,
};
