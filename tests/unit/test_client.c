/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libdarkroom against a small HTTP server on a Unix socket: what it asks, and what it makes of each answer. */
#include <darkroom.h>

#include "base/cleanup.h"

#include <check.h>
#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { SHORT_TIMEOUT_MS = 200 };

/* Answers every request with the same thing and remembers what it was asked. */
struct server {
    char directory[64];
    char socket_path[96];
    struct MHD_Daemon *daemon;
    pthread_mutex_t lock;
    int status;
    const char *body;
    size_t body_size;
    char asked[1024]; /* "GET /v1/jobs?state=failed" */
    int connections;
};

static struct server server;
static struct darkroom *dk;
static char *json;

static enum MHD_Result note_parameter(void *asked, enum MHD_ValueKind kind, const char *key,
                                      const char *value)
{
    char *text = asked;
    size_t used = strlen(text);

    (void)kind;
    snprintf(text + used, sizeof(server.asked) - used, "%c%s=%s", strchr(text, '?') ? '&' : '?', key,
             value ? value : "");
    return MHD_YES;
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data, size_t *data_size,
                              void **request)
{
    static int seen;
    struct MHD_Response *response;
    enum MHD_Result result;

    (void)context, (void)version, (void)data;
    if (!*request) {
        *request = &seen;
        return MHD_YES;
    }
    *data_size = 0;

    pthread_mutex_lock(&server.lock);
    snprintf(server.asked, sizeof(server.asked), "%s %s", method, url);
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, note_parameter, server.asked);
    response = MHD_create_response_from_buffer(server.body_size, (void *)server.body, MHD_RESPMEM_MUST_COPY);
    result = MHD_queue_response(connection, (unsigned)server.status, response);
    pthread_mutex_unlock(&server.lock);

    MHD_destroy_response(response);
    return result;
}

static void count_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                             enum MHD_ConnectionNotificationCode code)
{
    (void)context, (void)connection, (void)socket_context;
    pthread_mutex_lock(&server.lock);
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        server.connections++;
    pthread_mutex_unlock(&server.lock);
}

/* A socket that listens at the server's path. */
static int listen_there(int type)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    unlink(server.socket_path);
    memcpy(address.sun_path, server.socket_path, strlen(server.socket_path) + 1);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    if (type != SOCK_DGRAM)
        ck_assert_int_eq(listen(fd, 8), 0);
    return fd;
}

static void start_server(void)
{
    server.daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, answer, NULL,
                                     MHD_OPTION_LISTEN_SOCKET, listen_there(SOCK_STREAM),
                                     MHD_OPTION_NOTIFY_CONNECTION, count_connection, NULL, MHD_OPTION_END);
    ck_assert_ptr_nonnull(server.daemon);
}

static void stop_server(void)
{
    if (server.daemon)
        MHD_stop_daemon(server.daemon);
    server.daemon = NULL;
}

static void will_answer(int status, const char *body)
{
    pthread_mutex_lock(&server.lock);
    server.status = status;
    server.body = body;
    server.body_size = strlen(body);
    pthread_mutex_unlock(&server.lock);
}

static void setup(void)
{
    server = (struct server){ .directory = "/tmp/test_client.XXXXXX", .lock = PTHREAD_MUTEX_INITIALIZER };
    ck_assert_ptr_nonnull(mkdtemp(server.directory));
    snprintf(server.socket_path, sizeof(server.socket_path), "%s/api.sock", server.directory);
    start_server();
    will_answer(200, "{}");

    json = NULL;
    ck_assert_int_eq(darkroom_open(server.socket_path, &dk), 0);
}

static void teardown(void)
{
    darkroom_free(json);
    darkroom_close(dk);
    stop_server();
    unlink(server.socket_path);
    rmdir(server.directory);
}

/* ---- What is asked ---- */

static int call_status(void)
{
    return darkroom_status(dk, &json);
}

static int call_status_wait(void)
{
    return darkroom_status_wait(dk, 17, 2500, &json);
}

static int call_status_wait_from_zero(void)
{
    return darkroom_status_wait(dk, 0, 30000, &json);
}

static int call_jobs_of_any_kind(void)
{
    return darkroom_jobs(dk, NULL, &json);
}

