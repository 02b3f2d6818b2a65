/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of Step=: their canonical form, what is refused and where, and the files that they name. */
#include "recipe/step.h"

#include "expect_problems.h"
#include "recipe/op_table.h"
#include "unit_main.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char png[] = "\x89PNG\r\n\x1a\n";

/* asset_reader: every picture is the start of a PNG, every font is a font; there is no profile. */
static int read_sample(void *context, enum file_kind kind, const char *name, void **ret, size_t *ret_size,
                       char *problem, size_t problem_size)
{
    static const char font[] = { 0, 1, 0, 0, 0 };
    const void *data = kind == FILE_FONT ? font : png;

    (void)name;
    ++*(int *)context;
    if (kind == FILE_PROFILE) {
        snprintf(problem, problem_size, "there is no such file");
        return -ENOENT;
    }
    *ret_size = kind == FILE_FONT ? sizeof font : sizeof png;
    *ret = malloc(*ret_size);
    memcpy(*ret, data, *ret_size);
    return 0;
}

/* The steps of @text, a recipe file /etc/r/x.recipe with nothing but these, as text. */
static char *read_steps(const char *line, struct problems *problems, struct asset_list *assets, int *reads)
{
    struct asset_reader reader = { .read = read_sample, .context = reads };
    struct step_draft draft = { .assets = assets, .reader = &reader };
    const struct conf_key keys[] = { { .section = "Recipe", .name = "Step", .parse = step_parse } };
    struct ini ini = { 0 };
    char *text = NULL, *whole;
    size_t size;
    FILE *stream;

    ck_assert_int_gt(asprintf(&whole, "[Recipe]\nStep=%s\n", line), 0);
    ck_assert_int_eq(ini_add_text(&ini, "/etc/r/x.recipe", whole, strlen(whole), problems), 0);
    conf_apply(&ini.sections[0], keys, 1, &draft, NULL, problems);
    stream = open_memstream(&text, &size);
    step_list_format(&draft.steps, stream);
    fclose(stream);
    step_list_release(&draft.steps);
    ini_release(&ini);
    free(whole);
    return text;
}

static const struct {
    const char *line, *canonical;
} good[] = {
    { "auto-orient", "auto-orient" },
    { "crop 3:2", "crop size=3:2" },
    { "  crop   size=3:2  gravity=attention ", "crop size=3:2 gravity=attention" },
    { "crop gravity=centre 3:2", "crop size=3:2" },
    { "crop \"3:2\"", "crop size=3:2" },
    { "resize 800x fit=inside enlarge=no", "resize size=800x" },
    { "resize 50%", "resize size=50%x50%" },
    { "border 2% white", "border width=2% colour=#ffffff" },
    { "border 2% colour=#000", "border width=2%" },
    { "frame", "frame" },
    { "duotone #112233 white", "duotone dark=#112233 light=#ffffff" },
    { "sharpen", "sharpen" },
    { "sharpen 2 50", "sharpen radius=2px amount=50%" },
    { "watermark logo.png", "watermark file=/etc/r/logo.png" },
    { "watermark /srv/a.png tile=yes opacity=20%", "watermark file=/srv/a.png opacity=20% tile=yes" },
    { "watermark \"/srv/my logo.png\"", "watermark file=\"/srv/my logo.png\"" },
    { "mask circle", "mask shape=circle" },
    { "mask ./circle", "mask shape=/etc/r/./circle" },
    { "profile display-p3", "profile profile=display-p3" },
    { "text hello", "text text=hello" },
    { "text \"a \\\"b\\\" \\\\ c\\nd\" font=\"Some Font\"",
      "text text=\"a \\\"b\\\" \\\\ c\\nd\" font=\"Some Font\"" },
    { "text a font=my.TTF", "text text=a font=/etc/r/my.TTF" },
    { "text a font=../fonts/my.ttf", "text text=a font=/etc/r/../fonts/my.ttf" },
    { "text \"size=3\" size=3%", "text text=size=3 size=3%" },
    { "text \"© {date} {exif:Artist} {{x}}\"", "text text=\"© {date} {exif:Artist} {{x}}\"" },
};

START_TEST(a_line_has_a_canonical_form_that_reads_back)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_(asset_list_release) struct asset_list assets = { 0 }, assets_again = { 0 };
    int reads = 0;
    char *got = read_steps(good[_i].line, &problems, &assets, &reads), *wanted, *again;

    expect_no_problem(good[_i].line, &problems);
    ck_assert_int_gt(asprintf(&wanted, "Step=%s\n", good[_i].canonical), 0);
    ck_assert_str_eq(got, wanted);

    got[strlen(got) - 1] = '\0';
    again = read_steps(got + strlen("Step="), &problems, &assets_again, &reads);
    expect_no_problem(got, &problems);
    ck_assert_str_eq(again, wanted);
    ck_assert_uint_eq(assets.count, assets_again.count);
    free(got);
    free(wanted);
    free(again);
}
END_TEST

static const int all_ops[OP_COUNT];

/* They are in the manual page. */
START_TEST(the_example_of_an_operation_is_right)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_(asset_list_release) struct asset_list assets = { 0 };
    const struct op_info *info = op_info((enum op)_i);
    int reads = 0;
    char *text = read_steps(info->example, &problems, &assets, &reads);

    expect_no_problem(info->example, &problems);
    ck_assert_int_eq(strncmp(text + strlen("Step="), info->name, strlen(info->name)), 0);
    free(text);
}
END_TEST

#define AT(column) "/etc/r/x.recipe:2:" column ": "

