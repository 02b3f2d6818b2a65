/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hot folder that goes is lost, not empty; when it is back it is watched again, and nothing is repeated (rule 7). */
#include "base/clock.h"
#include "daemon_harness.h"
#include "small_disk.h"
#include "witness.h"

#include <string.h>
#include <sys/stat.h>

enum { COUNT = 10 };

static void drop(const struct harness *h, int number)
{
    char name[32];

    snprintf(name, sizeof name, "%d.jpg", number);
    harness_drop(h, name, 48, 48, (unsigned)number);
}

START_TEST(a_folder_that_is_moved_away_and_back_repeats_nothing)
{
    struct witness witness;
    struct harness h;

    harness_open(&h);
    h.workers = 2;
    harness_configure(&h, "", HARNESS_RECIPE);
    witness_open(&witness, harness_path(&h, "out"));
    harness_start(&h);
    for (int i = 0; i < COUNT; i++)
        drop(&h, i);
    harness_await_ends(&h, COUNT, 0);

    for (int round = 0; round < 3; round++) {
        ck_assert_int_eq(rename(harness_path(&h, "in"), harness_path(&h, "away")), 0);
        harness_await_folder(&h, "lost");
        ck_assert(!harness_exists(&h, "in"));
        ck_assert_uint_gt(strlen(harness_string(h.status, "folders.0.reason")), 0);
        ck_assert_int_eq(rename(harness_path(&h, "away"), harness_path(&h, "in")), 0);
        harness_await_folder(&h, "ok");
        drop(&h, COUNT + round);
        harness_await_ends(&h, COUNT + round + 1, 0);
        ck_assert_int_eq(harness_number(h.status, "jobs.vanished"), 0);
    }
    witness_expect_once(&witness, (COUNT + 3) * 4);
    witness_close(&witness);
    harness_close(&h);
}
END_TEST

START_TEST(files_of_a_folder_that_is_lost_at_work_are_done_when_it_is_back)
{
    enum { MANY = 60 };
    struct witness witness;
    struct harness h;

    harness_open(&h);
    h.workers = 2;
    harness_configure(&h, "", HARNESS_RECIPE);
    witness_open(&witness, harness_path(&h, "out"));
    for (int i = 0; i < MANY; i++)
        drop(&h, i);
    harness_start(&h);
    harness_await_work(&h, 0);
    ck_assert_int_eq(rename(harness_path(&h, "in"), harness_path(&h, "away")), 0);
    harness_await_folder(&h, "lost");
    ck_assert_int_eq(rename(harness_path(&h, "away"), harness_path(&h, "in")), 0);
    harness_await_ends(&h, MANY, 0);
    ck_assert_int_eq(harness_number(h.status, "jobs.vanished"), 0);
    witness_expect_once(&witness, MANY * 4);
    witness_close(&witness);
    harness_close(&h);
}
END_TEST

static void expect_missing(const struct harness *h, const char *point)
{
    const char *reason = harness_string(h->status, "folders.0.reason");

    ck_assert_msg(strstr(reason, "the file system that was mounted at") &&
                      strstr(reason, harness_path(h, "%s", point)) && strstr(reason, "is not there"),
                  "%s", reason);
}

/* A disk on @name that can be taken away and brought back: a bind mount of one on "disk". Needs root. */
static bool insert_disk(struct harness *h, const char *name)
{
    ck_assert_int_eq(mkdir(harness_path(h, "disk"), 0755), 0);
    if (!small_disk_mount(harness_path(h, "disk"), "size=16m"))
        return false;
    ck_assert_int_eq(mount(harness_path(h, "disk"), harness_path(h, "%s", name), NULL, MS_BIND, NULL), 0);
    return true;
}

static void take_disk(struct harness *h, const char *name)
{
    ck_assert_msg(umount(harness_path(h, "%s", name)) == 0, "%m"); /* an idle daemon does not keep it */
}

static void bring_disk(struct harness *h, const char *name)
{
    ck_assert_int_eq(mount(harness_path(h, "disk"), harness_path(h, "%s", name), NULL, MS_BIND, NULL), 0);
}

static void remove_disk(struct harness *h, const char *name)
{
    umount2(harness_path(h, "%s", name), MNT_DETACH);
    umount2(harness_path(h, "disk"), MNT_DETACH);
}

/* The mount point that is left when a disk goes is an empty directory. */
START_TEST(a_disk_that_is_unmounted_and_mounted_again_repeats_nothing)
{
    struct witness witness;
    struct harness h;

    harness_open(&h);
    h.workers = 2;
    harness_configure(&h, "RescanInterval=1h\n", HARNESS_RECIPE); /* mounts alone tell */
    witness_open(&witness, harness_path(&h, "out"));
    if (!insert_disk(&h, "in"))
        goto out;
    harness_start(&h);
    for (int i = 0; i < COUNT; i++)
        drop(&h, i);
    harness_await_ends(&h, COUNT, 0);

    take_disk(&h, "in");
    harness_await_folder(&h, "lost");
    expect_missing(&h, "in");
    bring_disk(&h, "in");
    harness_await_folder(&h, "ok");
    drop(&h, COUNT);
    harness_await_ends(&h, COUNT + 1, 0);

    harness_stop(&h);
    take_disk(&h, "in");
    harness_start(&h); /* it remembers */
    harness_await_folder(&h, "lost");
    expect_missing(&h, "in");
    bring_disk(&h, "in");
    harness_await_folder(&h, "ok");
    drop(&h, COUNT + 1);
    harness_await_ends(&h, COUNT + 2, 0);
    ck_assert_int_eq(harness_number(h.status, "jobs.vanished"), 0);
    witness_expect_once(&witness, (COUNT + 2) * 4);
    harness_stop(&h);
    remove_disk(&h, "in");
out:
    witness_close(&witness);
    harness_close(&h);
}
END_TEST