static int call_jobs_with_everything(void)
{
    return darkroom_jobs(
        dk,
        &(struct darkroom_jobs_filter){ .state = "failed", .folder = "web", .before = "12", .limit = 100 },
        &json);
}

static int call_jobs_of_a_strange_folder(void)
{
    return darkroom_jobs(dk, &(struct darkroom_jobs_filter){ .folder = "a&limit=9 +%41#?ü" }, &json);
}

static int call_job(void)
{
    return darkroom_job(dk, "12", 0, &json);
}

static int call_job_wait(void)
{
    return darkroom_job(dk, "12", 30000, &json);
}

static int call_job_with_a_strange_id(void)
{
    return darkroom_job(dk, "../status?x=1", 0, &json);
}

static int call_job_with_dots(void)
{
    return darkroom_job(dk, "..", 0, &json);
}

static int call_check(void)
{
    return darkroom_check(dk, &json);
}

static int call_reload(void)
{
    return darkroom_reload(dk, &json);
}

static int call_plan(void)
{
    return darkroom_plan(dk, "/srv/in/a b&c=\xc3\xbc%41.jpg", NULL, &json);
}

static int call_plan_in_a_folder(void)
{
    return darkroom_plan(dk, "\xff\n.jpg", "web", &json);
}

static int call_retry(void)
{
    return darkroom_retry(dk, "12", &json);
}

static int call_retry_failed(void)
{
    return darkroom_retry_failed(dk, NULL, &json);
}

static int call_retry_failed_of_a_folder(void)
{
    return darkroom_retry_failed(dk, "web", &json);
}

static int call_scan(void)
{
    return darkroom_scan(dk, "web", 0, &json);
}

static int call_scan_again(void)
{
    return darkroom_scan(dk, "web", 1, &json);
}

static const struct {
    int (*call)(void);
    const char *asked; /* as the server decoded it */
} questions[] = {
    { call_status, "GET /v1/status" },
    { call_status_wait, "GET /v1/status?after=17&wait=2500ms" },
    { call_status_wait_from_zero, "GET /v1/status?after=0&wait=30000ms" },
    { call_jobs_of_any_kind, "GET /v1/jobs" },
    { call_jobs_with_everything, "GET /v1/jobs?state=failed&folder=web&before=12&limit=100" },
    { call_jobs_of_a_strange_folder, "GET /v1/jobs?folder=a&limit=9 +%41#?ü" },
    { call_job, "GET /v1/jobs/12" },
    { call_job_wait, "GET /v1/jobs/12?wait=30000ms" },
    { call_job_with_a_strange_id, "GET /v1/jobs/../status?x=1" },
    { call_job_with_dots, "GET /v1/jobs/.." },
    { call_check, "POST /v1/check" },
    { call_reload, "POST /v1/reload" },
    { call_plan, "GET /v1/plan?path=/srv/in/a b&c=\xc3\xbc%41.jpg" },
    { call_plan_in_a_folder, "GET /v1/plan?path=\xff\n.jpg&folder=web" },
    { call_retry, "POST /v1/jobs/12/retry" },
    { call_retry_failed, "POST /v1/jobs/retry?state=failed" },
    { call_retry_failed_of_a_folder, "POST /v1/jobs/retry?state=failed&folder=web" },
    { call_scan, "POST /v1/folders/web/scan" },
    { call_scan_again, "POST /v1/folders/web/scan?again=yes" },
};

START_TEST(each_call_asks_its_question)
{
    ck_assert_int_eq(questions[_i].call(), 0);
    ck_assert_str_eq(server.asked, questions[_i].asked);
    ck_assert_str_eq(json, "{}");
    ck_assert_str_eq(darkroom_error(dk), "");
    ck_assert_int_eq(darkroom_http_status(dk), 200);
}
END_TEST

START_TEST(a_filter_of_a_later_version_is_refused)
{
    ck_assert_int_eq(darkroom_jobs(dk, &(struct darkroom_jobs_filter){ .reserved = { 0, 1 } }, &json),
                     -EINVAL);
    ck_assert_str_eq(server.asked, "");
    ck_assert_str_ne(darkroom_error(dk), "");
}
END_TEST

