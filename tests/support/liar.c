/* SPDX-License-Identifier: GPL-2.0-or-later */
/* liar - a worker that speaks the protocol of wire/ticket.h and lies.
 *
 * A test puts it beside a copy of darkroomd, under the name darkroom-worker, with two files: "lie" has the name of the
 * lie, and is read anew for each ticket; "picture" is the PNG that it answers with, 24 × 18, for a recipe of one
 * rendition; or, for some lies, three times, as a document of as many pages. An honest answer is made first, and then
 * spoilt as a row of the table says. */
#include "base/cleanup.h"
#include "base/fd_io.h"
#include "wire/mailbox.h"
#include "wire/worker_link.h"

#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WIDTH = 24, PAGES = 3, MANY_PAGES = 1000000, HEIGHT = 18, FLOOD = 2000, HUGE_BYTES = 1 << 16 };

/* An answer that is being made up. */
struct answer {
    struct result_message result;
    size_t size; /* of what is sent of it */
    int fds[FD_PASS_MAX];
    size_t fd_count;
    unsigned copies; /* how often it is sent */
    bool counted;    /* of a document: its pages have names */
};

struct liar {
    uint64_t generation;
    char directory[PATH_MAX];
};

static void read_file(const struct liar *liar, const char *name, char **ret, size_t *ret_size)
{
    char path[PATH_MAX + 16];
    _cleanup_close_ int fd = -1;

    snprintf(path, sizeof path, "%s/%s", liar->directory, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fd_read_file(fd, 1 << 20, ret, ret_size) < 0)
        _exit(3);
}

/* ---- lies about a result ---- */

static void tell_the_truth(struct answer *answer)
{
    (void)answer;
}

static void say_that_it_leaves(struct answer *answer)
{
    answer->result.leaves = true;
}

static void say_another_generation(struct answer *answer)
{
    answer->result.header.generation++;
}

static void say_another_job(struct answer *answer)
{
    answer->result.header.job += 1000;
}

static void say_another_protocol(struct answer *answer)
{
    answer->result.header.version++;
}

static void say_it_twice(struct answer *answer)
{
    answer->copies = 2;
}

static void flood(struct answer *answer)
{
    answer->copies = FLOOD;
}

static void say_too_many_outputs(struct answer *answer)
{
    answer->result.outputs[1] = answer->result.outputs[0];
    answer->result.outputs[1].rendition = 1;
    answer->result.output_count = 2;
    answer->fds[1] = answer->fds[0];
    answer->fd_count = 2;
}

static void say_an_absurd_count(struct answer *answer)
{
    answer->result.output_count = UINT32_MAX;
}

static void say_no_outputs(struct answer *answer)
{
    answer->result.output_count = 0;
    answer->fd_count = 0;
}

static void say_another_rendition(struct answer *answer)
{
    answer->result.outputs[0].rendition = 77;
}

static void leave_it_unsealed(struct answer *answer)
{
    char bytes[8] = "\x89PNG\r\n\x1a";

    answer->fds[0] = fd_memory("unsealed", bytes, sizeof bytes);
    answer->result.outputs[0].bytes = sizeof bytes;
}

static void send_a_pipe(struct answer *answer)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) == 0)
        answer->fds[0] = ends[0];
}

static void say_another_size(struct answer *answer)
{
    answer->result.outputs[0].bytes++;
}

static void send_another_format(struct answer *answer)
{
    static const char jpeg[] = "\xff\xd8\xff\xe0 this is a JPEG, is it not?";

    answer->fds[0] = fd_memory("jpeg", jpeg, sizeof jpeg);
    fd_seal(answer->fds[0]);
    answer->result.outputs[0].bytes = sizeof jpeg;
}

static void send_no_descriptor(struct answer *answer)
{
    answer->fd_count = 0;
}

static void send_a_descriptor_too_many(struct answer *answer)
{
    answer->fds[answer->fd_count++] = answer->fds[0];
}

static void send_many_descriptors(struct answer *answer)
{
    for (; answer->fd_count < FD_PASS_MAX; answer->fd_count++)
        answer->fds[answer->fd_count] = answer->fds[0];
}

static void cut_it_short(struct answer *answer)
{
    answer->size = sizeof(struct wire_header) - 1;
}

static void make_it_huge(struct answer *answer)
{
    answer->size = HUGE_BYTES;
}

static void say_an_unknown_class(struct answer *answer)
{
    answer->result.class = 99;
}

