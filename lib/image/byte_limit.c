/* SPDX-License-Identifier: GPL-2.0-or-later */
/* byte_limit - see byte_limit.h. */
#include "image/byte_limit.h"

#include <errno.h>
#include <glib.h>

static void replace(struct file_bytes *file, struct file_bytes with)
{
    g_free(file->data);
    *file = with;
}

/* Makes the file of @quality and, where it is within the limit, puts it in the place of @best. 1: it did; 0: it is too
 * large, and has *@ret_size. */
static int try_quality(uint64_t max_bytes, unsigned quality, byte_limit_maker *make, const void *context,
                       struct file_bytes *best, size_t *ret_size, struct error *error)
{
    struct file_bytes made = { NULL, 0 };
    int r = make(context, quality, &made, error);

    if (r < 0)
        return r;
    *ret_size = made.size;
    if (made.size > max_bytes) {
        g_free(made.data);
        return 0;
    }
    replace(best, made);
    return 1;
}

/* Between @fits (0: nothing is known to) and @exceeds. */
static int bisect(uint64_t max_bytes, unsigned fits, unsigned exceeds, byte_limit_maker *make,
                  const void *context, struct file_bytes *best, size_t *ret_size, struct error *error)
{
    while (exceeds - fits > 1) {
        unsigned middle = fits + (exceeds - fits) / 2;
        int r = try_quality(max_bytes, middle, make, context, best, ret_size, error);

        if (r < 0)
            return r;
        if (r > 0)
            fits = middle;
        else
            exceeds = middle;
    }
    return fits > 0 ? 0 : -EFBIG;
}

int byte_limit_search(uint64_t max_bytes, unsigned quality, byte_limit_maker *make, const void *context,
                      struct file_bytes *ret, struct error *error)
{
    struct file_bytes best = { NULL, 0 };
    size_t size = 0;
    int r;

    r = try_quality(max_bytes, quality, make, context, &best, &size, error);
    if (r == 0)
        r = bisect(max_bytes, 0, quality, make, context, &best, &size, error);
    if (r < 0) {
        g_free(best.data);
        *ret = (struct file_bytes){ NULL, size };
        return r;
    }
    *ret = best;
    return 0;
}
