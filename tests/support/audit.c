/* SPDX-License-Identifier: GPL-2.0-or-later */
/* audit - see audit.h. From top to bottom: findings, the ledger, the disk, then a rule a function. */
#include "audit.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "ledger_copy.h"
#include "whole_file.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    NUMBERED_MAX = 100, /* "a-1.jpg" … in an archive */
    FILE_MODE = 0644,   /* of outputs, as FileMode= and DirectoryMode= are by default */
    DIRECTORY_MODE = 0755,
};

/* enum job_state, as it is stored. */
enum {
    QUEUED = 0,
    OPENING = 1,
    RUNNING = 2,
    PUBLISHING = 3,
    DONE = 4,
    FAILED = 5,
    SUPERSEDED = 7,
    ENDS = DONE
};

/* enum error_class: what counts against a file. */
enum { CRASH = 4, MEMORY = 6 };

struct inquiry {
    const struct audit *audit;
    struct audit_report *report;
    sqlite3 *database;
    json_t *owned; /* the paths of all outputs in the ledger, as keys */
    json_t *known; /* the paths of all its sources, as keys */
};

static const char *const fault_names[AUDIT_FAULTS] = { [AUDIT_LOST] = "lost",
                                                       [AUDIT_DOUBLED] = "doubled",
                                                       [AUDIT_HALF_VISIBLE] = "half visible",
                                                       [AUDIT_BLAMED] = "blamed" };

const char *audit_fault_name(enum audit_fault fault)
{
    return fault_names[fault];
}

/* ---- findings ---- */

__attribute__((format(printf, 3, 4))) static void found(struct inquiry *inquiry, enum audit_fault fault,
                                                        const char *format, ...)
{
    _cleanup_free_ char *text = NULL, *sentence = NULL;
    va_list args;

    va_start(args, format);
    ck_assert_int_ge(vasprintf(&text, format, args), 0);
    va_end(args);
    ck_assert_int_ge(asprintf(&sentence, "%s: %s", fault_names[fault], text), 0);
    inquiry->report->counts[fault]++;
    json_array_append_new(inquiry->report->findings, json_string(sentence));
}

static bool has_key(const json_t *set, const char *key)
{
    return set && json_object_get(set, key);
}

static bool is_guilty(const struct inquiry *inquiry, const char *path)
{
    return has_key(inquiry->audit->guilty, path);
}

/* ---- the ledger ---- */

static const char *text_of(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);

    return text ?: "";
}

/* Calls @each for all rows of @sql. */
static void for_rows(struct inquiry *inquiry, const char *sql,
                     void (*each)(struct inquiry *inquiry, sqlite3_stmt *row))
{
    sqlite3_stmt *statement = NULL;
    int r;

    ck_assert_msg(sqlite3_prepare_v2(inquiry->database, sql, -1, &statement, NULL) == SQLITE_OK, "%s: %s",
                  sql, sqlite3_errmsg(inquiry->database));
    while ((r = sqlite3_step(statement)) == SQLITE_ROW)
        each(inquiry, statement);
    ck_assert_msg(r == SQLITE_DONE, "%s: %s", sql, sqlite3_errmsg(inquiry->database));
    sqlite3_finalize(statement);
}

/* ---- the disk ---- */

static bool is_file(const char *directory, const char *path, struct stat *ret)
{
    char full[PATH_MAX];

    if (snprintf(full, sizeof full, "%s/%s", directory, path) >= (int)sizeof full)
        return false;
    return lstat(full, ret) == 0 && S_ISREG(ret->st_mode);
}

/* Calls @each for all files below @directory, hidden ones too. */
typedef void each_entry(struct inquiry *inquiry, const char *path, const char *name);

/* @directories may be NULL. */
static void for_entries(struct inquiry *inquiry, const char *directory, each_entry *files,
                        each_entry *directories)
{
    _cleanup_dir_ DIR *entries = opendir(directory);
    struct dirent *entry;

    while (entries && (entry = readdir(entries))) {
        char path[PATH_MAX];
        struct stat st;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        if (lstat(path, &st) < 0)
            continue;
        if (!S_ISDIR(st.st_mode)) {
            files(inquiry, path, entry->d_name);
            continue;
        }
        if (directories)
            directories(inquiry, path, entry->d_name);
        for_entries(inquiry, path, files, directories);
    }
}

