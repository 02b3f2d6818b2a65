/* SPDX-License-Identifier: GPL-2.0-or-later */
/* job - one version of one source file under one recipe, while it is in flight.
 *
 * A job is born in the ledger thread when its row is taken from the queue and dies in the event loop when its
 * outcome is on disk. In between exactly one thread owns it: whoever it was sent to last. Nothing in it is
 * locked; sending it through a channel hands it over whole. */
#ifndef DARKROOM_SUPERVISOR_JOB_H
#define DARKROOM_SUPERVISOR_JOB_H

#include "base/error.h"
#include "supervisor/config.h"
#include "supervisor/version.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

/* Stored in the ledger: numbers never change their meaning. There OPENING means "handed out" (opening or
 * running) and PUBLISHING means "its finished outputs are on disk under temporary names". */
enum job_state {
    JOB_QUEUED = 0,
    JOB_OPENING = 1,
    JOB_RUNNING = 2,
    JOB_PUBLISHING = 3,
    JOB_DONE = 4,
    JOB_FAILED = 5,
    JOB_CANCELLED = 6,
    JOB_SUPERSEDED = 7, /* the source changed meanwhile: a newer job exists or will */
    JOB_VANISHED = 8,   /* the source is gone, its folder is not */
    JOB_STATE_COUNT
};

/* What is to be done with the original of a job when its outcome is durable. Stored in the ledger, as the above. */
enum job_original {
    ORIGINAL_SETTLED = 0,
    ORIGINAL_PENDING = 1,
    ORIGINAL_PENDING_SPARED =
        2, /* outputs were only found, or left out: it may be moved, and never deleted */
};

/* What an unclean end of the daemon left for this job to be resumed with. */
enum job_resume {
    RESUME_NONE,
    RESUME_PUBLISH,  /* all outputs are on disk under temporary names and announced: rename what is not yet */
    RESUME_ORIGINAL, /* the outcome is on disk, the original is not dealt with yet */
};

enum { RENDITION_NONE = UINT32_MAX }; /* an output that this version of the source does not make any more */

/* A document has the recipe's renditions of each page. Places number them all, for the ledger and for temporary names:
 * those of the first page are the renditions' own numbers. Stored in the ledger, as the above. */
enum {
    PAGE_PLACES =
        64, /* for each page; no recipe has so many renditions, with the manifest, which is the first's */
    JOB_OUTPUTS_MAX = 1000, /* of all pages: each is an open descriptor until it is published */
};

_Static_assert((int)RENDITION_MANIFEST < (int)PAGE_PLACES, "places of two pages may meet");

/* A file as we left it; inode 0: we never made it. */
struct published {
    uint64_t inode;
    int64_t size, mtime_ns;
};

struct job_output {
    uint32_t rendition;      /* in the recipe, RENDITION_MANIFEST or RENDITION_NONE */
    uint32_t page;           /* of the source, from 1 */
    char *path;              /* relative to the folder's Output; owned */
    struct published before; /* what the ledger knows of the file under this name from an earlier version */
    struct published after;  /* as published by this job */
    bool made;               /* false: not wanted (too wide for the source, or @skipped) */
    bool skipped;            /* Existing=skip, and something is in its way */
    bool adopted;            /* what is there already stands for it; see claim.h */
    bool stranger;           /* what may be under the name is the work of another source, and not ours */
    bool elsewhere;  /* of a resumed job: it was announced for another Output, and @path is absolute */
    bool inherited;  /* the name is reserved for a source that may be gone; see claim.h */
    char *owner;     /* that source, whose file is to be looked for; NULL: it is gone; owned */
    unsigned number; /* of its name, with Existing=number; 0: none */
    int claim;       /* what claim.c found of it last; its own */
    int fd;          /* the finished picture, a sealed memory file; -1 until then */
    uint64_t bytes;
    uint32_t width, height;
};

/* What a worker said of the source that a manifest tells. */
struct job_look {
    enum format format;
    uint32_t width, height, pages;
    uint32_t colour; /* as in result_message, and the next as well */
    char blurhash[BLURHASH_LENGTH_MAX + 1];
};

struct plan;

struct job {
    uint64_t id;
    size_t slot;                      /* its folder's */
    struct config *config;            /* a reference */
    const struct folder_conf *folder; /* of @config */
    const struct recipe *recipe;      /* of @config */
    size_t recipe_number;

    char *path; /* relative to the folder's Path; bytes; owned */
    struct version version;
    uint64_t
        known_hash; /* of the content that has its outcome: with the same one, nothing is to be done; 0: none */
    enum job_state state;
    enum job_resume resume;
    enum job_original original; /* of a job with an outcome, or whose publishing was announced */
    unsigned attempts;          /* those that counted against the file */
    unsigned retries;           /* transient failures so far; they do not */
    bool adopt;   /* found by the first walk under a ledger that is new to its folder; see claim.h */
    bool skipped; /* some output is, perhaps one that is not even among @outputs */
    bool started; /* a suspect whose turn it is: that it runs was recorded */
    bool suspect; /* it was handed out when the daemon ended uncleanly */

