/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folders share the workers: a crowd in one does not keep another's picture waiting, and the more urgent go first. Who
 * came before whom is read from the ledger, not from a clock. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd_io.h"
#include "daemon_harness.h"
#include "painter.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 8 << 20 };

/* Small pictures, of which the ledger and the threads have to do most, and some that keep the workers busy. */
static const struct {
    int count, count_full;
    const char *extension;
    int width;
    int64_t under_way; /* so many are done when the other one comes */
    /* The most that may end before the other does: what is in flight (FOLDER_JOBS_MAX) and as many again that threads
     * were ahead with; of those that take a while, what the workers hold and what is being published. */
    int64_t ahead_max;
} crowds[] = {
    { 3000, 100000, "jpg", 48, 50, 448 },
    { 250, 1000, "png", 900, 10, 30 },
};

static void add_folder(const struct harness *h, const char *name, const char *more)
{
    char conf[64];

    ck_assert_int_eq(mkdir(harness_path(h, "%s.in", name), 0755), 0);
    ck_assert_int_eq(mkdir(harness_path(h, "%s.out", name), 0755), 0);
    snprintf(conf, sizeof conf, "config/folders/%s.folder", name);
    harness_write(h, conf, "[Folder]\nPath=%s\nOutput=%s\nRecipe=web\nSettle=0\n%s",
                  harness_path(h, "%s.in", name), harness_path(h, "%s.out", name), more);
}

static void write_file(const char *path, const void *data, size_t size)
{
    _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

    ck_assert_msg(fd >= 0, "%s: %m", path);
    ck_assert_int_eq(fd_write_all(fd, data, size), 0);
}

/* So many copies of one picture: painting them all would take longer than rendering them. */
static void write_crowd(const struct harness *h, const char *folder, int count, const char *extension,
                        int width)
{
    const char *path = harness_path(h, "archive/one.%s", extension);
    _cleanup_free_ char *data = malloc(FILE_BYTES_MAX);
    ssize_t size;
    int fd;

    painter_paint(path, width, width * 2 / 3, 1);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    size = fd_read_all(fd, data, FILE_BYTES_MAX);
    close(fd);
    ck_assert_int_gt(size, 0);
    ck_assert_int_lt(size, FILE_BYTES_MAX);
    for (int i = 0; i < count; i++)
        write_file(harness_path(h, "%s.in/%06d.%s", folder, i, extension), data, (size_t)size);
}

struct ends {
    int64_t least;
};

static bool has_ended(const json_t *status, void *context)
{
    return harness_number(status, "jobs.done") >= ((const struct ends *)context)->least;
}

static int watch_directory(const char *path)
{
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_ge(inotify_add_watch(fd, path, IN_MOVED_TO | IN_CREATE), 0);
    return fd;
}

/* Waits until @path is there; @watch is of its directory. */
static void await_file(const struct harness *h, int watch, const char *path)
{
    struct pollfd news = { .fd = watch, .events = POLLIN };
    uint64_t since = monotonic_us();
    char events[4096];

    while (!harness_exists(h, path)) {
        if (poll(&news, 1, harness_left_ms(since)) != 1)
            harness_fail(h, "%s has not come", path);
        while (read(watch, events, sizeof events) > 0)
            ;
    }
}

