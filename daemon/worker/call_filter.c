/* SPDX-License-Identifier: GPL-2.0-or-later */
/* call_filter - see call_filter.h; seccomp(2).
 *
 * The filter is one table, and one of two small ones. What is in none of their rows fails with EPERM, which
 * libraries survive; what only an attacker would do kills the process. Rows of one call stand together, and their
 * conditions exclude each other or do the same, because libseccomp's order among overlapping ones is its own. */
#include "call_filter.h"

#include "base/cleanup.h"
#include "wire/ticket.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    CONDITIONS_MAX = 3,

    /* As glibc's pthread_create() makes threads, and nothing else. */
    THREAD_FLAGS = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                   CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID,
    WRITING_FLAGS = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC,
    MEMORY_FILE_FLAGS = MFD_CLOEXEC | MFD_ALLOW_SEALING,
};

struct rule {
    uint32_t action;
    int call;
    unsigned condition_count;
    struct scmp_arg_cmp conditions[CONDITIONS_MAX];
};

#define ALLOW(name)                                                                                          \
    {                                                                                                        \
        SCMP_ACT_ALLOW, SCMP_SYS(name), 0,                                                                   \
        {                                                                                                    \
        }                                                                                                    \
    }
#define ALLOW_IF(name, ...)                                                                                  \
    {                                                                                                        \
        SCMP_ACT_ALLOW, SCMP_SYS(name), 1,                                                                   \
        {                                                                                                    \
            __VA_ARGS__                                                                                      \
        }                                                                                                    \
    }
#define REFUSE(name, errnum)                                                                                 \
    {                                                                                                        \
        SCMP_ACT_ERRNO(errnum), SCMP_SYS(name), 0,                                                           \
        {                                                                                                    \
        }                                                                                                    \
    }
#define REFUSE_IF(name, errnum, ...)                                                                         \
    {                                                                                                        \
        SCMP_ACT_ERRNO(errnum), SCMP_SYS(name), 1,                                                           \
        {                                                                                                    \
            __VA_ARGS__                                                                                      \
        }                                                                                                    \
    }
#define KILL(name)                                                                                           \
    {                                                                                                        \
        SCMP_ACT_KILL_PROCESS, SCMP_SYS(name), 0,                                                            \
        {                                                                                                    \
        }                                                                                                    \
    }
#define KILL_IF(name, ...)                                                                                   \
    {                                                                                                        \
        SCMP_ACT_KILL_PROCESS, SCMP_SYS(name), 1,                                                            \
        {                                                                                                    \
            __VA_ARGS__                                                                                      \
        }                                                                                                    \
    }

/* One argument; the numbers are the arguments' places. */
#define IS(argument, value)                                                                                  \
    {                                                                                                        \
        argument, SCMP_CMP_EQ, (scmp_datum_t)(value), 0                                                      \
    }
#define HAS_NONE_OF(argument, bits)                                                                          \
    {                                                                                                        \
        argument, SCMP_CMP_MASKED_EQ, (scmp_datum_t)(bits), 0                                                \
    }
#define HAS(argument, bit)                                                                                   \
    {                                                                                                        \
        argument, SCMP_CMP_MASKED_EQ, (scmp_datum_t)(bit), (scmp_datum_t)(bit)                               \
    }

