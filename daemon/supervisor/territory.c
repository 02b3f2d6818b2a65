/* SPDX-License-Identifier: GPL-2.0-or-later */
/* territory - see territory.h. */
#include "supervisor/territory.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINKS_MAX = 40 }; /* on the way to one file, as in the kernel; path_resolution(7) */

struct place {
    dev_t device;
    char *path; /* in that file system */
};

struct territory {
    char *path; /* links resolved */
    struct place *places;
    size_t count; /* the first is the directory's own */
    const struct folder_conf *watched;
    bool failed; /* memory is out */
};

void territory_free(struct territory *territory)
{
    if (!territory)
        return;
    for (size_t i = 0; i < territory->count; i++)
        free(territory->places[i].path);
    free(territory->places);
    free(territory->path);
    free(territory);
}

/* A path of which the links in @done are resolved, and those in @next are not. */
struct route {
    char done[PATH_MAX];
    char rest[2 * PATH_MAX];
    const char *next; /* in rest; "" or begins with a slash */
    unsigned links;
};

/* The next component goes from @next to @done. False when there is none, or too much. */
static bool go_on(struct route *route)
{
    const char *name = route->next + strspn(route->next, "/");
    size_t length = strcspn(name, "/"), used = strlen(route->done);

    if (length == 0 || used + 1 + length >= sizeof route->done)
        return false;
    route->next = name + length;
    if (length == 2 && strncmp(name, "..", length) == 0)
        route->done[used > 0 ? strrchr(route->done, '/') - route->done : 0] = '\0';
    else if (length != 1 || *name != '.')
        snprintf(route->done + used, sizeof route->done - used, "/%.*s", (int)length, name);
    return true;
}

/* If @done is a link, what it leads to is still to be gone. False when that is too long. */
static bool follow(struct route *route)
{
    char target[PATH_MAX], rest[sizeof route->rest];
    ssize_t length = readlink(route->done, target, sizeof target);

    if (length <= 0)
        return true;
    if ((size_t)length == sizeof target || ++route->links > LINKS_MAX ||
        (size_t)snprintf(rest, sizeof rest, "/%.*s%s", (int)length, target, route->next) >= sizeof rest)
        return false;
    route->done[target[0] == '/' ? 0 : strrchr(route->done, '/') - route->done] = '\0';
    memcpy(route->rest, rest, strlen(rest) + 1);
    route->next = route->rest;
    return true;
}

/* The path with links resolved, as far as it is there now, and not into a file system that may not answer: that is
 * @ret_silent then. Like realpath(3) otherwise. The caller frees. */
static char *resolved(const struct mount_table *table, const char *path, struct mount *ret_silent)
{
    struct route route = { 0 };
    struct mount mount;
    char *whole;

    route.next = route.rest;
    if ((size_t)snprintf(route.rest, sizeof route.rest, "%s", path) >= sizeof route.rest)
        return strdup(path);
    while (go_on(&route)) {
        if (table && mount_table_may_hang(table, route.done, &mount)) {
            *ret_silent = mount;
            break;
        }
        if (!follow(&route))
            return strdup(path);
    }
    if (asprintf(&whole, "%s%s", route.done, route.next) < 0)
        return NULL;
    return *whole ? whole : (free(whole), strdup("/"));
}

/* The deepest directory on the way to @path that is there. */
static int open_deepest(const char *path)
{
    _cleanup_free_ char *part = strdup(path);
    int fd = -1;

    while (part && (fd = open(part, O_PATH | O_CLOEXEC)) < 0) {
        char *slash = strrchr(part, '/');

        if (!slash)
            return -1;
        if (slash == part && slash[1] == '\0')
            return -1;
        slash[slash == part] = '\0';
    }
    return fd;
}

/* @tail is "" or begins with a slash. */
static void add_place(struct territory *territory, dev_t device, const char *root, const char *tail)
{
    struct place *places = reallocarray(territory->places, territory->count + 1, sizeof *places);
    struct place place = { .device = device };

    if (!places) {
        territory->failed = true;
        return;
    }
    territory->places = places;
    if (strcmp(root, "/") == 0 && *tail)
        root = "";
    if (asprintf(&place.path, "%s%s", root, tail) < 0) {
        territory->failed = true;
        return;
    }
    places[territory->count++] = place;
}

static void add_own_place(struct territory *territory, const struct mount_table *table,
                          const struct mount *silent)
{
    _cleanup_close_ int fd = table && !silent->point ? open_deepest(territory->path) : -1;
    struct mount mount;

    if (silent->point)
        add_place(territory, silent->device, silent->root, territory->path + strlen(silent->point));
    else if (fd >= 0 && mount_table_of(table, fd, &mount) &&
             text_is_path_inside(territory->path, mount.point))
        add_place(territory, mount.device, mount.root,
                  territory->path + (strcmp(mount.point, "/") == 0 ? 0 : strlen(mount.point)));
    else
        add_place(territory, 0, territory->path, "");
}

static void add_mount(void *context, const struct mount *mount)
{
    struct territory *territory = context;
    const struct folder_conf *watched = territory->watched;
    const char *relative = mount->point + strlen(territory->path);

    relative += strspn(relative, "/");
    if (watched && (!watched->recursive || folder_conf_ignores_path(watched, relative)))
        return;
    add_place(territory, mount->device, mount->root, "");
}

struct territory *territory_new(const struct mount_table *table, const char *path,
                                const struct folder_conf *watched)
{
    struct territory *territory = calloc(1, sizeof *territory);
    struct mount silent = { 0 };

    if (!territory)
        return NULL;
    territory->watched = watched;
    territory->path = resolved(table, path, &silent);
    if (territory->path) {
        add_own_place(territory, table, &silent);
        if (table)
            mount_table_below(table, territory->path, add_mount, territory);
    }
    if (!territory->path || territory->failed) {
        territory_free(territory);
        return NULL;
    }
    return territory;
}

const char *territory_path(const struct territory *territory)
{
    return territory->path;
}

static bool is_inside(const struct place *inner, const struct place *outer)
{
    return inner->device == outer->device && text_is_path_inside(inner->path, outer->path);
}

const char *territory_inside(const struct territory *inner, const struct territory *outer)
{
    const struct place *own = &inner->places[0];

    for (size_t i = 0; i < outer->count; i++)
        if (is_inside(own, &outer->places[i])) {
            const char *below = own->path + strlen(outer->places[i].path);

            return below + strspn(below, "/");
        }
    return NULL;
}

bool territory_overlaps(const struct territory *a, const struct territory *b)
{
    for (size_t i = 0; i < a->count; i++)
        for (size_t j = 0; j < b->count; j++)
            if (is_inside(&a->places[i], &b->places[j]) || is_inside(&b->places[j], &a->places[i]))
                return true;
    return false;
}
