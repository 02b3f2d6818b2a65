/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which known name was meant. */
#include "base/guess.h"

#include "base/cleanup.h"
#include "unit_main.h"

static const char *const known[] = { "Settle", "Path", "Priority", "MaxPixels" };

static const struct {
    const char *written, *meant; /* NULL: none is near */
} guesses[] = {
    { "Settel", "Settle" },
    { "settle", "Settle" },
    { "Pth", "Path" },
    { "Priorty", "Priority" },
    { "MaxPixel", "MaxPixels" },
    { "Nonsense", NULL },
    { "Mxpxls", "MaxPixels" },
    { "", NULL },
    { "a name that is longer than any that there is", NULL },
};

START_TEST(the_nearest_name_is_guessed_or_none)
{
    struct guess guess = { 0 };

    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        guess_consider(&guess, guesses[_i].written, known[i]);
    if (guesses[_i].meant)
        ck_assert_pstr_eq(guess.name, guesses[_i].meant);
    else
        ck_assert_ptr_null(guess.name);
}
END_TEST

UNIT_MAIN("guess", UNIT_ROWS(the_nearest_name_is_guessed_or_none, guesses))
