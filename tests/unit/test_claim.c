/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lies under the names of a job's outputs, and what each Existing= makes of that. */
#include "supervisor/claim.h"

#include "base/cleanup.h"
#include "base/fd_io.h"
#include "hot_folders.h"
#include "unit_main.h"

#include <errno.h>

static struct hot_folders hot;
static struct claim_context context;
static struct job *job;
static int moves;
static const char *taken_name; /* by another source, as the ledger says */

static int move(void *user, const struct job *moved, const struct job_output *output, const char *path)
{
    ck_assert_ptr_eq(user, &hot);
    ck_assert_ptr_eq(moved, job);
    ck_assert_ptr_nonnull(output);
    moves++;
    return taken_name && strcmp(path, taken_name) == 0 ? -EEXIST : 0;
}

/* A job whose planned outputs are a.10.png and a.20.png. */
static void setup(enum existing existing)
{
    hot_open(&hot, 1, HOT_RECIPE);
    hot_write(hot.in[0], "a.jpg", "source");
    hot.conf->existing = existing;
    job = hot_job(&hot, 0, 1, "a.jpg");
    ck_assert_ptr_nonnull(job_add_output(job, 0, "a.10.png"));
    ck_assert_ptr_nonnull(job_add_output(job, 1, "a.20.png"));
    context = (struct claim_context){
        .conf = hot.conf,
        .root = open(hot.out[0], O_PATH | O_DIRECTORY | O_CLOEXEC),
        .source_root = open(hot.in[0], O_PATH | O_DIRECTORY | O_CLOEXEC),
        .move = move,
        .user = &hot,
    };
    moves = 0;
    taken_name = NULL;
}

static void teardown(void)
{
    job_free(job);
    close(context.root);
    close(context.source_root);
    hot_close(&hot);
}

/* A file of somebody else's, as much younger than the source. */
static void put(const char *name, int younger_s)
{
    char path[PATH_MAX];
    struct stat st;

    hot_write(hot.out[0], name, "\x89PNG\r\n\x1a\nas far as anybody can see from its start");
    snprintf(path, sizeof path, "%s/%s", hot.in[0], "a.jpg");
    ck_assert_int_eq(stat(path, &st), 0);
    st.st_mtim.tv_sec += younger_s;
    snprintf(path, sizeof path, "%s/%s", hot.out[0], name);
    ck_assert_int_eq(utimensat(AT_FDCWD, path, (struct timespec[2]){ st.st_mtim, st.st_mtim }, 0), 0);
}

static void make_both(void)
{
    job->outputs[0].made = job->outputs[1].made = true;
}

static const enum existing all_policies[] = { EXISTING_FAIL, EXISTING_ADOPT, EXISTING_SKIP,
                                              EXISTING_OVERWRITE, EXISTING_NUMBER };

START_TEST(names_under_which_nothing_is_may_be_had)
{
    setup(all_policies[_i]);
    ck_assert_int_eq(claim_outputs(&context, job, false), VERDICT_OK);
    make_both();
    ck_assert_int_eq(claim_outputs(&context, job, true), VERDICT_OK);
    ck_assert_int_eq(moves, 0);
    teardown();
}
END_TEST

START_TEST(what_is_ours_may_be_replaced)
{
    struct version version;

    setup(all_policies[_i]);
    put("a.10.png", 10);
    version = hot_version(hot.out[0], "a.10.png");
    job->outputs[0].before =
        (struct published){ .inode = version.inode, .size = version.size, .mtime_ns = version.mtime_ns };
    make_both();
    ck_assert_int_eq(claim_outputs(&context, job, true), VERDICT_OK);
    ck_assert(job->outputs[0].made && !job->outputs[0].adopted);
    teardown();
}
END_TEST

/* Of the three that make a file ours, one alone is another. */
static const struct published others[] = { { .inode = 1 }, { .size = 1 }, { .mtime_ns = 1 } };

START_TEST(what_differs_in_one_respect_from_what_we_left_is_not_ours)
{
    struct version version;

    setup(EXISTING_FAIL);
    put("a.10.png", 10);
    version = hot_version(hot.out[0], "a.10.png");
    job->outputs[0].before = (struct published){ .inode = version.inode + others[_i].inode,
                                                 .size = version.size + others[_i].size,
                                                 .mtime_ns = version.mtime_ns + others[_i].mtime_ns };
    ck_assert_int_eq(claim_outputs(&context, job, false), VERDICT_FAILED);
    ck_assert_int_eq(job->failure.class, CLASS_CONFLICT);
    teardown();
}
END_TEST

