/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kill_switch - see kill_switch.h. */
#include "kill_switch.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static struct kill_switch *the_switch;

__attribute__((constructor)) static void map_switch(void)
{
    const char *path = getenv(KILL_SWITCH_VARIABLE);
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *mapped = fd < 0 ? MAP_FAILED
                          : mmap(NULL, sizeof(struct kill_switch), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (mapped == MAP_FAILED)
        abort();
    close(fd);
    the_switch = mapped;
}

/* EXT4_IOC_SHUTDOWN, XFS_IOC_GOINGDOWN: no kernel header for programs has it under one name. Whatever was not made
 * durable is gone, as with the power. */
#define FS_IOC_SHUTDOWN _IOR('X', 125, uint32_t)
enum { WITHOUT_FLUSHING = 2 };

static void cut_power(const char *mount_point)
{
    uint32_t how = WITHOUT_FLUSHING;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, mount_point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || ioctl(fd, FS_IOC_SHUTDOWN, &how) < 0)
        abort();
}

static void count(const char *call)
{
    if (!the_switch || atomic_fetch_add(&the_switch->calls, 1) + 1 != atomic_load(&the_switch->at))
        return;
    snprintf(the_switch->call, sizeof the_switch->call, "%s", call);
    if (the_switch->cut[0])
        cut_power(the_switch->cut);
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

/* Returns @fd when the test lets it. */
static int hold(int fd)
{
    if (the_switch && atomic_exchange(&the_switch->holds, false)) {
        sem_post(&the_switch->held);
        while (sem_wait(&the_switch->go_on) < 0)
            ;
    }
    return fd;
}

/* One function of libc: RETURN name(parameters), passed on as name(arguments). */
#define COUNTED(type, name, parameters, arguments)                                                           \
    EXPORT type name parameters;                                                                             \
    EXPORT type name parameters                                                                              \
    {                                                                                                        \
        static type(*real) parameters;                                                                       \
                                                                                                             \
        if (!real)                                                                                           \
            real = (type(*) parameters)dlsym(RTLD_NEXT, #name);                                              \
        count(#name);                                                                                        \
        return real arguments;                                                                               \
    }

COUNTED(int, fsync, (int fd), (fd))
COUNTED(int, fdatasync, (int fd), (hold(fd)))
COUNTED(int, sync_file_range, (int fd, off_t offset, off_t size, unsigned flags), (fd, offset, size, flags))
COUNTED(int, rename, (const char *from, const char *to), (from, to))
COUNTED(int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to))
COUNTED(int, renameat2, (int a, const char *from, int b, const char *to, unsigned flags),
        (a, from, b, to, flags))
COUNTED(int, unlink, (const char *path), (path))
COUNTED(int, unlinkat, (int fd, const char *path, int flags), (fd, path, flags))
COUNTED(int, mkdir, (const char *path, mode_t mode), (path, mode))
COUNTED(int, mkdirat, (int fd, const char *path, mode_t mode), (fd, path, mode))
COUNTED(int, fchmod, (int fd, mode_t mode), (fd, mode))
COUNTED(int, ftruncate, (int fd, off_t size), (fd, size))
COUNTED(int, ftruncate64, (int fd, off64_t size), (fd, size))
COUNTED(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size))
COUNTED(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t offset), (fd, data, size, offset))
COUNTED(ssize_t, pwrite64, (int fd, const void *data, size_t size, off64_t offset), (fd, data, size, offset))
COUNTED(ssize_t, sendfile, (int to, int from, off_t *offset, size_t size), (to, from, offset, size))
COUNTED(ssize_t, sendfile64, (int to, int from, off64_t *offset, size_t size), (to, from, offset, size))
COUNTED(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
COUNTED(int, mq_send, (mqd_t mq, const char *data, size_t size, unsigned priority),
        (mq, data, size, priority))

/* openat2 has no function. */
EXPORT long syscall(long number, ...)
{
    static long (*real)(long, ...);
    va_list args;
    long a[6];

    va_start(args, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(args, long);
    va_end(args);
    if (!real)
        real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    if (number == SYS_openat2)
        count("openat2");
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* The openings count when they may create something. */
#define COUNTED_OPEN(name, parameters, arguments, last)                                                      \
    EXPORT int name parameters;                                                                              \
    EXPORT int name parameters                                                                               \
    {                                                                                                        \
        static int(*real) parameters;                                                                        \
        mode_t mode = 0;                                                                                     \
        va_list args;                                                                                        \
                                                                                                             \
        if (flags & (O_CREAT | __O_TMPFILE)) {                                                               \
            va_start(args, last);                                                                            \
            mode = va_arg(args, mode_t);                                                                     \
            va_end(args);                                                                                    \
            count(#name);                                                                                    \
        }                                                                                                    \
        if (!real)                                                                                           \
            real = (int(*) parameters)dlsym(RTLD_NEXT, #name);                                               \
        return real arguments;                                                                               \
    }

COUNTED_OPEN(open, (const char *path, int flags, ...), (path, flags, mode), flags)
COUNTED_OPEN(open64, (const char *path, int flags, ...), (path, flags, mode), flags)
COUNTED_OPEN(openat, (int fd, const char *path, int flags, ...), (fd, path, flags, mode), flags)
COUNTED_OPEN(openat64, (int fd, const char *path, int flags, ...), (fd, path, flags, mode), flags)
