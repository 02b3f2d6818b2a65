/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What becomes of the originals. */
#include "daemon_harness.h"

#include <string.h>
#include <sys/stat.h>

static void make_directory(const struct harness *h, const char *path)
{
    ck_assert_msg(mkdir(harness_path(h, "%s", path), 0755) == 0, "%s: %m", path);
}

static void configure_archive(const struct harness *h)
{
    char more[PATH_MAX];

    snprintf(more, sizeof more, "Originals=archive\nArchive=%s\n", harness_path(h, "archive"));
    harness_configure(h, more, HARNESS_RECIPE_SINGLE);
}

START_TEST(originals_are_archived_in_their_tree)
{
    struct harness h;

    harness_open(&h);
    configure_archive(&h);
    harness_start(&h);
    make_directory(&h, "in/2026");
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_drop(&h, "2026/b.jpg", 48, 48, 2);
    harness_await_ends(&h, 2, 0);
    ck_assert(!harness_exists(&h, "in/a.jpg") && !harness_exists(&h, "in/2026/b.jpg"));
    harness_expect_picture(&h, "archive/a.jpg", 48, 48);
    harness_expect_picture(&h, "archive/2026/b.jpg", 48, 48);
    harness_close(&h);
}
END_TEST

START_TEST(the_archive_overwrites_nothing)
{
    struct harness h;

    harness_open(&h);
    configure_archive(&h);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);
    harness_drop(&h, "a.jpg", 48, 96, 2);
    harness_await_ends(&h, 2, 0);
    harness_expect_picture(&h, "archive/a.jpg", 48, 48);
    harness_expect_picture(&h, "archive/a-1.jpg", 48, 96);
    harness_expect_picture(&h, "out/a.png", 24, 48); /* the newer version */
    ck_assert_uint_eq(harness_count(&h, "in"), 0);
    harness_close(&h);
}
END_TEST

/* The archive is often another disk. */
START_TEST(a_missing_archive_does_not_repeat_the_job)
{
    struct harness h;
    json_t *job;

    harness_open(&h);
    configure_archive(&h);
    ck_assert_int_eq(rmdir(harness_path(&h, "archive")), 0);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_jobs(&h, "done", 1);
    ck_assert_int_eq(harness_stop(&h), 0);
    ck_assert_uint_eq(harness_count(&h, "in") + harness_count(&h, "archive"), harness_exists(&h, "in/a.jpg"));

    make_directory(&h, "archive");
    harness_start(&h);
    harness_await_ends(&h, 1, 0);
    job = harness_job_of(&h, "a.jpg");
    ck_assert_str_eq(harness_string(job, "id"), "1");
    json_decref(job);
    harness_expect_picture(&h, "archive/a.jpg", 48, 48);
    harness_close(&h);
}
END_TEST

static bool waits_for_its_archive(const json_t *status, void *context)
{
    const json_t *folder = json_array_get(json_object_get(status, "folders"), 0);

    (void)context;
    return json_is_string(json_object_get(folder, "reason"));
}

/* Nobody reloads or restarts for it. */
START_TEST(an_original_waits_for_its_archive_and_goes_there_by_itself)
{
    struct harness h;

    harness_open(&h);
    configure_archive(&h);
    ck_assert_int_eq(rmdir(harness_path(&h, "archive")), 0);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await(&h, "the reason why an original waits", waits_for_its_archive, NULL);
    ck_assert(!harness_exists(&h, "archive"));
    ck_assert(harness_exists(&h, "out/a.png"));

    make_directory(&h, "archive");
    harness_await_ends(&h, 1, 0);
    harness_expect_picture(&h, "archive/a.jpg", 48, 48);
    harness_close(&h);
}
END_TEST

static bool is_held(const json_t *status, void *context)
{
    (void)context;
    return strcmp(harness_string(status, "folders.0.state"), "held") == 0;
}

/* All of them were asked of the folder's thread at once, which overran its channel: the daemon aborted, each time. */
START_TEST(many_originals_that_are_pending_at_the_start_are_dealt_with)
{
    enum { FILES = 300 };
    struct harness h;

    harness_open(&h);
    configure_archive(&h);
    ck_assert_int_eq(rmdir(harness_path(&h, "archive")), 0);
    for (int i = 0; i < FILES; i++) {
        char name[32];

        snprintf(name, sizeof name, "%d.jpg", i);
        harness_drop(&h, name, 16, 16, (unsigned)i);
    }
    harness_start(&h);
    harness_await(&h, "a held folder", is_held, NULL);
    ck_assert_int_eq(harness_stop(&h), 0);

    make_directory(&h, "archive");
    harness_start(&h);
    harness_await_ends(&h, FILES, 0);
    ck_assert_uint_eq(harness_count(&h, "archive"), FILES);
    ck_assert_uint_eq(harness_count(&h, "in"), 0);
    harness_close(&h);
}
END_TEST

static bool is_archived(const json_t *status, void *context)
{
    (void)status;
    return harness_exists(context, "archive/a.jpg");
}

