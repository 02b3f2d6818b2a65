/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recipes - recipes from text for tests, and what makes two of them equal. */
#ifndef DARKROOM_TESTS_RECIPES_H
#define DARKROOM_TESTS_RECIPES_H

#include "recipe/recipe.h"

#include <check.h>
#include <string.h>

/* Parses @text, as the file "f". */
static inline int recipe_from_text(const char *text, struct problems *problems, struct recipe **ret)
{
    struct ini ini = { 0 };
    int r = ini_add_text(&ini, "f", text, strlen(text), problems);

    if (r == 0)
        r = recipe_parse(&ini, "test", NULL, problems, ret);
    ini_release(&ini);
    return r;
}

/* All but names and descriptions, which are for people. */
static inline void expect_equal_recipes(const struct recipe *a, const struct recipe *b)
{
    ck_assert_uint_eq(a->hash, b->hash);
    ck_assert_uint_eq(a->steps.count, b->steps.count);
    for (size_t i = 0; i < a->steps.count; i++)
        ck_assert_int_eq((int)a->steps.list[i].op, (int)b->steps.list[i].op);

    ck_assert_uint_eq(a->output_count, b->output_count);
    for (size_t i = 0; i < a->output_count; i++) {
        ck_assert_str_eq(a->outputs[i].name, b->outputs[i].name);
        ck_assert_str_eq(a->outputs[i].name_template, b->outputs[i].name_template);
        ck_assert_int_eq((int)a->outputs[i].fit, (int)b->outputs[i].fit);
        ck_assert_uint_eq(a->outputs[i].metadata, b->outputs[i].metadata);
    }

    ck_assert_uint_eq(a->rendition_count, b->rendition_count);
    for (size_t i = 0; i < a->rendition_count; i++) {
        ck_assert_uint_eq(a->renditions[i].output, b->renditions[i].output);
        ck_assert_int_eq((int)a->renditions[i].format, (int)b->renditions[i].format);
        ck_assert_uint_eq(a->renditions[i].width, b->renditions[i].width);
        ck_assert_uint_eq(a->renditions[i].height, b->renditions[i].height);
        ck_assert_mem_eq(&a->renditions[i].encoding, &b->renditions[i].encoding, sizeof(struct encoding));
    }
}

#endif
