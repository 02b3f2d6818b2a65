/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an arrival is to the ledger: a new file, a version, or nothing new. */
#include "ledger_fixture.h"
#include "unit_main.h"

/* ---- arrivals ---- */

START_TEST(any_number_of_arrivals_of_one_version_make_one_job)
{
    setup();
    ck_assert_int_eq(arrive("a.jpg", 1), 1);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(arrive("a.jpg", 1), 0);
    ck_assert_uint_eq(queued(false), 1);

    TAILQ_INIT(&jobs);
    ck_assert_int_eq(take(10), 1);
    ck_assert_int_eq(arrive("a.jpg", 1), 0); /* in flight */
    ck_assert_int_eq(finish(pop(), JOB_DONE), 0);
    ck_assert_int_eq(arrive("a.jpg", 1), 0); /* done */
    reopen();
    ck_assert_int_eq(arrive("a.jpg", 1), 0); /* after a restart */
    ck_assert_uint_eq(queued(false), 0);
    teardown();
}
END_TEST

START_TEST(folders_and_paths_are_told_apart)
{
    setup();
    ck_assert_int_eq(arrive_in(0, "a.jpg", 1), 1);
    ck_assert_int_eq(arrive_in(1, "a.jpg", 1), 1);
    ck_assert_int_eq(arrive_in(0, "A.jpg", 1), 1);
    ck_assert_int_eq(arrive_in(0, "a.jpg\n", 1), 1);
    ck_assert_int_eq(arrive_in(0, "\xff\xfe.jpg", 1), 1);
    ck_assert_int_eq(arrive_in(0, "\xff\xfd.jpg", 1), 1);
    ck_assert_int_eq(take(10), 5);
    teardown();
}
END_TEST

START_TEST(a_new_version_of_a_queued_file_takes_the_old_ones_place)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    ck_assert_int_eq(arrive("a.jpg", 2), 0);
    ck_assert_uint_eq(queued(false), 1);
    job = take_one();
    ck_assert_uint_eq(job->version.inode, 2);
    ck_assert_int_eq(finish(job, JOB_DONE), 0);
    ck_assert_int_eq(take(10), 0);
    teardown();
}
END_TEST

START_TEST(a_new_version_begins_with_no_attempts_and_at_once)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    job = take_one();
    job->attempts = 2;
    job->delay_us = 60 * USEC_PER_SEC;
    release(job);
    ck_assert_int_eq(take(10), 0);
    arrive("a.jpg", 2);
    job = take_one();
    ck_assert_uint_eq(job->attempts, 0);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_new_version_of_a_file_in_flight_gets_its_job_when_that_ends)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    job = take_one();
    ck_assert_int_eq(arrive("a.jpg", 2), 0);
    ck_assert_int_eq(arrive("a.jpg", 3), 0);
    ck_assert_int_eq(take(10), 0);
    ck_assert_int_eq(finish(job, JOB_SUPERSEDED), 1);
    job = take_one();
    ck_assert_uint_eq(job->version.inode, 3);
    ck_assert_int_eq(finish(job, JOB_DONE), 0);
    ck_assert_int_eq(arrive("a.jpg", 3), 0);
    teardown();
}
END_TEST

START_TEST(a_new_version_of_a_finished_file_is_a_new_job)
{
    setup();
    arrive("a.jpg", 1);
    finish(take_one(), JOB_DONE);
    ck_assert_int_eq(arrive("a.jpg", 2), 1);
    finish(take_one(), JOB_FAILED);
    ck_assert_int_eq(arrive("a.jpg", 2), 0); /* failed stays failed until it changes */
    ck_assert_int_eq(arrive("a.jpg", 3), 1);
    teardown();
}
END_TEST

START_TEST(a_remount_makes_no_new_version)
{
    struct version v = version(1);

    setup();
    arrive("a.jpg", 1);
    finish(take_one(), JOB_DONE);
    v.device = 77;
    begin();
    ck_assert_int_eq(ledger_store_arrival(store, "f0", "a.jpg", &v, true, NOW, NULL), 0);
    commit();
    teardown();
}
END_TEST

