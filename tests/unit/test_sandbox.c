/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of daemon/worker/sandbox and landlock, call_filter: each deed is tried by a child under the sandbox. */
#include "sandbox.h"

#include "base/cleanup.h"
#include "base/fd_io.h"
#include "call_filter.h"
#include "landlock.h"
#include "scratch.h"
#include "unit_main.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const no_paths[] = { NULL };
static const char *const one_path[] = { "/nonexistent", "/etc/passwd/fonts", "/etc/debian_version",
                                        "/usr/share/fonts", NULL };

#define FONT "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf" /* samples/packages */

/* A deed's answer: 0, or the errno it failed with. */
typedef int try_deed(void);

enum { NOBODY = 65534 };

static int errno_of(long result)
{
    return result < 0 ? errno : 0;
}

static int open_to_read(void)
{
    return errno_of(open("/etc/passwd", O_RDONLY));
}

static int open_to_write(void)
{
    return errno_of(open("/tmp/darkroom-escape", O_WRONLY));
}

static int open_to_create(void)
{
    return errno_of(open("/tmp/darkroom-escape", O_RDWR | O_CREAT, 0600));
}

static int open_to_truncate(void)
{
    return errno_of(open("/tmp/darkroom-escape", O_RDONLY | O_TRUNC));
}

static int bound_memory(void)
{
    const struct rlimit data = { 1 << 30, RLIM_INFINITY };

    return errno_of(setrlimit(RLIMIT_DATA, &data));
}

#ifndef DARKROOM_SANITIZED

static int limit_files(void)
{
    struct rlimit files;

    return errno_of(getrlimit(RLIMIT_NOFILE, &files));
}

#endif

static int look_at_a_file(void)
{
    struct stat st;

    return errno_of(stat("/etc/passwd", &st));
}

static int remove_a_file(void)
{
    return errno_of(unlink("/tmp/darkroom-escape"));
}

