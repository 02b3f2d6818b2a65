/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks over real directories, step by step. */
#include "supervisor/scan.h"

#include "base/cleanup.h"
#include "hot_folders.h"
#include "unit_main.h"

#include <errno.h>

enum { SEEN_MAX = 2000 };

static struct hot_folders hot;
static struct scan *scan;
static int root = -1;
static struct seen {
    char kind; /* d f o ! */
    char path[2100];
} seen[SEEN_MAX];
static size_t seen_count;
static void (*on_file)(const char *path);
static enum walk walking;  /* what was asked for */
static const char *spared; /* a directory that need not be listed */

static void note(char kind, const char *path)
{
    ck_assert_uint_lt(seen_count, SEEN_MAX);
    seen[seen_count].kind = kind;
    snprintf(seen[seen_count++].path, sizeof seen->path, "%s", path);
}

static bool note_directory(void *context, const char *path, int fd, enum walk why)
{
    struct stat st;

    ck_assert_ptr_eq(context, &hot);
    ck_assert_int_eq(fstat(fd, &st), 0);
    ck_assert(S_ISDIR(st.st_mode));
    ck_assert_int_eq(why, walking);
    note('d', path);
    return !spared || strcmp(path, spared) != 0;
}

static void note_file(void *context, const char *path, const struct stat *st)
{
    ck_assert_ptr_eq(context, &hot);
    ck_assert(S_ISREG(st->st_mode));
    note('f', path);
    if (on_file)
        on_file(path);
}

static void note_other(void *context, const char *path, const struct stat *st, enum walk why)
{
    ck_assert_ptr_eq(context, &hot);
    ck_assert(!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode));
    ck_assert_int_eq(why, walking);
    note('o', path);
}

static void note_failed(void *context, const char *path, int errnum)
{
    ck_assert_ptr_eq(context, &hot);
    ck_assert_int_gt(errnum, 0);
    note('!', path);
}

static void note_unseen(void *context, const char *path, int errnum)
{
    ck_assert_ptr_eq(context, &hot);
    ck_assert_int_gt(errnum, 0);
    note('?', path);
}

static void setup(void)
{
    static const struct scan_handler handler = { note_directory, note_file,   note_other,
                                                 note_failed,    note_unseen, &hot };

    hot_open(&hot, 1, HOT_RECIPE);
    scan = scan_new(&handler);
    root = open(hot.in[0], O_PATH | O_DIRECTORY | O_CLOEXEC);
    seen_count = 0;
    walking = WALK_ALL;
    spared = NULL;
}

static void teardown(void)
{
    scan_free(scan);
    root = close_fd(root);
    hot_close(&hot);
}

static void make_directory(const char *name)
{
    ck_assert_int_eq(mkdirat(root, name, 0755), 0);
}

static size_t steps(size_t entries)
{
    size_t count = 0;

    while (scan_pending(scan)) {
        scan_step(scan, root, hot.conf, entries);
        ck_assert_uint_lt(++count, 100000);
    }
    return count;
}

static void walk(const char *path)
{
    ck_assert_int_eq(scan_request(scan, path, walking), 0);
    steps(512);
}

/* The place of @path among what was seen, or -1. */
static long place(char kind, const char *path)
{
    for (size_t i = 0; i < seen_count; i++)
        if (seen[i].kind == kind && strcmp(seen[i].path, path) == 0)
            return (long)i;
    return -1;
}

static void make_usual_tree(void)
{
    hot_write(hot.in[0], "a.jpg", "a");
    hot_write(hot.in[0], "text.txt", "t");
    make_directory("d");
    hot_write(hot.in[0], "d/b.png", "b");
    make_directory("d/e");
    hot_write(hot.in[0], "d/e/c.webp", "c");
    make_directory("empty");
}

START_TEST(a_walk_finds_every_accepted_file_and_every_directory_once)
{
    setup();
    make_usual_tree();
    walk("");
    ck_assert_uint_eq(seen_count, 7);
    ck_assert_int_ge(place('f', "a.jpg"), 0);
    ck_assert_int_ge(place('f', "d/b.png"), 0);
    ck_assert_int_ge(place('f', "d/e/c.webp"), 0);
    ck_assert_int_ge(place('d', "empty"), 0);
    ck_assert(!scan_pending(scan));
    teardown();
}
END_TEST

START_TEST(a_directory_is_told_before_what_is_in_it)
{
    setup();
    make_usual_tree();
    walk("");
    ck_assert_int_eq(place('d', ""), 0);
    ck_assert_int_lt(place('d', "d"), place('f', "d/b.png"));
    ck_assert_int_lt(place('d', "d"), place('d', "d/e"));
    ck_assert_int_lt(place('d', "d/e"), place('f', "d/e/c.webp"));
    teardown();
}
END_TEST

