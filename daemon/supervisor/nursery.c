/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nursery - see nursery.h. The loop's side is at the end. */
#include "supervisor/nursery.h"

#include "base/channel.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "supervisor/event_order.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ORDERS_MAX = 2, /* a worker, and that there will be no more */
    NEWS_MAX = 64,  /* with more the thread waits for the loop */
    EVENTS_A_TURN = 16,
    NURSERY_PATIENCE_MS = 2000, /* at the end */
};

struct order {
    bool last; /* nothing else is ordered */
    uint64_t generation;
    int bundle; /* owned */
};

struct news {
    enum { STARTED, FAILED, ENDED } kind;
    uint64_t generation;
    struct spawned process; /* owned */
    struct error error;
    siginfo_t end;
};

struct nursery {
    char *program;
    struct nursery_handler handler;
    struct channel orders, news;
    sd_event_source *source;
    pthread_t thread;
    int ended_fd; /* the thread has nothing left to do but to end */

    /* The thread's own. */
    int epoll;
    size_t children;
    bool leaving;
};

/* ---- in the thread ---- */

static void abandon(struct spawned *process)
{
    spawned_kill(process);
    spawned_release(process);
}

static int watch(struct nursery *nursery, int fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

    return epoll_ctl(nursery->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* By a descriptor of our own: the other one is closed when the loop likes. */
static int watch_process(struct nursery *nursery, const struct spawned *process)
{
    _cleanup_close_ int pidfd = fcntl(process->pidfd, F_DUPFD_CLOEXEC, 0);
    int r = pidfd < 0 ? -errno : watch(nursery, pidfd);

    if (r < 0)
        return r;
    take_fd(&pidfd);
    nursery->children++;
    return 0;
}

static int start(struct nursery *nursery, const struct order *order, struct news *news)
{
    int r = pool_spawn(nursery->program, order->generation, order->bundle, &news->process, &news->error);

    if (r < 0)
        return r;
    r = watch_process(nursery, &news->process);
    if (r < 0) {
        spawned_kill(&news->process);
        waitid(P_PIDFD, (id_t)news->process.pidfd, &(siginfo_t){ 0 }, WEXITED);
        spawned_release(&news->process);
        return error_set_errno(&news->error, -r, STAGE_NONE, "cannot watch a worker");
    }
    return 0;
}

static void take_order(struct nursery *nursery)
{
    struct order order;
    struct news news = { .kind = STARTED };

    if (!channel_receive(&nursery->orders, &order))
        return;
    if (order.last) {
        nursery->leaving = true;
        return;
    }
    news.generation = order.generation;
    if (start(nursery, &order, &news) < 0)
        news.kind = FAILED;
    close_fd(order.bundle);
    if (channel_send_wait(&nursery->news, &news) < 0 && news.kind == STARTED)
        abandon(&news.process);
}

static void reap(struct nursery *nursery, int pidfd)
{
    struct news news = { .kind = ENDED };

    if (waitid(P_PIDFD, (id_t)pidfd, &news.end, WEXITED | WNOHANG) == 0 && news.end.si_pid == 0)
        return;
    /* Closing it would not do: the loop has one, too. */
    epoll_ctl(nursery->epoll, EPOLL_CTL_DEL, pidfd, NULL);
    close_fd(pidfd);
    nursery->children--;
    channel_send_wait(&nursery->news, &news);
}

static void *run(void *argument)
{
    struct nursery *nursery = argument;
    struct epoll_event events[EVENTS_A_TURN];

    while (!nursery->leaving || nursery->children > 0) {
        int n = epoll_wait(nursery->epoll, events, EVENTS_A_TURN, -1);

        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == channel_fd(&nursery->orders))
                take_order(nursery);
            else
                reap(nursery, events[i].data.fd);
        }
    }
    (void)!write(nursery->ended_fd, &(uint64_t){ 1 }, sizeof(uint64_t));
    return NULL;
}

/* ---- in the loop's ---- */

static int on_news(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
    struct nursery *nursery = userdata;
    const struct nursery_handler *handler = &nursery->handler;
    struct news news;

    (void)source;
    (void)fd;
    (void)events;
    if (!channel_receive(&nursery->news, &news))
        return 0;
    if (news.kind == STARTED)
        handler->started(handler->context, news.generation, &news.process);
    else if (news.kind == FAILED)
        handler->failed(handler->context, news.generation, &news.error);
    else
        handler->ended(handler->context, news.end.si_pid, &news.end);
    return 0;
}

int nursery_order(struct nursery *nursery, uint64_t generation, int bundle)
{
    struct order order = { .generation = generation, .bundle = fcntl(bundle, F_DUPFD_CLOEXEC, 0) };

    if (order.bundle < 0)
        return -errno;
    channel_send(&nursery->orders, &order);
    return 0;
}

static int open_all(struct nursery *nursery, sd_event *event)
{
    int r;

    r = channel_init(&nursery->orders, sizeof(struct order), ORDERS_MAX);
    if (r < 0)
        return r;
    r = channel_init(&nursery->news, sizeof(struct news), NEWS_MAX);
    if (r < 0)
        return r;
    nursery->ended_fd = eventfd(0, EFD_CLOEXEC);
    if (nursery->ended_fd < 0)
        return -errno;
    nursery->epoll = epoll_create1(EPOLL_CLOEXEC);
    r = nursery->epoll < 0 ? -errno : watch(nursery, channel_fd(&nursery->orders));
    if (r < 0)
        return r;
    r = sd_event_add_io(event, &nursery->source, channel_fd(&nursery->news), EPOLLIN, on_news, nursery);
    if (r < 0)
        return r;
    return sd_event_source_set_priority(nursery->source, ORDER_EXITS);
}

static void release(struct nursery *nursery)
{
    sd_event_source_disable_unref(nursery->source);
    close_fd(nursery->epoll);
    close_fd(nursery->ended_fd);
    channel_release(&nursery->orders);
    channel_release(&nursery->news);
    free(nursery->program);
    free(nursery);
}

int nursery_new(sd_event *event, const char *program, const struct nursery_handler *handler,
                struct nursery **ret)
{
    struct nursery *nursery = calloc(1, sizeof *nursery);
    int r;

    if (!nursery)
        return -ENOMEM;
    *nursery =
        (struct nursery){ .program = strdup(program), .handler = *handler, .ended_fd = -1, .epoll = -1 };
    r = nursery->program ? open_all(nursery, event) : -ENOMEM;
    if (r >= 0)
        r = -pthread_create(&nursery->thread, NULL, run, nursery);
    if (r < 0) {
        release(nursery);
        return r;
    }
    *ret = nursery;
    return 0;
}

static bool ends_in_time(struct nursery *nursery)
{
    struct pollfd ended = { .fd = nursery->ended_fd, .events = POLLIN };

    if (poll(&ended, 1, NURSERY_PATIENCE_MS) <= 0)
        return false;
    pthread_join(nursery->thread, NULL);
    return true;
}

bool nursery_free(struct nursery *nursery)
{
    struct news news;

    if (!nursery)
        return true;
    channel_close(&nursery->news);
    while (channel_receive(&nursery->news, &news))
        if (news.kind == STARTED)
            abandon(&news.process);
    channel_send(&nursery->orders, &(struct order){ .last = true, .bundle = -1 });
    if (!ends_in_time(nursery))
        return false;
    release(nursery);
    return true;
}
