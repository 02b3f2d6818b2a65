/* SPDX-License-Identifier: GPL-2.0-or-later */
/* publish_all - a batch of jobs from its beginning to its end, as a watcher with nothing else to do takes it. */
#ifndef DARKROOM_TESTS_PUBLISH_ALL_H
#define DARKROOM_TESTS_PUBLISH_ALL_H

#include "supervisor/publish.h"

/* @intent stands for the ledger's: 0 or -errno. */
static inline void publish_all(const struct publish_context *context, struct job *const *jobs,
                               enum verdict *verdicts, size_t count,
                               int (*intent)(struct job *const *jobs, size_t count))
{
    struct publish_batch batch = { .count = count };
    struct job *announced[PUBLISH_BATCH_MAX];
    size_t announced_count;

    for (size_t i = 0; i < count; i++)
        batch.jobs[i] = jobs[i];
    publish_write(&batch, context);
    publish_flush(&batch);
    announced_count = publish_announce(&batch, announced);
    publish_name(&batch, announced_count > 0 ? intent(announced, announced_count) : 0);
    publish_end(&batch);
    for (size_t i = 0; i < count; i++)
        verdicts[i] = batch.verdicts[i];
}

#endif
