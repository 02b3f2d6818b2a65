/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who has the name of an output: plans, clashes of two sources, names that are taken over or given back. */
#include "base/text.h"
#include "ledger_fixture.h"
#include "supervisor/plan.h"
#include "unit_main.h"

/* ---- plans ---- */

static struct job *plan(const char *path)
{
    struct job *job = job_new(UINT64_C(1) << 63, hot.config, 0, &hot.conf[0]);

    ck_assert_ptr_nonnull(job);
    job->path = strdup(path);
    job->plan = calloc(1, sizeof *job->plan);
    begin();
    ck_assert_int_eq(ledger_store_plan(store, job), 0);
    commit();
    return job;
}

static int64_t count_rows(void)
{
    return number("SELECT (SELECT count(*) FROM source) + (SELECT count(*) FROM job) +"
                  " (SELECT count(*) FROM output)");
}

START_TEST(a_plan_has_all_names_and_leaves_no_trace)
{
    struct job *job;

    setup();
    job = plan("sub/a.jpg");
    ck_assert_uint_eq(job->output_count, 2);
    ck_assert_str_eq(job->outputs[0].path, "sub/a.10.png");
    ck_assert_str_eq(job->outputs[1].path, "sub/a.20.png");
    ck_assert_uint_eq(job->plan->name_count, 2);
    ck_assert_int_eq(job->plan->names[0].owner, PLAN_FREE);
    begin();
    ck_assert_int_eq(ledger_store_plan(store, job), 0); /* as after a commit that failed */
    commit();
    ck_assert_uint_eq(job->output_count, 2);
    ck_assert_int_eq(count_rows(), 0);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_plan_knows_what_its_own_source_made_and_what_others_have)
{
    struct job *job;
    int64_t rows;

    setup_recipe(HOT_RECIPE_SINGLE);
    arrive("a.jpg", 1);
    job = take_one(); /* reserved is taken */
    job_free(plan("a.jpg"));
    finish(job, JOB_DONE);
    rows = count_rows();

    job = plan("a.jpg");
    ck_assert_int_eq(job->plan->names[0].owner, PLAN_FREE); /* the disk decides whether it is ours */
    ck_assert_uint_ne(job->outputs[0].before.inode, 0);
    ck_assert_int_eq(ledger_store_may_have(store, job, "a.png"), 1);
    job_free(job);

    job = plan("a.gif");
    ck_assert_int_eq(job->plan->conflict.class, CLASS_CONFLICT);
    ck_assert_int_eq(job->failure.class, CLASS_NONE);
    ck_assert_uint_eq(job->output_count, 1);
    ck_assert_int_eq(job->plan->names[0].owner, PLAN_SOURCE);
    ck_assert_str_eq(job->plan->names[0].folder, "f0");
    ck_assert_str_eq(job->plan->names[0].path, "a.jpg");
    ck_assert_int_eq(ledger_store_may_have(store, job, "a.png"), 0);
    ck_assert_int_eq(ledger_store_may_have(store, job, "b.png"), 1);
    job_free(job);
    ck_assert_int_eq(count_rows(), rows);
    teardown();
}
END_TEST

START_TEST(a_plan_has_the_number_that_its_job_would_get)
{
    struct job *job;

    setup_recipe(HOT_RECIPE_SINGLE);
    hot.conf[0].existing = EXISTING_NUMBER;
    arrive("a.jpg", 1);
    finish(take_one(), JOB_DONE);
    for (int i = 0; i < 2; i++) {
        job = plan("a.gif");
        ck_assert_int_eq(job->plan->conflict.class, CLASS_NONE);
        ck_assert_str_eq(job->outputs[0].path, "a-1.png");
        ck_assert_uint_eq(job->outputs[0].number, 1);
        job_free(job);
    }
    arrive("a.gif", 2);
    job = take_one();
    ck_assert_str_eq(job->outputs[0].path, "a-1.png");
    job_free(job);
    teardown();
}
END_TEST

