/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of a document's pages: planned anew when they are counted, reserved together or not at all. */
#include "base/cleanup.h"
#include "ledger_fixture.h"
#include "supervisor/plan.h"
#include "unit_main.h"

/* Every page as a.png, or a-1.png and so on; and a preview of the first. */
#define PAGED                                                                                                \
    "[Recipe]\nDescription=For tests\n[Output a]\nName={dir}/{stem}{-page}.{ext}\nFormat=png\n"              \
    "[Output b]\nName={dir}/{stem}.thumb.{ext}\nWidth=10\nFormat=png\n"

static struct job *count_pages(struct job *job, uint32_t pages)
{
    job->pages = pages;
    begin();
    ck_assert_int_eq(ledger_store_pages(store, job), 0);
    commit();
    return job;
}

static void expect_output(const struct job *job, uint32_t rendition, uint32_t page, const char *path)
{
    const struct job_output *output = job_find_output(job, rendition, page);

    ck_assert_msg(output, "there is no output for %s", path);
    ck_assert_str_eq(output->path, path);
}

/* How many outputs are to be made. */
static size_t count_planned(const struct job *job)
{
    size_t count = 0;

    for (size_t i = 0; i < job->output_count; i++)
        count += job->outputs[i].rendition != RENDITION_NONE;
    return count;
}

START_TEST(counted_pages_get_names_and_what_they_do_not_need_is_given_back)
{
    struct job *job;

    setup_recipe(PAGED);
    arrive("sub/a.jpg", 1);
    job = take_one();
    expect_output(job, 0, 1, "sub/a.png");
    for (int i = 0; i < 2; i++) { /* the second as after a commit that failed */
        count_pages(job, 12);
        ck_assert_int_eq(job->failure.class, CLASS_NONE);
        ck_assert_int_eq(job->state, JOB_OPENING);
        ck_assert_uint_eq(count_planned(job), 13);
        expect_output(job, 0, 1, "sub/a-01.png");
        expect_output(job, 0, 12, "sub/a-12.png");
        expect_output(job, 1, 1, "sub/a.thumb.png");
        ck_assert_ptr_null(job_find_output(job, 1, 2));
        ck_assert_int_eq(number("SELECT count(*) FROM output"), 13);
    }
    finish(job, JOB_FAILED);
    ck_assert_int_eq(number("SELECT count(*) FROM output"), 0);
    teardown();
}
END_TEST

START_TEST(a_clash_on_one_page_is_a_conflict_of_all)
{
    struct job *job;

    setup_recipe(PAGED);
    arrive("a-2.jpg", 1);
    finish(take_one(), JOB_DONE);
    arrive("a.jpg", 2);
    job = count_pages(take_one(), 3);
    ck_assert_int_eq(job->failure.class, CLASS_CONFLICT);
    ck_assert_ptr_nonnull(strstr(job->failure.text, "a-2.png belongs to f0/a-2.jpg"));
    ck_assert_int_eq(job->state, JOB_OPENING); /* the loop counts its jobs by that */
    finish(job, JOB_FAILED);
    ck_assert_int_eq(number("SELECT count(*) FROM output"), 2);
    teardown();
}
END_TEST

static const struct {
    enum existing existing;
    const char *page; /* the second; NULL: it is not made */
    bool skipped;
} policies[] = {
    { EXISTING_NUMBER, "a-2-1.png", false },
    { EXISTING_OVERWRITE, "a-2.png", false },
    { EXISTING_SKIP, NULL, true },
};

