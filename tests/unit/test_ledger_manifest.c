/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manifest's name in the ledger: reserved with those of the pictures, resumed, shown by a plan, and given up. */
#include "base/cleanup.h"
#include "ledger_fixture.h"
#include "supervisor/plan.h"
#include "unit_main.h"

#define WITH HOT_RECIPE_SINGLE "[Manifest]\n"
#define PAGED "[Output a]\nName={dir}/{stem}{-page}.{ext}\nFormat=png\n[Manifest]\n"

static const struct job_output *manifest_of(const struct job *job)
{
    return job_find_output(job, RENDITION_MANIFEST, 1);
}

START_TEST(its_name_is_reserved_with_those_of_the_pictures)
{
    struct job *job;

    setup_recipe(WITH);
    arrive("sub/a.jpg", 1);
    job = take_one();
    ck_assert_uint_eq(job->output_count, 2);
    ck_assert_str_eq(manifest_of(job)->path, "sub/a.json");
    ck_assert_int_eq(number("SELECT count(*) FROM output"), 2);
    finish(job, JOB_DONE);
    ck_assert_int_eq(number("SELECT count(*) FROM output WHERE inode > 0"), 2);
    teardown();
}
END_TEST

START_TEST(two_sources_of_one_manifest_are_a_conflict)
{
    struct job *other;

    setup_recipe("[Output a]\nName={dir}/{name}.{ext}\nFormat=png\n[Manifest]\n");
    arrive("a.jpg", 1);
    finish(take_one(), JOB_DONE);
    arrive("a.png", 2);
    other = take_one();
    ck_assert_int_eq(other->failure.class, CLASS_CONFLICT);
    ck_assert_ptr_nonnull(strstr(other->failure.text, "a.json belongs to f0/a.jpg"));
    job_free(other);
    teardown();
}
END_TEST

START_TEST(a_number_is_its_own)
{
    struct job *job;

    setup_recipe("[Output a]\nName={dir}/{name}.{ext}\nFormat=png\n[Manifest]\n");
    hot.conf[0].existing = EXISTING_NUMBER;
    arrive("a.jpg", 1);
    finish(take_one(), JOB_DONE);
    arrive("a.png", 2);
    job = take_one();
    ck_assert_str_eq(manifest_of(job)->path, "a-1.json");
    ck_assert_uint_eq(manifest_of(job)->number, 1);
    ck_assert_str_eq(job_find_output(job, 0, 1)->path, "a.png.png");
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_document_has_one_for_all_its_pages)
{
    struct job *job;

    setup_recipe(PAGED);
    arrive("a.tif", 1);
    job = take_one();
    job->pages = 12;
    begin();
    ck_assert_int_eq(ledger_store_pages(store, job), 0);
    commit();
    ck_assert_str_eq(manifest_of(job)->path, "a.json");
    ck_assert_str_eq(job_find_output(job, 0, 12)->path, "a-12.png");
    ck_assert_int_eq(number("SELECT count(*) FROM output"), 13);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(one_that_was_announced_is_resumed)
{
    struct job *job;

    setup_recipe(WITH);
    arrive("a.jpg", 1);
    job = take_one();
    for (size_t i = 0; i < job->output_count; i++)
        job->outputs[i].made = true;
    intend(job);
    job_free(job);
    reopen();
    ck_assert_int_eq(resume(), 1);
    job = pop();
    ck_assert_str_eq(manifest_of(job)->path, "a.json");
    ck_assert(manifest_of(job)->made);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_recipe_without_it_makes_it_no_more)
{
    struct recipe *with;
    struct job *job;

    setup_recipe(WITH);
    arrive("a.jpg", 1);
    finish(take_one(), JOB_DONE);
    with = hot.config->recipes[0];
    hot.config->recipes[0] = recipe_of_text(HOT_RECIPE_SINGLE);
    arrive("a.jpg", 2);
    job = take_one();
    ck_assert_ptr_null(manifest_of(job));
    ck_assert_uint_eq(job->output_count, 2); /* it is there to be removed */
    for (size_t i = 0; i < job->output_count; i++)
        if (strcmp(job->outputs[i].path, "a.json") == 0) {
            ck_assert_uint_eq(job->outputs[i].rendition, RENDITION_NONE);
            ck_assert_uint_ne(job->outputs[i].before.inode, 0);
        }
    finish(job, JOB_DONE);
    ck_assert_int_eq(number("SELECT count(*) FROM output"), 1);
    recipe_free(with);
    teardown();
}
END_TEST

START_TEST(a_plan_shows_it_and_reserves_nothing)
{
    struct job *job;

    setup_recipe(WITH);
    job = hot_job(&hot, 0, 1, "a.jpg");
    job->plan = calloc(1, sizeof *job->plan);
    begin();
    ck_assert_int_eq(ledger_store_plan(store, job), 0);
    commit();
    ck_assert_str_eq(manifest_of(job)->path, "a.json");
    ck_assert_uint_eq(job->plan->name_count, 2);
    ck_assert_int_eq(number("SELECT count(*) FROM output"), 0);
    job_free(job);
    teardown();
}
END_TEST

UNIT_MAIN("ledger_manifest", UNIT_TEST(its_name_is_reserved_with_those_of_the_pictures),
          UNIT_TEST(two_sources_of_one_manifest_are_a_conflict), UNIT_TEST(a_number_is_its_own),
          UNIT_TEST(a_document_has_one_for_all_its_pages), UNIT_TEST(one_that_was_announced_is_resumed),
          UNIT_TEST(a_recipe_without_it_makes_it_no_more), UNIT_TEST(a_plan_shows_it_and_reserves_nothing))
