/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libdarkroom - talk to a running darkroomd.
 *
 *     struct darkroom *dk;
 *     char *json;
 *
 *     if (darkroom_open(NULL, &dk) < 0)
 *         …
 *     if (darkroom_status(dk, &json) < 0)
 *         fprintf(stderr, "%s\n", darkroom_error(dk));
 *     …
 *     darkroom_free(json);
 *     darkroom_close(dk);
 *
 * A handle keeps one connection and opens it again when the daemon was restarted. It is used by one thread at
 * a time; different handles are independent. Every call blocks until the answer is there or its time is over.
 *
 * Calls return 0 or a negative errno, and then darkroom_error() says what happened:
 *   -ENOENT, -ECONNREFUSED   no daemon listens at the socket; -ENOENT also: no such job (see darkroom_http_status)
 *   -EACCES                  the socket or the daemon does not let this user
 *   -EINVAL                  an argument is wrong, here or in the daemon's eyes
 *   -EEXIST                  the request is at odds with the present state, see darkroom_problem()
 *   -EAGAIN                  the daemon is too busy, starting or stopping: try again
 *   -ETIMEDOUT               no answer in time
 *   -ECONNRESET              the daemon went away while it was asked
 *   -EMSGSIZE                the answer is larger than DARKROOM_ANSWER_BYTES_MAX
 *   -EPROTO                  what answered is not darkroomd, or of another version
 *   -EIO                     the daemon failed inside; -ENOMEM, …: so did this process
 * An answer is JSON text in UTF-8 with a final NUL. It belongs to the caller, who gives it to darkroom_free().
 * Where a call fails, what @ret_… points to is left alone. */
#ifndef DARKROOM_H
#define DARKROOM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DARKROOM_PUBLIC __attribute__((visibility("default")))

enum {
    DARKROOM_ANSWER_BYTES_MAX = 64 << 20,
    DARKROOM_ANSWER_TIMEOUT_MS = 10000, /* the default of darkroom_set_answer_timeout() */
};

struct darkroom;

/* Which jobs darkroom_jobs() is to list; NULL or 0: any. Fill it with a designated initialiser, so that fields
 * of later versions are zero. */
struct darkroom_jobs_filter {
    const char *state;    /* "failed" */
    const char *folder;   /* the folder's name */
    const char *before;   /* only jobs older than the one with this id: the next page */
    uint64_t limit;       /* at most so many; 0: as many as the daemon finds right */
    uint64_t reserved[4]; /* must be zero, -EINVAL otherwise */
};

/* Makes a handle for the daemon at @socket_path; the connection is made by the first call. NULL: the path in
 * $DARKROOM_SOCKET, else /run/darkroom/api.sock if this user may use it, else (never for root)
 * $XDG_RUNTIME_DIR/darkroom/api.sock. 0, -ENAMETOOLONG (a socket's path has 107 bytes at most) or -ENOMEM. */
DARKROOM_PUBLIC int darkroom_open(const char *socket_path, struct darkroom **ret);

/* Closes the connection and frees the handle. Accepts NULL. */
DARKROOM_PUBLIC void darkroom_close(struct darkroom *dk);

/* How long the daemon may take to answer; milliseconds, not 0. What it was asked to wait comes on top, and a
 * minute for darkroom_check() and darkroom_plan(), two for darkroom_reload(), ten for darkroom_retry_failed() and
 * darkroom_scan(). */
DARKROOM_PUBLIC void darkroom_set_answer_timeout(struct darkroom *dk, uint64_t timeout_ms);

/* The socket's path that the handle uses; valid until it is closed. */
DARKROOM_PUBLIC const char *darkroom_socket_path(const struct darkroom *dk);

/* What went wrong in the last call, in one line for people; "" after a success. Valid until the next call. */
DARKROOM_PUBLIC const char *darkroom_error(const struct darkroom *dk);

/* The HTTP status of the last call's answer; 0 when there was none, so the daemon was not reached. */
DARKROOM_PUBLIC int darkroom_http_status(const struct darkroom *dk);

/* The last failed call's problem document (RFC 7807) as JSON text, NULL if there was none. It may have a member
 * "problems" with the details. Valid until the next call. */
DARKROOM_PUBLIC const char *darkroom_problem(const struct darkroom *dk);

/* The state of the daemon: jobs, workers, folders, problems, and "sequence", which grows with every change and begins
 * anew with every start. */
