/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sandbox - see sandbox.h.
 *
 * How every thread is checked: the files /proc/self/task/TID/status are opened while that is still possible, by
 * the main thread, which is the last to lose its paths, and are read after the filter is there. Nobody starts
 * threads in between, and threads started later inherit. */
#include "sandbox.h"

#include "base/cleanup.h"
#include "call_filter.h"
#include "landlock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    TASKS_MAX = 64, /* threads that libraries have started by the end of the warm-up */
    STATUS_MAX = 4096,
};

int sandbox_prepare(struct error *error)
{
    struct rlimit none = { 0, 0 };

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_DUMPABLE, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
        return error_set_errno(error, errno, STAGE_NONE, "cannot give up privileges");
    return 0;
}

/* The status files of the process's threads. */
struct tasks {
    int fds[TASKS_MAX];
    size_t count;
};

static void tasks_close(struct tasks *tasks)
{
    while (tasks->count > 0)
        close_fd(tasks->fds[--tasks->count]);
}

static int add_task(struct tasks *tasks, int directory, const char *name)
{
    char path[300];
    int fd;

    if (tasks->count == TASKS_MAX)
        return -EOVERFLOW;

    snprintf(path, sizeof path, "%s/status", name);
    fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno; /* it has ended meanwhile */
    tasks->fds[tasks->count++] = fd;
    return 0;
}

static int open_tasks(struct tasks *tasks, struct error *error)
{
    _cleanup_dir_ DIR *directory = opendir("/proc/self/task");
    struct dirent *entry;

    if (!directory)
        return error_set_errno(error, errno, STAGE_NONE,
                               "cannot check the sandbox, /proc is needed for that");

    while ((entry = readdir(directory))) {
        int r = entry->d_name[0] == '.' ? 0 : add_task(tasks, dirfd(directory), entry->d_name);

        if (r < 0)
            return error_set_errno(error, -r, STAGE_NONE, "cannot check thread %s", entry->d_name);
    }
    return 0;
}

/* True for a thread under a filter, or one that has ended. */
static bool is_confined(int status_fd)
{
    char status[STATUS_MAX + 1];
    ssize_t n = pread(status_fd, status, STATUS_MAX, 0);

    if (n < 0)
        return errno == ESRCH;
    status[n] = '\0';
    return strstr(status, "\nSeccomp:\t2\n") != NULL;
}

static int check_tasks(const struct tasks *tasks, struct error *error)
{
    for (size_t i = 0; i < tasks->count; i++)
        if (!is_confined(tasks->fds[i]))
            return error_set(error, EPERM, CLASS_ENVIRONMENT, STAGE_NONE,
                             "a thread of the worker is outside the system call filter");
    return 0;
}

static int lacks_landlock(struct error *error)
{
    return error_set(
        error, ENOSYS, CLASS_ENVIRONMENT, STAGE_NONE,
        "AllowFormats=svg or pdf needs fonts, and this kernel has no Landlock to keep a worker to "
        "these: take the formats out, or start a kernel with it");
}

int sandbox_enter(const char *const *readable, struct sandbox *ret, struct error *error)
{
    _cleanup_(tasks_close) struct tasks tasks = { .count = 0 };
    struct sandbox sandbox;
    int r;

    r = open_tasks(&tasks, error);
    if (r < 0)
        return r;

    r = landlock_forbid_paths(readable, &sandbox.landlock_abi, error);
    if (r < 0)
        return r;
    if (*readable && sandbox.landlock_abi == 0)
        return lacks_landlock(error);

    r = call_filter_load(*readable != NULL);
    if (r < 0)
        return error_set_errno(error, -r, STAGE_NONE, "cannot load the system call filter");

    r = check_tasks(&tasks, error);
    if (r < 0)
        return r;

    sandbox.system_calls = call_filter_count(*readable != NULL);
    *ret = sandbox;
    return 0;
}