/* @path, or that name numbered as the @i-th. */
static void number_path(const char *path, unsigned i, char *name)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash ?: path, '.');
    size_t stem = dot ? (size_t)(dot - path) : strlen(path);

    if (i == 0)
        snprintf(name, PATH_MAX, "%s", path);
    else
        snprintf(name, PATH_MAX, "%.*s-%u%s", (int)stem, path, i, dot ?: "");
}

/* How many copies of an original of @size bytes the archive has, under @path or that name numbered. */
static size_t count_archived(const struct inquiry *inquiry, const char *path, int64_t size)
{
    size_t count = 0;
    struct stat st;

    if (!inquiry->audit->archive)
        return 0;
    for (unsigned i = 0; i < NUMBERED_MAX; i++) {
        char name[PATH_MAX];

        number_path(path, i, name);
        count += is_file(inquiry->audit->archive, name, &st) && st.st_size == size;
    }
    return count;
}

/* Is an original of @size bytes in Failed=, or in what is its default, with an error file? */
static bool is_in_failed(const struct inquiry *inquiry, const char *path, int64_t size)
{
    char usual[PATH_MAX];
    const char *failed = inquiry->audit->failed;

    if (!failed && !inquiry->audit->archive)
        return false;
    snprintf(usual, sizeof usual, "%s/.failed", inquiry->audit->in);
    for (unsigned i = 0; i < NUMBERED_MAX; i++) {
        char name[PATH_MAX], report[PATH_MAX + 16];
        struct stat st;

        number_path(path, i, name);
        snprintf(report, sizeof report, "%s.error.json", name);
        if (is_file(failed ?: usual, name, &st) && st.st_size == size &&
            is_file(failed ?: usual, report, &st))
            return true;
    }
    return false;
}

static bool has_private(const struct inquiry *inquiry, const char *path, int64_t job)
{
    const char *slash = strrchr(path, '/');
    char name[PATH_MAX];
    struct stat st;

    snprintf(
        name, sizeof name, "%.*s.darkroom-%08" PRIx32 "-%" PRId64 ".original",
        slash ? (int)(slash + 1 - path) : 0, path,
        (uint32_t)ledger_copy_number(
            inquiry->database, "SELECT coalesce((SELECT value FROM counter WHERE name = 'instance'), 0)"),
        job);
    return is_file(inquiry->audit->in, name, &st);
}

/* ---- sources ---- */

static const char sources_sql[] =
    "SELECT CAST(source.path AS TEXT), job.id, job.state, job.size, job.original_pending, job.class,"
    " coalesce(job.message, '') FROM source LEFT JOIN job ON job.id = source.job";

struct source {
    const char *path, *message;
    int64_t job, size;
    int state, class;
    bool pending;
};

static void check_outcome(struct inquiry *inquiry, const struct source *source)
{
    static const char *const names[] = { "queued", "opening",   "running",    "publishing", "done",
                                         "failed", "cancelled", "superseded", "vanished" };

    if (source->state == DONE || is_guilty(inquiry, source->path))
        return;
    if (source->state == FAILED && source->class >= CRASH && source->class <= MEMORY)
        found(inquiry, AUDIT_BLAMED, "%s failed, and nothing is wrong with it: %s", source->path,
              source->message);
    else if (source->state == FAILED)
        found(inquiry, AUDIT_LOST, "%s failed: %s", source->path, source->message);
    else if (source->state > SUPERSEDED || (source->state > FAILED && inquiry->audit->at_rest))
        found(inquiry, AUDIT_LOST, "%s was left as %s", source->path, names[source->state]);
    else if (source->state < ENDS && inquiry->audit->at_rest)
        found(inquiry, AUDIT_LOST, "%s is still %s, and nobody works on it", source->path,
              names[source->state]);
}