/* ---- names ---- */

START_TEST(two_sources_of_one_output_are_a_conflict)
{
    struct job *a, *b;

    setup_recipe(HOT_RECIPE_SINGLE);
    arrive("a.jpg", 1);
    arrive("a.png", 2);
    ck_assert_int_eq(take(10), 2);
    a = pop();
    b = pop();
    ck_assert_int_eq(a->state, JOB_OPENING);
    ck_assert_int_eq(b->state, JOB_FAILED);
    ck_assert_int_eq(b->failure.class, CLASS_CONFLICT);
    ck_assert_msg(strstr(b->failure.text, "a.png belongs to ") && strstr(b->failure.text, "a.jpg"), "%s",
                  b->failure.text);
    ck_assert_uint_eq(ledger_store_count(store, JOB_FAILED), 1);
    ck_assert_int_eq(number("SELECT state FROM job WHERE id = 2"), JOB_FAILED); /* recorded already */
    job_free(b);
    finish(a, JOB_DONE);
    ck_assert_int_eq(arrive("a.png", 2), 0);
    teardown();
}
END_TEST

static const struct {
    const char *recipe, *first, *second;
    size_t slot; /* of the second */
    const char *wanted;
} advice[] = {
    { HOT_RECIPE_SINGLE, "s/a.jpg", "s/a.png", 0,
      "belongs to f0/s/a.jpg already; rename or remove one of "
      "them, or let Name= use {name}, and retry the job" },
    { "[Output a]\nName={stem}\nFormat=png\n", "s/a.jpg", "t/a.jpg", 0,
      "belongs to f0/s/a.jpg already; rename or remove one of them, or let Name= use {dir}, and" },
    { HOT_RECIPE_SINGLE, "a.jpg", "a.jpg", 1,
      "belongs to f0/a.jpg already; rename or remove one of them, or give one of the folders another "
      "Output=, "
      "and" },
};

START_TEST(what_is_advised_keeps_the_names_apart)
{
    struct job *first, *second;

    setup_recipe(advice[_i].recipe);
    free(hot.conf[1].output);
    hot.conf[1].output = strdup(hot.conf[0].output);
    arrive(advice[_i].first, 1);
    take(1);
    first = pop();
    arrive_in(advice[_i].slot, advice[_i].second, 2);
    ck_assert_int_eq(take_from(advice[_i].slot, false, 1, NOW), 1);
    second = pop();
    ck_assert_int_eq(second->failure.class, CLASS_CONFLICT);
    ck_assert_msg(strstr(second->failure.text, advice[_i].wanted), "%s", second->failure.text);
    job_free(first);
    job_free(second);
    teardown();
}
END_TEST

static const enum job_state givers[] = { JOB_FAILED, JOB_SUPERSEDED, JOB_VANISHED, JOB_CANCELLED };

START_TEST(a_job_that_made_nothing_gives_its_names_back)
{
    setup_recipe(HOT_RECIPE_SINGLE);
    arrive("a.jpg", 1);
    finish(take_one(), givers[_i]);
    ck_assert_int_eq(number("SELECT count(*) FROM output"), 0);
    arrive("a.png", 2);
    finish(take_one(), JOB_DONE);
    ck_assert_uint_eq(ledger_store_count(store, JOB_DONE), 1);
    teardown();
}
END_TEST

