/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/zip_writer and zip_reader: what was written is read back by our reader and by unzip(1). */
#include "image/zip_writer.h"

#include "base/cleanup.h"
#include "base/fd_io.h"
#include "image/zip_reader.h"
#include "outside_tool.h"
#include "scratch.h"
#include "unit_main.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MANY = 70000 }; /* more members than the plain format can tell */

struct archive {
    void *data;
    size_t size;
};

static void archive_release(struct archive *archive)
{
    free(archive->data);
}

/* So many members: 0.txt, dir/1.txt, dir/2.txt …, which have their number as text. */
static struct archive make(unsigned members)
{
    _cleanup_(zip_writer_release) struct zip_writer writer = { 0 };
    struct archive archive;

    for (unsigned i = 0; i < members; i++) {
        char name[32], text[32];

        snprintf(name, sizeof name, "%s%u.txt", i > 0 ? "dir/" : "", i);
        snprintf(text, sizeof text, "number %u", i);
        ck_assert_int_eq(zip_writer_add(&writer, name, text, i == 3 ? 0 : strlen(text)), 0);
    }
    ck_assert_int_eq(zip_writer_finish(&writer, &archive.data, &archive.size), 0);
    return archive;
}

static const unsigned counts[] = { 0, 1, 5, MANY };

START_TEST(what_is_written_is_read_back)
{
    _cleanup_(archive_release) struct archive archive = make(counts[_i]);
    const void *bytes;
    size_t size;

    ck_assert_int_eq(zip_reader_count(archive.data, archive.size), counts[_i]);
    ck_assert_int_eq(zip_reader_find(archive.data, archive.size, "dir/4.txt", &bytes, &size),
                     counts[_i] > 4 ? 0 : -ENOENT);
    if (counts[_i] > 4) {
        ck_assert_uint_eq(size, strlen("number 4"));
        ck_assert_mem_eq(bytes, "number 4", size);
    }
    ck_assert_int_eq(zip_reader_find(archive.data, archive.size, "dir/", &bytes, &size), -ENOENT);
}
END_TEST

START_TEST(the_same_members_make_the_same_bytes)
{
    _cleanup_(archive_release) struct archive one = make(5), other = make(5);

    ck_assert_uint_eq(one.size, other.size);
    ck_assert_mem_eq(one.data, other.data, one.size);
}
END_TEST

/* The others are refused by their sums, or by what does not fit. */
START_TEST(an_archive_with_any_byte_changed_or_missing_is_not_read)
{
    _cleanup_(archive_release) struct archive archive = make(3);
    unsigned char *bytes = archive.data;
    size_t spoilt = 0;

    for (size_t size = 0; size < archive.size; size++) {
        _cleanup_free_ void *exact = malloc(size + 1);

        memcpy(exact, archive.data, size);
        ck_assert_int_lt(zip_reader_count(exact, size), 0);
    }
    for (size_t i = 0; i < archive.size; i++) {
        bytes[i] ^= 0x55;
        spoilt += zip_reader_count(archive.data, archive.size) != 3;
        bytes[i] ^= 0x55;
    }
    ck_assert_uint_gt(spoilt, archive.size / 3);
}
END_TEST

START_TEST(unzip_finds_no_fault)
{
    _cleanup_(archive_release) struct archive archive = make(counts[_i]);
    struct scratch scratch = scratch_make();
    char path[300], line[300], last[300] = "";
    const char *const command[] = { "unzip", "-tq", path, NULL };
    struct outside_tool tool;
    FILE *file;

    snprintf(path, sizeof path, "%s/a.zip", scratch.path);
    file = fopen(path, "wbe");
    ck_assert_uint_eq(fwrite(archive.data, 1, archive.size, file), archive.size);
    ck_assert_int_eq(fclose(file), 0);
    outside_tool_start(&tool, command);
    while (fgets(line, sizeof line, tool.output))
        memcpy(last, line, sizeof last);
    outside_tool_end(&tool, command[0]);
    ck_assert_msg(strstr(last, "No errors detected"), "%s", last);
    scratch_remove(&scratch);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("zip_writer");
    TCase *tests = tcase_create("zip_writer");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, what_is_written_is_read_back, 0, ARRAY_SIZE(counts));
    tcase_add_test(tests, the_same_members_make_the_same_bytes);
    tcase_add_test(tests, an_archive_with_any_byte_changed_or_missing_is_not_read);
    tcase_add_loop_test(tests, unzip_finds_no_fault, 1,
                        ARRAY_SIZE(counts)); /* it takes an empty one for a fault */

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