START_TEST(a_file_in_the_way_is_a_conflict_before_any_work_is_done)
{
    setup(EXISTING_FAIL);
    put("a.20.png", 10);
    ck_assert_int_eq(claim_outputs(&context, job, false), VERDICT_FAILED);
    ck_assert_int_eq(job->failure.class, CLASS_CONFLICT);
    ck_assert_ptr_nonnull(strstr(job->failure.text, "a.20.png"));
    teardown();
}
END_TEST

START_TEST(a_whole_set_that_is_not_older_is_adopted_without_work)
{
    setup(EXISTING_ADOPT);
    put("a.10.png", 0);
    put("a.20.png", 5);
    ck_assert_int_eq(claim_outputs(&context, job, false), VERDICT_SETTLED);
    for (size_t i = 0; i < 2; i++) {
        ck_assert(job->outputs[i].made && job->outputs[i].adopted);
        ck_assert_uint_eq(job->outputs[i].after.inode, hot_version(hot.out[0], job->outputs[i].path).inode);
    }
    teardown();
}
END_TEST

START_TEST(what_is_no_picture_of_its_format_is_not_adopted)
{
    setup(EXISTING_ADOPT);
    put("a.20.png", 5);
    hot_write(hot.out[0], "a.10.png", "garbage");
    ck_assert_int_eq(claim_outputs(&context, job, false), VERDICT_FAILED);
    ck_assert_int_eq(job->failure.class, CLASS_CONFLICT);
    ck_assert_ptr_nonnull(strstr(job->failure.text, "(it does not begin as a picture"));
    teardown();
}
END_TEST

/* A ledger that is lost is lost whatever Existing= says. */
static const enum existing adopting_policies[] = { EXISTING_FAIL, EXISTING_ADOPT, EXISTING_SKIP,
                                                   EXISTING_OVERWRITE };

START_TEST(after_a_lost_ledger_all_policies_but_numbers_adopt)
{
    setup(adopting_policies[_i]);
    job->adopt = true;
    put("a.10.png", 5);
    put("a.20.png", 5);
    ck_assert_int_eq(claim_outputs(&context, job, false), VERDICT_SETTLED);
    ck_assert(job->outputs[0].adopted && job->outputs[1].adopted);
    ck_assert_int_eq(moves, 0);
    teardown();
}
END_TEST

static void make(struct job_output *output, const char *picture)
{
    output->made = true;
    output->fd = fd_memory("picture", picture, strlen(picture));
    output->bytes = strlen(picture);
}

/* a-1.png was made again as a-2.png; taking what is not older for ours may take another source's. */
START_TEST(after_a_lost_ledger_numbers_are_told_by_the_picture_itself)
{
    setup(EXISTING_NUMBER);
    job->adopt = true;
    hot_write(hot.out[0], "a.10.png", "theirs, of any");
    hot_write(hot.out[0], "a.10-1.png", "another source's");
    hot_write(hot.out[0], "a.10-2.png", "the picture");
    hot_write(hot.out[0], "a.20.png", "the larger one");
    ck_assert_int_eq(claim_outputs(&context, job, false), VERDICT_OK);
    make(&job->outputs[0], "the picture");
    make(&job->outputs[1], "the larger one");
    ck_assert_int_eq(claim_outputs(&context, job, true), VERDICT_SETTLED);
    ck_assert_str_eq(job->outputs[0].path, "a.10-2.png");
    ck_assert(job->outputs[0].adopted && job->outputs[1].adopted);
    ck_assert_uint_eq(job->outputs[0].after.inode, hot_version(hot.out[0], "a.10-2.png").inode);
    ck_assert_int_eq(moves, 1);
    teardown();
}
END_TEST

START_TEST(after_a_lost_ledger_a_number_that_is_another_sources_is_passed_over)
{
    setup(EXISTING_NUMBER);
    job->adopt = true;
    hot_write(hot.out[0], "a.10.png", "theirs, of any");
    hot_write(hot.out[0], "a.10-1.png", "the picture");
    taken_name = "a.10-1.png";
    make(&job->outputs[0], "the picture");
    ck_assert_int_eq(claim_outputs(&context, job, true), VERDICT_OK);
    ck_assert_str_eq(job->outputs[0].path, "a.10-2.png");
    ck_assert(!job->outputs[0].adopted);
    teardown();
}
END_TEST

/* The name is still reserved for a source that is gone. */
START_TEST(a_name_of_a_source_that_is_gone_is_to_be_had_where_nothing_is)
{
    setup(EXISTING_FAIL);
    job->outputs[0].inherited = true;
    ck_assert(claim_is_asked(job));
    ck_assert_int_eq(claim_outputs(&context, job, false), VERDICT_OK);
    ck_assert_int_eq(moves, 1);
    ck_assert(!job->outputs[0].inherited);

    job->outputs[0].inherited = true;
    put("a.10.png", 5);
    ck_assert_int_eq(claim_outputs(&context, job, false), VERDICT_FAILED);
    teardown();
}
END_TEST

