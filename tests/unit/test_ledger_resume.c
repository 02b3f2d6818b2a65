/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blame, and what an unclean end of the daemon leaves to resume. */
#include "ledger_fixture.h"
#include "unit_main.h"

#include <errno.h>
#include <sys/wait.h>

/* ---- an unclean end ---- */

START_TEST(what_was_handed_out_is_suspect_after_an_unclean_end)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    arrive("b.jpg", 2);
    ck_assert_int_eq(take(1), 1);
    free_jobs();
    reopen();
    ck_assert_uint_eq(queued(false), 1);
    ck_assert_uint_eq(queued(true), 1);
    ck_assert_int_eq(take(10), 1);
    ck_assert_str_eq(TAILQ_FIRST(&jobs)->path, "b.jpg");
    ck_assert(!TAILQ_FIRST(&jobs)->suspect);
    free_jobs();

    ck_assert_int_eq(take_from(0, true, 1, NOW), 1);
    job = pop();
    ck_assert_str_eq(job->path, "a.jpg");
    ck_assert(job->suspect);
    ck_assert_uint_eq(job->attempts, 0); /* merely handed out: not blamed */
    finish(job, JOB_DONE);
    ck_assert_uint_eq(queued(true), 0);
    teardown();
}
END_TEST

START_TEST(an_end_of_the_daemon_counts_against_a_started_suspect_only)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    job_free(take_one());
    for (unsigned i = 0; i < 4; i++) {
        reopen();
        ck_assert_int_eq(take_from(0, true, 1, NOW), 1);
        job = pop();
        ck_assert_uint_eq(job->attempts, i);
        set_started(job, true);
        job_free(job);
    }
    reopen();
    ck_assert_int_eq(take_from(0, true, 1, NOW), 1);
    job = pop();
    ck_assert_uint_eq(job->attempts, 4);
    set_started(job, true);
    set_started(job, false); /* the worker survived it */
    job_free(job);
    reopen();
    ck_assert_int_eq(take_from(0, true, 1, NOW), 1);
    ck_assert_uint_eq(TAILQ_FIRST(&jobs)->attempts, 4);
    teardown();
}
END_TEST

START_TEST(a_released_suspect_stays_one_and_a_cleared_one_does_not)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    job_free(take_one());
    reopen();
    ck_assert_int_eq(take_from(0, true, 1, NOW), 1);
    release(pop());
    ck_assert_uint_eq(queued(true), 1);
    ck_assert_int_eq(take_from(0, true, 1, NOW), 1);
    job = pop();
    job->suspect = false;
    release(job);
    ck_assert_uint_eq(queued(true), 0);
    ck_assert_uint_eq(queued(false), 1);
    teardown();
}
END_TEST

START_TEST(a_clean_end_leaves_no_suspects)
{
    setup();
    arrive("a.jpg", 1);
    release(take_one());
    reopen();
    ck_assert_uint_eq(queued(true), 0);
    ck_assert_uint_eq(queued(false), 1);
    teardown();
}
END_TEST

START_TEST(an_intended_job_is_resumed_with_what_it_had_made)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    finish(take_one(), JOB_DONE);
    arrive("a.jpg", 2);
    job = take_one();
    job->outputs[0].made = true;
    job->outputs[0].width = 10;
    job->outputs[0].height = 4;
    intend(job);                   /* the second one was skipped this time: obsolete */
    ck_assert_int_eq(resume(), 0); /* this run publishes it itself */
    job_free(job);

    reopen();
    ck_assert_uint_eq(queued(true) + queued(false), 0);
    ck_assert_int_eq(resume(), 1);
    ck_assert_int_eq(resume(), 0); /* once a session */
    job = pop();
    ck_assert_uint_eq(job->id, 2);
    ck_assert_int_eq(job->resume, RESUME_PUBLISH);
    ck_assert_int_eq(job->state, JOB_PUBLISHING);
    ck_assert_uint_eq(job->version.inode, 2);
    ck_assert_uint_eq(job->output_count, 2);
    ck_assert_str_eq(job->outputs[0].path, "a.10.png");
    ck_assert(job->outputs[0].made);
    ck_assert_uint_eq(job->outputs[0].width, 10);
    ck_assert_uint_eq(job->outputs[0].height, 4);
    ck_assert_uint_eq(job->outputs[0].before.inode, 100);
    ck_assert(!job->outputs[1].made);
    ck_assert_uint_eq(job->outputs[1].rendition, RENDITION_NONE);
    ck_assert_uint_eq(job->outputs[1].before.inode, 101);
    finish(job, JOB_DONE);
    ck_assert_int_eq(number("SELECT count(*) FROM output"), 1);
    reopen();
    ck_assert_int_eq(resume(), 0);
    teardown();
}
END_TEST