    int source_fd; /* -1 but while opened */
    struct job_output *outputs;
    size_t output_count;
    uint32_t
        pages; /* of a document that makes outputs of each; 0: not counted yet, or it has no more than one */
    uint32_t next_page;   /* the first of which nothing was made yet; from 1 */
    uint32_t left_pages;  /* how many more the source has, which nobody asked for … */
    uint32_t left_frames; /* … and how many more of an animation */
    uint64_t source_hash;
    struct job_look look;
    uint64_t needs_memory_bytes; /* as the worker said that handed it back; 0: unknown */
    uint64_t memory_grant_bytes; /* of the worker that has or had it last */
    unsigned hand_backs;
    uint64_t parked_us; /* monotonic: when it began to wait for memory */
    struct error failure;
    struct error *clash;  /* of its names, which only counts if the content is new; owned, or NULL */
    bool undecodable;     /* the failure is about the content, so it may be an upload that stalls */
    uint64_t delay_us;    /* back in the queue, but not before this long */
    uint64_t begun_us;    /* monotonic: when it was handed out, or last given to a worker */
    uint64_t cpu_us;      /* the worker's */
    uint64_t duration_us; /* from then to its outcome */
    struct plan *plan;    /* it is only asked about, see plan.h; NULL for all that the ledger knows; owned */

    TAILQ_ENTRY(job) link;      /* in the list of whoever owns it */
    TAILQ_ENTRY(job) in_folder; /* in the list of its folder; the loop's */
};

TAILQ_HEAD(job_list, job);

/* An empty job for row @id; takes a reference of @config. NULL when memory is out. */
struct job *job_new(uint64_t id, struct config *config, size_t slot, const struct folder_conf *folder);

/* Frees it with descriptors, outputs and reference; accepts NULL. */
void job_free(struct job *job);

/* From now on @job is under @folder of @config, of which it takes a reference: the same folder, as it is configured by
 * now. Its outputs stay those that it has. */
void job_reconfigure(struct job *job, struct config *config, const struct folder_conf *folder);

/* Adds an output; @path is copied. The new one, or NULL when memory is out. */
struct job_output *job_add_output(struct job *job, uint32_t rendition, const char *path);

/* The output of @rendition and @page; NULL when there is none. */
struct job_output *job_find_output(const struct job *job, uint32_t rendition, uint32_t page);

/* Where @output stands among all that the job may make; RENDITION_NONE when it makes it no more. */
uint32_t job_output_place(const struct job_output *output);

/* The other way round. */
void job_output_set_place(struct job_output *output, uint32_t place);

/* May its source, by its name, be a document of which every page is made? Then what it makes is not known before it was
 * looked into. */
bool job_awaits_pages(const struct job *job);

/* Would all of its pages not make too many outputs? Else job->failure says so. */
bool job_is_within_limits(struct job *job);

/* The pictures that there will be are known: the manifest is made with them, if it is not skipped. */
void job_expect_manifest(struct job *job);

/* @what, as "write", cannot be done to the output @path, because of @errnum: the failure is the environment's, and says
 * where the output is. */
void job_fail_at_output(struct job *job, int errnum, const char *what, const char *path);

/* An output of it has a name that belongs to the source @owner_path of the folder called @owner_folder: fails it, and
 * says what would help. @stage: when that was found. */
void job_fail_for_name(struct job *job, enum error_stage stage, const char *output_path,
                       const char *owner_folder, const char *owner_path);

/* Forgets its outputs. */
void job_drop_outputs(struct job *job);

enum {
    SOURCE_CLOSED_HERE_BYTES_MAX = 4 << 20
}; /* what is larger is closed by a thread of its own (close_apart.h) */

void job_close_source(struct job *job);

/* Closes source and pictures: what the job holds of the worker's side. */
void job_close_fds(struct job *job);

/* How many outputs it has: all that were made or found, or those that were only found (@adopted). */
size_t job_count_outputs(const struct job *job, bool adopted);

/* The bytes of its finished pictures that are held in memory; not of the manifest, which comes while they are
 * published: what is counted at the beginning of that has to be the same at its end. */
uint64_t job_held_bytes(const struct job *job);

/* "queued", … as in JSON. */
const char *job_state_name(enum job_state state);
/* 0 or -ENOENT. */
int job_state_from_name(const char *name, enum job_state *ret);
/* True for done, failed, cancelled, superseded and vanished. */
bool job_state_is_end(enum job_state state);

#endif