static void check_kept(struct inquiry *inquiry, const struct source *source)
{
    struct stat st;

    if (!is_file(inquiry->audit->in, source->path, &st))
        found(inquiry, AUDIT_LOST, "the original of %s, which is to be kept, is gone", source->path);
}

static void check_moved(struct inquiry *inquiry, const struct source *source)
{
    struct stat st;
    bool here = is_file(inquiry->audit->in, source->path, &st);
    bool hidden = has_private(inquiry, source->path, source->job);
    size_t archived = count_archived(inquiry, source->path, source->size);
    int64_t versions = json_integer_value(json_object_get(inquiry->audit->dropped, source->path));

    if (!here && !hidden && archived == 0)
        found(inquiry, AUDIT_LOST, "the original of %s is nowhere", source->path);
    else if (source->state != DONE && !here && versions <= 1)
        found(inquiry, AUDIT_HALF_VISIBLE, "the original of %s was moved before its outputs were there",
              source->path);
    else if (source->state == DONE && inquiry->audit->at_rest && (here || hidden || source->pending))
        found(inquiry, AUDIT_HALF_VISIBLE, "the original of %s was not archived, or not to the end",
              source->path);
    if (versions > 0 && archived > (size_t)versions)
        found(inquiry, AUDIT_DOUBLED, "the original of %s is in the archive %zu times", source->path,
              archived);
}

static void check_failed(struct inquiry *inquiry, const struct source *source)
{
    struct stat st;
    bool here = is_file(inquiry->audit->in, source->path, &st);
    bool hidden = has_private(inquiry, source->path, source->job);

    if (!here && !hidden && !is_in_failed(inquiry, source->path, source->size))
        found(inquiry, AUDIT_LOST, "the original of %s, which failed, is nowhere with its error file",
              source->path);
    else if (hidden && inquiry->audit->at_rest)
        found(inquiry, AUDIT_HALF_VISIBLE, "the original of %s was not moved aside to the end", source->path);
}

static void check_source(struct inquiry *inquiry, sqlite3_stmt *row)
{
    struct source source = {
        .path = text_of(row, 0),
        .job = sqlite3_column_int64(row, 1),
        .state = sqlite3_column_int(row, 2),
        .size = sqlite3_column_int64(row, 3),
        .pending = sqlite3_column_int(row, 4) != 0,
        .class = sqlite3_column_int(row, 5),
        .message = text_of(row, 6),
    };

    json_object_set_new(inquiry->known, source.path, json_true());
    if (!has_key(inquiry->audit->dropped, source.path))
        return;
    check_outcome(inquiry, &source);
    if (is_guilty(inquiry, source.path) && source.state == FAILED)
        check_failed(inquiry, &source);
    else if (inquiry->audit->archive)
        check_moved(inquiry, &source);
    else
        check_kept(inquiry, &source);
}

/* What came and is not in the ledger must at least wait in the folder. */
static void check_dropped(struct inquiry *inquiry)
{
    json_t *dropped = (json_t *)inquiry->audit->dropped;
    const char *path;
    json_t *versions;

    json_object_foreach (dropped, path, versions) {
        struct stat st;

        if (has_key(inquiry->known, path))
            continue;
        if (inquiry->audit->at_rest)
            found(inquiry, AUDIT_LOST, "the ledger has never heard of %s", path);
        else if (!is_file(inquiry->audit->in, path, &st))
            found(inquiry, AUDIT_LOST, "%s is gone, and the ledger has never heard of it", path);
    }
}

/* ---- jobs ---- */

static void name_doubled(struct inquiry *inquiry, sqlite3_stmt *row)
{
    found(inquiry, AUDIT_DOUBLED, "jobs %" PRId64 " and %" PRId64 " have both made the same version of %s",
          (int64_t)sqlite3_column_int64(row, 1), (int64_t)sqlite3_column_int64(row, 2), text_of(row, 0));
}

