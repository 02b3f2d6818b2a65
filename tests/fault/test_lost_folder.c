/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hot folder that goes is lost, not empty; when it is back it is watched again, and nothing is repeated (rule 7). */
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
    harness_configure(&h, "", HARNESS_RECIPE);
    witness_open(&witness, harness_path(&h, "out"));
    for (int i = 0; i < MANY; i++)
        drop(&h, i);
    harness_start(&h);
    harness_await_jobs(&h, "running", 1);
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

/* The mount point that is left when a disk goes is an empty directory. Needs root. */
START_TEST(a_disk_that_is_unmounted_and_mounted_again_repeats_nothing)
{
    struct witness witness;
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE);
    witness_open(&witness, harness_path(&h, "out"));
    if (!small_disk_mount(harness_path(&h, "in"), "size=16m"))
        goto out;
    ck_assert_int_eq(mkdir(harness_path(&h, "disk"), 0755), 0);
    ck_assert_int_eq(mount(harness_path(&h, "in"), harness_path(&h, "disk"), NULL, MS_BIND, NULL), 0);
    harness_start(&h);
    for (int i = 0; i < COUNT; i++)
        drop(&h, i);
    harness_await_ends(&h, COUNT, 0);

    ck_assert_int_eq(umount(harness_path(&h, "in")), 0); /* an idle daemon does not keep it */
    ck_assert_int_eq(mount(harness_path(&h, "disk"), harness_path(&h, "in"), NULL, MS_BIND, NULL), 0);
    drop(&h, COUNT);
    harness_await_ends(&h, COUNT + 1, 0);
    witness_expect_once(&witness, (COUNT + 1) * 4);
    ck_assert_int_eq(umount2(harness_path(&h, "disk"), MNT_DETACH), 0);
out:
    witness_close(&witness);
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("lost_folder", UNIT_TEST(a_folder_that_is_moved_away_and_back_repeats_nothing),
             UNIT_TEST(files_of_a_folder_that_is_lost_at_work_are_done_when_it_is_back),
             UNIT_TEST(a_disk_that_is_unmounted_and_mounted_again_repeats_nothing))
