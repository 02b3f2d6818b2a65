/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pages - large buffers in pages of their own, of which some are kept for whoever needs one next. In the heap, what comes
 * and goes in ever other sizes leaves holes; and fresh pages cost as much time as a good deal of work on them. Any
 * thread. */
#ifndef DARKROOM_BASE_PAGES_H
#define DARKROOM_BASE_PAGES_H

#include <stddef.h>

enum {
    PAGES_ALIGNMENT = 64,
    PAGES_BYTES_MIN = 256 << 10, /* what is smaller is in the heap after all */
    PAGES_KEPT_MAX = 16,
    PAGES_KEPT_BYTES_MAX = 64 << 20,
    PAGES_KEPT_BYTES_EACH_MAX =
        16 << 20, /* what is larger was for one picture alone: no grant but its own has room */
};

/* All zero: none. */
struct pages {
    void *data;
    size_t bytes;
};

/* At least @bytes, aligned, with whatever is in them. 0, or -ENOMEM and @ret is none. */
int pages_take(struct pages *ret, size_t bytes);

/* Gives @pages back, which are none then. */
void pages_give(struct pages *pages);

/* Keeps no more than @bytes from now on, and PAGES_KEPT_BYTES_MAX. */
void pages_keep(size_t bytes);

/* Gives the system all that are kept. */
void pages_trim(void);

#endif
