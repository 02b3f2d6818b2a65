/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job's life in memory: what it owns, and the names of its states. */
#include "supervisor/job.h"

#include "hot_folders.h"
#include "unit_main.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

static const struct {
    enum job_state state;
    const char *name;
    bool end;
} states[] = {
    { JOB_QUEUED, "queued", false },      { JOB_OPENING, "opening", false },
    { JOB_RUNNING, "running", false },    { JOB_PUBLISHING, "publishing", false },
    { JOB_DONE, "done", true },           { JOB_FAILED, "failed", true },
    { JOB_CANCELLED, "cancelled", true }, { JOB_SUPERSEDED, "superseded", true },
    { JOB_VANISHED, "vanished", true },
};

START_TEST(a_state_has_its_name_in_both_directions)
{
    enum job_state state;

    ck_assert_int_eq(states[_i].state, _i); /* stored in the ledger: numbers never change */
    ck_assert_str_eq(job_state_name(states[_i].state), states[_i].name);
    ck_assert_int_eq(job_state_from_name(states[_i].name, &state), 0);
    ck_assert_int_eq(state, states[_i].state);
    ck_assert_int_eq(job_state_is_end(states[_i].state), states[_i].end);
}
END_TEST

START_TEST(a_name_that_is_no_state_is_refused)
{
    enum job_state state = JOB_DONE;

    ck_assert_int_eq(job_state_from_name("waiting", &state), -ENOENT);
    ck_assert_int_eq(job_state_from_name("", &state), -ENOENT);
    ck_assert_int_eq(state, JOB_DONE);
    ck_assert_str_eq(job_state_name(JOB_STATE_COUNT), "?");
    ck_assert(!job_state_is_end(JOB_STATE_COUNT));
}
END_TEST

START_TEST(a_job_keeps_its_configuration_alive)
{
    struct hot_folders hot;
    struct job *job;

    hot_open(&hot, 2, HOT_RECIPE);
    job = job_new(7, hot.config, 1, &hot.conf[1]);
    ck_assert_uint_eq(atomic_load(&hot.config->references), 2);
    ck_assert_uint_eq(job->id, 7);
    ck_assert_uint_eq(job->slot, 1);
    ck_assert_ptr_eq(job->recipe, hot.config->recipes[0]);
    ck_assert_int_eq(job->source_fd, -1);
    ck_assert_int_eq(job->state, JOB_QUEUED);

    config_unref(hot.config); /* a reload: only the job has it now */
    ck_assert_str_eq(job->folder->name, "f1");
    config_ref(job->config);
    job_free(job);
    hot_close(&hot);
}
END_TEST

START_TEST(an_output_copies_its_path_and_has_no_picture)
{
    struct hot_folders hot;
    char path[] = "dir/a.png";
    struct job_output *output;
    struct job *job;

    hot_open(&hot, 1, HOT_RECIPE);
    job = hot_job(&hot, 0, 1, "a.jpg");
    output = job_add_output(job, 3, path);
    path[0] = 'X';
    ck_assert_str_eq(output->path, "dir/a.png");
    ck_assert_uint_eq(output->rendition, 3);
    ck_assert_int_eq(output->fd, -1);
    ck_assert(!output->made);
    ck_assert_uint_eq(output->before.inode, 0);
    for (uint32_t i = 0; i < 100; i++)
        ck_assert_ptr_nonnull(job_add_output(job, i, "more"));
    ck_assert_uint_eq(job->output_count, 101);
    ck_assert_str_eq(job->outputs[0].path, "dir/a.png");
    job_free(job);
    hot_close(&hot);
}
END_TEST

/* Stored in the ledger: those of the first page are as they were before there were pages. */
START_TEST(an_output_has_a_place_of_its_own)
{
    static const struct {
        uint32_t rendition, page, place;
    } cases[] = {
        { 0, 1, 0 }, { 59, 1, 59 }, { 0, 2, 64 }, { 3, 1000, 63939 }, { RENDITION_NONE, 1, RENDITION_NONE }
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct job_output output = { .rendition = cases[i].rendition, .page = cases[i].page }, again = { 0 };

        ck_assert_uint_eq(job_output_place(&output), cases[i].place);
        job_output_set_place(&again, cases[i].place);
        ck_assert_uint_eq(again.rendition, cases[i].rendition);
        ck_assert_uint_eq(again.page, cases[i].page);
    }
}
END_TEST

