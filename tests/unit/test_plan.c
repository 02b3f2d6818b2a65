/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a plan finds under the names that it would use; the rest of a plan's way is tests/e2e/test_plan.c. */
#include "supervisor/plan.h"

#include "hot_folders.h"
#include "unit_main.h"

static struct hot_folders hot;
static struct job *job;

static void setup(void)
{
    hot_open(&hot, 1, HOT_RECIPE);
    hot_write(hot.in[0], "a.jpg", "abc");
    job = hot_job(&hot, 0, 1, "a.jpg");
    ck_assert_ptr_nonnull(job_add_output(job, 0, "a.10.png"));
    ck_assert_ptr_nonnull(job_add_output(job, 1, "sub/a.20.png"));
    job->plan = calloc(1, sizeof *job->plan);
    job->plan->names = calloc(2, sizeof *job->plan->names);
    job->plan->name_count = 2;
}

static void teardown(void)
{
    job_free(job);
    hot_close(&hot);
}

static struct published as_it_is(const char *name)
{
    struct version version = hot_version(hot.out[0], name);

    return (struct published){ .inode = version.inode, .size = version.size, .mtime_ns = version.mtime_ns };
}

START_TEST(names_that_nobody_has_are_free_and_their_directories_are_not_made)
{
    setup();
    plan_look_at_names(job);
    ck_assert_int_eq(job->plan->names[0].owner, PLAN_FREE);
    ck_assert_int_eq(job->plan->names[1].owner, PLAN_FREE);
    ck_assert(!hot_exists(hot.out[0], "sub"));
    teardown();
}
END_TEST

START_TEST(what_we_made_is_ours_until_somebody_changes_it)
{
    setup();
    hot_write(hot.out[0], "a.10.png", "picture");
    job->outputs[0].before = as_it_is("a.10.png");
    plan_look_at_names(job);
    ck_assert_int_eq(job->plan->names[0].owner, PLAN_OURS);

    hot_write(hot.out[0], "a.10.png", "another's");
    plan_look_at_names(job);
    ck_assert_int_eq(job->plan->names[0].owner, PLAN_OTHER);
    teardown();
}
END_TEST

START_TEST(what_we_never_made_is_somebody_elses)
{
    setup();
    hot_write(hot.out[0], "a.10.png", "picture");
    plan_look_at_names(job);
    ck_assert_int_eq(job->plan->names[0].owner, PLAN_OTHER);
    teardown();
}
END_TEST

START_TEST(what_the_ledger_knows_to_be_another_sources_stays_so)
{
    setup();
    hot_write(hot.out[0], "a.10.png", "picture");
    job->plan->names[0] =
        (struct plan_name){ .owner = PLAN_SOURCE, .folder = strdup("f0"), .path = strdup("a.gif") };
    plan_look_at_names(job);
    ck_assert_int_eq(job->plan->names[0].owner, PLAN_SOURCE);
    plan_drop_names(job->plan);
    ck_assert_uint_eq(job->plan->name_count, 0);
    plan_drop_names(job->plan);
    plan_drop_names(NULL);
    plan_free(NULL);
    teardown();
}
END_TEST

UNIT_MAIN("plan", UNIT_TEST(names_that_nobody_has_are_free_and_their_directories_are_not_made),
          UNIT_TEST(what_we_made_is_ours_until_somebody_changes_it),
          UNIT_TEST(what_we_never_made_is_somebody_elses),
          UNIT_TEST(what_the_ledger_knows_to_be_another_sources_stays_so))
