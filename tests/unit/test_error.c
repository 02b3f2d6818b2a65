/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors: names, classes, and texts that stay whole when they are cut. */
#include "base/error.h"

#include "base/text.h"
#include "unit_main.h"

#include <errno.h>
#include <string.h>

static const struct {
    enum error_class class;
    const char *name;
    bool counts;
} classes[] = {
    { 0, "none", false },     { 1, "permanent", false },
    { 2, "conflict", false }, { 3, "transient", false },
    { 4, "crash", true },     { 5, "timeout", true },
    { 6, "memory", true },    { 7, "environment", false },
    { 8, "?", false },        { (enum error_class) - 1, "?", false },
};

START_TEST(class_numbers_and_names_never_change)
{
    ck_assert_str_eq(error_class_name(classes[_i].class), classes[_i].name);
    ck_assert(error_class_counts(classes[_i].class) == classes[_i].counts);
}
END_TEST

static const char *const stages[] = {
    "none",   "plan",   "open",  "probe",   "limits",   "decode",
    "render", "encode", "check", "publish", "original", "?",
};

START_TEST(stage_numbers_and_names_never_change)
{
    ck_assert_str_eq(error_stage_name((enum error_stage)_i), stages[_i]);
}
END_TEST

static const struct {
    int errnum;
    enum error_class class;
} errnos[] = {
    { ENOSPC, CLASS_ENVIRONMENT }, { EDQUOT, CLASS_ENVIRONMENT }, { EROFS, CLASS_ENVIRONMENT },
    { EMFILE, CLASS_ENVIRONMENT }, { EIO, CLASS_TRANSIENT },      { ESTALE, CLASS_TRANSIENT },
    { EBUSY, CLASS_TRANSIENT },    { ENOENT, CLASS_PERMANENT },   { EINVAL, CLASS_PERMANENT },
    { ELOOP, CLASS_PERMANENT },    { 0, CLASS_PERMANENT },        { 99999, CLASS_PERMANENT },
};

START_TEST(an_errno_says_what_becomes_of_the_job)
{
    ck_assert_int_eq((int)error_class_of_errno(errnos[_i].errnum), (int)errnos[_i].class);
}
END_TEST

START_TEST(setting_an_error_fills_it_and_returns_the_errno)
{
    struct error error = { 0 };

    ck_assert_int_eq(error_set(&error, EINVAL, CLASS_PERMANENT, STAGE_PROBE, "no %s", "picture"), -EINVAL);
    ck_assert_int_eq((int)error.class, (int)CLASS_PERMANENT);
    ck_assert_int_eq((int)error.stage, (int)STAGE_PROBE);
    ck_assert_str_eq(error.text, "no picture");
    ck_assert_int_eq(error_set(NULL, EIO, CLASS_TRANSIENT, STAGE_OPEN, "x"), -EIO);
}
END_TEST

START_TEST(a_failed_call_is_described)
{
    struct error error = { 0 };

    ck_assert_int_eq(error_set_errno(&error, ENOSPC, STAGE_PUBLISH, "cannot write %s", "a.jpg"), -ENOSPC);
    ck_assert_int_eq((int)error.class, (int)CLASS_ENVIRONMENT);
    ck_assert_str_eq(error.text, "cannot write a.jpg: No space left on device");
    ck_assert_int_eq(error_set_errno(&error, 99999, STAGE_OPEN, "x"), -99999);
    ck_assert_str_eq(error.text, "x: unknown error");
    ck_assert_int_eq(error_set_errno(NULL, EIO, STAGE_OPEN, "x"), -EIO);
}
END_TEST

static const char *const units[] = { "a", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x93\xB7" };

/* As many of units[@row] as never fit, after @offset bytes. */
static const char *long_text(int row, size_t offset, char buffer[1000])
{
    size_t length = strlen(units[row]), used = offset;

    memset(buffer, 'x', offset);
    for (; used + length < 1000; used += length)
        memcpy(buffer + used, units[row], length);
    buffer[used] = '\0';
    return buffer;
}

START_TEST(a_text_that_is_too_long_is_cut_between_characters)
{
    struct error error;
    char buffer[1000];

    for (size_t offset = 0; offset < 4; offset++) {
        error_set(&error, EINVAL, CLASS_PERMANENT, STAGE_OPEN, "%s", long_text(_i, offset, buffer));
        ck_assert(text_is_utf8(error.text, strlen(error.text)));
        ck_assert_uint_ge(strlen(error.text), sizeof error.text - 4);
    }
}
END_TEST

START_TEST(the_description_is_never_what_is_cut_off)
{
    struct error error;
    char buffer[1000];

    for (size_t offset = 0; offset < 4; offset++) {
        error_set_errno(&error, EIO, STAGE_OPEN, "%s", long_text(_i, offset, buffer));
        ck_assert(text_is_utf8(error.text, strlen(error.text)));
        ck_assert_msg(strstr(error.text, ": Input/output error"), "%s", error.text);
        ck_assert_uint_ge(strlen(error.text), sizeof error.text - 4);
    }
}
END_TEST

UNIT_MAIN("error", UNIT_ROWS(class_numbers_and_names_never_change, classes),
          UNIT_ROWS(stage_numbers_and_names_never_change, stages),
          UNIT_ROWS(an_errno_says_what_becomes_of_the_job, errnos),
          UNIT_TEST(setting_an_error_fills_it_and_returns_the_errno), UNIT_TEST(a_failed_call_is_described),
          UNIT_ROWS(a_text_that_is_too_long_is_cut_between_characters, units),
          UNIT_ROWS(the_description_is_never_what_is_cut_off, units))
