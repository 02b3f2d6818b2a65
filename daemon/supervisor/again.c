/* SPDX-License-Identifier: GPL-2.0-or-later */
/* again - see again.h. */
#include "supervisor/again.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "supervisor/snapshot.h"
#include "supervisor/folders.h"
#include "supervisor/supervisor.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_BYTES = 151 };

void again_free(struct again *again)
{
    if (!again)
        return;
    config_unref(again->config);
    free(again->after_path);
    free(again->next_path);
    free(again->path);
    free(again);
}

/* ---- answers ---- */

static json_t *number_as_string(uint64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, value);
    return json_string(text);
}

static void answer_retried_job(struct request *request, const struct again *again)
{
    char location[48];

    snprintf(location, sizeof location, "/v1/jobs/%" PRIu64, again->other);
    http_set_header(request, "Location", location);
    http_answer(request, 202, json_pack("{s:i, s:o}", "retried", 1, "job", number_as_string(again->other)));
}

/* Why a job is not retried, and what can be done instead. */
static void refuse_job(struct request *request, const struct again *again, enum again_verdict verdict)
{
    const struct folder_conf *folder = again->job_folder;
    unsigned long long job = again->job;
    char path[SHOWN_BYTES], failed[SHOWN_BYTES];

    text_escape(again->path ?: "", path, sizeof path);
    switch (verdict) {
    case AGAIN_NO_JOB:
        http_answer_problem(request, 404, NULL, "there is no job %llu", job);
        break;
    case AGAIN_UNDER_WAY:
        http_answer_problem(request, 409, NULL, "job %llu has not ended yet", job);
        break;
    case AGAIN_DONE:
        http_answer_problem(request, 409, NULL,
                            "job %llu is done; to make all of a folder anew: darkroomctl scan --again FOLDER",
                            job);
        break;
    case AGAIN_NEWER:
        http_answer_problem(request, 409, NULL, "job %llu was followed by job %llu for the same file", job,
                            (unsigned long long)again->other);
        break;
    case AGAIN_UNCONFIGURED:
        http_answer_problem(request, 409, NULL, "the folder of job %llu is not configured any more", job);
        break;
    case AGAIN_ORIGINAL:
        http_answer_problem(request, 409, NULL,
                            "the original or error file of job %llu is still to be moved or written; status "
                            "says what that waits for",
                            job);
        break;
    case AGAIN_MOVED:
        http_answer_problem(
            request, 409, NULL,
            "the original of job %llu was moved to %s/%s (or a numbered name beside it); move it "
            "back to %s/%s, and it is tried again",
            job, text_escape(folder->failed, failed, sizeof failed), path, folder->name, path);
        break;
    default:
        http_answer_problem(
            request, 409, NULL,
            "the file of job %llu, %s, is not there or is just changing; when it is there it is "
            "worked on by itself (to look at once: darkroomctl scan)",
            job, path);
        break;
    }
}

static void answer_job(struct request *request, const struct again *again)
{
    for (enum again_verdict verdict = 0; verdict < AGAIN_VERDICT_COUNT; verdict++)
        if (again->verdicts[verdict] > 0 && verdict == AGAIN_OK)
            answer_retried_job(request, again);
        else if (again->verdicts[verdict] > 0)
            refuse_job(request, again, verdict);
}

/* @moved: with originals in failed folders, which have to be moved back; @left: others that cannot be tried. */
static void answer_failed(struct request *request, const struct again *again)
{
    uint64_t left =
        again->totals[AGAIN_UNCONFIGURED] + again->totals[AGAIN_ORIGINAL] + again->totals[AGAIN_GONE];

    log_notice("%" PRIu64 " failed job%s tried again%s%s", again->totals[AGAIN_OK],
               again->totals[AGAIN_OK] == 1 ? " is" : "s are", again->folder ? " in folder " : "",
               again->folder ? again->folder->name : "");
    http_answer(request, 202,
                json_pack("{s:I, s:I, s:I}", "retried", (json_int_t)again->totals[AGAIN_OK], "moved",
                          (json_int_t)again->totals[AGAIN_MOVED], "left", (json_int_t)left));
}