START_TEST(a_folder_that_is_not_recursive_is_walked_at_the_top_only)
{
    setup();
    make_usual_tree();
    hot.conf->recursive = false;
    walk("");
    ck_assert_uint_eq(seen_count, 2);
    ck_assert_int_ge(place('f', "a.jpg"), 0);
    teardown();
}
END_TEST

START_TEST(a_part_of_the_tree_can_be_walked)
{
    setup();
    make_usual_tree();
    walk("d/e");
    ck_assert_uint_eq(seen_count, 2);
    ck_assert_int_eq(place('d', "d/e"), 0);
    ck_assert_int_eq(place('f', "d/e/c.webp"), 1);
    teardown();
}
END_TEST

START_TEST(a_walk_over_all_makes_the_others_superfluous)
{
    setup();
    make_usual_tree();
    scan_request(scan, "d", walking);
    scan_request(scan, "d/e", walking);
    walk("");
    ck_assert_uint_eq(seen_count, 7);
    teardown();
}
END_TEST

START_TEST(a_cancelled_walk_is_over)
{
    setup();
    make_usual_tree();
    scan_request(scan, "", walking);
    scan_step(scan, root, hot.conf, 2);
    ck_assert(scan_pending(scan));
    scan_cancel(scan);
    ck_assert(!scan_pending(scan));
    seen_count = 0;
    scan_step(scan, root, hot.conf, 100);
    ck_assert_uint_eq(seen_count, 0);
    walk("");
    ck_assert_uint_eq(seen_count, 7);
    teardown();
}
END_TEST

static const char *const ignored[] = {
    ".hidden.jpg", "a.jpg~",      "a.jpg.part", "a.partial", "a.filepart", "a.crdownload",
    "a.tmp",       ".nfs123.jpg", "Thumbs.db",  "._a.jpg",   "secret.jpg", "noextension",
};

START_TEST(ignored_names_are_not_told)
{
    setup();
    hot.conf->exclude.list = calloc(1, sizeof(char *));
    hot.conf->exclude.list[0] = strdup("secret*");
    hot.conf->exclude.count = 1;
    hot_write(hot.in[0], ignored[_i], "x");
    hot_write(hot.in[0], "ok.jpg", "x");
    walk("");
    ck_assert_uint_eq(seen_count, 2);
    ck_assert_int_eq(place('f', "ok.jpg"), 1);
    teardown();
}
END_TEST

START_TEST(an_ignored_directory_is_not_entered)
{
    setup();
    make_directory(".failed");
    hot_write(hot.in[0], ".failed/a.jpg", "x");
    make_directory("x.part");
    hot_write(hot.in[0], "x.part/a.jpg", "x");
    walk("");
    ck_assert_uint_eq(seen_count, 1);
    teardown();
}
END_TEST

static const size_t step_sizes[] = { 1, 2, 3, 7, 100000 };

START_TEST(a_step_is_as_small_as_asked_and_loses_nothing)
{
    size_t count;

    setup();
    for (int i = 0; i < 50; i++) {
        char name[32];

        snprintf(name, sizeof name, "%d.jpg", i);
        hot_write(hot.in[0], name, "x");
    }
    make_usual_tree();
    scan_request(scan, "", walking);
    count = steps(step_sizes[_i]);
    ck_assert_uint_eq(seen_count, 57);
    /* 50 + 7 things, "." and ".." of four directories, and entering and leaving those */
    ck_assert_uint_ge(count * step_sizes[_i], 57);
    ck_assert_uint_le(count, 80 / step_sizes[_i] + 2);
    teardown();
}
END_TEST

START_TEST(links_are_told_and_not_followed)
{
    setup();
    hot_write(hot.out[0], "outside.jpg", "x");
    ck_assert_int_eq(symlinkat(hot.out[0], root, "out"), 0);
    ck_assert_int_eq(symlinkat("../out0/outside.jpg", root, "link.jpg"), 0);
    ck_assert_int_eq(symlinkat(".", root, "self"), 0);
    walk("");
    ck_assert_uint_eq(seen_count, 2); /* the others have no picture's name */
    ck_assert_int_eq(place('o', "link.jpg"), 1);
    walk("out"); /* even when asked */
    ck_assert_uint_eq(seen_count, 3);
    ck_assert_int_eq(place('!', "out"), 2);
    teardown();
}
END_TEST

START_TEST(pipes_with_a_pictures_name_are_told_but_not_as_files)
{
    setup();
    ck_assert_int_eq(mkfifoat(root, "pipe.jpg", 0644), 0);
    ck_assert_int_eq(mkfifoat(root, "pipe", 0644), 0);
    ck_assert_int_eq(mkfifoat(root, ".pipe.jpg", 0644), 0);
    walk("");
    ck_assert_uint_eq(seen_count, 2);
    ck_assert_int_eq(place('o', "pipe.jpg"), 1);
    teardown();
}
END_TEST

