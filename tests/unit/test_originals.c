/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What becomes of originals, step by step and after a crash between any two of the steps. */
#include "supervisor/originals.h"

#include "base/cleanup.h"
#include "hot_folders.h"
#include "recipe/naming.h"
#include "small_disk.h"
#include "trail.h"
#include "unit_main.h"

#include <errno.h>
#include <jansson.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { INSTANCE = 0xabc, JOB = 9 };

#define PRIVATE ".darkroom-00000abc-9.original"

static struct hot_folders hot;
static struct error error;

/* Instead of libc's, so that something can happen right before a rename, or go wrong with it. */
static void (*before_rename)(void);
static int rename_errno;
static bool projects; /* each directory is of a quota project of its own */

int renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned flags)
{
    void (*happens)(void) = before_rename;
    int r;

    before_rename = NULL;
    if (happens)
        happens();
    if (rename_errno && flags) {
        errno = rename_errno;
        return -1;
    }
    if (projects && from_directory != to_directory) {
        errno =
            faccessat(to_directory, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? EEXIST : EXDEV; /* as the kernel */
        return -1;
    }
    r = (int)syscall(SYS_renameat2, from_directory, from, to_directory, to, flags);
    if (r == 0)
        trail_add("name", to_directory, to);
    return r;
}

int linkat(int from_directory, const char *from, int to_directory, const char *to, int flags)
{
    if (projects && from_directory != to_directory) {
        errno = EXDEV;
        return -1;
    }
    return (int)syscall(SYS_linkat, from_directory, from, to_directory, to, flags);
}

/* The same for a look at the private name. */
static int look_errno;

int fstatat(int directory, const char *restrict name, struct stat *restrict st, int flags)
{
    if (look_errno && strcmp(name, PRIVATE) == 0) {
        errno = look_errno;
        return -1;
    }
    return (int)syscall(SYS_newfstatat, directory, name, st, flags);
}

/* A disk that takes another byte for the first than it was given, and says nothing. */
static bool disk_lies;

ssize_t sendfile(int to, int from, off_t *offset, size_t size)
{
    ssize_t n = syscall(SYS_sendfile, to, from, offset, size);

    if (disk_lies)
        ck_assert_int_eq(pwrite(to, "0", 1, 0), 1);
    return n;
}

static void setup(int originals)
{
    hot_open(&hot, 1, HOT_RECIPE);
    hot.conf->originals = originals;
    hot.conf->archive = strdup(hot.archive);
    hot.conf->failed = strdup(hot.failed);
    before_rename = NULL;
    rename_errno = look_errno = 0;
    projects = disk_lies = false;
}

static void teardown(void)
{
    hot_close(&hot);
}

/* A job for in0/@path, which is written if it is not there, that ended as @state. */
static struct job *ended_job(const char *path, enum job_state state)
{
    struct job *job;

    if (!hot_exists(hot.in[0], path))
        hot_write(hot.in[0], path, "original");
    job = hot_job(&hot, 0, JOB, path);
    job->state = state;
    if (state == JOB_FAILED)
        error_set(&job->failure, 0, CLASS_PERMANENT, STAGE_DECODE, "not a picture");
    return job;
}

static enum verdict handle(struct job *job)
{
    error = (struct error){ 0 };
    return originals_handle(job, INSTANCE, &error);
}

/* ---- whether ---- */

static const struct {
    enum job_state state;
    enum error_class class;
    int originals;
    bool failed_folder, pending;
} pendings[] = {
    { JOB_DONE, CLASS_NONE, ORIGINALS_KEEP, true, false },
    { JOB_DONE, CLASS_NONE, ORIGINALS_ARCHIVE, false, true },
    { JOB_DONE, CLASS_NONE, ORIGINALS_DELETE, false, true },
    { JOB_FAILED, CLASS_PERMANENT, ORIGINALS_KEEP, false, false },
    { JOB_FAILED, CLASS_PERMANENT, ORIGINALS_KEEP, true, true },
    { JOB_FAILED, CLASS_CRASH, ORIGINALS_ARCHIVE, true, true },
    { JOB_FAILED, CLASS_CONFLICT, ORIGINALS_ARCHIVE, true, false },
    { JOB_SUPERSEDED, CLASS_NONE, ORIGINALS_DELETE, true, false },
    { JOB_VANISHED, CLASS_NONE, ORIGINALS_DELETE, true, false },
    { JOB_CANCELLED, CLASS_NONE, ORIGINALS_DELETE, true, false },
};

START_TEST(only_some_ends_leave_something_to_do)
{
    struct job *job;

    setup(pendings[_i].originals);
    job = ended_job("a.jpg", pendings[_i].state);
    job->failure.class = pendings[_i].class;
    job_add_output(job, 0, "a.png")->made = true;
    if (!pendings[_i].failed_folder) {
        free(hot.conf->failed);
        hot.conf->failed = NULL;
    }
    ck_assert_int_eq(originals_pending(job, pendings[_i].state),
                     pendings[_i].pending ? ORIGINAL_PENDING : ORIGINAL_SETTLED);
    job_free(job);
    teardown();
}
END_TEST

/* What stands for an original before it may go: pictures that were made, or where that is wanted and it only moves,
 * found. A ledger that was new to its folder once deleted originals for whatever lay there. */
static const struct {
    const char *name;
    int originals, existing;
    bool made, adopted, skipped;
    enum job_original pending;
} stand_ins[] = {
    { "made and archived", ORIGINALS_ARCHIVE, EXISTING_FAIL, true, false, false, ORIGINAL_PENDING },
    { "made and deleted", ORIGINALS_DELETE, EXISTING_FAIL, true, false, false, ORIGINAL_PENDING },
    { "found after a lost ledger", ORIGINALS_ARCHIVE, EXISTING_FAIL, true, true, false, ORIGINAL_SETTLED },
    { "found after a lost ledger, to delete", ORIGINALS_DELETE, EXISTING_FAIL, true, true, false,
      ORIGINAL_SETTLED },
    { "adopted and archived", ORIGINALS_ARCHIVE, EXISTING_ADOPT, true, true, false, ORIGINAL_PENDING_SPARED },
    { "adopted and deleted", ORIGINALS_DELETE, EXISTING_ADOPT, true, true, false, ORIGINAL_SETTLED },
    { "nothing made, archived", ORIGINALS_ARCHIVE, EXISTING_SKIP, false, false, true, ORIGINAL_SETTLED },
    { "nothing made, deleted", ORIGINALS_DELETE, EXISTING_SKIP, false, false, true, ORIGINAL_SETTLED },
    { "part made, archived", ORIGINALS_ARCHIVE, EXISTING_SKIP, true, false, true, ORIGINAL_PENDING_SPARED },
    { "part made, deleted", ORIGINALS_DELETE, EXISTING_SKIP, true, false, true, ORIGINAL_SETTLED },
};

START_TEST(an_original_goes_only_when_pictures_stand_for_it)
{
    struct job_output *output;
    struct job *job;

    setup(stand_ins[_i].originals);
    hot.conf->existing = stand_ins[_i].existing;
    job = ended_job("a.jpg", JOB_DONE);
    output = job_add_output(job, 0, "a.png");
    output->made = stand_ins[_i].made;
    output->adopted = stand_ins[_i].adopted;
    job->skipped = stand_ins[_i].skipped;
    ck_assert_msg(originals_pending(job, JOB_DONE) == stand_ins[_i].pending, "%s", stand_ins[_i].name);
    job_free(job);
    teardown();
}
END_TEST

/* ---- archive and delete ---- */

START_TEST(an_original_is_archived_where_it_was)
{
    struct job *job;
    char path[PATH_MAX];
    struct stat st;

    setup(ORIGINALS_ARCHIVE);
    hot.conf->directories.mode = 0705;
    snprintf(path, sizeof path, "%s/x", hot.in[0]);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    umask(077);
    job = ended_job("x/a.jpg", JOB_DONE);
    chmod(hot.in[0], 0755);
    snprintf(path, sizeof path, "%s/x/a.jpg", hot.in[0]);
    chmod(path, 0640);
    job->version = hot_version(hot.in[0], "x/a.jpg");
    ck_assert_int_eq(handle(job), VERDICT_OK);
    umask(022);
    ck_assert_str_eq(hot_read(hot.archive, "x/a.jpg"), "original");
    ck_assert_uint_eq(hot_count(hot.in[0]), 1); /* the directory stays */
    snprintf(path, sizeof path, "%s/x", hot.in[0]);
    ck_assert_uint_eq(hot_count(path), 0);
    snprintf(path, sizeof path, "%s/x", hot.archive);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0705);
    ck_assert_int_eq(handle(job), VERDICT_OK); /* again does nothing */
    ck_assert_uint_eq(hot_count(path), 1);
    job_free(job);
    teardown();
}
END_TEST