START_TEST(a_picture_does_not_wait_for_the_crowd_in_another_folder)
{
    int count = harness_is_full() ? crowds[_i].count_full : crowds[_i].count, watch;
    struct ends under_way = { crowds[_i].under_way };
    int64_t before, after;
    struct harness h;
    uint64_t since, took_ms;

    harness_open(&h);
    h.workers = 2;
    harness_configure_daemon(&h, "");
    harness_write(&h, "config/recipes/web.recipe", "%s", HARNESS_RECIPE_SINGLE);
    add_folder(&h, "crowd", "");
    add_folder(&h, "single", "");
    write_crowd(&h, "crowd", count, crowds[_i].extension, crowds[_i].width);
    painter_paint(harness_path(&h, "archive/single.jpg"), 48, 32, 2);
    watch = watch_directory(harness_path(&h, "single.out"));
    harness_start(&h);
    harness_await(&h, "the crowd is under way", has_ended, &under_way);

    before = harness_number(harness_status(&h), "jobs.done");
    since = monotonic_us();
    ck_assert_int_eq(rename(harness_path(&h, "archive/single.jpg"), harness_path(&h, "single.in/one.jpg")),
                     0);
    await_file(&h, watch, "single.out/one.png");
    took_ms = (monotonic_us() - since) / USEC_PER_MSEC;
    after = harness_number(harness_status(&h), "jobs.done");

    printf("one picture beside a crowd of %d: done in %" PRIu64 " ms, meanwhile %" PRId64 " of the others\n",
           count, took_ms, after - before);
    ck_assert_int_lt(before, count - crowds[_i].ahead_max);
    ck_assert_int_le(after - before, crowds[_i].ahead_max);
    ck_assert_int_lt(after, count);
    close(watch);
    harness_close(&h);
}
END_TEST

/* By when they ended, as the ledger has it. */
static int compare_ends(const void *a, const void *b)
{
    return strcmp(harness_string(*(json_t *const *)a, "finished_at"),
                  harness_string(*(json_t *const *)b, "finished_at"));
}

static size_t count_early(struct harness *h, const char *folder, size_t first)
{
    json_t *jobs = harness_jobs(h, "done"), *sorted[1000];
    size_t count = json_array_size(jobs), early = 0;

    ck_assert_uint_le(count, 1000);
    for (size_t i = 0; i < count; i++)
        sorted[i] = json_array_get(jobs, i);
    qsort(sorted, count, sizeof *sorted, compare_ends);
    for (size_t i = 0; i < first && i < count; i++)
        early += strcmp(harness_string(sorted[i], "folder"), folder) == 0;
    json_decref(jobs);
    return early;
}

/* Both crowds are there at the start, and rendering takes longer than all else. Before the urgent one's first picture
 * was opened, the other one could have some with the workers; then it has a turn only now and then. */
START_TEST(a_folder_of_high_priority_goes_first_and_the_low_one_is_done_all_the_same)
{
    enum { EACH = 60, SLACK = 15 };
    struct harness h;

    harness_open(&h);
    h.workers = 2;
    harness_configure_daemon(&h, "");
    harness_write(&h, "config/recipes/web.recipe", "%s", HARNESS_RECIPE_SINGLE);
    add_folder(&h, "a", "Priority=low\n");
    add_folder(&h, "b", "Priority=high\n");
    write_crowd(&h, "a", EACH, "png", 1200);
    write_crowd(&h, "b", EACH, "png", 1200);
    harness_start(&h);
    harness_await_ends(&h, 2 * EACH, 0);
    ck_assert_uint_ge(count_early(&h, "b", EACH), EACH - SLACK);
    harness_close(&h);
}
END_TEST

/* Each folder has as many at hand as @context, an int, says. */
static bool have_at_hand(const json_t *status, void *context)
{
    const json_t *folder;
    size_t i;

    json_array_foreach (json_object_get(status, "folders"), i, folder)
        if (harness_number(folder, "in_flight") < *(const int *)context)
            return false;
    return true;
}

