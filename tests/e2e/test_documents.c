/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Documents of several pages: each with a name of its own, all together or none, whatever happens on the way. */
#include "base/cleanup.h"
#include "daemon_harness.h"
#include "document.h"
#include "painter.h"
#include "pdf.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Every page as a PNG of at most 24 pixels, with the default name's way of telling them apart. */
#define PAGED                                                                                                \
    "[Recipe]\nDescription=For tests\n[Output a]\nName={dir}/{stem}{-page}.{ext}\nWidth=24\nFormat=png\n"
#define FIRST_ONLY                                                                                           \
    "[Recipe]\nDescription=For tests\n[Output a]\nName={dir}/{stem}.{ext}\nWidth=24\nFormat=png\n"

enum { LONG = 150 /* more pages than a portion holds */ };

static const struct document_page three[] = { { 48, 48, { 255, 0, 0 } },
                                              { 96, 48, { 0, 255, 0 } },
                                              { 12, 10, { 0, 0, 255 } } };

static void open_folder(struct harness *h, const char *more, const char *recipe)
{
    harness_open(h);
    harness_configure(h, more, recipe);
    harness_start(h);
}

static void drop(const struct harness *h, const char *name, struct document document)
{
    harness_drop_bytes(h, name, document.bytes, document.size);
    document_release(&document);
}

static void drop_three(const struct harness *h, const char *name)
{
    drop(h, name, document_make(three, 3));
}

static void put_theirs(const struct harness *h, const char *path)
{
    harness_write(h, path, "somebody else's");
}

/* It is still theirs; and gone, as harness_close() would take it for a broken picture. */
static void take_theirs(const struct harness *h, const char *path)
{
    ck_assert_str_eq(harness_read(h, path), "somebody else's");
    unlink(harness_path(h, "%s", path));
}

static void expect_failed(struct harness *h, const char *name, const char *class, const char *says)
{
    json_t *job = harness_job_of(h, name);

    ck_assert_str_eq(harness_string(job, "state"), "failed");
    ck_assert_str_eq(harness_string(job, "class"), class);
    ck_assert_msg(strstr(harness_string(job, "message"), says), "\"%s\" is not in \"%s\"", says,
                  harness_string(job, "message"));
    json_decref(job);
}

static void expect_three(const struct harness *h)
{
    ck_assert_uint_eq(harness_count(h, "out"), 3);
    harness_expect_picture(h, "out/scan-1.png", 24, 24);
    harness_expect_picture(h, "out/scan-2.png", 24, 12);
    harness_expect_picture(h, "out/scan-3.png", 12, 10); /* not enlarged */
}

START_TEST(every_page_comes_out_under_a_name_of_its_own)
{
    struct harness h;
    json_t *job;

    open_folder(&h, "", PAGED);
    drop_three(&h, "scan.tif");
    harness_await_ends(&h, 1, 0);
    expect_three(&h);
    job = harness_job_of(&h, "scan.tif");
    ck_assert_uint_eq(json_array_size(json_object_get(job, "outputs")), 3);
    json_decref(job);

    drop(&h, "single.tif", document_make(three, 1));
    harness_await_ends(&h, 2, 0);
    harness_expect_picture(&h, "out/single.png", 24, 24);
    harness_close(&h);
}
END_TEST

START_TEST(a_restart_repeats_nothing_and_a_shorter_version_takes_its_pages_back)
{
    struct harness h;
    uint64_t inode;

    open_folder(&h, "", PAGED);
    drop_three(&h, "scan.tif");
    harness_await_ends(&h, 1, 0);
    inode = harness_inode(&h, "out/scan-2.png");
    ck_assert_int_eq(harness_stop(&h), 0);
    harness_start(&h);
    harness_await_ends(&h, 1, 0);
    ck_assert_uint_eq(harness_inode(&h, "out/scan-2.png"), inode);

    drop(&h, "scan.tif", document_make(three, 2));
    harness_await_ends(&h, 2, 0);
    ck_assert_uint_eq(harness_count(&h, "out"), 2);
    ck_assert(!harness_exists(&h, "out/scan-3.png"));

    /* One page is no document: its name is another. */
    drop(&h, "scan.tif", document_make(three, 1));
    harness_await_ends(&h, 3, 0);
    ck_assert_uint_eq(harness_count(&h, "out"), 1);
    harness_expect_picture(&h, "out/scan.png", 24, 24);
    harness_close(&h);
}
END_TEST

