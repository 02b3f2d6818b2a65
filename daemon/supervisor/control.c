/* SPDX-License-Identifier: GPL-2.0-or-later */
/* control - see control.h. */
#include "supervisor/control.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "supervisor/event_order.h"
#include "supervisor/plan.h"
#include "supervisor/routes.h"
#include "supervisor/snapshot.h"
#include "supervisor/supervisor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

enum { LISTEN_BACKLOG = 512, GROUPS_MAX = 1024 };

/* ---- the socket ---- */

static int make_address(const char *path, struct sockaddr_un *ret, struct error *error)
{
    if (strlen(path) >= sizeof ret->sun_path)
        return error_set(error, ENAMETOOLONG, CLASS_ENVIRONMENT, STAGE_NONE,
                         "the socket's path %s is too long; choose a shorter --runtime=", path);
    *ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
    memcpy(ret->sun_path, path, strlen(path) + 1);
    return 0;
}

/* Does another daemon answer there? A socket file that nobody listens on is what a crash left. */
static bool is_alive(const struct sockaddr_un *address)
{
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    return fd >= 0 &&
           (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EAGAIN);
}

static int open_socket(const char *path, struct error *error)
{
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_un address;
    int r = make_address(path, &address, error);

    if (r < 0)
        return r;
    if (fd < 0)
        return error_set_errno(error, errno, STAGE_NONE, "cannot make the control socket");
    if (is_alive(&address))
        return error_set(error, EADDRINUSE, CLASS_ENVIRONMENT, STAGE_NONE, "another darkroomd answers at %s",
                         path);

    unlink(path);
    /* The mode is given before anybody can connect: nobody listens yet. */
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 || chmod(path, 0660) < 0 ||
        listen(fd, LISTEN_BACKLOG) < 0)
        return error_set_errno(error, errno, STAGE_NONE, "cannot open the control socket %s", path);
    return take_fd(&fd);
}

/* systemd's socket, when it gave us one. */
static int inherited_socket(void)
{
    int count = sd_listen_fds(1);

    for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + count; fd++)
        if (sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) > 0)
            return fd;
    return -ENOENT;
}

/* ---- who may change things ---- */

static bool is_in_group(int socket, gid_t group)
{
    gid_t groups[GROUPS_MAX];
    socklen_t size = sizeof groups;

    if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
        return false;
    for (size_t i = 0; i < size / sizeof *groups; i++)
        if (groups[i] == group)
            return true;
    return false;
}

bool control_is_admin(const struct control *control, const struct request *request)
{
    gid_t admin = control->supervisor->config->admin_group;
    struct ucred peer;
    socklen_t size = sizeof peer;
    int socket = http_socket(request);

    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return false;
    if (peer.uid == 0 || peer.uid == geteuid())
        return true;
    return admin != (gid_t)-1 && (peer.gid == admin || is_in_group(socket, admin));
}

/* ---- waiting ---- */

/* Sets the timer for @request, unless it goes off before. What is answered in time leaves it as it is: going off for
 * nothing is cheaper than looking through all who wait each time. */
static void arm_deadline(struct control *control, const struct request *request)
{
    if (request->deadline_us >= control->armed_us)
        return;
    control->armed_us = request->deadline_us;
    sd_event_source_set_time(control->deadline_source, control->armed_us);
    sd_event_source_set_enabled(control->deadline_source, SD_EVENT_ONESHOT);
}

static void arm_next_deadline(struct control *control)
{
    const struct request_list *lists[] = { &control->waiting, &control->job_waiting, &control->planning };

    control->armed_us = USEC_INFINITY;
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        const struct request *request;

        TAILQ_FOREACH (request, lists[i], link)
            arm_deadline(control, request);
    }
}

void control_wait(struct control *control, struct request *request, bool for_job)
{
    if (!request->suspended)
        http_wait(request);
    TAILQ_INSERT_TAIL(for_job ? &control->job_waiting : &control->waiting, request, link);
    arm_deadline(control, request);
}

void control_wait_for_plan(struct control *control, struct request *request)
{
    http_wait(request);
    TAILQ_INSERT_TAIL(&control->planning, request, link);
    arm_deadline(control, request);
}

