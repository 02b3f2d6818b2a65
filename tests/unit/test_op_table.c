/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The operations' names. */
#include "recipe/op_table.h"

#include "unit_main.h"

#include <errno.h>
#include <string.h>

static const int all_ops[OP_COUNT];

START_TEST(every_row_is_complete_and_found_by_its_name)
{
    const struct op_info *info = op_info((enum op)_i);
    enum op op = OP_COUNT;

    ck_assert_ptr_nonnull(info->name);
    ck_assert_ptr_nonnull(info->help);
    ck_assert_msg(info->help[strlen(info->help) - 1] == '.', "the help of %s is no sentence", info->name);
    ck_assert_int_eq(op_from_name(info->name, &op), 0);
    ck_assert_int_eq((int)op, _i);
}
END_TEST

static const char *const unknown[] = { "", "auto", "Auto-Orient", "auto-orient ", "auto-orient2", "%s" };

START_TEST(what_is_no_operation_is_not_found)
{
    enum op op = OP_COUNT;

    ck_assert_int_eq(op_from_name(unknown[_i], &op), -ENOENT);
    ck_assert_int_eq((int)op, (int)OP_COUNT);
}
END_TEST

UNIT_MAIN("op_table", UNIT_ROWS(every_row_is_complete_and_found_by_its_name, all_ops),
          UNIT_ROWS(what_is_no_operation_is_not_found, unknown))
