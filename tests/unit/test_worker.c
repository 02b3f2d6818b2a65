/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of darkroom-worker: the real program under its real sandbox, from the supervisor's side. */
#include "worker.h"

#include "base/cleanup.h"
#include "document.h"
#include "image/render.h"
#include "pdf.h"
#include "pictures.h"
#include "recipe_text.h"
#include "worker_harness.h"
#include "unit_main.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <xxhash.h>

/* A PNG, 48 × 32, a few stripes; the tests of lib/image see to the pixels. */
static const unsigned char picture[] = {
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00,
    0x00, 0x00, 0x30, 0x00, 0x00, 0x00, 0x20, 0x08, 0x02, 0x00, 0x00, 0x00, 0xdb, 0xb6, 0x6c, 0x4b, 0x00,
    0x00, 0x00, 0x4a, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0xed, 0xce, 0x41, 0x0d, 0x00, 0x20, 0x10, 0x04,
    0xb1, 0x53, 0x82, 0x12, 0x94, 0xa0, 0xe4, 0x94, 0xa0, 0x04, 0x11, 0xbc, 0x51, 0x84, 0x8d, 0xd9, 0x64,
    0x92, 0x0a, 0x68, 0xdd, 0x2e, 0x94, 0x32, 0x14, 0x18, 0x1a, 0x28, 0x86, 0x12, 0x43, 0x13, 0xc5, 0x50,
    0x62, 0x68, 0xa1, 0x18, 0x4a, 0x0c, 0x35, 0x8a, 0xa1, 0xc4, 0xd0, 0x46, 0x31, 0x94, 0x18, 0x3a, 0x28,
    0x86, 0x12, 0x43, 0x0f, 0xc5, 0x50, 0x5c, 0xe8, 0x03, 0x75, 0x21, 0xf6, 0x88, 0x35, 0x76, 0x19, 0x0f,
    0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
};

enum { PICTURE_WIDTH = 48, PICTURE_HEIGHT = 32, MANY_JOBS = 40 };

static struct recipe *recipe;
static struct harness harness;

static void start(void)
{
    recipe = recipe_of_text("[Recipe]\nStep=auto-orient\n[Output a]\nWidth=24 12\nFormat=jpeg webp\n");
    harness_start_ready(&harness, &recipe, 1);
}

static void free_recipe(void)
{
    recipe_free(recipe);
}

/* Ends the worker, which must leave by itself and be content. */
static void stop(void)
{
    ck_assert_int_eq(harness_stop(&harness), 0);
    free_recipe();
}

static void submit(uint64_t job)
{
    harness_submit(&harness, job, picture, sizeof picture);
}

static void expect_renditions(uint64_t job)
{
    struct harness_answer answer;

    harness_answer(&harness, job, recipe, &answer);
    ck_assert_msg(answer.result.class == CLASS_NONE, "%s", answer.result.text);
    ck_assert_uint_eq(answer.result.output_count, 4);
    ck_assert_uint_eq(answer.result.source_width, PICTURE_WIDTH);
    ck_assert_uint_eq(answer.result.source_height, PICTURE_HEIGHT);
    ck_assert_uint_eq(answer.result.source_format, FORMAT_PNG);
    ck_assert_uint_eq(answer.result.source_hash, XXH3_64bits(picture, sizeof picture));
    ck_assert_uint_gt(answer.result.peak_rss_bytes, 1 << 20);
    ck_assert_uint_eq(answer.result.outputs[0].width, 24);
    ck_assert_uint_eq(answer.result.outputs[0].height, 16);
    harness_answer_release(&answer);
}

static void expect_failure(uint64_t job, enum error_class class, enum error_stage stage, const char *says)
{
    struct harness_answer answer;

    harness_answer(&harness, job, recipe, &answer);
    ck_assert_uint_eq(answer.result.class, class);
    ck_assert_uint_eq(answer.result.stage, stage);
    ck_assert_msg(strstr(answer.result.text, says), "\"%s\" is not in \"%s\"", says, answer.result.text);
    harness_answer_release(&answer);
}

/* ---- hello ---- */

START_TEST(it_says_hello_and_what_confines_it)
{
    struct hello_message hello;

    recipe = recipe_of_text("[Output a]\nFormat=jpeg\n");
    harness_start(&harness, &recipe, 1, "required");
    hello = harness_hello(&harness);
    ck_assert_msg(hello.ready == 1, "%s", hello.text);
    ck_assert_uint_gt(hello.system_calls, 25);
    stop();
}
END_TEST

static bool file_has_line(const char *path, const char *line)
{
    _cleanup_file_ FILE *file = fopen(path, "re");
    char read[300];

    while (file && fgets(read, sizeof read, file))
        if (strcmp(read, line) == 0)
            return true;
    return !file && errno == ENOENT; /* a thread that has ended */
}

/* What the worker says of itself, seen from outside. */
START_TEST(every_thread_is_under_the_filter_before_and_after_a_job)
{
    for (int round = 0; round < 2; round++) {
        _cleanup_dir_ DIR *tasks = NULL;
        char path[300];
        int count = 0;

        snprintf(path, sizeof path, "/proc/%d/task", harness.pid);
        tasks = opendir(path);
        ck_assert_ptr_nonnull(tasks);
        for (struct dirent *task; (task = readdir(tasks));) {
            if (task->d_name[0] == '.')
                continue;
            snprintf(path, sizeof path, "/proc/%d/task/%s/status", harness.pid, task->d_name);
            ck_assert_msg(file_has_line(path, "Seccomp:\t2\n"), "thread %s is outside", task->d_name);
            ck_assert_msg(file_has_line(path, "NoNewPrivs:\t1\n"), "thread %s may gain", task->d_name);
            count++;
        }
        ck_assert_int_ge(count, 1);
        submit(1);
        expect_renditions(1);
    }
}
END_TEST

