/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A reload takes the new configuration whole, or not at all. */
#include "daemon_harness.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>

static void reload(struct harness *h)
{
    harness_signal(h, SIGHUP);
    harness_await_ready(h);
    harness_status(h);
}

static void add_second_folder(const struct harness *h)
{
    ck_assert_int_eq(mkdir(harness_path(h, "in2"), 0755), 0);
    ck_assert_int_eq(mkdir(harness_path(h, "out2"), 0755), 0);
    harness_write(h, "config/folders/more.folder", "[Folder]\nPath=%s\nOutput=%s\nRecipe=web\nSettle=0\n",
                  harness_path(h, "in2"), harness_path(h, "out2"));
}

START_TEST(a_reload_adds_a_folder_and_changes_a_recipe)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);

    add_second_folder(&h);
    harness_write(&h, "config/recipes/web.recipe",
                  "[Recipe]\n[Output a]\nName={stem}.{ext}\nWidth=12\nFormat=jpeg\n");
    reload(&h);
    ck_assert_int_eq(harness_number(h.status, "generation"), 2);
    ck_assert_uint_eq(json_array_size(json_object_get(h.status, "folders")), 2);

    harness_drop(&h, "b.jpg", 48, 48, 2);
    harness_drop(&h, "../in2/c.jpg", 48, 48, 3);
    harness_await_ends(&h, 3, 0);
    harness_expect_picture(&h, "out/a.png", 24, 24); /* what is done is not done again */
    harness_expect_picture(&h, "out/b.jpg", 12, 12);
    harness_expect_picture(&h, "out2/c.jpg", 12, 12);
    ck_assert_uint_eq(harness_count(&h, "out"), 2);
    harness_close(&h);
}
END_TEST

START_TEST(a_reload_takes_a_folder_away_and_gives_it_back)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    add_second_folder(&h);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_drop(&h, "../in2/b.jpg", 48, 48, 1);
    harness_await_ends(&h, 2, 0);

    ck_assert_int_eq(rename(harness_path(&h, "config/folders/more.folder"), harness_path(&h, "more.off")), 0);
    reload(&h);
    ck_assert_uint_eq(json_array_size(json_object_get(h.status, "folders")), 1);
    harness_drop(&h, "../in2/c.jpg", 48, 48, 2);
    harness_drop(&h, "d.jpg", 48, 48, 2);
    harness_await_ends(&h, 3, 0);
    ck_assert(!harness_exists(&h, "out2/c.png"));

    ck_assert_int_eq(rename(harness_path(&h, "more.off"), harness_path(&h, "config/folders/more.folder")), 0);
    reload(&h);
    harness_await_ends(&h, 4, 0);
    harness_expect_picture(&h, "out2/c.png", 24, 24);
    harness_close(&h);
}
END_TEST

/* Its pictures could not be published, so it never ended, and the one in its place never began. */
START_TEST(a_folder_is_let_go_while_its_output_is_missing)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);
    ck_assert_int_eq(rename(harness_path(&h, "out"), harness_path(&h, "away")), 0);
    harness_drop(&h, "b.jpg", 48, 48, 2);
    harness_await_folder(&h, "held");

    ck_assert_int_eq(mkdir(harness_path(&h, "in2"), 0755), 0);
    ck_assert_int_eq(mkdir(harness_path(&h, "out2"), 0755), 0);
    harness_write(&h, "config/folders/web.folder", "[Folder]\nPath=%s\nOutput=%s\nRecipe=web\nSettle=0\n",
                  harness_path(&h, "in2"), harness_path(&h, "out2"));
    reload(&h);
    harness_drop(&h, "../in2/c.jpg", 48, 48, 3);
    harness_await_jobs(&h, "done", 2);
    harness_expect_picture(&h, "out2/c.png", 24, 24);
    ck_assert_int_eq(rename(harness_path(&h, "away"), harness_path(&h, "out")), 0);
    harness_close(&h);
}
END_TEST

START_TEST(a_wrong_configuration_changes_nothing)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    add_second_folder(&h);
    harness_write(&h, "config/recipes/web.recipe", "[Recipe]\n[Output a]\nWidth=12\nFormat=crayon\n");
    reload(&h);
    ck_assert_int_eq(harness_number(h.status, "generation"), 1);
    ck_assert_uint_eq(json_array_size(json_object_get(h.status, "folders")), 1);
    ck_assert_ptr_nonnull(strstr(harness_read(&h, "log"), "config/recipes/web.recipe:4:8"));

    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);
    harness_expect_picture(&h, "out/a.png", 24, 24);
    harness_close(&h);
}
END_TEST

/* Queued jobs take their recipe when they are handed out; none is lost or made twice on the way. */
START_TEST(reloads_under_load_lose_nothing)
{
    enum { COUNT = 120, RELOADS = 6 };
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    for (int i = 0; i < COUNT; i++) {
        char name[32];

        snprintf(name, sizeof name, "%d.jpg", i);
        harness_drop(&h, name, 300, 200, (unsigned)i);
        if (i % (COUNT / RELOADS) == 0)
            reload(&h);
    }
    harness_await_ends(&h, COUNT, 0);
    ck_assert_int_eq(harness_number(h.status, "generation"), 1 + RELOADS);
    ck_assert_uint_eq(harness_count(&h, "out"), COUNT);
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("reload", UNIT_TEST(a_reload_adds_a_folder_and_changes_a_recipe),
             UNIT_TEST(a_reload_takes_a_folder_away_and_gives_it_back),
             UNIT_TEST(a_folder_is_let_go_while_its_output_is_missing),
             UNIT_TEST(a_wrong_configuration_changes_nothing), UNIT_TEST(reloads_under_load_lose_nothing))
