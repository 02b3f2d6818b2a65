/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job's manifest among its outputs, when their names are claimed and when they are published: it is one of the
 * set. */
#include "supervisor/publish.h"

#include "base/cleanup.h"
#include "hot_folders.h"
#include "publish_all.h"
#include "supervisor/claim.h"
#include "unit_main.h"

#include <jansson.h>

#define RECIPE "[Output a]\nName={dir}/{stem}.{width}.{ext}\nWidth=10 20\nFormat=png\n[Manifest]\n"
#define PICTURE "\x89PNG\r\n\x1a\nas far as anybody can see from its start"

static struct hot_folders hot;
static struct anchor output_anchor;
static struct publish_context context;
static struct job *job;

static int intent(struct job *const *jobs, size_t count)
{
    (void)jobs, (void)count;
    return 0;
}

static int move(void *user, const struct job *moved, const struct job_output *output, const char *path)
{
    (void)user, (void)moved, (void)output, (void)path;
    return 0;
}

/* The manifest a.json, and the pictures a.10.png and a.20.png, which are not made yet. */
static void setup(enum existing existing)
{
    hot_open(&hot, 1, RECIPE);
    hot_write(hot.in[0], "a.jpg", "source");
    hot.conf->existing = existing;
    job = hot_job(&hot, 0, 1, "a.jpg");
    ck_assert_ptr_nonnull(job_add_output(job, RENDITION_MANIFEST, "a.json"));
    ck_assert_ptr_nonnull(job_add_output(job, 0, "a.10.png"));
    ck_assert_ptr_nonnull(job_add_output(job, 1, "a.20.png"));
    anchor_set(&output_anchor, hot.out[0], true);
    context = (struct publish_context){ .conf = hot.conf,
                                        .output = &output_anchor,
                                        .source_root = open(hot.in[0], O_PATH | O_DIRECTORY | O_CLOEXEC),
                                        .instance = 1,
                                        .move = move };
}

static void teardown(void)
{
    job_free(job);
    close(context.source_root);
    anchor_release(&output_anchor);
    hot_close(&hot);
}

static void make_pictures(void)
{
    for (size_t i = 1; i < job->output_count; i++) {
        struct job_output *output = &job->outputs[i];

        output->made = true;
        output->fd = fd_memory("picture", PICTURE, strlen(PICTURE));
        ck_assert_int_eq(fd_seal(output->fd), 0);
        output->bytes = strlen(PICTURE);
        output->width = 10 * (uint32_t)i;
        output->height = 5;
    }
    job_expect_manifest(job);
}

static enum verdict publish(void)
{
    enum verdict verdict = VERDICT_FAILED;

    publish_all(&context, &job, &verdict, 1, intent);
    return verdict;
}

/* Before any work is done. */
static enum verdict claim_planned(void)
{
    struct claim_context names = { .conf = hot.conf, .source_root = context.source_root, .move = move };
    _cleanup_close_ int root = open(hot.out[0], O_PATH | O_DIRECTORY | O_CLOEXEC);

    names.root = root;
    return claim_outputs(&names, job, false);
}

/* What @key of output @index is in the manifest @name; valid until the next call. */
static const char *told(const char *name, size_t index, const char *key)
{
    static char value[PATH_MAX];
    json_t *json = json_loads(hot_read(hot.out[0], name), 0, NULL);

    ck_assert_msg(json, "%s is no manifest", name);
    snprintf(
        value, sizeof value, "%s",
        json_string_value(json_object_get(json_array_get(json_object_get(json, "outputs"), index), key)));
    json_decref(json);
    return value;
}

START_TEST(a_manifest_is_published_with_its_set)
{
    setup(EXISTING_FAIL);
    ck_assert_int_eq(claim_planned(), VERDICT_OK);
    make_pictures();
    ck_assert_int_eq(publish(), VERDICT_OK);
    ck_assert_uint_eq(hot_count(hot.out[0]), 3);
    ck_assert_str_eq(told("a.json", 0, "path"), "a.10.png");
    ck_assert_str_eq(told("a.json", 1, "href"), "a.20.png");
    ck_assert_uint_eq(job->outputs[0].after.inode, hot_version(hot.out[0], "a.json").inode);
    ck_assert_uint_eq(job_count_outputs(job, false), 3);
    teardown();
}
END_TEST

static const enum existing refusing[] = { EXISTING_FAIL, EXISTING_ADOPT };

START_TEST(a_file_in_the_manifests_way_is_a_conflict_of_the_whole_set)
{
    setup(refusing[_i]);
    hot_write(hot.out[0], "a.json", "somebody else's");
    ck_assert_int_eq(claim_planned(), VERDICT_FAILED);
    ck_assert_int_eq(job->failure.class, CLASS_CONFLICT);
    make_pictures();
    ck_assert_int_eq(publish(), VERDICT_FAILED);
    ck_assert_uint_eq(hot_count(hot.out[0]), 1);
    ck_assert_str_eq(hot_read(hot.out[0], "a.json"), "somebody else's");
    teardown();
}
END_TEST

