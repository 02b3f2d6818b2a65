/* SPDX-License-Identifier: GPL-2.0-or-later */
/* watch_tree - see watch_tree.h; inotify(7). Nodes are found by watch descriptor, and by parent and name, in a hash
 * table each: a directory may have 100,000 others in it. libinotifytools' own recursive tree is not used: it
 * reports stale paths after renames and keeps state for the whole process. */
#include "supervisor/watch_tree.h"

#include "base/cleanup.h"
#include "base/lookup.h"

#include <errno.h>
#include <limits.h>
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
    GUARDS_MAX = 64, /* directories above the root */
    GUARD_MASK = IN_DELETE_SELF | IN_MOVE_SELF,
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
    struct lookup by_descriptor;
    struct lookup by_name; /* those that have a parent */
    struct node *root;
    size_t count;

    /* A directory that was moved out of its place and may turn up in another with the next event. */
    struct node *moving;
    uint32_t moving_cookie;

    int guards[GUARDS_MAX]; /* descriptors; one may be a node's too, where a mount makes a circle */
    size_t guard_count;

    size_t used, next; /* of the buffer */
    _Alignas(struct inotify_event) char buffer[EVENT_BUFFER_BYTES];
};

static uint64_t hash_descriptor(const void *item)
{
    const struct node *node = item;

    return lookup_hash_bytes(&node->descriptor, sizeof node->descriptor, 0);
}

static bool same_descriptor(const void *item, const void *key)
{
    return ((const struct node *)item)->descriptor == ((const struct node *)key)->descriptor;
}

static uint64_t hash_name(const void *item)
{
    const struct node *node = item;

    return lookup_hash_bytes(node->name, strlen(node->name), (uintptr_t)node->parent);
}

static bool same_name(const void *item, const void *key)
{
    const struct node *a = item, *b = key;

    return a->parent == b->parent && strcmp(a->name, b->name) == 0;
}

static const struct lookup_kind kind_by_descriptor = { .hash = hash_descriptor, .same = same_descriptor };
static const struct lookup_kind kind_by_name = { .hash = hash_name, .same = same_name };

static struct node *find_node(const struct watch_tree *tree, int descriptor)
{
    return lookup_find(&tree->by_descriptor, &(struct node){ .descriptor = descriptor });
}

static struct node *find_child(const struct watch_tree *tree, const struct node *parent, const char *name)
{
    return lookup_find(&tree->by_name,
                       &(struct node){ .parent = (struct node *)parent, .name = (char *)name });
}

static void detach(struct watch_tree *tree, struct node *node)
{
    if (!node->parent)
        return;
    lookup_remove(&tree->by_name, node);
    LIST_REMOVE(node, sibling);
    node->parent = NULL;
}

static void drop_leaf(struct watch_tree *tree, struct node *node, bool release)
{
    detach(tree, node);
    if (tree->root == node)
        tree->root = NULL;
    if (tree->moving == node)
        tree->moving = NULL;
    if (node->descriptor != UNWATCHED) {
        if (release)
            inotify_rm_watch(tree->fd, node->descriptor); /* EINVAL: the kernel was faster */
        lookup_remove(&tree->by_descriptor, node);
        tree->count--;
    }
    free(node->name);
    free(node);
}

/* Forgets @node and all below it, leaves first. @release: the kernel still watches them. Not recursive: by moving
 * one deep tree into another, somebody can make this one deeper than any stack. */
static void drop_all(struct watch_tree *tree, struct node *node, bool release)
{
    struct node *next = node;
    bool last = false;

    while (!last) {
        struct node *leaf = next;

        while (!LIST_EMPTY(&leaf->children))
            leaf = LIST_FIRST(&leaf->children);
        next = leaf->parent;
        last = leaf == node;
        drop_leaf(tree, leaf, release);
    }
}

/* The same, and what was only there because of it. */
static void drop(struct watch_tree *tree, struct node *node, bool release)
{
    struct node *parent = node->parent;

    drop_all(tree, node, release);
    while (parent && parent->descriptor == UNWATCHED && LIST_EMPTY(&parent->children)) {
        node = parent;
        parent = node->parent;
        drop_leaf(tree, node, false);
    }
}

/* Gives a node its name and place, and takes it from the one that it had. What had the new place is not there any
 * more: even if somebody keeps it open, so that the kernel does not let its watch go. 0, or -ENOMEM: it has none. */
static int attach(struct watch_tree *tree, struct node *node, struct node *parent, const char *name)
{
    struct node *before;
    char *copy = strdup(name);

    detach(tree, node);
    if (tree->moving == node)
        tree->moving = NULL; /* it has turned up */
    if (!copy)
        return -ENOMEM;
    before = parent ? find_child(tree, parent, name) : NULL;
    if (before)
        drop_all(tree, before, true);
    free(node->name);
    node->name = copy;
    node->parent = parent;
    if (!parent)
        return 0;
    if (lookup_add(&tree->by_name, node) < 0) {
        node->parent = NULL;
        return -ENOMEM;
    }
    LIST_INSERT_HEAD(&parent->children, node, sibling);
    return 0;
}

int watch_tree_new(struct watch_tree **ret)
{
    struct watch_tree *tree = calloc(1, sizeof *tree);
    int r;

    if (!tree)
        return -ENOMEM;
    lookup_init(&tree->by_descriptor, &kind_by_descriptor);
    lookup_init(&tree->by_name, &kind_by_name);
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
    lookup_release(&tree->by_descriptor);
    lookup_release(&tree->by_name);
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
        node = find_child(tree, node, name);
        path += part + (slash ? 1 : 0);
        length -= part + (slash ? 1 : 0);
    }
    return node;
}

