/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that recipes name: what is wrong with them is said before there is any work. */
#include "daemon_harness.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#define LOGO "config/recipes/logo.png"
#define RECIPE_WATERMARK                                                                                     \
    "[Recipe]\nStep=watermark logo.png width=50%\n[Output a]\nName={stem}.{ext}\nFormat=png\n"

static void paint_logo(const struct harness *h)
{
    harness_drop(h, "../" LOGO, 64, 64, 7);
}

/* As an upload leaves it that ends too early. */
static void cut_logo(const struct harness *h)
{
    const char *path = harness_path(h, LOGO);
    struct stat st;

    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(truncate(path, st.st_size / 2), 0);
}

#define PLACE "/config/recipes/web.recipe:2:16: "

/* @text has one line with the place in the recipe and the file's name. */
static void expect_told(const struct harness *h, const char *text)
{
    const char *told = strstr(text, PLACE);

    ck_assert_msg(told, "%s", text);
    told += strlen(PLACE);
    ck_assert_msg(strncmp(told, harness_path(h, LOGO), strlen(harness_path(h, LOGO))) == 0, "%s", text);
}

static int run_daemon(const struct harness *h, const char *option, const char **ret_output)
{
    return HARNESS_RUN(h, ret_output, "darkroomd", "--config", harness_path(h, "config"), "--state",
                       harness_path(h, "state"), "--runtime", harness_path(h, "run"), option);
}

static int ctl_check(const struct harness *h, const char **ret_output)
{
    return HARNESS_RUN(h, ret_output, "darkroomctl", "--socket", harness_path(h, "run/api.sock"), "check");
}

START_TEST(a_check_finds_a_watermark_that_is_cut)
{
    const char *output;
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", RECIPE_WATERMARK);
    ck_assert_int_eq(run_daemon(&h, "--check", &output), EX_CONFIG);
    ck_assert_msg(strstr(output, "web.recipe:2:16") && strstr(output, "there is no such file"), "%s", output);

    paint_logo(&h);
    ck_assert_int_eq(run_daemon(&h, "--check", &output), EX_OK);
    ck_assert_msg(strstr(output, "The configuration is right."), "%s", output);

    cut_logo(&h);
    ck_assert_int_eq(run_daemon(&h, "--check", &output), EX_CONFIG);
    expect_told(&h, output);
    ck_assert_msg(!strstr(output, "is right"), "%s", output);
    harness_close(&h);
}
END_TEST

START_TEST(a_daemon_whose_watermark_is_cut_says_so_and_goes_on_when_it_is_whole)
{
    const char *output;
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", RECIPE_WATERMARK);
    paint_logo(&h);
    cut_logo(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    ck_assert_int_eq(run_daemon(&h, "--drain", &output), EX_TEMPFAIL);
    expect_told(&h, output);
    ck_assert_uint_eq(harness_count(&h, "out"), 0);

    paint_logo(&h);
    ck_assert_int_eq(run_daemon(&h, "--drain", NULL), 0);
    harness_expect_picture(&h, "out/a.png", 48, 48);
    harness_close(&h);
}
END_TEST

START_TEST(a_reload_with_a_watermark_that_is_cut_changes_nothing)
{
    const char *output;
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    paint_logo(&h);
    cut_logo(&h);
    harness_write(&h, "config/recipes/web.recipe", "%s", RECIPE_WATERMARK);
    ck_assert_int_eq(ctl_check(&h, &output), 1);
    expect_told(&h, output);

    harness_signal(&h, SIGHUP);
    harness_await_ready(&h);
    ck_assert_int_eq(harness_number(harness_status(&h), "generation"), 1);
    expect_told(&h, strstr(harness_read(&h, "log"), "the old one stays"));
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);
    harness_expect_picture(&h, "out/a.png", 24, 24);

    paint_logo(&h);
    ck_assert_int_eq(ctl_check(&h, &output), 0);
    harness_signal(&h, SIGHUP);
    harness_await_ready(&h);
    ck_assert_int_gt(harness_number(harness_status(&h), "generation"), 1);
    harness_drop(&h, "b.jpg", 48, 48, 1);
    harness_await_ends(&h, 2, 0);
    harness_expect_picture(&h, "out/b.png", 48, 48);
    harness_close(&h);
}
END_TEST

START_TEST(a_check_finds_letters_that_the_font_does_not_have)
{
    const char *output;
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", "[Recipe]\n[Output a]\nName={stem}.{ext}\nFormat=png\nStep=text \"a 日本\"\n");
    ck_assert_int_eq(run_daemon(&h, "--check", &output), EX_CONFIG);
    ck_assert_msg(strstr(output,
                         "recipe web: DejaVu Sans: the font has no letter for \"日\" (U+65E5); choose "
                         "another with font="),
                  "%s", output);
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("assets", UNIT_TEST(a_check_finds_a_watermark_that_is_cut),
             UNIT_TEST(a_daemon_whose_watermark_is_cut_says_so_and_goes_on_when_it_is_whole),
             UNIT_TEST(a_reload_with_a_watermark_that_is_cut_changes_nothing),
             UNIT_TEST(a_check_finds_letters_that_the_font_does_not_have))