void control_planned(struct control *control, struct request *request)
{
    TAILQ_REMOVE(&control->planning, request, link);
}

/* Asks the ledger for the job that @request is about. */
static void ask_for_job(struct control *control, struct request *request)
{
    struct job_query *query = calloc(1, sizeof *query);

    if (query)
        *query = (struct job_query){ .id = request->job, .state = -1, .limit = 1 };
    control_ask(control, request, query);
}

static bool is_due(const struct request *request, uint64_t now)
{
    return request->deadline_us <= now;
}

static bool has_missed(const struct request *request, uint64_t sequence)
{
    return request->after != sequence;
}

/* Answers those that wait for a status and are meant, with one text. False when more of them are left than a turn of the
 * loop is to answer. */
static bool answer_waiting(struct control *control, bool (*meant)(const struct request *, uint64_t),
                           uint64_t bound)
{
    _cleanup_free_ char *status = NULL;
    struct request *request, *next;
    int answered = 0;

    for (request = TAILQ_FIRST(&control->waiting); request; request = next) {
        next = TAILQ_NEXT(request, link);
        if (!meant(request, bound))
            continue;
        if (answered++ == CONTROL_WAKE_MAX)
            return false;
        TAILQ_REMOVE(&control->waiting, request, link);
        if (!status)
            status = http_render(snapshot_status(control->supervisor));
        http_answer_rendered(request, 200, status);
    }
    return true;
}

static int on_deadline(sd_event_source *source, uint64_t due, void *userdata)
{
    struct control *control = userdata;
    struct request *request, *next;
    uint64_t now = monotonic_us();

    (void)source;
    (void)due;                            /* that of the first of them */
    answer_waiting(control, is_due, now); /* if some are left, this is due again at once */
    for (request = TAILQ_FIRST(&control->job_waiting); request; request = next) {
        next = TAILQ_NEXT(request, link);
        if (request->deadline_us > now)
            continue;
        TAILQ_REMOVE(&control->job_waiting, request, link);
        ask_for_job(control, request);
    }
    for (request = TAILQ_FIRST(&control->planning); request; request = next) {
        next = TAILQ_NEXT(request, link);
        if (request->deadline_us > now)
            continue;
        TAILQ_REMOVE(&control->planning, request, link);
        plan_forget(request);
        http_answer_problem(
            request, 504, NULL,
            "there is no plan in time: the folder's file system hangs, or every worker is busy; ask "
            "again");
    }
    arm_next_deadline(control);
    return 0;
}

static int on_again(sd_event_source *source, void *userdata)
{
    (void)source;
    control_turn(userdata);
    return 0;
}

void control_turn(struct control *control)
{
    uint64_t sequence = control->supervisor->sequence;

    if (control->told == sequence)
        return;
    if (answer_waiting(control, has_missed, sequence))
        control->told = sequence;
    else
        sd_event_source_set_enabled(control->again_source, SD_EVENT_ONESHOT);
}

void control_job_ended(struct control *control, uint64_t id)
{
    struct request *request, *next;

    if (!control)
        return;
    for (request = TAILQ_FIRST(&control->job_waiting); request; request = next) {
        next = TAILQ_NEXT(request, link);
        if (request->job != id)
            continue;
        TAILQ_REMOVE(&control->job_waiting, request, link);
        ask_for_job(control, request);
        return; /* the answer is for all who wait for it */
    }
}

/* ---- the ledger ---- */

bool control_ledger_answers(struct control *control, struct request *request)
{
    const struct ledger_news *news = &control->supervisor->ledger_news;

    if (news->failing)
        http_answer_problem(request, 503, NULL,
                            "the ledger cannot be written: %s; it does not answer until it can", news->text);
    return !news->failing;
}

bool control_ask_for(struct control *control, struct request *request, const struct ledger_request *message)
{
    if (!control_ledger_answers(control, request))
        return false;
    if (control->asking_count >= CONTROL_QUERIES_MAX) {
        http_answer_problem(request, 503, NULL, "too many questions at once; ask again");
        return false;
    }
    if (!request->suspended)
        http_wait(request);
    TAILQ_INSERT_TAIL(&control->asking, request, link);
    control->asking_count++;
    ledger_send(control->supervisor->ledger, message);
    return true;
}

