/* SPDX-License-Identifier: GPL-2.0-or-later */
/* snapshot - see snapshot.h. The field names are interface. */
#include "supervisor/snapshot.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "supervisor/supervisor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static json_t *integer(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *number_as_string(uint64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, value);
    return json_string(text);
}

static json_t *string_or_null(const char *text)
{
    return text && *text ? json_string(text) : json_null();
}

/* ---- status ---- */

static uint64_t count_in_flight(const struct supervisor *supervisor, enum job_state state)
{
    uint64_t count = 0;

    for (size_t i = 0; i < supervisor->slot_count; i++)
        if (supervisor->folders[i])
            count += supervisor->folders[i]->counts[state];
    return count;
}

static json_t *jobs(const struct supervisor *supervisor)
{
    json_t *object = json_object();
    uint64_t waiting = 0, queued = 0;

    for (size_t i = 0; i < supervisor->slot_count; i++)
        if (supervisor->folders[i]) {
            waiting += folder_waiting(supervisor->folders[i]);
            queued += folder_queued(supervisor->folders[i]);
        }

    json_object_set_new(object, "waiting", integer(waiting));
    json_object_set_new(object, "queued", integer(queued));
    for (enum job_state state = JOB_OPENING; state < JOB_STATE_COUNT; state++)
        json_object_set_new(object, job_state_name(state),
                            integer(job_state_is_end(state) ? supervisor->ledger_news.counts[state]
                                                            : count_in_flight(supervisor, state)));
    return object;
}

static json_t *workers(const struct supervisor *supervisor)
{
    json_t *array = json_array();
    const struct worker *worker;

    TAILQ_FOREACH (worker, &supervisor->pool.workers, link)
        json_array_append_new(
            array,
            json_pack("{s:i, s:I, s:s, s:o, s:I, s:I, s:I, s:I, s:I}", "pid", (int)worker->process.pid,
                      "generation", (json_int_t)worker->generation, "state", worker_state_name(worker->state),
                      "job",
                      worker->running && !worker->running->plan ? number_as_string(worker->running->id)
                                                                : json_null(),
                      "jobs_done", (json_int_t)worker->jobs_done, "rss_bytes", (json_int_t)worker->rss_bytes,
                      "grant_bytes", (json_int_t)worker_grant_bytes(worker), "landlock_abi",
                      (json_int_t)worker->landlock_abi, "system_calls", (json_int_t)worker->system_calls));
    return array;
}

/* How its files come in: counts since the start. */
static void add_intake(json_t *object, const struct watcher_news *news)
{
    uint64_t age_us = news->waiting_since_us ? monotonic_us() - news->waiting_since_us : 0;

    json_object_set_new(object, "waiting_oldest_s", integer(age_us / USEC_PER_SEC));
    json_object_set_new(object, "overflows", integer(news->overflows));
    json_object_set_new(object, "refused", integer(news->refused));
}

static json_t *memory(const struct supervisor *supervisor)
{
    const struct admission *admission = &supervisor->admission;

    return json_pack(
        "{s:I, s:I, s:I, s:I}", "budget_bytes", (json_int_t)admission->budget_bytes, "granted_bytes",
        (json_int_t)pool_memory_use(&supervisor->pool, USEC_INFINITY).granted_bytes, "default_grant_bytes",
        (json_int_t)admission->default_grant_bytes, "waiting", (json_int_t)admission->parked_count);
}

static json_t *folders(const struct supervisor *supervisor)
{
    json_t *array = json_array();

    for (size_t i = 0; i < supervisor->slot_count; i++) {
        struct folder *folder = supervisor->folders[i];
        json_t *object;

        if (!folder || folder->leaving)
            continue;
        object = json_pack(
            "{s:s, s:s, s:s, s:o, s:I, s:I, s:I}", "name", folder->name, "watch",
            folder_watch_name(folder->news.watch), "state", folder_state_name(folder_state_now(folder)),
            "reason", string_or_null(folder_reason(folder)), "waiting", (json_int_t)folder_waiting(folder),
            "queued", (json_int_t)folder_queued(folder), "in_flight", (json_int_t)folder->in_flight);
        add_intake(object, &folder->news);
        snapshot_set_bytes(object, "path", folder->conf->path);
        snapshot_set_bytes(object, "output", folder->conf->output);
        json_object_set_new(object, "recipe", json_string(folder->conf->recipe));
        json_array_append_new(array, object);
    }
    return array;
}

static const char *what_it_is(const struct folder *folder)
{
    static const char *const words[] = {
        [FOLDER_OK] = "", [FOLDER_HELD] = " is held", [FOLDER_LOST] = " is lost"
    };

    return words[folder_state_now(folder)];
}

static json_t *ledger_is_missing(const char *path)
{
    char name[TEXT_ESCAPED_MAX];

    return json_sprintf(
        "the ledger in use is not at %s any more, and what it records is lost when darkroomd ends: "
        "put it back; a new one finds outputs again, but not what failed, nor originals that wait",
        text_escape(path, name, sizeof name));
}