static const struct {
    const char *name, *first, *second;
} numbered_names[] = {
    { "a.jpg", "a-1.jpg", "a-2.jpg" },
    { "a.tar.jpg", "a.tar-1.jpg", "a.tar-2.jpg" },
    { "name", "name-1", "name-2" },
    { "a b%s\n.jpg", "a b%s\n-1.jpg", "a b%s\n-2.jpg" },
};

START_TEST(an_archive_is_never_overwritten_names_are_numbered)
{
    setup(ORIGINALS_ARCHIVE);
    hot_write(hot.archive, numbered_names[_i].name, "from last year");
    for (int i = 0; i < 2; i++) {
        struct job *job = ended_job(numbered_names[_i].name, JOB_DONE);

        ck_assert_int_eq(handle(job), VERDICT_OK);
        job_free(job);
    }
    ck_assert_str_eq(hot_read(hot.archive, numbered_names[_i].name), "from last year");
    ck_assert_str_eq(hot_read(hot.archive, numbered_names[_i].first), "original");
    ck_assert_str_eq(hot_read(hot.archive, numbered_names[_i].second), "original");
    teardown();
}
END_TEST

START_TEST(a_name_too_long_to_be_numbered_is_cut)
{
    char name[256], numbered[256];
    struct job *job;

    setup(ORIGINALS_ARCHIVE);
    memset(name, 'x', 255);
    memcpy(name + 251, ".jpg", 5);
    hot_write(hot.archive, name, "from last year");
    job = ended_job(name, JOB_DONE);
    ck_assert_int_eq(handle(job), VERDICT_OK);
    ck_assert_str_eq(hot_read(hot.archive, naming_number(name, 1, numbered)), "original");
    ck_assert_uint_eq(strlen(numbered), 255);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(an_original_is_deleted)
{
    struct job *job;

    setup(ORIGINALS_DELETE);
    job = ended_job("a.jpg", JOB_DONE);
    ck_assert_int_eq(handle(job), VERDICT_OK);
    ck_assert_uint_eq(hot_count(hot.in[0]), 0);
    ck_assert_int_eq(handle(job), VERDICT_OK);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(kept_originals_are_not_touched)
{
    struct job *job;
    struct version after;

    setup(ORIGINALS_KEEP);
    job = ended_job("a.jpg", JOB_DONE);
    ck_assert_int_eq(handle(job), VERDICT_OK);
    job->state = JOB_FAILED;
    ck_assert_int_eq(handle(job), VERDICT_OK);
    after = hot_version(hot.in[0], "a.jpg");
    ck_assert(version_equal(&after, &job->version));
    ck_assert_uint_eq(hot_count(hot.in[0]), 1);
    job_free(job);
    teardown();
}
END_TEST

/* Originals=archive became keep while one was under its private name: it was deleted. */
START_TEST(an_original_under_its_private_name_comes_back_when_originals_are_kept_now)
{
    struct job *job;

    setup(ORIGINALS_KEEP);
    hot_write(hot.in[0], PRIVATE, "original");
    job = hot_job(&hot, 0, JOB, "a.jpg");
    job->version = hot_version(hot.in[0], PRIVATE);
    job->state = JOB_DONE;
    ck_assert_int_eq(handle(job), VERDICT_OK);
    ck_assert_str_eq(hot_read(hot.in[0], "a.jpg"), "original");
    ck_assert_uint_eq(hot_count(hot.in[0]), 1);
    job_free(job);
    teardown();
}
END_TEST

/* It stayed hidden, under the private name. */
START_TEST(what_was_written_to_under_its_private_name_comes_back_when_originals_are_kept_now)
{
    char path[PATH_MAX];
    struct job *job;

    setup(ORIGINALS_KEEP);
    job = ended_job("a.jpg", JOB_DONE);
    hot_write(hot.in[0], PRIVATE, "original, and more");
    snprintf(path, sizeof path, "%s/a.jpg", hot.in[0]);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(handle(job), VERDICT_OK);
    ck_assert_str_eq(hot_read(hot.in[0], "a.jpg"), "original, and more");
    ck_assert_uint_eq(hot_count(hot.in[0]), 1);
    job_free(job);
    teardown();
}
END_TEST

/* It stayed hidden, and the job was over. */
START_TEST(an_original_that_cannot_be_looked_at_now_comes_back_as_well)
{
    struct job *job;

    setup(ORIGINALS_KEEP);
    hot_write(hot.in[0], PRIVATE, "original");
    job = hot_job(&hot, 0, JOB, "a.jpg");
    job->version = hot_version(hot.in[0], PRIVATE);
    job->state = JOB_DONE;
    look_errno = EIO;
    ck_assert_int_eq(handle(job), VERDICT_OK);
    ck_assert_str_eq(hot_read(hot.in[0], "a.jpg"), "original");
    job_free(job);
    teardown();
}
END_TEST

/* ---- another version ---- */

static const int both_policies[] = { ORIGINALS_ARCHIVE, ORIGINALS_DELETE };

START_TEST(a_newer_version_is_left_alone)
{
    struct job *job;

    setup(both_policies[_i]);
    job = ended_job("a.jpg", JOB_DONE);
    hot_write(hot.in[0], "a.jpg", "a newer version");
    ck_assert_int_eq(handle(job), VERDICT_OK);
    ck_assert_str_eq(hot_read(hot.in[0], "a.jpg"), "a newer version");
    ck_assert_uint_eq(hot_count(hot.in[0]), 1);
    ck_assert_uint_eq(hot_count(hot.archive), 0);
    job_free(job);
    teardown();
}
END_TEST

static void replace_source(void)
{
    char from[PATH_MAX], to[PATH_MAX];

    hot_write(hot.in[0], "new", "a newer version");
    snprintf(from, sizeof from, "%s/new", hot.in[0]);
    snprintf(to, sizeof to, "%s/a.jpg", hot.in[0]);
    ck_assert_int_eq(rename(from, to), 0);
}

START_TEST(a_source_replaced_between_look_and_rename_is_put_back)
{
    struct job *job;

    setup(both_policies[_i]);
    job = ended_job("a.jpg", JOB_DONE);
    before_rename = replace_source;
    ck_assert_int_eq(handle(job), VERDICT_OK);
    ck_assert_str_eq(hot_read(hot.in[0], "a.jpg"), "a newer version");
    ck_assert_uint_eq(hot_count(hot.in[0]), 1);
    ck_assert_uint_eq(hot_count(hot.archive), 0);
    job_free(job);
    teardown();
}
END_TEST

static void vanish(void)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/a.jpg", hot.in[0]);
    ck_assert_int_eq(unlink(path), 0);
}

START_TEST(a_source_that_vanishes_meanwhile_is_nobodys_trouble)
{
    struct job *job;

    setup(both_policies[_i]);
    job = ended_job("a.jpg", JOB_DONE);
    before_rename = vanish;
    ck_assert_int_eq(handle(job), VERDICT_OK);
    ck_assert_uint_eq(hot_count(hot.in[0]), 0);
    job_free(job);
    teardown();
}
END_TEST

/* ---- crashes ---- */

/* The process ended after the private rename; @newer: a file came under the old name since. */
static struct job *job_seized_before_a_crash(bool newer)
{
    struct job *job = ended_job("a.jpg", JOB_DONE);
    char from[PATH_MAX], to[PATH_MAX];

    snprintf(from, sizeof from, "%s/a.jpg", hot.in[0]);
    snprintf(to, sizeof to, "%s/" PRIVATE, hot.in[0]);
    ck_assert_int_eq(rename(from, to), 0);
    if (newer)
        hot_write(hot.in[0], "a.jpg", "a newer version");
    return job;
}

static const bool newer_or_not[] = { false, true };

START_TEST(archiving_goes_on_after_a_crash)
{
    struct job *job;

    setup(ORIGINALS_ARCHIVE);
    job = job_seized_before_a_crash(newer_or_not[_i]);
    ck_assert_int_eq(handle(job), VERDICT_OK);
    ck_assert_str_eq(hot_read(hot.archive, "a.jpg"), "original");
    ck_assert_uint_eq(hot_count(hot.in[0]), newer_or_not[_i] ? 1 : 0);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(deleting_goes_on_after_a_crash)
{
    struct job *job;

    setup(ORIGINALS_DELETE);
    job = job_seized_before_a_crash(newer_or_not[_i]);
    ck_assert_int_eq(handle(job), VERDICT_OK);
    ck_assert_uint_eq(hot_count(hot.in[0]), newer_or_not[_i] ? 1 : 0);
    job_free(job);
    teardown();
}
END_TEST

/* The end came between rename and compare: the newer file stayed hidden under the private name for ever. */
START_TEST(another_version_seized_before_a_crash_is_put_back)
{
    struct job *job;

    setup(both_policies[_i]);
    job = ended_job("a.jpg", JOB_DONE);
    vanish();
    hot_write(hot.in[0], PRIVATE, "a newer version");
    ck_assert_int_eq(handle(job), VERDICT_OK);
    ck_assert_str_eq(hot_read(hot.in[0], "a.jpg"), "a newer version");
    ck_assert_uint_eq(hot_count(hot.in[0]), 1);
    ck_assert_uint_eq(hot_count(hot.archive), 0);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(another_version_that_cannot_be_put_back_under_its_name_is_not_lost)
{
    struct job *job;

    setup(both_policies[_i]);
    job = ended_job("a.jpg", JOB_DONE);
    hot_write(hot.in[0], "a.jpg", "newest");
    hot_write(hot.in[0], PRIVATE, "newer");
    ck_assert_int_eq(handle(job), VERDICT_OK);
    ck_assert_str_eq(hot_read(hot.in[0], "a.jpg"), "newest");
    ck_assert_str_eq(hot_read(hot.in[0], "a-1.jpg"), "newer");
    ck_assert_uint_eq(hot_count(hot.in[0]), 2);
    job_free(job);
    teardown();
}
END_TEST

/* NFS has no RENAME_NOREPLACE: originals on it were never dealt with. */
START_TEST(a_file_system_without_noreplace_will_do)
{
    struct job *job;

    setup(both_policies[_i]);
    hot_write(hot.archive, "a.jpg", "from last year");
    job = ended_job("a.jpg", JOB_DONE);
    rename_errno = EINVAL;
    ck_assert_int_eq(handle(job), VERDICT_OK);
    ck_assert_uint_eq(hot_count(hot.in[0]), 0);
    ck_assert_str_eq(hot_read(hot.archive, "a.jpg"), "from last year");
    if (both_policies[_i] == ORIGINALS_ARCHIVE)
        ck_assert_str_eq(hot_read(hot.archive, "a-1.jpg"), "original");
    job_free(job);
    teardown();
}
END_TEST

/* ---- other troubles ---- */

START_TEST(a_missing_archive_is_tried_again_and_never_made)
{
    struct job *job;

    setup(ORIGINALS_ARCHIVE);
    ck_assert_int_eq(rmdir(hot.archive), 0);
    job = ended_job("a.jpg", JOB_DONE);
    ck_assert_int_eq(handle(job), VERDICT_RETRY);
    ck_assert_int_eq(error.stage, STAGE_ORIGINAL);
    ck_assert_msg(strstr(error.text, "archive"), "%s", error.text);
    ck_assert(!hot_exists(hot.archive, ""));
    ck_assert_int_eq(mkdir(hot.archive, 0755), 0);
    ck_assert_int_eq(handle(job), VERDICT_OK);
    ck_assert_str_eq(hot_read(hot.archive, "a.jpg"), "original");
    ck_assert_uint_eq(hot_count(hot.in[0]), 0);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_lost_root_is_tried_again)
{
    struct job *job;
    char away[PATH_MAX];

    setup(ORIGINALS_DELETE);
    job = ended_job("a.jpg", JOB_DONE);
    snprintf(away, sizeof away, "%s/away", hot.scratch.path);
    ck_assert_int_eq(rename(hot.in[0], away), 0);
    ck_assert_int_eq(handle(job), VERDICT_RETRY);
    ck_assert_int_eq(rename(away, hot.in[0]), 0);
    ck_assert_int_eq(handle(job), VERDICT_OK);
    ck_assert_uint_eq(hot_count(hot.in[0]), 0);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(an_original_in_a_directory_that_is_gone_is_gone)
{
    struct job *job;

    setup(ORIGINALS_DELETE);
    job = hot_job(&hot, 0, JOB, "d/a.jpg");
    job->state = JOB_DONE;
    ck_assert_int_eq(handle(job), VERDICT_OK);
    ck_assert(!hot_exists(hot.in[0], "d"));
    job_free(job);
    teardown();
}
END_TEST

static void expect_archived(struct job *job)
{
    ck_assert_int_eq(handle(job), VERDICT_OK);
    ck_assert_str_eq(hot_read(hot.archive, "a.jpg"), "original");
    ck_assert_uint_eq(hot_count(hot.in[0]), 0);
}

START_TEST(an_original_goes_to_another_file_system)
{
    struct version before, after;
    struct job *job;

    setup(ORIGINALS_ARCHIVE);
    if (small_disk_mount(hot.archive, "size=256k,mode=0755")) {
        hot_write(hot.archive, "a.jpg", "from last year");
        job = ended_job("a.jpg", JOB_DONE);
        before = job->version;
        ck_assert_int_eq(handle(job), VERDICT_OK);
        ck_assert_str_eq(hot_read(hot.archive, "a-1.jpg"), "original");
        after = hot_version(hot.archive, "a-1.jpg");
        ck_assert_int_eq(after.mtime_ns, before.mtime_ns);
        ck_assert_uint_eq(hot_count(hot.in[0]), 0);
        ck_assert_uint_eq(hot_count(hot.archive), 2);
        job_free(job);
        umount(hot.archive);
    }
    teardown();
}
END_TEST

START_TEST(a_full_archive_on_another_file_system_loses_nothing)
{
    char filler[PATH_MAX];
    struct job *job;

    setup(ORIGINALS_ARCHIVE);
    if (small_disk_mount(hot.archive, "size=64k,mode=0755")) {
        small_disk_fill(hot.archive, "filler");
        job = ended_job("a.jpg", JOB_DONE);
        for (int i = 0; i < 3; i++) {
            ck_assert_int_eq(handle(job), VERDICT_RETRY);
            ck_assert_uint_eq(hot_count(hot.archive), 1);
            ck_assert_str_eq(hot_read(hot.in[0], PRIVATE), "original");
        }
        snprintf(filler, sizeof filler, "%s/filler", hot.archive);
        unlink(filler);
        expect_archived(job);
        job_free(job);
        umount(hot.archive);
    }
    teardown();
}
END_TEST

START_TEST(a_copy_that_is_not_the_same_does_not_stand_for_its_original)
{
    struct job *job;

    setup(ORIGINALS_ARCHIVE);
    if (small_disk_mount(hot.archive, "size=256k,mode=0755")) {
        job = ended_job("a.jpg", JOB_DONE);
        disk_lies = true;
        ck_assert_int_eq(handle(job), VERDICT_RETRY);
        ck_assert_uint_eq(hot_count(hot.archive), 0);
        ck_assert_str_eq(hot_read(hot.in[0], PRIVATE), "original");
        disk_lies = false;
        expect_archived(job);
        job_free(job);
        umount(hot.archive);
    }
    teardown();
}
END_TEST

/* A power cut between any two of these finds the original, or what stands for it, on the disk. */
START_TEST(a_copy_is_on_the_disk_before_its_original_goes)
{
    struct job *job;

    setup(ORIGINALS_ARCHIVE);
    if (small_disk_mount(hot.archive, "size=256k,mode=0755")) {
        job = ended_job("a.jpg", JOB_DONE);
        trail_start(hot.scratch.path);
        ck_assert_int_eq(handle(job), VERDICT_OK);
        ck_assert_str_eq(trail_text, "name in0/" PRIVATE "\n"
                                     "flush archive0/" PRIVATE "\n"
                                     "name archive0/a.jpg\n"
                                     "flush archive0\n"
                                     "remove in0/" PRIVATE "\n");
        job_free(job);
        umount(hot.archive);
    }
    teardown();
}
END_TEST

/* As the attempt did that ended too early. */
static void seize(const char *name)
{
    _cleanup_close_ int in = open(hot.in[0], O_PATH | O_DIRECTORY | O_CLOEXEC);

    ck_assert_int_eq(renameat(in, name, in, PRIVATE), 0);
}

/* A crash, or an error, between the copy's rename and the unlink of the original archived it twice. */
START_TEST(an_original_copied_before_a_crash_is_not_archived_twice)
{
    struct job *job;

    setup(ORIGINALS_ARCHIVE);
    if (small_disk_mount(hot.archive, "size=256k,mode=0755")) {
        job = ended_job("a.jpg", JOB_DONE);
        seize("a.jpg");
        hot_write(hot.archive, "a.jpg", "orginial"); /* as long, but somebody's */
        hot_write(hot.archive, "a-1.jpg", "original");
        ck_assert_int_eq(handle(job), VERDICT_OK);
        ck_assert_uint_eq(hot_count(hot.in[0]), 0);
        ck_assert_uint_eq(hot_count(hot.archive), 2);
        ck_assert_str_eq(hot_read(hot.archive, "a.jpg"), "orginial");
        job_free(job);
        umount(hot.archive);
    }
    teardown();
}
END_TEST

START_TEST(a_failed_file_copied_before_a_crash_is_not_moved_twice)
{
    struct job *job;

    setup(ORIGINALS_ARCHIVE);
    if (small_disk_mount(hot.failed, "size=256k,mode=0755")) {
        job = ended_job("a.jpg", JOB_FAILED);
        seize("a.jpg");
        hot_write(hot.failed, "a.jpg.error.json", "{}");
        hot_write(hot.failed, "a.jpg", "original");
        ck_assert_int_eq(handle(job), VERDICT_OK);
        ck_assert_uint_eq(hot_count(hot.in[0]), 0);
        ck_assert_uint_eq(hot_count(hot.failed), 2);
        ck_assert_str_eq(hot_read(hot.failed, "a.jpg"), "original");
        job_free(job);
        umount(hot.failed);
    }
    teardown();
}
END_TEST

static const enum job_state both_ends[] = { JOB_DONE, JOB_FAILED };

/* The same mount, and still nothing can be renamed to where it goes, as between quota projects of an ext4. */
START_TEST(a_file_copied_to_another_project_before_a_crash_is_not_moved_twice)
{
    bool failed = both_ends[_i] == JOB_FAILED;
    const char *to = failed ? hot.failed : hot.archive;
    struct job *job;

    setup(ORIGINALS_ARCHIVE);
    job = ended_job("a.jpg", both_ends[_i]);
    seize("a.jpg");
    projects = true;
    if (failed)
        hot_write(to, "a.jpg.error.json", "{}");
    hot_write(to, "a.jpg", "original");
    ck_assert_int_eq(handle(job), VERDICT_OK);
    ck_assert_uint_eq(hot_count(hot.in[0]), 0);
    ck_assert_uint_eq(hot_count(to), failed ? 2 : 1);
    job_free(job);
    teardown();
}
END_TEST

/* Every failed file was to be put back there, and the folder was held. */
START_TEST(a_failed_file_on_a_read_only_disk_gets_its_error_file)
{
    struct job *job;

    setup(ORIGINALS_KEEP);
    job = ended_job("a.jpg", JOB_FAILED);
    rename_errno = EROFS;
    ck_assert_int_eq(handle(job), VERDICT_OK);
    ck_assert(hot_exists(hot.failed, "a.jpg.error.json"));
    ck_assert_uint_eq(hot_count(hot.in[0]), 1);
    job_free(job);
    teardown();
}
END_TEST

/* ---- failed files ---- */

static void expect_error_file(const char *directory, const char *name, const struct job *job)
{
    const char *path, *class, *message, *stage, *id;
    const char *text = hot_read(directory, name);
    int attempts;
    json_t *json = json_loads(text, 0, NULL);

    ck_assert_ptr_nonnull(json);
    ck_assert_str_eq(text + strlen(text) - 2, "}\n");
    ck_assert_int_eq(json_unpack(json, "{s:s, s:s, s:s, s:s, s:s, s:i}", "path", &path, "class", &class,
                                 "stage", &stage, "message", &message, "job", &id, "attempts", &attempts),
                     0);
    ck_assert_str_eq(class, error_class_name(job->failure.class));
    ck_assert_str_eq(stage, error_stage_name(job->failure.stage));
    ck_assert_str_eq(message, job->failure.text);
    ck_assert_str_eq(id, "9");
    ck_assert_int_eq(attempts, (int)job->attempts);
    json_decref(json);
}

START_TEST(a_failed_file_is_moved_with_an_error_file_beside_it)
{
    struct job *job;

    setup(both_policies[_i]);
    job = ended_job("a.jpg", JOB_FAILED);
    job->attempts = 3;
    ck_assert_int_eq(handle(job), VERDICT_OK);
    ck_assert_str_eq(hot_read(hot.failed, "a.jpg"), "original");
    expect_error_file(hot.failed, "a.jpg.error.json", job);
    ck_assert_uint_eq(hot_count(hot.failed), 2);
    ck_assert_uint_eq(hot_count(hot.in[0]), 0);
    ck_assert_uint_eq(hot_count(hot.archive), 0);
    job_free(job);
    teardown();
}
END_TEST

/* A kill between the two left a failed file without its error file, and that one's temporary file for ever. */
START_TEST(a_failed_file_is_not_moved_before_its_error_file_is_there)
{
    char in_the_way[PATH_MAX];
    struct job *job;

    setup(ORIGINALS_ARCHIVE);
    job = ended_job("a.jpg", JOB_FAILED);
    snprintf(in_the_way, sizeof in_the_way, "%s/a.jpg.error.json", hot.failed);
    ck_assert_int_eq(mkdir(in_the_way, 0755), 0);
    ck_assert_int_eq(handle(job), VERDICT_RETRY);
    ck_assert(!hot_exists(hot.failed, "a.jpg"));
    ck_assert(hot_exists(hot.in[0], PRIVATE));

    ck_assert_int_eq(rmdir(in_the_way), 0);
    ck_assert_int_eq(handle(job), VERDICT_OK);
    ck_assert_str_eq(hot_read(hot.failed, "a.jpg"), "original");
    expect_error_file(hot.failed, "a.jpg.error.json", job);
    ck_assert_uint_eq(hot_count(hot.failed), 2);
    ck_assert_uint_eq(hot_count(hot.in[0]), 0);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(a_failed_file_is_numbered_with_its_error_file)
{
    struct job *job;

    setup(ORIGINALS_DELETE);
    hot_write(hot.failed, "a.jpg", "from last year");
    hot_write(hot.failed, "a.jpg.error.json", "from last year");
    job = ended_job("a.jpg", JOB_FAILED);
    ck_assert_int_eq(handle(job), VERDICT_OK);
    ck_assert_str_eq(hot_read(hot.failed, "a-1.jpg"), "original");
    expect_error_file(hot.failed, "a-1.jpg.error.json", job);
    ck_assert_str_eq(hot_read(hot.failed, "a.jpg"), "from last year");
    ck_assert_str_eq(hot_read(hot.failed, "a.jpg.error.json"), "from last year");
    job_free(job);
    teardown();
}
END_TEST

START_TEST(with_kept_originals_only_the_error_file_is_written)
{
    struct job *job;

    setup(ORIGINALS_KEEP);
    job = ended_job("a.jpg", JOB_FAILED);
    for (int i = 0; i < 2; i++) { /* again is the same */
        ck_assert_int_eq(handle(job), VERDICT_OK);
        ck_assert_uint_eq(hot_count(hot.failed), 1);
        expect_error_file(hot.failed, "a.jpg.error.json", job);
        ck_assert_str_eq(hot_read(hot.in[0], "a.jpg"), "original");
        ck_assert_uint_eq(hot_count(hot.in[0]), 1);
    }
    job_free(job);
    teardown();
}
END_TEST

START_TEST(the_hidden_failed_directory_is_made_with_its_mode)
{
    struct job *job;
    struct stat st;

    setup(ORIGINALS_DELETE);
    free(hot.conf->failed);
    ck_assert_int_ge(asprintf(&hot.conf->failed, "%s/.failed", hot.in[0]), 0);
    hot.conf->directories.mode = 0775;
    umask(077);
    job = ended_job("a.jpg", JOB_FAILED);
    ck_assert_int_eq(handle(job), VERDICT_OK);
    umask(022);
    ck_assert_str_eq(hot_read(hot.in[0], ".failed/a.jpg"), "original");
    ck_assert_int_eq(stat(hot.conf->failed, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0775);
    job_free(job);
    teardown();
}
END_TEST

/* Failed= on a disk that is not mounted filled the root instead. */
START_TEST(a_failed_directory_elsewhere_is_never_made)
{
    struct job *job;

    setup(both_policies[_i]);
    ck_assert_int_eq(rmdir(hot.failed), 0);
    job = ended_job("a.jpg", JOB_FAILED);
    ck_assert_int_eq(handle(job), VERDICT_RETRY);
    ck_assert(!hot_exists(hot.failed, ""));
    ck_assert_int_eq(mkdir(hot.failed, 0755), 0);
    ck_assert_int_eq(handle(job), VERDICT_OK);
    ck_assert_str_eq(hot_read(hot.failed, "a.jpg"), "original");
    job_free(job);
    teardown();
}
END_TEST

/* The error file of the first one was overwritten. */
START_TEST(the_same_failed_file_once_more_leaves_the_first_ones_error_file)
{
    char before[500];
    struct job *job;

    setup(ORIGINALS_DELETE);
    job = ended_job("a.jpg", JOB_FAILED);
    ck_assert_int_eq(handle(job), VERDICT_OK);
    job_free(job);
    snprintf(before, sizeof before, "%s", hot_read(hot.failed, "a.jpg.error.json"));
    job = ended_job("a.jpg", JOB_FAILED);
    error_set(&job->failure, 0, CLASS_PERMANENT, STAGE_DECODE, "not a picture, for the second time");
    ck_assert_int_eq(handle(job), VERDICT_OK);
    ck_assert_str_eq(hot_read(hot.failed, "a.jpg.error.json"), before);
    ck_assert_str_eq(hot_read(hot.failed, "a-1.jpg"), "original");
    expect_error_file(hot.failed, "a-1.jpg.error.json", job);
    job_free(job);
    teardown();
}
END_TEST

START_TEST(names_and_messages_that_json_cannot_hold_are_written_all_the_same)
{
    char name[256] = "-\n%s\xff[Q=1]", wanted[256];
    struct job *job;

    setup(ORIGINALS_DELETE);
    memset(name + strlen(name), 'x', 255 - strlen(name));
    job = ended_job(name, JOB_FAILED);
    memset(job->failure.text, 'm', sizeof job->failure.text - 1);
    ck_assert_int_eq(handle(job), VERDICT_OK);
    ck_assert_str_eq(hot_read(hot.failed, name), "original");
    naming_append(name, strlen(name), ".error.json", wanted);
    ck_assert_uint_eq(strlen(wanted), 255);
    expect_error_file(hot.failed, wanted, job);
    job_free(job);
    teardown();
}
END_TEST

UNIT_MAIN("originals", UNIT_ROWS(only_some_ends_leave_something_to_do, pendings),
          UNIT_ROWS(an_original_goes_only_when_pictures_stand_for_it, stand_ins),
          UNIT_TEST(an_original_is_archived_where_it_was),
          UNIT_ROWS(an_archive_is_never_overwritten_names_are_numbered, numbered_names),
          UNIT_TEST(a_name_too_long_to_be_numbered_is_cut), UNIT_TEST(an_original_is_deleted),
          UNIT_TEST(kept_originals_are_not_touched),
          UNIT_TEST(an_original_under_its_private_name_comes_back_when_originals_are_kept_now),
          UNIT_TEST(what_was_written_to_under_its_private_name_comes_back_when_originals_are_kept_now),
          UNIT_TEST(an_original_that_cannot_be_looked_at_now_comes_back_as_well),
          UNIT_ROWS(a_newer_version_is_left_alone, both_policies),
          UNIT_ROWS(a_source_replaced_between_look_and_rename_is_put_back, both_policies),
          UNIT_ROWS(a_source_that_vanishes_meanwhile_is_nobodys_trouble, both_policies),
          UNIT_ROWS(archiving_goes_on_after_a_crash, newer_or_not),
          UNIT_ROWS(deleting_goes_on_after_a_crash, newer_or_not),
          UNIT_ROWS(another_version_seized_before_a_crash_is_put_back, both_policies),
          UNIT_ROWS(another_version_that_cannot_be_put_back_under_its_name_is_not_lost, both_policies),
          UNIT_ROWS(a_file_system_without_noreplace_will_do, both_policies),
          UNIT_TEST(a_missing_archive_is_tried_again_and_never_made), UNIT_TEST(a_lost_root_is_tried_again),
          UNIT_TEST(an_original_in_a_directory_that_is_gone_is_gone),
          UNIT_TEST(an_original_goes_to_another_file_system),
          UNIT_TEST(a_full_archive_on_another_file_system_loses_nothing),
          UNIT_TEST(a_copy_that_is_not_the_same_does_not_stand_for_its_original),
          UNIT_TEST(a_copy_is_on_the_disk_before_its_original_goes),
          UNIT_ROWS(a_failed_file_is_moved_with_an_error_file_beside_it, both_policies),
          UNIT_TEST(an_original_copied_before_a_crash_is_not_archived_twice),
          UNIT_ROWS(a_file_copied_to_another_project_before_a_crash_is_not_moved_twice, both_ends),
          UNIT_TEST(a_failed_file_on_a_read_only_disk_gets_its_error_file),
          UNIT_TEST(a_failed_file_copied_before_a_crash_is_not_moved_twice),
          UNIT_TEST(a_failed_file_is_not_moved_before_its_error_file_is_there),
          UNIT_TEST(a_failed_file_is_numbered_with_its_error_file),
          UNIT_TEST(the_same_failed_file_once_more_leaves_the_first_ones_error_file),
          UNIT_TEST(with_kept_originals_only_the_error_file_is_written),
          UNIT_TEST(the_hidden_failed_directory_is_made_with_its_mode),
          UNIT_ROWS(a_failed_directory_elsewhere_is_never_made, both_policies),
          UNIT_TEST(names_and_messages_that_json_cannot_hold_are_written_all_the_same))
