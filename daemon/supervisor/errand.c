/* SPDX-License-Identifier: GPL-2.0-or-later */
/* errand - see errand.h. The thread owns the errand until it writes to the eventfd, the loop from then on. */
#include "supervisor/errand.h"

#include "base/cleanup.h"
#include "supervisor/event_order.h"
#include "supervisor/proof.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

struct errand {
    const struct config_origin *origin;
    char *worker_program; /* NULL: nothing is proven */
    errand_done *done;
    void *context;
    int event_fd;
    sd_event_source *source;
    pthread_t thread;
    int result;
    struct config *config;
    struct problems problems;
};

static void *run(void *argument)
{
    struct errand *errand = argument;

    errand->result = config_load(errand->origin, &errand->problems, &errand->config);
    if (errand->result == 0 && errand->worker_program)
        errand->result = proof_run(errand->config, errand->worker_program, &errand->problems);
    (void)!write(errand->event_fd, &(uint64_t){ 1 }, sizeof(uint64_t));
    return NULL;
}

static void errand_free(struct errand *errand)
{
    sd_event_source_disable_unref(errand->source);
    close_fd(errand->event_fd);
    problems_release(&errand->problems);
    free(errand->worker_program);
    free(errand);
}

/* All that the thread has left to do is to end, and for that it may have to wait for a core: nobody waits for it. */
static int on_finished(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
    struct errand *errand = userdata;
    uint64_t once;

    (void)source;
    (void)events;
    (void)!read(fd, &once, sizeof once);
    pthread_detach(errand->thread);
    errand->done(errand->context, errand->result, errand->config, &errand->problems);
    errand_free(errand);
    return 0;
}

/* Takes @errand over, also when it fails. */
static int begin(struct errand *errand, sd_event *event)
{
    int r;

    errand->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    r = errand->event_fd < 0
            ? -errno
            : sd_event_add_io(event, &errand->source, errand->event_fd, EPOLLIN, on_finished, errand);
    if (r >= 0)
        r = sd_event_source_set_priority(errand->source, ORDER_REPLIES);
    if (r >= 0)
        r = -pthread_create(&errand->thread, NULL, run, errand);
    if (r < 0)
        errand_free(errand);
    return r;
}

int errand_load_config(sd_event *event, const struct config_origin *origin, errand_done *done, void *context)
{
    struct errand *errand = calloc(1, sizeof *errand);

    if (!errand)
        return -ENOMEM;
    *errand = (struct errand){ .origin = origin, .done = done, .context = context };
    return begin(errand, event);
}

int errand_check_config(sd_event *event, const struct config_origin *origin, const char *worker_program,
                        errand_done *done, void *context)
{
    struct errand *errand = calloc(1, sizeof *errand);
    char *program = strdup(worker_program);

    if (!errand || !program) {
        free(errand);
        free(program);
        return -ENOMEM;
    }
    *errand =
        (struct errand){ .origin = origin, .worker_program = program, .done = done, .context = context };
    return begin(errand, event);
}