/* They vanished: the path led to the empty directory below. */
START_TEST(files_of_a_disk_that_is_lost_at_work_are_done_when_it_is_back)
{
    enum { MANY = 60 };
    struct witness witness;
    struct harness h;

    harness_open(&h);
    h.workers = 2;
    harness_configure(&h, "RescanInterval=1h\n", HARNESS_RECIPE);
    witness_open(&witness, harness_path(&h, "out"));
    if (!insert_disk(&h, "in"))
        goto out;
    for (int i = 0; i < MANY; i++)
        drop(&h, i);
    harness_start(&h);
    for (int round = 0; round < 3; round++) {
        harness_await_jobs(&h, "done", 1 + round * 5);
        ck_assert_int_eq(umount2(harness_path(&h, "in"), MNT_DETACH), 0); /* torn out */
        harness_await_folder(&h, "lost");
        bring_disk(&h, "in");
        harness_await_folder(&h, "ok");
    }
    harness_await_ends(&h, MANY, 0);
    ck_assert_int_eq(harness_number(h.status, "jobs.vanished"), 0);
    witness_expect_once(&witness, MANY * 4);
    harness_stop(&h);
    remove_disk(&h, "in");
out:
    witness_close(&witness);
    harness_close(&h);
}
END_TEST

START_TEST(another_card_in_the_same_reader_is_taken)
{
    struct harness h;

    harness_open(&h);
    h.workers = 2;
    harness_configure(&h, "RescanInterval=1h\n", HARNESS_RECIPE_SINGLE);
    if (!insert_disk(&h, "in"))
        goto out;
    harness_start(&h);
    drop(&h, 1);
    harness_await_ends(&h, 1, 0);
    take_disk(&h, "in");
    harness_await_folder(&h, "lost");
    ck_assert_int_eq(mount("tmpfs", harness_path(&h, "in"), "tmpfs", 0, "size=16m"), 0);
    harness_await_folder(&h, "ok");
    drop(&h, 2);
    harness_await_ends(&h, 2, 0);
    harness_stop(&h);
    umount2(harness_path(&h, "in"), MNT_DETACH);
    remove_disk(&h, "in");
out:
    harness_close(&h);
}
END_TEST

/* Contract, rule 21. The root disk was filled. */
START_TEST(an_output_that_is_unmounted_holds_the_folder_and_nothing_is_written_below)
{
    struct harness h;
    uint64_t cured;

    harness_open(&h);
    h.workers = 2;
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    if (!insert_disk(&h, "out"))
        goto out;
    harness_start(&h);
    drop(&h, 1);
    harness_await_ends(&h, 1, 0);
    take_disk(&h, "out");
    drop(&h, 2);
    harness_await_folder(&h, "held");
    expect_missing(&h, "out");
    ck_assert_uint_eq(harness_count(&h, "out"), 0);
    bring_disk(&h, "out");
    cured = monotonic_us();
    harness_await_ends(&h, 2, 0);
    ck_assert_uint_lt(monotonic_us() - cured, 5 * USEC_PER_SEC * HARNESS_SLOWER);
    harness_await_folder(&h, "ok");
    ck_assert_uint_eq(harness_count(&h, "out"), 2);
    harness_stop(&h);
    remove_disk(&h, "out");
out:
    harness_close(&h);
}
END_TEST

START_TEST(an_archive_that_is_unmounted_keeps_originals_where_they_are)
{
    struct harness h;
    char more[PATH_MAX];

    harness_open(&h);
    h.workers = 2;
    snprintf(more, sizeof more, "Originals=archive\nArchive=%s\n", harness_path(&h, "archive"));
    harness_configure(&h, more, HARNESS_RECIPE_SINGLE);
    if (!insert_disk(&h, "archive"))
        goto out;
    harness_start(&h);
    drop(&h, 1);
    harness_await_ends(&h, 1, 0);
    while (harness_exists(&h, "in/1.jpg"))
        harness_await_ends(&h, 1, 0);
    take_disk(&h, "archive");
    drop(&h, 2);
    harness_await_jobs(&h, "done", 2);
    harness_stop(&h);
    ck_assert(harness_exists(&h, "in/2.jpg"));
    ck_assert_uint_eq(harness_count(&h, "archive"), 0);
    bring_disk(&h, "archive");
    harness_start(&h);
    while (harness_exists(&h, "in/2.jpg"))
        harness_await_ends(&h, 2, 0);
    harness_stop(&h);
    ck_assert_uint_eq(harness_count(&h, "archive"), 2);
    remove_disk(&h, "archive");
out:
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("lost_folder", UNIT_TEST(a_folder_that_is_moved_away_and_back_repeats_nothing),
             UNIT_TEST(files_of_a_folder_that_is_lost_at_work_are_done_when_it_is_back),
             UNIT_TEST(a_disk_that_is_unmounted_and_mounted_again_repeats_nothing),
             UNIT_TEST(files_of_a_disk_that_is_lost_at_work_are_done_when_it_is_back),
             UNIT_TEST(another_card_in_the_same_reader_is_taken),
             UNIT_TEST(an_output_that_is_unmounted_holds_the_folder_and_nothing_is_written_below),
             UNIT_TEST(an_archive_that_is_unmounted_keeps_originals_where_they_are))
