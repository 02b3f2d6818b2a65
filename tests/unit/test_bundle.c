/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recipes in a memory file: written, sealed, read back by several, and refused when broken. */
#include "recipe/bundle.h"

#include "base/fd_io.h"
#include "expect_problems.h"
#include "recipes.h"
#include "unit_main.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static const char *const texts[] = {
    "[Output a]\nFormat=png\n",
    "[Recipe]\nStep=auto-orient\n[Output srcset]\nWidth=1 2\nFormat=webp jpeg\nQuality=webp:5 jpeg:6\n",
    "[Output a]\nFormat=png\nName={stem}\\ \n",
};

enum { COUNT = ARRAY_SIZE(texts) };

struct recipes {
    struct recipe *list[COUNT];
};

static void recipes_release(struct recipes *recipes)
{
    for (size_t i = 0; i < COUNT; i++)
        recipe_free(recipes->list[i]);
}

static struct recipes make_recipes(void)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    struct recipes recipes = { 0 };

    for (size_t i = 0; i < COUNT; i++)
        ck_assert_int_eq(recipe_from_text(texts[i], &problems, &recipes.list[i]), 0);
    return recipes;
}

static void expect_read(int fd, const struct recipes *wanted)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    struct recipe **list = NULL;
    size_t count;
    unsigned allowed = 0;

    ck_assert_int_eq(bundle_read(fd, &problems, &list, &count, &allowed), 0);
    ck_assert_uint_eq(count, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        ck_assert_str_eq(list[i]->name, wanted->list[i]->name);
        expect_equal_recipes(list[i], wanted->list[i]);
    }
    bundle_free(list, count);
}

START_TEST(recipes_come_back_equal_and_in_order_to_every_reader)
{
    _cleanup_(recipes_release) struct recipes recipes = make_recipes();
    _cleanup_close_ int fd = bundle_write(recipes.list, COUNT, 0);

    ck_assert_int_ge(fd, 0);
    expect_read(fd, &recipes);
    ck_assert_int_eq(lseek(fd, 5, SEEK_SET), 5);
    expect_read(fd, &recipes);
    ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 5);
}
END_TEST

START_TEST(a_bundle_is_sealed_and_closed_on_exec)
{
    _cleanup_(recipes_release) struct recipes recipes = make_recipes();
    _cleanup_close_ int fd = bundle_write(recipes.list, COUNT, 0);
    struct stat st;

    ck_assert_int_eq(fstat(fd, &st), 0);
    ck_assert_int_eq(fd_check_sealed(fd, (uint64_t)st.st_size), 0);
    ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}
END_TEST

START_TEST(a_bundle_without_recipes_tells_what_is_allowed)
{
    _cleanup_close_ int fd = bundle_write(NULL, 0, ALLOW_PDF);
    _cleanup_(problems_release) struct problems problems = { 0 };
    struct recipe **list = NULL;
    size_t count = 1;
    unsigned allowed = 0;

    ck_assert_int_eq(bundle_read(fd, &problems, &list, &count, &allowed), 0);
    ck_assert_uint_eq(count, 0);
    ck_assert_uint_eq(allowed, ALLOW_PDF);
    bundle_free(list, count);
}
END_TEST

START_TEST(too_many_recipes_are_refused)
{
    _cleanup_(recipes_release) struct recipes recipes = make_recipes();
    struct recipe *many[BUNDLE_RECIPES_MAX + 1];
    _cleanup_close_ int fd = -1;

    for (size_t i = 0; i < ARRAY_SIZE(many); i++)
        many[i] = recipes.list[0];
    ck_assert_int_eq(bundle_write(many, ARRAY_SIZE(many), 0), -E2BIG);
    fd = bundle_write(many, BUNDLE_RECIPES_MAX, 0);
    ck_assert_int_ge(fd, 0);
}
END_TEST

/* Reads @size bytes as a bundle, which has to fail. */
static int read_broken(const void *bytes, size_t size, const char *name)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_close_ int fd = fd_memory("broken", bytes, size);
    struct recipe **list = NULL;
    size_t count = 77;
    unsigned allowed = 0;
    int r = bundle_read(fd, &problems, &list, &count, &allowed);

    ck_assert_msg(r < 0, "%s was read", name);
    ck_assert_msg(problems.count > 0, "%s has no problem", name);
    ck_assert_ptr_null(list);
    ck_assert_uint_eq(count, 77);
    return r;
}

