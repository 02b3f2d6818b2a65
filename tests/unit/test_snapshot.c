/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisor/snapshot.h"

#include "base/problems.h"
#include "supervisor/ledger_store.h"
#include "unit_main.h"

static const char *text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static const struct name_row {
    const char *bytes, *readable, *encoded;
} names[] = {
    { "a.jpg", "a.jpg", NULL },      { "\xc3\xbc.jpg", "\xc3\xbc.jpg", NULL },
    { "\xff", "\\xff", "/w==" },     { "a\xff", "a\\xff", "Yf8=" },
    { "ab\xff", "ab\\xff", "YWL/" }, { "abc\xfe", "abc\\xfe", "YWJj/g==" },
};

START_TEST(names_that_are_not_utf8_come_whole_in_base64)
{
    json_t *object = json_object();

    snapshot_set_bytes(object, "path", names[_i].bytes);
    ck_assert_str_eq(text(object, "path"), names[_i].readable);
    if (names[_i].encoded)
        ck_assert_str_eq(text(object, "path_b64"), names[_i].encoded);
    else
        ck_assert_ptr_null(json_object_get(object, "path_b64"));
    json_decref(object);
}
END_TEST

START_TEST(a_failed_job_has_its_class_stage_and_message)
{
    struct job_row row = { .id = 12,
                           .folder = (char *)"web",
                           .path = (char *)"a.jpg",
                           .message = (char *)"cut",
                           .state = JOB_FAILED,
                           .class = CLASS_PERMANENT,
                           .stage = STAGE_DECODE,
                           .queued_us = 1767261600123000,
                           .finished_us = 1767261601000000,
                           .duration_us = 35000 };
    json_t *job = snapshot_job(&row);

    ck_assert_str_eq(text(job, "id"), "12");
    ck_assert_str_eq(text(job, "state"), "failed");
    ck_assert_str_eq(text(job, "class"), "permanent");
    ck_assert_str_eq(text(job, "stage"), "decode");
    ck_assert_str_eq(text(job, "message"), "cut");
    ck_assert_str_eq(text(job, "queued_at"), "2026-01-01T10:00:00.123Z");
    ck_assert_int_eq(json_integer_value(json_object_get(job, "duration_ms")), 35);
    json_decref(job);
}
END_TEST

START_TEST(what_a_job_does_not_have_yet_is_null)
{
    struct job_row row = {
        .id = 1, .folder = (char *)"web", .path = (char *)"a.jpg", .state = JOB_QUEUED, .queued_us = 1
    };
    static const char *const keys[] = { "class", "stage", "message", "finished_at", "duration_ms" };
    json_t *job = snapshot_job(&row);

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        ck_assert_msg(json_is_null(json_object_get(job, keys[i])), "%s", keys[i]);
    ck_assert_uint_eq(json_array_size(json_object_get(job, "outputs")), 0);
    json_decref(job);
}
END_TEST

START_TEST(problems_keep_their_places)
{
    struct problems problems = { 0 };
    json_t *array, *first;

    problems_add(&problems, "web.folder:3:8", "unknown key");
    array = snapshot_problems(&problems);
    first = json_array_get(array, 0);
    ck_assert_uint_eq(json_array_size(array), 1);
    ck_assert_str_eq(text(first, "where"), "web.folder:3:8");
    ck_assert_str_eq(text(first, "text"), "unknown key");
    json_decref(array);
    problems_release(&problems);
}
END_TEST

UNIT_MAIN("snapshot", UNIT_ROWS(names_that_are_not_utf8_come_whole_in_base64, names),
          UNIT_TEST(a_failed_job_has_its_class_stage_and_message),
          UNIT_TEST(what_a_job_does_not_have_yet_is_null), UNIT_TEST(problems_keep_their_places))
