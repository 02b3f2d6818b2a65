/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tracer - see tracer.h. */
#include "tracer.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((noreturn)) static void become_strace(int said, const char *const *arguments)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(said, STDERR_FILENO);
    execvp("strace", (char *const *)arguments);
    _exit(127);
}

static pid_t start_strace(int said, const char *const *arguments)
{
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        become_strace(said, arguments);
    return pid;
}

/* It says "Process N attached with M threads", or why it cannot. */
static void await_attached(int said)
{
    uint64_t since = monotonic_us();
    char text[1024] = "";
    size_t length = 0;

    while (!strstr(text, "attached")) {
        struct pollfd ready = { .fd = said, .events = POLLIN };
        ssize_t n = poll(&ready, 1, harness_left_ms(since)) > 0
                        ? read(said, text + length, sizeof text - 1 - length)
                        : 0;

        ck_assert_msg(n > 0, "strace did not attach: %s", text);
        length += (size_t)n;
        text[length] = '\0';
    }
}

bool tracer_is_possible(const struct harness *h)
{
    const char *const arguments[] = { "strace", "-o", harness_path(h, "strace"), "true", NULL };
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC), status;
    pid_t pid = start_strace(null, arguments);

    close(null);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    if (status != 0)
        fprintf(stderr, "skipped: there is no strace, or it may not trace\n");
    return status == 0;
}

void tracer_attach(struct tracer *tracer, const struct harness *h, const char *call, const char *errnum,
                   const char *when)
{
    char inject[120], trace[40], pid[24];
    const char *const arguments[] = { "strace", "-f",  "-p", pid,    "-o", harness_path(h, "strace"),
                                      "-e",     trace, "-e", inject, NULL };
    int said[2];

    snprintf(trace, sizeof trace, "trace=%s", call);
    snprintf(inject, sizeof inject, "inject=%s:error=%s:when=%s", call, errnum, when);
    snprintf(pid, sizeof pid, "%d", (int)h->pid);
    unlink(harness_path(h, "strace"));
    ck_assert_int_eq(pipe2(said, O_CLOEXEC), 0);
    *tracer = (struct tracer){ .pid = start_strace(said[1], arguments), .h = h };
    close(said[1]);
    await_attached(said[0]);
    close(said[0]);
}

/* A call that strace has already turned into none, and then leaves, ends with ENOSYS instead of the error: in a process
 * that is stopped no thread is inside of one. */
static void detach_stopped(pid_t daemon, pid_t strace)
{
    siginfo_t stop = { 0 };

    kill(daemon, SIGSTOP);
    ck_assert_int_eq(waitid(P_PID, (id_t)daemon, &stop, WSTOPPED | WEXITED | WNOWAIT), 0);
    ck_assert_msg(stop.si_code == CLD_STOPPED, "darkroomd has ended while its calls failed");
    kill(strace, SIGTERM);
    ck_assert_int_eq(waitpid(strace, NULL, 0), strace);
    kill(daemon, SIGCONT);
}

size_t tracer_detach(struct tracer *tracer)
{
    detach_stopped(tracer->h->pid, tracer->pid);
    return tracer_count(tracer->h, "strace");
}

size_t tracer_count(const struct harness *h, const char *path)
{
    _cleanup_file_ FILE *log = fopen(harness_path(h, "%s", path), "re");
    _cleanup_free_ char *line = NULL;
    size_t size = 0, count = 0;

    while (log && getline(&line, &size, log) > 0)
        count += strstr(line, "(INJECTED)") != NULL;
    return count;
}
