/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Publishing: what lies in Output after each of its steps has gone well, badly, or not at all. */
#include "supervisor/publish.h"

#include "base/cleanup.h"
#include "hot_folders.h"
#include "publish_all.h"
#include "small_disk.h"
#include "trail.h"
#include "unit_main.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { INSTANCE = 0xabc };

static struct hot_folders hot;
static struct publish_context context;
static struct anchor output_anchor;
static int intents, intent_result;
static size_t intent_jobs;
static bool temporaries_were_there;
static void (*during_intent)(void);
static enum verdict source_verdict;

/* Instead of libc's, so that a test can let it fail: the @rename_fails-th call with @rename_errno. */
static int rename_calls, rename_fails, rename_errno;

int renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned flags)
{
    int r;

    if (++rename_calls == rename_fails) {
        errno = rename_errno;
        return -1;
    }
    r = (int)syscall(SYS_renameat2, from_directory, from, to_directory, to, flags);
    if (r == 0)
        trail_add("name", to_directory, to);
    return r;
}

static size_t count_temporaries(void)
{
    struct dirent **entries;
    int count = scandir(hot.out[0], &entries, NULL, NULL);
    size_t found = 0;

    for (int i = 0; i < count; i++) {
        found += strncmp(entries[i]->d_name, ".darkroom-", strlen(".darkroom-")) == 0;
        free(entries[i]);
    }
    free(entries);
    return found;
}

static int intent(struct job *const *jobs, size_t count)
{
    ck_assert_ptr_nonnull(jobs);
    intents++;
    intent_jobs += count;
    temporaries_were_there = count_temporaries() > 0;
    if (during_intent)
        during_intent();
    return intent_result;
}

static enum verdict compare(void *user, struct job *job)
{
    ck_assert_ptr_eq(user, &hot);
    ck_assert_ptr_nonnull(job);
    return source_verdict;
}

static void setup(void)
{
    hot_open(&hot, 1, HOT_RECIPE);
    anchor_set(&output_anchor, hot.out[0], true);
    context = (struct publish_context){
        .conf = hot.conf, .output = &output_anchor, .instance = INSTANCE, .user = &hot
    };
    intents = intent_result = 0;
    intent_jobs = 0;
    during_intent = NULL;
}

static void teardown(void)
{
    anchor_release(&output_anchor);
    hot_close(&hot);
}

static struct job *new_job(uint64_t id)
{
    return hot_job(&hot, 0, id, "a.jpg");
}

static enum verdict publish(struct job *job)
{
    enum verdict verdict = VERDICT_FAILED;

    publish_all(&context, &job, &verdict, 1, intent);
    return verdict;
}

/* What the ledger will know of an output as published. */
static struct published known(const char *name)
{
    struct version version = hot_version(hot.out[0], name);

    return (struct published){ .inode = version.inode, .size = version.size, .mtime_ns = version.mtime_ns };
}

static void expect_published(const struct job_output *output)
{
    struct published now = known(output->path);

    ck_assert_uint_eq(output->after.inode, now.inode);
    ck_assert_int_eq(output->after.size, now.size);
    ck_assert_int_eq(output->after.mtime_ns, now.mtime_ns);
}

START_TEST(a_picture_comes_out_under_its_name)
{
    struct job *job;

    setup();
    job = new_job(1);
    hot_output(job, 0, "a.png", "picture");
    ck_assert_int_eq(publish(job), VERDICT_OK);
    ck_assert_str_eq(hot_read(hot.out[0], "a.png"), "picture");
    ck_assert_uint_eq(hot_count(hot.out[0]), 1);
    expect_published(&job->outputs[0]);
    ck_assert_int_eq(intents, 1);
    ck_assert_msg(temporaries_were_there, "the intent came before the files");
    job_free(job);
    teardown();
}
END_TEST

#define FLUSHED "flush out0/.darkroom-00000abc-1-0.tmp\nflush out0\n"

static void expect_flushed(void)
{
    ck_assert_str_eq(trail_text, FLUSHED);
}

START_TEST(a_picture_is_on_the_disk_before_it_is_announced_and_before_it_has_its_name)
{
    struct job *job;

    setup();
    job = new_job(1);
    hot_output(job, 0, "a.png", "picture");
    during_intent = expect_flushed;
    trail_start(hot.scratch.path);
    ck_assert_int_eq(publish(job), VERDICT_OK);
    ck_assert_int_eq(intents, 1);
    ck_assert_str_eq(trail_text, FLUSHED "name out0/a.png\nflush out0\n");
    job_free(job);
    teardown();
}
END_TEST

