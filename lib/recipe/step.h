/* SPDX-License-Identifier: GPL-2.0-or-later */
/* step - the lines Step= of a recipe: an operation's name, then its arguments, "VALUE" in their order or "NAME=VALUE".
 *
 *     Step=crop 3:2 gravity=attention
 *     Step=text "© {date} Somebody" size=3% colour=#ffffffc0
 *
 * A value with blanks is in double quotes, where \", \\ and \n are a quote, a backslash and a new line. */
#ifndef DARKROOM_RECIPE_STEP_H
#define DARKROOM_RECIPE_STEP_H

#include "base/problems.h"
#include "conf/conf_table.h"
#include "recipe/asset.h"
#include "recipe/op.h"

#include <stddef.h>
#include <stdio.h>

enum { STEPS_MAX = 64 }; /* of a recipe, and of each output */

struct step_list {
    struct step *list;
    size_t count;
};

/* Where steps are read to: the list grows; files are added to the recipe's. */
struct step_draft {
    struct step_list steps;
    struct asset_list *assets;
    const struct asset_reader *reader;
};

/* Parser of Step=; its field is a struct step_draft. An empty value takes back all steps before it. */
conf_parser step_parse;

/* The lines in their canonical form: arguments by their names, without those that are as their defaults. */
void step_list_format(const struct step_list *steps, FILE *stream);

/* Calls @visit with the number of each file of the recipe that the steps use, in the order of the canonical text; it may
 * give the file another number. */
void step_list_visit_assets(struct step_list *steps, void (*visit)(void *context, int *number),
                            void *context);

/* How many quarters of a turn a rotate is, clockwise, 0 to 3; -1: not a whole number of them. */
int step_quarters(const struct step *step);

void step_list_release(struct step_list *steps);

#endif
