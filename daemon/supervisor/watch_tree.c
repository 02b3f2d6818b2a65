/* SPDX-License-Identifier: GPL-2.0-or-later */
/* watch_tree - see watch_tree.h; inotify(7). Nodes are found by watch descriptor (tsearch(3)) and through their
 * parent's list of children. libinotifytools' own recursive tree is not used: it reports stale paths after
 * renames and keeps state for the whole process. */
#include "supervisor/watch_tree.h"

#include "base/cleanup.h"

#include <errno.h>
#include <limits.h>
#include <search.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

enum {
    UNWATCHED = -1,
    EVENT_BUFFER_BYTES = 64 << 10,
    EVENT_MASK = IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_MODIFY | IN_ATTRIB |
                 IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK | IN_DONT_FOLLOW,
};

struct node {
    int descriptor; /* UNWATCHED: only there because something below is watched */
    char *name;     /* "" for the root */
    struct node *parent;
    LIST_HEAD(, node) children;
    LIST_ENTRY(node) sibling;
};

struct watch_tree {
    int fd;
    void *nodes; /* by descriptor */
    struct node *root;
    size_t count;     /* of watched nodes … */
    size_t unwatched; /* … and of the others */

    /* A directory that was moved out of its place and may turn up in another with the next event. */
    struct node *moving;
    uint32_t moving_cookie;

    size_t used, next; /* of the buffer */
    _Alignas(struct inotify_event) char buffer[EVENT_BUFFER_BYTES];
};

static int compare(const void *a, const void *b)
{
    int left = ((const struct node *)a)->descriptor, right = ((const struct node *)b)->descriptor;

    return (left > right) - (left < right);
}

static struct node *find_node(const struct watch_tree *tree, int descriptor)
{
    struct node key = { .descriptor = descriptor };
    struct node **found = tfind(&key, &tree->nodes, compare);

    return found ? *found : NULL;
}

static struct node *find_child(const struct node *parent, const char *name)
{
    struct node *child;

    LIST_FOREACH (child, &parent->children, sibling)
        if (strcmp(child->name, name) == 0)
            return child;
    return NULL;
}

static void unlink_node(struct watch_tree *tree, struct node *node)
{
    if (node->parent)
        LIST_REMOVE(node, sibling);
    if (tree->root == node)
        tree->root = NULL;
    if (tree->moving == node)
        tree->moving = NULL;
    tree->unwatched -= node->descriptor == UNWATCHED;
    free(node->name);
    free(node);
}

static void drop_all(struct watch_tree *tree, struct node *node, bool release)
{
    struct node *child;

    while ((child = LIST_FIRST(&node->children)))
        drop_all(tree, child, release);

    if (node->descriptor != UNWATCHED) {
        if (release)
            inotify_rm_watch(tree->fd, node->descriptor); /* EINVAL: the kernel was faster */
        tdelete(node, &tree->nodes, compare);
        tree->count--;
    }
    unlink_node(tree, node);
}

/* Forgets @node and all below it, and what was only there because of it. @release: the kernel still watches. */
static void drop(struct watch_tree *tree, struct node *node, bool release)
{
    struct node *parent = node->parent;

    drop_all(tree, node, release);
    while (parent && parent->descriptor == UNWATCHED && LIST_EMPTY(&parent->children)) {
        node = parent;
        parent = node->parent;
        unlink_node(tree, node);
    }
}

int watch_tree_new(struct watch_tree **ret)
{
    struct watch_tree *tree = calloc(1, sizeof *tree);
    int r;

    if (!tree)
        return -ENOMEM;
    tree->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (tree->fd < 0) {
        r = -errno;
        free(tree);
        return r;
    }

    *ret = tree;
    return 0;
}

void watch_tree_free(struct watch_tree *tree)
{
    if (!tree)
        return;

    /* Closing the descriptor releases the kernel's side at once. */
    close_fd(tree->fd);
    if (tree->moving)
        drop(tree, tree->moving, false);
    if (tree->root)
        drop(tree, tree->root, false);
    free(tree);
}

int watch_tree_fd(const struct watch_tree *tree)
{
    return tree->fd;
}

size_t watch_tree_count(const struct watch_tree *tree)
{
    return tree->count;
}

/* The node at @path, or NULL. */
static struct node *walk(const struct watch_tree *tree, const char *path, size_t length)
{
    struct node *node = tree->root;
    char name[NAME_MAX + 1];

