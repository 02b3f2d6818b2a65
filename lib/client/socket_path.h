/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* socket_path - where the daemon's socket is when nobody says. */
#ifndef DARKROOM_CLIENT_SOCKET_PATH_H
#define DARKROOM_CLIENT_SOCKET_PATH_H

#include <stdbool.h>

/* What the choice depends on. */
struct socket_path_facts {
    const char *environment;   /* $DARKROOM_SOCKET, or NULL */
    const char *system_socket; /* the system daemon's socket */
    const char *runtime_dir;   /* $XDG_RUNTIME_DIR, or NULL */
    bool root;
};

/* The path, to be freed by the caller. 0 or -ENOMEM. */
int socket_path_choose(const struct socket_path_facts *facts, char **ret);

/* socket_path_choose() for this process. */
int socket_path_default(char **ret);

#endif
