/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each mount is watched or polled by its kind, also below the root (contract, rules 1, 7 and 8). The network file
 * system is a FUSE mirror of a directory: what is put into that comes without an event. Needs root. */
#include "base/clock.h"
#include "daemon_harness.h"
#include "fuse_mirror.h"
#include "mounts.h"
#include "witness.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

#define POLLED "PollInterval=200ms\nRescanInterval=1h\n"

static void make_directory(const struct harness *h, const char *name)
{
    ck_assert_msg(mkdir(harness_path(h, "%s", name), 0755) == 0, "%s: %m", name);
}

/* Puts a picture at @path in the directory. */
static void put(const struct harness *h, const char *path, unsigned seed)
{
    harness_drop(h, "picture.part", 48, 48, seed); /* no arrival by this name */
    ck_assert_int_eq(rename(harness_path(h, "in/picture.part"), harness_path(h, "picture.part")), 0);
    ck_assert_int_eq(rename(harness_path(h, "picture.part"), harness_path(h, "%s.part", path)), 0);
    ck_assert_int_eq(rename(harness_path(h, "%s.part", path), harness_path(h, "%s", path)), 0);
}

static bool is_watched_as(const json_t *status, void *context)
{
    return strcmp(harness_string(status, "folders.0.watch"), context) == 0;
}

static void await_watch(struct harness *h, const char *watch)
{
    harness_await(h, watch, is_watched_as, (char *)watch);
}

/* Before anything is mounted over in/. */
static void paint(const struct harness *h, int count)
{
    for (int i = 0; i < count; i++) {
        char name[32];

        snprintf(name, sizeof name, "%d.part", i);
        harness_drop(h, name, 48, 48, (unsigned)i);
        ck_assert_int_eq(rename(harness_path(h, "in/%d.part", i), harness_path(h, "ready/%d.jpg", i)), 0);
    }
}

static void move_ready(const struct harness *h, int number, const char *to)
{
    ck_assert_int_eq(
        rename(harness_path(h, "ready/%d.jpg", number), harness_path(h, "%s/%d.jpg", to, number)), 0);
}

/* A look that is just being taken keeps it for a moment. */
static void unmount(const struct harness *h, const char *path)
{
    uint64_t since = monotonic_us();

    while (umount(harness_path(h, "%s", path)) < 0) {
        ck_assert_msg(errno == EBUSY && harness_left_ms(since) > 1, "%s: %m", path);
        sched_yield();
    }
}

START_TEST(a_fuse_folder_is_polled_and_a_remount_with_other_inodes_repeats_nothing)
{
    enum { COUNT = 5 };
    struct witness witness;
    struct harness h;
    uint64_t inode;

    harness_open(&h);
    harness_configure(&h, POLLED, HARNESS_RECIPE);
    make_directory(&h, "real");
    make_directory(&h, "ready");
    paint(&h, COUNT + 1);
    witness_open(&witness, harness_path(&h, "out"));
    if (!mounts_private() || !fuse_mirror_mount(harness_path(&h, "real"), harness_path(&h, "in")))
        goto out;
    harness_start(&h);
    await_watch(&h, "poll");
    for (int i = 0; i < COUNT; i++)
        move_ready(&h, i, "real");
    harness_await_ends(&h, COUNT, 0);

    inode = harness_inode(&h, "in/4.jpg");
    unmount(&h, "in"); /* an idle daemon does not keep it */
    harness_await_folder(&h, "lost");
    ck_assert_msg(strstr(harness_string(h.status, "folders.0.reason"), "the file system that was mounted at"),
                  "%s", harness_string(h.status, "folders.0.reason"));
    ck_assert(fuse_mirror_mount(harness_path(&h, "real"), harness_path(&h, "in")));
    ck_assert_uint_ne(harness_inode(&h, "in/4.jpg"), inode);
    harness_await_folder(&h, "ok");
    move_ready(&h, COUNT, "real");
    harness_await_ends(&h, COUNT + 1, 0);
    ck_assert_int_eq(harness_number(h.status, "jobs.vanished"), 0);
    witness_expect_once(&witness, (COUNT + 1) * 4);
    harness_stop(&h);
    unmount(&h, "in");
out:
    witness_close(&witness);
    harness_close(&h);
}
END_TEST

