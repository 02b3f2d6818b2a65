/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/profile: the profiles with names, and which of others can be used. */
#include "image/profile.h"

#include "colour_reference.h"
#include "unit_main.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum { DATE_AT = 24, DATE_BYTES = 12, SIDE = 12 };

static const struct {
    enum profile_choice choice;
    enum space space;
    const char *description;
} names[] = {
    { PROFILE_SRGB, SPACE_SRGB, "sRGB" },
    { PROFILE_P3, SPACE_P3, "Display P3" },
    { PROFILE_ADOBE_RGB, SPACE_ADOBE_RGB, "Compatible with Adobe RGB (1998)" },
};

START_TEST(a_profile_is_what_was_published)
{
    _cleanup_profile_ struct profile made = { 0 };
    _cleanup_stored_ struct stored bytes = { NULL, 0 }, reference = space_profile(names[_i].space);
    _cleanup_raster_ struct raster colours = raster_paint(SIDE, SIDE, RASTER_RGB, false, raster_slopes);
    _cleanup_raster_ struct raster got = { 0 }, wanted = { 0 };

    ck_assert_int_eq(profile_make(names[_i].choice, false, &made), 0);
    ck_assert_uint_eq(profile_colours(&made), COLOURS_RGB);
    bytes = stored_copy(made.data, made.size);
    got = to_srgb(&colours, &bytes);
    wanted = to_srgb(&colours, &reference);
    ck_assert_double_le(raster_difference(&got, &wanted), 1e-4);
}
END_TEST

/* Profiles have their texts in UTF-16. */
static bool says(const struct profile *profile, const char *text)
{
    char wide[100];
    size_t length = strlen(text);

    for (size_t i = 0; i < length; i++) {
        wide[2 * i] = 0;
        wide[2 * i + 1] = text[i];
    }
    return memmem(profile->data, profile->size, wide, 2 * length) != NULL;
}

START_TEST(a_profile_says_its_name)
{
    _cleanup_profile_ struct profile made = { 0 };

    ck_assert_int_eq(profile_make(names[_i].choice, false, &made), 0);
    ck_assert(says(&made, names[_i].description));
    ck_assert_uint_lt(made.size, 1000); /* it goes into every thumbnail */
}
END_TEST

enum { MADE = 2 * PROFILE_CHOICE_COUNT };

static void make_all(struct profile made[MADE])
{
    for (int i = 0; i < MADE; i++)
        ck_assert_int_eq(profile_make((enum profile_choice)(i / 2), i % 2, &made[i]), 0);
}

START_TEST(profiles_have_the_same_bytes_at_any_time)
{
    struct timespec a_second = { 1, 100000000 }; /* what littleCMS writes of the time changes each second */
    struct profile made[MADE] = { 0 }, again[MADE] = { 0 };

    make_all(made);
    nanosleep(&a_second, NULL);
    make_all(again);
    for (int i = 0; i < MADE; i++) {
        ck_assert_uint_eq(made[i].size, again[i].size);
        ck_assert_mem_eq(made[i].data, again[i].data, made[i].size);
        ck_assert_mem_eq((const char *)made[i].data + DATE_AT, "\x07\xea\0\1\0\1\0\0\0\0\0\0", DATE_BYTES);
        profile_release(&made[i]);
        profile_release(&again[i]);
    }
}
END_TEST

/* ---- those of others ---- */

/* A profile that ends early, or whose tags are all empty, or that is said to be something else. */
static struct stored part_of(enum space space, size_t bytes)
{
    struct stored profile = space_profile(space);

    profile.size = bytes;
    return profile;
}

static struct stored of_class(enum space space, const char *class)
{
    enum { CLASS_AT = 12, CLASS_BYTES = 4 };
    struct stored profile = space_profile(space);

    memcpy(profile.data + CLASS_AT, class, CLASS_BYTES);
    return profile;
}

static struct stored grown(enum space space)
{
    struct stored profile = space_profile(space);

    profile.data = realloc(profile.data, PROFILE_SIZE_MAX + 1);
    ck_assert_ptr_nonnull(profile.data);
    memset(profile.data + profile.size, 0, PROFILE_SIZE_MAX + 1 - profile.size);
    profile.size = PROFILE_SIZE_MAX + 1;
    return profile;
}

static void expect_refusal(struct stored profile, const char *why)
{
    struct error error;

    ck_assert_int_eq(profile_check(profile.data, profile.size, &error), -EINVAL);
    ck_assert_int_eq(error.class, CLASS_PERMANENT);
    ck_assert_msg(strstr(error.text, why), "%s, not %s", error.text, why);
    stored_release(&profile);
}

START_TEST(a_profile_that_cannot_be_used_is_refused)
{
    expect_refusal(stored_copy("Hello, this is no profile", 25), "not an ICC profile");
    expect_refusal(stored_copy("", 1), "not an ICC profile");
    expect_refusal(part_of(SPACE_P3, 100), "not an ICC profile");
    expect_refusal(part_of(SPACE_P3, 300), "or it is damaged");
    expect_refusal(of_class(SPACE_P3, "link"), "not an ICC profile of a device");
    expect_refusal(of_class(SPACE_P3, "abst"), "not an ICC profile of a device");
    expect_refusal(space_profile(SPACE_INKS), "for input only"); /* it has no way back */
    expect_refusal(grown(SPACE_P3), "at most 16 MB");
}
END_TEST

START_TEST(a_profile_that_can_be_used_is_taken)
{
    static const enum space usable[] = { SPACE_SRGB, SPACE_P3, SPACE_ADOBE_RGB, SPACE_GREY_18 };
    _cleanup_profile_ struct profile inks = { 0 };
    struct error error;

    for (size_t i = 0; i < ARRAY_SIZE(usable); i++) {
        _cleanup_stored_ struct stored profile = space_profile(usable[i]);

        ck_assert_msg(profile_check(profile.data, profile.size, &error) == 0, "%s", error.text);
    }
    ck_assert_msg(engine_start(&error) == 0, "%s", error.text);
    ck_assert_int_eq(profile_assumed(COLOURS_CMYK, &inks), 0);
    ck_assert_msg(profile_check(inks.data, inks.size, &error) == 0, "%s", error.text);
}
END_TEST

int main(void)
{
    const struct unit_test tests[] = {
        UNIT_ROWS(a_profile_is_what_was_published, names),
        UNIT_ROWS(a_profile_says_its_name, names),
        UNIT_TEST(profiles_have_the_same_bytes_at_any_time),
        UNIT_TEST(a_profile_that_cannot_be_used_is_refused),
        UNIT_TEST(a_profile_that_can_be_used_is_taken),
    };

    return unit_main("profile", tests, ARRAY_SIZE(tests));
}
