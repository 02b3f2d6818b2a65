/* SPDX-License-Identifier: GPL-2.0-or-later */
/* switched - see switched.h. */
#include "switched.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

void switched_open(struct switched *switched, const struct harness *h)
{
    const char *path = harness_path(h, "switch");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, sizeof *switched->the_switch), 0);
    switched->the_switch =
        mmap(NULL, sizeof *switched->the_switch, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert(switched->the_switch != MAP_FAILED);
    close(fd);
    ck_assert_int_eq(sem_init(&switched->the_switch->held, true, 0), 0);
    ck_assert_int_eq(sem_init(&switched->the_switch->go_on, true, 0), 0);
    snprintf(switched->variable, sizeof switched->variable, "%s=%s", KILL_SWITCH_VARIABLE, path);
}

void switched_close(struct switched *switched)
{
    sem_destroy(&switched->the_switch->held);
    sem_destroy(&switched->the_switch->go_on);
    munmap(switched->the_switch, sizeof *switched->the_switch);
    switched->the_switch = NULL;
}

void switched_start(struct switched *switched, struct harness *h, uint64_t at)
{
    h->environment[0] = "LD_PRELOAD=" DARKROOM_KILL_SWITCH;
    h->environment[1] = switched->variable;
    h->environment[2] = "ASAN_OPTIONS=verify_asan_link_order=0";
    atomic_store(&switched->the_switch->calls, 0);
    switched->the_switch->call[0] = '\0';
    atomic_store(&switched->the_switch->at, at);
    harness_spawn_usual(h);
    memset(h->environment, 0, sizeof h->environment);
}

/* False when the switch was faster. */
static bool is_disarmed(struct switched *switched)
{
    atomic_store(&switched->the_switch->at, 0);
    return switched->the_switch->call[0] == '\0';
}

bool switched_await(struct switched *switched, struct harness *h, int64_t done,
                    void (*seen)(const json_t *status, void *context), void *context)
{
    struct pollfd fds[] = { { .fd = h->notify_fd, .events = POLLIN }, { .fd = h->pidfd, .events = POLLIN } };
    uint64_t sequence = 0;
    char text[512];
    char *json;

    ck_assert_int_gt(poll(fds, 2, HARNESS_DEADLINE_S * 1000), 0);
    while (recv(h->notify_fd, text, sizeof text, 0) > 0)
        ;
    while (darkroom_status_wait(h->dk, sequence, HARNESS_DEADLINE_S * 1000, &json) == 0) {
        json_t *status = json_loads(json, 0, NULL);
        bool over =
            harness_number(status, "jobs.done") == done && harness_number(status, "folders.0.in_flight") == 0;

        sequence = (uint64_t)harness_number(status, "sequence");
        darkroom_free(json);
        if (seen)
            seen(status, context);
        json_decref(status);
        if (over && is_disarmed(switched))
            return false;
    }
    ck_assert_int_eq(harness_await_exit(h), 128 + SIGKILL);
    return true;
}

void switched_hold(struct switched *switched)
{
    atomic_store(&switched->the_switch->holds, true);
}

void switched_await_held(struct switched *switched)
{
    struct timespec deadline;

    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += HARNESS_DEADLINE_S;
    ck_assert_msg(sem_timedwait(&switched->the_switch->held, &deadline) == 0, "nothing is held: %m");
}

void switched_go_on(struct switched *switched)
{
    sem_post(&switched->the_switch->go_on);
}
