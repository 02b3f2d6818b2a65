/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clock - the two clocks we use, in microseconds. Policies take the time as an argument, so tests inject it. */
#ifndef DARKROOM_BASE_CLOCK_H
#define DARKROOM_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define USEC_PER_MSEC 1000ULL
#define USEC_PER_SEC 1000000ULL
#define NSEC_PER_USEC 1000ULL
#define NSEC_PER_SEC 1000000000LL
#define USEC_INFINITY UINT64_MAX

static inline uint64_t timespec_us(const struct timespec *time)
{
    return (uint64_t)time->tv_sec * USEC_PER_SEC + (uint64_t)time->tv_nsec / NSEC_PER_USEC;
}

/* File systems keep times that 64 bits of nanoseconds do not reach: those end at the years 1823 and 2116, so that
 * differences fit as well. */
static inline int64_t timespec_ns(const struct timespec *time)
{
    const int64_t limit = INT64_MAX / 2 / NSEC_PER_SEC;

    if (time->tv_sec >= limit || time->tv_sec <= -limit)
        return (time->tv_sec < 0 ? -limit : limit) * NSEC_PER_SEC;
    return (int64_t)time->tv_sec * NSEC_PER_SEC + time->tv_nsec;
}

/* The earlier and the later of two times, or the shorter and the longer of two durations. */
static inline uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* CLOCK_MONOTONIC: for deadlines, intervals and ages. */
static inline uint64_t monotonic_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return timespec_us(&now);
}

/* CLOCK_REALTIME: for what is stored, and to compare with a file's mtime. */
static inline uint64_t realtime_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return timespec_us(&now);
}

#endif