static const struct rule rules[] = {
    /* The wire, and what travels on it. */
    ALLOW_IF(mq_timedreceive, IS(0, WORKER_FD_MAILBOX)),
    ALLOW_IF(recvmsg, IS(0, WORKER_FD_LINK)),
    ALLOW_IF(sendmsg, IS(0, WORKER_FD_LINK)),
    ALLOW(poll),
    ALLOW(ppoll),
    ALLOW(read),
    ALLOW(pread64),
    ALLOW(lseek),
    ALLOW(write),
    ALLOW(close),
    ALLOW_IF(memfd_create, IS(1, MEMORY_FILE_FLAGS)),
    ALLOW_IF(fcntl, IS(1, F_ADD_SEALS)),
    ALLOW_IF(fcntl, IS(1, F_GETFL)),

    /* Memory, none of it executable. */
    ALLOW(brk),
    ALLOW_IF(mmap, HAS_NONE_OF(2, PROT_EXEC)),
    ALLOW_IF(mprotect, HAS_NONE_OF(2, PROT_EXEC)),
    ALLOW(munmap),
    ALLOW(mremap),
    ALLOW(madvise),

    /* Threads. Nobody can look into clone3()'s arguments; glibc takes ENOSYS for an old kernel. */
    ALLOW_IF(clone, IS(0, THREAD_FLAGS)),
    REFUSE(clone3, ENOSYS),
    ALLOW(futex),
    ALLOW(set_robust_list),
    ALLOW(rseq),
    ALLOW(sched_yield),
    ALLOW_IF(prctl, IS(0, PR_SET_NAME)),
    ALLOW(gettid),
    ALLOW(exit),
    ALLOW(exit_group),

    /* Signals of its own: abort(). */
    ALLOW(rt_sigaction),
    ALLOW(rt_sigprocmask),
    ALLOW(rt_sigreturn),
    ALLOW(getpid),

    /* Questions with harmless answers. */
    ALLOW(clock_gettime),
    ALLOW(getrandom),
    ALLOW(getrusage),
    ALLOW(sysinfo),
    ALLOW(sched_getaffinity), /* how many threads decode an AVIF */
    ALLOW(restart_syscall),

    /* Opening to write. To read: see below. */
    KILL_IF(openat, HAS(2, O_WRONLY)),
    KILL_IF(openat, HAS(2, O_RDWR)),
    KILL_IF(openat, HAS(2, O_CREAT)),
    KILL_IF(openat, HAS(2, O_TRUNC)),
    KILL_IF(open, HAS(1, O_WRONLY)),
    KILL_IF(open, HAS(1, O_RDWR)),
    KILL_IF(open, HAS(1, O_CREAT)),
    KILL_IF(open, HAS(1, O_TRUNC)),
    KILL(openat2),
    KILL(creat),

    /* What only an attacker does: other programs, the network, other processes, the kernel's back doors. */
    KILL(execve),
    KILL(execveat),
    KILL(fork),
    KILL(socket),
    KILL(socketpair),
    KILL(connect),
    KILL(bind),
    KILL(listen),
    KILL(accept),
    KILL(accept4),
    KILL(ptrace),
    KILL(process_vm_readv),
    KILL(process_vm_writev),
    KILL(process_madvise),
    KILL(pidfd_open),
    KILL(pidfd_getfd),
    KILL(pidfd_send_signal),
    KILL(kill),
    KILL(tkill),
    KILL(rt_sigqueueinfo),
    KILL(rt_tgsigqueueinfo),
    KILL(open_by_handle_at),
    KILL(name_to_handle_at),
    KILL(mount),
    KILL(umount2),
    KILL(pivot_root),
    KILL(move_mount),
    KILL(open_tree),
    KILL(fsopen),
    KILL(fsmount),
    KILL(chroot),
    KILL(setns),
    KILL(unshare),
    KILL(bpf),
    KILL(io_uring_setup),
    KILL(userfaultfd),
    KILL(perf_event_open),
    KILL(keyctl),
    KILL(add_key),
    KILL(request_key),
    KILL(init_module),
    KILL(finit_module),
    KILL(delete_module),
    KILL(kexec_load),
    KILL(mq_open),
    KILL(memfd_secret),
};

/* Opening to read is tried by libraries, and survived … */
static const struct rule closed_calls[] = {
    REFUSE_IF(openat, EACCES, HAS_NONE_OF(2, WRITING_FLAGS)),
    REFUSE_IF(open, EACCES, HAS_NONE_OF(1, WRITING_FLAGS)),
};

/* … or left to Landlock: a font is opened, asked for its size and read. Landlock minds neither O_PATH nor stat(): the
 * one is refused here; the other is what glibc makes of fstat(), and tells of other files what can be told of them
 * without opening them. Whether a font could be opened is always answered with yes. */
