/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may be in memory with whom. */
#include "supervisor/admission.h"

#include "unit_main.h"

enum { MB = 1 << 20, WORKERS = 4 };

#define BUDGET (400ULL * MB)
#define DEFAULT (100ULL * MB) /* of each of the four */
#define NOW (1000 * USEC_PER_SEC)
#define LATER (NOW + ADMISSION_PATIENCE_US)

static struct admission admission;

static void set_up(void)
{
    admission_init(&admission);
    admission_configure(&admission, BUDGET, WORKERS);
}

static struct job job_of(uint64_t needs_mb)
{
    return (struct job){ .needs_memory_bytes = needs_mb * MB };
}

static struct memory_use use_of(uint64_t granted_mb, uint64_t late_mb)
{
    return (struct memory_use){ granted_mb * MB, late_mb * MB };
}

static bool may_start(uint64_t granted_mb, uint64_t late_mb, uint64_t now)
{
    struct memory_use use = use_of(granted_mb, late_mb);

    return admission_may_start(&admission, &use, 0, DEFAULT, now);
}

static struct job *next(uint64_t granted_mb, uint64_t late_mb, uint64_t now)
{
    struct memory_use use = use_of(granted_mb, late_mb);

    return admission_next(&admission, &use, now);
}

START_TEST(the_default_grants_of_all_workers_are_within_the_budget)
{
    set_up();
    ck_assert_uint_eq(admission.default_grant_bytes, DEFAULT);
    admission_configure(&admission, 64ULL << 30, 4);
    ck_assert_uint_eq(admission.default_grant_bytes, GRANT_DEFAULT_MAX);
    admission_configure(&admission, BUDGET, 0);
    ck_assert_uint_eq(admission.default_grant_bytes, GRANT_DEFAULT_MAX);
    for (size_t workers = 1; workers <= 256; workers++) {
        admission_configure(&admission, BUDGET + 7, workers);
        ck_assert_uint_le(admission.default_grant_bytes * workers, BUDGET + 7);
    }
}
END_TEST

START_TEST(a_grant_is_the_default_or_what_is_known_to_be_needed)
{
    struct job small = { .version.size = 40 * MB }, known = job_of(150), file = { .version.size = 60 * MB };

    set_up();
    ck_assert_uint_eq(admission_grant(&admission, &small), DEFAULT);
    ck_assert(!admission_is_large(&admission, &small));
    ck_assert_uint_eq(admission_grant(&admission, &known), 150ULL * MB);
    ck_assert(admission_is_large(&admission, &known));
    ck_assert_uint_eq(admission_grant(&admission, &file), 120ULL * MB);
    ck_assert(admission_is_large(&admission, &file));
}
END_TEST

START_TEST(small_jobs_fill_all_workers)
{
    set_up();
    for (uint64_t running = 0; running < WORKERS; running++)
        ck_assert(may_start(running * 100, 0, NOW));
}
END_TEST

START_TEST(a_parked_job_starts_when_it_fits_the_rest_of_the_budget)
{
    struct job large = job_of(250);

    set_up();
    admission_park(&admission, &large, NOW);
    ck_assert_ptr_null(next(200, 0, NOW));
    ck_assert_ptr_eq(next(150, 0, NOW), &large);
    ck_assert_ptr_eq(next(0, 0, NOW), &large);
    admission_unpark(&admission, &large);
    ck_assert_ptr_null(next(0, 0, NOW));
    ck_assert_uint_eq(admission.parked_count, 0);
}
END_TEST

START_TEST(two_that_do_not_fit_together_are_not_in_memory_together)
{
    struct job first = job_of(250), second = job_of(251);

    set_up();
    admission_park(&admission, &first, NOW);
    admission_park(&admission, &second, NOW);
    ck_assert_ptr_eq(next(0, 0, NOW), &first);
    admission_unpark(&admission, &first);
    ck_assert_ptr_null(next(250, 0, NOW));
    ck_assert_ptr_null(next(250, 250, LATER));
    ck_assert_ptr_eq(next(0, 0, NOW), &second);
}
END_TEST

START_TEST(one_larger_than_the_budget_runs_alone)
{
    struct job giant = job_of(1000), other = job_of(150);
    struct memory_use use = use_of(1000, 1000);

    set_up();
    admission_park(&admission, &giant, NOW);
    ck_assert_ptr_null(next(1, 0, LATER));
    ck_assert_ptr_eq(next(0, 0, NOW), &giant);

    admission_unpark(&admission, &giant);
    admission_park(&admission, &other, NOW);
    ck_assert(!may_start(1000, 1000, NOW));
    ck_assert_ptr_null(next(1000, 1000, LATER));
    ck_assert(!admission_may_start(&admission, &use, 1000ULL * MB, DEFAULT, NOW)); /* nor behind it */
}
END_TEST