static void count_attempts(struct inquiry *inquiry, sqlite3_stmt *row)
{
    if (!is_guilty(inquiry, text_of(row, 0)))
        inquiry->report->attempts += (size_t)sqlite3_column_int64(row, 1);
}

static void check_jobs(struct inquiry *inquiry)
{
    inquiry->report->jobs = (size_t)ledger_copy_number(inquiry->database, "SELECT count(*) FROM job");
    inquiry->report->done =
        (size_t)ledger_copy_number(inquiry->database, "SELECT count(*) FROM job WHERE state = 4");
    for_rows(inquiry,
             "SELECT CAST(source.path AS TEXT), a.id, b.id FROM job a JOIN job b ON b.source = a.source"
             " AND b.id > a.id AND b.inode = a.inode AND b.size = a.size AND b.mtime_ns = a.mtime_ns"
             " JOIN source ON source.id = a.source WHERE a.state = 4 AND b.state = 4",
             name_doubled);
    for_rows(inquiry,
             "SELECT CAST(source.path AS TEXT), job.attempts FROM job JOIN source"
             " ON source.id = job.source WHERE job.attempts > 0",
             count_attempts);
}

/* ---- outputs ---- */

static bool is_as_recorded(const struct stat *st, sqlite3_stmt *row)
{
    return st->st_ino == (ino_t)sqlite3_column_int64(row, 1) && st->st_size == sqlite3_column_int64(row, 2) &&
           timespec_ns(&st->st_mtim) == sqlite3_column_int64(row, 3);
}

static void check_output(struct inquiry *inquiry, sqlite3_stmt *row)
{
    const char *path = text_of(row, 0);
    bool published = sqlite3_column_int64(row, 1) != 0;
    int state = sqlite3_column_int(row, 4);
    struct stat st;
    bool there = lstat(path, &st) == 0;

    json_object_set_new(inquiry->owned, path, json_true());
    if (published && state == DONE && !there)
        found(inquiry, AUDIT_HALF_VISIBLE, "%s is in the ledger and not on the disk", path);
    else if (published && state == DONE && !is_as_recorded(&st, row))
        found(inquiry, AUDIT_HALF_VISIBLE, "%s is not the file that the ledger knows", path);
    else if (published && there && (st.st_mode & 07777) != FILE_MODE)
        found(inquiry, AUDIT_HALF_VISIBLE, "%s has the mode %04o", path, st.st_mode & 07777);
    else if (!published && there && state < PUBLISHING)
        found(inquiry, AUDIT_HALF_VISIBLE, "%s has its name before its job was announced", path);
    else if (!published && inquiry->audit->at_rest)
        found(inquiry, AUDIT_HALF_VISIBLE, "%s is reserved, and nobody makes it", path);
}

static void check_set(struct inquiry *inquiry, sqlite3_stmt *row)
{
    int count = sqlite3_column_int(row, 1);

    if (count != inquiry->audit->outputs)
        found(inquiry, AUDIT_HALF_VISIBLE, "%s is done with %d outputs instead of %d", text_of(row, 0), count,
              inquiry->audit->outputs);
}

static void check_hidden(struct inquiry *inquiry, const char *path, const char *name)
{
    if (inquiry->audit->at_rest && strncmp(name, ".darkroom-", strlen(".darkroom-")) == 0)
        found(inquiry, AUDIT_HALF_VISIBLE, "%s was left over", path);
}

static void check_output_directory(struct inquiry *inquiry, const char *path, const char *name)
{
    struct stat st;

    if (name[0] == '.')
        check_hidden(inquiry, path, name);
    else if (lstat(path, &st) == 0 && (st.st_mode & 07777) != DIRECTORY_MODE)
        found(inquiry, AUDIT_HALF_VISIBLE, "%s has the mode %04o", path, st.st_mode & 07777);
}

static void check_output_file(struct inquiry *inquiry, const char *path, const char *name)
{
    if (name[0] == '.') {
        if (inquiry->audit->at_rest)
            found(inquiry, AUDIT_HALF_VISIBLE, "%s was left over", path);
        return;
    }
    if (!has_key(inquiry->owned, path))
        found(inquiry, AUDIT_HALF_VISIBLE, "%s belongs to no job", path);
    if (!whole_file_is(path))
        found(inquiry, AUDIT_HALF_VISIBLE, "%s is no whole file", path);
}

