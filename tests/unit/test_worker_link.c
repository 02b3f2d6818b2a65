/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/wire/worker_link: both ends, and everything a worker that was taken over could claim. */
#include "wire/worker_link.h"

#include "base/cleanup.h"
#include "base/fd_io.h"
#include "recipe_text.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { GENERATION = 3, JOB = 42, GRANT = 1000, MOST = 5000 };

static int supervisor, worker;

static void open_link(void)
{
    ck_assert_int_eq(worker_link_open(&supervisor, &worker), 0);
}

static void close_link(void)
{
    close_fd(supervisor);
    close_fd(worker);
}

static void fill_hello(struct hello_message *hello)
{
    memset(hello, 0, sizeof *hello);
    hello->header = wire_header(WIRE_HELLO, GENERATION, 0);
    hello->ready = 1;
}

static int receive(union worker_message *ret, int *fds, size_t *ret_count)
{
    return worker_link_receive(supervisor, GENERATION, ret, fds, ret_count);
}

static struct source_message said;

static int receive_kind(void)
{
    union worker_message message;
    int fds[FD_PASS_MAX];
    size_t count;

    return receive(&message, fds, &count);
}

START_TEST(a_source_arrives_with_its_job)
{
    _cleanup_close_ int source = fd_memory("source", "abc", 3), received = -1;
    char bytes[4] = "";

    ck_assert_int_eq(worker_link_send_source(supervisor, GENERATION, JOB, source, "album/a.jpg", 7), 0);
    received = worker_link_receive_source(worker, GENERATION, JOB, &said);
    ck_assert_int_ge(received, 0);
    ck_assert(fcntl(received, F_GETFD) & FD_CLOEXEC);
    ck_assert_int_eq(pread(received, bytes, 3, 0), 3);
    ck_assert_str_eq(bytes, "abc");
    ck_assert_str_eq(said.path, "album/a.jpg");
    ck_assert_int_eq(said.mtime_ns, 7);
}
END_TEST

START_TEST(a_source_of_another_job_or_generation_is_refused)
{
    _cleanup_close_ int source = fd_memory("source", "abc", 3);

    ck_assert_int_eq(worker_link_send_source(supervisor, GENERATION, JOB + 1, source, "album/a.jpg", 7), 0);
    ck_assert_int_eq(worker_link_receive_source(worker, GENERATION, JOB, &said), -EBADMSG);
    ck_assert_int_eq(worker_link_send_source(supervisor, GENERATION + 1, JOB, source, "album/a.jpg", 7), 0);
    ck_assert_int_eq(worker_link_receive_source(worker, GENERATION, JOB, &said), -EBADMSG);
}
END_TEST

START_TEST(a_worker_sees_that_its_supervisor_is_gone)
{
    supervisor = close_fd(supervisor);
    ck_assert_int_eq(worker_link_receive_source(worker, GENERATION, JOB, &said), -ECONNRESET);
}
END_TEST

START_TEST(nothing_to_receive_is_no_wait)
{
    ck_assert_int_eq(receive_kind(), 0);
}
END_TEST

START_TEST(a_hello_arrives_and_its_text_ends)
{
    union worker_message message;
    struct hello_message hello;
    int fds[FD_PASS_MAX];
    size_t count;

    fill_hello(&hello);
    memset(hello.text, 'x', sizeof hello.text);
    ck_assert_int_eq(worker_link_send(worker, &hello, sizeof hello, NULL, 0), 0);

    ck_assert_int_eq(receive(&message, fds, &count), 1);
    ck_assert_uint_eq(count, 0);
    ck_assert_uint_eq(message.hello.ready, 1);
    ck_assert_uint_eq(strlen(message.hello.text), sizeof hello.text - 1);
}
END_TEST

START_TEST(the_end_of_the_link_comes_after_the_last_message)
{
    struct hello_message hello;

    fill_hello(&hello);
    ck_assert_int_eq(worker_link_send(worker, &hello, sizeof hello, NULL, 0), 0);
    worker = close_fd(worker);

    ck_assert_int_eq(receive_kind(), 1);
    ck_assert_int_eq(receive_kind(), -ECONNRESET);
}
END_TEST