START_TEST(too_many_outputs_of_one_file_are_refused)
{
    struct hot_folders hot;
    struct job *job;

    hot_open(&hot, 1,
             "[Output a]\nName={stem}{-page}-{width}.{ext}\nWidth=1 2\nFormat=png\n"
             "[Output b]\nName={stem}.{ext}\nFormat=png\n");
    job = hot_job(&hot, 0, 1, "a.jpg");
    ck_assert(job_is_within_limits(job)); /* not counted */
    job->pages = 499;
    ck_assert(job_is_within_limits(job)); /* 999 */
    job->pages = 500;
    ck_assert(!job_is_within_limits(job)); /* 1001 */
    ck_assert_int_eq(job->failure.class, CLASS_PERMANENT);
    ck_assert_int_eq(job->failure.stage, STAGE_LIMITS);
    ck_assert_ptr_nonnull(strstr(job->failure.text, "500 pages would make 1001 outputs"));
    job_free(job);
    hot_close(&hot);
}
END_TEST

START_TEST(only_pictures_in_memory_are_held)
{
    struct hot_folders hot;
    struct job *job;
    int fd;

    hot_open(&hot, 1, HOT_RECIPE);
    job = hot_job(&hot, 0, 1, "a.jpg");
    ck_assert_uint_eq(job_held_bytes(job), 0);
    hot_output(job, 0, "a", "12345");
    hot_output(job, 1, "b", "123");
    job_add_output(job, 2, "c")->bytes = 1000; /* planned only */
    ck_assert_uint_eq(job_held_bytes(job), 8);
    hot_output(job, RENDITION_MANIFEST, "manifest.json",
               "{}"); /* which comes later: folders count before and after */
    ck_assert_uint_eq(job_held_bytes(job), 8);

    fd = job->source_fd = fd_memory("source", "x", 1);
    job_close_fds(job);
    ck_assert_uint_eq(job_held_bytes(job), 0);
    ck_assert_int_eq(job->source_fd, -1);
    ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
    job_close_fds(job); /* again does nothing */
    job_free(job);
    job_free(NULL);
    hot_close(&hot);
}
END_TEST

/* A connection whose end @ret_far has not read what the other, which is returned, has sent: closing that takes until it
 * has. */
static int slow_to_close(int *ret_far)
{
    static const struct linger linger = { .l_onoff = 1, .l_linger = 1000 };
    static const char zeros[1 << 16];
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int near = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &(socklen_t){ sizeof address }), 0);
    ck_assert_int_eq(connect(near, (struct sockaddr *)&address, sizeof address), 0);
    *ret_far = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    ck_assert_int_ge(*ret_far, 0);
    close(listener);
    while (send(near, zeros, sizeof zeros, MSG_DONTWAIT) > 0)
        ;
    ck_assert_int_eq(setsockopt(near, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    return near;
}

/* The loop waited for as long as the kernel took to free it, or a server to answer. */
START_TEST(a_large_source_is_closed_by_somebody_else)
{
    struct hot_folders hot;
    struct job *job;
    char bytes[1 << 16];
    ssize_t got;
    int far;

    hot_open(&hot, 1, HOT_RECIPE);
    job = hot_job(&hot, 0, 1, "a.jpg");
    job->version.size = SOURCE_CLOSED_HERE_BYTES_MAX + 1;
    job_close_source(job); /* there is none */
    job->source_fd = slow_to_close(&far);
    job_close_source(job);
    ck_assert_int_eq(job->source_fd, -1);
    while ((got = read(far, bytes, sizeof bytes)) > 0)
        ;
    ck_assert_int_eq(got, 0); /* it is closed */
    close(far);
    job_free(job);
    hot_close(&hot);
}
END_TEST

UNIT_MAIN("job", UNIT_ROWS(a_state_has_its_name_in_both_directions, states),
          UNIT_TEST(a_name_that_is_no_state_is_refused), UNIT_TEST(a_job_keeps_its_configuration_alive),
          UNIT_TEST(an_output_copies_its_path_and_has_no_picture),
          UNIT_TEST(an_output_has_a_place_of_its_own), UNIT_TEST(too_many_outputs_of_one_file_are_refused),
          UNIT_TEST(only_pictures_in_memory_are_held), UNIT_TEST(a_large_source_is_closed_by_somebody_else))
