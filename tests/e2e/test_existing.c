/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files in the way of an output, with each Existing=, and a ledger that is lost. */
#include "daemon_harness.h"
#include "painter.h"

#include <string.h>
#include <unistd.h>

/* A file of somebody else's, newer than any source of these tests. */
static void put(const struct harness *h, const char *path)
{
    harness_write(h, path, "somebody else's");
}

static bool is_theirs(const struct harness *h, const char *path)
{
    return harness_exists(h, path) && strcmp(harness_read(h, path), "somebody else's") == 0;
}

static void start(struct harness *h, const char *existing)
{
    harness_open(h);
    harness_configure(h, existing, HARNESS_RECIPE_SINGLE);
    harness_start(h);
}

/* Their files are not pictures, which harness_close() looks for. */
static void end(struct harness *h, const char *path)
{
    ck_assert(is_theirs(h, path));
    unlink(harness_path(h, "%s", path));
    harness_close(h);
}

START_TEST(existing_skip_makes_what_is_not_there)
{
    struct harness h;

    start(&h, "Existing=skip\n");
    put(&h, "out/a.png");
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_drop(&h, "b.jpg", 48, 48, 2);
    harness_await_ends(&h, 2, 0);
    harness_expect_picture(&h, "out/b.png", 24, 24);
    end(&h, "out/a.png");
}
END_TEST

START_TEST(existing_adopt_takes_what_is_there_for_its_own)
{
    struct harness h;
    uint64_t inode;

    start(&h, "Existing=adopt\n");
    harness_drop_bytes(&h, "broken.jpg", "never looked at", 15); /* an hour old */
    harness_await_ends(&h, 0, 1);
    painter_paint(harness_path(&h, "out/other.png"), 10, 10, 1);
    inode = harness_inode(&h, "out/other.png");
    harness_drop_bytes(&h, "other.jpg", "never looked at", 15);
    harness_await_ends(&h, 1, 1);
    ck_assert_uint_eq(harness_inode(&h, "out/other.png"), inode);

    /* It is ours now: a new version replaces it. */
    harness_drop(&h, "other.jpg", 48, 48, 1);
    harness_await_ends(&h, 2, 1);
    harness_expect_picture(&h, "out/other.png", 24, 24);

    /* What is no picture at all is in the way. */
    put(&h, "out/more.png");
    harness_drop_bytes(&h, "more.jpg", "never looked at", 15);
    harness_await_ends(&h, 2, 2);
    end(&h, "out/more.png");
}
END_TEST

/* A picture of which nothing was made is all that there is of it. */
static const char *const careless[] = { "Existing=adopt\nOriginals=delete\n",
                                        "Existing=skip\nOriginals=delete\n" };

START_TEST(an_original_of_which_nothing_was_made_is_not_deleted)
{
    struct harness h;
    json_t *job;

    start(&h, careless[_i]);
    painter_paint(harness_path(&h, "out/a.png"), 10, 10, 1);
    harness_drop_bytes(&h, "a.jpg", "never looked at", 15);
    harness_await_ends(&h, 1, 0);
    job = harness_job_of(&h, "a.jpg");
    ck_assert_ptr_nonnull(strstr(harness_string(job, "message"), "its original stays"));
    json_decref(job);
    harness_drop(&h, "b.jpg", 48, 48, 2); /* shows that originals are dealt with */
    harness_await_ends(&h, 2, 0);
    ck_assert(harness_exists(&h, "in/a.jpg"));
    ck_assert(!harness_exists(&h, "in/b.jpg"));
    harness_close(&h);
}
END_TEST

START_TEST(existing_number_leaves_everything_where_it_is)
{
    struct harness h;

    start(&h, "Existing=number\n");
    put(&h, "out/a.png");
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);
    harness_expect_picture(&h, "out/a-1.png", 24, 24);
    harness_drop(&h, "a.png", 48, 96, 2);
    harness_await_ends(&h, 2, 0);
    harness_expect_picture(&h, "out/a-2.png", 24, 48);

    /* A new version replaces its own number, also after a restart. */
    ck_assert_int_eq(harness_stop(&h), 0);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 96, 48, 3);
    harness_await_ends(&h, 3, 0);
    harness_expect_picture(&h, "out/a-1.png", 24, 12);
    harness_expect_picture(&h, "out/a-2.png", 24, 48);
    ck_assert_uint_eq(harness_count(&h, "out"), 3);
    end(&h, "out/a.png");
}
END_TEST