/* The kernel reports ECONNRESET ahead of what is still in the socket. */
START_TEST(a_last_message_is_not_lost_when_the_worker_died_with_a_source_unread)
{
    _cleanup_close_ int source = fd_memory("source", "abc", 3);
    struct hello_message hello;

    fill_hello(&hello);
    ck_assert_int_eq(worker_link_send(worker, &hello, sizeof hello, NULL, 0), 0);
    ck_assert_int_eq(worker_link_send_source(supervisor, GENERATION, JOB, source, "album/a.jpg", 7), 0);
    worker = close_fd(worker);

    ck_assert_int_eq(receive_kind(), 1);
    ck_assert_int_eq(receive_kind(), -ECONNRESET);
}
END_TEST

static const struct {
    const char *name;
    size_t size;
    uint32_t magic;
    uint16_t version, kind;
    uint64_t generation;
} strangers[] = {
    { "too short", 3, WIRE_MAGIC, WIRE_VERSION, WIRE_HELLO, GENERATION },
    { "too long", sizeof(union worker_message) + 1, WIRE_MAGIC, WIRE_VERSION, WIRE_RESULT, GENERATION },
    { "a result as long as a hello", sizeof(struct hello_message), WIRE_MAGIC, WIRE_VERSION, WIRE_RESULT,
      GENERATION },
    { "of another program", sizeof(struct hello_message), 0, WIRE_VERSION, WIRE_HELLO, GENERATION },
    { "of another version", sizeof(struct hello_message), WIRE_MAGIC, 9, WIRE_HELLO, GENERATION },
    { "of another generation", sizeof(struct hello_message), WIRE_MAGIC, WIRE_VERSION, WIRE_HELLO, 1 },
    { "a source", sizeof(struct source_message), WIRE_MAGIC, WIRE_VERSION, WIRE_SOURCE, GENERATION },
};

static int count_open(void)
{
    int open = 0;

    for (int fd = 0; fd < 64; fd++)
        open += fcntl(fd, F_GETFD) >= 0;
    return open;
}

START_TEST(a_message_that_is_not_ours_is_refused_and_its_descriptors_closed)
{
    char bytes[sizeof(union worker_message) + sizeof(struct source_message)] = "";
    struct wire_header header = {
        .magic = strangers[_i].magic,
        .version = strangers[_i].version,
        .kind = strangers[_i].kind,
        .generation = strangers[_i].generation,
    };
    int before = count_open();

    memcpy(bytes, &header, sizeof header);
    ck_assert_int_eq(worker_link_send(worker, bytes, strangers[_i].size, &worker, 1), 0);
    ck_assert_msg(receive_kind() == -EBADMSG, "one that is %s", strangers[_i].name);
    ck_assert_int_eq(count_open(), before);
}
END_TEST

/* It looks the same; a worker that sends one has done with us. */
START_TEST(an_empty_message_is_the_end_and_its_descriptor_closed)
{
    int before = count_open();

    ck_assert_int_eq(worker_link_send(worker, "", 0, &worker, 1), 0);
    ck_assert_int_eq(receive_kind(), -ECONNRESET);
    ck_assert_int_eq(count_open(), before);
}
END_TEST

/* A result that is right in every way; tests change one thing of it. */
struct claim {
    struct recipe *recipe;
    struct ticket ticket; /* that it answers */
    struct result_message result;
    int fds[4];
    size_t fd_count;
};

static const unsigned char jpeg[] = { 0xff, 0xd8, 0xff, 0xe0, 0, 16, 'J', 'F', 'I',
                                      'F',  0,    1,    1,    0, 0,  1,   0,   1 };
static const unsigned char png[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n',
                                     0,    0,   0,   13,  'I',  'H',  'D',  'R' };

static int sealed(const void *data, size_t size)
{
    int fd = fd_memory("output", data, size);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fd_seal(fd), 0);
    return fd;
}