static void scan(struct control *control, struct request *request, const struct folder_conf *conf,
                 const struct again *again)
{
    struct folder *folder = folders_find(control->supervisor, conf->name);

    if (!folder) {
        http_answer_problem(request, 409, NULL, "folder %s is not watched any more", conf->name);
        return;
    }
    watcher_scan(folder->watcher);
    if (again)
        log_notice("folder %s: %" PRIu64 " done files are made again", conf->name, again->totals[AGAIN_OK]);
    http_answer(request, 202,
                json_pack("{s:s, s:I, s:I}", "folder", conf->name, "again",
                          (json_int_t)(again ? again->totals[AGAIN_OK] : 0), "under_way",
                          (json_int_t)(again ? again->totals[AGAIN_UNDER_WAY] : 0)));
}

static void answer(struct control *control, struct request *request, const struct again *again)
{
    switch (again->what) {
    case AGAIN_RETRY_JOB:
        answer_job(request, again);
        break;
    case AGAIN_RETRY_FAILED:
        answer_failed(request, again);
        break;
    case AGAIN_FORGET_DONE:
        scan(control, request, again->folder, again);
        break;
    }
}

/* ---- chunks ---- */

static void take_over(struct again *again)
{
    for (size_t i = 0; i < AGAIN_VERDICT_COUNT; i++)
        again->totals[i] += again->verdicts[i];
    again->after = again->next_after;
    if (again->next_path) {
        free(again->after_path);
        again->after_path = take_ptr(again->next_path);
    }
}

void again_answered(struct control *control, struct again *again)
{
    struct request *request = again->context;

    take_over(again);
    if (again->more && control->supervisor->phase == PHASE_RUNNING) {
        ledger_send(control->supervisor->ledger,
                    &(struct ledger_request){ .op = LEDGER_AGAIN, .again = again });
        return;
    }

    control_asked(control, request);
    if (control->supervisor->phase != PHASE_RUNNING)
        http_answer_problem(request, 503, NULL, "darkroomd is stopping; %s",
                            again->more ? "a part was done, ask again when it runs"
                                        : "ask again when it runs");
    else
        answer(control, request, again);
    again_free(again);
}

/* ---- beginnings ---- */

static void begin(struct control *control, struct request *request, struct again wanted)
{
    struct supervisor *supervisor = control->supervisor;
    struct again *again = calloc(1, sizeof *again);

    if (!again) {
        http_answer_problem(request, 503, NULL, "memory is out; ask again");
        return;
    }
    *again = wanted;
    again->config = config_ref(supervisor->config);
    again->context = request;
    for (size_t i = 0; i < again->config->folder_count; i++) {
        const struct folder *folder = folders_find(supervisor, again->config->folders[i].name);

        again->slots[i] = folder ? folder->slot : FOLDERS_MAX;
    }
    if (!control_ask_for(control, request, &(struct ledger_request){ .op = LEDGER_AGAIN, .again = again }))
        again_free(again);
}

void again_retry_job(struct control *control, struct request *request, uint64_t id)
{
    begin(control, request, (struct again){ .what = AGAIN_RETRY_JOB, .job = id });
}

void again_retry_failed(struct control *control, struct request *request, const struct folder_conf *folder)
{
    begin(control, request, (struct again){ .what = AGAIN_RETRY_FAILED, .folder = folder });
}

void again_make_folder(struct control *control, struct request *request, const struct folder_conf *folder)
{
    begin(control, request, (struct again){ .what = AGAIN_FORGET_DONE, .folder = folder });
}

void again_scan(struct control *control, struct request *request, const struct folder_conf *folder)
{
    scan(control, request, folder, NULL);
}
