/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign - see campaign.h. */
#include "campaign.h"

#include "document.h"

#include <string.h>

static int outputs_of(const char *recipe)
{
    if (strcmp(recipe, CAMPAIGN_DOCUMENTS) == 0)
        return CAMPAIGN_PAGES;
    if (strcmp(recipe, CAMPAIGN_MANIFEST) == 0)
        return 5;
    return strcmp(recipe, HARNESS_RECIPE) == 0 ? 4 : 1;
}

void campaign_configure(struct campaign *campaign, const char *base, bool archive, const char *recipe,
                        const char *more)
{
    const struct harness *h = &campaign->h;

    snprintf(campaign->base, sizeof campaign->base, "%s", base);
    campaign->archive = archive;
    campaign->outputs = outputs_of(recipe);
    campaign->dropped = json_object();
    campaign->guilty = json_object();
    harness_configure_daemon(h, "");
    harness_write(h, "config/recipes/web.recipe", "%s", recipe);
    harness_write(h, "config/folders/web.folder",
                  "[Folder]\nPath=%s\nOutput=%s\nRecipe=web\nSettle=0\n%s%s\n%s",
                  harness_path(h, "%sin", base), harness_path(h, "%sout", base),
                  archive ? "Originals=archive\nArchive=" : "",
                  archive ? harness_path(h, "%sarchive", base) : "", more);
    witness_open(&campaign->witness, harness_path(h, "%sout", base));
}

void campaign_open(struct campaign *campaign, bool archive, const char *recipe, const char *more)
{
    *campaign = (struct campaign){ .archive = archive };
    harness_open(&campaign->h);
    campaign->h.workers = 2;
    campaign_configure(campaign, "", archive, recipe, more);
}

static void note_version(struct campaign *campaign, const char *name)
{
    json_int_t versions = json_integer_value(json_object_get(campaign->dropped, name));

    json_object_set_new(campaign->dropped, name, json_integer(versions + 1));
}

void campaign_drop_document(struct campaign *campaign, const char *name, unsigned seed)
{
    struct document document = document_make_plain(CAMPAIGN_PAGES, 48, seed);

    note_version(campaign, name);
    harness_drop_bytes(&campaign->h, name, document.bytes, document.size);
    document_release(&document);
}

void campaign_drop(struct campaign *campaign, const char *name, int width, int height, unsigned seed)
{
    note_version(campaign, name);
    harness_drop(&campaign->h, name, width, height, seed);
}

void campaign_expect_guilty(struct campaign *campaign, const char *name)
{
    json_object_set_new(campaign->guilty, name, json_true());
}

size_t campaign_innocents(const struct campaign *campaign)
{
    return json_object_size(campaign->dropped) - json_object_size(campaign->guilty);
}

void campaign_audit(struct campaign *campaign, bool at_rest, const char *when)
{
    const struct harness *h = &campaign->h;
    struct audit_report report;
    struct audit audit = {
        .ledger = harness_path(h, "state/ledger.db"),
        .in = harness_path(h, "%sin", campaign->base),
        .out = harness_path(h, "%sout", campaign->base),
        .archive = campaign->archive ? harness_path(h, "%sarchive", campaign->base) : NULL,
        .dropped = campaign->dropped,
        .guilty = campaign->guilty,
        .appeared = campaign->witness.arrivals,
        .outputs = campaign->outputs,
        .at_rest = at_rest,
    };

    witness_hear(&campaign->witness);
    audit_run(&audit, &report);
    audit_expect_nothing(&report, when);
    campaign->audits++;
    campaign->jobs = report.jobs;
    campaign->done = report.done;
    campaign->attempts = report.attempts;
    audit_report_release(&report);
}

static bool is_all_over(const json_t *status, void *context)
{
    const struct campaign *campaign = context;
    json_int_t ended = harness_number(status, "jobs.done") + harness_number(status, "jobs.failed");

    return ended >= (json_int_t)json_object_size(campaign->dropped) && harness_is_at_rest(status);
}

void campaign_finish(struct campaign *campaign, const char *when)
{
    char what[80];

    snprintf(what, sizeof what, "all %zu files have ended", json_object_size(campaign->dropped));
    harness_await(&campaign->h, what, is_all_over, campaign);
    ck_assert_int_eq(harness_stop(&campaign->h), 0);
    campaign_audit(campaign, true, when);
}

void campaign_close(struct campaign *campaign)
{
    witness_close(&campaign->witness);
    json_decref(campaign->dropped);
    json_decref(campaign->guilty);
    harness_close(&campaign->h);
}