/* What is watched need not be polled. */
START_TEST(a_directory_that_need_not_be_listed_is_passed_over_with_all_below_it)
{
    setup();
    walking = WALK_POLL;
    spared = "a";
    make_directory("a");
    make_directory("a/b");
    hot_write(hot.in[0], "a/b/x.jpg", "x");
    hot_write(hot.in[0], "x.jpg", "x");
    walk("");
    ck_assert_uint_eq(seen_count, 3);
    teardown();
}
END_TEST

START_TEST(a_directory_that_is_gone_when_its_turn_comes_is_told_and_passed_over)
{
    setup();
    make_usual_tree();
    scan_request(scan, "", walking);
    scan_step(scan, root, hot.conf, 20); /* the root is read: its directories wait */
    scan_request(scan, "never-was", walking);
    hot_write(hot.in[0], "z.jpg", "z");
    scan_request(scan, "", walking);
    scan_step(scan, root, hot.conf, 8);
    ck_assert_int_eq(unlinkat(root, "empty", AT_REMOVEDIR), 0);
    scan_request(scan, "empty", walking);
    steps(1);
    ck_assert_int_ge(place('!', "empty"), 0);
    ck_assert_int_lt(place('!', "never-was"), 0);
    ck_assert_int_ge(place('f', "d/e/c.webp"), 0);
    teardown();
}
END_TEST

static void remove_everything(const char *path)
{
    (void)path;
    on_file = NULL;
    for (int i = 0; i < 100; i++) {
        char name[32];

        snprintf(name, sizeof name, "v/%d.jpg", i);
        unlinkat(root, name, 0);
    }
    unlinkat(root, "v", AT_REMOVEDIR);
}

START_TEST(a_directory_that_vanishes_while_it_is_read_ends_the_walk_over_it)
{
    setup();
    make_directory("v");
    for (int i = 0; i < 100; i++) {
        char name[32];

        snprintf(name, sizeof name, "v/%d.jpg", i);
        hot_write(hot.in[0], name, "x");
    }
    hot_write(hot.in[0], "z.jpg", "x");
    on_file = NULL;
    scan_request(scan, "v", walking);
    on_file = remove_everything;
    steps(1);
    ck_assert_uint_eq(seen_count, 2); /* the directory and the file after which it vanished */
    ck_assert_int_lt(place('!', "v"), 0);
    walk("");
    ck_assert_int_ge(place('f', "z.jpg"), 0);
    teardown();
}
END_TEST

START_TEST(five_hundred_levels_are_walked)
{
    char path[2100] = "";

    setup();
    for (int i = 0; i < 500; i++) {
        snprintf(path + strlen(path), sizeof path - strlen(path), "%sd%02d", i ? "/" : "", i % 100);
        make_directory(path);
    }
    snprintf(path + strlen(path), sizeof path - strlen(path), "/x.jpg");
    hot_write(hot.in[0], path, "x");
    walk("");
    ck_assert_uint_eq(seen_count, 502);
    ck_assert_int_eq(place('f', path), 501);
    teardown();
}
END_TEST

START_TEST(a_directory_that_cannot_be_opened_is_told_and_the_rest_is_walked)
{
    setup();
    make_usual_tree();
    hot_write(hot.in[0], "file", "x");
    scan_request(scan, "", walking);
    scan_request(scan, "file", walking); /* became a file meanwhile */
    steps(512);
    ck_assert_int_ge(place('!', "file"), 0);
    ck_assert_int_ge(place('f', "d/e/c.webp"), 0);
    teardown();
}
END_TEST

UNIT_MAIN("scan", UNIT_TEST(a_walk_finds_every_accepted_file_and_every_directory_once),
          UNIT_TEST(a_directory_is_told_before_what_is_in_it),
          UNIT_TEST(a_folder_that_is_not_recursive_is_walked_at_the_top_only),
          UNIT_TEST(a_part_of_the_tree_can_be_walked),
          UNIT_TEST(a_walk_over_all_makes_the_others_superfluous), UNIT_TEST(a_cancelled_walk_is_over),
          UNIT_ROWS(ignored_names_are_not_told, ignored), UNIT_TEST(an_ignored_directory_is_not_entered),
          UNIT_ROWS(a_step_is_as_small_as_asked_and_loses_nothing, step_sizes),
          UNIT_TEST(links_are_told_and_not_followed),
          UNIT_TEST(pipes_with_a_pictures_name_are_told_but_not_as_files),
          UNIT_TEST(a_directory_that_need_not_be_listed_is_passed_over_with_all_below_it),
          UNIT_TEST(a_directory_that_is_gone_when_its_turn_comes_is_told_and_passed_over),
          UNIT_TEST(a_directory_that_vanishes_while_it_is_read_ends_the_walk_over_it),
          UNIT_TEST(five_hundred_levels_are_walked),
          UNIT_TEST(a_directory_that_cannot_be_opened_is_told_and_the_rest_is_walked))
