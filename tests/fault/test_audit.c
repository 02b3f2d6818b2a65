/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The audit that the campaigns rely on: what a daemon leaves passes, and each way of spoiling it is named. */
#include "audit.h"

#include "base/cleanup.h"
#include "base/fd_io.h"
#include "daemon_harness.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

/* A daemon has done b.jpg and sub/c.jpg, four pictures each, and archived them unless they are kept. */
struct state {
    struct harness h;
    struct audit audit;
    json_t *dropped, *appeared, *guilty;
};

static void state_open(struct state *state, bool archive)
{
    struct harness *h = &state->h;
    char more[PATH_MAX] = "";

    *state = (struct state){ .dropped = json_object(), .appeared = json_object(), .guilty = json_object() };
    harness_open(h);
    if (archive)
        snprintf(more, sizeof more, "Originals=archive\nArchive=%s\n", harness_path(h, "archive"));
    harness_configure(h, more, HARNESS_RECIPE);
    ck_assert_int_eq(mkdir(harness_path(h, "in/sub"), 0755), 0);
    harness_drop(h, "b.jpg", 64, 48, 1);
    harness_drop(h, "sub/c.jpg", 64, 48, 2);
    json_object_set_new(state->dropped, "b.jpg", json_integer(1));
    json_object_set_new(state->dropped, "sub/c.jpg", json_integer(1));
    json_object_set_new(state->appeared, "b.16.jpg", json_integer(1));
    harness_start(h);
    harness_await_ends(h, 2, 0);
    ck_assert_int_eq(harness_stop(h), 0);
    state->audit = (struct audit){
        .ledger = strdup(harness_path(h, "state/ledger.db")),
        .in = strdup(harness_path(h, "in")),
        .out = strdup(harness_path(h, "out")),
        .archive = archive ? strdup(harness_path(h, "archive")) : NULL,
        .dropped = state->dropped,
        .appeared = state->appeared,
        .guilty = state->guilty,
        .outputs = 4,
        .at_rest = true,
    };
}

/* What the harness would find wrong with a spoiled state is not its business. */
static void state_close(struct state *state)
{
    free((char *)state->audit.ledger);
    free((char *)state->audit.in);
    free((char *)state->audit.out);
    free((char *)state->audit.archive);
    json_decref(state->dropped);
    json_decref(state->appeared);
    json_decref(state->guilty);
    harness_remove(&state->h, "out");
    harness_close(&state->h);
}

static void sql(const struct state *state, const char *text)
{
    sqlite3 *database;

    ck_assert_int_eq(sqlite3_open(state->audit.ledger, &database), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(database, text, NULL, NULL, NULL) == SQLITE_OK, "%s",
                  sqlite3_errmsg(database));
    sqlite3_close(database);
}

