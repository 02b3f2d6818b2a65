/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisor/kernel_settings.h"

#include "unit_main.h"

#include <stdio.h>

static int number_in(const char *path)
{
    FILE *file = fopen(path, "re");
    int number = -1;

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%d", &number), 1);
    fclose(file);
    return number;
}

START_TEST(they_are_the_kernels)
{
    struct kernel_settings settings;

    kernel_settings_read(&settings);
    ck_assert_int_eq(settings.max_user_watches, number_in("/proc/sys/fs/inotify/max_user_watches"));
    ck_assert_int_eq(settings.max_user_instances, number_in("/proc/sys/fs/inotify/max_user_instances"));
    ck_assert_int_eq(settings.protected_hardlinks, number_in("/proc/sys/fs/protected_hardlinks") == 1);
}
END_TEST

UNIT_MAIN("kernel_settings", UNIT_TEST(they_are_the_kernels))
