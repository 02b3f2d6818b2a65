/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What darkroomd --check says of a right configuration. */
#include "supervisor/check_report.h"

#include "base/cleanup.h"
#include "hot_folders.h"
#include "mounts.h"
#include "unit_main.h"

#include <stdarg.h>

static struct hot_folders hot;
static char *report;
static size_t report_size;

static void setup(void)
{
    hot_open(&hot, 1, HOT_RECIPE);
    hot.config->recipe_files[0] = strdup("/etc/darkroom/recipes/test.recipe");
}

static void teardown(void)
{
    free(report);
    hot_close(&hot);
}

static void print(void)
{
    FILE *file = open_memstream(&report, &report_size);

    check_report_print(hot.config, file);
    fclose(file);
}

static void expect(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void expect(const char *format, ...)
{
    char text[PATH_MAX + 200];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ck_assert_msg(strstr(report, text), "no \"%s\" in:\n%s", text, report);
}

/* The file system is told as well, unless it is mounted outside of the root directory (chroot). */
START_TEST(a_folder_is_told_with_all_that_it_comes_to)
{
    setup();
    hot.conf[0].originals = ORIGINALS_ARCHIVE;
    hot.conf[0].archive = strdup(hot.archive);
    print();
    expect("f0\n  Path       %s", hot.in[0]);
    expect("  Watch      inotify: it is on a local file system\n");
    expect("  Output     %s", hot.out[0]);
    expect("  Recipe     test, from /etc/darkroom/recipes/test.recipe\n");
    expect("  Existing   fail\n");
    expect("  Originals  are archived\n");
    expect("  Archive    %s", hot.archive);
    teardown();
}
END_TEST

START_TEST(links_and_missing_directories_are_told)
{
    setup();
    ck_assert_int_eq(rmdir(hot.out[0]), 0);
    free(hot.conf[0].path);
    hot.conf[0].path = strdup(hot_path(hot.scratch.path, "link"));
    ck_assert_int_eq(symlink("in0", hot.conf[0].path), 0);
    print();
    expect("/link is %s", hot.in[0]);
    expect("  Output     %s (No such file or directory; it is waited for)\n", hot.out[0]);
    teardown();
}
END_TEST

static const struct {
    int watch;
    const char *text;
} choices[] = {
    { WATCH_INOTIFY, "  Watch      inotify, as Watch= says\n" },
    { WATCH_POLL, "  Watch      poll, every 2.0 s, as Watch= says\n" },
};

START_TEST(a_chosen_watch_is_told)
{
    setup();
    hot.conf[0].watch = choices[_i].watch;
    print();
    expect("%s", choices[_i].text);
    teardown();
}
END_TEST

START_TEST(the_mount_of_a_directory_is_told)
{
    setup();
    if (mounts_private()) {
        mounts_tmpfs(&hot.scratch, "in0");
        print();
        expect("  Path       %s, on tmpfs mounted at %s\n", hot.in[0], hot.in[0]);
    }
    teardown();
}
END_TEST

UNIT_MAIN("check_report", UNIT_TEST(a_folder_is_told_with_all_that_it_comes_to),
          UNIT_TEST(links_and_missing_directories_are_told), UNIT_ROWS(a_chosen_watch_is_told, choices),
          UNIT_TEST(the_mount_of_a_directory_is_told))