START_TEST(an_empty_name_is_refused)
{
    ck_assert_int_eq(darkroom_job(dk, "", 0, &json), -EINVAL);
    ck_assert_int_eq(darkroom_retry(dk, "", &json), -EINVAL);
    ck_assert_int_eq(darkroom_scan(dk, "", 0, &json), -EINVAL);
    ck_assert_str_eq(server.asked, "");
}
END_TEST

/* ---- What is made of answers ---- */

static const struct {
    int status, error;
    const char *body, *message;
} answers[] = {
    { 202, 0, "{\"generation\":2}", "" },
    { 400, EINVAL, "{\"title\":\"Bad Request\",\"detail\":\"no such state\"}", "no such state" },
    { 403, EACCES, "{\"title\":\"Forbidden\"}", "Forbidden" },
    { 404, ENOENT, "{\"detail\":\"no job 12\"}", "no job 12" },
    { 409, EEXIST, "{\"title\":\"Wrong\",\"problems\":[]}", "Wrong" },
    { 413, E2BIG, "{}", "darkroomd answered with HTTP status 413" },
    { 429, EAGAIN, "[1]", "darkroomd answered with HTTP status 429" },
    { 503, EAGAIN, "", "darkroomd answered with HTTP status 503" },
    { 500, EIO, "<html>", "darkroomd answered with HTTP status 500" },
    { 599, EIO, "{\"title\":7,\"detail\":null}", "darkroomd answered with HTTP status 599" },
    { 301, EPROTO, "", "darkroomd answered with HTTP status 301" },
    { 418, EPROTO, "", "darkroomd answered with HTTP status 418" },
};

START_TEST(each_status_has_its_errno_and_message)
{
    will_answer(answers[_i].status, answers[_i].body);

    ck_assert_int_eq(darkroom_status(dk, &json), -answers[_i].error);
    ck_assert_str_eq(darkroom_error(dk), answers[_i].message);
    ck_assert_int_eq(darkroom_http_status(dk), answers[_i].status);
    if (answers[_i].error)
        ck_assert_ptr_null(json);
    else
        ck_assert_str_eq(json, answers[_i].body);
}
END_TEST

START_TEST(a_problem_document_is_kept_until_the_next_call)
{
    const char *body = "{\"title\":\"Wrong\",\"problems\":[{\"where\":\"a:1:1\",\"text\":\"b\"}]}";

    will_answer(409, body);
    ck_assert_int_eq(darkroom_reload(dk, &json), -EEXIST);
    ck_assert_str_eq(darkroom_problem(dk), body);

    will_answer(200, "{}");
    ck_assert_int_eq(darkroom_status(dk, &json), 0);
    ck_assert_ptr_null(darkroom_problem(dk));
    ck_assert_str_eq(darkroom_error(dk), "");
}
END_TEST

START_TEST(a_success_that_is_not_json_is_a_protocol_error)
{
    static const char *const bodies[] = { "", "<html></html>", "{\"version\":", "{} {}" };

    will_answer(200, bodies[_i]);
    ck_assert_int_eq(darkroom_status(dk, &json), -EPROTO);
    ck_assert_ptr_null(json);
}
END_TEST

/* A JSON string of @size bytes, quotes included. */
static char *long_json(size_t size)
{
    char *text = malloc(size + 1);

    ck_assert_ptr_nonnull(text);
    memset(text, 'x', size);
    text[0] = text[size - 1] = '"';
    text[size] = '\0';
    return text;
}

/* Longer than any sensible message and not a whole number of buffers. */
START_TEST(a_big_answer_arrives_whole)
{
    _cleanup_free_ char *body = long_json((9 << 20) + 7);
    _cleanup_free_ char *document = NULL;

    ck_assert_int_ge(asprintf(&document, "[%s]", body), 0);
    will_answer(200, document);

    ck_assert_int_eq(darkroom_jobs(dk, NULL, &json), 0);
    ck_assert_uint_eq(strlen(json), strlen(document));
    ck_assert(strcmp(json, document) == 0);
}
END_TEST

START_TEST(an_answer_over_the_limit_is_refused_and_the_handle_still_works)
{
    _cleanup_free_ char *body = long_json(DARKROOM_ANSWER_BYTES_MAX + 1);

    will_answer(200, body);
    ck_assert_int_eq(darkroom_jobs(dk, NULL, &json), -EMSGSIZE);
    ck_assert_ptr_null(json);

    will_answer(200, "[]");
    ck_assert_int_eq(darkroom_jobs(dk, NULL, &json), 0);
    ck_assert_str_eq(json, "[]");
}
END_TEST