static void fill_claim(struct claim *claim)
{
    memset(claim, 0, sizeof *claim);
    claim->recipe =
        recipe_of_text("[Recipe]\n[Output a]\nWidth=10 20\nFormat=jpeg\n[Output b]\nFormat=png\n");
    claim->ticket = (struct ticket){ .header = wire_header(WIRE_TICKET, 0, JOB),
                                     .first_page = 1,
                                     .max_pages = 9,
                                     .memory_grant_bytes = GRANT,
                                     .max_memory_bytes = MOST };
    claim->result.header = wire_header(WIRE_RESULT, GENERATION, JOB);
    claim->result.source_format = FORMAT_PNG;
    claim->result.source_width = 40;
    claim->result.source_height = 30;
    claim->result.source_pages = 1;
    claim->result.output_count = 2;
    claim->result.outputs[0] = (struct result_output){ 0, 1, 10, 8, sizeof jpeg };
    claim->result.outputs[1] = (struct result_output){ 2, 1, 40, 30, sizeof png };
    claim->fds[0] = sealed(jpeg, sizeof jpeg);
    claim->fds[1] = sealed(png, sizeof png);
    claim->fd_count = 2;
}

static void release_claim(struct claim *claim)
{
    for (size_t i = 0; i < claim->fd_count; i++)
        close_fd(claim->fds[i]);
    recipe_free(claim->recipe);
}

static int check_as(const struct claim *claim, bool plan, struct error *error)
{
    struct ticket ticket = claim->ticket;

    ticket.plan = plan;
    return worker_link_check_result(&claim->result, &ticket, claim->recipe, claim->fds, claim->fd_count,
                                    error);
}

static int check_claim(const struct claim *claim, struct error *error)
{
    return check_as(claim, false, error);
}

START_TEST(a_right_result_is_possible)
{
    _cleanup_(release_claim) struct claim claim;
    struct error error;

    fill_claim(&claim);
    ck_assert_msg(check_claim(&claim, &error) == 0, "%s", error.text);
}
END_TEST

static void make_failure(struct claim *claim)
{
    claim->result.class = CLASS_PERMANENT;
    claim->result.stage = STAGE_DECODE;
    claim->result.text[0] = 'x';
    claim->result.output_count = 0;
    claim->result.source_width = claim->result.source_height = claim->result.source_pages = 0;
    while (claim->fd_count > 0)
        close(claim->fds[--claim->fd_count]);
}

START_TEST(a_failure_is_possible_before_the_source_was_probed)
{
    _cleanup_(release_claim) struct claim claim;
    struct error error;

    fill_claim(&claim);
    make_failure(&claim);
    ck_assert_msg(check_claim(&claim, &error) == 0, "%s", error.text);
}
END_TEST

static void make_hand_back(struct claim *claim)
{
    make_failure(claim);
    claim->result.class = CLASS_NONE;
    claim->result.stage = STAGE_NONE;
    claim->result.text[0] = '\0';
    claim->result.needs_memory_bytes = GRANT + 1;
}

START_TEST(a_ticket_may_be_handed_back_for_more_memory)
{
    _cleanup_(release_claim) struct claim claim;
    struct error error;

    fill_claim(&claim);
    make_hand_back(&claim);
    ck_assert_msg(check_claim(&claim, &error) == 0, "%s", error.text);
    claim.result.needs_memory_bytes = MOST;
    ck_assert_msg(check_claim(&claim, &error) == 0, "%s", error.text);
}
END_TEST

static void hands_back_what_was_enough(struct claim *claim)
{
    make_hand_back(claim);
    claim->result.needs_memory_bytes = GRANT;
}

static void hands_back_for_more_than_is_allowed(struct claim *claim)
{
    make_hand_back(claim);
    claim->result.needs_memory_bytes = MOST + 1;
}

static void hands_back_a_failure(struct claim *claim)
{
    make_failure(claim);
    claim->result.needs_memory_bytes = GRANT + 1;
}

static void hands_back_with_outputs(struct claim *claim)
{
    claim->result.needs_memory_bytes = GRANT + 1;
}

static void another_job(struct claim *claim)
{
    claim->result.header.job++;
}

static void unknown_class(struct claim *claim)
{
    claim->result.class = ERROR_CLASS_COUNT;
}

static void unknown_stage(struct claim *claim)
{
    claim->result.stage = ERROR_STAGE_COUNT;
}

static void unknown_source_format(struct claim *claim)
{
    claim->result.source_format = FORMAT_COUNT;
}

static void half_a_source(struct claim *claim)
{
    claim->result.source_height = 0;
}

static void unread_source(struct claim *claim)
{
    claim->result.source_width = claim->result.source_height = 0;
}

static void uncounted_source(struct claim *claim)
{
    claim->result.source_pages = 0;
}

static void another_page(struct claim *claim)
{
    claim->result.outputs[1].page = 2;
}

