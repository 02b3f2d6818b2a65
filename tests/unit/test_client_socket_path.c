/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where libdarkroom looks for the daemon when nobody says. */
#include "client/socket_path.h"

#include "base/cleanup.h"

#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* "S" and "R" in the expected column are the system's and the session's socket. */
static const struct {
    const char *sentence;
    const char *environment;
    bool system_exists, session_exists, has_runtime_dir, root;
    const char *expected;
} cases[] = {
    { "the environment wins over everything", "/e.sock", true, true, true, true, "/e.sock" },
    { "an empty environment variable is none", "", true, true, true, false, "S" },
    { "the system's daemon is used if it is there", NULL, true, true, true, false, "S" },
    { "without a system's daemon the session's is used", NULL, false, true, true, false, "R" },
    { "with neither it is the session's that is missed", NULL, false, false, true, false, "R" },
    { "without a session there is only the system's", NULL, false, false, false, false, "S" },
    { "root never uses a session's", NULL, false, true, true, true, "S" },
};

static char directory[64];

static void path_of(const char *name, char *buffer, size_t size)
{
    snprintf(buffer, size, "%s/%s", directory, name);
}

static void make_file(const char *path)
{
    _cleanup_close_ int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
}

static void setup(void)
{
    memcpy(directory, "/tmp/test_socket.XXXXXX", sizeof("/tmp/test_socket.XXXXXX"));
    ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void teardown(void)
{
    static const char *const names[] = { "system.sock", "darkroom/api.sock", "darkroom" };
    char path[96];

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        path_of(names[i], path, sizeof(path));
        remove(path);
    }
    rmdir(directory);
}

START_TEST(the_first_usable_socket_is_chosen)
{
    char system_socket[96], session_directory[96], session_socket[112];
    _cleanup_free_ char *chosen = NULL;
    const char *expected = cases[_i].expected;

    path_of("system.sock", system_socket, sizeof(system_socket));
    path_of("darkroom", session_directory, sizeof(session_directory));
    snprintf(session_socket, sizeof(session_socket), "%s/api.sock", session_directory);
    ck_assert_int_eq(mkdir(session_directory, 0700), 0);
    if (cases[_i].system_exists)
        make_file(system_socket);
    if (cases[_i].session_exists)
        make_file(session_socket);

    ck_assert_int_eq(socket_path_choose(
                         &(struct socket_path_facts){
                             .environment = cases[_i].environment,
                             .system_socket = system_socket,
                             .runtime_dir = cases[_i].has_runtime_dir ? directory : NULL,
                             .root = cases[_i].root,
                         },
                         &chosen),
                     0);

    if (*expected == 'S')
        expected = system_socket;
    else if (*expected == 'R')
        expected = session_socket;
    ck_assert_msg(strcmp(chosen, expected) == 0, "%s: %s instead of %s", cases[_i].sentence, chosen,
                  expected);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("client_socket_path");
    TCase *tests = tcase_create("choice");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, the_first_usable_socket_is_chosen, 0, ARRAY_SIZE(cases));
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
