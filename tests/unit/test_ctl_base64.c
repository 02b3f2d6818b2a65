/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes in JSON, as RFC 4648 has them. */
#include "ctl/base64.h"

#include "base/cleanup.h"

#include <check.h>
#include <errno.h>
#include <string.h>

static const struct {
    const char *text, *bytes;
    size_t size;
} right[] = {
    { "", "", 0 },
    { "Zg==", "f", 1 },
    { "Zm8=", "fo", 2 },
    { "Zm9v", "foo", 3 },
    { "Zm9vYg==", "foob", 4 },
    { "Zm9vYmE=", "fooba", 5 },
    { "Zm9vYmFy", "foobar", 6 },
    { "Y2Fm6S5qcGc=", "caf\xe9.jpg", 8 },
    { "/+8A", "\xff\xef\0", 3 },
};

static const char *const wrong[] = { "Z",        "Zg",    "Zg=",  "Z===", "====",
                                     "Zg==Zg==", "Zm9\n", "Zm-_", "Zm=v", "é" };

START_TEST(right_text_is_decoded)
{
    _cleanup_free_ char *bytes = NULL;
    size_t size;

    ck_assert_int_eq(base64_decode(right[_i].text, &bytes, &size), 0);
    ck_assert_uint_eq(size, right[_i].size);
    ck_assert_mem_eq(bytes, right[_i].bytes, size);
    ck_assert_int_eq(bytes[size], '\0');
}
END_TEST

START_TEST(wrong_text_is_refused)
{
    char *bytes = NULL;
    size_t size = 7;

    ck_assert_int_eq(base64_decode(wrong[_i], &bytes, &size), -EINVAL);
    ck_assert_ptr_null(bytes);
    ck_assert_uint_eq(size, 7);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ctl_base64");
    TCase *tests = tcase_create("base64");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tests, right_text_is_decoded, 0, ARRAY_SIZE(right));
    tcase_add_loop_test(tests, wrong_text_is_refused, 0, ARRAY_SIZE(wrong));
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