START_TEST(a_name_of_a_source_that_is_still_there_is_not)
{
    setup(EXISTING_FAIL);
    hot_write(hot.in[0], "b.jpg", "its owner");
    job->outputs[0].inherited = true;
    job->outputs[0].owner = strdup("b.jpg");
    ck_assert_int_eq(claim_outputs(&context, job, false), VERDICT_FAILED);
    ck_assert_int_eq(moves, 0);
    ck_assert_int_eq(unlinkat(context.source_root, "b.jpg", 0), 0);
    ck_assert_int_eq(claim_outputs(&context, job, false), VERDICT_OK);
    ck_assert_int_eq(moves, 1);

    job->outputs[1].inherited = true; /* somebody else was faster */
    taken_name = "a.20.png";
    ck_assert_int_eq(claim_outputs(&context, job, false), VERDICT_FAILED);
    teardown();
}
END_TEST

/* The folder was held for it, until somebody took the link away. */
START_TEST(a_source_behind_a_link_that_came_in_its_way_is_gone)
{
    setup(EXISTING_FAIL);
    ck_assert_int_eq(symlinkat(hot.out[0], context.source_root, "d"), 0);
    job->outputs[0].inherited = true;
    job->outputs[0].owner = strdup("d/b.jpg");
    ck_assert_int_eq(claim_outputs(&context, job, false), VERDICT_OK);
    ck_assert_int_eq(moves, 1);
    teardown();
}
END_TEST

START_TEST(a_name_that_is_inherited_with_a_file_under_it_is_reserved_before_that_is_overwritten)
{
    setup(EXISTING_OVERWRITE);
    put("a.10.png", 5); /* what the source that is gone left behind */
    job->outputs[0].inherited = true;
    ck_assert_int_eq(claim_outputs(&context, job, false), VERDICT_OK);
    ck_assert_int_eq(moves, 1);
    ck_assert(!job->outputs[0].inherited);
    teardown();
}
END_TEST

START_TEST(what_a_source_that_is_gone_left_behind_is_not_adopted)
{
    setup(EXISTING_ADOPT);
    put("a.10.png", 5);
    job->outputs[0].inherited = job->outputs[0].stranger = true;
    ck_assert_int_eq(claim_outputs(&context, job, false), VERDICT_FAILED);
    ck_assert_int_eq(job->failure.class, CLASS_CONFLICT);
    ck_assert_int_eq(moves, 0);
    teardown();
}
END_TEST

START_TEST(a_number_taken_instead_of_an_inherited_name_is_kept)
{
    setup(EXISTING_NUMBER);
    hot_write(hot.in[0], "b.jpg", "its owner, which came back");
    job->outputs[0].inherited = true;
    job->outputs[0].owner = strdup("b.jpg");
    ck_assert_int_eq(claim_outputs(&context, job, false), VERDICT_OK);
    ck_assert_str_eq(job->outputs[0].path, "a.10-1.png");
    make_both();
    ck_assert_int_eq(claim_outputs(&context, job, true), VERDICT_OK);
    ck_assert_str_eq(job->outputs[0].path, "a.10-1.png");
    teardown();
}
END_TEST

START_TEST(pages_are_numbered_each_for_itself)
{
    setup(EXISTING_NUMBER);
    free(job->outputs[1].path);
    job->outputs[1].path = strdup("a.10-1.png"); /* as another page may be called */
    job->outputs[1].rendition = 0;
    job->outputs[1].page = 2;
    put("a.10.png", 5);
    ck_assert_int_eq(claim_outputs(&context, job, false), VERDICT_OK);
    ck_assert_str_eq(job->outputs[0].path, "a.10-2.png");
    ck_assert_str_eq(job->outputs[1].path, "a.10-1.png");
    ck_assert_uint_eq(job->outputs[0].page, 1);
    teardown();
}
END_TEST

START_TEST(one_page_of_a_document_may_be_skipped)
{
    setup(EXISTING_SKIP);
    job->outputs[1].rendition = 0;
    job->outputs[1].page = 2;
    put("a.20.png", 5);
    make_both();
    ck_assert_int_eq(claim_outputs(&context, job, true), VERDICT_OK);
    ck_assert(!job->outputs[0].skipped && job->outputs[0].made);
    ck_assert(job->outputs[1].skipped && !job->outputs[1].made);
    teardown();
}
END_TEST