static void more_to_come_of_one_page(struct claim *claim)
{
    claim->result.next_page = 2;
}

static void no_outputs(struct claim *claim)
{
    claim->result.output_count = 0;
}

static void too_many_outputs(struct claim *claim)
{
    claim->result.output_count = UINT32_MAX;
}

static void one_output_too_many(struct claim *claim)
{
    claim->result.output_count = 3;
}

static void repeated_rendition(struct claim *claim)
{
    claim->result.outputs[1].rendition = 0;
}

static void rendition_out_of_range(struct claim *claim)
{
    claim->result.outputs[1].rendition = 3;
}

static void empty_output(struct claim *claim)
{
    claim->result.outputs[0].width = 0;
}

static void wrong_length(struct claim *claim)
{
    claim->result.outputs[0].bytes++;
}

static void unsealed(struct claim *claim)
{
    close(claim->fds[0]);
    claim->fds[0] = fd_memory("output", jpeg, sizeof jpeg);
}

static void not_a_memory_file(struct claim *claim)
{
    close(claim->fds[0]);
    claim->fds[0] = dup(worker);
}

static void wrong_format(struct claim *claim)
{
    close(claim->fds[1]);
    claim->fds[1] = sealed(jpeg, sizeof png);
}

static void failure_with_outputs(struct claim *claim)
{
    claim->result.class = CLASS_PERMANENT;
    claim->result.stage = STAGE_DECODE;
    claim->result.text[0] = 'x';
}

static void failure_without_text(struct claim *claim)
{
    make_failure(claim);
    claim->result.text[0] = '\0';
}

static void unchanged_with_outputs(struct claim *claim)
{
    claim->result.unchanged = 1;
}

static void supervisors_class(struct claim *claim)
{
    make_failure(claim);
    claim->result.class = CLASS_TIMEOUT;
}

static const struct {
    void (*spoil)(struct claim *claim);
    const char *says;
} spoilt[] = {
    { another_job, "another job" },
    { unknown_class, "unknown class" },
    { unknown_stage, "unknown class or stage" },
    { unknown_source_format, "no known format" },
    { half_a_source, "half a source" },
    { unread_source, "unread source" },
    { uncounted_source, "unread source" },
    { another_page, "other pages than it was asked for" },
    { more_to_come_of_one_page, "a portion that leads nowhere" },
    { no_outputs, "impossible number" },
    { too_many_outputs, "impossible number" },
    { one_output_too_many, "one descriptor an output" },
    { repeated_rendition, "out of order" },
    { rendition_out_of_range, "not in the recipe" },
    { empty_output, "an empty output" },
    { wrong_length, "not sealed, or not as long" },
    { unsealed, "not sealed" },
    { not_a_memory_file, "not sealed" },
    { wrong_format, "not of its format" },
    { failure_with_outputs, "a failure and outputs" },
    { failure_without_text, "without an explanation" },
    { unchanged_with_outputs, "of an unchanged source" },
    { supervisors_class, "not a worker's to say" },
    { hands_back_what_was_enough, "had granted enough memory" },
    { hands_back_for_more_than_is_allowed, "more memory than the folder allows" },
    { hands_back_a_failure, "handed back and an outcome" },
    { hands_back_with_outputs, "handed back and an outcome" },
};

START_TEST(an_impossible_result_is_refused_and_named)
{
    _cleanup_(release_claim) struct claim claim;
    struct error error;

    fill_claim(&claim);
    spoilt[_i].spoil(&claim);
    ck_assert_msg(check_claim(&claim, &error) == -EBADMSG, "accepted: %s", spoilt[_i].says);
    ck_assert_msg(strstr(error.text, spoilt[_i].says), "\"%s\" is not in \"%s\"", spoilt[_i].says,
                  error.text);
}
END_TEST

/* ---- plans ---- */

static void make_plan(struct claim *claim)
{
    while (claim->fd_count > 0)
        close(claim->fds[--claim->fd_count]);
    for (uint32_t i = 0; i < claim->result.output_count; i++)
        claim->result.outputs[i].bytes = 0;
}

static int check_plan(const struct claim *claim, struct error *error)
{
    return check_as(claim, true, error);
}

