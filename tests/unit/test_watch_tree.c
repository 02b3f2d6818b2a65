/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The watch tree against a real directory. A local change is in the queue before the call that made it returns,
 * so nothing waits here. */
#include "supervisor/watch_tree.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "overflow.h"
#include "scratch.h"
#include "unit_main.h"

#include <errno.h>
#include <sched.h>
#include <sys/stat.h>

enum { CHANGES_MAX = 512 };

static struct scratch scratch;
static struct watch_tree *tree;
static struct {
    enum watch_change change;
    char path[PATH_MAX];
} changes[CHANGES_MAX];
static size_t change_count;

static const char *at(const char *path)
{
    static char absolute[4][PATH_MAX];
    static int turn;
    char *buffer = absolute[turn++ % 4];

    snprintf(buffer, PATH_MAX, "%s/tree%s%s", scratch.path, *path ? "/" : "", path);
    return buffer;
}

static const char *outside(const char *path)
{
    static char absolute[PATH_MAX];

    snprintf(absolute, sizeof absolute, "%s/outside/%s", scratch.path, path);
    return absolute;
}

static int watch(const char *path)
{
    _cleanup_close_ int fd = open(at(path), O_PATH | O_DIRECTORY | O_CLOEXEC);

    ck_assert_msg(fd >= 0, "%s: %m", at(path));
    return watch_tree_add(tree, path, fd);
}

static void make_directory(const char *path)
{
    ck_assert_msg(mkdir(at(path), 0755) == 0, "%s: %m", path);
}

