/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pages - see pages.h. Which of those that are kept is taken: the smallest that has room and is not far too large, or
 * else one that has half of it, which mremap(2) enlarges without copying. When there are too many the oldest goes. They
 * are the process's, as the heap is. */
#include "base/pages.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int take_from_heap(struct pages *ret, size_t bytes)
{
    *ret = (struct pages){ .bytes = bytes };
    if (posix_memalign(&ret->data, PAGES_ALIGNMENT, bytes ?: 1) == 0)
        return 0;
    *ret = (struct pages){ 0 };
    return -ENOMEM;
}

static void give_to_heap(struct pages *pages)
{
    free(pages->data);
    *pages = (struct pages){ 0 };
}

#ifdef DARKROOM_SANITIZED

/* A sanitizer sees whoever reads beyond the end, or what was given back, only in the heap. */
int pages_take(struct pages *ret, size_t bytes)
{
    return take_from_heap(ret, bytes);
}

void pages_give(struct pages *pages)
{
    give_to_heap(pages);
}

void pages_keep(size_t bytes)
{
    (void)bytes;
}

void pages_trim(void)
{
}

#else

static struct {
    pthread_mutex_t lock;
    struct pages list[PAGES_KEPT_MAX]; /* the oldest first */
    size_t count, bytes, bytes_max;
} kept = { .lock = PTHREAD_MUTEX_INITIALIZER, .bytes_max = PAGES_KEPT_BYTES_MAX };

static struct pages remove_kept(size_t index)
{
    struct pages pages = kept.list[index];

    kept.count--;
    kept.bytes -= pages.bytes;
    memmove(&kept.list[index], &kept.list[index + 1], (kept.count - index) * sizeof *kept.list);
    return pages;
}

static bool has_room(const struct pages *pages, size_t bytes)
{
    return pages->bytes >= bytes && pages->bytes / 2 <= bytes;
}

static bool has_half(const struct pages *pages, size_t bytes)
{
    return pages->bytes < bytes && pages->bytes >= bytes / 2;
}

/* Is @pages better than @other, which is as good as it gets so far? */
static bool is_better(const struct pages *pages, const struct pages *other, size_t bytes)
{
    if (has_room(other, bytes))
        return has_room(pages, bytes) && pages->bytes < other->bytes;
    return has_room(pages, bytes) || pages->bytes > other->bytes;
}

/* None when nothing that is kept will do. */
static struct pages take_kept(size_t bytes)
{
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < kept.count; i++) {
        const struct pages *pages = &kept.list[i];

        if ((has_room(pages, bytes) || has_half(pages, bytes)) &&
            (best == SIZE_MAX || is_better(pages, &kept.list[best], bytes)))
            best = i;
    }
    return best == SIZE_MAX ? (struct pages){ 0 } : remove_kept(best);
}

static void unmap(struct pages pages)
{
    if (pages.data)
        munmap(pages.data, pages.bytes);
}

/* Of @pages, which may be none, makes some with @bytes. 0, or -ENOMEM and they are as they were. */
static int enlarge(struct pages *pages, size_t bytes)
{
    void *data = pages->data ? mremap(pages->data, pages->bytes, bytes, MREMAP_MAYMOVE)
                             : mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (data == MAP_FAILED)
        return -ENOMEM;
    *pages = (struct pages){ data, bytes };
    return 0;
}

/* What is kept is for when there is enough. */
static int enlarge_at_any_price(struct pages *pages, size_t bytes)
{
    if (enlarge(pages, bytes) == 0)
        return 0;
    unmap(*pages);
    *pages = (struct pages){ 0 };
    pages_trim();
    return enlarge(pages, bytes);
}

int pages_take(struct pages *ret, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), whole;

    if (bytes < PAGES_BYTES_MIN)
        return take_from_heap(ret, bytes);
    *ret = (struct pages){ 0 };
    if (bytes > PTRDIFF_MAX - page)
        return -ENOMEM;
    whole = (bytes + page - 1) / page * page;

    pthread_mutex_lock(&kept.lock);
    *ret = take_kept(whole);
    pthread_mutex_unlock(&kept.lock);
    return ret->bytes >= whole ? 0 : enlarge_at_any_price(ret, whole);
}

static void drop_oldest(void)
{
    unmap(remove_kept(0));
}

static void keep(struct pages pages)
{
    if (pages.bytes > PAGES_KEPT_BYTES_EACH_MAX || pages.bytes > kept.bytes_max) {
        unmap(pages);
        return;
    }
    while (kept.count == PAGES_KEPT_MAX || kept.bytes + pages.bytes > kept.bytes_max)
        drop_oldest();
    kept.list[kept.count++] = pages;
    kept.bytes += pages.bytes;
}

void pages_give(struct pages *pages)
{
    if (pages->bytes < PAGES_BYTES_MIN) {
        give_to_heap(pages);
        return;
    }
    pthread_mutex_lock(&kept.lock);
    keep(*pages);
    pthread_mutex_unlock(&kept.lock);
    *pages = (struct pages){ 0 };
}

void pages_keep(size_t bytes)
{
    pthread_mutex_lock(&kept.lock);
    kept.bytes_max = bytes < PAGES_KEPT_BYTES_MAX ? bytes : PAGES_KEPT_BYTES_MAX;
    while (kept.bytes > kept.bytes_max)
        drop_oldest();
    pthread_mutex_unlock(&kept.lock);
}

void pages_trim(void)
{
    pthread_mutex_lock(&kept.lock);
    while (kept.count > 0)
        drop_oldest();
    pthread_mutex_unlock(&kept.lock);
}

#endif
