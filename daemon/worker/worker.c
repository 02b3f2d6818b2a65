/* SPDX-License-Identifier: GPL-2.0-or-later */
/* worker - see worker.h.
 *
 * A source is read, not mapped: a mapped file that is cut while it is read is a SIGBUS. Its bytes are hashed as
 * they were read, so the ledger knows the content that the outputs were made of. A ticket whose grant is too small
 * is handed back before anything large is allocated. */
#include "worker.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd_io.h"
#include "base/pages.h"
#include "image/magick.h"
#include "image/render.h"
#include "wire/worker_link.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <xxhash.h>

/* So long without a ticket, what was freed is kept: from a camera at work, or over a slow line, pictures come one by one,
 * and the first pages of a worker take as much time as a picture. */
enum { KEEP_MEMORY_MS = 60 * 1000 };
enum { KEPT_PART = 4 }; /* of a grant */

/* One ticket under way. */
struct job {
    const struct ticket *ticket;
    const struct recipe *recipe;
    const struct source_message *source;
    struct pages bytes; /* the source's */
    struct rendered rendered;
    uint64_t source_hash;
    bool unchanged;
    uint64_t needs_memory_bytes; /* not 0: more than the ticket grants; nothing was done */
};

static int memory_error(struct error *error, uint64_t bytes)
{
    return error_set(error, ENOMEM, CLASS_MEMORY, STAGE_OPEN, "no memory for a source of %llu bytes",
                     (unsigned long long)bytes);
}

/* Reads the whole source into @ret, which is the caller's in any case. */
static int read_source(int fd, uint64_t bytes, struct pages *ret, struct error *error)
{
    ssize_t n;

    if (pages_take(ret, bytes) < 0)
        return memory_error(error, bytes);

    /* The description is shared with the supervisor, and may have been read by a worker that died. */
    if (lseek(fd, 0, SEEK_SET) < 0)
        return error_set_errno(error, errno, STAGE_OPEN, "cannot read the source from its start");

    n = fd_read_all(fd, ret->data, bytes);
    if (n < 0)
        return error_set_errno(error, (int)-n, STAGE_OPEN, "cannot read the source");
    if ((uint64_t)n < bytes)
        return error_set(error, EIO, CLASS_TRANSIENT, STAGE_OPEN,
                         "the file became shorter while it was read, retrying");
    return 0;
}

/* A file that is itself larger than the grant is not even read: a guess must do for its picture. */
static int check_source(struct job *job, struct error *error)
{
    uint64_t bytes = job->ticket->source_bytes, most = job->ticket->max_memory_bytes;

    if (bytes > most)
        return error_set(error, EFBIG, CLASS_PERMANENT, STAGE_LIMITS,
                         "the file alone has %llu MB, more than the %llu MB of memory that MaxMemory= of the "
                         "folder allows",
                         (unsigned long long)(bytes >> 20), (unsigned long long)(most >> 20));
    if (bytes > job->ticket->memory_grant_bytes && !job->ticket->plan)
        job->needs_memory_bytes = bytes < most / 2 ? 2 * bytes : most;
    return 0;
}

/* A drawing is what its text says, and no reader keeps to an estimate of that. */
static void bound_memory(const struct worker *worker, const struct ticket *ticket, const void *data)
{
    enum format format;

    if (format_detect(data, ticket->source_bytes, &format) == 0 && format_info(format)->vector)
        memory_bound_set(&worker->memory_bound, ticket->max_memory_bytes);
}