START_TEST(a_fuse_directory_below_a_local_root_is_polled_and_the_rest_is_watched)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, POLLED, HARNESS_RECIPE_SINGLE);
    make_directory(&h, "real");
    make_directory(&h, "in/card");
    put(&h, "real/0.jpg", 0);
    if (!mounts_private())
        goto out;
    harness_start(&h);
    await_watch(&h, "inotify");
    if (!fuse_mirror_mount(harness_path(&h, "real"), harness_path(&h, "in/card"))) /* while it runs */
        goto out;
    await_watch(&h, "mixed");
    ck_assert(
        json_is_null(json_object_get(json_array_get(json_object_get(h.status, "folders"), 0), "reason")));
    harness_await_ends(&h, 1, 0);
    put(&h, "real/1.jpg", 1); /* no event */
    harness_await_ends(&h, 2, 0);
    put(&h, "in/2.jpg", 2); /* an event: the whole is looked through in an hour only */
    harness_await_ends(&h, 3, 0);
    unmount(&h, "in/card");
    await_watch(&h, "inotify");
    put(&h, "in/card/3.jpg", 3);
    harness_await_ends(&h, 4, 0);
out:
    harness_close(&h);
}
END_TEST

START_TEST(a_local_disk_below_a_fuse_root_is_watched)
{
    struct harness h;

    harness_open(&h);
    /* Polling would take an hour. */
    harness_configure(&h, "PollInterval=1h\nRescanInterval=1h\n", HARNESS_RECIPE_SINGLE);
    make_directory(&h, "real");
    make_directory(&h, "real/disk");
    make_directory(&h, "ready");
    paint(&h, 1);
    if (!mounts_private() || !fuse_mirror_mount(harness_path(&h, "real"), harness_path(&h, "in")))
        goto out;
    ck_assert_int_eq(mount(harness_path(&h, "ready"), harness_path(&h, "in/disk"), NULL, MS_BIND, NULL), 0);
    ck_assert_int_eq(rename(harness_path(&h, "ready/0.jpg"), harness_path(&h, "0.jpg")), 0);
    harness_start(&h);
    await_watch(&h, "mixed");
    ck_assert_int_eq(rename(harness_path(&h, "0.jpg"), harness_path(&h, "ready/0.jpg")), 0);
    harness_await_ends(&h, 1, 0);
    harness_expect_picture(&h, "out/disk/0.png", 24, 24);
    harness_stop(&h);
    unmount(&h, "in/disk");
    unmount(&h, "in");
out:
    harness_close(&h);
}
END_TEST

/* What we publish to such a file system stays ours when it comes back with other inodes: a new version replaces it. */
START_TEST(an_output_on_fuse_is_still_ours_after_a_remount)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    make_directory(&h, "real");
    if (!mounts_private() || !fuse_mirror_mount(harness_path(&h, "real"), harness_path(&h, "out")))
        goto out;
    harness_start(&h);
    for (int i = 0; i < 4; i++) {
        char name[16];

        snprintf(name, sizeof name, "%d.jpg", i);
        harness_drop(&h, name, 48, 48, 1);
    }
    harness_await_ends(&h, 4, 0);
    unmount(&h, "out");
    ck_assert(fuse_mirror_mount(harness_path(&h, "real"), harness_path(&h, "out")));
    (void)harness_inode(&h, "out/2.png"); /* takes the number that another had */
    harness_drop(&h, "3.jpg", 48, 48, 2);
    harness_await_ends(&h, 5, 0);
    harness_stop(&h);
    unmount(&h, "out");
out:
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("mounts", UNIT_TEST(a_fuse_folder_is_polled_and_a_remount_with_other_inodes_repeats_nothing),
             UNIT_TEST(a_fuse_directory_below_a_local_root_is_polled_and_the_rest_is_watched),
             UNIT_TEST(a_local_disk_below_a_fuse_root_is_watched),
             UNIT_TEST(an_output_on_fuse_is_still_ours_after_a_remount))
