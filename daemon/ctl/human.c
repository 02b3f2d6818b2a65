/* SPDX-License-Identifier: GPL-2.0-or-later */
/* human - see human.h. */
#include "ctl/human.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Largest first; the last one is one second. */
static const struct {
    uint64_t seconds;
    const char *name;
} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };

enum { SECONDS = sizeof(units) / sizeof(units[0]) - 1 };

struct human human_size(uint64_t bytes)
{
    static const char *const names[] = { "kB", "MB", "GB", "TB", "PB" };
    struct human human;
    double value = (double)bytes / 1000;
    size_t unit = 0;

    if (bytes < 1000) {
        snprintf(human.text, sizeof(human.text), "%" PRIu64 " B", bytes);
        return human;
    }
    /* From here on it would be shown as 1000.0. */
    for (; value >= 999.95 && unit + 1 < sizeof(names) / sizeof(names[0]); unit++)
        value /= 1000;
    snprintf(human.text, sizeof(human.text), "%.1f %s", value, names[unit]);
    return human;
}

/* The largest unit that @seconds fill. */
static size_t unit_of(uint64_t seconds)
{
    size_t unit = 0;

    while (unit < SECONDS && seconds < units[unit].seconds)
        unit++;
    return unit;
}

struct human human_duration(uint64_t seconds)
{
    size_t unit = unit_of(seconds);
    uint64_t whole = seconds / units[unit].seconds;
    struct human human;

    if (unit == SECONDS)
        snprintf(human.text, sizeof(human.text), "%" PRIu64 " s", whole);
    else
        snprintf(human.text, sizeof(human.text), "%" PRIu64 " %s %" PRIu64 " %s", whole, units[unit].name,
                 seconds % units[unit].seconds / units[unit + 1].seconds, units[unit + 1].name);
    return human;
}

static bool parse_timestamp(const char *timestamp, time_t *ret)
{
    struct tm tm = { 0 };
    const char *rest = timestamp ? strptime(timestamp, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;

    if (!rest || (*rest != '.' && *rest != 'Z'))
        return false;

    *ret = timegm(&tm);
    return true;
}

struct human human_age(const char *timestamp, time_t now)
{
    struct human human = { "-" };
    time_t then;
    uint64_t seconds;
    size_t unit;

    if (!parse_timestamp(timestamp, &then))
        return human;

    seconds = now > then ? (uint64_t)(now - then) : 0;
    unit = unit_of(seconds);
    snprintf(human.text, sizeof(human.text), "%" PRIu64 " %s", seconds / units[unit].seconds,
             units[unit].name);
    return human;
}