START_TEST(a_page_whose_name_is_taken_keeps_all_from_coming_out)
{
    struct harness h;

    open_folder(&h, "", PAGED);
    put_theirs(&h, "out/scan-2.png");
    drop_three(&h, "scan.tif");
    harness_await_ends(&h, 0, 1);
    expect_failed(&h, "scan.tif", "conflict", "scan-2.png");
    ck_assert_uint_eq(harness_count(&h, "out"), 1);
    ck_assert(harness_exists(&h, "in/scan.tif"));

    take_theirs(&h, "out/scan-2.png");
    ck_assert_int_eq(HARNESS_RUN(&h, NULL, "darkroomctl", "--socket", harness_path(&h, "run/api.sock"),
                                 "retry", "--failed"),
                     0);
    harness_await_jobs(&h, "done", 1);
    expect_three(&h);
    harness_close(&h);
}
END_TEST

START_TEST(a_page_and_another_source_cannot_have_one_name)
{
    struct harness h;

    open_folder(&h, "", PAGED);
    harness_drop(&h, "scan-2.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);
    drop_three(&h, "scan.tif");
    harness_await_ends(&h, 1, 1);
    expect_failed(&h, "scan.tif", "conflict", "belongs to web/scan-2.jpg already");
    ck_assert_uint_eq(harness_count(&h, "out"), 1);

    /* The name that it had while nobody knew that it is a document is free. */
    harness_drop(&h, "scan.jpg", 48, 48, 2);
    harness_await_ends(&h, 2, 1);
    harness_expect_picture(&h, "out/scan.png", 24, 24);
    harness_close(&h);
}
END_TEST

/* Nobody knows that it is one before a worker has looked. */
START_TEST(a_document_is_not_refused_for_the_name_that_it_does_not_need)
{
    struct harness h;

    open_folder(&h, "", PAGED);
    harness_drop(&h, "scan.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);
    drop_three(&h, "scan.tif");
    harness_await_ends(&h, 2, 0);
    ck_assert_uint_eq(harness_count(&h, "out"), 4);

    drop(&h, "scan.tiff", document_make(three, 1));
    harness_await_ends(&h, 2, 1);
    expect_failed(&h, "scan.tiff", "conflict", "scan.png belongs to web/scan.jpg");
    harness_close(&h);
}
END_TEST

START_TEST(existing_number_numbers_the_page)
{
    struct harness h;

    open_folder(&h, "Existing=number\n", PAGED);
    put_theirs(&h, "out/scan-2.png");
    drop_three(&h, "scan.tif");
    harness_await_ends(&h, 1, 0);
    harness_expect_picture(&h, "out/scan-1.png", 24, 24);
    harness_expect_picture(&h, "out/scan-2-1.png", 24, 12);
    harness_expect_picture(&h, "out/scan-3.png", 12, 10);
    take_theirs(&h, "out/scan-2.png");
    harness_close(&h);
}
END_TEST

START_TEST(existing_skip_leaves_the_page_out)
{
    struct harness h;

    open_folder(&h, "Existing=skip\n", PAGED);
    put_theirs(&h, "out/scan-2.png");
    drop_three(&h, "scan.tif");
    harness_await_ends(&h, 1, 0);
    take_theirs(&h, "out/scan-2.png");
    ck_assert_uint_eq(harness_count(&h, "out"), 2);
    harness_expect_picture(&h, "out/scan-3.png", 12, 10);
    harness_close(&h);
}
END_TEST

START_TEST(existing_overwrite_replaces_the_page)
{
    struct harness h;

    open_folder(&h, "Existing=overwrite\n", PAGED);
    put_theirs(&h, "out/scan-2.png");
    drop_three(&h, "scan.tif");
    harness_await_ends(&h, 1, 0);
    expect_three(&h);
    harness_close(&h);
}
END_TEST

/* The name without a page stands there, which is not all of a document. */
START_TEST(existing_adopt_looks_at_every_page)
{
    struct harness h;
    uint64_t inode;

    open_folder(&h, "Existing=adopt\n", PAGED);
    painter_paint(harness_path(&h, "out/scan.png"), 24, 24, 1);
    painter_paint(harness_path(&h, "out/scan-2.png"), 24, 12, 1);
    inode = harness_inode(&h, "out/scan-2.png");
    drop_three(&h, "scan.tif");
    harness_await_ends(&h, 1, 0);
    ck_assert_uint_eq(harness_count(&h, "out"), 4);
    ck_assert_uint_eq(harness_inode(&h, "out/scan-2.png"), inode);
    harness_expect_picture(&h, "out/scan-3.png", 12, 10);
    harness_close(&h);
}
END_TEST

/* The names of all pages tell that it was done. */
START_TEST(after_a_lost_ledger_every_page_is_found_again)
{
    struct harness h;
    uint64_t inode;

    open_folder(&h, "", PAGED);
    drop_three(&h, "scan.tif");
    harness_await_ends(&h, 1, 0);
    inode = harness_inode(&h, "out/scan-2.png");
    ck_assert_int_eq(harness_stop(&h), 0);
    harness_remove(&h, "state/ledger.db");
    harness_start(&h);
    harness_await_ends(&h, 1, 0);
    ck_assert_uint_eq(harness_inode(&h, "out/scan-2.png"), inode);
    expect_three(&h);
    harness_close(&h);
}
END_TEST

START_TEST(a_page_that_is_broken_is_named_and_none_comes_out)
{
    struct document document = document_make(three, 3);
    struct harness h;

    open_folder(&h, "", PAGED);
    document.size -= 12 * 10; /* of the last page */
    drop(&h, "scan.tif", document);
    harness_await_ends(&h, 0, 1);
    expect_failed(&h, "scan.tif", "permanent", "page 3 of 3: ");
    ck_assert_uint_eq(harness_count(&h, "out"), 0);
    harness_close(&h);
}
END_TEST

/* Noise, of which a PNG is as large as the page itself: 40 pages of 768 KB. */
static struct document make_noise(void)
{
    struct document document = document_make_plain(40, 512, 0);
    uint32_t state = 1;

    for (size_t i = DOCUMENT_HEADER, page = document.size / 40; i < document.size; i++) {
        if ((i - DOCUMENT_HEADER) % page < DOCUMENT_DIRECTORY + DOCUMENT_BITS)
            continue;
        state = state * 1664525 + 1013904223; /* Numerical Recipes' */
        document.bytes[i] = (uint8_t)(state >> 24);
    }
    return document;
}

/* Two PNGs of each page make two portions, 45 and 15 MB, beside 30 MB of the source and 20 for whatever else: it is
 * what the first has made that is too much for the second. */
START_TEST(finished_pages_count_for_the_memory)
{
    static const char recipe[] = "[Output a]\nName=a-{stem}{-page}.{ext}\nFormat=png\n"
                                 "[Output b]\nName=b-{stem}{-page}.{ext}\nFormat=png\n";
    struct harness h;

    open_folder(&h, "MaxMemory=101M\n", recipe);
    drop(&h, "scan.tif", make_noise());
    harness_await_ends(&h, 0, 1);
    expect_failed(&h, "scan.tif", "permanent", "more than the 101 MB that MaxMemory=");
    ck_assert_uint_eq(harness_count(&h, "out"), 0);
    ck_assert_int_eq(harness_stop(&h), 0);

    harness_configure(&h, "MaxMemory=200M\n", recipe);
    harness_start(&h);
    ck_assert_int_eq(HARNESS_RUN(&h, NULL, "darkroomctl", "--socket", harness_path(&h, "run/api.sock"),
                                 "retry", "--failed"),
                     0);
    harness_await_jobs(&h, "done", 1);
    ck_assert_uint_eq(harness_count(&h, "out"), 80);
    harness_close(&h);
}
END_TEST

static void reload(struct harness *h)
{
    harness_signal(h, SIGHUP);
    harness_await_ready(h);
}

/* What is made of a document under the old configuration is let go, and made again under the new one. */
START_TEST(a_reload_and_a_stop_between_portions_lose_nothing)
{
    struct harness h;

    open_folder(&h, "", PAGED);
    drop(&h, "scan.tif", document_make_plain(400, 8, 1));
    harness_await_work(&h, 0);
    reload(&h);
    reload(&h);
    ck_assert_int_eq(harness_stop(&h), 0);
    harness_start(&h);
    harness_await_ends(&h, 1, 0);
    ck_assert_uint_eq(harness_count(&h, "out"), 400);
    harness_close(&h);
}
END_TEST

/* As many as there may be, in the full form: libtiff walks through all pages to open one, so the time they take grows
 * with the square of their number. */
START_TEST(as_many_pages_as_there_may_be_come_out_together)
{
    unsigned pages = harness_is_full() ? 1000 : 100;
    struct harness h;
    char last[32];

    open_folder(&h, "MaxPages=1000\n", PAGED);
    drop(&h, "scan.tif", document_make_plain(pages, 2, 1));
    harness_await_ends(&h, 1, 0);
    ck_assert_uint_eq(harness_count(&h, "out"), pages);
    ck_assert(harness_exists(&h, pages == 1000 ? "out/scan-0001.png" : "out/scan-001.png"));
    snprintf(last, sizeof last, "out/scan-%u.png", pages);
    ck_assert(harness_exists(&h, last));
    harness_close(&h);
}
END_TEST

START_TEST(without_pages_in_names_the_first_is_made_and_the_original_stays)
{
    struct harness h;
    json_t *job;

    open_folder(&h, "Originals=delete\n", FIRST_ONLY);
    drop_three(&h, "scan.tif");
    harness_await_ends(&h, 1, 0);
    harness_expect_picture(&h, "out/scan.png", 24, 24);
    ck_assert_uint_eq(harness_count(&h, "out"), 1);
    job = harness_job_of(&h, "scan.tif");
    ck_assert_ptr_nonnull(strstr(harness_string(job, "message"), "only the first of its 3 pages was made"));
    ck_assert_ptr_nonnull(strstr(harness_string(job, "message"), "its original stays"));
    json_decref(job);

    drop(&h, "single.tif", document_make(three, 1)); /* shows that originals are dealt with */
    harness_await_ends(&h, 2, 0);
    harness_await_jobs(&h, "done", 2);
    ck_assert(harness_exists(&h, "in/scan.tif"));
    ck_assert(!harness_exists(&h, "in/single.tif"));
    harness_close(&h);
}
END_TEST

/* Two frames of one pixel. */
#define FRAME                                                                                                \
    0x21, 0xf9, 4, 0, 10, 0, 0, 0, 0x2c, 0, 0, 0, 0, 1, 0, 1, 0,                                             \
        0, /* shown for 10/100 s, all of the screen */                                                       \
        2, 2, 0x44, 1, 0

static const unsigned char two_frames[] = {
    'G', 'I', 'F', '8', '9', 'a', 1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255, FRAME, FRAME, 0x3b,
};

static const struct {
    const char *recipe, *says; /* NULL: nothing, and the original goes */
} stills[] = {
    { FIRST_ONLY, "its original stays: it has more frames; only the first of its 2 frames was made" },
    { FIRST_ONLY "Animated=no\n", NULL },
    { "[Output a]\nName={dir}/{stem}.{ext}\nFormat=png webp\n", NULL },
};

START_TEST(frames_that_nobody_kept_are_told_and_the_original_stays)
{
    struct harness h;
    json_t *job;

    open_folder(&h, "Originals=delete\n", stills[_i].recipe);
    harness_drop_bytes(&h, "spin.gif", two_frames, sizeof two_frames);
    harness_await_ends(&h, 1, 0);
    job = harness_job_of(&h, "spin.gif");
    if (stills[_i].says)
        ck_assert_ptr_nonnull(strstr(harness_string(job, "message"), stills[_i].says));
    else
        ck_assert(json_is_null(json_object_get(job, "message")));
    json_decref(job);

    drop(&h, "single.tif", document_make(three, 1)); /* shows that originals are dealt with */
    harness_await_ends(&h, 2, 0);
    harness_await_jobs(&h, "done", 2);
    ck_assert(!harness_exists(&h, "in/single.tif"));
    ck_assert_int_eq(harness_exists(&h, "in/spin.gif"), stills[_i].says != NULL);
    harness_close(&h);
}
END_TEST

START_TEST(a_document_longer_than_allowed_fails)
{
    struct harness h;

    open_folder(&h, "MaxPages=2\n", PAGED);
    drop_three(&h, "scan.tif");
    harness_await_ends(&h, 0, 1);
    expect_failed(&h, "scan.tif", "permanent", "it has 3 pages, more than the 2 that MaxPages=");
    ck_assert_uint_eq(harness_count(&h, "out"), 0);
    harness_close(&h);
}
END_TEST

START_TEST(a_document_that_makes_too_many_outputs_fails_before_any_is_made)
{
    struct harness h;

    open_folder(&h, "", "[Output a]\nName={stem}{-page}-{width}.{ext}\nWidth=1 2 3 4\nFormat=png\n");
    drop(&h, "scan.tif", document_make_plain(251, 4, 0));
    harness_await_ends(&h, 0, 1);
    expect_failed(&h, "scan.tif", "permanent", "its 251 pages would make 1004 outputs");
    harness_close(&h);
}
END_TEST

/* The red of the only pixel of page @page: it is the page that its name says. */
static void expect_long(const struct harness *h, size_t pages)
{
    ck_assert_uint_eq(harness_count(h, "out"), pages);
    for (size_t i = 1; i <= pages; i += 37)
        harness_expect_picture(h, harness_path(h, "out/scan-%03zu.png", i) + strlen(h->root) + 1, 8, 8);
}

START_TEST(a_long_document_comes_out_whole)
{
    struct harness h;

    open_folder(&h, "", PAGED);
    drop(&h, "scan.tif", document_make_plain(LONG, 8, 3));
    harness_await_ends(&h, 1, 0);
    expect_long(&h, LONG);
    harness_close(&h);
}
END_TEST

static bool is_at_rest(const json_t *status, void *context)
{
    (void)context;
    return harness_is_at_rest(status) && harness_number(status, "jobs.done") > 0;
}

/* The daemon is killed again and again while it works on a document of many portions. */
START_TEST(a_document_survives_kills)
{
    struct harness h;

    open_folder(&h, "", PAGED);
    for (int round = 0; round < 6; round++) {
        drop(&h, "scan.tif", document_make_plain(400, 8, (unsigned)round));
        harness_status(&h);
        for (int i = 0; i < 3 * round; i++)
            harness_next_status(&h, 5);
        harness_kill(&h, round % 2);
        harness_start(&h);
    }
    harness_await(&h, "nothing under way", is_at_rest, NULL);
    expect_long(&h, 400);
    harness_close(&h);
}
END_TEST

static json_t *plan(const struct harness *h, const char *name)
{
    char *text = NULL;
    json_t *json;
    int r = darkroom_plan(h->dk, harness_path(h, "in/%s", name), NULL, &text);

    ck_assert_msg(r == 0, "%s: %s", name, darkroom_error(h->dk));
    json = json_loads(text, 0, NULL);
    darkroom_free(text);
    ck_assert_ptr_nonnull(json);
    return json;
}

static void expect_planned(const json_t *json, const struct harness *h, size_t index, const char *path,
                           int page, int width, const char *action)
{
    const json_t *output = json_array_get(json_object_get(json, "outputs"), index);

    ck_assert_str_eq(harness_string(output, "path"), harness_path(h, "out/%s", path));
    ck_assert_int_eq(harness_number(output, "page"), page);
    ck_assert_int_eq(harness_number(output, "width"), width);
    ck_assert_str_eq(harness_string(output, "action"), action);
}

START_TEST(a_plan_shows_the_pages_that_are_made)
{
    struct harness h;
    json_t *json;

    open_folder(&h, "Settle=1h\n", PAGED);
    drop(&h, "scan.tif", document_make(three, 3));
    json = plan(&h, "scan.tif");
    ck_assert_int_eq(harness_number(json, "source.pages"), 3);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "outputs")), 3);
    expect_planned(json, &h, 0, "scan-1.png", 1, 24, "make");
    expect_planned(json, &h, 2, "scan-3.png", 3, 12, "make");
    json_decref(json);

    put_theirs(&h, "out/scan-2.png");
    json = plan(&h, "scan.tif");
    ck_assert(json_is_false(json_object_get(json, "ok")));
    expect_planned(json, &h, 1, "scan-2.png", 2, 24, "fail");
    json_decref(json);
    take_theirs(&h, "out/scan-2.png");

    drop(&h, "long.tif", document_make_plain(LONG, 8, 1));
    json = plan(&h, "long.tif");
    ck_assert(json_is_true(json_object_get(json, "ok")));
    ck_assert_uint_eq(json_array_size(json_object_get(json, "outputs")), LONG);
    expect_planned(json, &h, LONG - 1, "long-150.png", LONG, 8, "make");
    json_decref(json);
    harness_close(&h);
}
END_TEST

