/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* socket_path - see socket_path.h. */
#include "client/socket_path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SYSTEM_SOCKET "/run/darkroom/api.sock"
#define SESSION_SOCKET "darkroom/api.sock" /* below $XDG_RUNTIME_DIR */

static int copy_path(const char *path, char **ret)
{
    char *copy = strdup(path);

    if (!copy)
        return -ENOMEM;

    *ret = copy;
    return 0;
}

static int session_path(const char *runtime_dir, char **ret)
{
    char *path;

    if (asprintf(&path, "%s/" SESSION_SOCKET, runtime_dir) < 0)
        return -ENOMEM;

    *ret = path;
    return 0;
}

int socket_path_choose(const struct socket_path_facts *facts, char **ret)
{
    char *session = NULL;
    int r;

    if (facts->environment && *facts->environment)
        return copy_path(facts->environment, ret);
    if (facts->root || !facts->runtime_dir || access(facts->system_socket, R_OK | W_OK) == 0)
        return copy_path(facts->system_socket, ret);

    r = session_path(facts->runtime_dir, &session);
    if (r < 0)
        return r;

    /* With a system daemon only, "permission denied" is the thing to be told, not "no such file". */
    if (access(session, F_OK) < 0 && access(facts->system_socket, F_OK) == 0) {
        free(session);
        return copy_path(facts->system_socket, ret);
    }

    *ret = session;
    return 0;
}

int socket_path_default(char **ret)
{
    const struct socket_path_facts facts = {
        .environment = secure_getenv("DARKROOM_SOCKET"),
        .system_socket = SYSTEM_SOCKET,
        .runtime_dir = secure_getenv("XDG_RUNTIME_DIR"),
        .root = geteuid() == 0,
    };

    return socket_path_choose(&facts, ret);
}
