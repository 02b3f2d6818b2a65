/* SPDX-License-Identifier: GPL-2.0-or-later */
/* darkroomctl scan - have folders looked at now, or made again. */
#include "ctl/ctl.h"
#include "ctl/field.h"
#include "ctl/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>

static int show(const struct ctl *ctl, char *json)
{
    json_t *answer = report_parse(json);
    uint64_t again, under_way;

    if (!answer)
        return report_own_failure("cannot read the answer", -ENOMEM);
    again = field_number(answer, "again");
    under_way = field_number(answer, "under_way");
    if (ctl->options.again && !ctl->options.quiet)
        fprintf(ctl->screen.file,
                "Folder %s is scanned; %" PRIu64 " done file%s made again, if %s still there.\n",
                field_text(answer, "folder"), again, again == 1 ? " is" : "s are",
                again == 1 ? "it is" : "they are");
    else if (!ctl->options.quiet)
        fprintf(ctl->screen.file, "Folder %s is scanned.\n", field_text(answer, "folder"));
    if (under_way > 0 && !ctl->options.quiet)
        fprintf(ctl->screen.file, "%" PRIu64 " under way: made again after, if begun with another recipe.\n",
                under_way);
    json_decref(answer);
    return CTL_DONE;
}

static int scan_one(const struct ctl *ctl, const char *folder)
{
    char *json;
    int r = darkroom_scan(ctl->dk, folder, ctl->options.again, &json);

    if (r < 0)
        return report_failure(ctl, r);
    return ctl->options.json ? report_json(ctl, json) : show(ctl, json);
}

static int scan_all(const struct ctl *ctl)
{
    int code = CTL_DONE;
    const json_t *folder;
    json_t *status;
    char *json;
    size_t i;
    int r = darkroom_status(ctl->dk, &json);

    if (r < 0)
        return report_failure(ctl, r);
    status = report_parse(json);
    if (!status)
        return report_own_failure("cannot read the status", -ENOMEM);
    json_array_foreach (json_object_get(status, "folders"), i, folder)
        if (scan_one(ctl, field_text(folder, "name")) != CTL_DONE)
            code = CTL_FAILED;
    json_decref(status);
    return code;
}

static int run(struct ctl *ctl)
{
    int code = CTL_DONE;

    if (!ctl->words[0] && ctl->options.again) {
        fputs(CTL_PROGRAM ": scan: --again needs the names of folders\n", stderr);
        return CTL_USAGE;
    }
    if (!ctl->words[0])
        return scan_all(ctl);
    for (size_t i = 0; ctl->words[i]; i++)
        if (scan_one(ctl, ctl->words[i]) != CTL_DONE)
            code = CTL_FAILED;
    return code;
}

static const struct option_row rows[] = {
    { "again", NULL, offsetof(struct options, again),
      "make again what is done, as after a change of the recipe" },
};

const struct command cmd_scan = {
    .name = "scan",
    .arguments = "[FOLDER…]",
    .help = "look at all files of folders now",
    .options = { rows, sizeof(rows) / sizeof(rows[0]) },
    .run = run,
};