static void say_failure(struct answer *answer, enum error_class class)
{
    answer->result.class = class;
    answer->result.stage = STAGE_RENDER;
    snprintf(answer->result.text, sizeof answer->result.text, "it is not to be");
    say_no_outputs(answer);
}

static void blame_itself_away(struct answer *answer)
{
    say_failure(answer, CLASS_CONFLICT);
}

/* As an honest one does whose source could not be read: this one is believed. */
static void say_that_it_may_pass(struct answer *answer)
{
    say_failure(answer, CLASS_TRANSIENT);
}

/* Nobody asked for one: it would be written to a manifest as it is. */
static void say_a_hash(struct answer *answer)
{
    snprintf(answer->result.blurhash, sizeof answer->result.blurhash, "\"");
}

static void say_a_colour(struct answer *answer)
{
    answer->result.colour = UINT32_MAX;
}

static void exit_at_once(struct answer *answer)
{
    (void)answer;
    _exit(0);
}

static void hang(struct answer *answer)
{
    (void)answer;
    for (;;)
        pause();
}

static void say_hello_again(struct answer *answer);

/* ---- lies about a document ---- */

static void say_less_by_a_page(struct answer *answer)
{
    if (answer->counted) {
        answer->result.outputs[1].page = PAGES;
        answer->result.output_count = --answer->fd_count;
    }
}

static void say_a_page_twice(struct answer *answer)
{
    answer->result.outputs[1].page = 1;
}

static void say_a_page_too_many(struct answer *answer)
{
    answer->result.outputs[PAGES - 1].page = PAGES + 1;
}

static void go_back(struct answer *answer)
{
    answer->result.next_page = answer->counted ? 1 : 0;
}

static void say_another_count(struct answer *answer)
{
    answer->result.source_pages += answer->counted;
}

static void count_for_ever(struct answer *answer)
{
    say_no_outputs(answer);
}

static void make_pages_without_names(struct answer *answer)
{
    answer->result.output_count = 1;
    answer->fd_count = 1;
}

static void say_a_million_pages(struct answer *answer)
{
    answer->result.source_pages = MANY_PAGES;
}

static const struct lie {
    const char *name;
    void (*tell)(struct answer *answer);
} lies[] = {
    { "truth", tell_the_truth },
    { "leaves", say_that_it_leaves }, /* and it does */
    { "generation", say_another_generation },
    { "job", say_another_job },
    { "protocol", say_another_protocol },
    { "twice", say_it_twice },
    { "flood", flood },
    { "too-many-outputs", say_too_many_outputs },
    { "absurd-count", say_an_absurd_count },
    { "no-outputs", say_no_outputs },
    { "rendition", say_another_rendition },
    { "unsealed", leave_it_unsealed },
    { "pipe", send_a_pipe },
    { "size", say_another_size },
    { "format", send_another_format },
    { "no-descriptor", send_no_descriptor },
    { "descriptor-too-many", send_a_descriptor_too_many },
    { "many-descriptors", send_many_descriptors },
    { "short", cut_it_short },
    { "huge", make_it_huge },
    { "class", say_an_unknown_class },
    { "conflict", blame_itself_away },
    { "transient", say_that_it_may_pass },
    { "hash", say_a_hash },
    { "colour", say_a_colour },
    { "hello", say_hello_again },
    { "exit", exit_at_once },
    { "hang", hang },
};

/* Those that are told of a document. */
static const struct lie document_lies[] = {
    { "document", tell_the_truth },
    { "page-missing", say_less_by_a_page },
    { "page-twice", say_a_page_twice },
    { "page-beyond", say_a_page_too_many },
    { "page-again", go_back },
    { "page-count", say_another_count },
    { "counting", count_for_ever },
    { "nameless-page", make_pages_without_names },
    { "many-pages", say_a_million_pages },
};

/* ---- a worker's life ---- */

static void send_hello(uint64_t generation)
{
    struct hello_message hello;

    memset(&hello, 0, sizeof hello);
    hello.header = wire_header(WIRE_HELLO, generation, 0);
    hello.ready = 1;
    worker_link_send(WORKER_FD_LINK, &hello, sizeof hello, NULL, 0);
}

static void say_hello_again(struct answer *answer)
{
    send_hello(answer->result.header.generation);
}