static void check_outputs(struct inquiry *inquiry)
{
    for_rows(inquiry,
             "SELECT CAST(output.path AS TEXT), output.inode, output.size, output.mtime_ns,"
             " coalesce(job.state, 4) FROM output LEFT JOIN job ON job.id = output.job",
             check_output);
    if (inquiry->audit->outputs > 0)
        for_rows(inquiry,
                 "SELECT CAST(source.path AS TEXT), (SELECT count(*) FROM output"
                 " WHERE output.source = source.id AND output.inode <> 0) FROM source"
                 " JOIN job ON job.id = source.job WHERE job.state = 4",
                 check_set);
}

/* ---- what the witness saw ---- */

static int64_t count_made(struct inquiry *inquiry, const char *path)
{
    sqlite3_stmt *statement = NULL;
    int64_t count;

    ck_assert_int_eq(sqlite3_prepare_v2(inquiry->database,
                                        "SELECT count(*) FROM job WHERE state IN (3, 4) AND source ="
                                        " (SELECT source FROM output WHERE path = CAST(?1 AS BLOB))",
                                        -1, &statement, NULL),
                     SQLITE_OK);
    sqlite3_bind_text(statement, 1, path, -1, SQLITE_STATIC);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    count = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return count;
}

static void check_appearances(struct inquiry *inquiry)
{
    json_t *appeared = (json_t *)inquiry->audit->appeared, *times;
    const char *name;

    json_object_foreach (appeared, name, times) {
        char path[PATH_MAX];
        int64_t made;

        snprintf(path, sizeof path, "%s/%s", inquiry->audit->out, name);
        made = count_made(inquiry, path);
        if (json_integer_value(times) > made)
            found(inquiry, AUDIT_DOUBLED, "%s has appeared %" PRId64 " times, and was made %" PRId64 " times",
                  path, (int64_t)json_integer_value(times), made);
    }
}

/* ---- all of it ---- */

static void check_ledger(struct inquiry *inquiry)
{
    for_rows(inquiry, sources_sql, check_source);
    check_jobs(inquiry);
    check_outputs(inquiry);
    check_appearances(inquiry);
}

void audit_run(const struct audit *audit, struct audit_report *ret)
{
    struct inquiry inquiry = { .audit = audit, .report = ret };

    *ret = (struct audit_report){ .findings = json_array() };
    inquiry.owned = json_object();
    inquiry.known = json_object();
    inquiry.database = ledger_copy_open(audit->ledger);

    if (ledger_copy_number(inquiry.database,
                           "SELECT count(*) FROM sqlite_master WHERE name IN ('source', 'job', 'output')") ==
        3)
        check_ledger(&inquiry);
    check_dropped(&inquiry);
    for_entries(&inquiry, audit->out, check_output_file, check_output_directory);
    for_entries(&inquiry, audit->in, check_hidden, check_hidden);
    if (audit->archive)
        for_entries(&inquiry, audit->archive, check_hidden, check_hidden);
    if (audit->failed)
        for_entries(&inquiry, audit->failed, check_hidden, check_hidden);

    sqlite3_close(inquiry.database);
    json_decref(inquiry.owned);
    json_decref(inquiry.known);
}

void audit_expect_nothing(const struct audit_report *report, const char *when)
{
    const json_t *finding;
    size_t i;

    json_array_foreach (report->findings, i, finding)
        fprintf(stderr, "%s\n", json_string_value(finding));
    ck_assert_msg(json_array_size(report->findings) == 0, "%s: %s%s", when,
                  json_string_value(json_array_get(report->findings, 0)) ?: "",
                  json_array_size(report->findings) > 1 ? ", and more" : "");
}

void audit_report_release(struct audit_report *report)
{
    json_decref(report->findings);
    report->findings = NULL;
}
