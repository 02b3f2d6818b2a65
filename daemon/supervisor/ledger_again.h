/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_again - what "once more" means in the ledger: which job may be retried, which version is forgotten. */
#ifndef DARKROOM_SUPERVISOR_LEDGER_AGAIN_H
#define DARKROOM_SUPERVISOR_LEDGER_AGAIN_H

#include "supervisor/ledger_store.h"

enum {
    AGAIN_CHUNK = 500, /* rows looked at in one transaction */
};

enum again_what {
    AGAIN_RETRY_JOB,    /* the job ->job */
    AGAIN_RETRY_FAILED, /* all that failed */
    AGAIN_FORGET_DONE,  /* the versions of all that is done in ->folder */
};

/* May this job be retried? */
enum again_verdict {
    AGAIN_OK,
    AGAIN_NO_JOB,       /* there is none of this number */
    AGAIN_UNDER_WAY,    /* it has not ended */
    AGAIN_DONE,         /* … well: nothing is to be tried */
    AGAIN_NEWER,        /* its source has a newer job: ->other */
    AGAIN_UNCONFIGURED, /* its folder is gone */
    AGAIN_ORIGINAL,     /* its original is just being dealt with */
    AGAIN_MOVED,        /* its original is in the failed folder */
    AGAIN_GONE,         /* its file is not there, or is just changing: a new version comes by itself */
    AGAIN_VERDICT_COUNT
};

/* A question and its answer, chunk by chunk; owned by the ledger until the reply. */
struct again {
    enum again_what what;
    struct config *config;            /* a reference: only its folders */
    const struct folder_conf *folder; /* only this one (NULL: all) */
    size_t slots[FOLDERS_MAX];        /* by folder of @config; FOLDERS_MAX: it has none */
    uint64_t job;

    /* Where this chunk begins; the answer says where the next one does. */
    uint64_t after,
        upto; /* ids of jobs; upto 0: the newest there is now, so that what fails meanwhile is left alone */
    char *after_path; /* of the source before it; owned */

    /* The answer on this chunk. */
    bool more;
    uint64_t next_after;
    char *next_path;                        /* owned */
    uint64_t verdicts[AGAIN_VERDICT_COUNT]; /* how many jobs had each; FORGET_DONE: OK and UNDER_WAY */
    uint64_t queued[FOLDERS_MAX];           /* by folder of @config */
    uint64_t other;                         /* RETRY_JOB: the new job (OK) or the newer one */
    char *path;                             /* RETRY_JOB: its source; owned */
    const struct folder_conf *job_folder;   /* RETRY_JOB: its folder */

    /* Of whoever asks. */
    uint64_t totals[AGAIN_VERDICT_COUNT];
    void *context;
};

/* Answers one chunk of @again, inside a transaction; called again with the same when that was rolled back.
 * 0 or -EIO, -ENOMEM. */
int ledger_store_again(struct ledger_store *store, struct again *again, uint64_t now_us);

#endif