/* A result that would be believed. */
static void make_answer(const struct liar *liar, const struct ticket *ticket, struct answer *answer)
{
    struct result_message *result = &answer->result;
    _cleanup_free_ char *picture = NULL;
    size_t size;

    memset(answer, 0, sizeof *answer);
    read_file(liar, "picture", &picture, &size);
    answer->fds[0] = fd_memory("picture", picture, size);
    fd_seal(answer->fds[0]);
    answer->fd_count = 1;
    answer->size = sizeof *result;
    answer->copies = 1;
    result->header = wire_header(WIRE_RESULT, liar->generation, ticket->header.job);
    result->source_width = result->source_height = 48;
    result->source_pages = 1;
    result->output_count = 1;
    result->outputs[0].page = 1;
    result->outputs[0].width = WIDTH;
    result->outputs[0].height = HEIGHT;
    result->outputs[0].bytes = size;
}

/* Before its pages are counted, and after. */
static void make_document(const struct ticket *ticket, struct answer *answer)
{
    answer->counted = ticket->pages > 0;
    answer->result.source_pages = PAGES;
    if (!answer->counted)
        say_no_outputs(answer);
    for (uint32_t i = 1; answer->counted && i < PAGES; i++) {
        answer->result.outputs[i] = answer->result.outputs[0];
        answer->result.outputs[i].page = i + 1;
        answer->fds[i] = answer->fds[0];
        answer->result.output_count = (uint32_t)++answer->fd_count;
    }
}

static const struct lie *find_lie(const struct lie *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].name, name) == 0)
            return &list[i];
    return NULL;
}

static void tell(const char *name, const struct ticket *ticket, struct answer *answer)
{
    const struct lie *lie = find_lie(lies, ARRAY_SIZE(lies), name);
    const struct lie *of_document = find_lie(document_lies, ARRAY_SIZE(document_lies), name);

    if (of_document)
        make_document(ticket, answer);
    lie = lie ?: of_document;
    if (lie)
        lie->tell(answer);
}

static void send_answer(const struct answer *answer)
{
    static char message[HUGE_BYTES];

    memcpy(message, &answer->result, sizeof answer->result);
    for (unsigned i = 0; i < answer->copies; i++)
        if (worker_link_send(WORKER_FD_LINK, message, answer->size, answer->fds, answer->fd_count) < 0)
            _exit(4);
}

static void serve(const struct liar *liar, const struct ticket *ticket)
{
    _cleanup_free_ char *name = NULL;
    struct answer answer;
    size_t size;

    make_answer(liar, ticket, &answer);
    read_file(liar, "lie", &name, &size);
    tell(name, ticket, &answer);
    send_answer(&answer);
    close(answer.fds[0]);
    if (answer.result.leaves)
        _exit(EXIT_SUCCESS);
}

/* False when the supervisor wants no more of it: so far it behaves as a worker does. */
static bool await_ticket(void)
{
    struct pollfd wire[] = { { .fd = WORKER_FD_MAILBOX, .events = POLLIN },
                             { .fd = WORKER_FD_LINK, .events = POLLRDHUP } };

    return poll(wire, ARRAY_SIZE(wire), -1) > 0 && wire[0].revents & POLLIN;
}

static void parse(struct liar *liar, int argc, char **argv)
{
    static const struct option options[] = { { "generation", required_argument, NULL, 'g' }, {} };
    ssize_t n = readlink("/proc/self/exe", liar->directory, sizeof liar->directory - 1);
    char *slash;

    while (getopt_long(argc, argv, "", options, NULL) == 'g')
        liar->generation = strtoull(optarg, NULL, 10);
    liar->directory[n > 0 ? n : 0] = '\0';
    slash = strrchr(liar->directory, '/');
    if (slash)
        *slash = '\0';
}

int main(int argc, char **argv)
{
    struct liar liar = { 0 };
    _cleanup_free_ char *lie = NULL;
    size_t size;

    parse(&liar, argc, argv);
    signal(SIGTERM, SIG_IGN);
    read_file(&liar, "lie", &lie, &size);
    if (strcmp(lie, "exit-at-start") == 0)
        return 0;
    if (strcmp(lie, "silent") == 0)
        hang(NULL);
    send_hello(liar.generation);

    while (await_ticket()) {
        struct ticket ticket;
        struct source_message message;
        int source;

        if (mailbox_receive(WORKER_FD_MAILBOX, &ticket) < 0)
            return 5;
        source = worker_link_receive_source(WORKER_FD_LINK, liar.generation, ticket.header.job, &message);
        if (source < 0)
            return 6;
        close(source);
        serve(&liar, &ticket);
    }
    return 0;
}