START_TEST(it_has_no_descriptors_but_its_own)
{
    char path[64], name[80], target[128], its_memory[64];
    _cleanup_dir_ DIR *fds = NULL;

    submit(1);
    expect_renditions(1);
    snprintf(path, sizeof path, "/proc/%d/fd", harness.pid);
    fds = opendir(path);
    if (!fds && errno == EACCES) {
        fprintf(stderr, "skipped: only root may look at a worker's descriptors\n");
        return;
    }
    ck_assert_ptr_nonnull(fds);
    snprintf(its_memory, sizeof its_memory, "/proc/%d/statm", harness.pid);
    for (struct dirent *fd; (fd = readdir(fds));) {
        int number = (int)strtol(fd->d_name, NULL, 10);
        ssize_t n;

        if (fd->d_name[0] == '.' || number <= WORKER_FD_MAILBOX)
            continue;
        snprintf(name, sizeof name, "%.20s", fd->d_name);
        n = readlinkat(dirfd(fds), name, target, sizeof target - 1);
        target[n < 0 ? 0 : n] = '\0';
        /* Memory of the last job, for a moment, what libraries wait on, and how much memory it has itself: any other
         * file or a socket would be a way out. */
        ck_assert_msg(strstr(target, "anon_inode") || strstr(target, "/memfd:") ||
                          strcmp(target, its_memory) == 0,
                      "descriptor %s is %s", fd->d_name, target);
    }
}
END_TEST

START_TEST(without_a_sandbox_it_says_so)
{
    struct hello_message hello;

    recipe = recipe_of_text("[Output a]\nWidth=24 12\nFormat=jpeg webp\n");
    harness_start(&harness, &recipe, 1, "none");
    hello = harness_hello(&harness);
    ck_assert_uint_eq(hello.ready, 1);
    ck_assert_uint_eq(hello.system_calls, 0);
    ck_assert_uint_eq(hello.landlock_abi, 0);
    submit(1);
    expect_renditions(1);
    stop();
}
END_TEST

START_TEST(a_picture_is_looked_at_for_a_manifest_alone)
{
    static const char *const recipes[] = { "[Output a]\nWidth=8\nFormat=png\n",
                                           "[Output a]\nWidth=8\nFormat=png\n[Manifest]\n" };
    struct harness_answer answer;

    recipe = recipe_of_text(recipes[_i]);
    harness_start_ready(&harness, &recipe, 1);
    submit(1);
    harness_answer(&harness, 1, recipe, &answer);
    ck_assert_msg(answer.result.class == CLASS_NONE, "%s", answer.result.text);
    ck_assert_uint_eq(strlen(answer.result.blurhash), _i == 0 ? 0 : 28);
    ck_assert((answer.result.colour != 0) == (_i == 1));
    harness_answer_release(&answer);
    stop();
}
END_TEST

/* Nor does the warm-up make any of these. */
START_TEST(tiles_are_made_in_every_layout)
{
    static const char *const formats[] = { "dz", "google", "iiif3" };
    _cleanup_free_ char *text = NULL;
    struct harness_answer answer;

    ck_assert_int_gt(asprintf(&text, "[Output a]\nFormat=%s\nTileSize=64\n", formats[_i]), 0);
    recipe = recipe_of_text(text);
    harness_start_ready(&harness, &recipe, 1);
    submit(1);
    harness_answer(&harness, 1, recipe, &answer);
    ck_assert_msg(answer.result.class == CLASS_NONE, "%s", answer.result.text);
    ck_assert_uint_eq(answer.result.output_count, 1);
    ck_assert_uint_eq(answer.result.outputs[0].width, PICTURE_WIDTH);
    harness_answer_release(&answer);
    stop();
}
END_TEST

START_TEST(recipes_it_cannot_read_are_a_refusal_with_a_reason)
{
    struct hello_message hello;
    int status;

    harness_start_with(&harness, fd_memory("bundle", "nonsense", 8), "required");
    hello = harness_hello(&harness);
    ck_assert_uint_eq(hello.ready, 0);
    ck_assert_ptr_nonnull(strstr(hello.text, "recipes"));
    status = harness_stop(&harness);
    ck_assert_int_eq(WEXITSTATUS(status), EXIT_FAILURE);
}
END_TEST

