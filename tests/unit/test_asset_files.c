/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of daemon/supervisor/asset_files: how the files of a recipe are found, fonts by their names above all. */
#include "supervisor/asset_files.h"

#include "base/cleanup.h"
#include "scratch.h"
#include "unit_main.h"

#include <errno.h>

#define DEJAVU "/usr/share/fonts/truetype/dejavu" /* samples/packages */

/* Fontconfig knows what is below @directory, which is the scratch's own where it is NULL. */
static void know_fonts_below(const struct scratch *scratch, const char *directory)
{
    char path[PATH_MAX];
    FILE *conf;

    snprintf(path, sizeof path, "%s/fonts.conf", scratch->path);
    conf = fopen(path, "w");
    ck_assert_ptr_nonnull(conf);
    fprintf(conf,
            "<?xml version=\"1.0\"?><!DOCTYPE fontconfig SYSTEM \"fonts.dtd\"><fontconfig><dir>%s</dir>"
            "<cachedir>%s/cache</cachedir></fontconfig>",
            directory ?: scratch->path, scratch->path);
    fclose(conf);
    ck_assert_int_eq(setenv("FONTCONFIG_FILE", path, 1), 0);
}

static int read_font(const char *name, char *problem, size_t problem_size)
{
    _cleanup_free_ void *data = NULL;
    size_t size = 0;
    int r = asset_files.read(asset_files.context, FILE_FONT, name, &data, &size, problem, problem_size);

    if (r == 0)
        ck_assert_uint_gt(size, 1000);
    return r;
}

static const struct {
    const char *name;
    bool any_fonts;
    int result;
    const char *problem;
} rows[] = {
    { "DejaVu Sans", true, 0, "" },
    { "dejavu sans:bold", true, 0, "" },
    { DEJAVU "/DejaVuSans.ttf", false, 0, "" },
    { "Garamond", true, -ENOENT, "there is no font of that name: \"fc-list : family\" shows those" },
    { "DejaVu Sans", false, -ENOENT, "there are no fonts: install some, like fonts-dejavu-core" },
    { "/nonexistent/my.ttf", true, -ENOENT, "there is no such file" },
};

START_TEST(a_font_is_found_or_it_is_said_what_to_do)
{
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    char problem[200] = "";
    int r;

    know_fonts_below(&scratch, rows[_i].any_fonts ? DEJAVU : NULL);
    r = read_font(rows[_i].name, problem, sizeof problem);
    ck_assert_msg(r == rows[_i].result, "%s: %d, %s", rows[_i].name, r, problem);
    ck_assert_msg(strncmp(problem, rows[_i].problem, strlen(rows[_i].problem)) == 0, "%s: %s", rows[_i].name,
                  problem);
}
END_TEST

UNIT_MAIN("asset_files", UNIT_ROWS(a_font_is_found_or_it_is_said_what_to_do, rows))
