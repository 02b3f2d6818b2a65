/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/png_chunks: files written as "TYPE:LENGTH …", as are the copies. */
#include "image/png_chunks.h"

#include "base/cleanup.h"

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { FILE_MAX = 4096, SIGNATURE = 8 };

struct file {
    unsigned char bytes[FILE_MAX];
    size_t size;
};

static void add_chunk(struct file *file, const char *type, uint32_t length, size_t cut)
{
    unsigned char *at = file->bytes + file->size;

    memset(at, type[0], length + 12);
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(length >> (24 - 8 * i));
    memcpy(at + 4, type, 4);
    file->size += length + 12 - cut;
}

/* Each word is TYPE:LENGTH, or TYPE:LENGTH-CUT when the file ends CUT bytes early. */
static void make_file(struct file *file, const char *words)
{
    char type[5];
    unsigned length, cut;
    int read;

    memcpy(file->bytes, "\x89PNG\r\n\x1a\n", SIGNATURE);
    file->size = SIGNATURE;
    while (sscanf(words, " %4[A-Za-z]:%u%n", type, &length, &read) == 2) {
        words += read;
        cut = words[0] == '-' ? (unsigned)strtoul(words + 1, (char **)&words, 10) : 0;
        add_chunk(file, type, length, cut);
    }
}

static const struct {
    const char *says, *file, *copy; /* no copy: nothing to leave out */
} cases[] = {
    { "nothing to leave out", "IHDR:13 gAMA:4 PLTE:30 tRNS:10 IDAT:99 IEND:0", NULL },
    { "text goes", "IHDR:13 tEXt:50 IDAT:99 zTXt:7 iTXt:9 IEND:0", "IHDR:13 IDAT:99 IEND:0" },
    { "what is unknown goes", "IHDR:13 prVt:50 IDAT:99 IEND:0", "IHDR:13 IDAT:99 IEND:0" },
    { "unknown but critical stays", "IHDR:13 XxXx:50 IDAT:99 IEND:0", NULL },
    { "profile and EXIF stay", "IHDR:13 iCCP:200 sRGB:1 pHYs:9 eXIf:40 IDAT:99 IEND:0", NULL },
    { "a claim beyond the end ends it", "IHDR:13 iCCP:200-1", "IHDR:13" },
    { "cut pixels stay as they are", "IHDR:13 tEXt:5 IDAT:99-40", "IHDR:13 IDAT:99-40" },
    { "cut pixels alone", "IHDR:13 IDAT:99-40", NULL },
    { "half a frame goes", "IHDR:13 IDAT:9 IEND:0-5", "IHDR:13 IDAT:9" },
    { "an empty file", "", NULL },
};

START_TEST(a_file_is_reduced)
{
    struct file file, wanted;
    void *copy;
    size_t size;

    make_file(&file, cases[_i].file);
    ck_assert_int_eq(png_chunks_reduce(file.bytes, file.size, &copy, &size), 0);
    ck_assert_msg((copy == NULL) == (cases[_i].copy == NULL), "%s", cases[_i].says);

    if (copy) {
        make_file(&wanted, cases[_i].copy);
        ck_assert_msg(size == wanted.size, "%s: %zu bytes, not %zu", cases[_i].says, size, wanted.size);
        ck_assert_mem_eq(copy, wanted.bytes, size);
    }
    free(copy);
}
END_TEST

START_TEST(no_end_of_file_is_too_early)
{
    struct file file;

    make_file(&file, "IHDR:13 tEXt:50 IDAT:99 IEND:0");
    for (size_t size = 0; size <= file.size; size++) {
        _cleanup_free_ void *exact = malloc(size ? size : 1);
        _cleanup_free_ void *copy = NULL;
        size_t reduced = size;

        memcpy(exact, file.bytes, size);
        ck_assert_int_eq(png_chunks_reduce(exact, size, &copy, &reduced), 0);
        ck_assert_uint_le(reduced, size);
    }
}
END_TEST

/* A chunk of XMP: @size bytes of a text that is all 'x', plain or compressed; with @cut bytes of it missing. */
static struct file xmp_file(size_t size, bool compressed, size_t cut)
{
    static const char head[] = "XML:com.adobe.xmp\0\0\0\0";
    struct file file = { .size = SIGNATURE + 8 };
    _cleanup_free_ unsigned char *text = malloc(size);
    unsigned char *data = file.bytes + file.size;
    uLongf stored = FILE_MAX / 2;

    memset(text, 'x', size);
    memcpy(data, head, sizeof head);
    data[18] = compressed;
    if (compressed)
        ck_assert_int_eq(compress(data + sizeof head, &stored, text, size), Z_OK);
    else
        memcpy(data + sizeof head, text, stored = size);
    stored += sizeof head - cut;
    memcpy(file.bytes + SIGNATURE,
           (unsigned char[]){ 0, 0, (unsigned char)(stored >> 8), (unsigned char)stored }, 4);
    memcpy(file.bytes + SIGNATURE + 4, "iTXt", 4);
    file.size += stored + 4;
    return file;
}

static const struct {
    size_t size;
    bool compressed;
    size_t cut, max;
    bool found;
} packets[] = {
    { 100, false, 0, 100, true },      { 100, false, 0, 99, false },       { 100, true, 0, 100, true },
    { 100, true, 0, 99, false },       { 200000, true, 0, 200000, true },  { 200000, true, 0, 199999, false },
    { 1000000, true, 0, 1000, false }, { 200000, true, 5, 200000, false },
};

START_TEST(xmp_is_found_within_bounds)
{
    struct file file = xmp_file(packets[_i].size, packets[_i].compressed, packets[_i].cut);
    _cleanup_free_ void *xmp = NULL;
    size_t size;

    ck_assert_int_eq(png_chunks_find_xmp(file.bytes, file.size, packets[_i].max, &xmp, &size), 0);
    ck_assert_int_eq(xmp != NULL, packets[_i].found);
    if (xmp)
        ck_assert_uint_eq(size, packets[_i].size);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("png_chunks");
    TCase *tests = tcase_create("png_chunks");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, a_file_is_reduced, 0, ARRAY_SIZE(cases));
    tcase_add_test(tests, no_end_of_file_is_too_early);
    tcase_add_loop_test(tests, xmp_is_found_within_bounds, 0, ARRAY_SIZE(packets));

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
