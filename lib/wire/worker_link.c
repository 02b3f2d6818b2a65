/* SPDX-License-Identifier: GPL-2.0-or-later */
/* worker_link - see worker_link.h.
 *
 * Everything that comes from a worker is copied once and then checked: first its frame (worker_link_receive),
 * then what it claims about the job (worker_link_check_result). */
#include "wire/worker_link.h"

#include "base/cleanup.h"
#include "base/fd_io.h"
#include "recipe/naming.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { COLOUR_MAX = 0xFFFFFF };

static void close_all(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close_fd(fds[i]);
}

int worker_link_open(int *ret_supervisor, int *ret_worker)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;

    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0) {
        int errnum = errno;

        close_all(ends, 2);
        return -errnum;
    }

    *ret_supervisor = ends[0];
    *ret_worker = ends[1];
    return 0;
}

int worker_link_send_source(int link, uint64_t generation, uint64_t job, int source_fd, const char *path,
                            int64_t mtime_ns)
{
    struct source_message message;
    size_t length = strlen(path), most = sizeof message.path - 1;
    const char *end = length > most ? path + length - most : path;

    memset(&message, 0, offsetof(struct source_message, path));
    message.header = wire_header(WIRE_SOURCE, generation, job);
    message.mtime_ns = mtime_ns;
    memcpy(message.path, end, strlen(end) + 1);
    return fd_pass_send(link, &message, offsetof(struct source_message, path) + strlen(end) + 1, &source_fd,
                        1);
}

static bool is_ours(const struct wire_header *header, enum wire_kind kind, uint64_t generation)
{
    return header->magic == WIRE_MAGIC && header->version == WIRE_VERSION && header->kind == kind &&
           header->generation == generation;
}

static bool is_source(const struct source_message *message, size_t size, uint64_t generation, uint64_t job)
{
    size_t fixed = offsetof(struct source_message, path);

    return size > fixed && is_ours(&message->header, WIRE_SOURCE, generation) && message->header.job == job &&
           message->path[size - fixed - 1] == '\0';
}

int worker_link_receive_source(int link, uint64_t generation, uint64_t job, struct source_message *ret)
{
    int fds[FD_PASS_MAX];
    size_t fd_count = 0;
    ssize_t n;

    n = fd_pass_receive(link, ret, sizeof *ret, fds, &fd_count);
    if (n == -EMSGSIZE)
        return -EBADMSG;
    if (n < 0)
        return (int)n;
    if (n == 0)
        return -ECONNRESET;

    if (!is_source(ret, (size_t)n, generation, job) || fd_count != 1) {
        close_all(fds, fd_count);
        return -EBADMSG;
    }
    return fds[0];
}

int worker_link_send(int link, const void *message, size_t size, const int *fds, size_t fd_count)
{
    return fd_pass_send(link, message, size, fds, fd_count);
}

static bool is_worker_message(const union worker_message *message, size_t size, uint64_t generation)
{
    if (size == sizeof message->hello)
        return is_ours(&message->header, WIRE_HELLO, generation);
    if (size == sizeof message->result)
        return is_ours(&message->header, WIRE_RESULT, generation);
    return false;
}

static void terminate_text(union worker_message *message)
{
    if (message->header.kind == WIRE_HELLO)
        message->hello.text[sizeof message->hello.text - 1] = '\0';
    else
        message->result.text[sizeof message->result.text - 1] = '\0';
}

int worker_link_receive(int link, uint64_t generation, union worker_message *ret, int *fds,
                        size_t *ret_fd_count)
{
    union worker_message message;
    size_t fd_count = 0;
    ssize_t n;

    memset(&message, 0, sizeof message);
    n = fd_pass_receive(link, &message, sizeof message, fds, &fd_count);
    if (n == -ECONNRESET) {
        /* The worker left with a source unread. The kernel says so once, before what it had sent. */
        n = fd_pass_receive(link, &message, sizeof message, fds, &fd_count);
    }
    if (n == -EAGAIN)
        return 0;
    if (n == -EMSGSIZE)
        return -EBADMSG;
    if (n < 0)
        return (int)n;

    if (n == 0)
        return -ECONNRESET;

    if (!is_worker_message(&message, (size_t)n, generation)) {
        close_all(fds, fd_count);
        return -EBADMSG;
    }

    terminate_text(&message);
    *ret = message;
    *ret_fd_count = fd_count;
    return 1;
}

