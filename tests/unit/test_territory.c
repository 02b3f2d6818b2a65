/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where directories really are, with real links and mounts in a namespace of the test's own. */
#include "supervisor/territory.h"

#include "base/cleanup.h"
#include "mounts.h"
#include "unit_main.h"

static struct scratch scratch;
static struct mount_table *table;

static void free_territory(struct territory **territory)
{
    territory_free(*territory);
}
#define _cleanup_territory_ _cleanup_(free_territory)

static bool setup(void)
{
    static const char *const directories[] = { "a", "a/sub", "a/.hidden", "b", "disk", "elsewhere" };

    scratch = scratch_make();
    if (!mounts_private()) {
        scratch_remove(&scratch);
        return false;
    }
    for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
        mounts_directory(&scratch, directories[i]);
    return true;
}

static void teardown(void)
{
    mount_table_free(take_ptr(table));
    scratch_remove(&scratch);
}

static struct territory *of(const char *name)
{
    return territory_new(table, mounts_path(&scratch, name), NULL);
}

static void bind_and_read(const char *from, const char *to)
{
    if (from)
        mounts_bind(&scratch, from, to);
    ck_assert_int_eq(mount_table_read(&table), 0);
}

/* Pairs that are in one another by another name. */
static const struct {
    const char *from, *to; /* bind mount */
    const char *inner, *outer, *inside;
    bool overlap;
} rows[] = {
    { NULL, NULL, "a", "a", "", true },
    { NULL, NULL, "a/sub", "a", "sub", true },
    { NULL, NULL, "a", "b", NULL, false },
    { NULL, NULL, "a/later/still", "a", "later/still", true }, /* not there yet */
    { NULL, NULL, "link", "a", "", true },
    { NULL, NULL, "link/sub", "a", "sub", true },
    { "a", "b", "b", "a", "", true },
    { "a", "b", "b/sub", "a", "sub", true },
    { "a", "b", "b/later", "a/sub", NULL, false },
    { "a/sub", "b", "b", "a", "sub", true },
    { "b", "a/sub", "b", "a", "", true }, /* a shows b below it */
    { "b", "a/sub", "b/x", "a", "x", true },
    { "b", "a/sub", "a", "b", NULL, true }, /* what is written to a/sub comes into b */
    { "b", "a/sub", "elsewhere", "a", NULL, false },
};

START_TEST(a_directory_is_found_under_its_other_names)
{
    _cleanup_territory_ struct territory *inner = NULL, *outer = NULL;
    const char *inside;

    if (!setup())
        return;
    ck_assert_int_eq(symlink("a", mounts_path(&scratch, "link")), 0);
    bind_and_read(rows[_i].from, rows[_i].to);
    inner = of(rows[_i].inner);
    outer = of(rows[_i].outer);
    inside = territory_inside(inner, outer);
    if (rows[_i].inside)
        ck_assert_msg(inside && strcmp(inside, rows[_i].inside) == 0, "%s", inside ? inside : "-");
    else
        ck_assert_ptr_null(inside);
    ck_assert_int_eq(territory_overlaps(inner, outer), rows[_i].overlap);
    ck_assert_int_eq(territory_overlaps(outer, inner), rows[_i].overlap);
    teardown();
}
END_TEST

START_TEST(equal_paths_on_two_disks_are_two_places)
{
    _cleanup_territory_ struct territory *one = NULL, *two = NULL;

    if (!setup())
        return;
    mounts_tmpfs(&scratch, "disk");
    mounts_directory(&scratch, "disk/in");
    mounts_tmpfs(&scratch, "elsewhere");
    mounts_directory(&scratch, "elsewhere/in");
    bind_and_read(NULL, NULL);
    one = of("disk/in");
    two = of("elsewhere/in");
    ck_assert(!territory_overlaps(one, two));
    teardown();
}
END_TEST

START_TEST(a_mount_that_the_folder_leaves_alone_is_none_of_it)
{
    struct folder_conf conf;
    _cleanup_territory_ struct territory *path = NULL, *side = NULL, *flat = NULL, *other = NULL;

    if (!setup())
        return;
    ck_assert_int_eq(folder_conf_init(&conf, "web"), 0);
    mounts_bind(&scratch, "b", "a/.hidden");
    bind_and_read("elsewhere", "a/sub");
    path = territory_new(table, mounts_path(&scratch, "a"), &conf);
    side = of("b");
    other = of("elsewhere");
    ck_assert(!territory_overlaps(path, side));
    ck_assert(territory_overlaps(path, other));
    conf.recursive = false;
    flat = territory_new(table, mounts_path(&scratch, "a"), &conf);
    ck_assert(!territory_overlaps(flat, other));
    folder_conf_release(&conf);
    teardown();
}
END_TEST

START_TEST(without_a_mount_table_links_are_seen_through)
{
    _cleanup_territory_ struct territory *one = NULL, *two = NULL;

    if (!setup())
        return;
    ck_assert_int_eq(symlink("a", mounts_path(&scratch, "link")), 0);
    one = of("link/sub");
    two = of("a");
    ck_assert_str_eq(territory_inside(one, two), "sub");
    ck_assert_str_eq(territory_path(one), mounts_path(&scratch, "a/sub"));
    teardown();
}
END_TEST

UNIT_MAIN("territory", UNIT_ROWS(a_directory_is_found_under_its_other_names, rows),
          UNIT_TEST(equal_paths_on_two_disks_are_two_places),
          UNIT_TEST(a_mount_that_the_folder_leaves_alone_is_none_of_it),
          UNIT_TEST(without_a_mount_table_links_are_seen_through))