DARKROOM_PUBLIC int darkroom_status(struct darkroom *dk, char **ret_json);

/* The same as soon as its sequence is not @after (any more), or when @timeout_ms are over (or earlier, where the daemon
 * limits the wait): compare "sequence". */
DARKROOM_PUBLIC int darkroom_status_wait(struct darkroom *dk, uint64_t after, uint64_t timeout_ms,
                                         char **ret_json);

/* Lists jobs, newest first: {"jobs":[…],"more":true}; more: there are older ones that match. @filter may be NULL.
 * -ENOENT: no such folder. */
DARKROOM_PUBLIC int darkroom_jobs(struct darkroom *dk, const struct darkroom_jobs_filter *filter,
                                  char **ret_json);

/* One job, as soon as it has ended or @wait_ms are over; 0: at once. */
DARKROOM_PUBLIC int darkroom_job(struct darkroom *dk, const char *id, uint64_t wait_ms, char **ret_json);

/* Has the daemon check its configuration files, and a worker try them out; wrong ones are no failure of the call:
 * {"ok":false,"problems":[{"where":"FILE:LINE:COLUMN","text":"…"}]}. */
DARKROOM_PUBLIC int darkroom_check(struct darkroom *dk, char **ret_json);

/* Has the daemon read its configuration again; returns when the new one is in use: {"generation":2}.
 * -EEXIST: it is wrong, and the old one stays; darkroom_problem() lists the "problems" as above. While another reload
 * is under way, one more follows, which is waited for. */
DARKROOM_PUBLIC int darkroom_reload(struct darkroom *dk, char **ret_json);

/* Which outputs the file @path would make, and where; nothing is made. @path is bytes: absolute and below the Path= of
 * some folder, or with @folder (else NULL) relative to that of the folder called so; without ".", ".." and empty
 * components. The picture's header is read, not its pixels.
 *     {"ok":true,"folder":"web","path":"a.jpg","recipe":"web","source":{"width":…,"height":…,"pages":1,
 *                "left_frames":0,"bytes":…},
 *      "outputs":[{"path":"/…","format":"webp","page":1,"width":…,"height":…,"name":"free","action":"make",
 *                  "owner":null}],
 *      "removed":[{"path":"/…"}],"failure":null}
 * name: free; ours (an earlier version of the file made what is there); taken (by the file "owner", or null: by what
 * darkroom did not make, or somebody changed). action: make; number (make, under a name with a number); replace;
 * overwrite; adopt (what is there stands for it); skip (it is not made); fail: then nothing is made. width and height
 * are null where the picture was not looked at, because nothing of it is to be made, and of a manifest, whose format is
 * "json". page: of a document, from 1.
 * left_frames: of an animation, that no output would have, though none says Animated=no.
 * removed: made by an earlier version, and gone after this one. A path that is not UTF-8 comes with path_b64 beside it.
 * A file that would make nothing is no failure of the call: ok is false, and "failure" has class, stage and message. */
DARKROOM_PUBLIC int darkroom_plan(struct darkroom *dk, const char *path, const char *folder, char **ret_json);

/* Tries the failed (or cancelled) job @id again, as a new job without attempts: {"retried":1,"job":"13"}. -EEXIST: it
 * cannot be, darkroom_error() says why and what to do; -ENOENT: no such job. For administrators. */
DARKROOM_PUBLIC int darkroom_retry(struct darkroom *dk, const char *id, char **ret_json);

/* The same for all jobs that have failed, of @folder or (NULL) of all: {"retried":7,"moved":2,"left":0}. moved: their
 * originals are in failed folders, and moving them back is the retry; left: others that cannot be tried now. */
DARKROOM_PUBLIC int darkroom_retry_failed(struct darkroom *dk, const char *folder, char **ret_json);

/* Has all of @folder looked at now. With @again not 0, everything that is done in it is made again: the outputs
 * of an earlier recipe are replaced. Returns when the scan begins: {"folder":"web","again":40,"under_way":2}.
 * under_way: jobs that are made again after they end if they began with another recipe. -ENOENT: no such folder,
 * -EEXIST: it is lost. For administrators. */
DARKROOM_PUBLIC int darkroom_scan(struct darkroom *dk, const char *folder, int again, char **ret_json);

/* Frees an answer. Accepts NULL. */
DARKROOM_PUBLIC void darkroom_free(char *json);

#ifdef __cplusplus
}
#endif

#endif