/* It was resumed without any output, and done; of what it had reserved there, a row was left for ever. */
START_TEST(a_job_announced_for_another_output_is_resumed_with_what_was_to_be_there)
{
    char before[HOT_PATH_MAX];
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    job = take_one();
    job->outputs[0].made = job->outputs[1].made = true;
    intend(job);
    job_free(job);
    reopen();
    snprintf(before, sizeof before, "%s/a.10.png", hot.conf[0].output);
    free(hot.conf[0].output);
    hot.conf[0].output = strdup(hot.out[1]);

    ck_assert_int_eq(resume(), 1);
    job = pop();
    ck_assert_uint_eq(job->output_count, 2);
    ck_assert(job->outputs[0].elsewhere && job->outputs[1].elsewhere);
    ck_assert_str_eq(job->outputs[0].path, before);
    release(job);
    job = take_one();
    ck_assert_uint_eq(job->output_count, 2);
    ck_assert_str_eq(job->outputs[0].path, "a.10.png");
    finish(job, JOB_DONE);
    ck_assert_int_eq(number("SELECT count(*) FROM output"), 2);
    teardown();
}
END_TEST

/* It was never announced there. After a kill while it was published in the Output of now it was made once more, and
 * what it had published was in its way. */
START_TEST(a_job_planned_for_another_output_before_is_resumed_in_this_one)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    release(take_one());
    free(hot.conf[0].output);
    hot.conf[0].output = strdup(hot.out[1]);
    job = take_one();
    job->outputs[0].made = job->outputs[1].made = true;
    intend(job);
    job_free(job);
    reopen();
    ck_assert_int_eq(resume(), 1);
    job = pop();
    ck_assert_uint_eq(job->output_count, 2);
    ck_assert(job->outputs[0].made && !job->outputs[0].elsewhere);
    ck_assert(job->outputs[1].made && !job->outputs[1].elsewhere);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_resumed_job_that_has_to_be_made_again_is_queued)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    job = take_one();
    job->outputs[0].made = job->outputs[1].made = true;
    intend(job);
    job_free(job);
    reopen();
    ck_assert_int_eq(resume(), 1);
    release(pop());
    job = take_one();
    ck_assert_uint_eq(job->output_count, 2);
    finish(job, JOB_DONE);
    teardown();
}
END_TEST

START_TEST(a_pending_original_is_resumed_with_its_failure)
{
    struct job *job;

    setup();
    arrive("a.jpg", 1);
    job = take_one();
    error_set(&job->failure, 0, CLASS_PERMANENT, STAGE_DECODE, "not a picture");
    finish_as(job, JOB_FAILED, true, false);
    job_free(job);
    ck_assert_int_eq(resume(), 0);
    for (int i = 0; i < 2; i++) { /* that run may end too */
        reopen();
        ck_assert_int_eq(resume(), 1);
        job = pop();
        ck_assert_int_eq(job->resume, RESUME_ORIGINAL);
        ck_assert_int_eq(job->state, JOB_FAILED);
        ck_assert_int_eq(job->failure.class, CLASS_PERMANENT);
        ck_assert_int_eq(job->failure.stage, STAGE_DECODE);
        ck_assert_str_eq(job->failure.text, "not a picture");
        if (i == 0)
            job_free(job);
    }
    begin();
    ck_assert_int_eq(ledger_store_original_done(store, job, false), 0);
    commit();
    job_free(job);
    reopen();
    ck_assert_int_eq(resume(), 0);
    teardown();
}
END_TEST

START_TEST(many_jobs_are_resumed_in_portions)
{
    int count = 0, r;

    setup();
    for (uint64_t i = 1; i <= 150; i++) {
        char name[16];

        snprintf(name, sizeof name, "%d.jpg", (int)i);
        arrive(name, i);
    }
    ck_assert_int_eq(take(200), 150);
    while (!TAILQ_EMPTY(&jobs)) {
        struct job *job = pop();

        intend(job);
        job_free(job);
    }
    reopen();
    while ((r = resume()) > 0) {
        count += r;
        free_jobs();
    }
    ck_assert_int_eq(count, 150);
    teardown();
}
END_TEST

static int note_leftover(void *context, const char *output_path, uint64_t job, uint32_t rendition)
{
    int *count = context;
    char wanted[PATH_MAX];

    snprintf(wanted, sizeof wanted, "%s/a.%d.png", hot.out[0], rendition == 0 ? 10 : 20);
    ck_assert_str_eq(output_path, wanted);
    ck_assert_uint_eq(job, 1);
    return ++*count == 7 ? -EINVAL : 0;
}

START_TEST(temporary_files_that_may_be_left_are_named)
{
    int count = 0;

    setup();
    arrive("a.jpg", 1);
    arrive("b.jpg", 2);
    ck_assert_int_eq(take(1), 1);
    free_jobs();
    begin();
    ck_assert_int_eq(ledger_store_leftovers(store, "f0", note_leftover, &count), 0);
    commit();
    ck_assert_int_eq(count, 0); /* it is being worked on */
    reopen();
    begin();
    ck_assert_int_eq(ledger_store_leftovers(store, "f0", note_leftover, &count), 0);
    ck_assert_int_eq(count, 2);
    ck_assert_int_eq(ledger_store_leftovers(store, "f1", note_leftover, &count), 0);
    ck_assert_int_eq(count, 2);
    count = 6;
    ck_assert_int_eq(ledger_store_leftovers(store, "f0", note_leftover, &count), -EINVAL);
    commit();
    teardown();
}
END_TEST