static int work(struct worker *worker, struct job *job, int source_fd, struct error *error)
{
    struct render_options options = {
        .fail_on = (enum fail_on)job->ticket->fail_on,
        .max_pixels = job->ticket->max_pixels,
        .allowed = job->ticket->allowed,
        .density = job->ticket->density,
        .max_memory_bytes = job->ticket->max_memory_bytes,
        .memory_grant_bytes = job->ticket->memory_grant_bytes,
        .max_frames = job->ticket->max_frames,
        .max_pages = job->ticket->max_pages,
        .pages = job->ticket->pages,
        .first_page = job->ticket->first_page,
        .held_bytes = job->ticket->held_bytes,
        .path = job->source->path,
        .mtime_ns = job->source->mtime_ns,
        .portion_us = job->ticket->portion_us,
    };
    const void *data;
    int r;

    r = check_source(job, error);
    if (r < 0 || job->needs_memory_bytes > 0)
        return r;

    r = read_source(source_fd, job->ticket->source_bytes, &job->bytes, error);
    if (r < 0)
        return r;
    data = job->bytes.data;

    job->source_hash = XXH3_64bits(data, job->ticket->source_bytes);
    job->unchanged = job->source_hash != 0 && job->source_hash == job->ticket->known_hash;
    if (job->unchanged)
        return 0;
    bound_memory(worker, job->ticket, data);
    if (job->ticket->plan)
        return render_plan(job->recipe, data, job->ticket->source_bytes, &options, &job->rendered, error);

    r = render(job->recipe, data, job->ticket->source_bytes, &options, &job->rendered, error);
    job->needs_memory_bytes = job->rendered.needs_memory_bytes;
    return r;
}

static uint64_t timeval_us(struct timeval time)
{
    return (uint64_t)time.tv_sec * USEC_PER_SEC + (uint64_t)time.tv_usec;
}

static uint64_t cpu_us(const struct rusage *usage)
{
    return timeval_us(usage->ru_utime) + timeval_us(usage->ru_stime);
}

static void fill_usage(struct result_message *result, const struct rusage *before)
{
    struct rusage now;

    getrusage(RUSAGE_SELF, &now);
    result->cpu_us = cpu_us(&now) - cpu_us(before);
    result->peak_rss_bytes = (uint64_t)now.ru_maxrss * 1024;
}

static void fill_source(struct result_message *result, const struct job *job)
{
    result->source_hash = job->source_hash;
    result->unchanged = job->unchanged;
    result->source_format = job->rendered.source_format;
    result->source_width = job->rendered.source_width;
    result->source_height = job->rendered.source_height;
    result->source_pages = job->rendered.source_pages;
    result->left_frames = job->rendered.left_frames;
    result->needs_memory_bytes = job->needs_memory_bytes;
}

static void fill_failure(struct result_message *result, const struct error *error)
{
    result->class = error->class;
    result->stage = error->stage;
    memcpy(result->text, error->text, sizeof result->text);
}

static void fill_outputs(struct result_message *result, const struct rendered *rendered, int *fds)
{
    for (size_t i = 0; i < rendered->output_count; i++) {
        const struct encoded *encoded = &rendered->outputs[i].encoded;

        result->outputs[i].rendition = rendered->outputs[i].rendition;
        result->outputs[i].page = rendered->outputs[i].page;
        result->outputs[i].width = encoded->width;
        result->outputs[i].height = encoded->height;
        result->outputs[i].bytes = encoded->bytes;
        fds[i] = encoded->fd;
    }
    result->output_count = (uint32_t)rendered->output_count;
    result->colour = rendered->look.colour;
    memcpy(result->blurhash, rendered->look.blurhash, sizeof result->blurhash);
    result->next_page = rendered->next_page;
}

static void release_job(struct job *job)
{
    rendered_release(&job->rendered);
    pages_give(&job->bytes);
}

/* What is kept from job to job is a part of what every job is granted; one with a larger grant needs that for itself. */
static void make_way(struct worker *worker, uint64_t grant_bytes)
{
    if (worker->least_grant_bytes == 0 || grant_bytes < worker->least_grant_bytes) {
        worker->least_grant_bytes = grant_bytes;
        pages_keep(grant_bytes / KEPT_PART);
    }
    if (grant_bytes > worker->least_grant_bytes)
        memory_give_back();
}

