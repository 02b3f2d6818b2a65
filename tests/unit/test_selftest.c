/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of daemon/worker/selftest: it passes where all is well, and fails where a codec does not work. */
#include "selftest.h"

#include "base/cleanup.h"
#include "conf/allowance.h"
#include "pictures.h"
#include "unit_main.h"

#include <check.h>
#include <string.h>

START_TEST(a_whole_engine_passes)
{
    struct error error;

    ck_assert_msg(engine_allow(ALLOW_ALL, &error) == 0, "%s", error.text);
    ck_assert_msg(selftest_run(SELFTEST_WARM_UP, ALLOW_ALL, &error) == 0, "%s", error.text);
    ck_assert_msg(selftest_run(SELFTEST_WARM_UP, 0, &error) == 0, "%s", error.text);
}
END_TEST

static const struct {
    const char *class, *says;
} broken[] = {
    { "VipsForeignLoadJpegBuffer", "the self-test with a JPEG failed" },
    { "VipsForeignLoadPngBuffer", "self-test with a" },
    { "VipsForeignSaveWebpBuffer", "cannot encode webp" },
    { "VipsForeignLoadWebpBuffer", "self-test with a" },
    { "VipsForeignLoadHeifBuffer", "self-test with a" },
    { "VipsForeignSaveHeifBuffer", "self-test with a" },
    { "VipsForeignSaveJxlBuffer", "self-test with a" },
};

START_TEST(a_broken_codec_is_named)
{
    struct error error;

    vips_operation_block_set(broken[_i].class, TRUE);
    ck_assert_int_lt(selftest_run(SELFTEST_WARM_UP, 0, &error), 0);
    ck_assert_int_eq(error.class, CLASS_ENVIRONMENT);
    ck_assert_msg(strstr(error.text, broken[_i].says), "\"%s\" is not in \"%s\"", broken[_i].says,
                  error.text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("selftest");
    TCase *tests = tcase_create("selftest");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, UNIT_TIMEOUT_S);
    tcase_add_checked_fixture(tests, picture_start, engine_stop);
    tcase_add_test(tests, a_whole_engine_passes);
    tcase_add_loop_test(tests, a_broken_codec_is_named, 0, ARRAY_SIZE(broken));

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
