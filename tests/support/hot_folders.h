/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hot_folders - real folders with their configuration for a test: in0, out0, in1, out1 … in a scratch directory.
 *
 *     struct hot_folders hot;
 *     hot_open(&hot, 1, HOT_RECIPE);
 *     hot_write(hot.in[0], "a.jpg", "abc");
 *     …
 *     hot_close(&hot);
 *
 * A test may change hot.conf[i] and hot.config before it starts a thread that reads them. */
#ifndef DARKROOM_TESTS_HOT_FOLDERS_H
#define DARKROOM_TESTS_HOT_FOLDERS_H

#include "base/fd_io.h"
#include "base/path_beneath.h"
#include "recipe_text.h"
#include "scratch.h"
#include "supervisor/job.h"

#include <check.h>
#include <dirent.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HOT_FOLDERS_MAX = 2, HOT_PATH_MAX = 128, HOT_AWAIT_MS = 50000 };

/* Two files for each picture: a.10.png and a.20.png for a.jpg. */
#define HOT_RECIPE                                                                                           \
    "[Recipe]\nDescription=For tests\n[Output a]\nName={dir}/{stem}.{width}.{ext}\nWidth=10 "                \
    "20\nFormat=png\n"
/* One file for each, which b.jpg and b.png would both make. */
#define HOT_RECIPE_SINGLE                                                                                    \
    "[Recipe]\nDescription=For tests\n[Output a]\nName={dir}/{stem}.{ext}\nWidth=10\nFormat=png\n"

struct hot_folders {
    struct scratch scratch;
    char in[HOT_FOLDERS_MAX][HOT_PATH_MAX], out[HOT_FOLDERS_MAX][HOT_PATH_MAX];
    char archive[HOT_PATH_MAX], failed[HOT_PATH_MAX], ledger[HOT_PATH_MAX];
    struct config *config;
    struct folder_conf *conf; /* config's */
};

static inline void hot_directory(const struct hot_folders *hot, const char *name, size_t number,
                                 char *ret_path)
{
    snprintf(ret_path, HOT_PATH_MAX, "%s/%s%zu", hot->scratch.path, name, number);
    ck_assert_int_eq(mkdir(ret_path, 0755), 0);
}

static inline void hot_open(struct hot_folders *hot, size_t count, const char *recipe)
{
    *hot = (struct hot_folders){ .scratch = scratch_make(), .config = calloc(1, sizeof *hot->config) };
    hot_directory(hot, "archive", 0, hot->archive);
    hot_directory(hot, "failed", 0, hot->failed);
    snprintf(hot->ledger, sizeof hot->ledger, "%s/ledger.db", hot->scratch.path);

    atomic_init(&hot->config->references, 1);
    hot->config->bundle = -1;
    daemon_conf_init(&hot->config->daemon);
    hot->conf = hot->config->folders = calloc(count, sizeof *hot->conf);
    hot->config->folder_count = count;
    hot->config->recipes = calloc(1, sizeof(struct recipe *));
    hot->config->recipes[0] = recipe_of_text(recipe);
    hot->config->recipe_files = calloc(1, sizeof(char *));
    hot->config->recipe_count = 1;
    hot->config->folder_recipes = calloc(count, sizeof(size_t));

    for (size_t i = 0; i < count; i++) {
        char name[32];

        hot_directory(hot, "in", i, hot->in[i]);
        hot_directory(hot, "out", i, hot->out[i]);
        snprintf(name, sizeof name, "f%zu", i);
        ck_assert_int_eq(folder_conf_init(&hot->conf[i], name), 0);
        hot->conf[i].path = strdup(hot->in[i]);
        hot->conf[i].output = strdup(hot->out[i]);
        hot->conf[i].recipe = strdup("test");
        hot->conf[i].settle_us = 0;
    }
}

static inline void hot_close(struct hot_folders *hot)
{
    config_unref(hot->config);
    scratch_remove(&hot->scratch);
}

/* Writes @text to @directory/@name. */
static inline void hot_write(const char *directory, const char *name, const char *text)
{
    char path[PATH_MAX];
    int fd;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    ck_assert_msg(fd >= 0, "%s: %m", path);
    ck_assert_int_eq(fd_write_all(fd, text, strlen(text)), 0);
    close(fd);
}

/* "@directory/@name"; valid until the next call. */
static inline const char *hot_path(const char *directory, const char *name)
{
    static char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static inline bool hot_exists(const char *directory, const char *name)
{
    char path[PATH_MAX];
    struct stat st;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    return lstat(path, &st) == 0;
}

/* What is in @directory/@name, as a string; valid until the next call. */
static inline const char *hot_read(const char *directory, const char *name)
{
    static char text[4096];
    char path[PATH_MAX];
    ssize_t n;
    int fd;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_msg(fd >= 0, "%s: %m", path);
    n = fd_read_all(fd, text, sizeof text - 1);
    ck_assert_int_ge(n, 0);
    text[n] = '\0';
    close(fd);
    return text;
}

/* How many entries @directory has, hidden ones too. */
static inline size_t hot_count(const char *directory)
{
    struct dirent **entries;
    int count = scandir(directory, &entries, NULL, NULL);

    ck_assert_int_ge(count, 2);
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    return (size_t)count - 2;
}

/* The version that the file has now. */
static inline struct version hot_version(const char *directory, const char *name)
{
    char path[PATH_MAX];
    struct stat st;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    ck_assert_msg(lstat(path, &st) == 0, "%s: %m", path);
    return version_of(&st);
}

/* A job for the file @path of folder @slot, as it is now (which may be: not there), without outputs. */
static inline struct job *hot_job(struct hot_folders *hot, size_t slot, uint64_t id, const char *path)
{
    struct job *job = job_new(id, hot->config, slot, &hot->conf[slot]);

    ck_assert_ptr_nonnull(job);
    job->path = strdup(path);
    if (hot_exists(hot->in[slot], path))
        job->version = hot_version(hot->in[slot], path);
    return job;
}

/* A finished picture, as a worker makes it. */
static inline struct job_output *hot_output(struct job *job, uint32_t rendition, const char *path,
                                            const char *text)
{
    struct job_output *output = job_add_output(job, rendition, path);

    ck_assert_ptr_nonnull(output);
    output->made = true;
    output->fd = fd_memory("picture", text, strlen(text));
    ck_assert_int_ge(output->fd, 0);
    ck_assert_int_eq(fd_seal(output->fd), 0);
    output->bytes = strlen(text);
    return output;
}

/* Waits until @fd is readable; a test in which that does not happen has failed. */
static inline void hot_await(int fd)
{
    struct pollfd ready = { .fd = fd, .events = POLLIN };

    ck_assert_msg(poll(&ready, 1, HOT_AWAIT_MS) == 1, "nothing came for %d s", HOT_AWAIT_MS / 1000);
}

#endif