START_TEST(a_right_plan_is_possible_and_a_failure_instead_of_one)
{
    _cleanup_(release_claim) struct claim claim;
    struct error error;

    fill_claim(&claim);
    make_plan(&claim);
    ck_assert_msg(check_plan(&claim, &error) == 0, "%s", error.text);
    make_failure(&claim);
    ck_assert_msg(check_plan(&claim, &error) == 0, "%s", error.text);
}
END_TEST

static void pictures(struct claim *claim)
{
    claim->fds[claim->fd_count++] = sealed(png, sizeof png);
}

static void bytes(struct claim *claim)
{
    claim->result.outputs[1].bytes = 7;
}

static const struct {
    void (*spoil)(struct claim *claim);
    const char *says;
} spoilt_plans[] = {
    { another_job, "another job" },         { unread_source, "unread source" },
    { no_outputs, "impossible number" },    { too_many_outputs, "impossible number" },
    { repeated_rendition, "out of order" }, { rendition_out_of_range, "not in the recipe" },
    { empty_output, "an empty output" },    { pictures, "pictures where a plan" },
    { bytes, "pictures where a plan" },     { supervisors_class, "not a worker's to say" },
};

START_TEST(an_impossible_plan_is_refused_and_named)
{
    _cleanup_(release_claim) struct claim claim;
    struct error error;

    fill_claim(&claim);
    make_plan(&claim);
    spoilt_plans[_i].spoil(&claim);
    ck_assert_msg(check_plan(&claim, &error) == -EBADMSG, "accepted: %s", spoilt_plans[_i].says);
    ck_assert_msg(strstr(error.text, spoilt_plans[_i].says), "\"%s\" is not in \"%s\"", spoilt_plans[_i].says,
                  error.text);
}
END_TEST

/* ---- documents ---- */

/* Of three pages; the first has a preview as well. */
static void fill_document(struct claim *claim)
{
    fill_claim(claim);
    recipe_free(claim->recipe);
    claim->recipe = recipe_of_text("[Recipe]\n[Output a]\nName={stem}.{page}\nFormat=jpeg\n"
                                   "[Output b]\nName={stem}.{ext}\nFormat=png\n");
    claim->ticket.pages = claim->result.source_pages = 3;
    claim->result.output_count = claim->fd_count = 4;
    for (uint32_t i = 0; i < 4; i++)
        claim->result.outputs[i] =
            (struct result_output){ i == 1, i ?: 1, 10, 8, i == 1 ? sizeof png : sizeof jpeg };
    claim->fds[2] = sealed(jpeg, sizeof jpeg);
    claim->fds[3] = sealed(jpeg, sizeof jpeg);
}

/* Leaves the outputs from @first on, so many of them. */
static void keep_outputs(struct claim *claim, size_t first, size_t count)
{
    for (size_t i = 0; i < claim->fd_count; i++)
        if (i < first || i >= first + count)
            close(claim->fds[i]);
    memmove(claim->fds, claim->fds + first, count * sizeof claim->fds[0]);
    memmove(claim->result.outputs, claim->result.outputs + first, count * sizeof claim->result.outputs[0]);
    claim->fd_count = claim->result.output_count = (uint32_t)count;
}

static void all_pages(struct claim *claim)
{
    (void)claim;
}

static void first_portion(struct claim *claim)
{
    keep_outputs(claim, 0, 3);
    claim->result.next_page = 3;
}

static void last_portion(struct claim *claim)
{
    keep_outputs(claim, 3, 1);
    claim->ticket.first_page = 3;
}

static void only_counted(struct claim *claim)
{
    keep_outputs(claim, 0, 0);
    claim->ticket.pages = 0;
}

START_TEST(a_document_is_counted_and_comes_in_portions)
{
    static void (*const shapes[])(struct claim *) = { all_pages, first_portion, last_portion, only_counted };

    for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
        _cleanup_(release_claim) struct claim claim;
        struct error error;

        fill_document(&claim);
        shapes[i](&claim);
        ck_assert_msg(check_claim(&claim, &error) == 0, "%zu: %s", i, error.text);
        ck_assert(result_is_count(&claim.result) == (shapes[i] == only_counted));
        make_plan(&claim);
        ck_assert_msg(check_plan(&claim, &error) == 0, "%zu: %s", i, error.text);
    }
}
END_TEST

static void made_before_it_was_counted(struct claim *claim)
{
    claim->ticket.pages = 0;
}