    while (node && length > 0) {
        const char *slash = memchr(path, '/', length);
        size_t part = slash ? (size_t)(slash - path) : length;

        if (part > NAME_MAX)
            return NULL;
        memcpy(name, path, part);
        name[part] = '\0';
        node = find_child(node, name);
        path += part + (slash ? 1 : 0);
        length -= part + (slash ? 1 : 0);
    }
    return node;
}

static void attach(struct node *node, struct node *parent)
{
    if (node->parent)
        LIST_REMOVE(node, sibling);
    node->parent = parent;
    if (parent)
        LIST_INSERT_HEAD(&parent->children, node, sibling);
}

static int rename_node(struct node *node, const char *name)
{
    char *copy = strdup(name);

    if (!copy)
        return -ENOMEM;
    free(node->name);
    node->name = copy;
    return 0;
}

static bool is_ancestor(const struct node *node, const struct node *of)
{
    for (; of; of = of->parent)
        if (of == node)
            return true;
    return false;
}

static struct node *new_node(struct watch_tree *tree, struct node *parent, const char *name)
{
    struct node *node = calloc(1, sizeof *node);

    if (!node || rename_node(node, name) < 0) {
        free(node);
        return NULL;
    }
    node->descriptor = UNWATCHED;
    tree->unwatched++;
    attach(node, parent);
    if (!parent)
        tree->root = node;
    return node;
}

/* The node that stands for the parent of @path; it and those above it are made where they are missing. */
static struct node *make_parent(struct watch_tree *tree, const char *path)
{
    struct node *node = tree->root ?: new_node(tree, NULL, "");
    const char *slash;

    for (; node && (slash = strchr(path, '/')); path = slash + 1) {
        char name[NAME_MAX + 1];

        if (slash - path > NAME_MAX)
            return NULL;
        snprintf(name, sizeof name, "%.*s", (int)(slash - path), path);
        node = find_child(node, name) ?: new_node(tree, node, name);
    }
    return node;
}

/* The node for a directory that is watched from now on. One may stand there because of what is below; it is looked
 * for only where there are such, because a directory may have very many others in it. */
static struct node *place_of(struct watch_tree *tree, struct node *parent, const char *name)
{
    struct node *node = !parent ? tree->root : tree->unwatched > 0 ? find_child(parent, name) : NULL;

    if (node && node->descriptor != UNWATCHED) {
        drop_all(tree, node, true); /* of a directory that is there no longer */
        node = NULL;
    }
    return node ?: new_node(tree, parent, name);
}

static int add(struct watch_tree *tree, struct node *parent, const char *name, int fd)
{
    struct node *node;
    char link[64];
    int descriptor;

    /* By descriptor, so that no link can lead it elsewhere; DONT_FOLLOW would stop at the magic link itself. */
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    descriptor = inotify_add_watch(tree->fd, link, EVENT_MASK & ~(unsigned)IN_DONT_FOLLOW);
    if (descriptor < 0)
        return -errno;

    node = find_node(tree, descriptor);
    if (node) {
        /* Known: the same place, or a directory that was moved here. */
        if (is_ancestor(node, parent))
            return -ELOOP;
        attach(node, parent);
        return rename_node(node, name);
    }

    node = place_of(tree, parent, name);
    if (!node) {
        inotify_rm_watch(tree->fd, descriptor);
        return -ENOMEM;
    }
    node->descriptor = descriptor;
    if (!tsearch(node, &tree->nodes, compare)) {
        node->descriptor = UNWATCHED; /* as it is counted */
        drop(tree, node, false);
        inotify_rm_watch(tree->fd, descriptor);
        return -ENOMEM;
    }
    tree->unwatched--;
    tree->count++;
    return 0;
}

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

int watch_tree_add(struct watch_tree *tree, const char *path, int fd)
{
    const char *name = last_component(path);
    struct node *parent = *path ? walk(tree, path, name > path ? (size_t)(name - path) - 1 : 0) : NULL;

    if (*path && !parent)
        return -ENOENT;
    return add(tree, parent, name, fd);
}

int watch_tree_add_apart(struct watch_tree *tree, const char *path, int fd)
{
    struct node *parent = *path ? make_parent(tree, path) : NULL;
    int r;

    if (*path && !parent)
        return -ENOMEM;
    r = add(tree, parent, last_component(path), fd);
    if (r < 0 && parent && parent->descriptor == UNWATCHED && LIST_EMPTY(&parent->children))
        drop(tree, parent, false);
    return r;
}

bool watch_tree_has(const struct watch_tree *tree, const char *path)
{
    const struct node *node = walk(tree, path, strlen(path));

    return node && node->descriptor != UNWATCHED;
}