START_TEST(the_names_of_a_finished_job_stay_taken)
{
    struct job *job;

    setup_recipe(HOT_RECIPE_SINGLE);
    arrive("a.jpg", 1);
    finish(take_one(), JOB_DONE);
    reopen();
    arrive("a.png", 2);
    job = take_one();
    ck_assert_int_eq(job->failure.class, CLASS_CONFLICT);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_conflict_gives_back_what_was_reserved_before_it)
{
    struct job *job;

    setup(); /* a.10.jpg makes a.10.10.png and a.10.20.png; a.jpg made a.10.png, a.20.png */
    arrive("x/a.jpg", 1);
    finish(take_one(), JOB_DONE);
    begin();
    ck_assert_int_eq(
        sql_run(store, "UPDATE output SET path = CAST(replace(CAST(path AS TEXT), 'a.10.png', 'a.1.png')"
                       " AS BLOB)"),
        0);
    commit();
    arrive("x/a.png", 2); /* its first name is free now, its second is not */
    job = take_one();
    ck_assert_int_eq(job->state, JOB_FAILED);
    ck_assert_int_eq(number("SELECT count(*) FROM output WHERE job = 2"), 0);
    job_free(job);
    teardown();
}
END_TEST

/* Two sources of a.png, both taken from the queue. */
static void take_two(struct job **ret_first, struct job **ret_second)
{
    setup_recipe(HOT_RECIPE_SINGLE);
    hot.conf[0].existing = EXISTING_OVERWRITE;
    arrive("a.jpg", 1);
    arrive("a.tif", 2);
    ck_assert_int_eq(take(10), 2);
    *ret_first = pop();
    *ret_second = pop();
    (*ret_first)->outputs[0].made = (*ret_second)->outputs[0].made = true;
}

/* A name was seized when that was planned: if nothing came of it, nobody knew what the first one had made. */
START_TEST(overwriting_takes_the_name_when_it_is_announced)
{
    struct job *job;

    setup_recipe(HOT_RECIPE_SINGLE);
    hot.conf[0].existing = EXISTING_OVERWRITE;
    arrive("a.jpg", 1);
    finish(take_one(), JOB_DONE);
    arrive("a.png", 2);
    job = take_one();
    ck_assert_int_eq(job->state, JOB_OPENING);
    ck_assert(job->outputs[0].stranger);
    finish(job, JOB_FAILED);
    ck_assert_int_eq(number("SELECT inode FROM output WHERE job = 1"), 100);

    arrive("a.png", 3);
    job = take_one();
    job->outputs[0].made = true;
    intend(job);
    ck_assert_int_eq(number("SELECT inode FROM output WHERE job = 3"), 0);
    finish(job, JOB_DONE);
    ck_assert_int_eq(number("SELECT count(*) FROM output"), 1);
    ck_assert_int_eq(number("SELECT inode FROM output WHERE job = 3"), 300);
    teardown();
}
END_TEST

/* After a restart it looked like what the job's own source had made before; where a picture was too small for that
 * output, the other's was removed. */
START_TEST(what_lies_under_a_name_that_was_taken_over_is_another_sources_at_the_next_attempt_too)
{
    struct job *first, *second;

    take_two(&first, &second);
    finish(first, JOB_DONE);
    intend(second);
    release(second);
    second = take_one();
    ck_assert_uint_eq(second->outputs[0].before.inode, 0);
    ck_assert(second->outputs[0].stranger);
    finish_as(second, JOB_DONE, false, false);
    job_free(second);
    arrive("a.tif", 3);
    second = take_one();
    ck_assert_uint_ne(second->outputs[0].before.inode, 0);
    ck_assert(!second->outputs[0].stranger);
    job_free(second);
    teardown();
}
END_TEST

/* Its row kept the source of the one before, and went when that ended. */
START_TEST(a_name_is_of_the_source_that_announces_it_last)
{
    struct job *first, *second;

    take_two(&first, &second);
    intend(second);
    intend(first);
    finish(second, JOB_DONE);
    ck_assert_int_eq(number("SELECT inode FROM output"), 0);
    finish(first, JOB_DONE);
    ck_assert_int_eq(number("SELECT source FROM output"), 1);
    ck_assert_int_eq(number("SELECT job FROM output"), 1);
    ck_assert_int_eq(number("SELECT inode FROM output"), 100);
    teardown();
}
END_TEST

/* Nobody says any more what is to become of originals of a folder that is not configured. When it was, and they were to
 * be deleted, one went for a picture that another source had replaced. */