static const struct {
    const char *line, *problem;
} bad[] = {
    { "swirl", AT("6") "unknown operation \"swirl\", there are: auto-orient, resize, crop" },
    { "autoorient", AT("6") "unknown operation \"autoorient\", did you mean auto-orient?" },
    { "size=3:2", AT("6") "unknown operation \"3:2\"" },
    { "auto-orient 180", AT("18") "auto-orient takes no argument: take it out" },
    { "crop", AT("6") "missing argument \"size\", write: crop SIZE [gravity=GRAVITY]" },
    { "crop 3:0", AT("11") "size=3:0: give a size like 800x600, 50%, 3:2, sides up to 65500" },
    { "crop 3:2 north", AT("15") "no argument is left for \"north\", write: crop SIZE" },
    { "crop 3:2 gravity=nrth", AT("23") "gravity=nrth: give centre, north, " },
    { "crop 3:2 grav=north", AT("15") "unknown argument \"grav\", write: crop SIZE" },
    { "crop 3:2 size=1:1", AT("15") "the argument is given twice: \"size\"" },
    { "border 2% north", AT("16") "colour=north: give a colour, like #rrggbb" },
    { "rotate 361", AT("13") "angle=361: give a number from -360 to 360" },
    { "text \"abc", AT("11") "the quote has no end" },
    { "text \"abc\"d", AT("16") "a blank is missing behind the quote: \"d\"" },
    { "text \"a\\b\"", AT("13") "in quotes a backslash stands before \", \\ or n" },
    { "text \"\"", AT("11") "text=: give text of 1 to 1000 bytes" },
    { "text \"{nme}\"", AT("11") "text=: at \"{nme}\": unknown field: use {stem}, " },
    { "text \"{stem\"", AT("11") "text=: at \"{stem\": a brace without its other" },
    { "text \"{exif:a-b}\"", AT("11") "text=: at \"{exif:a-b}\": unknown field" },
    { "profile nothere.icc", AT("14") "profile=/etc/r/nothere.icc: there is no such file" },
};

START_TEST(a_bad_line_is_refused_with_place_and_remedy)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_(asset_list_release) struct asset_list assets = { 0 };
    int reads = 0;

    free(read_steps(bad[_i].line, &problems, &assets, &reads));
    expect_problem(bad[_i].line, &problems, bad[_i].problem);
}
END_TEST

START_TEST(a_file_is_read_once_however_often_it_is_named)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_(asset_list_release) struct asset_list assets = { 0 };
    int reads = 0;

    free(read_steps("watermark a.png\nStep=watermark /etc/r/a.png\nStep=mask a.png", &problems, &assets,
                    &reads));
    expect_no_problem("three steps", &problems);
    ck_assert_int_eq(reads, 1);
    ck_assert_uint_eq(assets.count, 1);
    ck_assert_str_eq(assets.list[0].name, "/etc/r/a.png");
}
END_TEST

START_TEST(steps_have_a_limit)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_(asset_list_release) struct asset_list assets = { 0 };
    char lines[16 * (STEPS_MAX + 1)] = "flip";
    int reads = 0;

    for (int i = 0; i < STEPS_MAX; i++)
        snprintf(lines + strlen(lines), sizeof lines - strlen(lines), "\nStep=flip");
    free(read_steps(lines, &problems, &assets, &reads));
    expect_problem("65 steps", &problems, "/etc/r/x.recipe:66:6: too many steps: at most 64");
}
END_TEST

static const int all_ops[OP_COUNT];

/* What is needed, and nothing else: the least that each operation can be given. */
static const char *const least[OP_COUNT] = {
    [OP_RESIZE] = "1x1",   [OP_CROP] = "1:1",     [OP_ROTATE] = "1",
    [OP_EXTEND] = "1:1",   [OP_BORDER] = "1",     [OP_MASK] = "circle",
    [OP_BLUR] = "1",       [OP_TINT] = "red",     [OP_DUOTONE] = "red white",
    [OP_BRIGHTNESS] = "1", [OP_CONTRAST] = "1",   [OP_SATURATION] = "1",
    [OP_HUE] = "1",        [OP_GAMMA] = "1",      [OP_WATERMARK] = "a.png",
    [OP_TEXT] = "x",       [OP_PROFILE] = "srgb", [OP_DEPTH] = "8",
    [OP_DENSITY] = "300",
};

START_TEST(every_default_is_a_value)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_(asset_list_release) struct asset_list assets = { 0 };
    char line[64], usage[600];
    int reads = 0;

    snprintf(line, sizeof line, "%s %s", op_info((enum op)_i)->name, least[_i] ?: "");
    free(read_steps(line, &problems, &assets, &reads));
    expect_no_problem(line, &problems);

    op_usage((enum op)_i, usage, sizeof usage);
    ck_assert_uint_lt(strlen(usage), sizeof usage - 1);
    for (size_t i = 0; i < op_info((enum op)_i)->arg_count; i++)
        ck_assert_ptr_nonnull(op_info((enum op)_i)->args[i].help);
}
END_TEST

UNIT_MAIN("step", UNIT_ROWS(a_line_has_a_canonical_form_that_reads_back, good),
          UNIT_ROWS(the_example_of_an_operation_is_right, all_ops),
          UNIT_ROWS(a_bad_line_is_refused_with_place_and_remedy, bad),
          UNIT_TEST(a_file_is_read_once_however_often_it_is_named), UNIT_TEST(steps_have_a_limit),
          UNIT_ROWS(every_default_is_a_value, all_ops))