static int arrive_as(const struct version *v)
{
    int r;

    begin();
    r = ledger_store_arrival(store, "f0", "a.jpg", v, true, NOW, NULL);
    commit();
    return r;
}

static int end_unchanged(struct job *job)
{
    int r;

    begin();
    r = ledger_store_unchanged(store, job, NOW);
    commit();
    job_free(job);
    return r;
}

/* A job that ended as @state and whose worker had read "a.jpg" with this hash. */
static void end_with_hash(enum job_state state, uint64_t hash)
{
    struct job *job = take_one();

    job->source_hash = hash;
    finish(job, state);
}

static const enum job_state known_ends[] = { JOB_DONE, JOB_FAILED };

START_TEST(a_file_of_which_only_ctime_and_inode_changed_is_verified_and_leaves_no_trace)
{
    struct version v = version(1);
    struct job *job;

    setup();
    arrive_as(&v);
    end_with_hash(known_ends[_i], 99);
    v.ctime_ns++;
    v.inode++;
    ck_assert_int_eq(arrive_as(&v), 1);
    job = take_one();
    ck_assert_uint_eq(job->known_hash, 99);
    ck_assert_int_eq(end_unchanged(job), 0);

    ck_assert_int_eq(number("SELECT count(*) FROM job"), 1);
    ck_assert_int_eq(number("SELECT job FROM source"), number("SELECT id FROM job"));
    ck_assert_int_eq(number("SELECT count(*) FROM output WHERE job NOT IN (SELECT id FROM job)"), 0);
    ck_assert_int_eq(number("SELECT count(*) FROM output"), known_ends[_i] == JOB_DONE ? 2 : 0);
    ck_assert_uint_eq(ledger_store_count(store, known_ends[_i]), 1);
    ck_assert_int_eq(arrive_as(&v), 0); /* it is the known version now */
    teardown();
}
END_TEST

/* The recipe is an attribute of what was made: what asks for another one is "again", and no chmod. */
START_TEST(a_new_recipe_does_not_make_known_content_unknown)
{
    struct version v = version(1);
    struct job *job;

    setup();
    arrive_as(&v);
    end_with_hash(known_ends[_i], 99);
    hot.config->recipes[0]->hash++;
    ck_assert_int_eq(arrive_as(&v), 0);
    v.ctime_ns++;
    ck_assert_int_eq(arrive_as(&v), 1);
    job = take_one();
    ck_assert_uint_eq(job->known_hash, 99);
    ck_assert_int_eq(end_unchanged(job), 0);
    ck_assert_int_eq(number("SELECT recipe_hash FROM source"), (int64_t)hot.config->recipes[0]->hash - 1);
    teardown();
}
END_TEST

/* Nothing was ever published of these: that their content is known does not mean that it is done with. */
START_TEST(the_content_of_a_version_without_outcome_is_not_known)
{
    struct version v = version(1);

    setup();
    arrive_as(&v);
    end_with_hash(JOB_SUPERSEDED, 99);
    v.ctime_ns++;
    ck_assert_int_eq(arrive_as(&v), 1);
    end_with_hash(JOB_DONE, 0); /* adopted: nobody has read it */
    v.ctime_ns++;
    ck_assert_int_eq(arrive_as(&v), 1);
    ck_assert_uint_eq(TAILQ_FIRST(&jobs) == NULL, 1);
    end_with_hash(JOB_DONE, 99);
    v.mtime_ns++;
    ck_assert_int_eq(arrive_as(&v), 1);
    {
        struct job *job = take_one();

        ck_assert_uint_eq(job->known_hash, 0);
        job_free(job);
    }
    teardown();
}
END_TEST

