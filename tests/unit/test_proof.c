/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said when a worker does not say whether it can work. */
#include "supervisor/proof.h"

#include "expect_problems.h"
#include "recipe/bundle.h"
#include "recipe_text.h"
#include "unit_main.h"

#include <errno.h>
#include <unistd.h>

static const struct {
    const char *program;
    int result;
    const char *problem; /* NULL: none */
} programs[] = {
    { "/bin/true", -ECONNRESET, "darkroom-worker: it ended before it was ready" },
    { "/nonexistent/worker", -ENOENT,
      "darkroom-worker: cannot start /nonexistent/worker: No such file or directory" },
    { GREEDY_WORKER_PATH, 0, NULL }, /* says at once that it is ready, and would never end by itself */
};

START_TEST(what_becomes_of_a_worker_is_told)
{
    struct recipe *recipe = recipe_of_text("[Output a]\nFormat=png\n");
    const struct config config = { .recipes = &recipe,
                                   .recipe_count = 1,
                                   .bundle = bundle_write(&recipe, 1, 0) };
    _cleanup_(problems_release) struct problems problems = { 0 };

    ck_assert_int_eq(proof_run(&config, programs[_i].program, &problems), programs[_i].result);
    if (programs[_i].problem)
        expect_problem(programs[_i].program, &problems, programs[_i].problem);
    else
        expect_no_problem(programs[_i].program, &problems);
    close(config.bundle);
    recipe_free(recipe);
}
END_TEST

UNIT_MAIN("proof", UNIT_ROWS(what_becomes_of_a_worker_is_told, programs))
