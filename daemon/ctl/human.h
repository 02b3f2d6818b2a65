/* SPDX-License-Identifier: GPL-2.0-or-later */
/* human - amounts as people say them. */
#ifndef DARKROOM_CTL_HUMAN_H
#define DARKROOM_CTL_HUMAN_H

#include <stdint.h>
#include <time.h>

enum { HUMAN_BYTES_MAX = 32 };

/* An amount as text, to be used as an argument: human_size(n).text. */
struct human {
    char text[HUMAN_BYTES_MAX];
};

/* "512 B", "31.2 MB" (powers of 1000). */
struct human human_size(uint64_t bytes);

/* "45 s", "3 min 20 s", "5 h 2 min", "12 d 3 h". */
struct human human_duration(uint64_t seconds);

/* How long before @now the moment @timestamp (RFC 3339 in UTC: "2026-01-01T10:00:00.123Z") was: "45 s", "3 min",
 * "5 h", "12 d"; "0 s" for the future, "-" when it is NULL or not a timestamp. */
struct human human_age(const char *timestamp, time_t now);

#endif