START_TEST(others_overtake_freely_until_patience_ends_and_then_only_beside_it)
{
    struct job large = job_of(250);

    set_up();
    ck_assert_uint_eq(admission_patience_ends(&admission), USEC_INFINITY);
    admission_park(&admission, &large, NOW);
    ck_assert_uint_eq(admission_patience_ends(&admission), LATER);
    ck_assert(may_start(300, 0, LATER - 1));

    /* 100 of late ones fit beside 250 of 400, 200 do not. */
    ck_assert(may_start(300, 0, LATER));
    ck_assert(!may_start(300, 100, LATER));
    ck_assert(!may_start(200, 100, LATER));
}
END_TEST

/* A small job starts whenever a worker is free, for ever: then those that ran before end, and it is the large one's
 * turn. */
START_TEST(a_large_job_is_not_starved_by_a_stream_of_small_ones)
{
    struct job large = job_of(350);
    uint64_t old = 400;

    set_up();
    admission_park(&admission, &large, NOW);
    while (old > 0) {
        ck_assert(!may_start(old, 0, LATER));
        ck_assert(old <= 50 || next(old, 0, LATER) == NULL);
        old -= 100;
    }
    ck_assert_ptr_eq(next(0, 0, LATER), &large);
}
END_TEST

/* One that takes long is running; the first cannot start yet, and what it leaves is for small ones. */
START_TEST(room_that_the_first_cannot_use_yet_is_not_kept_from_small_ones)
{
    struct job large = job_of(250);

    set_up();
    admission_park(&admission, &large, NOW);
    ck_assert_ptr_null(next(250, 0, LATER));
    ck_assert(may_start(250, 0, LATER));
    ck_assert(!may_start(350, 100, LATER));
}
END_TEST

START_TEST(small_ones_come_between_large_ones)
{
    struct job first = job_of(400), second = job_of(400);

    set_up();
    admission_park(&admission, &first, NOW);
    admission_park(&admission, &second, NOW);
    admission_unpark(&admission, &first);
    first.memory_grant_bytes = 400ULL * MB;
    admission_job_left(&admission, &first, LATER);

    /* The second has waited for longer than patience lasts, and yet: */
    ck_assert(may_start(0, 0, LATER));
    ck_assert(may_start(300, 0, LATER + ADMISSION_PATIENCE_US - 1));
    ck_assert(!may_start(300, 0, LATER + ADMISSION_PATIENCE_US));
}
END_TEST

START_TEST(the_end_of_a_small_job_restarts_no_patience)
{
    struct job large = job_of(400), small = { .memory_grant_bytes = DEFAULT };

    set_up();
    admission_park(&admission, &large, NOW);
    admission_job_left(&admission, &small, LATER);
    ck_assert_uint_eq(admission_patience_ends(&admission), LATER);
}
END_TEST

START_TEST(a_smaller_one_behind_the_first_may_go_when_it_does_not_delay_it)
{
    struct job first = job_of(250), fits = job_of(150), delays = job_of(160);

    set_up();
    admission_park(&admission, &first, NOW);
    admission_park(&admission, &delays, NOW);
    admission_park(&admission, &fits, NOW);
    ck_assert_ptr_eq(next(240, 0, LATER - 1), &delays);
    ck_assert_ptr_eq(next(240, 0, LATER), &fits);
}
END_TEST

START_TEST(a_suspect_is_first_and_has_no_patience)
{
    struct job large = job_of(250), suspect = job_of(300);

    set_up();
    suspect.suspect = true;
    admission_park(&admission, &large, NOW);
    admission_park(&admission, &suspect, NOW + 1);
    ck_assert_ptr_eq(next(0, 0, NOW + 1), &suspect);
    ck_assert(!may_start(100, 100, NOW + 1));
}
END_TEST

START_TEST(a_worker_that_is_busy_needs_the_larger_of_its_two_grants)
{
    struct memory_use full = use_of(400, 0);

    set_up();
    ck_assert(admission_may_start(&admission, &full, DEFAULT, DEFAULT, NOW));
    ck_assert(!admission_may_start(&admission, &full, DEFAULT - 1, DEFAULT, NOW));
}
END_TEST

UNIT_MAIN("admission", UNIT_TEST(the_default_grants_of_all_workers_are_within_the_budget),
          UNIT_TEST(a_grant_is_the_default_or_what_is_known_to_be_needed),
          UNIT_TEST(small_jobs_fill_all_workers),
          UNIT_TEST(a_parked_job_starts_when_it_fits_the_rest_of_the_budget),
          UNIT_TEST(two_that_do_not_fit_together_are_not_in_memory_together),
          UNIT_TEST(one_larger_than_the_budget_runs_alone),
          UNIT_TEST(others_overtake_freely_until_patience_ends_and_then_only_beside_it),
          UNIT_TEST(a_large_job_is_not_starved_by_a_stream_of_small_ones),
          UNIT_TEST(room_that_the_first_cannot_use_yet_is_not_kept_from_small_ones),
          UNIT_TEST(small_ones_come_between_large_ones),
          UNIT_TEST(the_end_of_a_small_job_restarts_no_patience),
          UNIT_TEST(a_smaller_one_behind_the_first_may_go_when_it_does_not_delay_it),
          UNIT_TEST(a_suspect_is_first_and_has_no_patience),
          UNIT_TEST(a_worker_that_is_busy_needs_the_larger_of_its_two_grants))