/* ---- SIGKILL ---- */

/* What two files do with the ledger without end, a transaction each. */
static void work_until_killed(int ready)
{
    ledger_store_close(store);
    open_store();
    for (uint64_t i = 1;; i++) {
        char name[16];
        struct job *job;

        snprintf(name, sizeof name, "%d.jpg", (int)(i % 7));
        arrive(name, i);
        if (i == 1 && write(ready, "x", 1) != 1)
            _exit(EXIT_FAILURE);
        if (take_from(0, false, 2, NOW) == 0 && take_from(0, true, 2, NOW) == 0)
            continue;
        while (!TAILQ_EMPTY(&jobs)) {
            job = pop();
            for (size_t j = 0; j < job->output_count; j++)
                job->outputs[j].made = true;
            if (i % 3 == 0)
                intend(job);
            finish(job, i % 5 == 0 ? JOB_FAILED : JOB_DONE);
        }
    }
}

static void expect_consistency(void)
{
    for (enum job_state state = JOB_DONE; state < JOB_STATE_COUNT; state++) {
        char sql[80];

        snprintf(sql, sizeof sql, "SELECT count(*) FROM job WHERE state = %d", (int)state);
        ck_assert_int_eq(number(sql), (int64_t)ledger_store_count(store, state));
    }
    ck_assert_int_eq(number("SELECT count(*) FROM job WHERE state IN (1, 2)"), 0);
    ck_assert_int_eq(number("SELECT count(*) FROM pragma_foreign_key_check"), 0);
    ck_assert_int_eq(number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
    /* One job at most is under way for each source, and each output has an owner. */
    ck_assert_int_eq(
        number(
            "SELECT count(*) FROM (SELECT 1 FROM job WHERE state < 4 GROUP BY source HAVING count(*) > 1)"),
        0);
    ck_assert_int_eq(
        number("SELECT count(*) FROM output LEFT JOIN job ON job.id = output.job WHERE job.id IS NULL"), 0);
    ck_assert_int_eq(
        number("SELECT count(*) FROM source LEFT JOIN job ON job.id = source.job WHERE job.id IS NULL"), 0);
}

START_TEST(killed_at_any_instant_it_is_consistent)
{
    uint64_t done = 0;

    setup();
    for (int i = 0; i < 12; i++) {
        struct timespec delay = { .tv_nsec = 1000003L * (i * 5 % 23) };
        int pipe_fds[2];
        char byte;
        pid_t pid;

        ck_assert_int_eq(pipe2(pipe_fds, O_CLOEXEC), 0);
        ledger_store_close(store); /* SQLite is never forked with */
        store = NULL;
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
            close(pipe_fds[0]);
            work_until_killed(pipe_fds[1]);
        }
        close(pipe_fds[1]);
        ck_assert_int_eq(read(pipe_fds[0], &byte, 1), 1);
        nanosleep(&delay, NULL); /* which instant does not matter, as long as it is not always the same */
        ck_assert_int_eq(kill(pid, SIGKILL), 0);
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
        close(pipe_fds[0]);

        open_store();
        expect_consistency();
        ck_assert_uint_ge(ledger_store_count(store, JOB_DONE), done);
        done = ledger_store_count(store, JOB_DONE);
        while (resume() > 0)
            while (!TAILQ_EMPTY(&jobs))
                finish(pop(), JOB_DONE);
        while (take_from(0, true, 10, NOW) > 0)
            while (!TAILQ_EMPTY(&jobs))
                finish(pop(), JOB_DONE);
        expect_consistency();
    }
    ck_assert_uint_gt(done, 0);
    teardown();
}
END_TEST

UNIT_MAIN("ledger_resume", UNIT_TEST(what_was_handed_out_is_suspect_after_an_unclean_end),
          UNIT_TEST(an_end_of_the_daemon_counts_against_a_started_suspect_only),
          UNIT_TEST(a_released_suspect_stays_one_and_a_cleared_one_does_not),
          UNIT_TEST(a_clean_end_leaves_no_suspects),
          UNIT_TEST(an_intended_job_is_resumed_with_what_it_had_made),
          UNIT_TEST(a_job_announced_for_another_output_is_resumed_with_what_was_to_be_there),
          UNIT_TEST(a_job_planned_for_another_output_before_is_resumed_in_this_one),
          UNIT_TEST(a_resumed_job_that_has_to_be_made_again_is_queued),
          UNIT_TEST(a_pending_original_is_resumed_with_its_failure),
          UNIT_TEST(many_jobs_are_resumed_in_portions), UNIT_TEST(temporary_files_that_may_be_left_are_named),
          UNIT_TEST(killed_at_any_instant_it_is_consistent))
