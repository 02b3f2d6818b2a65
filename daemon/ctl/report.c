/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report - see report.h. */
#include "ctl/report.h"

#include "ctl/escape.h"
#include "ctl/field.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ELSEWHERE "; one that answers elsewhere is named with --socket=PATH or DARKROOM_SOCKET"
#define IS_IT_RUNNING "; is it running? try: systemctl status darkroom" ELSEWHERE
#define WHO_MAY "; root and the members of the socket's group may use it" ELSEWHERE

/* What to do when the daemon was not reached. */
static const struct {
    int error;
    const char *remedy;
} remedies[] = {
    { ENOENT, IS_IT_RUNNING },
    { ECONNREFUSED, IS_IT_RUNNING },
    { EACCES, WHO_MAY },
    { EPERM, WHO_MAY },
};

static const char *remedy_for(int error)
{
    for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++)
        if (remedies[i].error == error)
            return remedies[i].remedy;
    return "";
}

int report_failure(const struct ctl *ctl, int error)
{
    const char *remedy = darkroom_http_status(ctl->dk) == 0 ? remedy_for(-error) : "";
    char *text = escape_text(darkroom_error(ctl->dk));

    fprintf(stderr, CTL_PROGRAM ": %s%s\n", text ? text : strerror(-error), remedy);
    free(text);
    return CTL_FAILED;
}

int report_own_failure(const char *what, int error)
{
    fprintf(stderr, CTL_PROGRAM ": %s: %s\n", what, strerror(-error));
    return CTL_FAILED;
}

int report_json(const struct ctl *ctl, char *json)
{
    fprintf(ctl->screen.file, "%s\n", json);
    darkroom_free(json);
    return CTL_DONE;
}

int report_own_json(const struct ctl *ctl, json_t *json)
{
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

    json_decref(json);
    if (!text)
        return report_own_failure("cannot show it", -ENOMEM);
    fprintf(ctl->screen.file, "%s\n", text);
    free(text);
    return CTL_DONE;
}

json_t *report_parse(char *json)
{
    json_t *parsed = json_loads(json, 0, NULL);

    darkroom_free(json);
    return parsed;
}

void report_problems(const json_t *problems, FILE *file)
{
    const json_t *problem;
    size_t i;

    json_array_foreach (problems, i, problem) {
        char *where = escape_text(field_text(problem, "where"));
        char *text = escape_text(field_text(problem, "text"));

        fprintf(file, "%s: %s\n", where ? where : "?", text ? text : "?");
        free(where);
        free(text);
    }
}
