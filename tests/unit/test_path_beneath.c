/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths below a root: none leads out, directories are made with their mode. */
#include "base/path_beneath.h"

#include "base/cleanup.h"
#include "scratch.h"
#include "unit_main.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

/* outside; root/{file, sub/file, out -> .., self -> sub, link -> file, abs -> /etc/passwd} */
struct tree {
    struct scratch scratch;
    int root;
};

static void tree_remove(struct tree *tree)
{
    close_fd(tree->root);
    scratch_remove(&tree->scratch);
}

static struct tree make_tree(void)
{
    struct tree tree = { .scratch = scratch_make() };
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/root", tree.scratch.path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    tree.root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(tree.root, 0);

    ck_assert_int_eq(mkdirat(tree.root, "sub", 0700), 0);
    scratch_write(&tree.scratch, "outside", "secret", 6, path);
    scratch_write(&tree.scratch, "root/file", "1", 1, path);
    scratch_write(&tree.scratch, "root/sub/file", "22", 2, path);
    ck_assert_int_eq(symlinkat("..", tree.root, "out"), 0);
    ck_assert_int_eq(symlinkat("sub", tree.root, "self"), 0);
    ck_assert_int_eq(symlinkat("file", tree.root, "link"), 0);
    ck_assert_int_eq(symlinkat("/etc/passwd", tree.root, "abs"), 0);
    return tree;
}

static const struct {
    const char *path;
    int open, stat; /* 0: works */
} paths[] = {
    { "file", 0, 0 },
    { "sub/file", 0, 0 },
    { "./sub//file", 0, 0 },
    { "missing", -ENOENT, -ENOENT },
    { "missing/file", -ENOENT, -ENOENT },
    { "file/file", -ENOTDIR, -ENOTDIR },
    { "", -ENOENT, -EINVAL },
    { ".", 0, -EINVAL },
    { "..", -EXDEV, -EINVAL },
    { "../outside", -EXDEV, -EXDEV },
    { "sub/../../outside", -EXDEV, -EXDEV },
    { "sub/..", 0, -EINVAL },
    { "sub/", 0, -EINVAL },
    { "/etc/passwd", -EXDEV, -EXDEV },
    { "/file", -EXDEV, -EXDEV },
    { "out/outside", -ELOOP, -ELOOP },
    { "self/file", -ELOOP, -ELOOP },
    { "link", -ELOOP, 0 }, /* the link itself */
    { "abs", -ELOOP, 0 },
};

static const struct path_attributes usual = { 0755, (uid_t)-1, (gid_t)-1 },
                                    with_setgid = { 02755, (uid_t)-1, (gid_t)-1 };

START_TEST(a_path_is_opened_only_below_the_root_and_without_links)
{
    _cleanup_(tree_remove) struct tree tree = make_tree();
    _cleanup_close_ int fd = path_open_beneath(tree.root, paths[_i].path, O_RDONLY, 0);

    ck_assert_msg((fd < 0 ? fd : 0) == paths[_i].open, "\"%s\": %d", paths[_i].path, fd);
    if (fd >= 0)
        ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}
END_TEST

START_TEST(a_path_is_looked_at_only_below_the_root)
{
    _cleanup_(tree_remove) struct tree tree = make_tree();
    struct stat st;
    int r = path_stat_beneath(tree.root, paths[_i].path, &st);

    ck_assert_msg(r == paths[_i].stat, "\"%s\": %d", paths[_i].path, r);
}
END_TEST

START_TEST(a_link_is_seen_as_what_it_is)
{
    _cleanup_(tree_remove) struct tree tree = make_tree();
    struct stat st;

    ck_assert_int_eq(path_stat_beneath(tree.root, "link", &st), 0);
    ck_assert(S_ISLNK(st.st_mode));
    ck_assert_int_eq(path_stat_beneath(tree.root, "sub/file", &st), 0);
    ck_assert_int_eq(st.st_size, 2);
}
END_TEST

START_TEST(magic_links_are_refused)
{
    _cleanup_close_ int proc = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);

    ck_assert_int_eq(path_open_beneath(proc, "fd/0", O_RDONLY, 0), -ELOOP);
    ck_assert_int_eq(path_open_beneath(proc, "cwd", O_RDONLY, 0), -ELOOP);
}
END_TEST

