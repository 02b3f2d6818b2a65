/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Large buffers that are kept: which of them is taken again, and what becomes of the others. */
#include "base/pages.h"

#include "base/cleanup.h"
#include "unit_main.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MB ((size_t)1 << 20)

enum { ROUGHLY_MB = 3 };

/* Takes so many, to be written to as a whole. */
static struct pages take(size_t bytes)
{
    struct pages pages;

    ck_assert_int_eq(pages_take(&pages, bytes), 0);
    ck_assert_ptr_nonnull(pages.data);
    ck_assert_uint_ge(pages.bytes, bytes);
    ck_assert_uint_eq((uintptr_t)pages.data % PAGES_ALIGNMENT, 0);
    memset(pages.data, 0x5a, bytes);
    return pages;
}

static const size_t sizes[] = {
    0, 1, 63, PAGES_BYTES_MIN - 1, PAGES_BYTES_MIN, PAGES_BYTES_MIN + 1, 3 * MB + 17, 16 * MB, 40 * MB
};

START_TEST(any_size_can_be_had_given_back_and_had_again)
{
    for (int i = 0; i < 3; i++) {
        struct pages pages = take(sizes[_i]);

        pages_give(&pages);
        ck_assert_ptr_null(pages.data);
        pages_give(&pages); /* none */
    }
    pages_trim();
}
END_TEST

#ifndef DARKROOM_SANITIZED

/* A sanitizer ends a program that asks for so much. */
START_TEST(more_than_there_is_cannot_be_had)
{
    struct pages pages;

    ck_assert_int_eq(pages_take(&pages, SIZE_MAX), -ENOMEM);
    ck_assert_ptr_null(pages.data);
    ck_assert_int_eq(pages_take(&pages, SIZE_MAX / 2), -ENOMEM);
    ck_assert_ptr_null(pages.data);
}
END_TEST

/* About: the kernel counts for each processor. */
static int64_t resident_mb(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%*u %lu", &pages), 1);
    fclose(file);
    return (int64_t)(pages * (size_t)sysconf(_SC_PAGESIZE) / MB);
}

/* What is given back, and what is asked for then: is it the same memory? */
static const struct {
    size_t given, asked;
    bool same;
} rows[] = {
    { 4 * MB, 4 * MB, true },   { 4 * MB, 3 * MB, true }, { 4 * MB, 2 * MB, true },
    { 4 * MB, 1 * MB, false }, /* far too large: whoever needs that much is to have it */
    { 4 * MB, 100, false },     { 3 * MB, 4 * MB, true }, { 1 * MB, 4 * MB, false },
    { 16 * MB, 16 * MB, true },
};

START_TEST(what_was_given_back_is_taken_again_where_it_fits)
{
    struct pages pages = take(rows[_i].given);
    int64_t before;

    ((unsigned char *)pages.data)[1] = 0xa5;
    pages_give(&pages);
    before = resident_mb();
    ck_assert_int_eq(pages_take(&pages, rows[_i].asked), 0);
    ck_assert_msg((((unsigned char *)pages.data)[1] == 0xa5) == rows[_i].same, "%zu after %zu",
                  rows[_i].asked, rows[_i].given);
    ck_assert_int_le(resident_mb(), before + ROUGHLY_MB);
    pages_give(&pages);
    pages_trim();
}
END_TEST

START_TEST(the_smallest_that_has_room_is_taken)
{
    static const size_t given[] = { 8 * MB, 5 * MB, 6 * MB };
    struct pages list[ARRAY_SIZE(given)], pages;

    for (size_t i = 0; i < ARRAY_SIZE(given); i++)
        list[i] = take(given[i]);
    for (size_t i = 0; i < ARRAY_SIZE(given); i++)
        pages_give(&list[i]);
    pages = take(5 * MB - 100);
    ck_assert_uint_eq(pages.bytes, 5 * MB);
    pages_give(&pages);
    pages_trim();
}
END_TEST

static const struct {
    size_t bytes, kept; /* of one, and of all together */
} limits[] = {
    { 8 * MB, PAGES_KEPT_BYTES_MAX },
    { 1 * MB, PAGES_KEPT_MAX *MB },
    { PAGES_KEPT_BYTES_EACH_MAX + 1, 0 },
};