START_TEST(existing_says_what_becomes_of_one_page)
{
    struct job *job;

    setup_recipe(PAGED);
    hot.conf[0].existing = (int)policies[_i].existing;
    arrive("a-2.jpg", 1);
    finish(take_one(), JOB_DONE);
    arrive("a.jpg", 2);
    job = count_pages(take_one(), 3);
    ck_assert_int_eq(job->failure.class, CLASS_NONE);
    ck_assert(job->skipped == policies[_i].skipped);
    if (policies[_i].page)
        expect_output(job, 0, 2, policies[_i].page);
    else
        ck_assert_ptr_null(job_find_output(job, 0, 2));
    expect_output(job, 0, 1, "a-1.png");
    expect_output(job, 0, 3, "a-3.png");
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_version_with_fewer_pages_leaves_the_others_to_be_removed)
{
    struct job *job;

    setup_recipe(PAGED);
    arrive("a.jpg", 1);
    finish(count_pages(take_one(), 3), JOB_DONE);
    arrive("a.jpg", 2);
    job = count_pages(take_one(), 2);
    ck_assert_uint_eq(count_planned(job), 3);
    ck_assert_uint_eq(job->output_count, 4 + 1); /* a.png, which had been reserved before they were counted */
    for (size_t i = 0; i < job->output_count; i++)
        if (strcmp(job->outputs[i].path, "a-3.png") == 0) {
            ck_assert_uint_eq(job->outputs[i].rendition, RENDITION_NONE);
            ck_assert_uint_ne(job->outputs[i].before.inode, 0);
        }
    finish(job, JOB_DONE);
    ck_assert_int_eq(number("SELECT count(*) FROM output"), 3);

    /* Its name is to be had by another now. */
    arrive("a-3.jpg", 3);
    job = take_one();
    ck_assert_int_eq(job->state, JOB_OPENING);
    expect_output(job, 0, 1, "a-3.png");
    job_free(job);
    teardown();
}
END_TEST

START_TEST(an_announced_document_is_resumed_with_every_page)
{
    struct job *job;

    setup_recipe(PAGED);
    arrive("a.jpg", 1);
    job = count_pages(take_one(), 3);
    for (size_t i = 0; i < job->output_count; i++)
        job->outputs[i].made = job->outputs[i].rendition != RENDITION_NONE;
    intend(job);
    job_free(job);
    reopen();
    ck_assert_int_eq(resume(), 1);
    job = pop();
    ck_assert_int_eq(job->resume, RESUME_PUBLISH);
    ck_assert_uint_eq(job->output_count, 4);
    expect_output(job, 0, 1, "a-1.png");
    expect_output(job, 0, 2, "a-2.png");
    expect_output(job, 0, 3, "a-3.png");
    expect_output(job, 1, 1, "a.thumb.png");
    job_free(job);
    teardown();
}
END_TEST

/* The recipe's check knows of nine pages. */
START_TEST(pages_that_meet_another_output_fail_or_get_a_number)
{
    static const char recipe[] = "[Output a]\nName={stem}-{page}.{ext}\nFormat=png\n"
                                 "[Output b]\nName={stem}-12.{ext}\nFormat=png\n";
    struct job *job;

    setup_recipe(recipe);
    arrive("a.jpg", 1);
    job = count_pages(take_one(), 12);
    ck_assert_int_eq(job->failure.class, CLASS_PERMANENT);
    ck_assert_ptr_nonnull(strstr(job->failure.text, "would both be called a-12.png"));

    hot.conf[0].existing = EXISTING_NUMBER;
    count_pages(job, 12);
    ck_assert_int_eq(job->failure.class, CLASS_NONE);
    ck_assert_uint_eq(count_planned(job), 13);
    expect_output(job, 1, 1, "a-12.png");
    expect_output(job, 0, 12, "a-12-1.png");
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_plan_lists_every_page_and_leaves_no_trace)
{
    struct job *job;

    setup_recipe(PAGED);
    job = job_new(UINT64_C(1) << 63, hot.config, 0, &hot.conf[0]);
    job->path = strdup("a.jpg");
    job->plan = calloc(1, sizeof *job->plan);
    for (uint32_t pages = 0; pages <= 3; pages += 3) {
        job->pages = pages;
        begin();
        ck_assert_int_eq(ledger_store_plan(store, job), 0);
        commit();
        ck_assert_uint_eq(job->output_count, pages + 1 + (pages == 0));
        ck_assert_uint_eq(job->plan->name_count, job->output_count);
    }
    expect_output(job, 0, 3, "a-3.png");
    ck_assert_int_eq(number("SELECT count(*) FROM output"), 0);
    job_free(job);
    teardown();
}
END_TEST

UNIT_MAIN("ledger_pages", UNIT_TEST(counted_pages_get_names_and_what_they_do_not_need_is_given_back),
          UNIT_TEST(a_clash_on_one_page_is_a_conflict_of_all),
          UNIT_ROWS(existing_says_what_becomes_of_one_page, policies),
          UNIT_TEST(a_version_with_fewer_pages_leaves_the_others_to_be_removed),
          UNIT_TEST(an_announced_document_is_resumed_with_every_page),
          UNIT_TEST(pages_that_meet_another_output_fail_or_get_a_number),
          UNIT_TEST(a_plan_lists_every_page_and_leaves_no_trace))
