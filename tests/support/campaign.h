/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign - what the fault campaigns have in common: a harness, the record of what was dropped into its folder, a
 * witness of its outputs, and the audit of what an end of the daemon has left.
 *
 *     campaign_open(&c, true, HARNESS_RECIPE, "");
 *     harness_start(&c.h);
 *     campaign_drop(&c, "a.jpg", 64, 48, 1);
 *     … harm …
 *     harness_kill(&c.h, true);
 *     campaign_audit(&c, false, "after the kill");
 *     campaign_close(&c);                            after its last, quiet end
 */
#ifndef DARKROOM_TESTS_CAMPAIGN_H
#define DARKROOM_TESTS_CAMPAIGN_H

#include "audit.h"
#include "daemon_harness.h"
#include "witness.h"

/* Each page of a document as a picture of its own: as many outputs as HARNESS_RECIPE has. */
#define CAMPAIGN_DOCUMENTS                                                                                   \
    "[Recipe]\nDescription=For tests\n[Output a]\nName={dir}/{stem}{-page}.{ext}\nWidth=24\nFormat=png\n"

/* HARNESS_RECIPE, and a manifest of each set. */
#define CAMPAIGN_MANIFEST HARNESS_RECIPE "[Manifest]\n"

enum { CAMPAIGN_PAGES = 4 };

struct campaign {
    struct harness h;
    bool archive; /* Originals=archive, else keep */
    int outputs;  /* of each job */
    char base[PATH_MAX];
    json_t *dropped, *guilty;
    struct witness witness;
    size_t audits, jobs, done, attempts; /* as the last audit found them */
};

/* Opens the harness and configures it: the folder "web" with the @more lines of its section. */
void campaign_open(struct campaign *campaign, bool archive, const char *recipe, const char *more);

/* As campaign_open(), with in, out and archive below @base in the harness's directory (which the test has made
 * from campaign->h, opened by itself). The witness is opened. */
void campaign_configure(struct campaign *campaign, const char *base, bool archive, const char *recipe,
                        const char *more);

/* Drops a picture; a name that is dropped again is a new version. */
void campaign_drop(struct campaign *campaign, const char *name, int width, int height, unsigned seed);

/* Drops a TIFF of CAMPAIGN_PAGES pages; the same. */
void campaign_drop_document(struct campaign *campaign, const char *name, unsigned seed);

/* This file may fail. */
void campaign_expect_guilty(struct campaign *campaign, const char *name);

/* How many files may not fail. */
size_t campaign_innocents(const struct campaign *campaign);

/* Audits what the daemon, which has ended, left: nothing is lost, doubled, half visible or wrongly blamed; a test in
 * which it is otherwise has failed, and says what and @when. @at_rest as in audit.h. */
void campaign_audit(struct campaign *campaign, bool at_rest, const char *when);

/* Waits until every innocent is done and every guilty file has ended, stops the daemon and audits it at rest. */
void campaign_finish(struct campaign *campaign, const char *when);

void campaign_close(struct campaign *campaign);

#endif
