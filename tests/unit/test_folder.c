/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A folder's books on its jobs in flight. */
#include "supervisor/folder.h"

#include "hot_folders.h"
#include "supervisor/supervisor.h"
#include "unit_main.h"

static struct hot_folders hot;
static struct supervisor supervisor;
static struct folder *folder;

static void setup(void)
{
    hot_open(&hot, 1, HOT_RECIPE);
    folder = folder_new(&supervisor, 3, hot.conf);
    ck_assert_ptr_nonnull(folder);
}

static void teardown(void)
{
    folder_free(folder);
    hot_close(&hot);
}

static struct job *new_job(uint64_t id)
{
    return hot_job(&hot, 0, id, "a.jpg");
}

START_TEST(a_new_folder_has_nothing_in_flight)
{
    setup();
    ck_assert_str_eq(folder->name, "f0");
    ck_assert_uint_eq(folder->slot, 3);
    ck_assert_uint_eq(folder->in_flight, 0);
    ck_assert(!folder->lull.is && !folder->suspects_lull.is && !folder->has_suspect);
    ck_assert_ptr_null(folder_pop_ready(folder));
    ck_assert_ptr_null(folder_pop_opened(folder));
    folder_free(NULL);
    teardown();
}
END_TEST

START_TEST(jobs_are_counted_by_state)
{
    struct job *a, *b;

    setup();
    a = new_job(1);
    b = new_job(2);
    folder_enter_job(folder, a, JOB_QUEUED);
    folder_enter_job(folder, b, JOB_DONE); /* only its original is left to deal with */
    ck_assert_uint_eq(folder->in_flight, 2);
    ck_assert_uint_eq(folder->counts[JOB_QUEUED], 1);
    ck_assert_uint_eq(folder->counts[JOB_DONE], 1);
    folder_set_state(folder, a, JOB_OPENING);
    folder_set_state(folder, a, JOB_RUNNING);
    ck_assert_int_eq(a->state, JOB_RUNNING);
    ck_assert_uint_eq(folder->counts[JOB_QUEUED] + folder->counts[JOB_OPENING], 0);
    ck_assert_uint_eq(folder->counts[JOB_RUNNING], 1);
    folder_leave_job(folder, a);
    folder_leave_job(folder, b);
    ck_assert_uint_eq(folder->in_flight, 0);
    for (size_t i = 0; i < JOB_STATE_COUNT; i++)
        ck_assert_uint_eq(folder->counts[i], 0);
    job_free(a);
    job_free(b);
    teardown();
}
END_TEST