START_TEST(a_file_is_created_with_its_mode)
{
    _cleanup_(tree_remove) struct tree tree = make_tree();
    _cleanup_close_ int fd = -1;
    struct stat st;

    umask(0);
    fd = path_open_beneath(tree.root, "sub/new", O_WRONLY | O_CREAT | O_EXCL, 0640);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fstat(fd, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0640);
    ck_assert_int_eq(path_open_beneath(tree.root, "sub/new", O_WRONLY | O_CREAT | O_EXCL, 0640), -EEXIST);
    ck_assert_int_eq(path_open_beneath(tree.root, "../new", O_WRONLY | O_CREAT, 0640), -EXDEV);
    ck_assert_int_eq(path_open_beneath(tree.root, "link", O_WRONLY | O_CREAT, 0640), -ELOOP);
}
END_TEST

static const struct {
    const char *path;
    int result; /* 0: works */
    const char *parent, *name;
} parents[] = {
    { "file", 0, ".", "file" },           { "sub/any", 0, "sub", "any" },
    { "sub/\xFF\n", 0, "sub", "\xFF\n" }, { "missing/any", -ENOENT, NULL, NULL },
    { "file/any", -ENOTDIR, NULL, NULL }, { "self/any", -ELOOP, NULL, NULL },
    { "../any", -EXDEV, NULL, NULL },     { "/any", -EXDEV, NULL, NULL },
    { "..", -EINVAL, NULL, NULL },        { "sub/..", -EINVAL, NULL, NULL },
    { ".", -EINVAL, NULL, NULL },         { "sub/", -EINVAL, NULL, NULL },
    { "", -EINVAL, NULL, NULL },
};

static bool is_same_file(int fd, int root, const char *path)
{
    struct stat one, other;

    return fstat(fd, &one) == 0 && fstatat(root, path, &other, 0) == 0 && one.st_ino == other.st_ino;
}

START_TEST(the_parent_of_a_path_is_opened_and_its_name_told)
{
    _cleanup_(tree_remove) struct tree tree = make_tree();
    const char *name = NULL;
    _cleanup_close_ int fd = path_open_parent(tree.root, parents[_i].path, &name);

    ck_assert_msg((fd < 0 ? fd : 0) == parents[_i].result, "\"%s\": %d", parents[_i].path, fd);
    if (fd < 0)
        return;
    ck_assert(is_same_file(fd, tree.root, parents[_i].parent));
    ck_assert_str_eq(name, parents[_i].name);
}
END_TEST

START_TEST(directories_are_made_with_their_mode_whatever_the_umask)
{
    _cleanup_(tree_remove) struct tree tree = make_tree();
    const char *name;
    _cleanup_close_ int fd = -1;
    struct stat st;

    umask(077);
    fd = path_make_parent(tree.root, "sub/a/b/c.jpg", &with_setgid, &name);
    ck_assert_int_ge(fd, 0);
    ck_assert_str_eq(name, "c.jpg");
    ck_assert(is_same_file(fd, tree.root, "sub/a/b"));
    ck_assert_int_eq(fsync(fd), 0);

    ck_assert_int_eq(fstatat(tree.root, "sub/a", &st, 0), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 02755);
    ck_assert_int_eq(fstatat(tree.root, "sub/a/b", &st, 0), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 02755);
    ck_assert_int_eq(fstatat(tree.root, "sub", &st, 0), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0700);
}
END_TEST

/* Instead of libc's, so that it can fail. */
static int chmod_errno;

int fchmod(int fd, mode_t mode)
{
    if (chmod_errno) {
        errno = chmod_errno;
        return -1;
    }
    return (int)syscall(SYS_fchmod, fd, mode);
}