static void write_file(const char *path)
{
    int fd = open(at(path), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    ck_assert_msg(fd >= 0, "%s: %m", path);
    ck_assert_int_eq(write(fd, "x", 1), 1);
    close(fd);
}

static void move(const char *from, const char *to)
{
    ck_assert_msg(rename(from, to) == 0, "%s to %s: %m", from, to);
}

/* Takes all events that are there; those that mean nothing are left out. */
static void read_changes(void)
{
    change_count = 0;
    while (watch_tree_next(tree, &changes[change_count].change, changes[change_count].path, PATH_MAX))
        if (changes[change_count].change != WATCH_NOTHING) {
            change_count++;
            ck_assert_uint_lt(change_count, CHANGES_MAX);
        }
}

/* The same for more events than anybody wants to look at. */
static void read_changes_unlooked(void)
{
    enum watch_change change;
    char path[PATH_MAX];

    while (watch_tree_next(tree, &change, path, sizeof path))
        ;
}

static size_t count(enum watch_change change, const char *path)
{
    size_t found = 0;

    for (size_t i = 0; i < change_count; i++)
        found += changes[i].change == change && strcmp(changes[i].path, path) == 0;
    return found;
}

static size_t count_all(enum watch_change change)
{
    size_t found = 0;

    for (size_t i = 0; i < change_count; i++)
        found += changes[i].change == change;
    return found;
}

static void setup(void)
{
    char path[PATH_MAX];

    scratch = scratch_make();
    snprintf(path, sizeof path, "%s/outside", scratch.path);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    ck_assert_int_eq(mkdir(at(""), 0755), 0);
    ck_assert_int_eq(watch_tree_new(&tree), 0);
    ck_assert_int_eq(watch(""), 0);
}

static void teardown(void)
{
    watch_tree_free(tree);
    scratch_remove(&scratch);
}

START_TEST(writing_and_closing_a_file_are_told)
{
    int fd;

    setup();
    fd = open(at("a.jpg"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    read_changes();
    ck_assert_uint_eq(count(WATCH_FILE_TOUCHED, "a.jpg"), 1);
    ck_assert_int_eq(write(fd, "x", 1), 1);
    read_changes();
    ck_assert_uint_eq(count(WATCH_FILE_TOUCHED, "a.jpg"), 1);
    close(fd);
    read_changes();
    ck_assert_uint_eq(change_count, 1);
    ck_assert_uint_eq(count(WATCH_FILE_FINISHED, "a.jpg"), 1);
    chmod(at("a.jpg"), 0600);
    read_changes();
    ck_assert_uint_eq(count(WATCH_FILE_TOUCHED, "a.jpg"), 1);
    unlink(at("a.jpg"));
    read_changes();
    ck_assert_uint_eq(count(WATCH_FILE_GONE, "a.jpg"), 1);
    read_changes();
    ck_assert_uint_eq(change_count, 0);
    teardown();
}
END_TEST

START_TEST(a_file_moved_in_within_and_out_is_told)
{
    setup();
    make_directory("d");
    ck_assert_int_eq(watch("d"), 0);
    write_file("../outside/a.jpg");
    read_changes();

    move(outside("a.jpg"), at("a.jpg"));
    read_changes();
    ck_assert_uint_eq(count(WATCH_FILE_FINISHED, "a.jpg"), 1);
    move(at("a.jpg"), at("d/b.jpg"));
    read_changes();
    ck_assert_uint_eq(count(WATCH_FILE_GONE, "a.jpg"), 1);
    ck_assert_uint_eq(count(WATCH_FILE_FINISHED, "d/b.jpg"), 1);
    move(at("d/b.jpg"), outside("b.jpg"));
    read_changes();
    ck_assert_uint_eq(count(WATCH_FILE_GONE, "d/b.jpg"), 1);
    teardown();
}
END_TEST

START_TEST(a_renamed_directory_has_its_new_path_at_once)
{
    setup();
    make_directory("d");
    make_directory("d/e");
    make_directory("other");
    ck_assert_int_eq(watch("d"), 0);
    ck_assert_int_eq(watch("d/e"), 0);
    ck_assert_int_eq(watch("other"), 0);
    read_changes();

    move(at("d"), at("other/D"));
    write_file("other/D/e/x.jpg");
    write_file("other/D/y.jpg");
    read_changes();
    ck_assert_uint_eq(count(WATCH_DIRECTORY_GONE, "d"), 1);
    ck_assert_uint_eq(count(WATCH_DIRECTORY_NEW, "other/D"), 1);
    ck_assert_uint_eq(count(WATCH_FILE_FINISHED, "other/D/e/x.jpg"), 1);
    ck_assert_uint_eq(count(WATCH_FILE_FINISHED, "other/D/y.jpg"), 1);
    ck_assert_uint_eq(watch_tree_count(tree), 4);

    ck_assert_int_eq(watch("other/D"), 0); /* the scan that follows comes by */
    ck_assert_uint_eq(watch_tree_count(tree), 4);
    teardown();
}
END_TEST

START_TEST(a_directory_moved_between_two_reads_keeps_its_watches)
{
    setup();
    make_directory("d");
    ck_assert_int_eq(watch("d"), 0);
    for (int i = 0; i < 20; i++) {
        char from[16], to[16], file[32];

        snprintf(from, sizeof from, i == 0 ? "d" : "d%d", i);
        snprintf(to, sizeof to, "d%d", i + 1);
        snprintf(file, sizeof file, "%s/x%d", to, i);
        move(at(from), at(to));
        read_changes();
        write_file(file);
        read_changes();
        ck_assert_msg(count(WATCH_FILE_FINISHED, file) == 1, "%s", file);
    }
    ck_assert_uint_eq(watch_tree_count(tree), 2);
    teardown();
}
END_TEST

/* The turn of whoever reads the events may end between the two of a move, and its walk goes on. */
START_TEST(a_directory_met_in_its_new_place_before_its_arrival_is_read_is_not_lost)
{
    enum watch_change change;
    char path[PATH_MAX];

    setup();
    make_directory("a");
    make_directory("a/below");
    make_directory("b");
    read_changes();
    ck_assert_int_eq(watch("a"), 0);
    ck_assert_int_eq(watch("a/below"), 0);
    ck_assert_int_eq(watch("b"), 0);
    move(at("a"), at("b/a"));
    ck_assert(watch_tree_next(tree, &change, path, sizeof path));
    ck_assert_int_eq(change, WATCH_DIRECTORY_GONE);
    ck_assert_int_eq(watch("b/a"), 0);
    read_changes();
    ck_assert_uint_eq(count(WATCH_DIRECTORY_NEW, "b/a"), 1);
    ck_assert_uint_eq(watch_tree_count(tree), 4);
    ck_assert(watch_tree_has(tree, "b/a/below"));
    write_file("b/a/below/c.jpg");
    read_changes();
    ck_assert_uint_eq(count(WATCH_FILE_FINISHED, "b/a/below/c.jpg"), 1);
    teardown();
}
END_TEST

START_TEST(two_directories_that_change_places_keep_their_paths_apart)
{
    setup();
    make_directory("a");
    make_directory("b");
    ck_assert_int_eq(watch("a"), 0);
    ck_assert_int_eq(watch("b"), 0);
    read_changes();
    move(at("a"), at("c"));
    move(at("b"), at("a"));
    move(at("c"), at("b"));
    write_file("a/was-b");
    write_file("b/was-a");
    read_changes();
    ck_assert_uint_eq(count(WATCH_FILE_FINISHED, "a/was-b"), 1);
    ck_assert_uint_eq(count(WATCH_FILE_FINISHED, "b/was-a"), 1);
    ck_assert_uint_eq(count_all(WATCH_FILE_FINISHED), 2);
    ck_assert_uint_eq(watch_tree_count(tree), 3);
    teardown();
}
END_TEST

START_TEST(a_directory_moved_out_is_released_with_all_below_it)
{
    setup();
    make_directory("d");
    make_directory("d/e");
    ck_assert_int_eq(watch("d"), 0);
    ck_assert_int_eq(watch("d/e"), 0);
    read_changes();
    move(at("d"), outside("d"));
    read_changes();
    ck_assert_uint_eq(count(WATCH_DIRECTORY_GONE, "d"), 1);
    ck_assert_uint_eq(watch_tree_count(tree), 1);
    write_file("../outside/d/e/x.jpg");
    read_changes();
    ck_assert_uint_eq(change_count, 0);
    teardown();
}
END_TEST

/* IN_MOVE_SELF of a directory that left was taken for the root's, and the whole folder was lost. */
START_TEST(a_directory_moved_out_is_not_the_root)
{
    setup();
    make_directory("d");
    ck_assert_int_eq(watch("d"), 0);
    read_changes();
    move(at("d"), outside("d"));
    read_changes();
    ck_assert_uint_eq(count_all(WATCH_ROOT_GONE), 0);
    write_file("a.jpg");
    read_changes();
    ck_assert_uint_eq(count(WATCH_FILE_FINISHED, "a.jpg"), 1);
    teardown();
}
END_TEST

/* A detached node's paths began at the root: x.jpg, waiting in the root, was forgotten for d's. */
START_TEST(what_happens_in_a_directory_that_left_is_nobodys)
{
    setup();
    make_directory("d");
    write_file("d/x.jpg");
    ck_assert_int_eq(watch("d"), 0);
    read_changes();
    move(at("d"), outside("d"));
    unlink(outside("d/x.jpg"));
    read_changes();
    ck_assert_uint_eq(count_all(WATCH_FILE_GONE), 0);
    ck_assert_uint_eq(watch_tree_count(tree), 1);
    teardown();
}
END_TEST

START_TEST(a_new_directory_is_told_so_that_it_can_be_watched)
{
    setup();
    make_directory("a");
    read_changes();
    ck_assert_uint_eq(change_count, 1);
    ck_assert_uint_eq(count(WATCH_DIRECTORY_NEW, "a"), 1);
    ck_assert_int_eq(watch("a"), 0);
    make_directory("a/b");
    read_changes();
    ck_assert_uint_eq(count(WATCH_DIRECTORY_NEW, "a/b"), 1);
    ck_assert_int_eq(rename(at("a/b"), outside("b")), 0);
    ck_assert_int_eq(rename(outside("b"), at("a/c")), 0);
    read_changes();
    ck_assert_uint_eq(count(WATCH_DIRECTORY_NEW, "a/c"), 1);
    teardown();
}
END_TEST

START_TEST(a_directory_deleted_and_made_again_at_once_is_watched_again)
{
    setup();
    make_directory("d");
    ck_assert_int_eq(watch("d"), 0);
    read_changes();
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(rmdir(at("d")), 0);
        make_directory("d");
        read_changes();
        ck_assert_uint_eq(count(WATCH_DIRECTORY_GONE, "d"), 1);
        ck_assert_uint_eq(count(WATCH_DIRECTORY_NEW, "d"), 1);
        ck_assert_int_eq(watch("d"), 0);
        write_file("d/x.jpg");
        read_changes();
        ck_assert_uint_eq(count(WATCH_FILE_FINISHED, "d/x.jpg"), 1);
        unlink(at("d/x.jpg"));
        read_changes();
        ck_assert_uint_eq(watch_tree_count(tree), 2);
    }
    teardown();
}
END_TEST

START_TEST(a_directory_watched_before_the_old_ones_end_is_read_is_watched)
{
    setup();
    make_directory("d");
    ck_assert_int_eq(watch("d"), 0);
    ck_assert_int_eq(rmdir(at("d")), 0);
    make_directory("d");
    ck_assert_int_eq(watch("d"), 0); /* a scan was faster than the events */
    read_changes();
    write_file("d/x.jpg");
    read_changes();
    ck_assert_uint_eq(count(WATCH_FILE_FINISHED, "d/x.jpg"), 1);
    ck_assert_uint_eq(watch_tree_count(tree), 2);
    teardown();
}
END_TEST

START_TEST(a_deleted_directory_that_somebody_holds_open_does_not_hide_its_successor)
{
    _cleanup_close_ int held = -1;

    setup();
    make_directory("d");
    held = open(at("d"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(watch("d"), 0);
    ck_assert_int_eq(rmdir(at("d")), 0);
    make_directory("d");
    read_changes();
    ck_assert_int_eq(watch("d"), 0);
    make_directory("d/e");
    ck_assert_int_eq(watch("d/e"), 0);
    held = close_fd(held);
    read_changes();
    write_file("d/e/x.jpg");
    read_changes();
    ck_assert_uint_eq(count(WATCH_FILE_FINISHED, "d/e/x.jpg"), 1);
    ck_assert_uint_eq(watch_tree_count(tree), 3);
    teardown();
}
END_TEST

START_TEST(a_deep_tree_tells_whole_paths_and_is_let_go_whole)
{
    enum { DEPTH = 200 };
    char path[PATH_MAX] = "";

    setup();
    for (size_t i = 0; i < DEPTH; i++) {
        snprintf(path + strlen(path), sizeof path - strlen(path), "%sd%zu", i ? "/" : "", i);
        make_directory(path);
        ck_assert_int_eq(watch(path), 0);
    }
    read_changes();
    snprintf(path + strlen(path), sizeof path - strlen(path), "/x.jpg");
    write_file(path);
    read_changes();
    ck_assert_uint_eq(count(WATCH_FILE_FINISHED, path), 1);
    ck_assert_uint_eq(watch_tree_count(tree), DEPTH + 1);
    move(at("d0"), outside("d0"));
    read_changes();
    ck_assert_uint_eq(watch_tree_count(tree), 1);
    teardown();
}
END_TEST

/* The processor time in which so many more directories are told, and watched. */
static uint64_t watch_some(size_t first, size_t how_many)
{
    struct timespec before, after;

    for (size_t i = first; i < first + how_many; i++) {
        char name[32];

        snprintf(name, sizeof name, "d%zu", i);
        make_directory(name);
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    read_changes_unlooked();
    for (size_t i = first; i < first + how_many; i++) {
        char name[32];

        snprintf(name, sizeof name, "d%zu", i);
        ck_assert_int_eq(watch(name), 0);
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
    return (uint64_t)(timespec_ns(&after) - timespec_ns(&before));
}

/* Siblings were found by walking along all of them: 100,000 took half an hour. */
START_TEST(a_directory_among_20_000_siblings_is_found_as_fast_as_among_1_000)
{
    enum { FEW = 1000, MANY = 20000 };
    uint64_t early, late;

    setup();
    watch_some(0, FEW);
    early = watch_some(FEW, FEW);
    watch_some(2 * FEW, MANY - 3 * FEW);
    late = watch_some(MANY - FEW, FEW);
    ck_assert_uint_eq(watch_tree_count(tree), MANY + 1);
    ck_assert_msg(late < early * 3, "%lu ns among few, %lu ns among many", (unsigned long)early,
                  (unsigned long)late);
    write_file("d19999/x.jpg");
    read_changes();
    ck_assert_uint_eq(count(WATCH_FILE_FINISHED, "d19999/x.jpg"), 1);
    teardown();
}
END_TEST

START_TEST(a_root_that_is_deleted_is_told)
{
    setup();
    ck_assert_int_eq(rmdir(at("")), 0);
    read_changes();
    ck_assert_uint_eq(count_all(WATCH_ROOT_GONE), 1);
    teardown();
}
END_TEST

START_TEST(a_root_that_is_renamed_is_told)
{
    setup();
    make_directory("d");
    ck_assert_int_eq(watch("d"), 0);
    move(at(""), outside("tree"));
    read_changes();
    ck_assert_uint_eq(count_all(WATCH_ROOT_GONE), 1);
    teardown();
}
END_TEST

/* Nothing was told of it: the root itself is not moved. */
START_TEST(a_directory_above_the_root_that_is_renamed_is_told)
{
    char above[PATH_MAX];

    setup();
    watch_tree_guard(tree, at(""));
    watch_tree_guard(tree, at("")); /* twice is fine */
    ck_assert_uint_eq(watch_tree_count(tree), 1);
    write_file("a.jpg");
    read_changes();
    ck_assert_uint_eq(count(WATCH_FILE_FINISHED, "a.jpg"), 1);
    ck_assert_uint_eq(count_all(WATCH_ROOT_GONE), 0);
    snprintf(above, sizeof above, "%s.away", scratch.path);
    move(scratch.path, above);
    read_changes();
    ck_assert_uint_eq(count_all(WATCH_ROOT_GONE), 1);
    move(above, scratch.path);
    teardown();
}
END_TEST

START_TEST(a_deleted_directory_below_is_not_the_root)
{
    setup();
    make_directory("d");
    ck_assert_int_eq(watch("d"), 0);
    ck_assert_int_eq(rmdir(at("d")), 0);
    read_changes();
    ck_assert_uint_eq(count_all(WATCH_ROOT_GONE), 0);
    ck_assert_uint_eq(watch_tree_count(tree), 1);
    teardown();
}
END_TEST

static const char *const hostile_names[] = {
    "line\nbreak.jpg",
    "\xff\xfe.jpg",
    "-rf",
    "[Q=1].jpg",
    "%s%n.jpg",
    " ",
    "a\\b",
    "\x1b[2J",
    "255aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaa",
};

START_TEST(names_are_bytes)
{
    char path[PATH_MAX];

    setup();
    make_directory(hostile_names[_i]);
    ck_assert_int_eq(watch(hostile_names[_i]), 0);
    snprintf(path, sizeof path, "%s/%s", hostile_names[_i], hostile_names[_i]);
    write_file(path);
    read_changes();
    ck_assert_uint_eq(count(WATCH_DIRECTORY_NEW, hostile_names[_i]), 1);
    ck_assert_uint_eq(count(WATCH_FILE_FINISHED, path), 1);
    teardown();
}
END_TEST

START_TEST(a_path_longer_than_any_buffer_is_left_out_not_cut)
{
    enum watch_change change;
    char path[8];

    setup();
    write_file("name-too-long-for-it.jpg");
    while (watch_tree_next(tree, &change, path, sizeof path))
        ck_assert_int_eq(change, WATCH_NOTHING);
    teardown();
}
END_TEST

START_TEST(a_directory_whose_parent_is_not_watched_is_refused)
{
    setup();
    make_directory("a");
    make_directory("a/b");
    ck_assert_int_eq(watch("a/b"), -ENOENT);
    ck_assert_uint_eq(watch_tree_count(tree), 1);
    ck_assert_int_eq(watch("a"), 0);
    ck_assert_int_eq(watch("a/b"), 0);
    ck_assert_int_eq(watch("a/b"), 0);
    ck_assert_uint_eq(watch_tree_count(tree), 3);
    teardown();
}
END_TEST

static int watch_apart(const char *path)
{
    _cleanup_close_ int fd = open(at(path), O_PATH | O_DIRECTORY | O_CLOEXEC);

    ck_assert_msg(fd >= 0, "%s: %m", at(path));
    return watch_tree_add_apart(tree, path, fd);
}

/* A local disk below a network one, which is polled. */
START_TEST(a_directory_can_be_watched_where_those_above_it_are_not)
{
    setup();
    make_directory("a");
    make_directory("a/b");
    make_directory("a/b/c");
    watch_tree_free(tree);
    ck_assert_int_eq(watch_tree_new(&tree), 0);
    ck_assert_int_eq(watch_apart("a/b"), 0);
    ck_assert_int_eq(watch("a/b/c"), 0);
    ck_assert(watch_tree_has(tree, "a/b"));
    ck_assert(!watch_tree_has(tree, "a"));
    ck_assert(!watch_tree_has(tree, ""));
    ck_assert_uint_eq(watch_tree_count(tree), 2);
    write_file("a/b/c/x.jpg");
    read_changes();
    ck_assert_uint_eq(count(WATCH_FILE_FINISHED, "a/b/c/x.jpg"), 1);
    ck_assert_int_eq(watch(""), 0); /* later they are, too */
    ck_assert_int_eq(watch("a"), 0);
    ck_assert(watch_tree_has(tree, "a/b/c"));
    write_file("a/x.jpg");
    read_changes();
    ck_assert_uint_eq(count(WATCH_FILE_FINISHED, "a/x.jpg"), 1);
    watch_tree_remove(tree, "a");
    ck_assert(!watch_tree_has(tree, "a/b/c"));
    ck_assert_uint_eq(watch_tree_count(tree), 1);
    watch_tree_remove(tree, "a/b");
    teardown();
}
END_TEST

/* Once each, whether the directory itself is watched or the one above it. */
START_TEST(changed_attributes_of_a_directory_are_told)
{
    setup();
    make_directory("watched");
    ck_assert_int_eq(watch("watched"), 0);
    make_directory("other");
    make_directory("other/apart");
    ck_assert_int_eq(watch_apart("other/apart"), 0);
    read_changes();
    ck_assert_int_eq(chmod(at(""), 0700), 0);
    ck_assert_int_eq(chmod(at("watched"), 0700), 0);
    ck_assert_int_eq(chmod(at("other"), 0700), 0);
    ck_assert_int_eq(chmod(at("other/apart"), 0700), 0);
    read_changes();
    ck_assert_uint_eq(count(WATCH_DIRECTORY_TOUCHED, ""), 1);
    ck_assert_uint_eq(count(WATCH_DIRECTORY_TOUCHED, "watched"), 1);
    ck_assert_uint_eq(count(WATCH_DIRECTORY_TOUCHED, "other"), 1);
    ck_assert_uint_eq(count(WATCH_DIRECTORY_TOUCHED, "other/apart"), 1);
    ck_assert_uint_eq(change_count, 4);
    teardown();
}
END_TEST

/* It has no path when that is read. */
START_TEST(changed_attributes_of_a_directory_that_was_moved_out_are_not_told)
{
    setup();
    make_directory("a");
    ck_assert_int_eq(watch("a"), 0);
    read_changes();
    move(at("a"), outside("a"));
    ck_assert_int_eq(chmod(outside("a"), 0700), 0);
    read_changes();
    ck_assert_uint_eq(count_all(WATCH_DIRECTORY_TOUCHED), 0);
    teardown();
}
END_TEST

START_TEST(a_link_to_a_directory_does_not_lead_there)
{
    _cleanup_close_ int fd = -1;

    setup();
    ck_assert_int_eq(symlink(outside(""), at("link")), 0);
    fd = open(at("link"), O_PATH | O_NOFOLLOW | O_CLOEXEC);
    ck_assert_int_lt(watch_tree_add(tree, "link", fd), 0);
    read_changes();
    ck_assert_uint_eq(count_all(WATCH_DIRECTORY_NEW), 0);
    teardown();
}
END_TEST

/* Writes @text to @path. False, with a word about it, where that may not be. */
static bool write_setting(const char *path, const char *text)
{
    _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text))
        return true;
    fprintf(stderr, "skipped: %s cannot be written here: %m\n", path);
    return false;
}

START_TEST(lost_events_are_told)
{
    _cleanup_close_ int root = -1;
    enum watch_change change;
    char path[PATH_MAX];
    size_t overflows = 0;

    setup();
    write_file("a.jpg");
    write_file("b.jpg");
    root = open(at(""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (overflow_queue(root, "a.jpg", "b.jpg")) {
        while (watch_tree_next(tree, &change, path, sizeof path))
            overflows += change == WATCH_OVERFLOW;
        ck_assert_uint_eq(overflows, 1);
        write_file("after.jpg");
        read_changes();
        ck_assert_uint_eq(count(WATCH_FILE_FINISHED, "after.jpg"), 1);
    }
    teardown();
}
END_TEST

/* In a user namespace of its own, whose limit is nobody else's. */
START_TEST(past_the_watch_limit_it_says_so_and_what_is_watched_stays)
{
    int r = 0;

    setup();
    for (int i = 0; i < 10; i++) {
        char name[16];

        snprintf(name, sizeof name, "d%d", i);
        make_directory(name);
    }
    watch_tree_free(tree);
    if (unshare(CLONE_NEWUSER) < 0 || !write_setting("/proc/self/uid_map", "0 0 1") ||
        !write_setting("/proc/sys/user/max_inotify_watches", "4")) {
        fprintf(stderr, "skipped: no user namespace\n");
        tree = NULL;
        teardown();
        return;
    }
    ck_assert_int_eq(watch_tree_new(&tree), 0);
    ck_assert_int_eq(watch(""), 0);
    for (int i = 0; i < 10 && r == 0; i++) {
        char name[16];

        snprintf(name, sizeof name, "d%d", i);
        r = watch(name);
    }
    ck_assert_int_eq(r, -ENOSPC);
    ck_assert_uint_eq(watch_tree_count(tree), 4);
    read_changes();
    write_file("a.jpg");
    write_file("d0/b.jpg");
    read_changes();
    ck_assert_uint_eq(count(WATCH_FILE_FINISHED, "a.jpg"), 1);
    ck_assert_uint_eq(count(WATCH_FILE_FINISHED, "d0/b.jpg"), 1);
    teardown();
}
END_TEST

UNIT_MAIN("watch_tree", UNIT_TEST(writing_and_closing_a_file_are_told),
          UNIT_TEST(a_file_moved_in_within_and_out_is_told),
          UNIT_TEST(a_renamed_directory_has_its_new_path_at_once),
          UNIT_TEST(a_directory_moved_between_two_reads_keeps_its_watches),
          UNIT_TEST(a_directory_met_in_its_new_place_before_its_arrival_is_read_is_not_lost),
          UNIT_TEST(two_directories_that_change_places_keep_their_paths_apart),
          UNIT_TEST(a_directory_moved_out_is_released_with_all_below_it),
          UNIT_TEST(a_directory_moved_out_is_not_the_root),
          UNIT_TEST(what_happens_in_a_directory_that_left_is_nobodys),
          UNIT_TEST(a_new_directory_is_told_so_that_it_can_be_watched),
          UNIT_TEST(a_directory_deleted_and_made_again_at_once_is_watched_again),
          UNIT_TEST(a_directory_watched_before_the_old_ones_end_is_read_is_watched),
          UNIT_TEST(a_deleted_directory_that_somebody_holds_open_does_not_hide_its_successor),
          UNIT_TEST(a_deep_tree_tells_whole_paths_and_is_let_go_whole),
          UNIT_TEST(a_directory_among_20_000_siblings_is_found_as_fast_as_among_1_000),
          UNIT_TEST(a_root_that_is_deleted_is_told), UNIT_TEST(a_root_that_is_renamed_is_told),
          UNIT_TEST(a_directory_above_the_root_that_is_renamed_is_told),
          UNIT_TEST(a_deleted_directory_below_is_not_the_root), UNIT_ROWS(names_are_bytes, hostile_names),
          UNIT_TEST(a_path_longer_than_any_buffer_is_left_out_not_cut),
          UNIT_TEST(a_directory_whose_parent_is_not_watched_is_refused),
          UNIT_TEST(a_directory_can_be_watched_where_those_above_it_are_not),
          UNIT_TEST(changed_attributes_of_a_directory_are_told),
          UNIT_TEST(changed_attributes_of_a_directory_that_was_moved_out_are_not_told),
          UNIT_TEST(a_link_to_a_directory_does_not_lead_there), UNIT_TEST(lost_events_are_told),
          UNIT_TEST(past_the_watch_limit_it_says_so_and_what_is_watched_stays))
