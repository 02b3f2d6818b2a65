/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon_harness - see daemon_harness.h. From top to bottom: the keeper, the directory, the daemon's process, what
 * the daemon says. */
#include "daemon_harness.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd_io.h"
#include "painter.h"
#include "whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PATHS_IN_RING = 16,
    ARGUMENTS_MAX = 32,
    TEXT_MAX = 1 << 16,
    LOG_TAIL_BYTES = 24 << 10,
    OPEN_DIRECTORIES_MAX = 16,
    CHECK_TIMEOUT_S = HARNESS_DEADLINE_S * 5, /* a test: several waits */
    LONG_CHECK_TIMEOUT_S = 3600,
};

#define HOUR_S 3600

/* ---- the keeper ---- */

/* What the test tells its keeper: the daemon's process group, or 0 when all is cleaned up. */
struct keeper_note {
    pid_t group;
};

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st, (void)type, (void)walk;
    return remove(path), 0;
}

static void remove_tree(const char *path)
{
    nftw(path, remove_entry, OPEN_DIRECTORIES_MAX, FTW_DEPTH | FTW_PHYS);
}

static void print_log(const char *root)
{
    char path[PATH_MAX], text[LOG_TAIL_BYTES];
    _cleanup_close_ int fd = -1;
    struct stat st;
    ssize_t n;

    snprintf(path, sizeof path, "%s/log", root);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return;
    if (st.st_size > (off_t)sizeof text)
        lseek(fd, -(off_t)sizeof text, SEEK_END);
    n = fd_read_all(fd, text, sizeof text);
    fprintf(stderr, "---- the end of %s/log ----\n%.*s---- end ----\n", root, (int)(n > 0 ? n : 0), text);
}

/* Returns when the daemon cannot write any more. */
static void end_group(pid_t group)
{
    struct pollfd end = { .fd = (int)syscall(SYS_pidfd_open, group, 0), .events = POLLIN };

    kill(-group, SIGKILL);
    if (end.fd >= 0)
        poll(&end, 1, HARNESS_DEADLINE_S * 1000);
}

/* Lives until the test's end of the pipe is closed, by whatever end the test took. */
static void keep(int fd, const char *root)
{
    struct keeper_note note = { .group = -1 }, next;

    while (read(fd, &next, sizeof next) == sizeof next)
        note = next;
    if (note.group == 0)
        return;

    if (note.group > 0)
        end_group(note.group);
    print_log(root);
    if (!getenv("DARKROOM_KEEP"))
        remove_tree(root);
}

/* A grandchild in a session of its own: neither Check's killing of the test's group nor our waiting for all
 * children reaches it. */
static int start_keeper(const char *root)
{
    int ends[2];
    pid_t child;

    prctl(PR_SET_CHILD_SUBREAPER, 0); /* of an earlier harness: the keeper would become our child again */
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        setsid();
        close(ends[1]);
        if (fork() == 0)
            keep(ends[0], root);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    close(ends[0]);
    return ends[1];
}

static void tell_keeper(const struct harness *h, pid_t group)
{
    struct keeper_note note = { .group = group };

    ck_assert_int_eq(write(h->keeper_fd, &note, sizeof note), (ssize_t)sizeof note);
}

/* ---- the directory ---- */

const char *harness_path(const struct harness *h, const char *format, ...)
{
    static char ring[PATHS_IN_RING][PATH_MAX];
    static unsigned next;
    char *path = ring[next++ % PATHS_IN_RING];
    int length = snprintf(path, PATH_MAX, "%s/", h->root);
    va_list args;

    va_start(args, format);
    vsnprintf(path + length, PATH_MAX - (size_t)length, format, args);
    va_end(args);
    return path;
}

static void make_directories(const struct harness *h)
{
    static const char *const names[] = { "in",  "out",    "archive",        "failed",        "state",
                                         "run", "config", "config/folders", "config/recipes" };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        ck_assert_msg(mkdir(harness_path(h, "%s", names[i]), 0755) == 0, "%s: %m", names[i]);
}

/* Where the daemon's READY=1 comes. */
static int open_notify_socket(const struct harness *h)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    ck_assert_int_ge(fd, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s/notify", h->root);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void block_child_signals(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
}