/* Who waited for a job to be in flight, or in another state, waited until something else happened. */
START_TEST(each_change_of_what_is_in_flight_is_told_to_who_waits_for_another_status)
{
    struct job *job;

    setup();
    job = new_job(1);
    folder_enter_job(folder, job, JOB_QUEUED);
    ck_assert_uint_eq(supervisor.sequence, 1);
    folder_set_state(folder, job, JOB_OPENING);
    ck_assert_uint_eq(supervisor.sequence, 2);
    folder_leave_job(folder, job);
    ck_assert_uint_eq(supervisor.sequence, 3);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(that_a_folder_is_held_and_is_well_again_is_told_to_who_waits_for_another_status)
{
    setup();
    folder_fall_sick(folder, "no room");
    ck_assert_uint_eq(supervisor.sequence, 1);
    folder_recover(folder);
    ck_assert_uint_eq(supervisor.sequence, 2);
    folder_recover(folder);
    ck_assert_uint_eq(supervisor.sequence, 2);
    teardown();
}
END_TEST

START_TEST(pictures_that_wait_to_be_published_are_counted)
{
    struct job *a, *b;

    setup();
    a = new_job(1);
    b = new_job(2);
    folder_enter_job(folder, a, JOB_RUNNING);
    folder_enter_job(folder, b, JOB_RUNNING);
    hot_output(a, 0, "a", "12345");
    hot_output(b, 0, "b", "123");
    ck_assert_uint_eq(folder->publishing_bytes, 0);
    folder_set_state(folder, a, JOB_PUBLISHING);
    folder_set_state(folder, b, JOB_PUBLISHING);
    ck_assert_uint_eq(folder->publishing_bytes, 8);
    folder_set_state(folder, a, JOB_DONE);
    ck_assert_uint_eq(folder->publishing_bytes, 3);
    folder_set_state(folder, b, JOB_QUEUED); /* back, before its descriptors are closed */
    ck_assert_uint_eq(folder->publishing_bytes, 0);
    folder_leave_job(folder, a);
    folder_leave_job(folder, b);
    job_free(a);
    job_free(b);
    teardown();
}
END_TEST

START_TEST(ready_jobs_leave_in_the_order_in_which_they_came)
{
    setup();
    for (uint64_t i = 1; i <= 3; i++)
        folder_push_ready(folder, new_job(i));
    ck_assert_uint_eq(folder->ready_count, 3);
    for (uint64_t i = 1; i <= 3; i++) {
        struct job *job = folder_pop_ready(folder);

        ck_assert_uint_eq(job->id, i);
        job_free(job);
    }
    ck_assert_uint_eq(folder->ready_count, 0);
    ck_assert_ptr_null(folder_pop_ready(folder));
    teardown();
}
END_TEST

START_TEST(an_opened_job_may_be_put_first)
{
    static const uint64_t wanted[] = { 4, 3, 1, 2 };

    setup();
    folder_push_opened(folder, new_job(1), false);
    folder_push_opened(folder, new_job(2), false);
    folder_push_opened(folder, new_job(3), true);
    folder_push_opened(folder, new_job(4), true);
    ck_assert_uint_eq(folder->opened_count, 4);
    for (size_t i = 0; i < 4; i++) {
        struct job *job = folder_pop_opened(folder);

        ck_assert_uint_eq(job->id, wanted[i]);
        job_free(job);
    }
    ck_assert_uint_eq(folder->opened_count, 0);
    teardown();
}
END_TEST

START_TEST(a_sick_folder_is_held_until_a_job_has_passed)
{
    struct job *job;

    setup();
    job = new_job(1);
    ck_assert(folder_may_work(folder));
    ck_assert(folder_fall_sick(folder, "no descriptors are left"));
    ck_assert(!folder_fall_sick(folder, "no descriptors are left")); /* is said once */
    ck_assert_int_eq(folder_state_now(folder), FOLDER_HELD);
    ck_assert_str_eq(folder_reason(folder), "no descriptors are left");
    ck_assert_uint_gt(folder->held_since_us, 0);
    ck_assert(!folder_may_work(folder));

    folder->sick_until_us = 0; /* its time has come: one job is tried, not two */
    ck_assert(folder_may_work(folder));
    folder_enter_job(folder, job, JOB_OPENING);
    ck_assert(!folder_may_work(folder));
    ck_assert_int_eq(folder_state_now(folder), FOLDER_HELD);

    ck_assert(folder_recover(folder));
    ck_assert(!folder_recover(folder));
    ck_assert_int_eq(folder_state_now(folder), FOLDER_OK);
    ck_assert_uint_eq(folder->held_since_us, 0);
    ck_assert(folder_may_work(folder));
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_lost_folder_is_lost_whether_it_is_sick_or_not)
{
    setup();
    folder_fall_sick(folder, "no descriptors are left");
    folder->news.state = FOLDER_LOST;
    snprintf(folder->news.reason, sizeof folder->news.reason, "it is gone");
    folder->sick_until_us = 0;
    ck_assert_int_eq(folder_state_now(folder), FOLDER_LOST);
    ck_assert_str_eq(folder_reason(folder), "it is gone");
    ck_assert(!folder_may_work(folder));
    teardown();
}
END_TEST

/* From its first opened job on it can be passed over; a turn begins that anew. */
START_TEST(a_folder_waits_since_it_has_opened_jobs_or_had_a_turn)
{
    uint64_t began;

    setup();
    began = monotonic_us();
    folder_push_opened(folder, new_job(1), false);
    ck_assert_uint_ge(folder->turn_us, began);
    folder->turn_us = 1;
    folder_push_opened(folder, new_job(2), false);
    ck_assert_uint_eq(folder->turn_us, 1);
    job_free(folder_pop_opened(folder));
    ck_assert_uint_ge(folder->turn_us, began);
    job_free(folder_pop_opened(folder));
    teardown();
}
END_TEST

UNIT_MAIN("folder", UNIT_TEST(a_new_folder_has_nothing_in_flight), UNIT_TEST(jobs_are_counted_by_state),
          UNIT_TEST(each_change_of_what_is_in_flight_is_told_to_who_waits_for_another_status),
          UNIT_TEST(that_a_folder_is_held_and_is_well_again_is_told_to_who_waits_for_another_status),
          UNIT_TEST(pictures_that_wait_to_be_published_are_counted),
          UNIT_TEST(ready_jobs_leave_in_the_order_in_which_they_came),
          UNIT_TEST(an_opened_job_may_be_put_first),
          UNIT_TEST(a_folder_waits_since_it_has_opened_jobs_or_had_a_turn),
          UNIT_TEST(a_sick_folder_is_held_until_a_job_has_passed),
          UNIT_TEST(a_lost_folder_is_lost_whether_it_is_sick_or_not))