START_TEST(an_empty_batch_does_nothing)
{
    setup();
    publish_all(&context, NULL, NULL, 0, intent);
    ck_assert_int_eq(intents, 0);
    teardown();
}
END_TEST

START_TEST(a_set_comes_out_whole_in_directories_of_its_own)
{
    struct job *job;
    struct stat st;

    setup();
    hot.conf->file_mode = 0604;
    hot.conf->directories.mode = 02775;
    umask(077);
    job = new_job(1);
    hot_output(job, 0, "x/y/a.png", "one");
    hot_output(job, 1, "x/z/a.png", "two");
    job_add_output(job, 2, "x/skipped.png"); /* too wide for the source */
    ck_assert_int_eq(publish(job), VERDICT_OK);
    umask(022);
    ck_assert_str_eq(hot_read(hot.out[0], "x/y/a.png"), "one");
    ck_assert_str_eq(hot_read(hot.out[0], "x/z/a.png"), "two");
    ck_assert(!hot_exists(hot.out[0], "x/skipped.png"));
    ck_assert_int_eq(fstatat(AT_FDCWD, hot.out[0], &st, 0), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0755); /* Output itself is the user's */
    for (int i = 0; i < 3; i++) {
        static const char *const names[] = { "x", "x/y", "x/y/a.png" };
        char path[PATH_MAX];

        snprintf(path, sizeof path, "%s/%s", hot.out[0], names[i]);
        ck_assert_int_eq(stat(path, &st), 0);
        ck_assert_uint_eq(st.st_mode & 07777, i < 2 ? 02775 : 0604);
    }
    job_free(job);
    teardown();
}
END_TEST

static const int both_eras[] = { 0, 1 };