void control_asked(struct control *control, struct request *request)
{
    TAILQ_REMOVE(&control->asking, request, link);
    control->asking_count--;
}

void control_ask(struct control *control, struct request *request, struct job_query *query)
{
    struct ledger_request message = { .op = LEDGER_LIST, .query = query };

    if (!query) {
        http_answer_problem(request, 503, NULL, "memory is out; ask again");
        return;
    }
    query->context = request;
    if (!control_ask_for(control, request, &message))
        free(query);
}

/* One answer serves everybody who waits for the end of the same job. */
static void answer_others(struct control *control, struct job_query *query)
{
    struct request *request, *next;

    if (query->row_count == 0 || !query->id || !job_state_is_end(query->rows[0].state))
        return;
    for (request = TAILQ_FIRST(&control->job_waiting); request; request = next) {
        next = TAILQ_NEXT(request, link);
        if (request->job != query->id)
            continue;
        TAILQ_REMOVE(&control->job_waiting, request, link);
        routes_answer_query(control, request, query);
    }
}

void control_listed(struct control *control, struct job_query *query)
{
    struct request *request = query->context;

    control_asked(control, request);
    routes_answer_query(control, request, query);
    answer_others(control, query);
    job_query_release(query);
    free(query);
}

/* ---- start and end ---- */

static int add_sources(struct control *control, sd_event *event)
{
    int r = sd_event_add_time(event, &control->deadline_source, CLOCK_MONOTONIC, 0, USEC_PER_MSEC,
                              on_deadline, control);

    if (r < 0)
        return r;
    sd_event_source_set_enabled(control->deadline_source, SD_EVENT_OFF);
    sd_event_source_set_priority(control->deadline_source, ORDER_CONTROL);

    r = sd_event_add_defer(event, &control->again_source, on_again, control);
    if (r < 0)
        return r;
    sd_event_source_set_enabled(control->again_source, SD_EVENT_OFF);
    return sd_event_source_set_priority(control->again_source, ORDER_CROWD);
}

int control_start(struct supervisor *supervisor, sd_event *event, const char *directory, struct control **ret,
                  struct error *error)
{
    struct control *control = calloc(1, sizeof *control);
    int fd = inherited_socket();
    int r;

    if (!control)
        return error_set(error, ENOMEM, CLASS_ENVIRONMENT, STAGE_NONE, "out of memory");
    *control = (struct control){ .supervisor = supervisor, .armed_us = USEC_INFINITY };
    TAILQ_INIT(&control->waiting);
    TAILQ_INIT(&control->job_waiting);
    TAILQ_INIT(&control->asking);
    TAILQ_INIT(&control->planning);

    if (fd < 0) {
        if (asprintf(&control->socket_path, "%s/api.sock", directory) < 0)
            control->socket_path = NULL;
        fd = control->socket_path ? open_socket(control->socket_path, error) : -ENOMEM;
        if (fd < 0) {
            free(take_ptr(control->socket_path)); /* it is not ours to remove */
            control_free(control);
            return fd;
        }
    }

    r = add_sources(control, event);
    if (r < 0)
        close_fd(fd);
    else
        r = http_start(event, fd, routes_serve, control, &control->http);
    if (r < 0) {
        control_free(control);
        return error_set_errno(error, -r, STAGE_NONE, "cannot serve the control socket");
    }

    *ret = control;
    return 0;
}

static void refuse_all(struct request_list *list)
{
    struct request *request;

    while ((request = TAILQ_FIRST(list))) {
        TAILQ_REMOVE(list, request, link);
        http_answer_problem(request, 503, NULL, "darkroomd is stopping");
    }
}

void control_free(struct control *control)
{
    if (!control)
        return;

    control->closing = true;
    refuse_all(&control->waiting);
    refuse_all(&control->job_waiting);
    refuse_all(&control->asking);
    refuse_all(&control->planning);
    if (control->checking)
        http_answer_problem(control->checking, 503, NULL, "darkroomd is stopping");
    http_free(control->http);
    sd_event_source_disable_unref(control->deadline_source);
    sd_event_source_disable_unref(control->again_source);
    if (control->socket_path)
        unlink(control->socket_path);
    free(control->socket_path);
    free(control);
}