START_TEST(a_person_who_runs_it_is_told_what_it_is)
{
    char path[] = DARKROOM_WORKER_PATH;
    char *argv[] = { path, NULL };
    posix_spawn_file_actions_t actions;
    int status;
    pid_t pid;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    ck_assert_int_eq(posix_spawn(&pid, path, &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(WEXITSTATUS(status), 2);
}
END_TEST

/* ---- jobs ---- */

START_TEST(a_job_is_done)
{
    submit(1);
    expect_renditions(1);
}
END_TEST

/* The warm-up makes none: whatever such a picture needs is needed under the filter for the first time. */
START_TEST(a_cmyk_picture_is_done_though_none_was_made_before)
{
    _cleanup_image_ VipsImage *image = NULL;
    struct harness_answer answer;
    struct bytes file;

    picture_start();
    image = picture_make(PICTURE_WIDTH, PICTURE_HEIGHT, 4);
    image->Type = VIPS_INTERPRETATION_CMYK;
    file = picture_save(image, FORMAT_JPEG, _i == 0 ? NULL : "cmyk");
    harness_submit(&harness, 1, file.data, file.size);

    harness_answer(&harness, 1, recipe, &answer);
    ck_assert_msg(answer.result.class == CLASS_NONE, "%s", answer.result.text);
    ck_assert_uint_eq(answer.result.output_count, 4);
    harness_answer_release(&answer);
    bytes_release(&file);
}
END_TEST

/* The warm-up makes none of these either. */
START_TEST(an_animation_is_done_though_none_was_made_before)
{
    enum { FRAMES = 6 };
    _cleanup_image_ VipsImage *image = NULL;
    struct harness_answer answer;
    struct bytes file;

    picture_start();
    image = picture_make(PICTURE_WIDTH, FRAMES * PICTURE_HEIGHT, 4);
    vips_image_set_int(image, VIPS_META_PAGE_HEIGHT, PICTURE_HEIGHT);
    file = picture_save(image, FORMAT_WEBP, NULL);
    harness_submit(&harness, 1, file.data, file.size);

    harness_answer(&harness, 1, recipe, &answer);
    ck_assert_msg(answer.result.class == CLASS_NONE, "%s", answer.result.text);
    ck_assert_uint_eq(answer.result.output_count, 4);
    ck_assert_uint_eq(answer.result.source_height, PICTURE_HEIGHT);
    for (size_t i = 1; i < 4; i += 2) {
        struct bytes made = picture_read(answer.fds[i]);
        VipsImage *frames = NULL;

        vips_must(vips_webpload_buffer(made.data, made.size, &frames, "n", -1, NULL));
        ck_assert_int_eq(vips_image_get_n_pages(frames), FRAMES);
        g_object_unref(frames);
        bytes_release(&made);
    }
    harness_answer_release(&answer);
    bytes_release(&file);
}
END_TEST

START_TEST(a_source_whose_content_is_known_is_not_worked_on)
{
    struct ticket ticket = harness_ticket(1, 0, sizeof picture);
    _cleanup_close_ int source = fd_memory("source", picture, sizeof picture);
    struct harness_answer answer;

    ticket.known_hash = XXH3_64bits(picture, sizeof picture);
    ck_assert_int_eq(harness_send(&harness, &ticket, source), 0);
    harness_answer(&harness, 1, recipe, &answer);
    ck_assert_uint_eq(answer.result.class, CLASS_NONE);
    ck_assert_uint_eq(answer.result.unchanged, 1);
    ck_assert_uint_eq(answer.result.output_count, 0);
    ck_assert_uint_eq(answer.result.source_hash, ticket.known_hash);
    harness_answer_release(&answer);

    /* Other content is. */
    ticket.header.job = 2;
    ticket.known_hash ^= 1;
    ck_assert_int_eq(harness_send(&harness, &ticket, source), 0);
    expect_renditions(2);
}
END_TEST

START_TEST(a_prefetched_job_is_done_after_the_first)
{
    submit(1);
    submit(2);
    expect_renditions(1);
    expect_renditions(2);
}
END_TEST

START_TEST(many_jobs_cost_no_descriptors)
{
    for (uint64_t job = 1; job <= MANY_JOBS; job++) {
        submit(job);
        expect_renditions(job);
    }
}
END_TEST

static struct ticket submit_plan(uint64_t job, size_t size)
{
    struct ticket ticket = harness_ticket(job, 0, size);
    _cleanup_close_ int source = fd_memory("source", picture, size);

    ticket.plan = 1;
    ck_assert_int_eq(harness_send(&harness, &ticket, source), 0);
    return ticket;
}

/* The header is enough: a file that is cut behind it has the same plan. */
START_TEST(a_plan_is_sizes_without_pictures)
{
    for (uint64_t job = 1; job <= 2; job++) {
        union worker_message message;
        struct ticket ticket;
        struct error error;
        int fds[FD_PASS_MAX];
        size_t count;

        ticket = submit_plan(job, job == 1 ? sizeof picture : sizeof picture - 30);
        ck_assert_int_eq(harness_receive(&harness, &message, fds, &count), 1);
        ck_assert_msg(worker_link_check_result(&message.result, &ticket, recipe, fds, count, &error) == 0,
                      "%s", error.text);
        ck_assert_uint_eq(message.result.class, CLASS_NONE);
        ck_assert_uint_eq(message.result.output_count, 4);
        ck_assert_uint_eq(message.result.outputs[0].width, 24);
        ck_assert_uint_eq(message.result.outputs[0].height, 16);
        ck_assert_uint_eq(message.result.outputs[3].width, 12);
    }
    submit(3);
    expect_renditions(3);
}
END_TEST

/* ---- documents ---- */

enum { PAGES = 3, SIDE = 48, RENDITIONS = 4 };

/* Sends @ticket and receives what is possible for it. */
static void ask_about(const struct ticket *ticket, const struct document *document,
                      struct harness_answer *ret)
{
    _cleanup_close_ int source = fd_memory("source", document->bytes, document->size);
    union worker_message message;
    struct error error;

    ck_assert_int_eq(harness_send(&harness, ticket, source), 0);
    ck_assert_int_eq(harness_receive(&harness, &message, ret->fds, &ret->fd_count), 1);
    ck_assert_msg(
        worker_link_check_result(&message.result, ticket, recipe, ret->fds, ret->fd_count, &error) == 0, "%s",
        error.text);
    ck_assert_msg(message.result.class == CLASS_NONE, "%s", message.result.text);
    ret->result = message.result;
}

START_TEST(a_document_is_counted_before_anything_is_made)
{
    struct document document = document_make_plain(PAGES, SIDE, 1);
    struct ticket ticket = harness_ticket(1, 0, document.size);
    struct harness_answer answer;

    for (ticket.plan = 0; ticket.plan <= 1; ticket.plan++) {
        ask_about(&ticket, &document, &answer);
        ck_assert(result_is_count(&answer.result));
        ck_assert_uint_eq(answer.result.source_pages, PAGES);
        ck_assert_uint_eq(answer.result.source_width, SIDE);
    }
    document_release(&document);
}
END_TEST

/* All pages at once, and one at a time, have the same bytes. */
START_TEST(a_document_is_made_in_portions_which_change_nothing)
{
    struct document document = document_make_plain(PAGES, SIDE, 1);
    struct ticket ticket = harness_ticket(1, 0, document.size);
    struct harness_answer all, portion;

    ticket.pages = PAGES;
    ask_about(&ticket, &document, &all);
    ck_assert_uint_eq(all.result.next_page, 0);
    ck_assert_uint_eq(all.result.output_count, PAGES * RENDITIONS);

    ticket.portion_us = 0;
    for (ticket.first_page = 1; ticket.first_page <= PAGES; ticket.first_page++) {
        ask_about(&ticket, &document, &portion);
        ck_assert_uint_eq(portion.result.output_count, RENDITIONS);
        ck_assert_uint_eq(portion.result.next_page, ticket.first_page % PAGES ? ticket.first_page + 1 : 0);
        for (uint32_t i = 0; i < RENDITIONS; i++) {
            ck_assert_uint_eq(portion.result.outputs[i].page, ticket.first_page);
            ck_assert_int_eq(
                fd_same_content(portion.fds[i], all.fds[(ticket.first_page - 1) * RENDITIONS + i]), 1);
        }
        harness_answer_release(&portion);
    }
    harness_answer_release(&all);
    document_release(&document);
}
END_TEST

START_TEST(a_portion_has_no_more_than_fits_a_message)
{
    enum { MANY = 2 * RECIPE_RENDITIONS_MAX / RENDITIONS };
    struct document document = document_make_plain(MANY, SIDE, 1);
    struct ticket ticket = harness_ticket(1, 0, document.size);
    struct harness_answer answer;

    ticket.pages = MANY;
    ticket.portion_us = 60 * USEC_PER_SEC;
    ask_about(&ticket, &document, &answer);
    ck_assert_uint_eq(answer.result.output_count, RECIPE_RENDITIONS_MAX);
    ck_assert_uint_eq(answer.result.next_page, MANY / 2 + 1);
    harness_answer_release(&answer);
    document_release(&document);
}
END_TEST

/* It was another one when it was counted. */
START_TEST(a_document_with_another_number_of_pages_is_retried)
{
    struct document document = document_make_plain(PAGES, SIDE, 1);
    struct ticket ticket = harness_ticket(1, 0, document.size);
    _cleanup_close_ int source = fd_memory("source", document.bytes, document.size);

    ticket.pages = PAGES + 1;
    ck_assert_int_eq(harness_send(&harness, &ticket, source), 0);
    expect_failure(1, CLASS_TRANSIENT, STAGE_PROBE, "it has 3 pages now and had 4");
    document_release(&document);
}
END_TEST

START_TEST(more_pages_than_the_ticket_allows_are_a_failure)
{
    struct document document = document_make_plain(PAGES, SIDE, 1);
    struct ticket ticket = harness_ticket(1, 0, document.size);
    _cleanup_close_ int source = fd_memory("source", document.bytes, document.size);

    ticket.max_pages = PAGES - 1;
    ck_assert_int_eq(harness_send(&harness, &ticket, source), 0);
    expect_failure(1, CLASS_PERMANENT, STAGE_LIMITS, "MaxPages=");
    document_release(&document);
}
END_TEST

START_TEST(garbage_is_an_answer_and_the_worker_goes_on)
{
    harness_submit(&harness, 1, "hello world, this is no picture", 31);
    expect_failure(1, CLASS_PERMANENT, STAGE_PROBE,
                   "not a picture in an enabled format (jpeg, png, webp, tiff, gif, heic, avif, jxl)");
    harness_submit(&harness, 2, "", 0);
    expect_failure(2, CLASS_PERMANENT, STAGE_PROBE, "the file is empty");
    harness_submit(&harness, 3, picture, sizeof picture - 30);
    expect_failure(3, CLASS_PERMANENT, STAGE_DECODE, "truncated");
    submit(4);
    expect_renditions(4);
}
END_TEST

START_TEST(a_source_that_became_shorter_is_retried)
{
    struct ticket ticket = harness_ticket(1, 0, sizeof picture);
    _cleanup_close_ int source = fd_memory("source", picture, sizeof picture - 1);

    ck_assert_int_eq(harness_send(&harness, &ticket, source), 0);
    expect_failure(1, CLASS_TRANSIENT, STAGE_OPEN, "became shorter");
}
END_TEST

START_TEST(a_source_is_read_from_its_start_wherever_its_offset_is)
{
    struct ticket ticket = harness_ticket(1, 0, sizeof picture);
    _cleanup_close_ int source = fd_memory("source", picture, sizeof picture);

    ck_assert_int_eq(lseek(source, 0, SEEK_END), sizeof picture);
    ck_assert_int_eq(harness_send(&harness, &ticket, source), 0);
    expect_renditions(1);
}
END_TEST

START_TEST(limits_come_with_the_ticket)
{
    struct ticket ticket = harness_ticket(1, 0, sizeof picture);
    _cleanup_close_ int source = fd_memory("source", picture, sizeof picture);

    ticket.max_pixels = 100;
    ck_assert_int_eq(harness_send(&harness, &ticket, source), 0);
    expect_failure(1, CLASS_PERMANENT, STAGE_LIMITS, "MaxPixels=");
}
END_TEST

static void expect_hand_back(const struct ticket *ticket, uint64_t least)
{
    struct harness_answer answer;
    union worker_message message;
    struct error error;

    ck_assert_int_eq(harness_receive(&harness, &message, answer.fds, &answer.fd_count), 1);
    ck_assert_msg(
        worker_link_check_result(&message.result, ticket, recipe, answer.fds, answer.fd_count, &error) == 0,
        "%s", error.text);
    ck_assert_uint_gt(message.result.needs_memory_bytes, least);
    ck_assert_uint_eq(answer.fd_count, 0);
}

START_TEST(a_ticket_that_grants_too_little_is_handed_back_and_done_with_what_it_needs)
{
    struct ticket ticket = harness_ticket(1, 0, sizeof picture);
    _cleanup_close_ int source = fd_memory("source", picture, sizeof picture);

    ticket.memory_grant_bytes = 1 << 20;
    ck_assert_int_eq(harness_send(&harness, &ticket, source), 0);
    expect_hand_back(&ticket, 1 << 20);

    ticket.memory_grant_bytes = ticket.max_memory_bytes;
    ck_assert_int_eq(harness_send(&harness, &ticket, source), 0);
    expect_renditions(1);
}
END_TEST

/* It is not there at all: reading would be noticed. */
START_TEST(a_file_larger_than_the_grant_is_not_read)
{
    struct ticket ticket = harness_ticket(1, 0, 1 << 30);
    _cleanup_close_ int source = fd_memory("source", picture, sizeof picture);

    ticket.memory_grant_bytes = 1 << 20;
    ck_assert_int_eq(harness_send(&harness, &ticket, source), 0);
    expect_hand_back(&ticket, 1 << 30);

    ticket.max_memory_bytes = 1 << 20;
    ck_assert_int_eq(harness_send(&harness, &ticket, source), 0);
    expect_failure(1, CLASS_PERMANENT, STAGE_LIMITS, "MaxMemory=");
}
END_TEST

START_TEST(a_source_larger_than_memory_is_a_failure_of_memory)
{
    struct ticket ticket = harness_ticket(1, 0, UINT64_MAX / 4);
    _cleanup_close_ int source = fd_memory("source", picture, sizeof picture);

    ticket.max_memory_bytes = ticket.memory_grant_bytes = UINT64_MAX;

    ck_assert_int_eq(harness_send(&harness, &ticket, source), 0);
    expect_failure(1, CLASS_MEMORY, STAGE_OPEN, "no memory");
}
END_TEST

/* ---- the end ---- */

START_TEST(it_leaves_when_the_supervisor_does)
{
    ck_assert_int_eq(harness_stop(&harness), 0);
    free_recipe();
}
END_TEST

START_TEST(it_finishes_its_tickets_when_nothing_more_will_come)
{
    union worker_message message;
    int fds[FD_PASS_MAX];
    size_t count;

    submit(1);
    submit(2);
    ck_assert_int_eq(shutdown(harness.link, SHUT_WR), 0);
    expect_renditions(1);
    expect_renditions(2);
    ck_assert_int_eq(harness_receive(&harness, &message, fds, &count), -ECONNRESET);
    stop();
}
END_TEST

START_TEST(signals_for_the_service_are_not_for_it)
{
    static const int signals[] = { SIGTERM, SIGINT, SIGHUP };

    for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
        ck_assert_int_eq(kill(harness.pid, signals[i]), 0);
    submit(1);
    expect_renditions(1);
    stop();
}
END_TEST

static const struct {
    const char *name;
    uint64_t generation;
    uint32_t recipe, fail_on, plan, allowed;
} strangers[] = {
    { "another generation", HARNESS_GENERATION + 1, 0, 0, 0, 0 },
    { "an unknown recipe", HARNESS_GENERATION, 1, 0, 0, 0 },
    { "an unknown FailOn", HARNESS_GENERATION, 0, 99, 0, 0 },
    { "an unknown purpose", HARNESS_GENERATION, 0, 0, 2, 0 },
    { "a format that there is no reader for", HARNESS_GENERATION, 0, 0, 0, ALLOW_PDF },
};

START_TEST(a_ticket_that_is_not_for_it_ends_it)
{
    struct ticket ticket = harness_ticket(1, strangers[_i].recipe, 1);
    int status;

    ticket.header.generation = strangers[_i].generation;
    ticket.fail_on = strangers[_i].fail_on;
    ticket.plan = strangers[_i].plan;
    ticket.allowed = strangers[_i].allowed;
    ck_assert_int_eq(mailbox_send(harness.mailbox, &ticket), 0);
    ck_assert_int_eq(waitpid(harness.pid, &status, 0), harness.pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE, "%s", strangers[_i].name);
    free_recipe();
}
END_TEST

/* ---- drawings ---- */

static const char lettered_svg[] =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"200\" height=\"80\"><g font-size=\"20\">"
    "<text y=\"20\" font-family=\"serif\" font-weight=\"bold\">Bold &#x394;&#x416;</text>"
    "<text y=\"50\" font-family=\"monospace\">monospace</text><text y=\"75\">&#x20AC; usual</text></g></svg>";

static const char coded_svg[] =
    "<?xml version=\"1.0\" encoding=\"windows-1250\"?><!DOCTYPE svg [<!ENTITY z '\x8E'>]>"
    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"200\" height=\"80\"><text "
    "y=\"50\">&z;\x9E</text></svg>";

static struct bytes drawing_file(int row)
{
    static const struct pdf_page page = { 200, 80 };
    struct bytes file = { g_memdup2(lettered_svg, sizeof lettered_svg - 1), sizeof lettered_svg - 1 };
    struct pdf pdf;

    if (row == 0)
        return file;
    bytes_release(&file);
    if (row == 2)
        return (struct bytes){ g_memdup2(coded_svg, sizeof coded_svg - 1), sizeof coded_svg - 1 };
    pdf_make(&pdf, &page, 1, false);
    return (struct bytes){ g_memdup2(pdf.bytes, pdf.size), pdf.size };
}

/* By the same engine in this process, which no sandbox keeps from anything. */
static struct rendered render_freely(const struct bytes *file)
{
    struct render_options options = { .fail_on = FAIL_ON_TRUNCATED,
                                      .max_pixels = UINT32_MAX,
                                      .allowed = ALLOW_ALL,
                                      .density = 72,
                                      .max_memory_bytes = UINT64_MAX,
                                      .memory_grant_bytes = UINT64_MAX };
    struct rendered rendered = { 0 };
    struct error error;

    picture_start();
    ck_assert_msg(engine_allow(ALLOW_ALL, &error) == 0, "%s", error.text);
    ck_assert_msg(render(recipe, file->data, file->size, &options, &rendered, &error) == 0, "%s", error.text);
    return rendered;
}

START_TEST(a_drawing_has_its_letters_in_the_sandbox_too)
{
    struct bytes file = drawing_file(_i);
    _cleanup_close_ int source = fd_memory("source", file.data, file.size);
    struct ticket ticket = harness_ticket(1, 0, file.size);
    struct harness_answer answer;
    struct rendered rendered;

    recipe = recipe_of_text("[Output a]\nWidth=400\nFormat=png\n");
    harness_start_with(&harness, bundle_write(&recipe, 1, ALLOW_ALL), "required");
    ck_assert_uint_eq(harness_hello(&harness).ready, 1);
    ticket.allowed = ALLOW_ALL;
    ticket.density = 72;
    ck_assert_int_eq(harness_send(&harness, &ticket, source), 0);
    harness_answer(&harness, 1, recipe, &answer);
    ck_assert_msg(answer.result.class == CLASS_NONE, "%s", answer.result.text);

    rendered = render_freely(&file);
    ck_assert_uint_eq(answer.fd_count, 1);
    ck_assert_int_eq(fd_same_content(answer.fds[0], rendered.outputs[0].encoded.fd), 1);
    rendered_release(&rendered);
    harness_answer_release(&answer);
    bytes_release(&file);
    stop();
}
END_TEST

static const struct {
    const char *type;
    enum format format;
} inner_pictures[] = {
    { "png", FORMAT_PNG },
    { "jpeg", FORMAT_JPEG },
    { "gif", FORMAT_GIF },
    { "svg+xml", FORMAT_SVG },
};

static struct bytes inner_picture(enum format format)
{
    static const unsigned char gif[] = {
        'G', 'I', 'F', '8', '7', 'a', 1, 0, 1, 0, 0x80, 0, 0, 255, 0, 0, 255, 255,
        255, ',', 0,   0,   0,   0,   1, 0, 1, 0, 0,    2, 2, 'D', 1, 0, ';',
    };
    static const char svg[] = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"16\" height=\"16\"><rect "
                              "width=\"16\" height=\"16\" fill=\"red\"/></svg>";

    if (format == FORMAT_SVG)
        return (struct bytes){ g_memdup2(svg, sizeof svg - 1), sizeof svg - 1 };
    if (format == FORMAT_GIF)
        return (struct bytes){ g_memdup2(gif, sizeof gif), sizeof gif };
    return picture_file(16, 16, 3, format);
}

static struct bytes svg_around(const char *type, const struct bytes *inner)
{
    char *base64 = g_base64_encode(inner->data, inner->size);
    char *text =
        g_strdup_printf("<svg xmlns=\"http://www.w3.org/2000/svg\" "
                        "xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"16\" height=\"16\"><image "
                        "width=\"16\" height=\"16\" xlink:href=\"data:image/%s;base64,%s\"/></svg>",
                        type, base64);

    g_free(base64);
    return (struct bytes){ text, strlen(text) };
}

static void expect_opaque(int fd)
{
    struct bytes made = picture_read(fd);
    VipsImage *image = NULL, *alpha = NULL;
    double least;

    vips_must(vips_pngload_buffer(made.data, made.size, &image, NULL));
    vips_must(vips_extract_band(image, &alpha, vips_image_get_bands(image) - 1, NULL));
    vips_must(vips_min(alpha, &least, NULL));
    ck_assert_double_eq(least, 255);
    g_object_unref(alpha);
    g_object_unref(image);
    bytes_release(&made);
}

/* By readers that are files of their own, some of them. */
START_TEST(a_picture_inside_an_svg_is_shown_in_the_sandbox_too)
{
    struct harness_answer answer;
    struct bytes inner, file;
    struct ticket ticket;
    int source;

    picture_start();
    inner = inner_picture(inner_pictures[_i].format);
    file = svg_around(inner_pictures[_i].type, &inner);
    source = fd_memory("source", file.data, file.size);
    ticket = harness_ticket(1, 0, file.size);
    ticket.allowed = ALLOW_SVG;
    recipe = recipe_of_text("[Output a]\nFormat=png\n");
    harness_start_with(&harness, bundle_write(&recipe, 1, ALLOW_SVG), "required");
    ck_assert_uint_eq(harness_hello(&harness).ready, 1);
    ck_assert_int_eq(harness_send(&harness, &ticket, source), 0);
    harness_answer(&harness, 1, recipe, &answer);
    ck_assert_msg(answer.result.class == CLASS_NONE, "%s", answer.result.text);
    ck_assert_uint_eq(answer.fd_count, 1);
    expect_opaque(answer.fds[0]);
    harness_answer_release(&answer);
    close(source);
    bytes_release(&inner);
    bytes_release(&file);
    stop();
}
END_TEST

START_TEST(what_the_ticket_does_not_allow_is_refused_though_there_is_a_reader)
{
    struct ticket ticket = harness_ticket(1, 0, sizeof lettered_svg - 1);
    _cleanup_close_ int source = fd_memory("source", lettered_svg, sizeof lettered_svg - 1);

    recipe = recipe_of_text("[Output a]\nFormat=png\n");
    harness_start_with(&harness, bundle_write(&recipe, 1, ALLOW_SVG | ALLOW_JP2), "required");
    ck_assert_uint_eq(harness_hello(&harness).ready, 1);
    ticket.allowed = ALLOW_JP2;
    ck_assert_int_eq(harness_send(&harness, &ticket, source), 0);
    expect_failure(1, CLASS_PERMANENT, STAGE_PROBE, "AllowFormats=svg would allow it");
    stop();
}
END_TEST

static GString *elements_svg(int count)
{
    GString *text = g_string_new("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\">");

    for (int i = 0; i < count; i++)
        g_string_append(text, "<g/>");
    return g_string_append(text, "</svg>");
}

/* A million elements in 4 MB take a gigabyte while the header is read. */
START_TEST(a_drawing_that_takes_more_than_the_folder_allows_ends_its_worker)
{
    GString *text = elements_svg(1000000);
    struct ticket ticket;
    int status, source;

    source = fd_memory("source", text->str, text->len);
    ticket = harness_ticket(1, 0, text->len);
    ticket.allowed = ALLOW_SVG;
    ticket.max_memory_bytes = ticket.memory_grant_bytes = 64 << 20;

    recipe = recipe_of_text("[Output a]\nFormat=png\n");
    harness_start_with(&harness, bundle_write(&recipe, 1, ALLOW_SVG), "required");
    ck_assert_uint_eq(harness_hello(&harness).ready, 1);
    ck_assert_int_eq(harness_send(&harness, &ticket, source), 0);
    close(harness.link); /* one that is not ended by this one ends by itself */
    ck_assert_int_eq(waitpid(harness.pid, &status, 0), harness.pid);
    ck_assert_msg(!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS, "status %#x", (unsigned)status);
    close(source);
    g_string_free(text, TRUE);
    free_recipe();
}
END_TEST

#ifdef DARKROOM_SANITIZED
enum { SANITIZED = true }; /* a sanitizer has its own uses for memory */
#else
enum { SANITIZED = false };
#endif

/* So does glibc after many small pieces: what is free is not given back. */
START_TEST(a_worker_that_keeps_much_memory_leaves_after_its_answer)
{
    GString *text = elements_svg(300000);
    _cleanup_close_ int source = fd_memory("source", text->str, text->len);
    struct ticket ticket = harness_ticket(1, 0, text->len), next = harness_ticket(2, 0, text->len);
    struct harness_answer answer;
    int status;

    recipe = recipe_of_text("[Output a]\nFormat=png\n");
    harness_start_with(&harness, bundle_write(&recipe, 1, ALLOW_SVG), "required");
    ck_assert_uint_eq(harness_hello(&harness).ready, 1);
    ticket.allowed = next.allowed = ALLOW_SVG;
    ticket.max_memory_bytes = next.max_memory_bytes = ticket.memory_grant_bytes = next.memory_grant_bytes =
        (uint64_t)4 << 30;
    ck_assert_int_eq(harness_send(&harness, &ticket, source), 0);
    ck_assert_int_eq(harness_send(&harness, &next, source), 0);
    harness_answer(&harness, 1, recipe, &answer);
    ck_assert_msg(answer.result.class == CLASS_NONE, "%s", answer.result.text);
    ck_assert_uint_eq(answer.result.leaves, 1);
    harness_answer_release(&answer);

    ck_assert_int_eq(waitpid(harness.pid, &status, 0), harness.pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS, "status %#x", (unsigned)status);
    ck_assert_int_eq(mailbox_unread(harness.mailbox), 1);
    g_string_free(text, TRUE);
    free_recipe();
}
END_TEST

static rlim_t data_bytes(pid_t pid)
{
    char path[64];
    unsigned long pages;
    FILE *statm;

    snprintf(path, sizeof path, "/proc/%d/statm", pid);
    statm = fopen(path, "re");
    ck_assert_ptr_nonnull(statm);
    ck_assert_int_eq(fscanf(statm, "%*u %*u %*u %*u %*u %lu", &pages), 1);
    fclose(statm);
    return pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* ImageMagick loses its first pixels when there is no room for second ones, and counts them against all that follow. */
START_TEST(a_worker_whose_imagemagick_has_lost_memory_leaves_after_its_answer)
{
    enum { WIDTH = 3000, HEIGHT = 2000, CACHE_BYTES = WIDTH * HEIGHT * 8 }; /* more than a worker keeps */
    static const char header[] = "P5\n3000 2000\n255\n";
    GString *text = g_string_new(header);
    struct rlimit bound = { .rlim_max = RLIM_INFINITY };
    struct harness_answer answer;
    struct ticket ticket;
    int status, source;

    g_string_set_size(text, sizeof header - 1 + WIDTH * HEIGHT);
    memset(text->str + sizeof header - 1, 0, WIDTH * HEIGHT);
    source = fd_memory("source", text->str, text->len);
    ticket = harness_ticket(1, 0, text->len);
    ticket.allowed = ALLOW_MAGICK;
    recipe = recipe_of_text("[Output a]\nFormat=png\n");
    harness_start_with(&harness, bundle_write(&recipe, 1, ALLOW_MAGICK), "required");
    ck_assert_uint_eq(harness_hello(&harness).ready, 1);
    bound.rlim_cur = data_bytes(harness.pid) + text->len + CACHE_BYTES * 3 / 2;
    ck_assert_int_eq(prlimit(harness.pid, RLIMIT_DATA, &bound, NULL), 0);
    ck_assert_int_eq(harness_send(&harness, &ticket, source), 0);
    harness_answer(&harness, 1, recipe, &answer);
    ck_assert_int_ne(answer.result.class, CLASS_NONE);
    ck_assert_uint_eq(answer.result.leaves, 1);
    harness_answer_release(&answer);
    ck_assert_int_eq(waitpid(harness.pid, &status, 0), harness.pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS, "status %#x", (unsigned)status);
    close(source);
    g_string_free(text, TRUE);
    free_recipe();
}
END_TEST

static TCase *starts(void)
{
    TCase *tests = tcase_create("starts");

    tcase_add_test(tests, it_says_hello_and_what_confines_it);
    tcase_add_test(tests, without_a_sandbox_it_says_so);
    tcase_add_loop_test(tests, a_picture_is_looked_at_for_a_manifest_alone, 0, 2);
    tcase_add_loop_test(tests, tiles_are_made_in_every_layout, 0, 3);
    tcase_add_loop_test(tests, a_drawing_has_its_letters_in_the_sandbox_too, 0, 3);
    tcase_add_loop_test(tests, a_picture_inside_an_svg_is_shown_in_the_sandbox_too, 0,
                        ARRAY_SIZE(inner_pictures));
    tcase_add_test(tests, a_drawing_that_takes_more_than_the_folder_allows_ends_its_worker);
    if (!SANITIZED) {
        tcase_add_test(tests, a_worker_that_keeps_much_memory_leaves_after_its_answer);
        tcase_add_test(tests, a_worker_whose_imagemagick_has_lost_memory_leaves_after_its_answer);
    }
    tcase_add_test(tests, what_the_ticket_does_not_allow_is_refused_though_there_is_a_reader);
    tcase_add_test(tests, recipes_it_cannot_read_are_a_refusal_with_a_reason);
    tcase_add_test(tests, a_person_who_runs_it_is_told_what_it_is);
    return tests;
}

static TCase *jobs(void)
{
    TCase *tests = tcase_create("jobs");

    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, every_thread_is_under_the_filter_before_and_after_a_job);
    tcase_add_test(tests, it_has_no_descriptors_but_its_own);
    tcase_add_test(tests, a_job_is_done);
    tcase_add_loop_test(tests, a_cmyk_picture_is_done_though_none_was_made_before, 0, 2);
    tcase_add_test(tests, an_animation_is_done_though_none_was_made_before);
    tcase_add_test(tests, a_source_whose_content_is_known_is_not_worked_on);
    tcase_add_test(tests, a_prefetched_job_is_done_after_the_first);
    tcase_add_test(tests, many_jobs_cost_no_descriptors);
    tcase_add_test(tests, a_plan_is_sizes_without_pictures);
    tcase_add_test(tests, a_document_is_counted_before_anything_is_made);
    tcase_add_test(tests, a_document_is_made_in_portions_which_change_nothing);
    tcase_add_test(tests, a_portion_has_no_more_than_fits_a_message);
    tcase_add_test(tests, a_document_with_another_number_of_pages_is_retried);
    tcase_add_test(tests, more_pages_than_the_ticket_allows_are_a_failure);
    tcase_add_test(tests, garbage_is_an_answer_and_the_worker_goes_on);
    tcase_add_test(tests, a_source_that_became_shorter_is_retried);
    tcase_add_test(tests, a_source_is_read_from_its_start_wherever_its_offset_is);
    tcase_add_test(tests, limits_come_with_the_ticket);
    tcase_add_test(tests, a_ticket_that_grants_too_little_is_handed_back_and_done_with_what_it_needs);
    tcase_add_test(tests, a_file_larger_than_the_grant_is_not_read);
    tcase_add_test(tests, a_source_larger_than_memory_is_a_failure_of_memory);
    return tests;
}

static TCase *ends(void)
{
    TCase *tests = tcase_create("ends");

    tcase_add_checked_fixture(tests, start, NULL);
    tcase_add_test(tests, it_leaves_when_the_supervisor_does);
    tcase_add_test(tests, it_finishes_its_tickets_when_nothing_more_will_come);
    tcase_add_test(tests, signals_for_the_service_are_not_for_it);
    tcase_add_loop_test(tests, a_ticket_that_is_not_for_it_ends_it, 0, ARRAY_SIZE(strangers));
    return tests;
}

int main(void)
{
    TCase *cases[] = { starts(), jobs(), ends() };
    Suite *suite = suite_create("worker");
    SRunner *runner = srunner_create(suite);
    int failed;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        tcase_set_timeout(cases[i], UNIT_TIMEOUT_S);
        suite_add_tcase(suite, cases[i]);
    }

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