START_TEST(outputs_and_their_directories_have_the_owner_and_the_time_that_are_asked_for)
{
    struct job *job;
    struct stat st;

    setup();
    if (geteuid() == 0) {
        hot.conf->directories.uid = 1234;
        hot.conf->directories.gid = 2345;
    }
    hot.conf->file_time = FILE_TIME_SOURCE;
    job = new_job(1);
    job->version.mtime_ns = _i == 0 ? 1234567890123456789 : -1234567890123456789; /* before 1970, too */
    hot_output(job, 0, "x/a.png", "one");
    ck_assert_int_eq(publish(job), VERDICT_OK);
    for (int i = 0; i < 2; i++) {
        char path[PATH_MAX];

        snprintf(path, sizeof path, "%s/%s", hot.out[0], i == 0 ? "x" : "x/a.png");
        ck_assert_int_eq(stat(path, &st), 0);
        ck_assert_uint_eq(st.st_uid, geteuid() == 0 ? 1234 : geteuid());
        ck_assert_uint_eq(st.st_gid, geteuid() == 0 ? 2345 : getegid());
    }
    ck_assert_int_eq(timespec_ns(&st.st_mtim), job->version.mtime_ns);
    expect_published(&job->outputs[0]);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(an_output_is_as_old_as_it_is_unless_its_sources_time_is_asked_for)
{
    struct job *job;

    setup();
    job = new_job(5);
    job->version.mtime_ns = NSEC_PER_SEC;
    hot_output(job, 0, "a.png", "picture");
    ck_assert_int_eq(publish(job), VERDICT_OK);
    ck_assert_int_gt(known("a.png").mtime_ns, NSEC_PER_SEC);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_batch_shares_one_intent)
{
    struct job *jobs[PUBLISH_BATCH_MAX];
    enum verdict verdicts[PUBLISH_BATCH_MAX];

    setup();
    for (uint64_t i = 0; i < PUBLISH_BATCH_MAX; i++) {
        char name[32];

        jobs[i] = new_job(i + 1);
        for (uint32_t j = 0; j < 3; j++) {
            snprintf(name, sizeof name, "%d-%u.png", (int)i, j);
            hot_output(jobs[i], j, name, name);
        }
    }
    publish_all(&context, jobs, verdicts, PUBLISH_BATCH_MAX, intent);
    ck_assert_int_eq(intents, 1);
    ck_assert_uint_eq(intent_jobs, PUBLISH_BATCH_MAX);
    ck_assert_uint_eq(hot_count(hot.out[0]), 3 * PUBLISH_BATCH_MAX);
    for (size_t i = 0; i < PUBLISH_BATCH_MAX; i++) {
        ck_assert_int_eq(verdicts[i], VERDICT_OK);
        ck_assert_str_eq(hot_read(hot.out[0], jobs[i]->outputs[2].path), jobs[i]->outputs[2].path);
        job_free(jobs[i]);
    }
    teardown();
}
END_TEST

/* What may be in the way of "a.png", and whether it gives way. */
static const struct {
    const char *name;
    char kind; /* f d l */
    int existing;
    bool ours, ok;
} in_the_way[] = {
    { "somebody's file", 'f', EXISTING_FAIL, false, false },
    { "somebody's file, to be overwritten", 'f', EXISTING_OVERWRITE, false, true },
    { "our earlier output", 'f', EXISTING_FAIL, true, true },
    { "a directory", 'd', EXISTING_FAIL, false, false },
    { "a directory, to be overwritten", 'd', EXISTING_OVERWRITE, false, false },
    { "a link", 'l', EXISTING_FAIL, false, false },
    { "a link, to be overwritten", 'l', EXISTING_OVERWRITE, false, false },
};

START_TEST(what_is_in_the_way_stays_unless_it_is_ours_or_may_go)
{
    struct job *job;
    char path[PATH_MAX];
    enum verdict verdict;

    setup();
    snprintf(path, sizeof path, "%s/a.png", hot.out[0]);
    hot.conf->existing = in_the_way[_i].existing;
    if (in_the_way[_i].kind == 'f')
        hot_write(hot.out[0], "a.png", "before");
    else if (in_the_way[_i].kind == 'd')
        ck_assert_int_eq(mkdir(path, 0755), 0);
    else
        ck_assert_int_eq(symlink("/nowhere", path), 0);

    job = new_job(1);
    hot_output(job, 0, "a.png", "after");
    hot_output(job, 1, "other.png", "after");
    if (in_the_way[_i].ours)
        job->outputs[0].before = known("a.png");
    verdict = publish(job);
    ck_assert_msg(verdict == (in_the_way[_i].ok ? VERDICT_OK : VERDICT_FAILED), "%s: %d", in_the_way[_i].name,
                  (int)verdict);
    if (in_the_way[_i].ok) {
        ck_assert_str_eq(hot_read(hot.out[0], "a.png"), "after");
        expect_published(&job->outputs[0]);
    } else {
        ck_assert_int_eq(job->failure.class, CLASS_CONFLICT);
        ck_assert_msg(strstr(job->failure.text, "a.png"), "%s", job->failure.text);
        ck_assert(in_the_way[_i].kind != 'f' || strcmp(hot_read(hot.out[0], "a.png"), "before") == 0);
        ck_assert_msg(!hot_exists(hot.out[0], "other.png"), "%s: half a set came out", in_the_way[_i].name);
        ck_assert_int_eq(intents, 0);
    }
    ck_assert_uint_eq(count_temporaries(), 0);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(our_output_that_somebody_changed_is_not_ours_any_more)
{
    struct job *job;

    setup();
    hot_write(hot.out[0], "a.png", "before");
    job = new_job(1);
    hot_output(job, 0, "a.png", "after");
    job->outputs[0].before = known("a.png");
    hot_write(hot.out[0], "a.png", "retouched by hand");
    ck_assert_int_eq(publish(job), VERDICT_FAILED);
    ck_assert_int_eq(job->failure.class, CLASS_CONFLICT);
    ck_assert_str_eq(hot_read(hot.out[0], "a.png"), "retouched by hand");
    job_free(job);
    teardown();
}
END_TEST

/* It was published as an empty file. */
START_TEST(an_output_that_stood_and_is_gone_by_now_is_to_be_made)
{
    struct job *job;

    setup();
    hot.conf[0].existing = EXISTING_ADOPT;
    job = new_job(1);
    hot_output(job, 0, "a.png", "found");
    job->outputs[0].fd = close_fd(job->outputs[0].fd);
    job->outputs[0].adopted = true;
    ck_assert_int_eq(publish(job), VERDICT_RETURNED);
    ck_assert_uint_eq(hot_count(hot.out[0]), 0);
    job_free(job);
    teardown();
}
END_TEST

static void take_the_name(void)
{
    hot_write(hot.out[0], "b.png", "somebody was faster");
}

START_TEST(a_name_taken_after_the_look_is_not_overwritten)
{
    struct job *job;

    setup();
    during_intent = take_the_name;
    job = new_job(1);
    hot_output(job, 0, "a.png", "ours");
    hot_output(job, 1, "b.png", "ours");
    ck_assert_int_eq(publish(job), VERDICT_FAILED);
    ck_assert_int_eq(job->failure.class, CLASS_CONFLICT);
    ck_assert_str_eq(hot_read(hot.out[0], "b.png"), "somebody was faster");
    ck_assert_uint_eq(hot_count(hot.out[0]), 1);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(an_output_that_is_not_made_any_more_is_removed_if_it_is_ours)
{
    struct job *job;

    setup();
    hot_write(hot.out[0], "ours.png", "x");
    hot_write(hot.out[0], "changed.png", "x");
    job = new_job(2);
    hot_output(job, 0, "a.png", "new");
    job_add_output(job, RENDITION_NONE, "ours.png")->before = known("ours.png");
    job_add_output(job, RENDITION_NONE, "changed.png")->before = known("changed.png");
    job_add_output(job, RENDITION_NONE, "long-gone.png")->before = (struct published){ 1, 2, 3 };
    hot_write(hot.out[0], "changed.png", "by hand");
    ck_assert_int_eq(publish(job), VERDICT_OK);
    ck_assert(!hot_exists(hot.out[0], "ours.png"));
    ck_assert_str_eq(hot_read(hot.out[0], "changed.png"), "by hand");
    ck_assert_str_eq(hot_read(hot.out[0], "a.png"), "new");
    job_free(job);
    teardown();
}
END_TEST

START_TEST(nothing_is_removed_for_a_job_that_is_given_up)
{
    struct job *job;

    setup();
    hot_write(hot.out[0], "ours.png", "x");
    hot_write(hot.out[0], "a.png", "somebody's");
    job = new_job(2);
    hot_output(job, 0, "a.png", "new");
    job_add_output(job, RENDITION_NONE, "ours.png")->before = known("ours.png");
    ck_assert_int_eq(publish(job), VERDICT_FAILED);
    ck_assert(hot_exists(hot.out[0], "ours.png"));
    job_free(job);
    teardown();
}
END_TEST

static const enum verdict source_verdicts[] = { VERDICT_SUPERSEDED, VERDICT_VANISHED, VERDICT_RETRY,
                                                VERDICT_RETURNED };

START_TEST(a_source_that_is_no_more_leaves_nothing_behind)
{
    struct job *job;

    setup();
    context.compare = compare;
    source_verdict = source_verdicts[_i];
    job = new_job(1);
    hot_output(job, 0, "dir/a.png", "x");
    ck_assert_int_eq(publish(job), source_verdicts[_i]);
    ck_assert_uint_eq(hot_count(hot.out[0]), 0);
    ck_assert_int_eq(intents, 0);
    source_verdict = VERDICT_OK;
    ck_assert_int_eq(publish(job), VERDICT_OK);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(without_the_intent_nothing_comes_out)
{
    struct job *job;

    setup();
    intent_result = -EPIPE;
    hot_write(hot.out[0], "old.png", "x");
    job = new_job(1);
    hot_output(job, 0, "a.png", "x");
    job_add_output(job, RENDITION_NONE, "old.png")->before = known("old.png");
    ck_assert_int_eq(publish(job), VERDICT_RETURNED);
    ck_assert(temporaries_were_there);
    ck_assert_uint_eq(hot_count(hot.out[0]), 1);
    ck_assert(hot_exists(hot.out[0], "old.png"));
    job_free(job);
    teardown();
}
END_TEST

START_TEST(one_bad_job_does_not_disturb_its_neighbours)
{
    struct job *jobs[3];
    enum verdict verdicts[3];

    setup();
    hot_write(hot.out[0], "1.png", "in the way");
    for (size_t i = 0; i < 3; i++) {
        static const char *const names[] = { "0.png", "1.png", "2.png" };

        jobs[i] = new_job(i + 1);
        hot_output(jobs[i], 0, names[i], "x");
    }
    publish_all(&context, jobs, verdicts, 3, intent);
    ck_assert_int_eq(verdicts[0], VERDICT_OK);
    ck_assert_int_eq(verdicts[1], VERDICT_FAILED);
    ck_assert_int_eq(verdicts[2], VERDICT_OK);
    ck_assert_uint_eq(intent_jobs, 2);
    ck_assert_uint_eq(hot_count(hot.out[0]), 3);
    for (size_t i = 0; i < 3; i++)
        job_free(jobs[i]);
    teardown();
}
END_TEST

/* What Output itself may be instead of a directory: the disk is not mounted, the folder is held. */
START_TEST(an_output_directory_that_is_not_there_holds_the_folder)
{
    struct job *job;

    setup();
    job = new_job(1);
    hot_output(job, 0, "a.png", "x");
    ck_assert_int_eq(rmdir(hot.out[0]), 0);
    if (_i == 1)
        hot_write(hot.scratch.path, "out0", "a file");
    if (_i == 2)
        ck_assert_int_eq(symlink("out0", hot.out[0]), 0); /* to itself */
    ck_assert_int_eq(publish(job), VERDICT_RETRY);
    ck_assert_int_eq(job->failure.class, CLASS_ENVIRONMENT);
    job->resume = RESUME_PUBLISH;
    ck_assert_int_eq(publish_resume(&context, job), VERDICT_RETRY);
    ck_assert_int_eq(job->failure.class, CLASS_ENVIRONMENT);

    unlink(hot.out[0]);
    ck_assert_int_eq(mkdir(hot.out[0], 0755), 0);
    ck_assert_int_eq(publish(job), VERDICT_OK);
    ck_assert_str_eq(hot_read(hot.out[0], "a.png"), "x");
    job_free(job);
    teardown();
}
END_TEST

static const int output_holes[] = { 0, 1, 2 };

START_TEST(a_full_disk_holds_the_folder_and_leaves_nothing)
{
    static char big[200 << 10];
    char filler[PATH_MAX];
    struct job *job;

    setup();
    if (small_disk_mount(hot.out[0], "size=256k,mode=0755")) {
        memset(big, 'x', sizeof big - 1);
        hot_write(hot.out[0], "old.png", "x");
        job = new_job(1);
        hot_output(job, 0, "a.png", "small");
        hot_output(job, 1, "d/b.png", big);
        job_add_output(job, RENDITION_NONE, "old.png")->before = known("old.png");
        small_disk_fill(hot.out[0], "filler");
        for (int i = 0; i < 3; i++) {
            ck_assert_int_eq(publish(job), VERDICT_RETRY);
            ck_assert_int_eq(job->failure.class, CLASS_ENVIRONMENT);
            ck_assert_uint_eq(count_temporaries(), 0);
            ck_assert(!hot_exists(hot.out[0], "a.png"));
            ck_assert(hot_exists(hot.out[0], "old.png"));
        }
        ck_assert_int_eq(intents, 0);

        snprintf(filler, sizeof filler, "%s/filler", hot.out[0]);
        ck_assert_int_eq(unlink(filler), 0);
        ck_assert_int_eq(publish(job), VERDICT_OK);
        ck_assert_str_eq(hot_read(hot.out[0], "a.png"), "small");
        ck_assert_int_eq(hot_version(hot.out[0], "d/b.png").size, (int64_t)sizeof big - 1);
        job_free(job);
        umount(hot.out[0]);
    }
    teardown();
}
END_TEST

START_TEST(no_inodes_left_holds_the_folder)
{
    struct job *job;
    char filler[PATH_MAX];

    setup();
    if (small_disk_mount(hot.out[0], "size=256k,nr_inodes=3,mode=0755")) {
        hot_write(hot.out[0], "filler", "");
        job = new_job(1);
        hot_output(job, 0, "a.png", "x");
        hot_output(job, 1, "b.png", "x");
        ck_assert_int_eq(publish(job), VERDICT_RETRY);
        ck_assert_uint_eq(hot_count(hot.out[0]), 1);
        snprintf(filler, sizeof filler, "%s/filler", hot.out[0]);
        unlink(filler);
        ck_assert_int_eq(publish(job), VERDICT_OK);
        job_free(job);
        umount(hot.out[0]);
    }
    teardown();
}
END_TEST

/* It was rolled back: an output that people could see already went away again. */
START_TEST(a_rename_that_fails_after_the_intent_rolls_forward)
{
    struct job *job;

    setup();
    job = new_job(1);
    hot_output(job, 0, "a.png", "one");
    hot_output(job, 1, "b.png", "two");
    rename_calls = 0;
    rename_fails = 2;
    rename_errno = EIO;
    ck_assert_int_eq(publish(job), VERDICT_RETRY);
    ck_assert_int_eq(job->failure.class, CLASS_ENVIRONMENT);
    ck_assert_int_eq(job->resume, RESUME_PUBLISH);
    ck_assert_str_eq(hot_read(hot.out[0], "a.png"), "one");
    ck_assert_uint_eq(hot_count(hot.out[0]), 2);
    ck_assert_int_eq(publish_resume(&context, job), VERDICT_OK);
    ck_assert_str_eq(hot_read(hot.out[0], "a.png"), "one");
    ck_assert_str_eq(hot_read(hot.out[0], "b.png"), "two");
    ck_assert_uint_eq(hot_count(hot.out[0]), 2);
    expect_published(&job->outputs[0]);
    expect_published(&job->outputs[1]);
    job_free(job);
    teardown();
}
END_TEST

/* NFS, for one, has no RENAME_NOREPLACE: EINVAL held a folder with such an output for ever. */
START_TEST(a_file_system_without_noreplace_is_published_to)
{
    struct job *job;

    setup();
    job = new_job(1);
    hot_output(job, 0, "a.png", "one");
    rename_calls = 0;
    rename_fails = 1;
    rename_errno = EINVAL;
    ck_assert_int_eq(publish(job), VERDICT_OK);
    ck_assert_str_eq(hot_read(hot.out[0], "a.png"), "one");
    ck_assert_uint_eq(hot_count(hot.out[0]), 1);
    expect_published(&job->outputs[0]);
    job_free(job);
    teardown();
}
END_TEST

static void take_a(void)
{
    hot_write(hot.out[0], "a.png", "somebody was faster");
}

START_TEST(a_file_system_without_noreplace_replaces_nothing_either)
{
    struct job *job;

    setup();
    job = new_job(1);
    hot_output(job, 0, "a.png", "one");
    during_intent = take_a;
    rename_calls = 0;
    rename_fails = 1;
    rename_errno = EINVAL;
    ck_assert_int_eq(publish(job), VERDICT_FAILED);
    ck_assert_int_eq(job->failure.class, CLASS_CONFLICT);
    ck_assert_str_eq(hot_read(hot.out[0], "a.png"), "somebody was faster");
    ck_assert_uint_eq(hot_count(hot.out[0]), 1);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(an_earlier_attempts_temporary_file_is_no_obstacle)
{
    char temporary[PUBLISH_TEMPORARY_MAX];
    struct job *job;

    setup();
    hot_write(hot.out[0], publish_temporary(INSTANCE, 1, 0, temporary, sizeof temporary),
              "longer than the new one");
    job = new_job(1);
    hot_output(job, 0, "a.png", "new");
    ck_assert_int_eq(publish(job), VERDICT_OK);
    ck_assert_str_eq(hot_read(hot.out[0], "a.png"), "new");
    ck_assert_uint_eq(hot_count(hot.out[0]), 1);
    job_free(job);
    teardown();
}
END_TEST

static const struct {
    const char *name, *directory;
    bool ok;
} placed[] = {
    { "a file where a directory is needed", "f", false },
    { "a link where a directory is needed", "l", false },
};

START_TEST(something_in_the_directorys_place_is_a_conflict)
{
    struct job *job;
    char path[PATH_MAX];

    setup();
    hot_write(hot.out[0], "f", "a file");
    snprintf(path, sizeof path, "%s/l", hot.out[0]);
    ck_assert_int_eq(symlink(hot.in[0], path), 0);
    snprintf(path, sizeof path, "%s/a.png", placed[_i].directory);
    job = new_job(1);
    hot_output(job, 0, path, "x");
    ck_assert_msg(publish(job) == VERDICT_FAILED, "%s", placed[_i].name);
    ck_assert_int_eq(job->failure.class, CLASS_CONFLICT);
    ck_assert_uint_eq(hot_count(hot.in[0]), 0);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(names_are_bytes_and_as_long_as_may_be)
{
    char name[300] = "-\n%s\xff[Q=1]", too_long[300];
    struct job *jobs[2];
    enum verdict verdicts[2];

    setup();
    memset(name + strlen(name), 'x', 255 - strlen(name));
    memset(too_long, 'y', 256);
    too_long[256] = '\0';
    jobs[0] = new_job(1);
    hot_output(jobs[0], 0, name, "x");
    jobs[1] = new_job(2);
    hot_output(jobs[1], 0, too_long, "x");
    publish_all(&context, jobs, verdicts, 2, intent);
    ck_assert_int_eq(verdicts[0], VERDICT_OK);
    ck_assert_str_eq(hot_read(hot.out[0], name), "x");
    ck_assert_int_eq(verdicts[1], VERDICT_FAILED);
    ck_assert_int_eq(jobs[1]->failure.class, CLASS_PERMANENT);
    ck_assert_uint_eq(hot_count(hot.out[0]), 1);
    job_free(jobs[0]);
    job_free(jobs[1]);
    teardown();
}
END_TEST

/* ---- after a crash ---- */

/* A job as the ledger gives it back after its intent: three outputs, an obsolete one, no pictures. */
static struct job *resumed_job(void)
{
    struct job *job = new_job(5);

    for (uint32_t i = 0; i < 3; i++) {
        static const char *const names[] = { "0.png", "d/1.png", "2.png" };

        job_add_output(job, i, names[i])->made = true;
    }
    job_add_output(job, RENDITION_NONE, "obsolete.png")->before = known("obsolete.png");
    job->resume = RESUME_PUBLISH;
    job->state = JOB_PUBLISHING;
    return job;
}

static void write_temporary(const struct job_output *output)
{
    char name[PUBLISH_TEMPORARY_MAX], path[HOT_PATH_MAX];
    const char *slash = strrchr(output->path, '/');

    snprintf(path, sizeof path, "%.*s%s", slash ? (int)(slash - output->path + 1) : 0, output->path,
             publish_temporary(INSTANCE, 5, output->rendition, name, sizeof name));
    hot_write(hot.out[0], path, output->path);
}

static const int renamed_before[] = { 0, 1, 2, 3 };

START_TEST(a_set_cut_short_by_a_crash_is_completed)
{
    char path[PATH_MAX];
    struct job *job;

    setup();
    snprintf(path, sizeof path, "%s/d", hot.out[0]);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    hot_write(hot.out[0], "obsolete.png", "x");
    job = resumed_job();
    for (int i = 0; i < 3; i++)
        if (i < renamed_before[_i])
            hot_write(hot.out[0], job->outputs[i].path, job->outputs[i].path);
        else
            write_temporary(&job->outputs[i]);
    ck_assert_int_eq(publish_resume(&context, job), VERDICT_OK);
    for (int i = 0; i < 3; i++) {
        ck_assert_str_eq(hot_read(hot.out[0], job->outputs[i].path), job->outputs[i].path);
        expect_published(&job->outputs[i]);
    }
    ck_assert_uint_eq(hot_count(hot.out[0]), 3); /* "d", and nothing hidden */
    ck_assert_uint_eq(hot_count(path), 1);
    ck_assert_int_eq(publish_resume(&context, job), VERDICT_OK); /* and once more, after another crash */
    ck_assert_int_eq(intents, 0);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(an_output_of_which_nothing_is_left_has_to_be_made_again)
{
    struct job *job;

    setup();
    hot_write(hot.out[0], "obsolete.png", "x");
    job = resumed_job();
    write_temporary(&job->outputs[0]);
    ck_assert_int_eq(publish_resume(&context, job), VERDICT_RETURNED);
    job_free(job);
    teardown();
}
END_TEST

/* The old version under the name was taken for the new one when the temporary file was gone. */
START_TEST(the_version_before_is_not_what_was_to_be_published)
{
    struct job *job;

    setup();
    hot_write(hot.out[0], "a.png", "the version before");
    job = new_job(5);
    job_add_output(job, 0, "a.png")->made = true;
    job->outputs[0].before = known("a.png");
    job->resume = RESUME_PUBLISH;
    ck_assert_int_eq(publish_resume(&context, job), VERDICT_RETURNED);
    write_temporary(&job->outputs[0]);
    ck_assert_int_eq(publish_resume(&context, job), VERDICT_OK);
    ck_assert_str_eq(hot_read(hot.out[0], "a.png"), "a.png");
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_name_taken_while_the_daemon_was_away_is_a_conflict)
{
    struct job *job;

    setup();
    hot_write(hot.out[0], "a.png", "somebody's");
    job = new_job(5);
    job_add_output(job, 0, "a.png")->made = true;
    job->resume = RESUME_PUBLISH;
    write_temporary(&job->outputs[0]);
    ck_assert_int_eq(publish_resume(&context, job), VERDICT_FAILED);
    ck_assert_int_eq(job->failure.class, CLASS_CONFLICT);
    ck_assert_str_eq(hot_read(hot.out[0], "a.png"), "somebody's");
    job_free(job);
    teardown();
}
END_TEST

/* Nothing was to be renamed below Output, and the job was done. */
START_TEST(what_was_announced_for_another_output_is_swept_there_and_made_again)
{
    char path[PATH_MAX];
    struct job *job;

    setup();
    snprintf(path, sizeof path, "%s/before", hot.out[0]);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    hot_write(path,
              publish_temporary(INSTANCE, 5, 0, (char[PUBLISH_TEMPORARY_MAX]){ 0 }, PUBLISH_TEMPORARY_MAX),
              "x");
    hot_write(path, "b.png", "x");
    snprintf(path, sizeof path, "%s/before/a.png", hot.out[0]);
    job = new_job(5);
    job_add_output(job, 0, path)->made = true;
    job->outputs[0].elsewhere = true;
    job->resume = RESUME_PUBLISH;
    ck_assert_int_eq(publish_resume(&context, job), VERDICT_RETURNED);
    snprintf(path, sizeof path, "%s/before", hot.out[0]);
    ck_assert_uint_eq(hot_count(path), 1);
    ck_assert_uint_eq(hot_count(hot.out[0]), 1);
    job_free(job);
    teardown();
}
END_TEST

/* Another source took the name over meanwhile (Existing=overwrite). */
START_TEST(an_original_does_not_go_for_outputs_that_are_no_more)
{
    struct job *job;

    setup();
    job = new_job(5);
    job->resume = RESUME_PUBLISH;
    job->original = ORIGINAL_PENDING;
    ck_assert_int_eq(publish_resume(&context, job), VERDICT_RETURNED);
    job->original = ORIGINAL_SETTLED; /* it had only something to remove */
    ck_assert_int_eq(publish_resume(&context, job), VERDICT_OK);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(what_was_given_up_is_swept)
{
    char temporary[PUBLISH_TEMPORARY_MAX], path[PATH_MAX];

    setup();
    hot_write(hot.out[0], publish_temporary(INSTANCE, 7, 2, temporary, sizeof temporary), "x");
    hot_write(hot.out[0], "a.png", "x");
    snprintf(path, sizeof path, "%s/a.png", hot.out[0]);
    ck_assert_int_eq(publish_sweep(INSTANCE + 1, path, 7, 2), 0); /* another daemon's is not ours */
    ck_assert_int_eq(publish_sweep(INSTANCE, path, 8, 2), 0);
    ck_assert_int_eq(publish_sweep(INSTANCE, path, 7, 1), 0);
    ck_assert_uint_eq(hot_count(hot.out[0]), 2);
    ck_assert_int_eq(publish_sweep(INSTANCE, path, 7, 2), 0);
    ck_assert_uint_eq(hot_count(hot.out[0]), 1);
    ck_assert_int_eq(publish_sweep(INSTANCE, path, 7, 2), 0); /* there is none */
    ck_assert_int_eq(publish_sweep(INSTANCE, "relative", 7, 2), -EINVAL);
    ck_assert(hot_exists(hot.out[0], "a.png"));
    teardown();
}
END_TEST

START_TEST(a_temporary_name_is_hidden_and_fits_its_buffer)
{
    char name[PUBLISH_TEMPORARY_MAX];

    publish_temporary(UINT32_MAX, UINT64_MAX, UINT32_MAX, name, sizeof name);
    ck_assert_int_eq(name[0], '.');
    ck_assert_str_eq(name + strlen(name) - strlen("-4294967295.tmp"), "-4294967295.tmp");
}
END_TEST

UNIT_MAIN("publish", UNIT_TEST(a_picture_comes_out_under_its_name),
          UNIT_TEST(a_picture_is_on_the_disk_before_it_is_announced_and_before_it_has_its_name),
          UNIT_TEST(an_empty_batch_does_nothing), UNIT_TEST(a_set_comes_out_whole_in_directories_of_its_own),
          UNIT_ROWS(outputs_and_their_directories_have_the_owner_and_the_time_that_are_asked_for, both_eras),
          UNIT_TEST(an_output_is_as_old_as_it_is_unless_its_sources_time_is_asked_for),
          UNIT_TEST(a_batch_shares_one_intent),
          UNIT_ROWS(what_is_in_the_way_stays_unless_it_is_ours_or_may_go, in_the_way),
          UNIT_TEST(our_output_that_somebody_changed_is_not_ours_any_more),
          UNIT_TEST(an_output_that_stood_and_is_gone_by_now_is_to_be_made),
          UNIT_TEST(a_name_taken_after_the_look_is_not_overwritten),
          UNIT_TEST(an_output_that_is_not_made_any_more_is_removed_if_it_is_ours),
          UNIT_TEST(nothing_is_removed_for_a_job_that_is_given_up),
          UNIT_ROWS(a_source_that_is_no_more_leaves_nothing_behind, source_verdicts),
          UNIT_TEST(without_the_intent_nothing_comes_out),
          UNIT_TEST(one_bad_job_does_not_disturb_its_neighbours),
          UNIT_ROWS(an_output_directory_that_is_not_there_holds_the_folder, output_holes),
          UNIT_TEST(a_full_disk_holds_the_folder_and_leaves_nothing),
          UNIT_TEST(no_inodes_left_holds_the_folder),
          UNIT_TEST(a_rename_that_fails_after_the_intent_rolls_forward),
          UNIT_TEST(a_file_system_without_noreplace_is_published_to),
          UNIT_TEST(a_file_system_without_noreplace_replaces_nothing_either),
          UNIT_TEST(an_earlier_attempts_temporary_file_is_no_obstacle),
          UNIT_ROWS(something_in_the_directorys_place_is_a_conflict, placed),
          UNIT_TEST(names_are_bytes_and_as_long_as_may_be),
          UNIT_ROWS(a_set_cut_short_by_a_crash_is_completed, renamed_before),
          UNIT_TEST(an_output_of_which_nothing_is_left_has_to_be_made_again),
          UNIT_TEST(the_version_before_is_not_what_was_to_be_published),
          UNIT_TEST(a_name_taken_while_the_daemon_was_away_is_a_conflict),
          UNIT_TEST(what_was_announced_for_another_output_is_swept_there_and_made_again),
          UNIT_TEST(an_original_does_not_go_for_outputs_that_are_no_more),
          UNIT_TEST(what_was_given_up_is_swept), UNIT_TEST(a_temporary_name_is_hidden_and_fits_its_buffer))