static int make_a_socket(void)
{
    return errno_of(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int run_a_program(void)
{
    char *argv[] = { NULL };

    return errno_of(execv("/bin/true", argv));
}

static int run_from_memory(void)
{
    char *argv[] = { NULL };

    return errno_of(syscall(SYS_execveat, STDERR_FILENO, "", argv, argv, AT_EMPTY_PATH));
}

static int fork_a_process(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return errno_of(pid);
}

static int map_executable_memory(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno
                                                                                                     : 0;
}

static int make_memory_executable(void)
{
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return errno_of(mprotect(memory, 4096, PROT_READ | PROT_EXEC));
}

static int trace_the_parent(void)
{
    return errno_of(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static int signal_the_parent(void)
{
    return errno_of(kill(1, 0));
}

static int signal_a_thread_of_another(void)
{
    return errno_of(syscall(SYS_tgkill, 1, 1, 0));
}

static int read_another_process(void)
{
    return errno_of(syscall(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0));
}

static int set_up_io_uring(void)
{
    return errno_of(syscall(SYS_io_uring_setup, 1, NULL));
}

static int open_with_openat2(void)
{
    return errno_of(syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", NULL, 0));
}

static int clear_no_new_privileges(void)
{
    return errno_of(prctl(PR_SET_DUMPABLE, 1));
}

static int make_a_namespace(void)
{
    return errno_of(syscall(SYS_unshare, CLONE_NEWUSER));
}

static int send_elsewhere(void)
{
    struct msghdr message = { 0 };

    return errno_of(sendmsg(STDERR_FILENO, &message, 0));
}

static int make_a_memory_file_of_another_kind(void)
{
    return errno_of(memfd_create("x", 0));
}

static int leave_an_open_descriptor_to_programs(void)
{
    return errno_of(fcntl(STDERR_FILENO, F_SETFD, 0));
}

static int clone3_a_thread(void)
{
    return errno_of(syscall(SYS_clone3, NULL, 0));
}

static int make_sealed_memory(void)
{
    int fd = fd_memory("x", "abc", 3);

    return fd < 0 ? -fd : -fd_seal(fd);
}

static void *do_nothing(void *argument)
{
    return argument;
}

static int start_a_thread(void)
{
    pthread_t thread;
    int errnum = pthread_create(&thread, NULL, do_nothing, NULL);

    return errnum ? errnum : pthread_join(thread, NULL);
}

static int abort_oneself(void)
{
    abort();
}

enum { WORKS = 0, DIES = -1 };

static const struct {
    const char *name;
    try_deed *deed;
    int end; /* WORKS, DIES, or an errno */
    int signal;
} deeds[] = {
    { "open to read", open_to_read, EACCES, 0 },
    { "open to write", open_to_write, DIES, SIGSYS },
    { "open to create", open_to_create, DIES, SIGSYS },
    { "open to truncate", open_to_truncate, DIES, SIGSYS },
    { "openat2", open_with_openat2, DIES, SIGSYS },
    { "stat", look_at_a_file, EPERM, 0 },
    { "unlink", remove_a_file, EPERM, 0 },
    { "socket", make_a_socket, DIES, SIGSYS },
    { "sendmsg elsewhere", send_elsewhere, EPERM, 0 },
    { "exec", run_a_program, DIES, SIGSYS },
    { "execveat", run_from_memory, DIES, SIGSYS },
    { "fork", fork_a_process, EPERM, 0 },
    { "map executable memory", map_executable_memory, EPERM, 0 },
    { "make memory executable", make_memory_executable, EPERM, 0 },
    { "ptrace", trace_the_parent, DIES, SIGSYS },
    { "kill", signal_the_parent, DIES, SIGSYS },
    { "tgkill", signal_a_thread_of_another, EPERM, 0 },
    { "process_vm_readv", read_another_process, DIES, SIGSYS },
    { "io_uring", set_up_io_uring, DIES, SIGSYS },
    { "prctl", clear_no_new_privileges, EPERM, 0 },
    { "unshare", make_a_namespace, DIES, SIGSYS },
    { "memfd of another kind", make_a_memory_file_of_another_kind, EPERM, 0 },
    { "fcntl F_SETFD", leave_an_open_descriptor_to_programs, EPERM, 0 },
    { "clone3", clone3_a_thread, ENOSYS, 0 },
    { "a sealed memory file", make_sealed_memory, WORKS, 0 },
    { "a thread", start_a_thread, WORKS, 0 },
    { "abort", abort_oneself, DIES, SIGABRT },
};

/* Runs @deed in a child, under the sandbox that leaves it @paths; its answer is the exit status. */
static int confine_to(const char *const *paths, try_deed *deed)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        struct sandbox sandbox;
        struct error error;

        if (sandbox_prepare(&error) < 0 || sandbox_enter(paths, &sandbox, &error) < 0) {
            fprintf(stderr, "%s\n", error.text);
            _exit(255);
        }
        _exit(deed());
    }
    ck_assert_int_gt(pid, 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

static int confine(try_deed *deed)
{
    return confine_to(no_paths, deed);
}

START_TEST(a_deed_ends_as_it_should)
{
    int status = confine(deeds[_i].deed);

    if (deeds[_i].end == DIES) {
        ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == deeds[_i].signal,
                      "%s: survived, or died of another cause (status %#x)", deeds[_i].name,
                      (unsigned)status);
        return;
    }
    ck_assert_msg(WIFEXITED(status), "%s: died (status %#x)", deeds[_i].name, (unsigned)status);
    ck_assert_msg(WEXITSTATUS(status) == deeds[_i].end, "%s: %s, not %s", deeds[_i].name,
                  strerrorname_np(WEXITSTATUS(status)), strerrorname_np(deeds[_i].end));
}
END_TEST

/* Where drawings are read. */
static int read_a_font(void)
{
    char start[4];
    struct stat st;
    int fd = open(FONT, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) < 0 || read(fd, start, sizeof start) != sizeof start)
        return errno;
    return 0;
}

static int open_a_font_to_write(void)
{
    return errno_of(open(FONT, O_RDWR));
}

static int open_others_without_reading(void)
{
    return errno_of(open("/etc/passwd", O_PATH));
}

static int list_fonts(void)
{
    return errno_of(open("/usr/share/fonts", O_RDONLY | O_DIRECTORY));
}

static int leave_the_fonts(void)
{
    return errno_of(open("/usr/share/fonts/../../../etc/passwd", O_RDONLY));
}

static int read_a_single_file(void)
{
    return errno_of(open("/etc/debian_version", O_RDONLY));
}

static int read_oneself(void)
{
    return errno_of(open("/proc/self/maps", O_RDONLY));
}

/* Whether it is there is not told. */
static int ask_for_what_is_not(void)
{
    return errno_of(access("/usr/share/fonts/none.ttf", R_OK));
}

static const struct {
    const char *name;
    try_deed *deed;
    int end; /* an errno, or DIES */
} font_deeds[] = {
    { "read a font", read_a_font, WORKS },
    { "open a font to write", open_a_font_to_write, DIES },
    { "open others without reading", open_others_without_reading, EPERM },
    { "list fonts", list_fonts, EACCES },
    { "leave the fonts", leave_the_fonts, EACCES },
    { "open a file of others", open_to_read, EACCES },
    { "read a file that is left by itself", read_a_single_file, WORKS },
    { "read oneself", read_oneself, EACCES },
    { "stat of others", look_at_a_file, EPERM },
    { "ask for what is not", ask_for_what_is_not, WORKS },
    { "a bound for memory", bound_memory, WORKS },
#ifndef DARKROOM_SANITIZED
    { "other limits", limit_files, EPERM },
#endif
    { "a socket", make_a_socket, DIES },
};

START_TEST(fonts_can_be_read_and_nothing_else)
{
    int status = confine_to(one_path, font_deeds[_i].deed);

    if (font_deeds[_i].end == DIES)
        ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "%s: status %#x",
                      font_deeds[_i].name, (unsigned)status);
    else
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == font_deeds[_i].end, "%s: status %#x",
                      font_deeds[_i].name, (unsigned)status);
}
END_TEST

/* As a service finds its user's fonts below a home that is closed to it. */
static int confine_nobody_to(const char *closed)
{
    const char *const paths[] = { closed, "/usr/share/fonts", NULL };
    struct error error;
    unsigned abi;

    if ((geteuid() == 0 && setresuid(NOBODY, NOBODY, NOBODY) < 0) || open(closed, O_PATH | O_CLOEXEC) >= 0 ||
        errno != EACCES)
        return EXIT_FAILURE;
    if (sandbox_prepare(&error) < 0 || landlock_forbid_paths(paths, &abi, &error) < 0)
        return EXIT_FAILURE;
    return errno_of(open(FONT, O_RDONLY)) == 0 && errno_of(open("/etc/passwd", O_RDONLY)) == EACCES
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
}

START_TEST(a_directory_of_fonts_that_is_closed_is_passed_over)
{
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    char closed[PATH_MAX];
    int status;
    pid_t pid;

    snprintf(closed, sizeof closed, "%s/closed", scratch.path);
    ck_assert_int_eq(mkdir(closed, 0), 0);
    snprintf(closed, sizeof closed, "%s/closed/fonts", scratch.path);
    pid = fork();
    if (pid == 0)
        _exit(confine_nobody_to(closed));
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
}
END_TEST

/* The deeds are forbidden by the sandbox, not by the machine that runs the tests. */
START_TEST(the_deeds_work_outside)
{
    ck_assert_int_eq(open_to_read(), 0);
    ck_assert_int_eq(look_at_a_file(), 0);
    ck_assert_int_eq(make_a_socket(), 0);
    ck_assert_int_eq(map_executable_memory(), 0);
    ck_assert_int_eq(make_a_memory_file_of_another_kind(), 0);
}
END_TEST

static int report(void)
{
    return 0;
}

START_TEST(the_sandbox_counts_its_system_calls)
{
    ck_assert_uint_gt(call_filter_count(false), 25);
    ck_assert_uint_lt(call_filter_count(false), 60);
    ck_assert_int_eq(confine(report), 0);
}
END_TEST

struct idler {
    pthread_barrier_t started, leave;
    int result;
};

static void *try_late(void *argument)
{
    struct idler *idler = argument;

    pthread_barrier_wait(&idler->started);
    pthread_barrier_wait(&idler->leave);
    idler->result = errno_of(unlink("/tmp/darkroom-escape"));
    return NULL;
}

/* In a child: a thread that was there before the filter is under it as well. */
static int enter_with_a_thread(void)
{
    struct sandbox sandbox;
    struct error error;
    struct idler idler;
    pthread_t thread;

    pthread_barrier_init(&idler.started, NULL, 2);
    pthread_barrier_init(&idler.leave, NULL, 2);
    if (pthread_create(&thread, NULL, try_late, &idler) != 0)
        return 1;
    pthread_barrier_wait(&idler.started);

    if (sandbox_prepare(&error) < 0 || sandbox_enter(no_paths, &sandbox, &error) < 0)
        return 2;
    pthread_barrier_wait(&idler.leave);
    pthread_join(thread, NULL);
    return idler.result == EPERM ? 0 : 3;
}

START_TEST(threads_from_before_are_inside)
{
    pid_t pid = fork();
    int status;

    if (pid == 0)
        _exit(enter_with_a_thread());
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}
END_TEST

/* In a child: Landlock alone, as in the warm-up. */
static int landlock_alone(void)
{
    struct error error;
    unsigned abi;

    if (sandbox_prepare(&error) < 0 || landlock_forbid_paths(no_paths, &abi, &error) < 0)
        return 1;
    if (abi == 0)
        return 0;
    return open_to_read() == EACCES && open_to_create() == EACCES ? 0 : 2;
}

START_TEST(landlock_takes_paths_by_itself)
{
    pid_t pid = fork();
    int status;

    if (pid == 0)
        _exit(landlock_alone());
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sandbox");
    TCase *tests = tcase_create("sandbox");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, UNIT_TIMEOUT_S);
    tcase_add_loop_test(tests, a_deed_ends_as_it_should, 0, ARRAY_SIZE(deeds));
    tcase_add_loop_test(tests, fonts_can_be_read_and_nothing_else, 0, ARRAY_SIZE(font_deeds));
    tcase_add_test(tests, a_directory_of_fonts_that_is_closed_is_passed_over);
    tcase_add_test(tests, the_deeds_work_outside);
    tcase_add_test(tests, the_sandbox_counts_its_system_calls);
    tcase_add_test(tests, threads_from_before_are_inside);
    tcase_add_test(tests, landlock_takes_paths_by_itself);

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