START_TEST(a_conflict_costs_no_work)
{
    struct harness h;
    json_t *job;

    start(&h, "");
    put(&h, "out/a.png");
    harness_drop_bytes(&h, "a.jpg", "not even a picture", 18);
    harness_await_ends(&h, 0, 1);
    job = harness_job_of(&h, "a.jpg");
    ck_assert_str_eq(harness_string(job, "class"), "conflict");
    json_decref(job);
    end(&h, "out/a.png");
}
END_TEST

static void lose_ledger(struct harness *h)
{
    static const char *const files[] = { "ledger.db", "ledger.db-wal", "ledger.db-shm" };

    for (size_t i = 0; i < 3; i++)
        unlink(harness_path(h, "state/%s", files[i]));
}

static const char *const all_policies[] = { "Existing=fail\n", "Existing=adopt\n", "Existing=skip\n",
                                            "Existing=overwrite\n", "Existing=number\n" };

START_TEST(whatever_existing_says_a_lost_ledger_makes_nothing_twice_and_knows_its_own_again)
{
    struct harness h;
    uint64_t inode;

    start(&h, all_policies[_i]);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);
    inode = harness_inode(&h, "out/a.png");
    ck_assert_int_eq(harness_stop(&h), 0);
    lose_ledger(&h);
    harness_start(&h);
    harness_await_ends(&h, 1, 0);
    ck_assert_uint_eq(harness_inode(&h, "out/a.png"), inode);
    harness_drop(&h, "a.jpg", 48, 96, 2);
    harness_await_ends(&h, 2, 0);
    harness_expect_picture(&h, "out/a.png", 24, 48);
    ck_assert_uint_eq(harness_count(&h, "out"), 1);
    harness_close(&h);
}
END_TEST

/* One of the set is there, newer and of the right kind, and is somebody else's: it was taken for ours, and overwritten
 * by the next version. */
static const char *const unasked[] = { "Existing=skip\n", "Existing=fail\n" };

START_TEST(half_a_set_is_not_taken_for_what_a_lost_ledger_knew)
{
    bool skips = strstr(unasked[_i], "skip");
    struct harness h;
    uint64_t inode;

    harness_open(&h);
    harness_configure(&h, unasked[_i], HARNESS_RECIPE);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    painter_paint(harness_path(&h, "out/a.16.png"), 9, 9, 1);
    inode = harness_inode(&h, "out/a.16.png");
    harness_start(&h);
    harness_await_ends(&h, skips, !skips);
    harness_drop(&h, "a.jpg", 48, 96, 2);
    harness_await_ends(&h, 2 * skips, 2 * !skips);
    ck_assert_uint_eq(harness_inode(&h, "out/a.16.png"), inode);
    ck_assert_uint_eq(harness_count(&h, "out"), skips ? 4 : 1);
    harness_close(&h);
}
END_TEST

static json_t *await_both(struct harness *h)
{
    harness_start(h);
    harness_await_ends(h, 2, 0);
    return harness_jobs(h, NULL);
}

/* What one had just made was found by the other, which made the rest: a set of two pictures. */
START_TEST(with_overwrite_all_outputs_are_of_the_one_that_came_last)
{
    struct harness h;
    json_t *jobs, *job;
    size_t i, height = 0;

    harness_open(&h);
    harness_configure(&h, "Existing=overwrite\n", HARNESS_RECIPE);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_drop(&h, "a.png", 48, 96, 2);
    jobs = await_both(&h);
    json_array_foreach (jobs, i, job)
        if (json_array_size(json_object_get(job, "outputs")) == 4)
            height = strcmp(harness_string(job, "path"), "a.jpg") == 0 ? 16 : 32;
    json_decref(jobs);
    ck_assert_uint_gt(height, 0);
    harness_expect_picture(&h, "out/a.16.png", 16, (int)height);
    harness_expect_picture(&h, "out/a.16.jpg", 16, (int)height);
    harness_expect_picture(&h, "out/a.32.png", 32, 2 * (int)height);
    harness_expect_picture(&h, "out/a.32.jpg", 32, 2 * (int)height);
    harness_close(&h);
}
END_TEST