/* What is counted is there before the first is worked on, and one worker takes it in turn. */
START_TEST(folders_of_one_priority_take_turns)
{
    static const char *const names[] = { "a", "b", "c" };
    enum { FOLDERS = ARRAY_SIZE(names), SHARE = 10, EACH = 2 * SHARE, SLACK = 3 };
    int share = SHARE;
    struct harness h;

    harness_open(&h);
    h.workers = 2;
    harness_write(&h, "config/darkroom.conf", "[Daemon]\nWorkers=1\n");
    harness_write(&h, "config/recipes/web.recipe", "%s", HARNESS_RECIPE_SINGLE);
    for (size_t i = 0; i < FOLDERS; i++)
        add_folder(&h, names[i], "");
    harness_start(&h);
    harness_freeze_workers(&h);
    for (size_t i = 0; i < FOLDERS; i++)
        write_crowd(&h, names[i], EACH, "png", 600);
    harness_await(&h, "each has its share at hand", have_at_hand, &share);
    harness_thaw_workers(&h);
    harness_await_ends(&h, FOLDERS * EACH, 0);
    for (size_t i = 0; i < FOLDERS; i++) {
        size_t early = count_early(&h, names[i], FOLDERS * SHARE);

        ck_assert_msg(early >= SHARE - SLACK && early <= SHARE + SLACK,
                      "%zu of the first %d are of folder %s", early, FOLDERS * SHARE, names[i]);
    }
    harness_close(&h);
}
END_TEST

/* One that is too large to be fetched ahead: it waited until no small one was left, whatever its priority. */
START_TEST(a_large_file_does_not_wait_for_a_crowd_of_small_ones)
{
    enum { COUNT = 60, EARLY = 20, LARGE_BYTES = 2 << 20 };
    int some = 1;
    char hidden[PATH_MAX];
    struct harness h;

    harness_open(&h);
    h.workers = 2;
    harness_write(&h, "config/darkroom.conf", "[Daemon]\nWorkers=1\n");
    harness_write(&h, "config/recipes/web.recipe", "%s", HARNESS_RECIPE_SINGLE);
    add_folder(&h, "crowd", "");
    add_folder(&h, "single", "");
    harness_start(&h);
    harness_freeze_workers(&h);
    write_crowd(&h, "crowd", COUNT, "png", 600);
    snprintf(hidden, sizeof hidden, "%s", harness_path(&h, "archive/large.jpg"));
    painter_paint(hidden, 48, 32, 2);
    ck_assert_int_eq(truncate(hidden, LARGE_BYTES), 0);
    ck_assert_int_eq(rename(hidden, harness_path(&h, "single.in/large.jpg")), 0);
    harness_await(&h, "both have some at hand", have_at_hand, &some);
    harness_thaw_workers(&h);
    harness_await_ends(&h, COUNT + 1, 0);
    ck_assert_uint_eq(count_early(&h, "single", EARLY), 1);
    harness_close(&h);
}
END_TEST

/* Only an idle worker looks at a picture for a plan: there was none until the crowd had ended. */
START_TEST(a_plan_does_not_wait_for_a_crowd_of_small_files)
{
    enum { COUNT = 200 };
    struct harness h;
    int some = 1;
    char *plan;

    harness_open(&h);
    h.workers = 2;
    harness_write(&h, "config/darkroom.conf", "[Daemon]\nWorkers=1\n");
    harness_write(&h, "config/recipes/web.recipe", "%s", HARNESS_RECIPE_SINGLE);
    add_folder(&h, "crowd", "");
    harness_start(&h);
    harness_freeze_workers(&h);
    write_crowd(&h, "crowd", COUNT, "png", 600);
    harness_await(&h, "it has some at hand", have_at_hand, &some);
    harness_thaw_workers(&h);
    ck_assert_int_eq(darkroom_plan(h.dk, harness_path(&h, "crowd.in/%06d.png", COUNT - 1), NULL, &plan), 0);
    darkroom_free(plan);
    ck_assert_int_lt(harness_number(harness_status(&h), "jobs.done"), COUNT);
    harness_await_ends(&h, COUNT, 0);
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("fairness", UNIT_ROWS(a_picture_does_not_wait_for_the_crowd_in_another_folder, crowds),
             UNIT_TEST(a_folder_of_high_priority_goes_first_and_the_low_one_is_done_all_the_same),
             UNIT_TEST(folders_of_one_priority_take_turns),
             UNIT_TEST(a_large_file_does_not_wait_for_a_crowd_of_small_ones),
             UNIT_TEST(a_plan_does_not_wait_for_a_crowd_of_small_files))
