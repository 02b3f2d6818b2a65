/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folders that would work on their own outputs, by whatever name (contract, rule 13): each arrangement plain, through a
 * symbolic link, through a bind mount, and through a mount below the Path. test_config.c has those of names alone. */
#include "supervisor/config_check.h"

#include "base/cleanup.h"
#include "expect_problems.h"
#include "mounts.h"
#include "unit_main.h"

#include <errno.h>

enum { FOLDERS = 3 };

/* How "X" becomes another name of the directory x; in a table below, "~x" is that name. */
enum detour { BY_LINK, BY_BIND, BY_MOUNT_BELOW, DETOURS };

struct arrangement {
    const char *name;
    struct {
        const char *path, *output, *archive, *failed;
    } folders[FOLDERS];
    const char *problem; /* NULL: fine */
};

static const struct arrangement arrangements[] = {
    { "A to A", { { "a", "~a", NULL, NULL } }, "are the same place or inside one another" },
    { "A to B to A",
      { { "a", "~b", NULL, NULL }, { "b", "~a", NULL, NULL } },
      "lead back to it through folder \"y\"" },
    { "A to B to C to A",
      { { "a", "b", NULL, NULL }, { "b", "~c", NULL, NULL }, { "c", "a", NULL, NULL } },
      "lead back to it through folder \"y\"" },
    { "one Path twice", { { "a", "out", NULL, NULL }, { "~a", "out", NULL, NULL } }, "Path= of folder" },
    { "a Path in another",
      { { "a", "out", NULL, NULL }, { "~a/sub", "out", NULL, NULL } },
      "Path= of folder" },
    { "an Archive in another's Path",
      { { "a", "out", "~b/sub", NULL }, { "b", "out", NULL, NULL } },
      "is inside the Path= of folder \"y\"" },
    { "a Failed in another's Path",
      { { "a", "out", NULL, "~b" }, { "b", "out", NULL, NULL } },
      "is inside the Path= of folder \"y\"" },
    { "an Archive in its own Path", { { "a", "out", "~a/sub", NULL } }, "is inside Path=" },
    { "an Archive hidden in its own Path", { { "a", "out", "~a/.old", NULL } }, NULL },
    { "a chain", { { "a", "~b", NULL, NULL }, { "b", "~c", NULL, NULL }, { "c", "out", NULL, NULL } }, NULL },
    { "one Output for two", { { "a", "~out", NULL, NULL }, { "b", "out", NULL, NULL } }, NULL },
};

static struct scratch scratch;
static struct problems problems;
static struct folder_conf folders[FOLDERS];

/* Makes "other-X" another name of X, for each directory. */
static void make_detours(enum detour detour)
{
    static const char *const directories[] = { "a", "b", "c", "out" };

    for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
        char other[32], below[48];

        snprintf(other, sizeof other, "other-%s", directories[i]);
        snprintf(below, sizeof below, "%s/sub", directories[i]);
        mounts_directory(&scratch, directories[i]);
        mounts_directory(&scratch, below);
        if (detour == BY_LINK)
            ck_assert_int_eq(symlink(directories[i], mounts_path(&scratch, other)), 0);
        else
            mounts_directory(&scratch, other);
        if (detour == BY_BIND)
            mounts_bind(&scratch, directories[i], other);
        if (detour == BY_MOUNT_BELOW) /* X shows the other directory below it */
            mounts_bind(&scratch, other, below);
    }
}

static char *path_of(const char *name)
{
    char path[64];

    if (!name)
        return NULL;
    snprintf(path, sizeof path, "%s%s", *name == '~' ? "other-" : "", name + (*name == '~'));
    return strdup(mounts_path(&scratch, path));
}

static int check(const struct arrangement *arrangement)
{
    static const char *const names[] = { "x", "y", "z" };
    struct config config = { .folders = folders };

    for (size_t i = 0; i < FOLDERS && arrangement->folders[i].path; i++) {
        ck_assert_int_eq(folder_conf_init(&folders[i], names[i]), 0);
        folders[i].path = path_of(arrangement->folders[i].path);
        folders[i].output = path_of(arrangement->folders[i].output);
        folders[i].archive = path_of(arrangement->folders[i].archive);
        folders[i].failed = path_of(arrangement->folders[i].failed);
        config.folder_count++;
    }
    return config_check_folders(&config, &problems);
}

START_TEST(loops_are_seen_through_other_names)
{
    const struct arrangement *arrangement = &arrangements[_i / DETOURS];
    _cleanup_free_ char *text = NULL;
    int r;

    scratch = scratch_make();
    if (mounts_private()) {
        make_detours((enum detour)(_i % DETOURS));
        r = check(arrangement);
        text = problems_text(&problems);
        if (arrangement->problem)
            ck_assert_msg(r == -EINVAL && strstr(text, arrangement->problem), "%s, %d: %d %s",
                          arrangement->name, _i % DETOURS, r, text);
        else
            ck_assert_msg(r == 0, "%s, %d: %s", arrangement->name, _i % DETOURS, text);
        for (size_t i = 0; i < FOLDERS; i++)
            folder_conf_release(&folders[i]);
        problems_release(&problems);
    }
    scratch_remove(&scratch);
}
END_TEST

/* A directory that others show below them. */
static const struct {
    const char *shown, *below[2];
    struct arrangement arrangement;
} shown_below[] = {
    { "a",
      { "out/sub", NULL },
      { "what goes into the Output comes into the Path",
        { { "a", "out", NULL, NULL } },
        "are the same place or inside one another" } },
    { "c",
      { "a/sub", "b/sub" },
      { "one directory below two Paths",
        { { "a", "out", NULL, NULL }, { "b", "out", NULL, NULL } },
        "show the same directory through a mount" } },
};

START_TEST(a_directory_that_is_shown_below_another_is_seen)
{
    const struct arrangement *arrangement = &shown_below[_i].arrangement;

    scratch = scratch_make();
    if (mounts_private()) {
        make_detours(BY_LINK);
        for (size_t i = 0; i < ARRAY_SIZE(shown_below[_i].below) && shown_below[_i].below[i]; i++)
            mounts_bind(&scratch, shown_below[_i].shown, shown_below[_i].below[i]);
        ck_assert_int_eq(check(arrangement), -EINVAL);
        expect_problem(arrangement->name, &problems, arrangement->problem);
        for (size_t i = 0; i < FOLDERS; i++)
            folder_conf_release(&folders[i]);
        problems_release(&problems);
    }
    scratch_remove(&scratch);
}
END_TEST

static const int all[ARRAY_SIZE(arrangements) * DETOURS];

UNIT_MAIN("config_check", UNIT_ROWS(loops_are_seen_through_other_names, all),
          UNIT_ROWS(a_directory_that_is_shown_below_another_is_seen, shown_below))