START_TEST(an_original_that_waits_is_spared_when_another_source_takes_its_output_over)
{
    struct job *job;

    setup_recipe(HOT_RECIPE_SINGLE);
    arrive("a.jpg", 1);
    job = take_one();
    finish_as(job, JOB_DONE, true, false);
    job_free(job);
    begin();
    ck_assert_int_eq(sql_run(store, "UPDATE source SET folder = 'away'; UPDATE job SET folder = 'away'"), 0);
    commit();
    arrive("a.tif", 2);
    job = take_one();
    ck_assert(job->outputs[0].inherited && !job->outputs[0].stranger);
    begin();
    ck_assert_int_eq(ledger_store_move_output(store, job, &job->outputs[0], "a.png"), 1);
    commit();
    ck_assert_int_eq(number("SELECT original_pending FROM job WHERE folder = 'away'"),
                     ORIGINAL_PENDING_SPARED);
    job_free(job);
    teardown();
}
END_TEST

/* Two sources of one output with each Existing=, and what the second one is to make. */
static const struct {
    enum existing existing;
    enum job_state state;
    const char *makes; /* NULL: nothing */
} clashes[] = {
    { EXISTING_FAIL, JOB_FAILED, NULL },         { EXISTING_ADOPT, JOB_FAILED, NULL },
    { EXISTING_SKIP, JOB_OPENING, NULL },        { EXISTING_OVERWRITE, JOB_OPENING, "a.png" },
    { EXISTING_NUMBER, JOB_OPENING, "a-1.png" },
};

START_TEST(existing_says_what_becomes_of_a_clash_of_two_sources)
{
    struct job *first, *second;

    setup_recipe(HOT_RECIPE_SINGLE);
    hot.conf[0].existing = clashes[_i].existing;
    arrive("a.jpg", 1);
    arrive("a.tif", 2);
    ck_assert_int_eq(take(10), 2);
    first = pop();
    second = pop();
    ck_assert_str_eq(first->outputs[0].path, "a.png");
    ck_assert_int_eq(second->state, clashes[_i].state);
    ck_assert_uint_eq(second->output_count, clashes[_i].makes != NULL);
    if (clashes[_i].makes)
        ck_assert_str_eq(second->outputs[0].path, clashes[_i].makes);
    job_free(first);
    job_free(second);
    teardown();
}
END_TEST