static void reload(struct harness *h)
{
    char *text;

    ck_assert_msg(darkroom_reload(h->dk, &text) == 0, "%s", darkroom_error(h->dk));
    darkroom_free(text);
}

/* It was forgotten until the next start. */
START_TEST(an_original_that_waits_is_dealt_with_when_its_folder_was_away_and_is_back)
{
    struct harness h;

    harness_open(&h);
    configure_archive(&h);
    ck_assert_int_eq(rmdir(harness_path(&h, "archive")), 0);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 16, 16, 1);
    harness_await(&h, "the reason why an original waits", waits_for_its_archive, NULL);

    make_directory(&h, "in2");
    make_directory(&h, "out2");
    harness_write(&h, "config/folders/other.folder", "[Folder]\nPath=%s\nOutput=%s\nRecipe=web\n",
                  harness_path(&h, "in2"), harness_path(&h, "out2"));
    ck_assert_int_eq(rename(harness_path(&h, "config/folders/web.folder"), harness_path(&h, "web.off")), 0);
    reload(&h);
    make_directory(&h, "archive");
    ck_assert_int_eq(rename(harness_path(&h, "web.off"), harness_path(&h, "config/folders/web.folder")), 0);
    reload(&h);
    harness_await(&h, "the original in its archive", is_archived, &h);
    ck_assert_uint_eq(harness_count(&h, "in"), 0);
    harness_close(&h);
}
END_TEST

/* ---- originals that wait, and a configuration that changes meanwhile ---- */

static void configure_originals(const struct harness *h, const char *originals, const char *archive)
{
    char more[PATH_MAX];

    snprintf(more, sizeof more, "Originals=%s\nExisting=adopt\n%s%s\n", originals, archive ? "Archive=" : "",
             archive ? harness_path(h, "%s", archive) : "");
    harness_configure(h, more, HARNESS_RECIPE_SINGLE);
}

static bool waits_for_nothing(const json_t *status, void *context)
{
    const json_t *folder = json_array_get(json_object_get(status, "folders"), 0);

    (void)context;
    return json_is_null(json_object_get(folder, "reason"));
}

/* a.jpg has its output, and waits for an archive that is not there. */
static void open_with_one_that_waits(struct harness *h)
{
    harness_open(h);
    configure_originals(h, "archive", "arhcive");
    harness_start(h);
    harness_drop(h, "a.jpg", 48, 48, 1);
    harness_await(h, "the reason why an original waits", waits_for_its_archive, NULL);
}

static void expect_that_it_stays(struct harness *h)
{
    char *text;

    harness_await(h, "that nothing is waited for", waits_for_nothing, NULL);
    make_directory(h, "arhcive");
    ck_assert_int_eq(darkroom_scan(h->dk, "web", 0, &text), 0);
    darkroom_free(text);
    harness_drop(h, "b.jpg", 48, 48,
                 2); /* with its outcome all that was to be done with the other one is done */
    harness_await_ends(h, 2, 0);
    ck_assert(harness_exists(h, "in/a.jpg"));
    ck_assert_uint_eq(harness_count(h, "arhcive") + harness_count(h, "archive"), 0);
}

/* It went on waiting for the old one until the next start. */
START_TEST(an_original_that_waits_goes_to_the_archive_that_is_configured_by_now)
{
    struct harness h;

    open_with_one_that_waits(&h);
    configure_originals(&h, "archive", "archive");
    reload(&h);
    harness_await(&h, "the original in its archive", is_archived, &h);
    harness_await(&h, "that nothing is waited for", waits_for_nothing, NULL);
    ck_assert_uint_eq(harness_count(&h, "in"), 0);
    harness_close(&h);
}
END_TEST

/* It was moved out of Path as soon as the archive of before was there. */
START_TEST(an_original_that_waits_stays_when_originals_are_kept_by_now)
{
    struct harness h;

    open_with_one_that_waits(&h);
    configure_originals(&h, "keep", NULL);
    reload(&h);
    expect_that_it_stays(&h);
    harness_close(&h);
}
END_TEST

static void by_reload(struct harness *h)
{
    reload(h);
}

static void by_restart(struct harness *h)
{
    ck_assert_int_eq(harness_stop(h), 0);
    harness_start(h);
}

static void (*const changes[])(struct harness *h) = { by_reload, by_restart };

/* Its output was only found: for that it may be moved, as was asked for, but never deleted. */
START_TEST(an_original_that_waits_is_not_deleted_for_what_was_only_found)
{
    struct harness h;

    harness_open(&h);
    configure_originals(&h, "archive", "arhcive");
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await(&h, "the reason why an original waits", waits_for_its_archive, NULL);
    ck_assert_int_eq(harness_stop(&h), 0);
    harness_remove(&h, "state");
    make_directory(&h, "state");
    harness_start(&h); /* a ledger that knows nothing: the output is adopted */
    harness_await(&h, "the reason why an original waits", waits_for_its_archive, NULL);

    configure_originals(&h, "delete", NULL);
    changes[_i](&h);
    harness_await(&h, "that nothing is waited for", waits_for_nothing, NULL);
    harness_drop(&h, "b.jpg", 48, 48, 2);
    harness_await_ends(&h, 2, 0);
    ck_assert(harness_exists(&h, "in/a.jpg"));
    ck_assert(!harness_exists(&h, "in/b.jpg"));
    harness_close(&h);
}
END_TEST

