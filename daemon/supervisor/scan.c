/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scan - see scan.h. Depth first; what is kept between steps is the open directory and two stacks of paths: what is
 * new or polled goes before what is only compared. */
#include "supervisor/scan.h"

#include "base/cleanup.h"
#include "base/path_beneath.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

struct place {
    SLIST_ENTRY(place) link;
    enum walk walk;
    char path[];
};

SLIST_HEAD(stack, place);

struct scan {
    struct scan_handler handler;
    struct stack all, urgent;
    struct place *current; /* the open directory's path */
    DIR *directory;
};

struct scan *scan_new(const struct scan_handler *handler)
{
    struct scan *scan = calloc(1, sizeof *scan);

    if (!scan)
        return NULL;
    scan->handler = *handler;
    SLIST_INIT(&scan->all);
    SLIST_INIT(&scan->urgent);
    return scan;
}

static void leave_directory(struct scan *scan)
{
    if (scan->directory)
        closedir(scan->directory);
    scan->directory = NULL;
    free(scan->current);
    scan->current = NULL;
}

static struct place *pop(struct stack *stack)
{
    struct place *place = SLIST_FIRST(stack);

    if (place)
        SLIST_REMOVE_HEAD(stack, link);
    return place;
}

void scan_cancel(struct scan *scan)
{
    struct place *place;

    leave_directory(scan);
    while ((place = pop(&scan->urgent) ?: pop(&scan->all)))
        free(place);
}

void scan_free(struct scan *scan)
{
    if (!scan)
        return;
    scan_cancel(scan);
    free(scan);
}

int scan_request(struct scan *scan, const char *path, enum walk walk)
{
    struct place *place;

    /* A walk over everything makes all others superfluous. */
    if (walk == WALK_ALL && *path == '\0')
        scan_cancel(scan);

    place = malloc(sizeof *place + strlen(path) + 1);
    if (!place)
        return -ENOMEM;
    place->walk = walk;
    memcpy(place->path, path, strlen(path) + 1);
    SLIST_INSERT_HEAD(walk == WALK_ALL ? &scan->all : &scan->urgent, place, link);
    return 0;
}

bool scan_pending(const struct scan *scan)
{
    return scan->directory || !SLIST_EMPTY(&scan->all) || !SLIST_EMPTY(&scan->urgent);
}

bool scan_urgent(const struct scan *scan)
{
    return !SLIST_EMPTY(&scan->urgent) || (scan->directory && scan->current->walk != WALK_ALL);
}

static void fail(struct scan *scan, const char *path, int errnum)
{
    scan->handler.failed(scan->handler.context, path, errnum);
}

static void enter_directory(struct scan *scan, int root)
{
    int fd;

    scan->current = pop(&scan->urgent) ?: pop(&scan->all);
    fd = path_open_beneath(root, *scan->current->path ? scan->current->path : ".", O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) {
        fail(scan, scan->current->path, -fd);
        leave_directory(scan);
        return;
    }

    if (!scan->handler.directory(scan->handler.context, scan->current->path, fd, scan->current->walk)) {
        close_fd(fd);
        leave_directory(scan);
        return;
    }
    scan->directory = fdopendir(fd);
    if (!scan->directory) {
        fail(scan, scan->current->path, errno);
        close_fd(fd);
        leave_directory(scan);
    }
}

static char *join(const char *directory, const char *name)
{
    char *path;

    return asprintf(&path, "%s%s%s", directory, *directory ? "/" : "", name) < 0 ? NULL : path;
}

static void visit(struct scan *scan, const struct folder_conf *conf, const struct dirent *entry)
{
    _cleanup_free_ char *path = NULL;
    unsigned char type = entry->d_type;
    struct stat st;

    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
        folder_conf_ignores_component(conf, entry->d_name))
        return;
    path = join(scan->current->path, entry->d_name);
    if (!path) {
        fail(scan, entry->d_name, ENOMEM);
        return;
    }

    if (type != DT_DIR && type != DT_UNKNOWN && !folder_conf_accepts(conf, path))
        return;
    if (type != DT_DIR) {
        if (fstatat(dirfd(scan->directory), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
            if (errno != ENOENT)
                scan->handler.unseen(scan->handler.context, scan->current->path, errno);
            return;
        }
        type = IFTODT(st.st_mode);
    }

    if (type == DT_DIR && conf->recursive) {
        if (scan_request(scan, path, scan->current->walk) < 0)
            fail(scan, path, ENOMEM);
    } else if (type == DT_REG && folder_conf_accepts(conf, path)) {
        scan->handler.file(scan->handler.context, path, &st);
    } else if (type != DT_DIR && folder_conf_accepts(conf, path)) {
        scan->handler.other(scan->handler.context, path, &st, scan->current->walk);
    }
}

void scan_step(struct scan *scan, int root, const struct folder_conf *conf, size_t entries)
{
    while (entries-- > 0 && scan_pending(scan)) {
        struct dirent *entry;

        if (!scan->directory) {
            enter_directory(scan, root);
            continue;
        }
        errno = 0;
        entry = readdir(scan->directory);
        if (entry) {
            visit(scan, conf, entry);
            continue;
        }
        if (errno != 0 && errno != ENOENT) /* deleted while it is read */
            fail(scan, scan->current->path, errno);
        leave_directory(scan);
    }
}
