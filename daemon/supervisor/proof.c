/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proof - see proof.h. */
#include "supervisor/proof.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "supervisor/pool_spawn.h"
#include "wire/worker_link.h"

#include <errno.h>
#include <poll.h>
#include <sys/wait.h>

#define WHERE "darkroom-worker"

enum { GENERATION = 1 }; /* there is no other */

/* Takes the hello when it is there: 1; 0 when it is not; or -errno. */
static int take_hello(int link, union worker_message *ret)
{
    int fds[FD_PASS_MAX];
    size_t count = 0;
    int r = worker_link_receive(link, GENERATION, ret, fds, &count);

    for (size_t i = 0; r > 0 && i < count; i++)
        close_fd(fds[i]);
    return r > 0 && ret->header.kind != WIRE_HELLO ? -EBADMSG : r;
}

static int await_hello(int link, union worker_message *ret)
{
    uint64_t deadline_us = monotonic_us() + WORKER_HELLO_TIMEOUT_US;

    for (;;) {
        struct pollfd poll_fd = { .fd = link, .events = POLLIN };
        uint64_t now_us = monotonic_us();
        int r = take_hello(link, ret);

        if (r != 0)
            return r > 0 ? 0 : r;
        if (now_us >= deadline_us)
            return -ETIMEDOUT;
        if (poll(&poll_fd, 1, (int)((deadline_us - now_us) / USEC_PER_MSEC) + 1) < 0 && errno != EINTR)
            return -errno;
    }
}

static int judge(int r, const struct hello_message *hello, struct problems *problems)
{
    if (r == 0 && hello->ready)
        return 0;
    if (r == 0)
        return problems_add(problems, WHERE, "%s", hello->text);
    if (r == -ETIMEDOUT)
        problems_add(problems, WHERE, "it did not get ready in %d s",
                     (int)(WORKER_HELLO_TIMEOUT_US / USEC_PER_SEC));
    else if (r == -ECONNRESET)
        problems_add(problems, WHERE, "it ended before it was ready");
    else
        problems_add(problems, WHERE, "it did not say that it is ready: %s", strerrordesc_np(-r));
    return r;
}

int proof_run(const struct config *config, const char *program, struct problems *problems)
{
    struct error error = { .class = CLASS_NONE };
    union worker_message message;
    struct spawned process;
    int r;

    r = pool_spawn(program, GENERATION, config->bundle, &process, &error);
    if (r < 0) {
        problems_add(problems, WHERE, "%s", error.text);
        return r;
    }

    r = judge(await_hello(process.link, &message), &message.hello, problems);
    spawned_kill(&process);
    waitid(P_PIDFD, (id_t)process.pidfd, &(siginfo_t){ 0 }, WEXITED);
    spawned_release(&process);
    return r;
}