/* Works @ticket to its end, and sends the result. 1 when that was the last one, 0 or -errno. */
static int answer(struct worker *worker, const struct ticket *ticket, const struct source_message *source,
                  int source_fd)
{
    _cleanup_(release_job) struct job job = { .ticket = ticket,
                                              .recipe = worker->recipes[ticket->recipe],
                                              .source = source };
    struct error error = { .class = CLASS_NONE };
    struct result_message result;
    int fds[RECIPE_RENDITIONS_MAX];
    struct rusage before;
    int r, sent;

    getrusage(RUSAGE_SELF, &before);
    make_way(worker, ticket->memory_grant_bytes);
    r = work(worker, &job, source_fd, &error);
    memory_bound_lift();

    memset(&result, 0, sizeof result);
    result.header = wire_header(WIRE_RESULT, worker->generation, ticket->header.job);
    fill_source(&result, &job);
    if (r < 0)
        fill_failure(&result, &error);
    else
        fill_outputs(&result, &job.rendered, fds);
    fill_usage(&result, &before);
    result.leaves = memory_bound_has_grown(&worker->memory_bound) || magick_has_lost_memory();

    sent =
        worker_link_send(worker->link, &result, sizeof result, fds, ticket->plan ? 0 : result.output_count);
    return sent < 0 ? sent : (int)result.leaves;
}

static bool is_possible(const struct worker *worker, const struct ticket *ticket)
{
    return ticket->header.generation == worker->generation && ticket->recipe < worker->recipe_count &&
           ticket->fail_on <= FAIL_ON_WARNING && ticket->plan <= 1 &&
           (ticket->allowed & ~worker->allowed) == 0 && ticket->first_page >= 1 &&
           ticket->first_page <= (ticket->pages ? ticket->pages : 1);
}

/* Takes the next ticket and its source, which was sent before it. 1 when that was the last one, 0 or -errno. */
static int serve_ticket(struct worker *worker)
{
    _cleanup_close_ int source_fd = -1;
    struct source_message source;
    struct ticket ticket;
    int r;

    r = mailbox_receive(worker->mailbox, &ticket);
    if (r < 0)
        return r;
    if (!is_possible(worker, &ticket))
        return -EBADMSG;

    source_fd = worker_link_receive_source(worker->link, worker->generation, ticket.header.job, &source);
    if (source_fd < 0)
        return source_fd;

    return answer(worker, &ticket, &source, source_fd);
}

static int wait_on_wire(struct pollfd *wire, nfds_t count, int timeout_ms)
{
    int r;

    do
        r = poll(wire, count, timeout_ms);
    while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : r;
}

/* Waits for a ticket (true) or the end of the link. Tickets come first: a supervisor that has closed its half of
 * the link still wants what it has handed out. When none comes for a while, what was kept for it is given back: an idle
 * worker is a small one. */
static int wait_for_ticket(struct worker *worker)
{
    struct pollfd wire[] = {
        { .fd = worker->mailbox, .events = POLLIN },
        { .fd = worker->link, .events = POLLRDHUP },
    };
    int r = wait_on_wire(wire, ARRAY_SIZE(wire), KEEP_MEMORY_MS);

    if (r == 0) {
        memory_give_back();
        r = wait_on_wire(wire, ARRAY_SIZE(wire), -1);
    }
    return r < 0 ? r : (wire[0].revents & POLLIN) != 0;
}

bool worker_is_alone(const struct worker *worker)
{
    struct pollfd link = { .fd = worker->link, .events = POLLRDHUP };

    return poll(&link, 1, 0) > 0;
}

static bool means_gone(int r)
{
    return r == -EPIPE || r == -ECONNRESET;
}

int worker_run(struct worker *worker)
{
    for (;;) {
        int r = wait_for_ticket(worker);

        if (r == 0)
            return 0;
        if (r > 0)
            r = serve_ticket(worker);
        if (r > 0)
            return 0;
        if (r < 0)
            return means_gone(r) ? 0 : r;
    }
}
