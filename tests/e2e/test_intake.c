/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What status says of files that do not come in, or not yet (contract, rules 2, 5 and 10), and what --check says of
 * folders. */
#include "base/clock.h"
#include "daemon_harness.h"
#include "overflow.h"
#include "painter.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool folder_count_is_one(const json_t *status, void *context)
{
    char path[64];

    snprintf(path, sizeof path, "folders.0.%s", (const char *)context);
    return harness_number(status, path) == 1;
}

static void await_one(struct harness *h, const char *count)
{
    harness_await(h, count, folder_count_is_one, (char *)count);
}

/* What darkroomctl status prints. */
static const char *ctl_status(const struct harness *h)
{
    const char *output;
    char socket[PATH_MAX];

    snprintf(socket, sizeof socket, "--socket=%s", harness_path(h, "run/api.sock"));
    ck_assert_int_eq(HARNESS_RUN(h, &output, "darkroomctl", socket, "status"), 0);
    return output;
}

START_TEST(a_link_is_refused_makes_no_job_and_is_shown)
{
    const char *output;
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    ck_assert_int_eq(symlink("/etc/hostname", harness_path(&h, "in/link.jpg")), 0);
    await_one(&h, "refused");
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);
    ck_assert_int_eq(harness_number(h.status, "folders.0.refused"), 1);
    output = ctl_status(&h);
    ck_assert_msg(strstr(output, "web: 1 links, pipes, sockets or devices were refused"), "%s", output);
    harness_close(&h);
}
END_TEST

/* Nothing but time passes. */
static void let_a_second_pass(struct harness *h)
{
    for (uint64_t since = monotonic_us(); monotonic_us() < since + USEC_PER_SEC;)
        harness_next_status(h, 1000);
}

START_TEST(a_file_that_waits_is_shown_with_its_age)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "Settle=1h\n", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    ck_assert_int_eq(harness_number(harness_status(&h), "folders.0.waiting_oldest_s"), 0);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    await_one(&h, "waiting");
    harness_drop(&h, "a.jpg", 48, 48, 2); /* however often it is written to */
    let_a_second_pass(&h);
    ck_assert_int_ge(harness_number(harness_status(&h), "folders.0.waiting_oldest_s"), 1);
    harness_close(&h);
}
END_TEST

static bool has_reason(const json_t *status, void *context)
{
    const json_t *folder = json_array_get(json_object_get(status, "folders"), 0);
    const char *reason = json_string_value(json_object_get(folder, "reason"));

    return strcmp(reason ?: "", context) == 0;
}

/* So does cp -a of root: directories are closed until all is in them. */
START_TEST(a_directory_that_is_opened_last_comes_in_at_once)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    harness_give_up_privilege(&h);
    harness_start(&h);
    ck_assert_int_eq(mkdir(harness_path(&h, "late"), 0755), 0);
    painter_paint(harness_path(&h, "late/a.jpg"), 48, 48, 1);
    ck_assert_int_eq(chmod(harness_path(&h, "late"), 0200), 0);
    ck_assert_int_eq(rename(harness_path(&h, "late"), harness_path(&h, "in/late")), 0);
    harness_await(&h, "the directory cannot be read", has_reason,
                  (char *)"late cannot be read: Permission denied");
    ck_assert_int_eq(chmod(harness_path(&h, "in/late"), 0755), 0);
    harness_await_ends(&h, 1, 0);
    harness_await(&h, "all can be read", has_reason, (char *)"");
    harness_close(&h);
}
END_TEST

/* The folder's thread is stopped meanwhile, with all others. */
START_TEST(lost_events_are_counted_and_lose_no_file)
{
    struct harness h;
    const char *output;
    siginfo_t stopped;
    int in;

    harness_open(&h);
    harness_configure(&h, "Settle=1h\n", HARNESS_RECIPE_SINGLE);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_drop(&h, "b.jpg", 48, 48, 2);
    harness_start(&h);
    harness_signal(&h, SIGSTOP);
    ck_assert_int_eq(waitid(P_PID, (id_t)h.pid, &stopped, WSTOPPED), 0); /* all its threads */
    in = open(harness_path(&h, "in"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (overflow_queue(in, "a.jpg", "b.jpg")) {
        harness_drop(&h, "c.jpg", 48, 48, 3); /* nobody is told */
        harness_signal(&h, SIGCONT);
        await_one(&h, "overflows");
        harness_await_jobs(&h, "waiting", 3);
        output = ctl_status(&h);
        ck_assert_msg(strstr(output, "web: 1 times that inotify lost events"), "%s", output);
    }
    harness_signal(&h, SIGCONT);
    close(in);
    harness_close(&h);
}
END_TEST

START_TEST(a_check_prints_what_folders_come_to)
{
    char directory[PATH_MAX], path[PATH_MAX];
    const char *output;
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "", HARNESS_RECIPE_SINGLE);
    snprintf(directory, sizeof directory, "--config=%s", harness_path(&h, "config"));
    ck_assert_int_eq(HARNESS_RUN(&h, &output, "darkroomd", "--check", directory), 0);
    snprintf(path, sizeof path, "web\n  Path       %s", harness_path(&h, "in"));
    ck_assert_msg(strstr(output, path) && strstr(output, "\n  Watch      inotify") &&
                      strstr(output, "The configuration is right."),
                  "%s", output);
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("intake", UNIT_TEST(a_link_is_refused_makes_no_job_and_is_shown),
             UNIT_TEST(a_file_that_waits_is_shown_with_its_age),
             UNIT_TEST(a_directory_that_is_opened_last_comes_in_at_once),
             UNIT_TEST(lost_events_are_counted_and_lose_no_file),
             UNIT_TEST(a_check_prints_what_folders_come_to))
