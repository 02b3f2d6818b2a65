/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/complaint: decoders' messages as one line. */
#include "image/complaint.h"

#include "base/cleanup.h"

#include <check.h>
#include <errno.h>
#include <string.h>

static const struct {
    const char *message, *text;
} lines[] = {
    { "VipsJpeg: bad\n", "it failed: VipsJpeg: bad" },
    { "a\nb\n", "it failed: a; b" },
    { "a\na\na\nb", "it failed: a; b" },
    { "a\n\nb\nc\nd\n", "it failed: a; b; c" },
    { "", "it failed: no reason was given" },
    { "warning: odd\nreal\nwarning: odder\n", "it failed: real; odd; odder" },
    { "warning: odd\nwarning: odder\n", "it failed: odd; odder" },
    { "bytes \x01\xff", "it failed: bytes \\x01\\xff" },
    { "VipsJpeg: Premature end of JPEG file\n",
      "it failed: truncated: VipsJpeg: Premature end of JPEG file" },
    { "warning: not enough data\nvipspng: libpng read error\n",
      "it failed: truncated: vipspng: libpng read error; not enough data" },
    { "warning: IDAT: CRC error\nvipspng: libpng read error\n",
      "it failed: vipspng: libpng read error; IDAT: CRC error" },
    { "pngload: truncated, not enough data\n", "it failed: pngload: truncated, not enough data" },
};

START_TEST(a_message_becomes_one_line)
{
    struct error error;

    ck_assert_int_eq(complaint(&error, CLASS_PERMANENT, STAGE_DECODE, "it failed", lines[_i].message),
                     -EBADMSG);
    ck_assert_str_eq(error.text, lines[_i].text);
    ck_assert_int_eq(error.class, CLASS_PERMANENT);
    ck_assert_int_eq(error.stage, STAGE_DECODE);
}
END_TEST

START_TEST(memory_that_ran_out_is_a_class_of_its_own)
{
    static const char message[] = "vips_tracked: out of memory --- size == 48MB\n";
    struct error error;

    ck_assert_int_eq(complaint(&error, CLASS_PERMANENT, STAGE_DECODE, "it failed", message), -ENOMEM);
    ck_assert_int_eq(error.class, CLASS_MEMORY);
}
END_TEST

START_TEST(a_long_message_is_cut)
{
    char message[2000];
    struct error error;

    memset(message, '\x02', sizeof message - 1);
    message[sizeof message - 1] = '\0';
    complaint(&error, CLASS_PERMANENT, STAGE_DECODE, "it failed", message);
    ck_assert_uint_lt(strlen(error.text), sizeof error.text);
    ck_assert_ptr_null(strchr(error.text, '\n'));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("complaint");
    TCase *tests = tcase_create("complaint");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, a_message_becomes_one_line, 0, ARRAY_SIZE(lines));
    tcase_add_test(tests, memory_that_ran_out_is_a_class_of_its_own);
    tcase_add_test(tests, a_long_message_is_cut);

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