static void copy(const struct state *state, const char *from, const char *to)
{
    _cleanup_close_ int source = open(harness_path(&state->h, "%s", from), O_RDONLY | O_CLOEXEC);
    _cleanup_close_ int target =
        open(harness_path(&state->h, "%s", to), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    struct stat st;

    ck_assert_int_eq(fstat(source, &st), 0);
    ck_assert_int_eq(fd_copy(source, target, (uint64_t)st.st_size), 0);
}

static void move(const struct state *state, const char *from, const char *to)
{
    ck_assert_int_eq(rename(harness_path(&state->h, "%s", from), harness_path(&state->h, "%s", to)), 0);
}

static const struct spoiling {
    const char *what;
    bool archive;
    const char *sql;                   /* run on the ledger; or */
    const char *remove, *write, *from; /* a file to remove, to write, or to make as a copy of @from; or */
    const char *moved, *moved_to;      /* to move */
    const char *dropped;               /* one more file that came */
    const char *closed;                /* a file or directory that gets the mode 0700 */
    const char *guilty;                /* a file that may fail */
    int appeared;                      /* how often b.16.jpg did; 0: once */
    enum audit_fault fault;
    const char *named; /* a part of the sentence */
} spoilings[] = {
    { .what = "nothing came of a file",
      .dropped = "z.jpg",
      .fault = AUDIT_LOST,
      .named = "never heard of z.jpg" },
    { .what = "a job stays queued",
      .sql =
          "UPDATE job SET state = 0 WHERE id = (SELECT job FROM source WHERE CAST(path AS TEXT) = 'b.jpg')",
      .fault = AUDIT_LOST,
      .named = "b.jpg is still queued" },
    { .what = "a job vanishes",
      .sql =
          "UPDATE job SET state = 8 WHERE id = (SELECT job FROM source WHERE CAST(path AS TEXT) = 'b.jpg')",
      .fault = AUDIT_LOST,
      .named = "b.jpg was left as vanished" },
    { .what = "a job is superseded by nothing",
      .sql =
          "UPDATE job SET state = 7 WHERE id = (SELECT job FROM source WHERE CAST(path AS TEXT) = 'b.jpg')",
      .fault = AUDIT_LOST,
      .named = "b.jpg was left as superseded" },
    { .what = "a good file fails",
      .sql = "UPDATE job SET state = 5, class = 1, message = 'bad' WHERE id = (SELECT job FROM source WHERE"
             " CAST(path AS TEXT) = 'b.jpg')",
      .fault = AUDIT_LOST,
      .named = "b.jpg failed: bad" },
    { .what = "a good file is blamed",
      .sql =
          "UPDATE job SET state = 5, class = 4 WHERE id = (SELECT job FROM source WHERE CAST(path AS TEXT) ="
          " 'b.jpg')",
      .fault = AUDIT_BLAMED,
      .named = "b.jpg failed, and nothing is wrong with it" },
    { .what = "a kept original goes",
      .remove = "in/b.jpg",
      .fault = AUDIT_LOST,
      .named = "b.jpg, which is to be kept" },
    { .what = "an archived original goes",
      .archive = true,
      .remove = "archive/sub/c.jpg",
      .fault = AUDIT_LOST,
      .named = "sub/c.jpg is nowhere" },
    { .what = "an original stays",
      .archive = true,
      .moved = "archive/b.jpg",
      .moved_to = "in/b.jpg",
      .fault = AUDIT_HALF_VISIBLE,
      .named = "b.jpg was not archived" },
    { .what = "an original is archived too early",
      .archive = true,
      .sql =
          "UPDATE job SET state = 1 WHERE id = (SELECT job FROM source WHERE CAST(path AS TEXT) = 'b.jpg')",
      .fault = AUDIT_HALF_VISIBLE,
      .named = "b.jpg was moved before its outputs" },
    { .what = "an original is archived twice",
      .archive = true,
      .from = "archive/b.jpg",
      .write = "archive/b-1.jpg",
      .fault = AUDIT_DOUBLED,
      .named = "b.jpg is in the archive 2 times" },
    { .what = "a version is made twice",
      .sql =
          "INSERT INTO job (source, folder, state, device, inode, size, mtime_ns, ctime_ns, queued_us) SELECT"
          " source, folder, state, device, inode, size, mtime_ns, ctime_ns, queued_us FROM job",
      .fault = AUDIT_DOUBLED,
      .named = "the same version of b.jpg" },
    { .what = "an output appears twice",
      .appeared = 2,
      .fault = AUDIT_DOUBLED,
      .named = "b.16.jpg has appeared 2 times" },
    { .what = "an output goes",
      .remove = "out/sub/c.32.png",
      .fault = AUDIT_HALF_VISIBLE,
      .named = "c.32.png is in the ledger and not on the disk" },
    { .what = "an output is another file",
      .from = "out/b.16.jpg",
      .write = "out/b.32.jpg",
      .fault = AUDIT_HALF_VISIBLE,
      .named = "b.32.jpg is not the file that the ledger knows" },
    { .what = "an output is torn",
      .write = "out/b.32.png",
      .fault = AUDIT_HALF_VISIBLE,
      .named = "b.32.png is no whole" },
    { .what = "an output is nobody's",
      .from = "out/b.16.jpg",
      .write = "out/x.jpg",
      .fault = AUDIT_HALF_VISIBLE,
      .named = "x.jpg belongs to no job" },
    { .what = "a set is incomplete",
      .sql = "DELETE FROM output WHERE CAST(path AS TEXT) LIKE '%/b.16.png'",
      .fault = AUDIT_HALF_VISIBLE,
      .named = "b.jpg is done with 3 outputs instead of 4" },
    { .what = "a name stays reserved",
      .sql = "UPDATE output SET inode = 0, path = CAST(path || 'x' AS BLOB) WHERE CAST(path AS TEXT) LIKE"
             " '%/b.16.png'",
      .fault = AUDIT_HALF_VISIBLE,
      .named = "b.16.pngx is reserved" },
    { .what = "an output is there too early",
      .sql =
          "UPDATE output SET inode = 0 WHERE CAST(path AS TEXT) LIKE '%/b.16.png'; UPDATE job SET state = 1",
      .fault = AUDIT_HALF_VISIBLE,
      .named = "b.16.png has its name before" },
    { .what = "a temporary file is left",
      .write = "out/sub/.darkroom-00000001-1-0.tmp",
      .fault = AUDIT_HALF_VISIBLE,
      .named = "1-0.tmp was left over" },
    { .what = "a private name is left",
      .write = "in/.darkroom-00000001-1.original",
      .fault = AUDIT_HALF_VISIBLE,
      .named = "1.original was left over" },
    { .what = "a failed original goes",
      .archive = true,
      .sql =
          "UPDATE job SET state = 5 WHERE id = (SELECT job FROM source WHERE CAST(path AS TEXT) = 'b.jpg')",
      .guilty = "b.jpg",
      .fault = AUDIT_LOST,
      .named = "the original of b.jpg, which failed" },
    { .what = "an output has another mode",
      .closed = "out/b.16.jpg",
      .fault = AUDIT_HALF_VISIBLE,
      .named = "b.16.jpg has the mode 0700" },
    { .what = "a directory has another mode",
      .closed = "out/sub",
      .fault = AUDIT_HALF_VISIBLE,
      .named = "sub has the mode 0700" },
};

static void spoil(struct state *state, const struct spoiling *spoiling)
{
    if (spoiling->sql)
        sql(state, spoiling->sql);
    if (spoiling->remove)
        ck_assert_int_eq(unlink(harness_path(&state->h, "%s", spoiling->remove)), 0);
    if (spoiling->write && spoiling->from)
        copy(state, spoiling->from, spoiling->write);
    else if (spoiling->write)
        harness_write(&state->h, spoiling->write, "torn");
    if (spoiling->moved)
        move(state, spoiling->moved, spoiling->moved_to);
    if (spoiling->closed)
        ck_assert_int_eq(chmod(harness_path(&state->h, "%s", spoiling->closed), 0700), 0);
    if (spoiling->guilty)
        json_object_set_new(state->guilty, spoiling->guilty, json_true());
    if (spoiling->dropped)
        json_object_set_new(state->dropped, spoiling->dropped, json_integer(1));
    if (spoiling->appeared)
        json_object_set_new(state->appeared, "b.16.jpg", json_integer(spoiling->appeared));
}

static bool is_named(const struct audit_report *report, const struct spoiling *spoiling)
{
    const char *fault = audit_fault_name(spoiling->fault);
    const json_t *finding;
    size_t i;

    json_array_foreach (report->findings, i, finding) {
        const char *text = json_string_value(finding);

        if (strncmp(text, fault, strlen(fault)) == 0 && strstr(text, spoiling->named))
            return true;
    }
    return false;
}

START_TEST(a_spoiled_state_is_named)
{
    const struct spoiling *spoiling = &spoilings[_i];
    struct audit_report report;
    struct state state;

    state_open(&state, spoiling->archive);
    audit_run(&state.audit, &report);
    audit_expect_nothing(&report, "unspoiled");
    ck_assert_uint_eq(report.done, 2);
    audit_report_release(&report);

    spoil(&state, spoiling);
    audit_run(&state.audit, &report);
    if (!is_named(&report, spoiling)) {
        char *text = json_dumps(report.findings, JSON_INDENT(1));

        ck_abort_msg("%s: not named; named are %s", spoiling->what, text);
    }
    ck_assert_uint_gt(report.counts[spoiling->fault], 0);
    audit_report_release(&report);
    state_close(&state);
}
END_TEST

HARNESS_MAIN("audit", UNIT_ROWS(a_spoiled_state_is_named, spoilings))
