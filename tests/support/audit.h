/* SPDX-License-Identifier: GPL-2.0-or-later */
/* audit - what the ledger and the disk say about each other once the daemon has ended, however it did: every job that
 * was lost, doubled, is half visible or was blamed for what it did not do, by name.
 *
 *   lost          a file that came and has neither a settled outcome nor a place in the queue, or whose original is
 *                 nowhere any more; a failed one neither at its place nor in Failed= with an error file
 *   doubled       two done jobs of one version, an output that appeared more often than it was made, an original that
 *                 was archived twice
 *   half visible  an incomplete set, a torn picture, a temporary file that nobody will come back for, a row without its
 *                 file or a file without its row, an original that was dealt with before its outputs were there,
 *                 an output or a directory that has not got its mode
 *   blamed        a file with nothing wrong that failed as a crash, a timeout or for memory
 *
 * It works on a copy of the ledger and changes nothing. Names are those of tests: text without surprises. */
#ifndef DARKROOM_TESTS_AUDIT_H
#define DARKROOM_TESTS_AUDIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum audit_fault { AUDIT_LOST, AUDIT_DOUBLED, AUDIT_HALF_VISIBLE, AUDIT_BLAMED, AUDIT_FAULTS };

/* "lost", … */
const char *audit_fault_name(enum audit_fault fault);

/* What is audited: one folder. Borrowed. */
struct audit {
    const char *ledger;           /* the path of ledger.db */
    const char *in, *out;         /* Path= and Output= */
    const char *archive, *failed; /* Archive= (NULL: Originals=keep) and Failed= (or NULL) */
    const json_t *dropped;        /* the paths that came, as keys; how many versions of each is the value */
    const json_t *guilty;         /* paths that may fail, as keys; or NULL */
    const json_t *appeared;       /* how often each name appeared in Output (see witness.h); or NULL */
    int outputs;                  /* of each done job; 0: not known */
    bool at_rest;                 /* the daemon had nothing left to do; false: it was killed at work */
};

struct audit_report {
    size_t jobs, done;
    size_t attempts; /* that were counted against files which are not guilty */
    size_t counts[AUDIT_FAULTS];
    json_t *findings; /* a sentence each */
};

/* A test in which the ledger cannot be read has failed. The report is the caller's to release. */
void audit_run(const struct audit *audit, struct audit_report *ret);

/* A test in which anything was found has failed, and names it. */
void audit_expect_nothing(const struct audit_report *report, const char *when);

void audit_report_release(struct audit_report *report);

#endif