START_TEST(new_content_that_comes_while_a_file_waits_to_be_verified_is_worked_on)
{
    struct version v = version(1);
    struct job *job;

    setup();
    arrive_as(&v);
    end_with_hash(JOB_DONE, 99);
    v.ctime_ns++;
    ck_assert_int_eq(arrive_as(&v), 1);
    v.size++;
    ck_assert_int_eq(arrive_as(&v), 0);
    v.ctime_ns++; /* and then once more only this */
    ck_assert_int_eq(arrive_as(&v), 0);
    job = take_one();
    ck_assert_uint_eq(job->known_hash, 0);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_version_that_comes_while_a_file_is_verified_follows)
{
    struct version v = version(1);
    struct job *job;

    setup();
    arrive_as(&v);
    end_with_hash(JOB_DONE, 99);
    v.ctime_ns++;
    arrive_as(&v);
    job = take_one();
    v.size++;
    ck_assert_int_eq(arrive_as(&v), 0);
    ck_assert_int_eq(end_unchanged(job), 1);
    job = take_one();
    ck_assert_int_eq(job->version.size, v.size);
    ck_assert_uint_eq(job->known_hash, 0);
    finish(job, JOB_DONE);
    ck_assert_int_eq(number("SELECT count(*) FROM job"), 2);
    teardown();
}
END_TEST

/* A second chmod while the first one is looked into made everything again. */
START_TEST(a_file_that_changes_its_ctime_while_it_is_verified_is_verified_again)
{
    struct version v = version(1);
    struct job *job;

    setup();
    arrive_as(&v);
    end_with_hash(JOB_DONE, 99);
    v.ctime_ns++;
    arrive_as(&v);
    job = take_one();
    v.ctime_ns++;
    arrive_as(&v);
    job->state = JOB_QUEUED;
    ck_assert_int_eq(end_unchanged(job), 1);
    job = take_one();
    ck_assert_uint_eq(job->known_hash, 99);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_version_that_was_superseded_does_not_make_known_content_unknown)
{
    struct version v = version(1);
    struct job *job;

    setup();
    arrive_as(&v);
    end_with_hash(JOB_DONE, 99);
    v.ctime_ns++;
    arrive_as(&v);
    end_with_hash(JOB_SUPERSEDED, 0);
    v.ctime_ns++;
    arrive_as(&v);
    job = take_one();
    ck_assert_uint_eq(job->known_hash, 99);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_clash_of_names_does_not_fail_a_file_that_may_be_unchanged)
{
    struct version v = version(1);
    struct job *job;

    setup_recipe(HOT_RECIPE_SINGLE);
    hot.conf[0].existing = EXISTING_SKIP; /* b.png is a.tif's, a.jpg makes nothing */
    arrive_in(0, "a.tif", 7);
    finish(take_one(), JOB_DONE);
    arrive_as(&v);
    end_with_hash(JOB_DONE, 99);
    hot.conf[0].existing = EXISTING_FAIL;
    v.ctime_ns++;
    arrive_as(&v);
    job = take_one();
    ck_assert_int_eq(job->state, JOB_OPENING);
    ck_assert_ptr_nonnull(job->clash);
    ck_assert_int_eq(job->clash->class, CLASS_CONFLICT);
    ck_assert_int_eq(end_unchanged(job), 0);
    teardown();
}
END_TEST

/* The same file, put back by somebody who wants another try before the first one was quite over. */
START_TEST(a_file_put_back_while_its_original_is_pending_is_not_verified)
{
    struct version v = version(1);
    struct job *job;

    setup();
    arrive_as(&v);
    job = take_one();
    job->source_hash = 99;
    finish_as(job, JOB_FAILED, true, false);
    job_free(job);
    v.ctime_ns++;
    arrive_as(&v);
    job = take_one();
    ck_assert_uint_eq(job->known_hash, 0);
    job_free(job);
    teardown();
}
END_TEST

/* "a.jpg" was deleted, and its output; "a.tif" could never have the name. */
START_TEST(the_names_of_a_file_that_was_seen_to_go_may_be_inherited_until_it_comes_back)
{
    struct version v = version(1);
    struct job *job;

    setup_recipe(HOT_RECIPE_SINGLE);
    arrive_as(&v);
    end_with_hash(JOB_DONE, 99);
    begin();
    ck_assert_int_eq(ledger_store_gone(store, "f0", "a.jpg"), 0);
    ck_assert_int_eq(ledger_store_gone(store, "f0", "never seen"), 0);
    commit();
    arrive("a.tif", 2);
    job = take_one();
    ck_assert(job->outputs[0].inherited);
    ck_assert_str_eq(job->outputs[0].owner, "a.jpg");
    finish(job, JOB_FAILED);

    ck_assert_int_eq(arrive_as(&v), 0); /* as if nothing had been */
    arrive("a.gif", 3);
    job = take_one();
    ck_assert_int_eq(job->state, JOB_FAILED);
    job_free(job);
    teardown();
}
END_TEST