static bool is_ancestor(const struct node *node, const struct node *of)
{
    for (; of; of = of->parent)
        if (of == node)
            return true;
    return false;
}

/* A node that is not watched yet; NULL when memory is out. */
static struct node *new_node(struct watch_tree *tree, struct node *parent, const char *name)
{
    struct node *node = calloc(1, sizeof *node);

    if (!node)
        return NULL;
    node->descriptor = UNWATCHED;
    if (attach(tree, node, parent, name) < 0) {
        free(node->name);
        free(node);
        return NULL;
    }
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
        node = find_child(tree, node, name) ?: new_node(tree, node, name);
    }
    return node;
}

/* The node for a directory that is watched from now on: one may stand there because of what is below it. */
static struct node *place_of(struct watch_tree *tree, struct node *parent, const char *name)
{
    struct node *node = parent ? find_child(tree, parent, name) : tree->root;

    return node && node->descriptor == UNWATCHED ? node : new_node(tree, parent, name);
}

static int add(struct watch_tree *tree, struct node *parent, const char *name, int fd)
{
    struct node *node;
    char link[64];
    int descriptor, r;

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
        r = attach(tree, node, parent, name);
        if (r < 0)
            drop(tree, node, true);
        return r;
    }

    node = place_of(tree, parent, name);
    if (node)
        node->descriptor = descriptor;
    if (!node || lookup_add(&tree->by_descriptor, node) < 0) {
        if (node) {
            node->descriptor = UNWATCHED;
            drop(tree, node, false);
        }
        inotify_rm_watch(tree->fd, descriptor);
        return -ENOMEM;
    }
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

/* ---- above the root ---- */

static size_t find_guard(const struct watch_tree *tree, int descriptor)
{
    size_t i = 0;

    while (i < tree->guard_count && tree->guards[i] != descriptor)
        i++;
    return i;
}

static void guard(struct watch_tree *tree, const char *path)
{
    int descriptor;

    if (tree->guard_count == GUARDS_MAX)
        return;
    descriptor = inotify_add_watch(tree->fd, path, GUARD_MASK | IN_ONLYDIR | IN_MASK_ADD);
    if (descriptor >= 0 && find_guard(tree, descriptor) == tree->guard_count)
        tree->guards[tree->guard_count++] = descriptor;
}

static void guard_above(struct watch_tree *tree, const char *path)
{
    _cleanup_free_ char *above = strdup(path);
    char *slash;

    while (above && (slash = strrchr(above, '/')) && slash > above) {
        *slash = '\0';
        guard(tree, above);
    }
}

void watch_tree_guard(struct watch_tree *tree, const char *path)
{
    _cleanup_free_ char *real = realpath(path, NULL);

    /* Links on the way have directories above them too. */
    guard_above(tree, path);
    if (real && strcmp(real, path) != 0)
        guard_above(tree, real);
}

static bool is_guards_end(struct watch_tree *tree, const struct inotify_event *event)
{
    size_t i = event->len == 0 ? find_guard(tree, event->wd) : tree->guard_count;

    if (i == tree->guard_count)
        return false;
    if (event->mask & IN_IGNORED)
        tree->guards[i] = tree->guards[--tree->guard_count];
    return event->mask & GUARD_MASK;
}

/* ---- events ---- */

/* A directory that was moved away and did not turn up again has left the tree. */
static void settle_moving(struct watch_tree *tree)
{
    if (tree->moving)
        drop(tree, tree->moving, true);
}

/* What the directory's own watch tells of itself. */
static enum watch_change own_change(struct watch_tree *tree, struct node *node,
                                    const struct inotify_event *event, char *path, size_t size)
{
    if (event->mask & IN_IGNORED) {
        drop(tree, node, false);
        return WATCH_NOTHING;
    }
    if (event->mask & IN_ATTRIB)
        return node != tree->moving && path_of(node->parent, node->name, path, size) ? WATCH_DIRECTORY_TOUCHED
                                                                                     : WATCH_NOTHING;
    return node == tree->root && (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT))
               ? WATCH_ROOT_GONE
               : WATCH_NOTHING;
}

static enum watch_change directory_change(struct watch_tree *tree, struct node *node,
                                          const struct inotify_event *event)
{
    struct node *child = find_child(tree, node, event->name);

    if (event->mask & IN_MOVED_FROM) {
        if (child) {
            detach(tree, child);
            tree->moving = child;
            tree->moving_cookie = event->cookie;
        }
        return WATCH_DIRECTORY_GONE;
    }
    if (event->mask & (IN_CREATE | IN_MOVED_TO))
        return WATCH_DIRECTORY_NEW;
    if (event->mask & IN_DELETE)
        return WATCH_DIRECTORY_GONE;
    if (event->mask & IN_ATTRIB && !(child && child->descriptor != UNWATCHED))
        return WATCH_DIRECTORY_TOUCHED; /* otherwise its own watch tells */
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

    if (is_guards_end(tree, event))
        return WATCH_ROOT_GONE;
    node = find_node(tree, event->wd);
    if (tree->moving && continues_move(tree, event) && node && !is_ancestor(tree->moving, node)) {
        struct node *moved = tree->moving;

        if (attach(tree, moved, node, event->name) < 0) {
            drop(tree, moved, true);
            return WATCH_OVERFLOW;
        }
    } else if (tree->moving && event->wd != tree->moving->descriptor) {
        settle_moving(tree);
        node = find_node(tree, event->wd);
    }
    if (!node)
        return WATCH_NOTHING; /* of a directory that we let go */
    if (event->len == 0)
        return own_change(tree, node, event, path, size);

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
        ssize_t n;

        do
            n = read(tree->fd, tree->buffer, sizeof tree->buffer);
        while (n < 0 && errno == EINTR);
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