static void more_pages_than_are_allowed(struct claim *claim)
{
    only_counted(claim);
    claim->result.source_pages = 10;
}

static void a_count_that_goes_on(struct claim *claim)
{
    only_counted(claim);
    claim->result.next_page = 2;
}

static void counted_again(struct claim *claim)
{
    claim->result.source_pages = 4;
}

static void a_page_of_what_has_none(struct claim *claim)
{
    claim->result.outputs[2].rendition = 1;
}

static void a_page_left_out(struct claim *claim)
{
    memmove(&claim->result.outputs[2], &claim->result.outputs[3], sizeof claim->result.outputs[2]);
    close(claim->fds[3]);
    claim->fd_count = claim->result.output_count = 3;
}

static void the_last_page_left_out(struct claim *claim)
{
    keep_outputs(claim, 0, 3);
}

static void the_first_page_left_out(struct claim *claim)
{
    keep_outputs(claim, 2, 2);
}

static void pages_backwards(struct claim *claim)
{
    claim->result.outputs[2].page = 3;
    claim->result.outputs[3].page = 2;
}

static void a_page_beyond_the_last(struct claim *claim)
{
    claim->result.outputs[3].page = 4;
}

static void page_nought(struct claim *claim)
{
    claim->result.outputs[0].page = 0;
}

static void a_page_of_the_next_portion(struct claim *claim)
{
    claim->result.next_page = 3;
}

static void a_portion_that_goes_back(struct claim *claim)
{
    claim->result.next_page = 1;
}

static void a_portion_beyond_the_end(struct claim *claim)
{
    claim->result.next_page = 4;
}

static void an_earlier_page_again(struct claim *claim)
{
    claim->ticket.first_page = 2;
}

static const struct {
    void (*spoil)(struct claim *claim);
    const char *says;
} spoilt_documents[] = {
    { made_before_it_was_counted, "pages have no names yet" },
    { more_pages_than_are_allowed, "more pages than the folder allows" },
    { a_count_that_goes_on, "pages have no names yet" },
    { counted_again, "another number of pages" },
    { a_page_of_what_has_none, "a page of an output that has none" },
    { a_page_left_out, "pages out of order" },
    { the_last_page_left_out, "other pages than it was asked for" },
    { the_first_page_left_out, "pages out of order" },
    { pages_backwards, "out of order" },
    { a_page_beyond_the_last, "pages out of order" },
    { page_nought, "pages out of order" },
    { a_page_of_the_next_portion, "other pages than it was asked for" },
    { a_portion_that_goes_back, "leads nowhere" },
    { a_portion_beyond_the_end, "leads nowhere" },
    { an_earlier_page_again, "pages out of order" },
};

START_TEST(an_impossible_document_is_refused_and_named)
{
    _cleanup_(release_claim) struct claim claim;
    struct error error;

    fill_document(&claim);
    spoilt_documents[_i].spoil(&claim);
    ck_assert_msg(check_claim(&claim, &error) == -EBADMSG, "accepted: %s", spoilt_documents[_i].says);
    ck_assert_msg(strstr(error.text, spoilt_documents[_i].says), "\"%s\" is not in \"%s\"",
                  spoilt_documents[_i].says, error.text);
}
END_TEST

/* ---- for a manifest ---- */

#define HASH "L$HewR2kwzX5l?WGjue:gLfkfQfj"

/* With the same outputs, and @include of the manifest's keys. */
static void ask_for(struct claim *claim, const char *include)
{
    _cleanup_free_ char *text = NULL;

    recipe_free(claim->recipe);
    ck_assert_int_gt(asprintf(&text,
                              "[Output a]\nWidth=10 20\nFormat=jpeg\n[Output b]\nFormat=png\n"
                              "[Manifest]\nInclude=%s\n",
                              include),
                     0);
    claim->recipe = recipe_of_text(text);
}

