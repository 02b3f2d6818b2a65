/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/selection: which renditions a picture of a size gets. */
#include "image/selection.h"

#include "base/cleanup.h"
#include "recipe_text.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *says, *recipe;
    struct extent source;
    const char *made; /* "RENDITION:WIDTHxHEIGHT …" */
} selections[] = {
    { "every size fits", "[Output a]\nWidth=10 20 40\nFormat=jpeg\n", { 40, 20 }, "0:10x5 1:20x10 2:40x20" },
    { "larger sizes are skipped", "[Output a]\nWidth=10 20 50\nFormat=jpeg\n", { 40, 20 }, "0:10x5 1:20x10" },
    { "the only size is made natural", "[Output a]\nWidth=50\nFormat=jpeg\n", { 40, 20 }, "0:40x20" },
    { "the smallest stands for all", "[Output a]\nWidth=50 90\nFormat=jpeg\n", { 40, 20 }, "0:40x20" },
    { "in whatever order", "[Output a]\nWidth=90 50\nFormat=jpeg\n", { 40, 20 }, "1:40x20" },
    { "in every format", "[Output a]\nWidth=50 90\nFormat=webp jpeg\n", { 40, 20 }, "0:40x20 1:40x20" },
    { "each output by itself",
      "[Output a]\nWidth=10 90\nFormat=jpeg\n[Output b]\nWidth=80 90\nFormat=png\n",
      { 40, 20 },
      "0:10x5 2:40x20" },
    { "no size at all", "[Output a]\nFormat=jpeg png\n", { 40, 20 }, "0:40x20 1:40x20" },
};

static void describe(const struct selection *selection, char *buffer, size_t size)
{
    size_t used = 0;

    buffer[0] = '\0';
    for (size_t i = 0; i < selection->count; i++)
        used += (size_t)snprintf(buffer + used, size - used, "%s%u:%ux%u", i > 0 ? " " : "",
                                 selection->list[i].rendition, selection->list[i].placement.canvas.width,
                                 selection->list[i].placement.canvas.height);
}

static void select_of(const char *outputs, struct extent source, struct selection *ret)
{
    _cleanup_recipe_ struct recipe *recipe = NULL;
    char text[400];

    snprintf(text, sizeof text, "[Recipe]\n%s", outputs);
    recipe = recipe_of_text(text);
    selection_make(recipe, source, ret);
}

START_TEST(renditions_are_selected)
{
    struct selection selection;
    char made[200];

    select_of(selections[_i].recipe, selections[_i].source, &selection);
    describe(&selection, made, sizeof made);
    ck_assert_msg(strcmp(made, selections[_i].made) == 0, "%s: made %s, not %s", selections[_i].says, made,
                  selections[_i].made);
}
END_TEST

START_TEST(the_largest_sides_are_found_each)
{
    struct selection selection;
    struct extent largest;

    select_of("[Output a]\nWidth=30\nFormat=jpeg\n[Output b]\nHeight=18\nFormat=png\n",
              (struct extent){ 40, 20 }, &selection);
    largest = selection_largest(&selection);
    ck_assert_uint_eq(largest.width, 36);
    ck_assert_uint_eq(largest.height, 18);
}
END_TEST

START_TEST(one_size_in_two_formats_is_one_window)
{
    struct selection selection;

    select_of("[Output a]\nWidth=30\nFormat=jpeg png\n", (struct extent){ 40, 20 }, &selection);
    ck_assert(selection_is_one_window(&selection));
    select_of("[Output a]\nWidth=30 20\nFormat=jpeg\n", (struct extent){ 40, 20 }, &selection);
    ck_assert(!selection_is_one_window(&selection));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("selection");
    TCase *tests = tcase_create("selection");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, renditions_are_selected, 0, ARRAY_SIZE(selections));
    tcase_add_test(tests, the_largest_sides_are_found_each);
    tcase_add_test(tests, one_size_in_two_formats_is_one_window);

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
