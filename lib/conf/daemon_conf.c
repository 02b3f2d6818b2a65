/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon_conf - see daemon_conf.h: the table of keys, and the two values of its own, Workers=auto and
 * MemoryBudget=auto. */
#include "conf/daemon_conf.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "conf/conf_table.h"
#include "conf/ini.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static bool is_auto(const struct ini_entry *entry)
{
    return entry->value[0] == '\0' || strcmp(entry->value, "auto") == 0;
}

/* "auto", also when empty, or a number. */
static int parse_workers(const struct ini_entry *entry, const struct conf_key *key, void *field,
                         struct problems *problems)
{
    char shown[200];

    if (is_auto(entry)) {
        *(uint64_t *)field = 0;
        return 0;
    }
    if (text_parse_unsigned(entry->value, key->min, key->max, field) < 0)
        return ini_problem(problems, entry->value_place, "Workers=%s: give auto, or a number from 1 to %d",
                           text_escape(entry->value, shown, sizeof shown), DAEMON_WORKERS_MAX);
    return 0;
}

/* "auto", also when empty, or a size. */
static int parse_budget(const struct ini_entry *entry, const struct conf_key *key, void *field,
                        struct problems *problems)
{
    if (!is_auto(entry))
        return conf_parse_size(entry, key, field, problems);
    *(uint64_t *)field = 0;
    return 0;
}

#define FIELD(member) offsetof(struct daemon_conf, member)

static const struct conf_key keys[] = {
    { .section = "Daemon",
      .name = "Workers",
      .parse = parse_workers,
      .offset = FIELD(workers),
      .min = 1,
      .max = DAEMON_WORKERS_MAX,
      .help = "How many pictures are worked on at once; auto: one a processor." },
    { .section = "Daemon",
      .name = "MemoryBudget",
      .parse = parse_budget,
      .offset = FIELD(memory_budget_bytes),
      .min = 16ULL << 20,
      .max = 1ULL << 50,
      .help =
          "How much memory the pictures that are worked on at once may take; auto: half of what there is." },
    { .section = "Daemon",
      .name = "JobTimeout",
      .parse = conf_parse_duration,
      .offset = FIELD(job_timeout_us),
      .min = 100 * USEC_PER_MSEC,
      .max = 86400 * USEC_PER_SEC,
      .help = "How long a worker may take for one picture before it is killed." },
    { .section = "Daemon",
      .name = "WorkerJobs",
      .parse = conf_parse_unsigned,
      .offset = FIELD(worker_jobs),
      .min = 1,
      .max = 1000 * 1000 * 1000,
      .help = "How many jobs a worker does before a new one takes its place." },
    { .section = "Daemon",
      .name = "MaxAttempts",
      .parse = conf_parse_unsigned,
      .offset = FIELD(max_attempts),
      .min = 1,
      .max = 100,
      .help = "How many crashes and timeouts of its own a file may cause before it fails." },
    { .section = "Daemon",
      .name = "StopTimeout",
      .parse = conf_parse_duration,
      .offset = FIELD(stop_timeout_us),
      .min = 0,
      .max = 86400 * USEC_PER_SEC,
      .help = "How long running jobs may take to finish when the daemon is stopped." },
    { .section = "Daemon",
      .name = "JobHistory",
      .parse = conf_parse_duration,
      .offset = FIELD(job_history_us),
      .min = USEC_PER_SEC,
      .max = 36500ULL * 86400 * USEC_PER_SEC,
      .help = "How long jobs that have ended are remembered." },
    { .section = "Control",
      .name = "AdminGroup",
      .parse = conf_parse_string,
      .offset = FIELD(admin_group),
      .help = "Members of this group may change things, besides root and the daemon's own user." },
};

void daemon_conf_init(struct daemon_conf *conf)
{
    *conf = (struct daemon_conf){
        .workers = 0,
        .job_timeout_us = 60 * USEC_PER_SEC,
        .worker_jobs = 20000,
        .max_attempts = 3,
        .job_history_us = 90ULL * 86400 * USEC_PER_SEC,
        .stop_timeout_us = 20 * USEC_PER_SEC,
    };
}

int daemon_conf_load(struct daemon_conf *conf, const char *path, struct problems *problems)
{
    struct daemon_conf defaults;
    int read, applied;

    daemon_conf_init(&defaults);
    daemon_conf_init(conf);
    read = ini_add_file(&conf->ini, path, problems);
    if (read == -ENOMEM)
        return problems_add(problems, path, "out of memory");

    applied = conf_apply_file(&conf->ini, keys, ARRAY_SIZE(keys), conf, &defaults, problems);
    if ((read < 0 && read != -ENOENT) || applied < 0) {
        daemon_conf_release(conf);
        return -EINVAL;
    }
    return 0;
}

void daemon_conf_release(struct daemon_conf *conf)
{
    free(conf->admin_group);
    ini_release(&conf->ini);
    *conf = (struct daemon_conf){ 0 };
}

const struct conf_key *daemon_conf_key(size_t index)
{
    return index < ARRAY_SIZE(keys) ? &keys[index] : NULL;
}
