/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recipe_text - a recipe from text, for tests; a refused one ends the test with its problems. */
#ifndef DARKROOM_TESTS_RECIPE_TEXT_H
#define DARKROOM_TESTS_RECIPE_TEXT_H

#include "base/problems.h"
#include "conf/ini.h"
#include "recipe/recipe.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* The caller frees with recipe_free(). */
static inline struct recipe *recipe_of_text(const char *text)
{
    struct problems problems = { 0 };
    struct ini ini = { 0 };
    struct recipe *recipe = NULL;

    if (ini_add_text(&ini, "test.recipe", text, strlen(text), &problems) < 0 ||
        recipe_parse(&ini, "test", NULL, &problems, &recipe) < 0) {
        char *why = problems_text(&problems);

        ck_abort_msg("recipe refused: %s", why);
    }

    ini_release(&ini);
    problems_release(&problems);
    return recipe;
}

#endif
