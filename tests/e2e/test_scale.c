/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A long queue is in the ledger: what the supervisor needs in memory does not grow with it, and other folders do not
 * wait for it (rule 24). tests/bench/scale shows how fast it is; here memory alone is measured, a second load against
 * the first, when all that is kept once (the ledger's page cache, the buffers) has its full size. DARKROOM_FULL=1: a
 * million files. Root gets a disk in memory, which is faster. */
#include "base/cleanup.h"
#include "daemon_harness.h"
#include "small_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILES = 30000,
    FULL_FILES = 500000,
    DIRECTORIES = 2000,
    FULL_DIRECTORIES = 50000,
    FILES_A_DIRECTORY = 10000,
    IN_FLIGHT_MAX = 500, /* taken from the queue, or waiting to be published */

    BYTES_A_FILE_MAX = 20,
    BYTES_A_DIRECTORY_MAX = 300, /* with a file in it */
    NOISE_KB = 600,
    SUPERVISOR_MAX_KB = 64 << 10,
};

static size_t peak_kb(const struct harness *h)
{
    char path[64], line[256];
    size_t kb = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/status", h->pid);
    file = fopen(path, "re");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file))
        if (strncmp(line, "VmHWM:", 6) == 0)
            kb = strtoul(line + 6, NULL, 10);
    fclose(file);
    ck_assert_uint_gt(kb, 0);
    return kb;
}

static void make(const struct harness *h, const char *path)
{
    ck_assert_msg(mkdir(harness_path(h, "%s", path), 0755) == 0 || errno == EEXIST, "%s: %m", path);
}

/* So many pictures move in at once, below in/@name, with so many in each directory. */
static void load(const struct harness *h, const char *name, size_t count, size_t a_directory)
{
    _cleanup_close_ int picture = open(harness_path(h, "picture.jpg"), O_RDONLY | O_CLOEXEC);
    char bytes[4096], path[64];
    ssize_t size = read(picture, bytes, sizeof bytes);

    ck_assert_int_gt(size, 0);
    make(h, "in/.next");
    for (size_t i = 0; i < count; i++) {
        _cleanup_close_ int fd = -1;

        snprintf(path, sizeof path, "in/.next/%zu", i / a_directory);
        if (i % a_directory == 0)
            make(h, path);
        fd = open(harness_path(h, "%s/%zu.jpg", path, i), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        ck_assert_msg(fd >= 0, "%s/%zu.jpg: %m", path, i);
        ck_assert_int_eq(write(fd, bytes, (size_t)size), size);
    }
    ck_assert_int_eq(rename(harness_path(h, "in/.next"), harness_path(h, "in/%s", name)), 0);
}

static void open_loaded(struct harness *h, size_t files)
{
    char options[64];

    harness_open(h);
    h->workers = 2;
    harness_configure(h, "", HARNESS_RECIPE_SINGLE);
    snprintf(options, sizeof options, "size=%zum", files * 4096 * 3 / (1 << 20) + 64);
    if (!small_disk_mount(harness_path(h, "in"), options))
        fprintf(stderr, "on the disk, then\n");
    harness_drop(h, "../picture.jpg", 8, 8, 1);
}

/* A folder whose Output is missing is held: its queue stays as long as it is. */
static void open_held(struct harness *h, size_t files)
{
    open_loaded(h, files);
    ck_assert_int_eq(rmdir(harness_path(h, "out")), 0);
    harness_start(h);
}

/* The second half may need @bytes_each more than the first, and is in the queue after an unclean end as well. */
static void expect_growth(size_t count, size_t a_directory, size_t bytes_each)
{
    struct harness h;
    size_t before, most;

#ifdef DARKROOM_SANITIZED
    fprintf(stderr, "skipped: a sanitizer's memory says nothing about ours\n");
    return;
#endif
    open_held(&h, count);
    load(&h, "first", count, a_directory);
    harness_await_jobs(&h, "queued", (int64_t)count - IN_FLIGHT_MAX);
    before = peak_kb(&h);
    most = before + count * bytes_each / 1024 + NOISE_KB;
    load(&h, "second", count, a_directory);
    harness_await_jobs(&h, "queued", (int64_t)count * 2 - IN_FLIGHT_MAX);
    ck_assert_msg(peak_kb(&h) < most, "%zu KB with %zu files, %zu KB with twice as many", before, count,
                  peak_kb(&h));

    harness_kill(&h, true);
    harness_start(&h);
    harness_await_jobs(&h, "queued", (int64_t)count * 2 - IN_FLIGHT_MAX);
    ck_assert_int_eq(mkdir(harness_path(&h, "out"), 0755), 0);
    harness_await_jobs(&h, "done", 100);
    ck_assert_uint_lt(peak_kb(&h), most);
    ck_assert_uint_lt(peak_kb(&h), SUPERVISOR_MAX_KB);
    harness_close(&h);
}

START_TEST(the_queue_takes_no_memory)
{
    expect_growth(harness_is_full() ? FULL_FILES : FILES, FILES_A_DIRECTORY, BYTES_A_FILE_MAX);
}
END_TEST

START_TEST(a_watched_directory_takes_little_memory)
{
    expect_growth(harness_is_full() ? FULL_DIRECTORIES : DIRECTORIES, 1, BYTES_A_DIRECTORY_MAX);
}
END_TEST

static bool is_made(const json_t *status, void *context)
{
    (void)status;
    return harness_exists(context, "out2/one.png");
}

/* By order, not by time: thousands were there before it, and at least half of them are worked on after it. */
START_TEST(a_file_in_another_folder_does_not_wait_for_a_long_queue)
{
    enum { COUNT = 5000 };
    struct harness h;

    open_loaded(&h, COUNT);
    ck_assert_int_eq(mkdir(harness_path(&h, "in2"), 0755), 0);
    ck_assert_int_eq(mkdir(harness_path(&h, "out2"), 0755), 0);
    harness_write(&h, "config/folders/zzz.folder", "[Folder]\nPath=%s\nOutput=%s\nRecipe=web\nSettle=0\n",
                  harness_path(&h, "in2"), harness_path(&h, "out2"));
    load(&h, "many", COUNT, COUNT);
    harness_start(&h);
    harness_await_jobs(&h, "done", 10);
    ck_assert_int_eq(rename(harness_path(&h, "picture.jpg"), harness_path(&h, "in2/one.jpg")), 0);
    harness_await(&h, "the other folder's file is done", is_made, &h);
    ck_assert_int_lt(harness_number(h.status, "jobs.done"), COUNT / 2);
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("scale", UNIT_TEST(the_queue_takes_no_memory),
             UNIT_TEST(a_file_in_another_folder_does_not_wait_for_a_long_queue),
             UNIT_TEST(a_watched_directory_takes_little_memory))
