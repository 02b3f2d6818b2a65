/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What recipes can be, as people and programs see it. */
#include "ctl/formats_view.h"
#include "ctl/ops_view.h"
#include "ctl/recipes_view.h"

#include "base/cleanup.h"
#include "unit_main.h"

#include <string.h>

static const int all_ops[OP_COUNT], all_formats[FORMAT_COUNT];

/* A screen into memory; closing its file fills *@text. */
static struct screen screen_to(char **text, size_t *size)
{
    struct screen screen = { .file = open_memstream(text, size) };

    ck_assert_ptr_nonnull(screen.file);
    return screen;
}

static void expect_contains(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part), "no \"%s\" in:\n%s", part, text);
}

START_TEST(all_about_an_operation_is_shown)
{
    const struct op_info *info = op_info((enum op)_i);
    _cleanup_free_ char *text = NULL;
    char values[512];
    size_t size;
    struct screen screen = screen_to(&text, &size);

    ops_view_print((enum op)_i, &screen);
    fclose(screen.file);
    expect_contains(text, info->help);
    expect_contains(text, info->example);
    for (size_t i = 0; i < info->arg_count; i++) {
        expect_contains(text, info->args[i].help);
        expect_contains(text, value_describe(&info->args[i].rule, values, sizeof values));
    }
}
END_TEST

START_TEST(an_operation_is_shown_like_this)
{
    _cleanup_free_ char *text = NULL;
    size_t size;
    struct screen screen = screen_to(&text, &size);

    ops_view_print(OP_ROTATE, &screen);
    fclose(screen.file);
    ck_assert_str_eq(text,
                     "Step=rotate ANGLE [background=BACKGROUND]\n"
                     "\n"
                     "Turns the picture.\n"
                     "\n"
                     "A JPEG need not be decoded for it (Lossless=jpeg:yes) if it is by quarter turns.\n"
                     "\n"
                     "Arguments, with what they are when they are not given:\n"
                     "  angle               degrees, clockwise; quarter turns are exact\n"
                     "                      a number from -360 to 360\n"
                     "  background=transparent\n"
                     "                      what the corners are filled with\n"
                     "                      a colour, like #rrggbb, #rrggbbaa, white or transparent\n"
                     "\n"
                     "Example:\n"
                     "  Step=rotate -1.5 background=white\n");
}
END_TEST

START_TEST(the_json_of_an_operation_has_all_its_arguments)
{
    const struct op_info *info = op_info((enum op)_i);
    json_t *json = ops_view_json((enum op)_i), *args;

    ck_assert_ptr_nonnull(json);
    ck_assert_str_eq(json_string_value(json_object_get(json, "name")), info->name);
    args = json_object_get(json, "arguments");
    ck_assert_uint_eq(json_array_size(args), info->arg_count);
    ck_assert_int_eq(json_is_true(json_object_get(json, "lossless")), info->lossless != NULL);
    for (size_t i = 0; i < info->arg_count; i++) {
        const json_t *arg = json_array_get(args, i), *fallback = json_object_get(arg, "default");

        ck_assert_str_eq(json_string_value(json_object_get(arg, "name")), info->args[i].name);
        ck_assert_int_eq(json_is_null(fallback), info->args[i].fallback == NULL);
    }
    json_decref(json);
}
END_TEST

START_TEST(every_operation_is_in_the_list)
{
    _cleanup_free_ char *text = NULL;
    size_t size;
    struct screen screen = screen_to(&text, &size);

    ck_assert_int_eq(ops_view_print_list(&screen), 0);
    fclose(screen.file);
    for (enum op op = 0; op < OP_COUNT; op++)
        expect_contains(text, op_info(op)->help);
}
END_TEST

static const struct {
    const char *row; /* its cells, without what fills them up */
} format_rows[] = {
    { "jpeg|jpg jpeg jpe jfif|yes|yes|82|-|Quality Lossless Progressive Subsampling" },
    { "webp|webp|yes|yes|75|alpha, animations|Quality Lossless Effort" },
    { "tiff|tif tiff|yes|yes|-|alpha, 16 bits, pages|Quality Compression" },
    { "heic|heic heif hif|yes|-|-|-|-" },
    { "pdf|pdf|allowed|-|-|pages|-" },
    { "iiif3|zip|-|yes|82|tiles|Quality" },
};

/* The table's text with a bar for each run of two or more blanks. */
static void bar(char *text)
{
    char *to = text;

    for (const char *from = text; *from; from++) {
        bool gap = from[0] == ' ' && from[1] == ' ';

        *to++ = gap ? '|' : *from;
        while (gap && from[1] == ' ')
            from++;
    }
    *to = '\0';
}

START_TEST(formats_are_told_with_what_they_can)
{
    _cleanup_free_ char *text = NULL;
    size_t size;
    struct screen screen = screen_to(&text, &size);

    ck_assert_int_eq(formats_view_print(&screen), 0);
    fclose(screen.file);
    bar(text);
    expect_contains(text, format_rows[_i].row);
}
END_TEST

START_TEST(the_json_of_a_format_says_the_same)
{
    const struct format_info *info = format_info((enum format)_i);
    json_t *json = formats_view_json((enum format)_i);

    ck_assert_ptr_nonnull(json);
    ck_assert_str_eq(json_string_value(json_object_get(json, "name")), info->name);
    ck_assert_int_eq(json_is_true(json_object_get(json, "input")), info->input);
    ck_assert_int_eq(json_is_true(json_object_get(json, "output")), info->output);
    ck_assert_int_eq(json_is_true(json_object_get(json, "tiles")), info->tiles);
    ck_assert_int_eq(json_is_true(json_object_get(json, "must_be_allowed")), info->allowance != 0);
    json_decref(json);
}
END_TEST

START_TEST(recipes_are_told_safely)
{
    struct catalogue_entry entries[] = {
        { (char *)"a\033[31m", (char *)"/r/a\033[31m.recipe", NULL },
        { (char *)"web", (char *)"/r/web.recipe", (char *)"Four widths" },
    };
    const struct catalogue catalogue = { entries, 2 };
    _cleanup_free_ char *text = NULL;
    size_t size;
    struct screen screen = screen_to(&text, &size);
    json_t *json = recipes_view_json(&catalogue);

    ck_assert_int_eq(recipes_view_print(&catalogue, &screen), 0);
    fclose(screen.file);
    ck_assert_str_eq(text, "RECIPE     DESCRIPTION  FILE\n"
                           "a\\x1b[31m  -            /r/a\\x1b[31m.recipe\n"
                           "web        Four widths  /r/web.recipe\n");
    ck_assert_uint_eq(json_array_size(json), 2);
    ck_assert(json_is_null(json_object_get(json_array_get(json, 0), "description")));
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(json, 1), "path")), "/r/web.recipe");
    json_decref(json);
}
END_TEST

UNIT_MAIN("ctl_recipe_views", UNIT_ROWS(all_about_an_operation_is_shown, all_ops),
          UNIT_TEST(an_operation_is_shown_like_this),
          UNIT_ROWS(the_json_of_an_operation_has_all_its_arguments, all_ops),
          UNIT_TEST(every_operation_is_in_the_list),
          UNIT_ROWS(formats_are_told_with_what_they_can, format_rows),
          UNIT_ROWS(the_json_of_a_format_says_the_same, all_formats), UNIT_TEST(recipes_are_told_safely))