static const struct {
    const char *what, *include, *hash;
    uint32_t colour;
    const char *says; /* NULL: it is possible */
    bool plan;
} looks[] = {
    { "what was asked for", "blurhash colour", HASH, 0xFFFFFF, NULL, false },
    { "a black picture", "colour", "", 0, NULL, false },
    { "no colour", "blurhash", HASH, 0, NULL, false },
    { "nothing", "hash", "", 0, NULL, false },
    { "nothing of a plan", "blurhash colour", "", 0, NULL, true },
    { "no hash where one was asked for", "blurhash", "", 0, "what is no BlurHash", false },
    { "a hash of other components", "blurhash", "T$IEz,31Wml?V{fSgLf*fQnjWVfQ", 0, "no BlurHash", false },
    { "a hash with a quote", "blurhash", "L$HewR2kwzX5l?WGjue:gLfkfQf\"", 0, "no BlurHash", false },
    { "a hash with a line", "blurhash", "L$HewR2kwzX5l?WGjue:gLfkfQf\n", 0, "no BlurHash", false },
    { "a hash that nobody asked for", "colour", HASH, 0, "a BlurHash that nobody asked for", false },
    { "a hash of a plan", "blurhash", HASH, 0, "a BlurHash that nobody asked for", true },
    { "a colour that nobody asked for", "blurhash", HASH, 1, "one that nobody asked for", false },
    { "a colour of a plan", "colour", "", 1, "one that nobody asked for", true },
    { "more than a colour", "colour", "", 0x1000000, "an impossible colour", false },
};

START_TEST(a_look_has_to_be_one_and_to_be_asked_for)
{
    _cleanup_(release_claim) struct claim claim;
    struct error error = { .class = CLASS_NONE };
    int r;

    fill_claim(&claim);
    ask_for(&claim, looks[_i].include);
    if (looks[_i].plan)
        make_plan(&claim);
    snprintf(claim.result.blurhash, sizeof claim.result.blurhash, "%s", looks[_i].hash);
    claim.result.colour = looks[_i].colour;
    r = check_as(&claim, looks[_i].plan, &error);
    ck_assert_msg(r == (looks[_i].says ? -EBADMSG : 0), "%s: %s", looks[_i].what, error.text);
    if (looks[_i].says)
        ck_assert_msg(strstr(error.text, looks[_i].says), "%s: %s", looks[_i].what, error.text);
}
END_TEST

START_TEST(nothing_stands_behind_a_hash)
{
    _cleanup_(release_claim) struct claim claim;
    struct error error;

    fill_claim(&claim);
    ask_for(&claim, "blurhash");
    memset(claim.result.blurhash, 'x', sizeof claim.result.blurhash);
    memcpy(claim.result.blurhash, HASH, sizeof HASH);
    ck_assert_int_eq(check_claim(&claim, &error), -EBADMSG);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("worker_link");
    TCase *tests = tcase_create("worker_link");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, open_link, close_link);
    tcase_add_test(tests, a_source_arrives_with_its_job);
    tcase_add_test(tests, a_source_of_another_job_or_generation_is_refused);
    tcase_add_test(tests, a_worker_sees_that_its_supervisor_is_gone);
    tcase_add_test(tests, nothing_to_receive_is_no_wait);
    tcase_add_test(tests, a_hello_arrives_and_its_text_ends);
    tcase_add_test(tests, the_end_of_the_link_comes_after_the_last_message);
    tcase_add_test(tests, a_last_message_is_not_lost_when_the_worker_died_with_a_source_unread);
    tcase_add_loop_test(tests, a_message_that_is_not_ours_is_refused_and_its_descriptors_closed, 0,
                        ARRAY_SIZE(strangers));
    tcase_add_test(tests, an_empty_message_is_the_end_and_its_descriptor_closed);
    tcase_add_test(tests, a_right_result_is_possible);
    tcase_add_test(tests, a_failure_is_possible_before_the_source_was_probed);
    tcase_add_test(tests, a_ticket_may_be_handed_back_for_more_memory);
    tcase_add_loop_test(tests, an_impossible_result_is_refused_and_named, 0, ARRAY_SIZE(spoilt));
    tcase_add_test(tests, a_right_plan_is_possible_and_a_failure_instead_of_one);
    tcase_add_loop_test(tests, an_impossible_plan_is_refused_and_named, 0, ARRAY_SIZE(spoilt_plans));
    tcase_add_test(tests, a_document_is_counted_and_comes_in_portions);
    tcase_add_loop_test(tests, an_impossible_document_is_refused_and_named, 0, ARRAY_SIZE(spoilt_documents));
    tcase_add_loop_test(tests, a_look_has_to_be_one_and_to_be_asked_for, 0, ARRAY_SIZE(looks));
    tcase_add_test(tests, nothing_stands_behind_a_hash);

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