START_TEST(a_directory_that_cannot_be_made_is_neither_skipped_nor_numbered_past)
{
    setup(all_policies[_i]);
    free(job->outputs[0].path);
    job->outputs[0].path = strdup("sub/a.png");
    hot_write(hot.out[0], "sub", "a file where a directory is needed");
    ck_assert_int_eq(claim_outputs(&context, job, false), VERDICT_FAILED);
    ck_assert_int_eq(job->failure.class, CLASS_CONFLICT);
    ck_assert_int_eq(moves, 0);
    teardown();
}
END_TEST

/* The finished picture was let go, and the folder was held for ever when the adopted one went away meanwhile. */
START_TEST(a_picture_is_kept_until_the_job_ends_even_if_another_one_stands_for_it)
{
    setup(EXISTING_ADOPT);
    put("a.10.png", 5);
    make_both();
    job->outputs[0].fd = fd_memory("picture", "x", 1);
    ck_assert_int_eq(claim_outputs(&context, job, true), VERDICT_OK);
    ck_assert(job->outputs[0].adopted);
    ck_assert_int_ge(job->outputs[0].fd, 0);
    ck_assert_int_eq(unlinkat(context.root, "a.10.png", 0), 0);
    ck_assert_int_eq(claim_outputs(&context, job, true), VERDICT_OK);
    ck_assert(job->outputs[0].made && !job->outputs[0].adopted && job->outputs[0].fd >= 0);
    teardown();
}
END_TEST

START_TEST(a_file_older_than_the_source_is_not_adopted)
{
    setup(EXISTING_ADOPT);
    put("a.10.png", -1);
    put("a.20.png", 5);
    ck_assert_int_eq(claim_outputs(&context, job, false), VERDICT_FAILED);
    ck_assert_int_eq(job->failure.class, CLASS_CONFLICT);
    ck_assert_ptr_nonnull(strstr(job->failure.text, "(it is older than the source)"));
    teardown();
}
END_TEST

START_TEST(part_of_a_set_is_adopted_when_the_rest_was_made)
{
    setup(EXISTING_ADOPT);
    put("a.10.png", 5);
    ck_assert_int_eq(claim_outputs(&context, job, false), VERDICT_OK);
    ck_assert(!job->outputs[0].adopted);
    make_both();
    ck_assert_int_eq(claim_outputs(&context, job, true), VERDICT_OK);
    ck_assert(job->outputs[0].adopted && !job->outputs[1].adopted);
    teardown();
}
END_TEST

/* The widest output of a small picture is never made: that it is not there does not make the set half a one. */
START_TEST(after_a_lost_ledger_what_is_made_again_and_all_there_is_adopted)
{
    setup(EXISTING_FAIL);
    job->adopt = true;
    put("a.10.png", 5);
    ck_assert_int_eq(claim_outputs(&context, job, false), VERDICT_OK);
    job->outputs[0].made = true;
    ck_assert_int_eq(claim_outputs(&context, job, true), VERDICT_SETTLED);
    ck_assert(job->outputs[0].adopted);
    teardown();
}
END_TEST

START_TEST(after_a_lost_ledger_half_a_set_is_a_conflict)
{
    setup(EXISTING_FAIL);
    job->adopt = true;
    put("a.10.png", 5);
    make_both();
    ck_assert_int_eq(claim_outputs(&context, job, true), VERDICT_FAILED);
    ck_assert_int_eq(job->failure.class, CLASS_CONFLICT);
    ck_assert_ptr_nonnull(strstr(job->failure.text, "(not all of its outputs are there)"));
    teardown();
}
END_TEST

START_TEST(what_is_in_the_way_is_skipped)
{
    setup(EXISTING_SKIP);
    put("a.10.png", -100);
    ck_assert_int_eq(claim_outputs(&context, job, false), VERDICT_OK);
    make_both();
    ck_assert_int_eq(claim_outputs(&context, job, true), VERDICT_OK);
    ck_assert(!job->outputs[0].made && job->outputs[1].made);

    put("a.20.png", -100);
    ck_assert_int_eq(claim_outputs(&context, job, false), VERDICT_SETTLED);
    ck_assert(!job->outputs[0].made && !job->outputs[1].made);
    teardown();
}
END_TEST