static char *bundle_bytes(size_t *ret_size)
{
    _cleanup_(recipes_release) struct recipes recipes = make_recipes();
    _cleanup_close_ int fd = bundle_write(recipes.list, COUNT, 0);
    char *bytes;

    ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
    ck_assert_int_eq(fd_read_file(fd, BUNDLE_BYTES_MAX, &bytes, ret_size), 0);
    return bytes;
}

START_TEST(a_bundle_cut_anywhere_is_refused)
{
    size_t size;
    _cleanup_free_ char *bytes = bundle_bytes(&size);

    for (size_t cut = 0; cut < size; cut++)
        read_broken(bytes, cut, "a cut bundle");
}
END_TEST

START_TEST(bytes_after_the_last_recipe_are_refused)
{
    size_t size;
    _cleanup_free_ char *bytes = bundle_bytes(&size);

    /* What follows the text's end is the NUL of fd_read_file(). */
    ck_assert_int_eq(read_broken(bytes, size + 1, "a bundle and a byte"), -EBADMSG);
}
END_TEST

static const struct {
    const char *name;
    uint32_t words[7]; /* magic, version, count, allowed; name_bytes, text_bytes, asset_count */
} headers[] = {
    { "another magic", { 0x12345678, 1, 0 } },
    { "another version", { 0x626b7264, 1, 0 } },
    { "too many recipes", { 0x626b7264, 4, BUNDLE_RECIPES_MAX + 1, 0 } },
    { "a format that there is not", { 0x626b7264, 4, 0, ALLOW_ALL + 1 } },
    { "an endless name", { 0x626b7264, 4, 1, 0, UINT32_MAX, 0, 0 } },
    { "an endless text", { 0x626b7264, 4, 1, 0, 0, UINT32_MAX, 0 } },
    { "an empty recipe", { 0x626b7264, 4, 1, 0, 0, 0, 0 } },
    { "endless files", { 0x626b7264, 4, 1, 0, 0, 0, UINT32_MAX } },
    { "a file that is not there", { 0x626b7264, 4, 1, 0, 0, 0, 1 } },
};

START_TEST(a_broken_header_is_refused)
{
    read_broken(headers[_i].words, sizeof headers[_i].words, headers[_i].name);
}
END_TEST

START_TEST(a_recipe_that_does_not_parse_says_where)
{
    static const char text[] = "[Output a]\nFormat=tga\n";
    struct {
        uint32_t words[7];
        char rest[1 + sizeof text - 1];
    } bundle = { .words = { 0x626b7264, 4, 1, 0, 1, sizeof text - 1, 0 } };
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_close_ int fd = -1;
    struct recipe **list;
    size_t count;
    unsigned allowed = 0;

    bundle.rest[0] = 'w';
    memcpy(bundle.rest + 1, text, sizeof text - 1);
    fd = fd_memory("bundle", &bundle, sizeof bundle.words + sizeof bundle.rest);
    ck_assert_int_eq(bundle_read(fd, &problems, &list, &count, &allowed), -EINVAL);
    expect_problem("a bad recipe", &problems, "w:2:8: Format=: unknown format \"tga\"");
}
END_TEST

START_TEST(a_descriptor_that_is_no_file_is_refused)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    struct recipe **list;
    size_t count;
    unsigned allowed = 0;
    int ends[2];

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert_int_lt(bundle_read(ends[0], &problems, &list, &count, &allowed), 0);
    ck_assert_int_lt(bundle_read(-1, &problems, &list, &count, &allowed), 0);
    ck_assert_uint_eq(problems.count, 2);
    close_fd(ends[0]);
    close_fd(ends[1]);
}
END_TEST

UNIT_MAIN("bundle", UNIT_TEST(recipes_come_back_equal_and_in_order_to_every_reader),
          UNIT_TEST(a_bundle_is_sealed_and_closed_on_exec),
          UNIT_TEST(a_bundle_without_recipes_tells_what_is_allowed), UNIT_TEST(too_many_recipes_are_refused),
          UNIT_TEST(a_bundle_cut_anywhere_is_refused), UNIT_TEST(bytes_after_the_last_recipe_are_refused),
          UNIT_ROWS(a_broken_header_is_refused, headers), UNIT_TEST(a_recipe_that_does_not_parse_says_where),
          UNIT_TEST(a_descriptor_that_is_no_file_is_refused))
