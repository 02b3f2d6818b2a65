/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names are bytes: whatever they are, they come out, and stand in the JSON without loss. */
#include "base/cleanup.h"
#include "daemon_harness.h"

#include <string.h>

#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN
#define LONG_STEM FIFTY FIFTY FIFTY FIFTY TEN TEN TEN TEN "abcdef" /* 246 bytes; with ".jpg" 250 */

static const struct {
    const char *stem;
    const char *base64; /* of STEM.jpg when that is not UTF-8, else NULL */
} names[] = {
    { "a newline\nin it", NULL },
    { "invalid \xff\xfe UTF-8", "aW52YWxpZCD//iBVVEYtOC5qcGc=" },
    { "cut \xe2\x82", "Y3V0IOKCLmpwZw==" },
    { "-rf", NULL },
    { "--output=x", NULL },
    { "%s%n%d%%", NULL },
    { "quote\" and 'quote'", NULL },
    { "back\\slash", NULL },
    { "$(reboot) `reboot` ;&|<>*?", NULL },
    { "[Q=1,strip]", NULL },
    { "{dir}{stem}", NULL },
    { " blank ", NULL },
    { "\x1b[31mred\x07", NULL },
    { "tab\tand\rreturn", NULL },
    { "ünï©ødé 写真", NULL },
    { LONG_STEM, NULL },
};

static void check_job(const json_t *job, const char *name, const char *base64)
{
    if (base64)
        ck_assert_str_eq(harness_string(job, "path_b64"), base64);
    else
        ck_assert_str_eq(harness_string(job, "path"), name);
    ck_assert(base64 || !json_object_get(job, "path_b64"));
    ck_assert_str_eq(harness_string(job, "state"), "done");
    ck_assert_uint_eq(json_array_size(json_object_get(job, "outputs")), 1);
}

static void expect_job_of(const json_t *jobs, const char *name, const char *base64)
{
    const json_t *job;
    size_t i;

    json_array_foreach (jobs, i, job) {
        const json_t *encoded = json_object_get(job, "path_b64");

        if (base64 ? encoded && strcmp(json_string_value(encoded), base64) == 0
                   : strcmp(harness_string(job, "path"), name) == 0) {
            check_job(job, name, base64);
            return;
        }
    }
    ck_abort_msg("no job is for \"%s\"", name);
}

START_TEST(hostile_names_come_out_and_are_told_without_loss)
{
    char name[256], path[300];
    struct harness h;
    const char *text;
    json_t *jobs;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        snprintf(name, sizeof name, "%s.jpg", names[i].stem);
        harness_drop(&h, name, 48, 48, (unsigned)i);
    }
    harness_await_ends(&h, ARRAY_SIZE(names), 0);

    jobs = harness_jobs(&h, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        snprintf(path, sizeof path, "out/%s.png", names[i].stem);
        harness_expect_picture(&h, path, 24, 24);
        snprintf(name, sizeof name, "%s.jpg", names[i].stem);
        expect_job_of(jobs, name, names[i].base64);
    }
    json_decref(jobs);

    /* Nor can they do anything to the terminal. */
    ck_assert_int_eq(
        HARNESS_RUN(&h, &text, "darkroomctl", "--socket", harness_path(&h, "run/api.sock"), "jobs"), 0);
    ck_assert_ptr_null(strchr(text, '\x1b'));
    ck_assert_ptr_null(strchr(harness_read(&h, "log"), '\x1b'));
    harness_close(&h);
}
END_TEST

START_TEST(a_name_that_grows_too_long_is_cut)
{
    struct harness h;
    json_t *job;
    const char *output;

    harness_open(&h);
    harness_configure(&h, "",
                      "[Recipe]\nDescription=For tests\n[Output a]\n"
                      "Name={dir}/a-prefix-of-some-length-{stem}.{ext}\nWidth=24\nFormat=png\n");
    harness_start(&h);
    harness_drop(&h, LONG_STEM "a.jpg", 48, 48, 1);
    harness_drop(&h, LONG_STEM "b.jpg", 48, 48, 2);
    harness_await_ends(&h, 2, 0);

    job = harness_job_of(&h, LONG_STEM "a.jpg");
    output = harness_string(job, "outputs.0.path");
    ck_assert_uint_le(strlen(strrchr(output, '/') + 1), NAME_MAX);
    ck_assert_uint_eq(harness_count(&h, "out"), 2);
    json_decref(job);
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("names", UNIT_TEST(hostile_names_come_out_and_are_told_without_loss),
             UNIT_TEST(a_name_that_grows_too_long_is_cut))
