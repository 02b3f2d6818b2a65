/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config_check - what hot folders must not do to themselves and each other: share files, or lead back (contract,
 * rule 13), with links and mounts seen through. Blocks on file systems. */
#ifndef DARKROOM_SUPERVISOR_CONFIG_CHECK_H
#define DARKROOM_SUPERVISOR_CONFIG_CHECK_H

#include "supervisor/config.h"

/* 0, -EINVAL with @problems, or -ENOMEM. */
int config_check_folders(const struct config *config, struct problems *problems);

#endif
