/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/typefaces: which directories are left to a process that draws. */
#include "image/typefaces.h"

#include "base/cleanup.h"
#include "conf/allowance.h"
#include "scratch.h"
#include "unit_main.h"

#include <errno.h>
#include <glib.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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
    fprintf(conf, "<dir>%s</dir>", path); /* which is no directory */
    fprintf(conf, "<cachedir>%s/cache</cachedir></fontconfig>", scratch->path);
    fclose(conf);
    ck_assert_int_eq(setenv("FONTCONFIG_FILE", path, 1), 0);
}

static size_t count_of(const char *const *places)
{
    size_t count = 0;

    while (places[count])
        count++;
    return count;
}

START_TEST(as_many_directories_as_there_is_room_for_are_listed_once)
{
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    const char *places[TYPEFACES_PLACES_MAX + 1];
    struct error error;

    configure(&scratch, TYPEFACES_PLACES_MAX);
    ck_assert_int_eq(typefaces_load(ALLOW_SVG, &error), 0);
    ck_assert_msg(typefaces_places(ALLOW_SVG, places, &error) == 0, "%s", error.text);
    ck_assert_uint_eq(count_of(places), TYPEFACES_PLACES_MAX);
    ck_assert_int_eq(typefaces_places(ALLOW_JP2, places, &error), 0);
    ck_assert_uint_eq(count_of(places), 0);
}
END_TEST

START_TEST(more_directories_than_can_be_left_readable_are_a_failure_that_says_so)
{
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    const char *places[TYPEFACES_PLACES_MAX + 1];
    struct error error;

    configure(&scratch, TYPEFACES_PLACES_MAX + 1);
    ck_assert_int_eq(typefaces_load(ALLOW_SVG, &error), 0);
    ck_assert_int_eq(typefaces_places(ALLOW_SVG, places, &error), -E2BIG);
    ck_assert_int_eq(error.class, CLASS_ENVIRONMENT);
    ck_assert_ptr_nonnull(strstr(error.text, "more than 512 places"));
}
END_TEST

static bool is_listed(const char *const *places, const char *directory)
{
    for (; *places; places++)
        if (strcmp(*places, directory) == 0)
            return true;
    return false;
}

/* A directory beside those of the configuration, with a font. */
static void add_font(const struct scratch *scratch, const char *name, char ret[PATH_MAX])
{
    static const char font[] = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";
    char path[PATH_MAX + 16];
    _cleanup_free_ char *bytes = NULL, *real = realpath(scratch->path, NULL);
    gsize size;

    ck_assert_int_gt(snprintf(ret, PATH_MAX, "%s/%s", real, name), 0);
    ck_assert_int_eq(mkdir(ret, 0700), 0);
    snprintf(path, sizeof path, "%s/font.ttf", ret);
    ck_assert(g_file_get_contents(font, &bytes, &size, NULL));
    ck_assert(g_file_set_contents(path, bytes, (gssize)size, NULL));
}

static void add_link(const struct scratch *scratch, const char *to, const char *name)
{
    char path[PATH_MAX + 16];

    snprintf(path, sizeof path, "%s/%s", scratch->path, name);
    ck_assert_int_eq(symlink(to, path), 0);
}

START_TEST(fonts_behind_links_are_listed_where_they_are)
{
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    const char *places[TYPEFACES_PLACES_MAX + 1];
    char linked[PATH_MAX], directory[PATH_MAX], unused[PATH_MAX], path[PATH_MAX + 16];
    struct error error;

    configure(&scratch, 1);
    add_font(&scratch, "linked", linked);
    add_font(&scratch, "directory", directory);
    add_font(&scratch, "unused", unused);
    snprintf(path, sizeof path, "%s/font.ttf", linked);
    add_link(&scratch, path, "0/font.ttf");
    add_link(&scratch, directory, "0/more");
    ck_assert_int_eq(typefaces_load(ALLOW_SVG, &error), 0);
    ck_assert_msg(typefaces_places(ALLOW_SVG, places, &error) == 0, "%s", error.text);
    ck_assert(is_listed(places, path));
    ck_assert(!is_listed(places, linked)); /* but for this one file */
    ck_assert(is_listed(places, directory));
    ck_assert(!is_listed(places, unused));
    ck_assert_uint_eq(count_of(places), 3);
}
END_TEST

UNIT_MAIN("typefaces", UNIT_TEST(as_many_directories_as_there_is_room_for_are_listed_once),
          UNIT_TEST(fonts_behind_links_are_listed_where_they_are),
          UNIT_TEST(more_directories_than_can_be_left_readable_are_a_failure_that_says_so))