START_TEST(a_numbered_output_keeps_its_number_while_the_name_is_taken)
{
    struct job *job;

    setup_recipe(HOT_RECIPE_SINGLE);
    hot.conf[0].existing = EXISTING_NUMBER;
    arrive("a.jpg", 1);
    finish(take_one(), JOB_DONE);
    arrive("a.tif", 2);
    finish(take_one(), JOB_DONE);
    arrive("a.gif", 3);
    job = take_one();
    ck_assert_str_eq(job->outputs[0].path, "a-2.png");
    finish(job, JOB_DONE);
    arrive("a.tif", 4);
    job = take_one();
    ck_assert_uint_eq(job->output_count, 1);
    ck_assert_str_eq(job->outputs[0].path, "a-1.png");
    ck_assert_uint_ne(job->outputs[0].before.inode, 0);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(an_output_moved_to_another_name_gives_the_first_one_back)
{
    struct job *job;

    setup_recipe(HOT_RECIPE_SINGLE);
    arrive("a.jpg", 1);
    job = take_one();
    begin();
    ck_assert_int_eq(ledger_store_move_output(store, job, &job->outputs[0], "a-1.png"), 1);
    commit();
    ck_assert_int_eq(number("SELECT count(*) FROM output WHERE CAST(path AS TEXT) LIKE '%/a.png'"), 0);
    ck_assert_int_eq(number("SELECT count(*) FROM output WHERE CAST(path AS TEXT) LIKE '%/a-1.png'"), 1);

    /* Not to one that is another source's. */
    arrive("a.tif", 2);
    {
        struct job *other = take_one();

        begin();
        ck_assert_int_eq(ledger_store_move_output(store, other, &other->outputs[0], "a-1.png"), 0);
        commit();
        ck_assert_int_eq(number("SELECT count(*) FROM output"), 2);
        job_free(other);
    }
    job_free(job);
    teardown();
}
END_TEST

/* An output that was taken over by another source went with its first owner's next version. */
START_TEST(an_output_taken_over_by_another_source_is_not_dropped_by_its_first_owner)
{
    struct job *first, *second;

    take_two(&first, &second);
    intend(second);
    finish(second, JOB_DONE);
    first->outputs[0].made = false; /* it was not wanted */
    first->state = JOB_DONE;
    begin();
    ck_assert_int_ge(ledger_store_finish(store, first, false, NOW), 0);
    commit();
    ck_assert_int_eq(number("SELECT count(*) FROM output WHERE inode <> 0"), 1);
    job_free(first);
    teardown();
}
END_TEST

START_TEST(only_files_of_the_first_walk_of_a_folder_may_adopt)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    job = take_one();
    ck_assert(job->adopt);
    finish(job, JOB_DONE);
    arrive("a.jpg", 2); /* known, and changed since */
    job = take_one();
    ck_assert(!job->adopt);
    finish(job, JOB_DONE);

    begin();
    ck_assert_int_eq(ledger_store_scanned(store, "f0"), 0);
    ck_assert_int_eq(ledger_store_scanned(store, "f0"), 0);
    commit();
    reopen();
    arrive("b.jpg", 3);
    job = take_one();
    ck_assert(!job->adopt);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_file_that_came_during_the_first_walk_may_not_adopt)
{
    struct version v = version(1);
    struct job *job;

    setup();
    begin();
    ck_assert_int_eq(ledger_store_arrival(store, "f0", "a.jpg", &v, false, NOW, NULL), 1);
    commit();
    job = take_one();
    ck_assert(!job->adopt);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_new_version_may_have_its_own_names_again)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    finish(take_one(), JOB_DONE);
    arrive("a.jpg", 2);
    job = take_one();
    ck_assert_int_eq(job->state, JOB_OPENING);
    ck_assert_uint_eq(job->output_count, 2);
    ck_assert_uint_eq(job->outputs[0].before.inode, 100);
    ck_assert_uint_eq(job->outputs[1].before.inode, 101);
    ck_assert_int_eq(job->outputs[0].before.size, 7);
    ck_assert_int_eq(job->outputs[0].before.mtime_ns, 8);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(what_a_new_version_makes_no_more_is_known_and_then_forgotten)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    finish(take_one(), JOB_DONE);
    begin();
    ck_assert_int_eq(
        sql_run(store, "UPDATE output SET path = CAST(replace(CAST(path AS TEXT), '.20.', '.30.') AS BLOB)"),
        0);
    commit();
    arrive("a.jpg", 2);
    job = take_one();
    ck_assert_uint_eq(job->output_count, 3);
    ck_assert_str_eq(job->outputs[1].path, "a.30.png");
    ck_assert_uint_eq(job->outputs[1].rendition, RENDITION_NONE);
    ck_assert_uint_eq(job->outputs[1].before.inode, 101);
    finish(job, JOB_DONE);
    ck_assert_int_eq(number("SELECT count(*) FROM output"), 2);
    ck_assert_int_eq(number("SELECT count(*) FROM output WHERE CAST(path AS TEXT) LIKE '%.30.png'"), 0);
    teardown();
}
END_TEST

START_TEST(outputs_below_another_output_directory_are_left_alone)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    finish(take_one(), JOB_DONE);
    free(hot.conf[0].output);
    hot.conf[0].output = strdup(hot.out[1]); /* Output= was changed */
    arrive("a.jpg", 2);
    job = take_one();
    ck_assert_uint_eq(job->output_count, 2);
    ck_assert_uint_eq(job->outputs[0].before.inode, 0);
    finish(job, JOB_DONE);
    ck_assert_int_eq(number("SELECT count(*) FROM output"), 4);
    teardown();
}
END_TEST

