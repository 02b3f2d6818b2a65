/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which recipes there are, and which of two of the same name counts. */
#include "recipe/catalogue.h"

#include "base/cleanup.h"
#include "scratch.h"
#include "unit_main.h"

#include <errno.h>
#include <sys/stat.h>

/* Two directories of recipes. */
struct shelf {
    struct scratch own, vendor;
};

static struct shelf make_shelf(void)
{
    return (struct shelf){ .own = scratch_make(), .vendor = scratch_make() };
}

static void remove_shelf(struct shelf *shelf)
{
    scratch_remove(&shelf->own);
    scratch_remove(&shelf->vendor);
}

static void put(const struct scratch *where, const char *name, const char *text)
{
    char path[PATH_MAX];

    scratch_write(where, name, text, strlen(text), path);
}

START_TEST(recipes_are_listed_by_name_and_the_first_of_a_name_counts)
{
    _cleanup_(remove_shelf) struct shelf shelf = make_shelf();
    _cleanup_(catalogue_release) struct catalogue catalogue = { 0 };
    const char *const places[] = { shelf.own.path, NULL, "/nonexistent/recipes", shelf.vendor.path };
    const char *where = NULL;
    char wanted[PATH_MAX];

    put(&shelf.vendor, "web.recipe", "[Recipe]\nDescription=The vendor's\n");
    put(&shelf.vendor, "thumbnail.recipe", "[Recipe]\nDescription=Small ones\n");
    put(&shelf.vendor, "web.recipe~", "");
    put(&shelf.vendor, ".hidden.recipe", "");
    put(&shelf.vendor, ".recipe", "");
    put(&shelf.own, "web.recipe", "[Recipe]\nDescription=Mine\nStep=explode\n");
    put(&shelf.own, "broken.recipe", "no recipe at all\n");

    ck_assert_int_eq(catalogue_read(places, ARRAY_SIZE(places), &catalogue, &where), 0);
    ck_assert_uint_eq(catalogue.count, 3);
    ck_assert_str_eq(catalogue.list[0].name, "broken");
    ck_assert_ptr_null(catalogue.list[0].description);
    ck_assert_str_eq(catalogue.list[1].name, "thumbnail");
    ck_assert_str_eq(catalogue.list[1].description, "Small ones");
    ck_assert_str_eq(catalogue.list[2].name, "web");
    ck_assert_str_eq(catalogue.list[2].description, "Mine");
    snprintf(wanted, sizeof wanted, "%s/web.recipe", shelf.own.path);
    ck_assert_str_eq(catalogue.list[2].path, wanted);
}
END_TEST

START_TEST(a_drop_in_may_say_what_a_recipe_is_for)
{
    _cleanup_(remove_shelf) struct shelf shelf = make_shelf();
    _cleanup_(catalogue_release) struct catalogue catalogue = { 0 };
    const char *const places[] = { shelf.own.path };
    const char *where;
    char path[PATH_MAX];

    put(&shelf.own, "web.recipe", "[Recipe]\nDescription=Mine\n");
    snprintf(path, sizeof path, "%s/web.recipe.d", shelf.own.path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    put(&shelf.own, "web.recipe.d/more.conf", "[Recipe]\nDescription=Ours\n");

    ck_assert_int_eq(catalogue_read(places, 1, &catalogue, &where), 0);
    ck_assert_uint_eq(catalogue.count, 1);
    ck_assert_str_eq(catalogue.list[0].description, "Ours");
}
END_TEST

START_TEST(a_recipe_is_found_by_its_name)
{
    _cleanup_(remove_shelf) struct shelf shelf = make_shelf();
    const char *const places[] = { shelf.own.path, shelf.vendor.path };
    _cleanup_free_ char *path = NULL;
    char wanted[PATH_MAX];

    put(&shelf.vendor, "web.recipe", "");
    ck_assert_int_eq(catalogue_find(places, 2, "wob", &path), -ENOENT);
    ck_assert_ptr_null(path);
    ck_assert_int_eq(catalogue_find(places, 2, "web", &path), 0);
    snprintf(wanted, sizeof wanted, "%s/web.recipe", shelf.vendor.path);
    ck_assert_str_eq(path, wanted);
}
END_TEST

START_TEST(what_is_no_directory_is_told)
{
    _cleanup_(remove_shelf) struct shelf shelf = make_shelf();
    _cleanup_(catalogue_release) struct catalogue catalogue = { 0 };
    char path[PATH_MAX];
    const char *const places[] = { shelf.own.path, path };
    const char *where = NULL;

    snprintf(path, sizeof path, "%s/file", shelf.vendor.path);
    put(&shelf.vendor, "file", "");
    ck_assert_int_eq(catalogue_read(places, 2, &catalogue, &where), -ENOTDIR);
    ck_assert_ptr_eq(where, path);
}
END_TEST

UNIT_MAIN("catalogue", UNIT_TEST(recipes_are_listed_by_name_and_the_first_of_a_name_counts),
          UNIT_TEST(a_drop_in_may_say_what_a_recipe_is_for), UNIT_TEST(a_recipe_is_found_by_its_name),
          UNIT_TEST(what_is_no_directory_is_told))