START_TEST(a_manifest_tells_of_the_names_that_the_pictures_got)
{
    setup(EXISTING_NUMBER);
    hot_write(hot.out[0], "a.10.png", PICTURE);
    hot_write(hot.out[0], "a.json", "somebody else's");
    make_pictures();
    ck_assert_int_eq(publish(), VERDICT_OK);
    ck_assert_str_eq(told("a-1.json", 0, "path"), "a.10-1.png");
    ck_assert_str_eq(told("a-1.json", 1, "path"), "a.20.png");
    ck_assert_str_eq(hot_read(hot.out[0], "a.json"), "somebody else's");
    teardown();
}
END_TEST

START_TEST(a_manifest_tells_nothing_of_what_was_skipped)
{
    setup(EXISTING_SKIP);
    hot_write(hot.out[0], "a.10.png", "somebody else's");
    make_pictures();
    ck_assert_int_eq(publish(), VERDICT_OK);
    ck_assert_str_eq(told("a.json", 0, "path"), "a.20.png");
    teardown();
}
END_TEST

START_TEST(without_a_picture_that_is_not_skipped_no_manifest_comes_out)
{
    setup(EXISTING_SKIP);
    hot_write(hot.out[0], "a.10.png", "somebody else's");
    hot_write(hot.out[0], "a.20.png", "somebody else's");
    make_pictures();
    ck_assert_int_eq(publish(), VERDICT_OK);
    ck_assert_uint_eq(hot_count(hot.out[0]), 2);
    teardown();
}
END_TEST

START_TEST(a_manifest_in_the_way_is_skipped_alone)
{
    setup(EXISTING_SKIP);
    hot_write(hot.out[0], "a.json", "somebody else's");
    make_pictures();
    ck_assert_int_eq(publish(), VERDICT_OK);
    ck_assert_uint_eq(hot_count(hot.out[0]), 3);
    ck_assert_str_eq(hot_read(hot.out[0], "a.json"), "somebody else's");
    teardown();
}
END_TEST

START_TEST(a_set_is_adopted_with_its_manifest)
{
    setup(EXISTING_ADOPT);
    hot_write(hot.out[0], "a.10.png", PICTURE);
    hot_write(hot.out[0], "a.20.png", PICTURE);
    hot_write(hot.out[0], "a.json", "{}");
    ck_assert_int_eq(claim_planned(), VERDICT_SETTLED);
    ck_assert(job->outputs[0].adopted && job->outputs[0].made);
    teardown();
}
END_TEST

/* The ledger was lost; the manifest alone is gone as well, or is there. */
START_TEST(after_a_lost_ledger_pictures_are_told_of_as_they_are_found)
{
    bool there = _i == 1;

    setup(EXISTING_NUMBER);
    make_pictures();
    ck_assert_int_eq(publish(), VERDICT_OK);
    for (size_t i = 0; i < job->output_count; i++)
        job->outputs[i].after = (struct published){ 0 };
    if (!there)
        ck_assert_int_eq(unlink(hot_path(hot.out[0], "a.json")), 0);

    job->adopt = true;
    make_pictures();
    ck_assert_int_eq(publish(), VERDICT_OK);
    ck_assert_uint_eq(hot_count(hot.out[0]), 3);
    ck_assert(job->outputs[1].adopted && job->outputs[2].adopted);
    ck_assert(job->outputs[0].adopted == there);
    ck_assert_str_eq(told("a.json", 0, "path"), "a.10.png");
    teardown();
}
END_TEST

START_TEST(a_manifest_of_before_goes_when_the_recipe_has_none_any_more)
{
    struct version version;

    setup(EXISTING_FAIL);
    make_pictures();
    ck_assert_int_eq(publish(), VERDICT_OK);
    version = hot_version(hot.out[0], "a.json");
    for (size_t i = 0; i < job->output_count; i++)
        job->outputs[i].before = job->outputs[i].after;
    ck_assert_uint_eq(job->outputs[0].before.inode, version.inode);
    job->outputs[0].rendition = RENDITION_NONE;
    job->outputs[0].made = false;
    make_pictures();
    ck_assert_int_eq(publish(), VERDICT_OK);
    ck_assert_uint_eq(hot_count(hot.out[0]), 2);
    teardown();
}
END_TEST

UNIT_MAIN("claim_manifest", UNIT_TEST(a_manifest_is_published_with_its_set),
          UNIT_ROWS(a_file_in_the_manifests_way_is_a_conflict_of_the_whole_set, refusing),
          UNIT_TEST(a_manifest_tells_of_the_names_that_the_pictures_got),
          UNIT_TEST(a_manifest_tells_nothing_of_what_was_skipped),
          UNIT_TEST(without_a_picture_that_is_not_skipped_no_manifest_comes_out),
          UNIT_TEST(a_manifest_in_the_way_is_skipped_alone), UNIT_TEST(a_set_is_adopted_with_its_manifest),
          ((struct unit_test){ after_a_lost_ledger_pictures_are_told_of_as_they_are_found, 2 }),
          UNIT_TEST(a_manifest_of_before_goes_when_the_recipe_has_none_any_more))