START_TEST(what_is_in_the_way_is_numbered_past)
{
    setup(EXISTING_NUMBER);
    put("a.10.png", 5);
    put("a.10-1.png", 5);
    taken_name = "a.10-2.png";
    ck_assert_int_eq(claim_outputs(&context, job, false), VERDICT_OK);
    ck_assert_str_eq(job->outputs[0].path, "a.10-3.png");
    ck_assert_str_eq(job->outputs[1].path, "a.20.png");
    ck_assert_int_eq(moves, 2); /* what is on the disk is seen before the ledger is asked */

    /* Taken meanwhile: it goes on from there. */
    make_both();
    put("a.10-3.png", 5);
    ck_assert_int_eq(claim_outputs(&context, job, true), VERDICT_OK);
    ck_assert_str_eq(job->outputs[0].path, "a.10-4.png");
    teardown();
}
END_TEST

START_TEST(a_new_version_gets_the_number_that_the_one_before_had)
{
    struct version version;

    setup(EXISTING_NUMBER);
    put("a.10.png", 5);
    put("a.10-1.png", 5);
    version = hot_version(hot.out[0], "a.10-1.png");
    ck_assert_ptr_nonnull(job_add_output(job, RENDITION_NONE, "a.10-1.png"));
    job->outputs[2].before =
        (struct published){ .inode = version.inode, .size = version.size, .mtime_ns = version.mtime_ns };
    ck_assert_int_eq(claim_outputs(&context, job, false), VERDICT_OK);

    /* The entry of that name is the output, and nothing is left to remove. */
    ck_assert_uint_eq(job->outputs[2].rendition, 0);
    ck_assert_uint_eq(job->outputs[2].before.inode, version.inode);
    ck_assert_uint_eq(job->outputs[0].rendition, RENDITION_NONE);
    ck_assert_uint_eq(job->outputs[0].before.inode, 0);
    teardown();
}
END_TEST

static const enum existing never_directories[] = { EXISTING_FAIL, EXISTING_ADOPT, EXISTING_OVERWRITE };

START_TEST(a_directory_in_the_way_is_a_conflict)
{
    char path[PATH_MAX];

    setup(never_directories[_i]);
    snprintf(path, sizeof path, "%s/a.10.png", hot.out[0]);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    ck_assert_int_eq(claim_outputs(&context, job, false), VERDICT_FAILED);
    ck_assert_int_eq(job->failure.class, CLASS_CONFLICT);
    teardown();
}
END_TEST

UNIT_MAIN("claim", UNIT_ROWS(names_under_which_nothing_is_may_be_had, all_policies),
          UNIT_ROWS(what_is_ours_may_be_replaced, all_policies),
          UNIT_ROWS(what_differs_in_one_respect_from_what_we_left_is_not_ours, others),
          UNIT_TEST(a_file_in_the_way_is_a_conflict_before_any_work_is_done),
          UNIT_TEST(a_whole_set_that_is_not_older_is_adopted_without_work),
          UNIT_TEST(a_file_older_than_the_source_is_not_adopted),
          UNIT_TEST(what_is_no_picture_of_its_format_is_not_adopted),
          UNIT_ROWS(after_a_lost_ledger_all_policies_but_numbers_adopt, adopting_policies),
          UNIT_TEST(after_a_lost_ledger_numbers_are_told_by_the_picture_itself),
          UNIT_TEST(after_a_lost_ledger_a_number_that_is_another_sources_is_passed_over),
          UNIT_TEST(a_name_of_a_source_that_is_gone_is_to_be_had_where_nothing_is),
          UNIT_TEST(a_name_of_a_source_that_is_still_there_is_not),
          UNIT_TEST(a_source_behind_a_link_that_came_in_its_way_is_gone),
          UNIT_TEST(a_name_that_is_inherited_with_a_file_under_it_is_reserved_before_that_is_overwritten),
          UNIT_TEST(what_a_source_that_is_gone_left_behind_is_not_adopted),
          UNIT_TEST(a_number_taken_instead_of_an_inherited_name_is_kept),
          UNIT_TEST(pages_are_numbered_each_for_itself), UNIT_TEST(one_page_of_a_document_may_be_skipped),
          UNIT_ROWS(a_directory_that_cannot_be_made_is_neither_skipped_nor_numbered_past, all_policies),
          UNIT_TEST(a_picture_is_kept_until_the_job_ends_even_if_another_one_stands_for_it),
          UNIT_TEST(part_of_a_set_is_adopted_when_the_rest_was_made),
          UNIT_TEST(after_a_lost_ledger_what_is_made_again_and_all_there_is_adopted),
          UNIT_TEST(after_a_lost_ledger_half_a_set_is_a_conflict), UNIT_TEST(what_is_in_the_way_is_skipped),
          UNIT_TEST(what_is_in_the_way_is_numbered_past),
          UNIT_TEST(a_new_version_gets_the_number_that_the_one_before_had),
          UNIT_ROWS(a_directory_in_the_way_is_a_conflict, never_directories))
