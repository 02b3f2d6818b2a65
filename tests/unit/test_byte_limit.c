/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The search of a quality by the size of its file, with files that are sizes alone. */
#include "image/byte_limit.h"

#include "unit_main.h"

#include <errno.h>
#include <glib.h>

enum { MOST_MADE = 8, BYTES_A_QUALITY = 100 };

struct factory {
    unsigned step; /* bytes that a quality adds */
    unsigned fails_at;
    unsigned *made, *last;
};

static int make(const void *context, unsigned quality, struct file_bytes *ret, struct error *error)
{
    const struct factory *factory = context;

    (*factory->made)++;
    *factory->last = quality;
    if (quality == factory->fails_at)
        return error_set(error, EBADMSG, CLASS_PERMANENT, STAGE_ENCODE, "it fails");
    *ret = (struct file_bytes){ g_malloc(1), quality * factory->step };
    return 0;
}

START_TEST(the_highest_quality_that_fits_is_found_for_every_limit)
{
    unsigned quality = 1 + (unsigned)_i;

    for (unsigned limit = 0; limit <= 101; limit++) {
        unsigned made = 0, last = 0, wanted = limit < quality ? limit : quality;
        struct factory factory = { BYTES_A_QUALITY, 0, &made, &last };
        struct file_bytes file = { NULL, 0 };
        struct error error;
        int r = byte_limit_search(limit * BYTES_A_QUALITY, quality, make, &factory, &file, &error);

        ck_assert_uint_le(made, MOST_MADE);
        ck_assert_int_eq(r, limit == 0 ? -EFBIG : 0);
        ck_assert_uint_eq(file.size, (limit == 0 ? 1 : wanted) * BYTES_A_QUALITY);
        g_free(file.data);
    }
}
END_TEST

START_TEST(what_fits_as_it_is_is_made_once)
{
    unsigned made = 0, last = 0;
    struct factory factory = { BYTES_A_QUALITY, 0, &made, &last };
    struct file_bytes file;
    struct error error;

    ck_assert_int_eq(byte_limit_search(82 * BYTES_A_QUALITY, 82, make, &factory, &file, &error), 0);
    ck_assert_uint_eq(made, 1);
    ck_assert_uint_eq(last, 82);
    g_free(file.data);
}
END_TEST

START_TEST(a_failure_is_handed_on_and_leaves_nothing)
{
    unsigned made = 0, last = 0;
    struct factory factory = { BYTES_A_QUALITY, 75, &made, &last };
    struct file_bytes file;
    struct error error;

    /* 50 fits and is kept until 75 fails. */
    ck_assert_int_eq(byte_limit_search(80 * BYTES_A_QUALITY, 100, make, &factory, &file, &error), -EBADMSG);
    ck_assert_uint_eq(last, 75);
    ck_assert_ptr_null(file.data);
}
END_TEST

int main(void)
{
    const struct unit_test tests[] = {
        { the_highest_quality_that_fits_is_found_for_every_limit, 100 },
        { what_fits_as_it_is_is_made_once, 1 },
        { a_failure_is_handed_on_and_leaves_nothing, 1 },
    };

    return unit_main("byte_limit", tests, sizeof tests / sizeof tests[0]);
}