START_TEST(a_skipped_output_gives_its_name_back)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    job = take_one();
    finish_as(job, JOB_CANCELLED, false, false); /* makes nothing */
    job_free(job);
    arrive("a.jpg", 2);
    job = take_one();
    job->state = JOB_DONE;
    job->outputs[0].made = true;
    job->outputs[0].after.inode = 5;
    begin();
    ck_assert_int_eq(ledger_store_finish(store, job, false, NOW), 0);
    commit();
    ck_assert_int_eq(number("SELECT count(*) FROM output"), 1);
    job_free(job);
    teardown();
}
END_TEST

/* The text goes into JSON, and names may be cut anywhere. */
START_TEST(the_message_of_a_clash_is_utf8_whatever_the_names_are)
{
    struct job *job;
    char name[260];

    setup_recipe(HOT_RECIPE_SINGLE);
    memset(name, 'x', (size_t)_i);
    name[_i] = '\0';
    for (size_t i = strlen(name); i < 240; i += 3)
        snprintf(name + i, sizeof name - i, "\u20ac");
    snprintf(name + strlen(name), sizeof name - strlen(name), ".jpg");
    arrive(name, 1);
    memcpy(name + strlen(name) - 3, "png", 3);
    arrive(name, 2);
    ck_assert_int_eq(take(10), 2);
    job_free(pop());
    job = pop();
    ck_assert_int_eq(job->failure.class, CLASS_CONFLICT);
    ck_assert_msg(text_is_utf8(job->failure.text, strlen(job->failure.text)), "%s", job->failure.text);
    job_free(job);
    teardown();
}
END_TEST

static const int offsets[] = { 0, 1, 2 };

UNIT_MAIN("ledger_names", UNIT_TEST(a_plan_has_all_names_and_leaves_no_trace),
          UNIT_TEST(a_plan_knows_what_its_own_source_made_and_what_others_have),
          UNIT_TEST(a_plan_has_the_number_that_its_job_would_get),
          UNIT_TEST(two_sources_of_one_output_are_a_conflict),
          UNIT_ROWS(what_is_advised_keeps_the_names_apart, advice),
          UNIT_ROWS(a_job_that_made_nothing_gives_its_names_back, givers),
          UNIT_TEST(the_names_of_a_finished_job_stay_taken),
          UNIT_TEST(a_conflict_gives_back_what_was_reserved_before_it),
          UNIT_TEST(overwriting_takes_the_name_when_it_is_announced),
          UNIT_TEST(what_lies_under_a_name_that_was_taken_over_is_another_sources_at_the_next_attempt_too),
          UNIT_TEST(a_name_is_of_the_source_that_announces_it_last),
          UNIT_TEST(an_original_that_waits_is_spared_when_another_source_takes_its_output_over),
          UNIT_ROWS(existing_says_what_becomes_of_a_clash_of_two_sources, clashes),
          UNIT_TEST(a_numbered_output_keeps_its_number_while_the_name_is_taken),
          UNIT_TEST(an_output_moved_to_another_name_gives_the_first_one_back),
          UNIT_TEST(an_output_taken_over_by_another_source_is_not_dropped_by_its_first_owner),
          UNIT_TEST(only_files_of_the_first_walk_of_a_folder_may_adopt),
          UNIT_TEST(a_file_that_came_during_the_first_walk_may_not_adopt),
          UNIT_TEST(a_new_version_may_have_its_own_names_again),
          UNIT_TEST(what_a_new_version_makes_no_more_is_known_and_then_forgotten),
          UNIT_TEST(outputs_below_another_output_directory_are_left_alone),
          UNIT_TEST(a_skipped_output_gives_its_name_back),
          UNIT_ROWS(the_message_of_a_clash_is_utf8_whatever_the_names_are, offsets))