static int nonsense(struct error *error, const char *what)
{
    return error_set(error, EBADMSG, CLASS_CRASH, STAGE_CHECK, "the worker sent a result with %s", what);
}

/* The others are for the supervisor to conclude. */
static bool is_workers_class(uint32_t class)
{
    return class == CLASS_PERMANENT || class == CLASS_TRANSIENT || class == CLASS_MEMORY ||
           class == CLASS_ENVIRONMENT;
}

static int check_failure(const struct result_message *result, size_t fd_count, struct error *error)
{
    if (!is_workers_class(result->class))
        return nonsense(error, "a class that is not a worker's to say");
    if (result->output_count > 0 || fd_count > 0)
        return nonsense(error, "a failure and outputs");
    if (result->stage == STAGE_NONE || result->text[0] == '\0')
        return nonsense(error, "a failure without an explanation");
    return 0;
}

static int check_magic(int fd, enum format format, struct error *error)
{
    unsigned char start[FORMAT_MAGIC_BYTES];
    ssize_t n;

    n = pread(fd, start, sizeof start, 0);
    if (n < 0 || !format_begins(format, start, (size_t)n))
        return nonsense(error, "an output that is not of its format");
    return 0;
}

/* Is page after page there, from the ticket's first to the last that the result says it is of? */
static int check_pages(const struct result_message *result, const struct ticket *ticket, struct error *error)
{
    uint32_t last = ticket->pages ? ticket->pages : 1, page = ticket->first_page;

    if (ticket->pages > 0 && result->source_pages != ticket->pages)
        return nonsense(error, "another number of pages than before");
    if (result->next_page != 0 && (result->next_page <= page || result->next_page > last))
        return nonsense(error, "a portion that leads nowhere");
    if (result->next_page != 0)
        last = result->next_page - 1;

    for (size_t i = 0; i < result->output_count; i++) {
        if (i > 0 && result->outputs[i].page == page + 1)
            page++;
        if (result->outputs[i].page != page)
            return nonsense(error, "pages out of order");
    }
    return page == last ? 0 : nonsense(error, "other pages than it was asked for");
}

static bool follows(const struct result_output *output, const struct result_output *before)
{
    return output->page > before->page || output->rendition > before->rendition;
}

/* The numbers, which are the same whether the outputs were made or are only planned. */
static int check_list(const struct result_message *result, const struct ticket *ticket,
                      const struct recipe *recipe, size_t fd_count, struct error *error)
{
    size_t most = ticket->pages > 0 ? RECIPE_RENDITIONS_MAX : recipe->rendition_count;

    if (result->output_count == 0 || result->output_count > most)
        return nonsense(error, "an impossible number of outputs");
    if (ticket->plan && fd_count > 0)
        return nonsense(error, "pictures where a plan was asked for");
    if (!ticket->plan && result->output_count != fd_count)
        return nonsense(error, "other than one descriptor an output");

    for (size_t i = 0; i < result->output_count; i++) {
        const struct result_output *output = &result->outputs[i];

        if (i > 0 && !follows(output, &result->outputs[i - 1]))
            return nonsense(error, "outputs out of order");
        if (output->rendition >= recipe->rendition_count)
            return nonsense(error, "an output that is not in the recipe");
        if (output->page > 1 && !naming_has_pages(recipe, output->rendition))
            return nonsense(error, "a page of an output that has none");
        if (output->width == 0 || output->height == 0)
            return nonsense(error, "an empty output");
    }
    return check_pages(result, ticket, error);
}

static int check_picture(const struct result_output *output, const struct recipe *recipe, int fd,
                         struct error *error)
{
    if (output->bytes == 0)
        return nonsense(error, "an empty output");
    if (fd_check_sealed(fd, output->bytes) < 0)
        return nonsense(error, "an output that is not sealed, or not as long as announced");
    return check_magic(fd, recipe->renditions[output->rendition].format, error);
}

static int check_pictures(const struct result_message *result, const struct recipe *recipe, const int *fds,
                          size_t fd_count, struct error *error)
{
    for (size_t i = 0; i < fd_count; i++) {
        int r = check_picture(&result->outputs[i], recipe, fds[i], error);

        if (r < 0)
            return r;
    }
    return 0;
}

static int check_no_pictures(const struct result_message *result, struct error *error)
{
    for (size_t i = 0; i < result->output_count; i++)
        if (result->outputs[i].bytes != 0)
            return nonsense(error, "pictures where a plan was asked for");
    return 0;
}

