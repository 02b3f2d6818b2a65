/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/typefaces: which directories are left to a process that draws. */
#include "image/typefaces.h"

#include "conf/allowance.h"
#include "scratch.h"
#include "unit_main.h"

#include <errno.h>
#include <sys/stat.h>

static void add_directory(const struct scratch *scratch, FILE *conf, const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", scratch->path, name);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    fprintf(conf, "<dir>%s</dir>", path);
}

/* A configuration with @count directories, of which the first has another in it. */
static void configure(const struct scratch *scratch, int count)
{
    char path[PATH_MAX], name[16];
    FILE *conf;

    snprintf(path, sizeof path, "%s/fonts.conf", scratch->path);
    conf = fopen(path, "w");
    ck_assert_ptr_nonnull(conf);
    fprintf(conf, "<?xml version=\"1.0\"?><!DOCTYPE fontconfig SYSTEM \"fonts.dtd\"><fontconfig>");
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%d", i);
        add_directory(scratch, conf, name);
    }
    add_directory(scratch, conf, "0/below");
    fprintf(conf, "<cachedir>%s/cache</cachedir></fontconfig>", scratch->path);
    fclose(conf);
    ck_assert_int_eq(setenv("FONTCONFIG_FILE", path, 1), 0);
}

static size_t count_of(const char *const *directories)
{
    size_t count = 0;

    while (directories[count])
        count++;
    return count;
}

START_TEST(as_many_directories_as_there_is_room_for_are_listed_once)
{
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    const char *directories[TYPEFACES_DIRECTORIES_MAX + 1];
    struct error error;

    configure(&scratch, TYPEFACES_DIRECTORIES_MAX);
    ck_assert_int_eq(typefaces_load(ALLOW_SVG, &error), 0);
    ck_assert_msg(typefaces_directories(ALLOW_SVG, directories, &error) == 0, "%s", error.text);
    ck_assert_uint_eq(count_of(directories), TYPEFACES_DIRECTORIES_MAX);
    ck_assert_int_eq(typefaces_directories(ALLOW_JP2, directories, &error), 0);
    ck_assert_uint_eq(count_of(directories), 0);
}
END_TEST

START_TEST(more_directories_than_can_be_left_readable_are_a_failure_that_says_so)
{
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    const char *directories[TYPEFACES_DIRECTORIES_MAX + 1];
    struct error error;

    configure(&scratch, TYPEFACES_DIRECTORIES_MAX + 1);
    ck_assert_int_eq(typefaces_load(ALLOW_SVG, &error), 0);
    ck_assert_int_eq(typefaces_directories(ALLOW_SVG, directories, &error), -E2BIG);
    ck_assert_int_eq(error.class, CLASS_ENVIRONMENT);
    ck_assert_ptr_nonnull(strstr(error.text, "more than 64 directories of fonts"));
}
END_TEST

UNIT_MAIN("typefaces", UNIT_TEST(as_many_directories_as_there_is_room_for_are_listed_once),
          UNIT_TEST(more_directories_than_can_be_left_readable_are_a_failure_that_says_so))