/* ---- The connection ---- */

START_TEST(calls_share_one_connection)
{
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(i % 2 ? darkroom_check(dk, &json) : darkroom_status(dk, &json), 0);
        darkroom_free(json);
        json = NULL;
    }
    ck_assert_int_eq(server.connections, 1);
}
END_TEST

START_TEST(a_restarted_daemon_is_found_again)
{
    ck_assert_int_eq(darkroom_status(dk, &json), 0);
    darkroom_free(json);
    json = NULL;
    stop_server();
    start_server();
    ck_assert_int_eq(darkroom_reload(dk, &json), 0);
}
END_TEST

START_TEST(a_missing_socket_is_told_with_its_path)
{
    _cleanup_free_ char *expected = NULL;

    stop_server();
    unlink(server.socket_path);
    ck_assert_int_ge(
        asprintf(&expected, "cannot reach darkroomd at %s: No such file or directory", server.socket_path),
        0);

    ck_assert_int_eq(darkroom_status(dk, &json), -ENOENT);
    ck_assert_str_eq(darkroom_error(dk), expected);
    ck_assert_int_eq(darkroom_http_status(dk), 0);
}
END_TEST

START_TEST(a_socket_nobody_listens_at_is_connection_refused)
{
    stop_server();
    ck_assert_int_eq(darkroom_status(dk, &json), -ECONNREFUSED);
    ck_assert_int_eq(darkroom_http_status(dk), 0);
}
END_TEST

START_TEST(a_regular_file_in_the_socket_s_place_is_connection_refused)
{
    _cleanup_file_ FILE *file = NULL;

    stop_server();
    unlink(server.socket_path);
    file = fopen(server.socket_path, "we");
    ck_assert_ptr_nonnull(file);

    ck_assert_int_eq(darkroom_status(dk, &json), -ECONNREFUSED);
}
END_TEST

START_TEST(a_socket_of_another_kind_is_told)
{
    _cleanup_close_ int fd = -1;

    stop_server();
    fd = listen_there(SOCK_DGRAM);

    ck_assert_int_eq(darkroom_status(dk, &json), -EPROTOTYPE);
    ck_assert_ptr_nonnull(strstr(darkroom_error(dk), server.socket_path));
}
END_TEST

/* Accepts one connection and answers it with the text in @text. */
struct impostor {
    int fd;
    const char *text;
};

static void *run_impostor(void *argument)
{
    struct impostor *impostor = argument;
    _cleanup_close_ int connection = accept4(impostor->fd, NULL, NULL, SOCK_CLOEXEC);
    char request[4096];

    if (connection >= 0 && recv(connection, request, sizeof(request), 0) > 0)
        send(connection, impostor->text, strlen(impostor->text), MSG_NOSIGNAL);
    return NULL;
}

static const struct {
    const char *text;
    int error;
} impostors[] = {
    { "220 mail.example.org ESMTP\r\n", EPROTO },
    { "SSH-2.0-OpenSSH_9.2\r\n", EPROTO },
    { "", ECONNRESET },
    { "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", ECONNRESET },
};

START_TEST(a_socket_with_something_else_behind_it_is_a_protocol_error)
{
    struct impostor impostor = { .text = impostors[_i].text };
    pthread_t thread;
    int r;

    stop_server();
    impostor.fd = listen_there(SOCK_STREAM);
    ck_assert_int_eq(pthread_create(&thread, NULL, run_impostor, &impostor), 0);

    r = darkroom_status(dk, &json);
    close(impostor.fd);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);

    ck_assert_int_eq(r, -impostors[_i].error);
    ck_assert_ptr_null(json);
    ck_assert_str_ne(darkroom_error(dk), "");
}
END_TEST

START_TEST(a_daemon_that_does_not_answer_is_a_timeout)
{
    _cleanup_close_ int fd = -1;

    stop_server();
    fd = listen_there(SOCK_STREAM);
    darkroom_set_answer_timeout(dk, SHORT_TIMEOUT_MS);

    ck_assert_int_eq(darkroom_status(dk, &json), -ETIMEDOUT);
    ck_assert_ptr_nonnull(strstr(darkroom_error(dk), "in time"));
}
END_TEST

