/* SPDX-License-Identifier: GPL-2.0-or-later */
/* worker_link - the socket pair between supervisor and worker: sources down, hellos and results up.
 *
 * Both sides check what they get; the supervisor's checks (worker_link_check_result) are the ones that
 * matter, because a worker is not trusted: it may have been taken over by the picture it decoded. */
#ifndef DARKROOM_WIRE_WORKER_LINK_H
#define DARKROOM_WIRE_WORKER_LINK_H

#include "base/error.h"
#include "base/fd_pass.h"
#include "recipe/recipe.h"
#include "wire/ticket.h"

/* Makes the pair, O_CLOEXEC; the supervisor's end is non-blocking, the worker's blocks. 0 or -errno. */
int worker_link_open(int *ret_supervisor, int *ret_worker);

/* Supervisor: sends the source of @job, which is at @path below its hot folder and was last changed at @mtime_ns. 0 or
 * -errno; never blocks. */
int worker_link_send_source(int link, uint64_t generation, uint64_t job, int source_fd, const char *path,
                            int64_t mtime_ns);

/* Worker: waits for the source of @job and fills @ret with what is said of it. A descriptor, -ECONNRESET when the supervisor is gone, -EBADMSG when
 * something else came, or another -errno. */
int worker_link_receive_source(int link, uint64_t generation, uint64_t job, struct source_message *ret);

/* Worker: sends a message that starts with a wire_header, with descriptors. 0 or -errno. */
int worker_link_send(int link, const void *message, size_t size, const int *fds, size_t fd_count);

/* What a worker can say. */
union worker_message {
    struct wire_header header;
    struct hello_message hello;
    struct result_message result;
};

/* Supervisor: takes the next message without waiting. Returns 1 and fills @ret and @fds (FD_PASS_MAX long; the
 * caller closes them), 0 when there is none now, -ECONNRESET at the end of the link, -EBADMSG when it is not a
 * message of ours by size, magic, version or generation, -EMFILE when there was a message but no room for its
 * descriptors here (it is lost), or another -errno. Texts are NUL-terminated. */
int worker_link_receive(int link, uint64_t generation, union worker_message *ret, int *fds,
                        size_t *ret_fd_count);

/* Supervisor: is @result possible for @ticket, as it was sent, under @recipe? Numbers in range, pages without a gap
 * and renditions in each ascending, as many sealed descriptors as outputs, each of the announced size and with its
 * format's magic bytes; for a plan, outputs without bytes and no descriptors; a ticket handed back needs more than it
 * granted and no more than the folder allows; a document that is counted has no outputs; a
 * BlurHash and a colour only where the manifest asks for them. 0, or -EBADMSG and @error says what was wrong with
 * it. */
int worker_link_check_result(const struct result_message *result, const struct ticket *ticket,
                             const struct recipe *recipe, const int *fds, size_t fd_count,
                             struct error *error);

#endif
