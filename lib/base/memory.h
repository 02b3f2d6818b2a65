/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory - how much memory this process and its children may use: the machine's, and its cgroup's limit. */
#ifndef DARKROOM_BASE_MEMORY_H
#define DARKROOM_BASE_MEMORY_H

#include <stdint.h>

/* In bytes, never 0. Reads /proc and /sys, which do not block. */
uint64_t memory_usable(void);

/* What is left of @available under a limit as the kernel writes it: "max", or a number of bytes. */
uint64_t memory_under_limit(uint64_t available, const char *limit);

#endif