static const struct rule reading_calls[] = {
    ALLOW_IF(openat, HAS_NONE_OF(2, WRITING_FLAGS | O_PATH)),
    REFUSE_IF(open, EACCES, HAS_NONE_OF(1, WRITING_FLAGS)),
    ALLOW(fstat),
    ALLOW_IF(newfstatat, HAS(3, AT_EMPTY_PATH)),
    REFUSE(access, 0),
    /* memory_bound.c, of this process. */
    { SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, { IS(0, 0), IS(1, RLIMIT_DATA) } },
};

#ifdef DARKROOM_SANITIZED

/* All that a sanitizer's runtime needs on top; such a worker is for tests. */
static const struct rule sanitizer_calls[] = {
    ALLOW(sigaltstack), ALLOW(prlimit64), ALLOW(getrlimit),
    ALLOW(readlink),    ALLOW(nanosleep), ALLOW(clock_nanosleep),
};

/* LeakSanitizer stops the process from a tracer, which the filter forbids; tests of lib/image look for leaks. */
const char *__asan_default_options(void);
__attribute__((visibility("default"))) const char *__asan_default_options(void)
{
    return "detect_leaks=0:allocator_may_return_null=1";
}

enum { SANITIZER_CALLS = ARRAY_SIZE(sanitizer_calls) };

#else

static const struct rule *const sanitizer_calls = NULL;
enum { SANITIZER_CALLS = 0 };

#endif

static void cleanup_filter(scmp_filter_ctx *filter)
{
    if (*filter)
        seccomp_release(*filter);
}

static int add_rules(scmp_filter_ctx filter, const struct rule *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int r = seccomp_rule_add_array(filter, list[i].action, list[i].call, list[i].condition_count,
                                       list[i].conditions);

        if (r < 0)
            return r;
    }
    return 0;
}

/* abort() signals its own thread: never another process. */
static int add_own_signals(scmp_filter_ctx filter)
{
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                            SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
}

static unsigned count_allowed(const struct rule *list, size_t count)
{
    unsigned calls = 0;

    for (size_t i = 0; i < count; i++)
        calls += list[i].action == SCMP_ACT_ALLOW && (i == 0 || list[i].call != list[i - 1].call);
    return calls;
}

/* libseccomp's attributes: what is set, and why it must be. */
static int set_attributes(scmp_filter_ctx filter)
{
    static const struct {
        enum scmp_filter_attr name;
        uint32_t value;
    } attributes[] = {
        { SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS }, /* 32-bit calls have other numbers */
        { SCMP_FLTATR_CTL_TSYNC, 1 },                       /* threads of the warm-up too, or fail */
        { SCMP_FLTATR_CTL_OPTIMIZE, 2 },                    /* a binary tree, not a list */
        { SCMP_FLTATR_API_SYSRAWRC, 1 },                    /* the kernel's own errno */
    };

    for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
        int r = seccomp_attr_set(filter, attributes[i].name, attributes[i].value);

        if (r < 0)
            return r;
    }
    return 0;
}

int call_filter_load(bool reading)
{
    _cleanup_(cleanup_filter) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int r;

    if (!filter)
        return -ENOMEM;

    r = set_attributes(filter);
    if (r < 0)
        return r;

    r = add_rules(filter, rules, ARRAY_SIZE(rules));
    if (r < 0)
        return r;

    r = reading ? add_rules(filter, reading_calls, ARRAY_SIZE(reading_calls))
                : add_rules(filter, closed_calls, ARRAY_SIZE(closed_calls));
    if (r < 0)
        return r;

    r = add_rules(filter, sanitizer_calls, SANITIZER_CALLS);
    if (r < 0)
        return r;

    r = add_own_signals(filter);
    if (r < 0)
        return r;

    return seccomp_load(filter);
}

unsigned call_filter_count(bool reading)
{
    unsigned own_signals = 1;

    return count_allowed(rules, ARRAY_SIZE(rules)) +
           (reading ? count_allowed(reading_calls, ARRAY_SIZE(reading_calls)) : 0) +
           count_allowed(sanitizer_calls, SANITIZER_CALLS) + own_signals;
}