/* ---- PDF, where the folder allows it ---- */

static const struct pdf_page sheets[] = { { 24, 12 }, { 12, 24 }, { 36, 36 } };

static void drop_pdf(const struct harness *h, const char *name, size_t pages)
{
    struct pdf pdf;

    pdf_make(&pdf, sheets, pages, false);
    harness_drop_bytes(h, name, pdf.bytes, pdf.size);
}

START_TEST(every_page_of_a_pdf_comes_out_as_large_as_the_output_asks)
{
    struct harness h;

    open_folder(&h, "AllowFormats=pdf\nMaxPages=3\nDensity=72\n", PAGED);
    drop_pdf(&h, "scan.pdf", 3);
    drop(&h, "as_ever.tif", document_make(three, 1));
    harness_await_ends(&h, 2, 0);
    harness_expect_picture(&h, "out/scan-1.png", 24, 12);
    harness_expect_picture(&h, "out/scan-2.png", 24, 48);
    harness_expect_picture(&h, "out/scan-3.png", 24, 24);
    harness_close(&h);
}
END_TEST

START_TEST(a_pdf_is_left_alone_and_under_another_name_refused_where_it_is_not_allowed)
{
    struct harness h;

    open_folder(&h, "AllowFormats=svg\n", PAGED);
    drop_pdf(&h, "scan.pdf", 3);
    drop_pdf(&h, "scan.jpg", 3);
    harness_await_ends(&h, 0, 1);
    expect_failed(&h, "scan.jpg", "permanent", "its format is pdf");
    expect_failed(&h, "scan.jpg", "permanent", "AllowFormats=pdf would allow it");
    ck_assert_uint_eq(harness_count(&h, "out"), 0);
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("documents", UNIT_TEST(every_page_comes_out_under_a_name_of_its_own),
             UNIT_TEST(a_restart_repeats_nothing_and_a_shorter_version_takes_its_pages_back),
             UNIT_TEST(a_page_whose_name_is_taken_keeps_all_from_coming_out),
             UNIT_TEST(a_page_and_another_source_cannot_have_one_name),
             UNIT_TEST(a_document_is_not_refused_for_the_name_that_it_does_not_need),
             UNIT_TEST(existing_number_numbers_the_page), UNIT_TEST(existing_skip_leaves_the_page_out),
             UNIT_TEST(existing_overwrite_replaces_the_page), UNIT_TEST(existing_adopt_looks_at_every_page),
             UNIT_TEST(after_a_lost_ledger_every_page_is_found_again),
             UNIT_TEST(a_page_that_is_broken_is_named_and_none_comes_out),
             UNIT_TEST(finished_pages_count_for_the_memory),
             UNIT_TEST(a_reload_and_a_stop_between_portions_lose_nothing),
             UNIT_TEST(as_many_pages_as_there_may_be_come_out_together),
             UNIT_TEST(without_pages_in_names_the_first_is_made_and_the_original_stays),
             UNIT_ROWS(frames_that_nobody_kept_are_told_and_the_original_stays, stills),
             UNIT_TEST(a_document_longer_than_allowed_fails),
             UNIT_TEST(a_document_that_makes_too_many_outputs_fails_before_any_is_made),
             UNIT_TEST(a_long_document_comes_out_whole), UNIT_TEST(a_document_survives_kills),
             UNIT_TEST(a_plan_shows_the_pages_that_are_made),
             UNIT_TEST(every_page_of_a_pdf_comes_out_as_large_as_the_output_asks),
             UNIT_TEST(a_pdf_is_left_alone_and_under_another_name_refused_where_it_is_not_allowed))