/* "a.jpg" was archived and its output taken away; "a.tif" could never have the name. */
START_TEST(the_names_of_a_source_that_is_gone_may_be_inherited)
{
    struct job *job;

    setup_recipe(HOT_RECIPE_SINGLE);
    arrive("a.jpg", 1);
    job = take_one();
    finish_as(job, JOB_DONE, true, false);
    arrive("a.tif", 2);
    {
        struct job *other = take_one();

        ck_assert_int_eq(other->state, JOB_FAILED); /* its original is still there */
        job_free(other);
    }
    job->folder = &hot.conf[0];
    hot.conf[0].originals = ORIGINALS_ARCHIVE;
    begin();
    ck_assert_int_eq(ledger_store_original_done(store, job, true), 0);
    commit();
    job_free(job);

    arrive("a.tif", 3);
    job = take_one();
    ck_assert_int_eq(job->state, JOB_OPENING);
    ck_assert(job->outputs[0].inherited && job->outputs[0].stranger);
    ck_assert_int_eq(ledger_store_may_have(store, job, "a.png"), 1); /* as a plan asks */
    begin();
    ck_assert_int_eq(ledger_store_move_output(store, job, &job->outputs[0], "a.png"), 1);
    commit();
    finish(job, JOB_DONE);
    arrive("a.gif", 4);
    job = take_one();
    ck_assert_int_eq(job->state, JOB_FAILED); /* it is a.tif's now */
    job_free(job);
    teardown();
}
END_TEST

/* A queued suspect that got a new version was counted as one for ever, and the others less than none. */
START_TEST(a_new_version_of_a_suspect_stays_among_the_suspects)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    job_free(take_one());
    reopen();
    ck_assert_uint_eq(queued(true), 1);
    ck_assert_int_eq(arrive("a.jpg", 2), 0);
    ck_assert_uint_eq(queued(true), 1);
    ck_assert_uint_eq(queued(false), 0);
    ck_assert_int_eq(take_from(0, true, 1, NOW), 1);
    job = pop();
    ck_assert_uint_eq(job->version.inode, 2);
    ck_assert_uint_eq(job->attempts, 0);
    job_free(job);
    teardown();
}
END_TEST

UNIT_MAIN("ledger_arrival", UNIT_TEST(any_number_of_arrivals_of_one_version_make_one_job),
          UNIT_TEST(folders_and_paths_are_told_apart),
          UNIT_TEST(a_new_version_of_a_queued_file_takes_the_old_ones_place),
          UNIT_TEST(a_new_version_begins_with_no_attempts_and_at_once),
          UNIT_TEST(a_new_version_of_a_file_in_flight_gets_its_job_when_that_ends),
          UNIT_TEST(a_new_version_of_a_finished_file_is_a_new_job), UNIT_TEST(a_remount_makes_no_new_version),
          UNIT_ROWS(a_file_of_which_only_ctime_and_inode_changed_is_verified_and_leaves_no_trace, known_ends),
          UNIT_ROWS(a_new_recipe_does_not_make_known_content_unknown, known_ends),
          UNIT_TEST(the_content_of_a_version_without_outcome_is_not_known),
          UNIT_TEST(new_content_that_comes_while_a_file_waits_to_be_verified_is_worked_on),
          UNIT_TEST(a_version_that_comes_while_a_file_is_verified_follows),
          UNIT_TEST(a_file_that_changes_its_ctime_while_it_is_verified_is_verified_again),
          UNIT_TEST(a_version_that_was_superseded_does_not_make_known_content_unknown),
          UNIT_TEST(a_clash_of_names_does_not_fail_a_file_that_may_be_unchanged),
          UNIT_TEST(a_file_put_back_while_its_original_is_pending_is_not_verified),
          UNIT_TEST(the_names_of_a_file_that_was_seen_to_go_may_be_inherited_until_it_comes_back),
          UNIT_TEST(the_names_of_a_source_that_is_gone_may_be_inherited),
          UNIT_TEST(a_new_version_of_a_suspect_stays_among_the_suspects))