void harness_open(struct harness *h)
{
    const char *base = getenv("TMPDIR") ?: "/tmp";

    *h = (struct harness){ .pidfd = -1, .workers = 1 };
    if ((size_t)snprintf(h->root, sizeof h->root, "%s/darkroom-XXXXXX", base) >= sizeof h->root)
        snprintf(h->root, sizeof h->root, "/tmp/darkroom-XXXXXX");
    ck_assert_msg(mkdtemp(h->root) != NULL, "%s: %m", h->root);
    h->keeper_fd = start_keeper(h->root);

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    block_child_signals();
    make_directories(h);
    h->notify_fd = open_notify_socket(h);
    ck_assert_int_eq(darkroom_open(harness_path(h, "run/api.sock"), &h->dk), 0);
    darkroom_set_answer_timeout(h->dk, HARNESS_DEADLINE_S * 1000);
}

void harness_close(struct harness *h)
{
    if (h->pid)
        ck_assert_int_eq(harness_stop(h), 0);
    harness_check_output(h, "out");
    harness_check_log(h);

    json_decref(h->status);
    darkroom_close(h->dk);
    close(h->notify_fd);
    umount2(harness_path(h, "in"), MNT_DETACH); /* of tests that mount something there */
    umount2(harness_path(h, "out"), MNT_DETACH);
    if (!getenv("DARKROOM_KEEP"))
        remove_tree(h->root);
    tell_keeper(h, 0);
    close(h->keeper_fd);
}

static void write_text(const char *path, const char *text)
{
    _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    ck_assert_msg(fd >= 0, "%s: %m", path);
    ck_assert_int_eq(fd_write_all(fd, text, strlen(text)), 0);
}

void harness_write(const struct harness *h, const char *path, const char *format, ...)
{
    _cleanup_free_ char *text = NULL;
    va_list args;

    va_start(args, format);
    ck_assert_int_ge(vasprintf(&text, format, args), 0);
    va_end(args);
    write_text(harness_path(h, "%s", path), text);
}

