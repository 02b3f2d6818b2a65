/* SPDX-License-Identifier: GPL-2.0-or-later */
/* processors - how many processors this process may use: its affinity mask, and its cgroup's quota. */
#ifndef DARKROOM_BASE_PROCESSORS_H
#define DARKROOM_BASE_PROCESSORS_H

/* At least 1. Reads /proc and /sys: before the event loop starts. */
unsigned processors_usable(void);

/* What a quota of @quota_us every @period_us allows, rounded up, but never more than @available. */
unsigned processors_under_quota(unsigned available, long long quota_us, long long period_us);

#endif
