/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bad pictures of a folder through the real worker, each under the sandbox and each without.
 *
 * Every one of them ends in a result or in the worker's death, in bounded time; and the sandbox changes nothing:
 * a system call that only a rare picture needs would show as another outcome. The folder is named by
 * DARKROOM_CORPORA or is shared/corpora beside the source tree; without it there is nothing to do. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "recipe_text.h"
#include "worker_harness.h"
#include "unit_main.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

enum { FILES_MAX = 2000, LONGEST_MS = 30000, PIXELS_MAX = 20000000 };

static const char recipe_text[] =
    "[Recipe]\nStep=auto-orient\n[Output a]\nWidth=64 200\nFormat=jpeg webp png\n"
    "Metadata=none\n[Output b]\nName={stem}-b.{ext}\nFormat=png jpeg\n"
    "[Output c]\nName={stem}-c.{ext}\nWidth=48\nFormat=gif tiff avif jxl\n";

/* How a picture ended: equal runs have equal ends. */
struct outcome {
    bool died;
    uint32_t class, stage, outputs;
    uint64_t hash; /* of all outputs' bytes */
    char text[400];
};

struct corpus {
    char *paths[FILES_MAX];
    size_t count;
};

static const char *corpora(void)
{
    return getenv("DARKROOM_CORPORA") ?: DARKROOM_CORPORA_PATH;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void list_files(struct corpus *corpus)
{
    struct dirent **entries;
    int count = scandir(corpora(), &entries, NULL, by_name);

    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.' && corpus->count < FILES_MAX)
            ck_assert_int_gt(
                asprintf(&corpus->paths[corpus->count++], "%s/%s", corpora(), entries[i]->d_name), 0);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

static void free_files(struct corpus *corpus)
{
    while (corpus->count > 0)
        free(corpus->paths[--corpus->count]);
}

static uint64_t hash_outputs(const struct harness_answer *answer)
{
    XXH3_state_t *state = XXH3_createState();
    uint64_t hash;

    XXH3_64bits_reset(state);
    for (size_t i = 0; i < answer->fd_count; i++) {
        char bytes[65536];
        ssize_t n;

        for (off_t at = 0; (n = pread(answer->fds[i], bytes, sizeof bytes, at)) > 0; at += n)
            XXH3_64bits_update(state, bytes, (size_t)n);
    }
    hash = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    return hash;
}

static void fill_outcome(struct outcome *outcome, const struct harness_answer *answer)
{
    outcome->class = answer->result.class;
    outcome->stage = answer->result.stage;
    outcome->outputs = answer->result.output_count;
    outcome->hash = hash_outputs(answer);
    memcpy(outcome->text, answer->result.text, sizeof outcome->text);
}

static void start_worker(struct harness *harness, struct recipe *const *recipe, const char *sandbox)
{
    struct hello_message hello;

    harness_start_with(harness, bundle_write(recipe, 1, ALLOW_MAGICK), sandbox);
    hello = harness_hello(harness);
    ck_assert_msg(hello.ready, "%s", hello.text);
}

/* Has @path worked on; a worker that dies of it is replaced. */
static void work(struct harness *harness, uint64_t job, const char *path, struct recipe *const *recipe,
                 const char *sandbox, struct outcome *ret)
{
    _cleanup_close_ int source = open(path, O_RDONLY | O_CLOEXEC);
    uint64_t started_us = monotonic_us();
    struct harness_answer answer;
    struct ticket ticket;
    struct stat st;

    ck_assert_int_eq(fstat(source, &st), 0);
    ticket = harness_ticket(job, 0, (uint64_t)st.st_size);
    ticket.max_pixels = PIXELS_MAX;
    ticket.allowed = ALLOW_MAGICK;
    ck_assert_int_eq(harness_send(harness, &ticket, source), 0);

    memset(ret, 0, sizeof *ret);
    ret->died = !harness_try_answer(harness, job, *recipe, &answer);
    if (!ret->died) {
        fill_outcome(ret, &answer);
        harness_answer_release(&answer);
    } else {
        harness_stop(harness);
        start_worker(harness, recipe, sandbox);
    }
    ck_assert_msg(monotonic_us() - started_us < LONGEST_MS * USEC_PER_MSEC, "%s took too long", path);
}

static void work_all(const struct corpus *corpus, const char *sandbox, struct outcome *outcomes)
{
    struct recipe *recipe = recipe_of_text(recipe_text);
    struct harness harness;

    start_worker(&harness, &recipe, sandbox);
    for (size_t i = 0; i < corpus->count; i++)
        work(&harness, i + 1, corpus->paths[i], &recipe, sandbox, &outcomes[i]);
    ck_assert_int_eq(harness_stop(&harness), 0);
    recipe_free(recipe);
}

static void report(const struct corpus *corpus, const struct outcome *outcomes)
{
    unsigned done = 0, failed = 0, died = 0;

    for (size_t i = 0; i < corpus->count; i++) {
        died += outcomes[i].died;
        failed += outcomes[i].class != CLASS_NONE;
        done += !outcomes[i].died && outcomes[i].class == CLASS_NONE;
        if (getenv("DARKROOM_CORPORA_VERBOSE") && outcomes[i].class != CLASS_NONE)
            fprintf(stderr, "%s: %s\n", corpus->paths[i], outcomes[i].text);
        if (outcomes[i].died)
            fprintf(stderr, "the worker died of %s\n", corpus->paths[i]);
    }
    printf("%zu pictures: %u done, %u failed, %u deaths\n", corpus->count, done, failed, died);
}

static void check_failure(const char *path, const struct outcome *outcome)
{
    ck_assert_msg(outcome->class == CLASS_NONE || outcome->class == CLASS_PERMANENT, "%s: %s, %s", path,
                  error_class_name((enum error_class)outcome->class), outcome->text);
}

START_TEST(every_bad_picture_ends_and_the_sandbox_changes_nothing)
{
    struct outcome *outcomes[2];
    struct corpus corpus = { .count = 0 };

    list_files(&corpus);
    for (size_t i = 0; i < 2; i++)
        outcomes[i] = calloc(FILES_MAX, sizeof **outcomes);

    if (corpus.count > 0) {
        work_all(&corpus, "required", outcomes[0]);
        work_all(&corpus, "none", outcomes[1]);
        report(&corpus, outcomes[0]);
    }
    for (size_t i = 0; i < corpus.count; i++) {
        check_failure(corpus.paths[i], &outcomes[0][i]);
        ck_assert_msg(memcmp(&outcomes[0][i], &outcomes[1][i], sizeof **outcomes) == 0,
                      "%s ends in another way under the sandbox: \"%s\", not \"%s\"", corpus.paths[i],
                      outcomes[0][i].text, outcomes[1][i].text);
    }

    free(outcomes[0]);
    free(outcomes[1]);
    free_files(&corpus);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("worker_corpora");
    TCase *tests = tcase_create("worker_corpora");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, UNIT_TIMEOUT_S);
    tcase_add_test(tests, every_bad_picture_ends_and_the_sandbox_changes_nothing);

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
