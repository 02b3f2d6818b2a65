/* SPDX-License-Identifier: GPL-2.0-or-later */
/* darkroomctl formats - which picture formats this version reads and makes. */
#include "ctl/ctl.h"
#include "ctl/formats_view.h"
#include "ctl/report.h"

static int show_json(const struct ctl *ctl)
{
    json_t *list = json_array();

    for (enum format format = 0; format < FORMAT_COUNT; format++)
        json_array_append_new(list, formats_view_json(format));
    return report_own_json(ctl, json_pack("{s:o}", "formats", list));
}

static int run(struct ctl *ctl)
{
    int r;

    if (ctl->options.json)
        return show_json(ctl);
    r = formats_view_print(&ctl->screen);
    return r < 0 ? report_own_failure("cannot show the formats", r) : CTL_DONE;
}

const struct command cmd_formats = {
    .name = "formats",
    .help = "show the picture formats that can be sources and outputs",
    .local = true,
    .run = run,
};