/* What is wrong as a whole, for people. */
static json_t *problems(const struct supervisor *supervisor)
{
    json_t *array = json_array();

    if (supervisor->ledger_news.failing)
        json_array_append_new(
            array, json_sprintf("the ledger cannot be written: %s; nothing is dispatched or published",
                                supervisor->ledger_news.text));
    if (supervisor->ledger_news.missing)
        json_array_append_new(array, ledger_is_missing(supervisor->ledger_news.missing));
    if (pool_trouble(&supervisor->pool)[0])
        json_array_append_new(array,
                              json_sprintf("workers cannot start: %s", pool_trouble(&supervisor->pool)));
    for (size_t i = 0; i < supervisor->slot_count; i++) {
        struct folder *folder = supervisor->folders[i];

        if (folder && folder->leaving)
            json_array_append_new(
                array, json_sprintf("folder %s is configured no more, or at another place, and on its "
                                    "way out: %zu jobs of it are under way%s%s",
                                    folder->name, folder->in_flight, folder_reason(folder)[0] ? "; " : "",
                                    folder_reason(folder)));
        else if (folder && folder_reason(folder)[0])
            json_array_append_new(array, json_sprintf("folder %s%s: %s", folder->name, what_it_is(folder),
                                                      folder_reason(folder)));
    }
    return array;
}

json_t *snapshot_status(const struct supervisor *supervisor)
{
    uint64_t uptime = monotonic_us() - supervisor->started_us;

    return json_pack("{s:s, s:s, s:f, s:I, s:I, s:o, s:o, s:o, s:o, s:{s:I}, s:o}", "version",
                     DARKROOM_VERSION, "state", phase_name(supervisor->phase), "uptime_s",
                     (double)uptime / (double)USEC_PER_SEC, "sequence", (json_int_t)supervisor->sequence,
                     "generation", (json_int_t)supervisor->generation, "jobs", jobs(supervisor), "workers",
                     workers(supervisor), "memory", memory(supervisor), "folders", folders(supervisor),
                     "loop", "longest_stall_us", (json_int_t)supervisor->longest_stall_us, "problems",
                     problems(supervisor));
}

/* ---- a job ---- */

static json_t *time_or_null(uint64_t us)
{
    time_t seconds = (time_t)(us / USEC_PER_SEC);
    struct tm tm;
    char text[40], whole[72];

    if (us == 0 || !gmtime_r(&seconds, &tm) || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
        return json_null();
    snprintf(whole, sizeof whole, "%s.%03uZ", text, (unsigned)(us % USEC_PER_SEC / USEC_PER_MSEC));
    return json_string(whole);
}

/* A manifest is no picture. */
static json_t *side_or_null(uint32_t pixels)
{
    return pixels > 0 ? integer(pixels) : json_null();
}

static json_t *outputs(const struct job_row *row)
{
    json_t *array = json_array();

    for (size_t i = 0; i < row->output_count; i++) {
        const struct job_row_output *output = &row->outputs[i];
        json_t *object = json_pack("{s:I, s:o, s:o}", "bytes", (json_int_t)output->bytes, "width",
                                   side_or_null(output->width), "height", side_or_null(output->height));

        snapshot_set_bytes(object, "path", output->path ?: "");
        json_array_append_new(array, object);
    }
    return array;
}

json_t *snapshot_job(const struct job_row *row)
{
    bool failure = row->class != CLASS_NONE;
    json_t *object = json_pack(
        "{s:o, s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id", number_as_string(row->id), "folder",
        row->folder, "state", job_state_name(row->state), "attempts", (json_int_t)row->attempts, "class",
        failure ? json_string(error_class_name(row->class)) : json_null(), "stage",
        failure ? json_string(error_stage_name(row->stage)) : json_null(), "message",
        string_or_null(row->message), "queued_at", time_or_null(row->queued_us), "finished_at",
        time_or_null(row->finished_us), "duration_ms",
        row->finished_us ? integer(row->duration_us / USEC_PER_MSEC) : json_null(), "outputs", outputs(row));

    if (object)
        snapshot_set_bytes(object, "path", row->path);
    return object;
}

/* ---- a check ---- */

json_t *snapshot_problems(const struct problems *problems)
{
    json_t *array = json_array();

    for (size_t i = 0; i < problems->count; i++)
        json_array_append_new(array,
                              json_pack("{s:o, s:o}", "where", json_string(problems->list[i].where ?: "?"),
                                        "text", json_string(problems->list[i].text ?: "out of memory")));
    return array;
}

/* ---- names ---- */

/* RFC 4648. */
static char *base64(const char *bytes, size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = malloc((length + 2) / 3 * 4 + 1);
    char *next = text;

    for (size_t i = 0; text && i < length; i += 3) {
        uint32_t group = (uint32_t)(unsigned char)bytes[i] << 16;

        if (i + 1 < length)
            group |= (uint32_t)(unsigned char)bytes[i + 1] << 8;
        if (i + 2 < length)
            group |= (unsigned char)bytes[i + 2];
        *next++ = digits[group >> 18];
        *next++ = digits[group >> 12 & 63];
        *next++ = i + 1 < length ? digits[group >> 6 & 63] : '=';
        *next++ = i + 2 < length ? digits[group & 63] : '=';
    }
    if (text)
        *next = '\0';
    return text;
}

void snapshot_set_bytes(json_t *object, const char *key, const char *bytes)
{
    char readable[TEXT_ESCAPED_MAX], key_b64[64];
    _cleanup_free_ char *encoded = NULL;

    if (text_is_utf8(bytes, strlen(bytes))) {
        json_object_set_new(object, key, json_string(bytes));
        return;
    }
    json_object_set_new(object, key, json_string(text_escape(bytes, readable, sizeof readable)));
    encoded = base64(bytes, strlen(bytes));
    snprintf(key_b64, sizeof key_b64, "%s_b64", key);
    if (encoded)
        json_object_set_new(object, key_b64, json_string(encoded));
}