void harness_copy(const struct harness *h, const char *from, const char *to)
{
    _cleanup_close_ int source = open(from, O_RDONLY | O_CLOEXEC);
    _cleanup_close_ int copy = open(harness_path(h, "%s", to), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    struct stat st;

    ck_assert_int_eq(fstat(source, &st), 0);
    ck_assert_int_eq(fd_copy(source, copy, (uint64_t)st.st_size), 0);
}

void harness_use_own_worker(struct harness *h)
{
    ck_assert_int_eq(mkdir(harness_path(h, "bin"), 0755), 0);
    harness_copy(h, DARKROOM_BIN_DIR "/darkroomd", "bin/darkroomd");
    snprintf(h->own_program, sizeof h->own_program, "%s", harness_path(h, "bin/darkroomd"));
    h->own_command[0] = h->own_program;
    h->command = h->own_command;
}

static const char *read_text(const char *path)
{
    static char text[TEXT_MAX];
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    ck_assert_msg(fd >= 0, "%s: %m", path);
    n = fd_read_all(fd, text, sizeof text - 1);
    ck_assert_int_ge(n, 0);
    text[n] = '\0';
    return text;
}

const char *harness_read(const struct harness *h, const char *path)
{
    return read_text(harness_path(h, "%s", path));
}

void harness_configure_daemon(const struct harness *h, const char *lines)
{
    harness_write(h, "config/darkroom.conf", "[Daemon]\nWorkers=%u\n%s", h->workers, lines);
}

void harness_configure(const struct harness *h, const char *more, const char *recipe)
{
    harness_configure_daemon(h, "");
    harness_write(h, "config/folders/web.folder", "[Folder]\nPath=%s\nOutput=%s\nRecipe=web\nSettle=0\n%s",
                  harness_path(h, "in"), harness_path(h, "out"), more);
    harness_write(h, "config/recipes/web.recipe", "%s", recipe);
}

/* A name beside the file's that nobody takes for a picture: an empty @extension, or one that says what to paint. */
static const char *hidden_name(const struct harness *h, const char *name, const char *extension)
{
    const char *slash = strrchr(name, '/');

    return harness_path(h, "in/%.*s.drop%s", slash ? (int)(slash + 1 - name) : 0, name, extension);
}

void harness_drop(const struct harness *h, const char *name, int width, int height, unsigned seed)
{
    const char *dot = strrchr(name, '.');
    const char *hidden = hidden_name(h, name, dot && strcmp(dot, ".png") == 0 ? ".png" : "");

    painter_paint(hidden, width, height, seed);
    ck_assert_msg(rename(hidden, harness_path(h, "in/%s", name)) == 0, "%s: %m", name);
}

void harness_drop_bytes(const struct harness *h, const char *name, const void *data, size_t size)
{
    const char *hidden = hidden_name(h, name, "");
    _cleanup_close_ int fd = open(hidden, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    struct timespec times[2] = { { .tv_sec = time(NULL) - HOUR_S }, { .tv_sec = time(NULL) - HOUR_S } };

    ck_assert_msg(fd >= 0, "%s: %m", hidden);
    ck_assert_int_eq(fd_write_all(fd, data, size), 0);
    ck_assert_int_eq(futimens(fd, times), 0);
    ck_assert_msg(rename(hidden, harness_path(h, "in/%s", name)) == 0, "%s: %m", name);
}

void harness_remove(const struct harness *h, const char *path)
{
    remove_tree(harness_path(h, "%s", path));
}

bool harness_exists(const struct harness *h, const char *path)
{
    struct stat st;

    return lstat(harness_path(h, "%s", path), &st) == 0;
}

uint64_t harness_inode(const struct harness *h, const char *path)
{
    struct stat st;

    ck_assert_msg(lstat(harness_path(h, "%s", path), &st) == 0, "%s: %m", path);
    return st.st_ino;
}

void harness_expect_picture(const struct harness *h, const char *path, int width, int height)
{
    struct painted painted;

    if (!harness_exists(h, path))
        harness_fail(h, "%s is not there", path);
    if (!painter_read(harness_path(h, "%s", path), &painted))
        harness_fail(h, "%s is no whole picture", path);
    if (painted.width != width || painted.height != height)
        harness_fail(h, "%s is %d×%d, not %d×%d", path, painted.width, painted.height, width, height);
}

/* nftw() passes no context, and a test has one thread. */
static struct {
    const struct harness *h;
    size_t count;
    bool check;
} walk;

static int visit_output(const char *path, const struct stat *st, int type, struct FTW *place)
{
    const char *name = path + place->base;

    (void)st;
    if (type != FTW_F)
        return 0;
    if (name[0] != '.')
        walk.count++;
    if (!walk.check)
        return 0;
    if (name[0] == '.')
        harness_fail(walk.h, "%s was left over", path);
    if (!whole_file_is(path))
        harness_fail(walk.h, "%s is no whole %s", path,
                     whole_file_is_manifest(path) ? "manifest" : "picture");
    return 0;
}

static size_t walk_output(const struct harness *h, const char *path, bool check)
{
    walk.h = h;
    walk.count = 0;
    walk.check = check;
    nftw(harness_path(h, "%s", path), visit_output, OPEN_DIRECTORIES_MAX, FTW_PHYS);
    return walk.count;
}

size_t harness_count(const struct harness *h, const char *path)
{
    return walk_output(h, path, false);
}

void harness_check_output(const struct harness *h, const char *path)
{
    walk_output(h, path, true);
}

void harness_check_log(const struct harness *h)
{
    static const char *const complaints[] = { "Sanitizer", "runtime error:", "assertion", "Assertion" };
    _cleanup_file_ FILE *log = fopen(harness_path(h, "log"), "re");
    _cleanup_free_ char *line = NULL;
    size_t size = 0;

    while (log && getline(&line, &size, log) > 0)
        for (size_t i = 0; i < ARRAY_SIZE(complaints); i++)
            if (strstr(line, complaints[i]))
                harness_fail(h, "the log has: %s", line);
}

/* ---- the daemon's process ---- */

int harness_left_ms(uint64_t since_us)
{
    uint64_t gone_ms = (monotonic_us() - since_us) / USEC_PER_MSEC;
    uint64_t all_ms = HARNESS_DEADLINE_S * 1000ULL;

    return gone_ms < all_ms ? (int)(all_ms - gone_ms) : 1;
}

static bool is_over(uint64_t since_us)
{
    return monotonic_us() - since_us >= HARNESS_DEADLINE_S * USEC_PER_SEC;
}

/* In the child: output goes to the file, and the end of the test is ours. */
__attribute__((noreturn)) static void become(const char *output, const char *program,
                                             const char *const *arguments)
{
    const char *argv[ARGUMENTS_MAX + 2] = { program };
    int fd = open(output, O_WRONLY | O_CREAT | O_APPEND, 0644);
    sigset_t none;

    for (size_t i = 0; i < ARGUMENTS_MAX && arguments[i]; i++)
        argv[i + 1] = arguments[i];
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    execv(program, (char *const *)argv);
    _exit(127);
}

static const char *program_path(const char *name)
{
    static char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", DARKROOM_BIN_DIR, name);
    return path;
}

/* In the child: h->command with @arguments after its own. */
__attribute__((noreturn)) static void become_command(const struct harness *h, const char *const *arguments)
{
    const char *all[ARGUMENTS_MAX + 1] = { NULL };
    size_t count = 0;

    for (size_t i = 1; count < ARGUMENTS_MAX && h->command[i]; i++)
        all[count++] = h->command[i];
    for (size_t i = 0; count < ARGUMENTS_MAX && arguments[i]; i++)
        all[count++] = arguments[i];
    become(harness_path(h, "log"), h->command[0], all);
}

static void drain_notifications(const struct harness *h)
{
    char text[512];

    while (recv(h->notify_fd, text, sizeof text, 0) > 0)
        ;
}

void harness_spawn(struct harness *h, const char *const *arguments)
{
    ck_assert_int_eq(h->pid, 0);
    drain_notifications(h);
    h->pid = fork();
    ck_assert_int_ge(h->pid, 0);
    if (h->pid == 0) {
        setenv("NOTIFY_SOCKET", harness_path(h, "notify"), 1);
        for (size_t i = 0; h->environment[i]; i++)
            putenv((char *)h->environment[i]);
        if (h->command)
            become_command(h, arguments);
        become(harness_path(h, "log"), program_path("darkroomd"), arguments);
    }
    setpgid(h->pid, h->pid); /* whoever is first */
    tell_keeper(h, h->pid);
    h->pidfd = (int)syscall(SYS_pidfd_open, h->pid, 0);
    ck_assert_int_ge(h->pidfd, 0);
}

bool harness_gets_ready(struct harness *h)
{
    struct pollfd fds[] = { { .fd = h->notify_fd, .events = POLLIN }, { .fd = h->pidfd, .events = POLLIN } };
    uint64_t since = monotonic_us();
    char text[512];

    while (poll(fds, ARRAY_SIZE(fds), harness_left_ms(since)) > 0) {
        ssize_t n = recv(h->notify_fd, text, sizeof text - 1, 0);

        text[n > 0 ? n : 0] = '\0';
        if (strstr(text, "READY=1"))
            return true;
        if (n < 0 && fds[1].revents)
            return false;
    }
    harness_fail(h, "darkroomd is not ready after %d s", HARNESS_DEADLINE_S);
}

void harness_await_ready(struct harness *h)
{
    if (!harness_gets_ready(h))
        harness_fail(h, "darkroomd has ended instead of getting ready");
}

void harness_spawn_usual(struct harness *h)
{
    char config[PATH_MAX], state[PATH_MAX], run[PATH_MAX];
    const char *const arguments[] = { config, state, run, "--verbose", NULL };

    snprintf(config, sizeof config, "--config=%s/config", h->root);
    snprintf(state, sizeof state, "--state=%s/state", h->root);
    snprintf(run, sizeof run, "--runtime=%s/run", h->root);
    harness_spawn(h, arguments);
}

void harness_start(struct harness *h)
{
    harness_spawn_usual(h);
    harness_await_ready(h);
}

void harness_give_up_privilege(struct harness *h)
{
    static const char *const command[] = { "/usr/bin/setpriv",
                                           "--bounding-set=-dac_override,-dac_read_search",
                                           DARKROOM_BIN_DIR "/darkroomd", NULL };

    if (geteuid() == 0)
        h->command = command;
}

void harness_signal(const struct harness *h, int signal)
{
    ck_assert_int_gt(h->pid, 0);
    ck_assert_int_eq(kill(h->pid, signal), 0);
}

static int exit_code(const siginfo_t *end)
{
    return end->si_code == CLD_EXITED ? end->si_status : 128 + end->si_status;
}

/* The orphans of the daemon's process group are our children now; each must go by itself. */
static void await_orphans(const struct harness *h, pid_t group)
{
    uint64_t since = monotonic_us();
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    for (;;) {
        siginfo_t end = { 0 };
        int left_ms = harness_left_ms(since);
        struct timespec left = { .tv_sec = left_ms / 1000, .tv_nsec = left_ms % 1000 * 1000000L };

        if (waitid(P_PGID, (id_t)group, &end, WEXITED | WNOHANG) < 0 && errno == ECHILD)
            return;
        if (end.si_pid == 0)
            sigtimedwait(&signals, NULL, &left);
        if (is_over(since))
            harness_fail(h, "a worker is left %d s after darkroomd has ended", HARNESS_DEADLINE_S);
    }
}

bool harness_has_ended(const struct harness *h)
{
    struct pollfd end_of = { .fd = h->pidfd, .events = POLLIN };

    return poll(&end_of, 1, 0) == 1;
}

int harness_await_exit(struct harness *h)
{
    struct pollfd end_of = { .fd = h->pidfd, .events = POLLIN };
    pid_t group = h->pid;
    siginfo_t end = { 0 };

    if (poll(&end_of, 1, HARNESS_DEADLINE_S * 1000) != 1)
        harness_fail(h, "darkroomd has not ended after %d s", HARNESS_DEADLINE_S);
    ck_assert_int_eq(waitid(P_PIDFD, (id_t)h->pidfd, &end, WEXITED), 0);
    h->pidfd = close_fd(h->pidfd);
    h->pid = 0;
    await_orphans(h, group);
    return exit_code(&end);
}

int harness_stop(struct harness *h)
{
    harness_signal(h, SIGTERM);
    return harness_await_exit(h);
}

void harness_kill(struct harness *h, bool group)
{
    ck_assert_int_gt(h->pid, 0);
    kill(group ? -h->pid : h->pid, SIGKILL);
    harness_await_exit(h);
}

int harness_run(const struct harness *h, const char *program, const char *const *arguments,
                const char **ret_output)
{
    const char *output = harness_path(h, "program.log");
    struct pollfd end_of = { .fd = -1, .events = POLLIN };
    siginfo_t end = { 0 };
    pid_t pid;

    unlink(output);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        become(output, program_path(program), arguments);

    end_of.fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (poll(&end_of, 1, HARNESS_DEADLINE_S * 1000) != 1)
        harness_fail(h, "%s has not ended after %d s; it said:\n%s", program, HARNESS_DEADLINE_S,
                     read_text(output));
    ck_assert_int_eq(waitid(P_PIDFD, (id_t)end_of.fd, &end, WEXITED), 0);
    close(end_of.fd);
    if (ret_output)
        *ret_output = read_text(output);
    return exit_code(&end);
}

/* ---- what the daemon says ---- */

static json_t *parse(const struct harness *h, int r, char *text)
{
    json_t *json;

    if (r < 0)
        harness_fail(h, "darkroomd does not answer: %s", darkroom_error(h->dk));
    json = json_loads(text, 0, NULL);
    if (!json)
        harness_fail(h, "darkroomd sent what is no JSON: %s", text);
    darkroom_free(text);
    return json;
}

const json_t *harness_status(struct harness *h)
{
    char *text = NULL;
    int r = darkroom_status(h->dk, &text);

    json_decref(h->status);
    h->status = parse(h, r, text);
    return h->status;
}

/* The part of @json at @path; what is not there ends the test. */
static const json_t *part(const json_t *json, const char *path)
{
    _cleanup_free_ char *copy = strdup(path);
    char *rest = copy, *name;

    while (json && (name = strsep(&rest, ".")))
        json =
            json_is_array(json) ? json_array_get(json, strtoul(name, NULL, 10)) : json_object_get(json, name);
    ck_assert_msg(json != NULL, "there is no \"%s\" in the answer", path);
    return json;
}

int64_t harness_number(const json_t *json, const char *path)
{
    const json_t *value = part(json, path);

    ck_assert_msg(json_is_integer(value), "\"%s\" is no number", path);
    return json_integer_value(value);
}

const char *harness_string(const json_t *json, const char *path)
{
    const json_t *value = part(json, path);

    ck_assert_msg(json_is_string(value), "\"%s\" is no string", path);
    return json_string_value(value);
}

static void fail_waiting(const struct harness *h, const char *what)
{
    _cleanup_free_ char *text = json_dumps(h->status, JSON_COMPACT);

    harness_fail(h, "not after %d s: %s; the status is %s", HARNESS_DEADLINE_S, what, text);
}

const json_t *harness_next_status(struct harness *h, int64_t ms)
{
    uint64_t sequence = (uint64_t)harness_number(h->status, "sequence");
    char *text = NULL;
    int r = darkroom_status_wait(h->dk, sequence, (uint64_t)ms, &text);

    json_decref(h->status);
    h->status = parse(h, r, text);
    return h->status;
}

void harness_await(struct harness *h, const char *what, bool (*is)(const json_t *status, void *context),
                   void *context)
{
    uint64_t since = monotonic_us();

    harness_status(h);
    while (!is(h->status, context)) {
        if (is_over(since))
            fail_waiting(h, what);
        harness_next_status(h, harness_left_ms(since));
    }
}

struct count {
    const char *state;
    int64_t count;
};

static bool has_jobs(const json_t *status, void *context)
{
    const struct count *wanted = context;

    return harness_number(json_object_get(status, "jobs"), wanted->state) >= wanted->count;
}

void harness_await_jobs(struct harness *h, const char *state, int64_t count)
{
    struct count wanted = { .state = state, .count = count };
    char what[80];

    snprintf(what, sizeof what, "%" PRId64 " jobs are %s", count, state);
    harness_await(h, what, has_jobs, &wanted);
}

bool harness_is_at_rest(const json_t *status)
{
    static const char *const under_way[] = { "jobs.waiting", "jobs.queued", "jobs.opening", "jobs.running",
                                             "jobs.publishing" };
    const json_t *folder;
    size_t i;

    for (i = 0; i < ARRAY_SIZE(under_way); i++)
        if (harness_number(status, under_way[i]) > 0)
            return false;
    json_array_foreach (json_object_get(status, "folders"), i, folder)
        if (harness_number(folder, "in_flight") > 0)
            return false;
    return true;
}

struct ends {
    int64_t done, failed;
};

static bool have_ended(const json_t *status, void *context)
{
    const struct ends *wanted = context;

    return harness_number(status, "jobs.done") + harness_number(status, "jobs.failed") >=
               wanted->done + wanted->failed &&
           harness_is_at_rest(status);
}

void harness_await_ends(struct harness *h, int64_t done, int64_t failed)
{
    struct ends wanted = { done, failed };
    char what[80];

    snprintf(what, sizeof what, "%" PRId64 " jobs are done, %" PRId64 " failed, and nothing is under way",
             done, failed);
    harness_await(h, what, have_ended, &wanted);
    if (harness_number(h->status, "jobs.done") != done || harness_number(h->status, "jobs.failed") != failed)
        harness_fail(h, "%" PRId64 " jobs are done and %" PRId64 " failed, not %" PRId64 " and %" PRId64,
                     harness_number(h->status, "jobs.done"), harness_number(h->status, "jobs.failed"), done,
                     failed);
}

static bool folder_is(const json_t *status, void *context)
{
    return strcmp(harness_string(status, "folders.0.state"), context) == 0;
}

void harness_await_folder(struct harness *h, const char *state)
{
    char what[80];

    snprintf(what, sizeof what, "the folder is %s", state);
    harness_await(h, what, folder_is, (char *)state);
}

size_t harness_workers(const struct harness *h, const char *state, pid_t *pids, size_t max)
{
    const json_t *worker;
    size_t i, count = 0;

    json_array_foreach (json_object_get(h->status, "workers"), i, worker)
        if (count < max && (!state || strcmp(harness_string(worker, "state"), state) == 0))
            pids[count++] = (pid_t)harness_number(worker, "pid");
    return count;
}

/* Of the configuration; 1 where that leaves it to the daemon. */
static size_t workers_wanted(const struct harness *h)
{
    const char *line = strstr(harness_read(h, "config/darkroom.conf"), "\nWorkers=");

    return line ? strtoul(line + strlen("\nWorkers="), NULL, 10) : 1;
}

static bool are_idle(const json_t *status, void *context)
{
    const size_t *wanted = context;
    const json_t *worker;
    size_t i;

    json_array_foreach (json_object_get(status, "workers"), i, worker)
        if (strcmp(harness_string(worker, "state"), "idle") != 0)
            return false;
    return i >= *wanted;
}

static bool has_stopped(pid_t pid)
{
    char path[32];
    const char *name_end;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    name_end = strrchr(read_text(path), ')');
    return name_end && name_end[2] == 'T';
}

/* The signal is on its way for a moment, in which a worker can still take what comes. Nobody tells of a stop but to the
 * parent, which we are not. */
static void await_stop(const struct harness *h, pid_t pid)
{
    uint64_t since = monotonic_us();

    while (!has_stopped(pid)) {
        if (is_over(since))
            harness_fail(h, "worker %d has not stopped after %d s", (int)pid, HARNESS_DEADLINE_S);
        sched_yield();
    }
}

void harness_await_idle(struct harness *h)
{
    size_t wanted = workers_wanted(h);

    harness_await(h, "the workers are ready and idle", are_idle, &wanted);
}

void harness_freeze_workers(struct harness *h)
{
    harness_await_idle(h);
    h->frozen_count = harness_workers(h, NULL, h->frozen, HARNESS_WORKERS_MAX);
    for (size_t i = 0; i < h->frozen_count; i++)
        ck_assert_int_eq(kill(h->frozen[i], SIGSTOP), 0);
    for (size_t i = 0; i < h->frozen_count; i++)
        await_stop(h, h->frozen[i]);
}

void harness_thaw_workers(struct harness *h)
{
    for (size_t i = 0; i < h->frozen_count; i++)
        ck_assert_int_eq(kill(h->frozen[i], SIGCONT), 0);
    h->frozen_count = 0;
}

static bool has_work(const json_t *status, void *context)
{
    return harness_number(status, "jobs.running") > 0 ||
           harness_number(status, "jobs.done") > *(int64_t *)context;
}

void harness_await_work(struct harness *h, int64_t done)
{
    harness_await(h, "work has begun", has_work, &done);
}

json_t *harness_jobs(struct harness *h, const char *state)
{
    struct darkroom_jobs_filter filter = { .state = state, .limit = 1000 };
    char *text = NULL;
    int r = darkroom_jobs(h->dk, &filter, &text);
    json_t *answer = parse(h, r, text);
    json_t *jobs = json_incref(json_object_get(answer, "jobs"));

    json_decref(answer);
    ck_assert(json_is_array(jobs));
    return jobs;
}

json_t *harness_job_of(struct harness *h, const char *path)
{
    json_t *jobs = harness_jobs(h, NULL), *job, *found = NULL;
    size_t i;

    json_array_foreach (jobs, i, job)
        if (!found && strcmp(harness_string(job, "path"), path) == 0)
            found = json_incref(job);
    json_decref(jobs);
    return found;
}

/* ---- the rest ---- */

void harness_fail(const struct harness *h, const char *format, ...)
{
    char text[2048];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ck_abort_msg("%s: %s", h->root, text);
    abort();
}

#ifdef __SANITIZE_ADDRESS__

/* What a test leaks is nobody's loss, and at the end of each to look for it takes as long as the start of a daemon. The
 * daemon's own leaks are looked for. */
const char *__asan_default_options(void);
__attribute__((visibility("default"))) const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

#endif

bool harness_is_full(void)
{
    const char *full = getenv("DARKROOM_FULL");

    return full && strcmp(full, "1") == 0;
}

/* A case each, so that $CK_RUN_CASE selects one by its name, and $CK_INCLUDE_TAGS a row by its number. */
static void add_row(Suite *suite, const struct unit_test *test, int row)
{
    TCase *test_case = tcase_create(test->test->name);
    char tag[16];

    snprintf(tag, sizeof tag, "%d", row);
    tcase_set_tags(test_case, tag);
    tcase_set_timeout(test_case, harness_is_full() ? LONG_CHECK_TIMEOUT_S : CHECK_TIMEOUT_S);
    tcase_add_loop_test(test_case, test->test, row, row + 1);
    suite_add_tcase(suite, test_case);
}

int harness_main(const char *name, const struct unit_test *tests, size_t count)
{
    Suite *suite = suite_create(name);
    SRunner *runner = srunner_create(suite);
    int failed;

    for (size_t i = 0; i < count; i++)
        for (size_t row = 0; row < tests[i].rows; row++)
            add_row(suite, &tests[i], (int)row);

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