static int check_source(const struct result_message *result, struct error *error)
{
    bool worked = result->class == CLASS_NONE && !result->unchanged && result->needs_memory_bytes == 0;

    if (result->source_format >= FORMAT_COUNT)
        return nonsense(error, "a source of no known format");
    if ((result->source_width == 0) != (result->source_height == 0))
        return nonsense(error, "half a source size");
    if (worked && (result->source_width == 0 || result->source_pages == 0))
        return nonsense(error, "outputs of an unread source");
    return 0;
}

static int check_hand_back(const struct result_message *result, const struct ticket *ticket, size_t fd_count,
                           struct error *error)
{
    if (result->class != CLASS_NONE || result->unchanged || result->output_count > 0 || fd_count > 0)
        return nonsense(error, "a ticket handed back and an outcome");
    if (ticket->plan || result->needs_memory_bytes <= ticket->memory_grant_bytes)
        return nonsense(error, "a ticket handed back that had granted enough memory");
    if (result->needs_memory_bytes > ticket->max_memory_bytes)
        return nonsense(error, "a need of more memory than the folder allows");
    return 0;
}

/* Nothing may have been made of a document whose pages have no names yet. */
static bool is_to_be_count(const struct result_message *result, const struct ticket *ticket,
                           const struct recipe *recipe)
{
    return ticket->pages == 0 && result->source_pages > 1 && naming_count_paged(recipe) > 0;
}

static int check_count(const struct result_message *result, const struct ticket *ticket, size_t fd_count,
                       struct error *error)
{
    if (result->output_count > 0 || fd_count > 0 || result->next_page != 0)
        return nonsense(error, "outputs of a document whose pages have no names yet");
    if (result->source_pages > ticket->max_pages)
        return nonsense(error, "more pages than the folder allows");
    return 0;
}

/* Text that goes into a file as it came: not one character is taken on trust. */
static int check_look(const struct result_message *result, const struct ticket *ticket,
                      const struct recipe *recipe, struct error *error)
{
    static const char none[sizeof result->blurhash];
    const struct manifest_spec *manifest = &recipe->manifest;
    bool made = result->output_count > 0 && !ticket->plan && ticket->first_page == 1;
    unsigned wanted = made && manifest->name_template ? manifest->include : 0;

    if (wanted & MANIFEST_BLURHASH) {
        if (!blurhash_is_well_formed(result->blurhash, sizeof result->blurhash, manifest->blurhash))
            return nonsense(error, "what is no BlurHash");
    } else if (memcmp(result->blurhash, none, sizeof none) != 0) {
        return nonsense(error, "a BlurHash that nobody asked for");
    }
    if (result->colour > (wanted & MANIFEST_COLOUR ? COLOUR_MAX : 0))
        return nonsense(error, "an impossible colour, or one that nobody asked for");
    return 0;
}

static int check_unchanged(const struct result_message *result, size_t fd_count, struct error *error)
{
    if (result->class != CLASS_NONE || result->output_count > 0 || fd_count > 0 || result->source_hash == 0)
        return nonsense(error, "outputs or a failure of an unchanged source");
    return 0;
}

int worker_link_check_result(const struct result_message *result, const struct ticket *ticket,
                             const struct recipe *recipe, const int *fds, size_t fd_count,
                             struct error *error)
{
    int r;

    if (result->header.kind != WIRE_RESULT || result->header.job != ticket->header.job)
        return nonsense(error, "another job's number");
    if (result->class >= ERROR_CLASS_COUNT || result->stage >= ERROR_STAGE_COUNT)
        return nonsense(error, "an unknown class or stage");

    r = check_source(result, error);
    if (r < 0)
        return r;
    r = check_look(result, ticket, recipe, error);
    if (r < 0)
        return r;

    if (result->needs_memory_bytes > 0)
        return check_hand_back(result, ticket, fd_count, error);
    if (result->unchanged)
        return check_unchanged(result, fd_count, error);
    if (result->class != CLASS_NONE)
        return check_failure(result, fd_count, error);
    if (is_to_be_count(result, ticket, recipe))
        return check_count(result, ticket, fd_count, error);

    r = check_list(result, ticket, recipe, fd_count, error);
    if (r < 0)
        return r;
    return ticket->plan ? check_no_pictures(result, error)
                        : check_pictures(result, recipe, fds, fd_count, error);
}