/* The numbered ones were made again under the next free number. */
START_TEST(a_lost_ledger_finds_its_numbers_again)
{
    struct harness h;

    start(&h, "Existing=number\n");
    put(&h, "out/a.png");
    put(&h, "out/b.png");
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_drop(&h, "b.jpg", 48, 96, 2);
    harness_await_ends(&h, 2, 0);
    ck_assert_int_eq(harness_stop(&h), 0);
    lose_ledger(&h);
    harness_start(&h);
    harness_await_ends(&h, 2, 0);
    ck_assert_uint_eq(harness_count(&h, "out"), 4);

    harness_drop(&h, "a.jpg", 96, 48, 3);
    harness_await_ends(&h, 3, 0);
    harness_expect_picture(&h, "out/a-1.png", 24, 12);
    harness_expect_picture(&h, "out/b-1.png", 24, 48);
    ck_assert(is_theirs(&h, "out/b.png"));
    unlink(harness_path(&h, "out/b.png"));
    end(&h, "out/a.png");
}
END_TEST

/* One picture is too small for the wider output of the recipe: its set is whole without it. */
START_TEST(a_lost_ledger_adopts_what_is_there_and_makes_what_is_not)
{
    uint64_t inodes[2];
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE);
    harness_start(&h);
    harness_drop(&h, "large.jpg", 48, 48, 1);
    harness_drop(&h, "small.jpg", 20, 20, 2);
    harness_await_ends(&h, 2, 0);
    inodes[0] = harness_inode(&h, "out/large.32.jpg");
    inodes[1] = harness_inode(&h, "out/small.16.png");
    ck_assert_int_eq(harness_stop(&h), 0);

    lose_ledger(&h);
    harness_drop(&h, "new.jpg", 48, 48, 3); /* came while the daemon was away */
    harness_start(&h);
    harness_await_ends(&h, 3, 0);
    ck_assert_uint_eq(harness_inode(&h, "out/large.32.jpg"), inodes[0]);
    ck_assert_uint_eq(harness_inode(&h, "out/small.16.png"), inodes[1]);
    harness_expect_picture(&h, "out/new.32.png", 32, 32);

    /* What was adopted is ours: a new version replaces it. And what comes later is not adopted. */
    harness_drop(&h, "large.jpg", 48, 96, 4);
    harness_await_ends(&h, 4, 0);
    harness_expect_picture(&h, "out/large.32.jpg", 32, 64);
    put(&h, "out/late.16.jpg");
    harness_drop(&h, "late.jpg", 48, 48, 5);
    harness_await_ends(&h, 4, 1);
    end(&h, "out/late.16.jpg");
}
END_TEST

START_TEST(a_lost_ledger_tells_of_what_changed_since)
{
    struct harness h;
    json_t *job;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);
    ck_assert_int_eq(harness_stop(&h), 0);
    lose_ledger(&h);
    harness_drop(&h, "a.jpg", 48, 96,
                 2); /* nobody knows any more that out/a.png is ours: it is told, not lost */
    harness_start(&h);
    harness_await_ends(&h, 0, 1);
    job = harness_job_of(&h, "a.jpg");
    ck_assert_str_eq(harness_string(job, "class"), "conflict");
    json_decref(job);
    harness_expect_picture(&h, "out/a.png", 24, 24);
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("existing", UNIT_TEST(existing_skip_makes_what_is_not_there),
             UNIT_TEST(existing_adopt_takes_what_is_there_for_its_own),
             UNIT_ROWS(an_original_of_which_nothing_was_made_is_not_deleted, careless),
             UNIT_ROWS(whatever_existing_says_a_lost_ledger_makes_nothing_twice_and_knows_its_own_again,
                       all_policies),
             UNIT_ROWS(half_a_set_is_not_taken_for_what_a_lost_ledger_knew, unasked),
             UNIT_TEST(with_overwrite_all_outputs_are_of_the_one_that_came_last),
             UNIT_TEST(a_lost_ledger_finds_its_numbers_again),
             UNIT_TEST(existing_number_leaves_everything_where_it_is), UNIT_TEST(a_conflict_costs_no_work),
             UNIT_TEST(a_lost_ledger_adopts_what_is_there_and_makes_what_is_not),
             UNIT_TEST(a_lost_ledger_tells_of_what_changed_since))