void watch_tree_remove(struct watch_tree *tree, const char *path)
{
    struct node *node = walk(tree, path, strlen(path));

    if (node)
        drop(tree, node, true);
}

/* Writes the path of @name in @node. False when it is too long to be one. */
static bool path_of(const struct node *node, const char *name, char *path, size_t size)
{
    size_t length = strlen(name);
    size_t end = size - 1;

    if (length >= size)
        return false;
    end -= length;
    memcpy(path + end, name, length);
    path[size - 1] = '\0';

    for (; node && node->parent; node = node->parent) {
        size_t part = strlen(node->name);
        bool separator = end < size - 1;

        if (part + separator > end)
            return false;
        if (separator)
            path[--end] = '/';
        end -= part;
        memcpy(path + end, node->name, part);
    }
    memmove(path, path + end, size - end);
    return true;
}

/* A directory that was moved away and did not turn up again has left the tree. */
static void settle_moving(struct watch_tree *tree)
{
    if (tree->moving)
        drop(tree, tree->moving, true);
}

static enum watch_change root_change(struct watch_tree *tree, struct node *node,
                                     const struct inotify_event *event)
{
    if (event->mask & IN_IGNORED) {
        drop(tree, node, false);
        return WATCH_NOTHING;
    }
    return node == tree->root && (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT))
               ? WATCH_ROOT_GONE
               : WATCH_NOTHING;
}

static enum watch_change directory_change(struct watch_tree *tree, struct node *node,
                                          const struct inotify_event *event)
{
    struct node *child = find_child(node, event->name);

    if (event->mask & IN_MOVED_FROM) {
        if (child) {
            attach(child, NULL);
            tree->moving = child;
            tree->moving_cookie = event->cookie;
        }
        return WATCH_DIRECTORY_GONE;
    }
    if (event->mask & (IN_CREATE | IN_MOVED_TO))
        return WATCH_DIRECTORY_NEW;
    if (event->mask & IN_DELETE)
        return WATCH_DIRECTORY_GONE;
    return WATCH_NOTHING;
}

static enum watch_change file_change(const struct inotify_event *event)
{
    if (event->mask & (IN_CLOSE_WRITE | IN_MOVED_TO))
        return WATCH_FILE_FINISHED;
    if (event->mask & (IN_DELETE | IN_MOVED_FROM))
        return WATCH_FILE_GONE;
    if (event->mask & (IN_CREATE | IN_MODIFY | IN_ATTRIB))
        return WATCH_FILE_TOUCHED;
    return WATCH_NOTHING;
}

/* A directory moved within the tree keeps its node: watch_tree_add() finds it by its descriptor. */
static bool continues_move(const struct watch_tree *tree, const struct inotify_event *event)
{
    return event->mask & IN_MOVED_TO && event->cookie == tree->moving_cookie;
}

static enum watch_change interpret(struct watch_tree *tree, const struct inotify_event *event, char *path,
                                   size_t size)
{
    struct node *node;

    if (event->mask & IN_Q_OVERFLOW)
        return WATCH_OVERFLOW;

    node = find_node(tree, event->wd);
    if (tree->moving && continues_move(tree, event) && node && !is_ancestor(tree->moving, node)) {
        attach(tree->moving, node);
        if (rename_node(tree->moving, event->name) < 0)
            return WATCH_OVERFLOW;
        tree->moving = NULL;
    } else if (tree->moving && event->wd != tree->moving->descriptor) {
        settle_moving(tree);
        node = find_node(tree, event->wd);
    }
    if (!node)
        return WATCH_NOTHING; /* of a directory that we let go */
    if (event->len == 0)
        return root_change(tree, node, event);

    if (node == tree->moving)
        return WATCH_NOTHING; /* it has no path just now; where it turns up again it is scanned */
    if (!path_of(node, event->name, path, size))
        return WATCH_NOTHING; /* longer than any path can be used */
    return event->mask & IN_ISDIR ? directory_change(tree, node, event) : file_change(event);
}

bool watch_tree_next(struct watch_tree *tree, enum watch_change *ret_change, char *path, size_t size)
{
    const struct inotify_event *event;

    if (tree->next >= tree->used) {
        ssize_t n = read(tree->fd, tree->buffer, sizeof tree->buffer);

        if (n <= 0) {
            settle_moving(tree);
            return false;
        }
        tree->used = (size_t)n;
        tree->next = 0;
    }

    event = (const struct inotify_event *)(tree->buffer + tree->next);
    tree->next += sizeof *event + event->len;
    path[0] = '\0';
    *ret_change = interpret(tree, event, path, size);
    return true;
}