START_TEST(a_proxy_in_the_environment_is_ignored)
{
    ck_assert_int_eq(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
    ck_assert_int_eq(darkroom_status(dk, &json), 0);
    unsetenv("http_proxy");
}
END_TEST

/* ---- Opening ---- */

START_TEST(a_path_too_long_for_a_socket_is_refused)
{
    struct darkroom *other = NULL;
    char path[110];

    memset(path, 'x', sizeof(path));
    path[108] = '\0';
    ck_assert_int_eq(darkroom_open(path, &other), -ENAMETOOLONG);
    ck_assert_ptr_null(other);

    path[107] = '\0';
    ck_assert_int_eq(darkroom_open(path, &other), 0);
    ck_assert_int_eq(darkroom_status(other, &json), -ENOENT);
    darkroom_close(other);
}
END_TEST

START_TEST(the_environment_names_the_default_socket)
{
    struct darkroom *other;

    ck_assert_int_eq(setenv("DARKROOM_SOCKET", server.socket_path, 1), 0);
    ck_assert_int_eq(darkroom_open(NULL, &other), 0);
    ck_assert_str_eq(darkroom_socket_path(other), server.socket_path);
    ck_assert_int_eq(darkroom_status(other, &json), 0);
    darkroom_close(other);
    unsetenv("DARKROOM_SOCKET");
}
END_TEST

START_TEST(closing_and_freeing_nothing_is_allowed)
{
    darkroom_close(NULL);
    darkroom_free(NULL);
}
END_TEST

static Suite *client_suite(void)
{
    Suite *suite = suite_create("client");
    TCase *questions_case = tcase_create("questions");
    TCase *answers_case = tcase_create("answers");
    TCase *connection_case = tcase_create("connection");

    tcase_add_checked_fixture(questions_case, setup, teardown);
    tcase_add_loop_test(questions_case, each_call_asks_its_question, 0, ARRAY_SIZE(questions));
    tcase_add_test(questions_case, a_filter_of_a_later_version_is_refused);
    tcase_add_test(questions_case, an_empty_name_is_refused);
    suite_add_tcase(suite, questions_case);

    tcase_add_checked_fixture(answers_case, setup, teardown);
    tcase_set_timeout(answers_case, 60);
    tcase_add_loop_test(answers_case, each_status_has_its_errno_and_message, 0, ARRAY_SIZE(answers));
    tcase_add_test(answers_case, a_problem_document_is_kept_until_the_next_call);
    tcase_add_loop_test(answers_case, a_success_that_is_not_json_is_a_protocol_error, 0, 4);
    tcase_add_test(answers_case, a_big_answer_arrives_whole);
    tcase_add_test(answers_case, an_answer_over_the_limit_is_refused_and_the_handle_still_works);
    suite_add_tcase(suite, answers_case);

    tcase_add_checked_fixture(connection_case, setup, teardown);
    tcase_set_timeout(connection_case, 30);
    tcase_add_test(connection_case, calls_share_one_connection);
    tcase_add_test(connection_case, a_restarted_daemon_is_found_again);
    tcase_add_test(connection_case, a_missing_socket_is_told_with_its_path);
    tcase_add_test(connection_case, a_socket_nobody_listens_at_is_connection_refused);
    tcase_add_test(connection_case, a_regular_file_in_the_socket_s_place_is_connection_refused);
    tcase_add_test(connection_case, a_socket_of_another_kind_is_told);
    tcase_add_loop_test(connection_case, a_socket_with_something_else_behind_it_is_a_protocol_error, 0,
                        ARRAY_SIZE(impostors));
    tcase_add_test(connection_case, a_daemon_that_does_not_answer_is_a_timeout);
    tcase_add_test(connection_case, a_proxy_in_the_environment_is_ignored);
    tcase_add_test(connection_case, a_path_too_long_for_a_socket_is_refused);
    tcase_add_test(connection_case, the_environment_names_the_default_socket);
    tcase_add_test(connection_case, closing_and_freeing_nothing_is_allowed);
    suite_add_tcase(suite, connection_case);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(client_suite());
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