START_TEST(no_more_is_kept_than_the_limits_say)
{
    enum { COUNT = 2 * PAGES_KEPT_MAX };
    struct pages list[COUNT];
    int64_t before = resident_mb(), more;

    for (int i = 0; i < COUNT; i++)
        list[i] = take(limits[_i].bytes);
    for (int i = 0; i < COUNT; i++)
        pages_give(&list[i]);
    more = resident_mb() - before;
    ck_assert_int_le(more, (int64_t)(limits[_i].kept / MB) + ROUGHLY_MB);
    ck_assert_int_ge(more, (int64_t)(limits[_i].kept / MB) - ROUGHLY_MB);
    pages_trim();
    ck_assert_int_le(resident_mb(), before + ROUGHLY_MB);
}
END_TEST

START_TEST(less_is_kept_where_that_is_asked_for)
{
    struct pages list[] = { take(8 * MB), take(6 * MB), take(4 * MB) }, large = take(16 * MB);
    int64_t with_all = resident_mb();

    for (size_t i = 0; i < ARRAY_SIZE(list); i++)
        pages_give(&list[i]);
    pages_keep(11 * MB); /* the last two, not the one before */
    ck_assert_int_le(resident_mb(), with_all - 8 + ROUGHLY_MB);
    pages_give(&large);
    ck_assert_int_le(resident_mb(), with_all - 8 - 16 + ROUGHLY_MB);
    list[0] = take(6 * MB);
    list[1] = take(4 * MB);
    ck_assert_uint_eq(list[0].bytes, 6 * MB);
    ck_assert_uint_eq(list[1].bytes, 4 * MB);
    for (size_t i = 0; i < 2; i++)
        pages_give(&list[i]);
    pages_keep(SIZE_MAX);
    pages_trim();
}
END_TEST

/* No address space is left, but what is kept has some. */
START_TEST(what_is_kept_makes_room_for_what_is_needed)
{
    struct rlimit before, tight;
    struct pages small[4], large;

    for (size_t i = 0; i < ARRAY_SIZE(small); i++)
        small[i] = take(16 * MB);
    ck_assert_int_eq(getrlimit(RLIMIT_DATA, &before), 0);
    tight = before;
    tight.rlim_cur = 1;
    ck_assert_int_eq(setrlimit(RLIMIT_DATA, &tight), 0); /* nothing more, whatever there is */
    ck_assert_int_eq(pages_take(&large, 40 * MB), -ENOMEM);
    ck_assert_int_eq(setrlimit(RLIMIT_DATA, &before), 0);
    for (size_t i = 0; i < ARRAY_SIZE(small); i++)
        pages_give(&small[i]);
    tight.rlim_cur = 60 * MB; /* less than is kept, and the program's own */
    ck_assert_int_eq(setrlimit(RLIMIT_DATA, &tight), 0);
    ck_assert_int_eq(pages_take(&large, 40 * MB), 0);
    ck_assert_int_eq(setrlimit(RLIMIT_DATA, &before), 0);
    pages_give(&large);
}
END_TEST

#endif

enum { THREADS = 4, ROUNDS = 2000 };

static void *take_and_give(void *argument)
{
    const unsigned char mark = *(const unsigned char *)argument;

    for (size_t i = 0; i < ROUNDS; i++) {
        size_t bytes = PAGES_BYTES_MIN + (i * 7919 + mark) % (2 * MB);
        struct pages pages;

        if (pages_take(&pages, bytes) < 0)
            return argument;
        memset(pages.data, mark, 4096);
        ((unsigned char *)pages.data)[bytes - 1] = mark;
        for (size_t at = 0; at < 4096; at += 64)
            if (((unsigned char *)pages.data)[at] != mark)
                return argument;
        pages_give(&pages);
    }
    return NULL;
}

START_TEST(threads_have_each_their_own)
{
    static unsigned char marks[THREADS] = { 1, 2, 3, 4 };
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, take_and_give, &marks[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failed;

        ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
        ck_assert_ptr_null(failed);
    }
    pages_trim();
}
END_TEST

/* A sanitizer's are from the heap, each time anew. */
#ifdef DARKROOM_SANITIZED
UNIT_MAIN("pages", UNIT_ROWS(any_size_can_be_had_given_back_and_had_again, sizes),
          UNIT_TEST(threads_have_each_their_own))
#else
UNIT_MAIN("pages", UNIT_ROWS(any_size_can_be_had_given_back_and_had_again, sizes),
          UNIT_TEST(more_than_there_is_cannot_be_had),
          UNIT_ROWS(what_was_given_back_is_taken_again_where_it_fits, rows),
          UNIT_TEST(the_smallest_that_has_room_is_taken),
          UNIT_ROWS(no_more_is_kept_than_the_limits_say, limits),
          UNIT_TEST(less_is_kept_where_that_is_asked_for),
          UNIT_TEST(what_is_kept_makes_room_for_what_is_needed), UNIT_TEST(threads_have_each_their_own))
#endif