/* It stayed with mode 0700 and the wrong owner: the next attempt took it for one that was there. */
START_TEST(a_directory_whose_mode_cannot_be_set_is_not_left_behind)
{
    _cleanup_(tree_remove) struct tree tree = make_tree();
    const char *name;
    _cleanup_close_ int fd = -1;
    struct stat st;

    chmod_errno = EIO;
    ck_assert_int_eq(path_make_parent(tree.root, "sub/a/b/c.jpg", &with_setgid, &name), -EIO);
    ck_assert_int_eq(fstatat(tree.root, "sub/a", &st, 0), -1);
    ck_assert_int_eq(fstatat(tree.root, "sub/.darkroom-directory", &st, 0), -1);
    chmod_errno = 0;
    ck_assert_int_eq(mkdirat(tree.root, "sub/.darkroom-directory", 0700), 0); /* by a kill */
    fd = path_make_parent(tree.root, "sub/a/b/c.jpg", &with_setgid, &name);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fstatat(tree.root, "sub/a", &st, 0), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 02755);
    ck_assert_int_eq(fstatat(tree.root, "sub/.darkroom-directory", &st, 0), -1);
}
END_TEST

static void *make_many(void *root)
{
    for (int i = 0; i < 100; i++) {
        char path[64];
        const char *name;
        _cleanup_close_ int fd = -1;

        snprintf(path, sizeof path, "d%d/e/x.jpg", i);
        fd = path_make_parent(*(int *)root, path, &usual, &name);
        if (fd < 0)
            return (void *)(intptr_t)fd;
    }
    return NULL;
}

START_TEST(two_threads_that_make_the_same_directories_do_not_disturb_each_other)
{
    _cleanup_(tree_remove) struct tree tree = make_tree();
    pthread_t thread;
    struct stat st;
    void *result;

    ck_assert_int_eq(pthread_create(&thread, NULL, make_many, &tree.root), 0);
    ck_assert_ptr_null(make_many(&tree.root));
    pthread_join(thread, &result);
    ck_assert_ptr_null(result);
    for (int i = 0; i < 100; i++) {
        char path[64];

        snprintf(path, sizeof path, "d%d/e", i);
        ck_assert_int_eq(fstatat(tree.root, path, &st, 0), 0);
        ck_assert_uint_eq(st.st_mode & 07777, 0755);
    }
}
END_TEST

START_TEST(directories_that_are_there_are_used)
{
    _cleanup_(tree_remove) struct tree tree = make_tree();
    const char *name;
    _cleanup_close_ int root = path_make_parent(tree.root, "x.jpg", &usual, &name);
    _cleanup_close_ int sub = path_make_parent(tree.root, "sub/x.jpg", &usual, &name);

    ck_assert(is_same_file(root, tree.root, "."));
    ck_assert(is_same_file(sub, tree.root, "sub"));
}
END_TEST

static const struct {
    const char *path;
    int result;
} unmakeable[] = {
    { "file/a/x", -ENOTDIR }, { "out/a/x", -ELOOP },           { "sub/a/../../../b/x", -EXDEV },
    { "../a/x", -EXDEV },     { "/tmp/darkroom-x/y", -EXDEV }, { "a/..", -EINVAL },
    { "a/", -EINVAL },
};

START_TEST(nothing_is_made_outside)
{
    _cleanup_(tree_remove) struct tree tree = make_tree();
    const char *name;
    _cleanup_close_ int fd = path_make_parent(tree.root, unmakeable[_i].path, &usual, &name);

    ck_assert_msg(fd == unmakeable[_i].result, "\"%s\": %d", unmakeable[_i].path, fd);
    ck_assert_int_eq(faccessat(tree.root, "../a", F_OK, 0), -1);
    ck_assert_int_eq(faccessat(tree.root, "../b", F_OK, 0), -1);
}
END_TEST

UNIT_MAIN("path_beneath", UNIT_ROWS(a_path_is_opened_only_below_the_root_and_without_links, paths),
          UNIT_ROWS(a_path_is_looked_at_only_below_the_root, paths), UNIT_TEST(a_link_is_seen_as_what_it_is),
          UNIT_TEST(magic_links_are_refused), UNIT_TEST(a_file_is_created_with_its_mode),
          UNIT_ROWS(the_parent_of_a_path_is_opened_and_its_name_told, parents),
          UNIT_TEST(directories_are_made_with_their_mode_whatever_the_umask),
          UNIT_TEST(a_directory_whose_mode_cannot_be_set_is_not_left_behind),
          UNIT_TEST(two_threads_that_make_the_same_directories_do_not_disturb_each_other),
          UNIT_TEST(directories_that_are_there_are_used), UNIT_ROWS(nothing_is_made_outside, unmakeable))