/* Everything failed as a clash with itself, for the old name had originals that wait. */
START_TEST(a_folder_that_is_called_otherwise_finds_its_outputs_while_originals_wait)
{
    struct harness h;

    open_with_one_that_waits(&h);
    configure_originals(&h, "archive", "arhcive");
    ck_assert_int_eq(
        rename(harness_path(&h, "config/folders/web.folder"), harness_path(&h, "config/folders/shop.folder")),
        0);
    changes[_i](&h);
    harness_await_jobs(&h, "done", 2);
    ck_assert_int_eq(harness_number(h.status, "jobs.failed"), 0);
    ck_assert_uint_eq(harness_count(&h, "out"), 1);
    harness_close(&h);
}
END_TEST

START_TEST(originals_are_deleted)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "Originals=delete\n", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 48, 48, 1);
    harness_await_ends(&h, 1, 0);
    ck_assert(!harness_exists(&h, "in/a.jpg"));
    ck_assert_uint_eq(harness_count(&h, "in"), 0);
    harness_expect_picture(&h, "out/a.png", 24, 24);
    harness_close(&h);
}
END_TEST

static void expect_error_file(const struct harness *h, const char *path, const char *source)
{
    json_t *error = json_loads(harness_read(h, path), 0, NULL);

    ck_assert_ptr_nonnull(error);
    ck_assert_str_eq(harness_string(error, "path"), source);
    ck_assert_str_eq(harness_string(error, "class"), "permanent");
    ck_assert_str_eq(harness_string(error, "stage"), "probe");
    ck_assert_uint_gt(strlen(harness_string(error, "message")), 0);
    ck_assert_int_eq(harness_number(error, "attempts"), 0);
    json_decref(error);
}

START_TEST(a_failed_original_is_moved_aside_with_its_error)
{
    struct harness h;

    harness_open(&h);
    harness_configure(&h, "Originals=delete\n", HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    make_directory(&h, "in/sub");
    harness_drop_bytes(&h, "sub/bad.jpg", "no picture", 10);
    harness_await_ends(&h, 0, 1);
    ck_assert(!harness_exists(&h, "in/sub/bad.jpg"));
    ck_assert(harness_exists(&h, "in/.failed/sub/bad.jpg"));
    expect_error_file(&h, "in/.failed/sub/bad.jpg.error.json", "sub/bad.jpg");

    /* Moving it back is a retry. */
    ck_assert_int_eq(rename(harness_path(&h, "in/.failed/sub/bad.jpg"), harness_path(&h, "in/sub/bad.jpg")),
                     0);
    harness_await_ends(&h, 0, 2);
    harness_close(&h);
}
END_TEST

START_TEST(a_failed_folder_of_its_own_takes_errors_of_kept_originals)
{
    struct harness h;
    char more[PATH_MAX];

    harness_open(&h);
    snprintf(more, sizeof more, "Failed=%s\n", harness_path(&h, "failed"));
    harness_configure(&h, more, HARNESS_RECIPE_SINGLE);
    harness_start(&h);
    harness_drop_bytes(&h, "bad.jpg", "no picture", 10);
    harness_await_ends(&h, 0, 1);
    ck_assert(harness_exists(&h, "in/bad.jpg"));
    ck_assert(!harness_exists(&h, "failed/bad.jpg"));
    expect_error_file(&h, "failed/bad.jpg.error.json", "bad.jpg");
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("originals", UNIT_TEST(originals_are_archived_in_their_tree),
             UNIT_TEST(the_archive_overwrites_nothing), UNIT_TEST(a_missing_archive_does_not_repeat_the_job),
             UNIT_TEST(an_original_waits_for_its_archive_and_goes_there_by_itself),
             UNIT_TEST(many_originals_that_are_pending_at_the_start_are_dealt_with),
             UNIT_TEST(an_original_that_waits_is_dealt_with_when_its_folder_was_away_and_is_back),
             UNIT_TEST(an_original_that_waits_goes_to_the_archive_that_is_configured_by_now),
             UNIT_TEST(an_original_that_waits_stays_when_originals_are_kept_by_now),
             UNIT_ROWS(an_original_that_waits_is_not_deleted_for_what_was_only_found, changes),
             UNIT_ROWS(a_folder_that_is_called_otherwise_finds_its_outputs_while_originals_wait, changes),
             UNIT_TEST(originals_are_deleted), UNIT_TEST(a_failed_original_is_moved_aside_with_its_error),
             UNIT_TEST(a_failed_folder_of_its_own_takes_errors_of_kept_originals))
