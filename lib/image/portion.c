/* SPDX-License-Identifier: GPL-2.0-or-later */
/* portion - see render.h: the pages of a document, counted first and then made a portion at a time. A picture that is
 * no document is one of one page. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "image/rendering.h"
#include "image/vector.h"
#include "recipe/naming.h"

#include <errno.h>
#include <math.h>

enum { REDUCTIONS_MAX = 8 };

/* Of MaxMemory=, for what is made of a page; the rest is for finished ones. */
#define PAGE_SHARE 0.9

typedef int page_work(struct rendering *rendering, const struct render_options *options, struct rendered *ret,
                      struct error *error);

static int check_pages(const struct source *source, const struct render_options *options, struct error *error)
{
    if (options->max_pages > 0 && source->pages > options->max_pages)
        return error_set(error, EFBIG, CLASS_PERMANENT, STAGE_LIMITS,
                         "it has %u pages, more than the %u that MaxPages= of the folder allows",
                         source->pages, (unsigned)options->max_pages);
    if (options->pages > 0 && options->pages != source->pages)
        return error_set(error, ESTALE, CLASS_TRANSIENT, STAGE_PROBE,
                         "it has %u pages now and had %u a moment ago, retrying", source->pages,
                         (unsigned)options->pages);
    return 0;
}

/* The next page may not have room in this portion, or is to let others have their turn first. */
static bool ends_portion(const struct rendering *rendering, const struct rendered *ret, uint64_t end_us)
{
    size_t room = RECIPE_RENDITIONS_MAX - ret->output_count;

    return room < naming_count_paged(rendering->recipe) || monotonic_us() >= end_us;
}

/* Which of them it was is what people need to know first. */
static int name_page(struct error *error, int r, uint32_t page, uint32_t last)
{
    struct error of_page = *error;

    if (last == 1)
        return r;
    return error_set(error, -r, of_page.class, of_page.stage, "page %u of %u: %s", (unsigned)page,
                     (unsigned)last, of_page.text);
}

/* What an enlarged drawing takes grows with its pixels, but for what stands in it, so it may be asked more often than
 * once. */
static int fit_memory(struct rendering *rendering, const struct render_options *options, struct error *error)
{
    double limit = PAGE_SHARE * (double)options->max_memory_bytes;

    for (unsigned round = 0; rendering->source.scale > 1 && round < REDUCTIONS_MAX; round++) {
        double bytes = (double)rendering_bytes(rendering);
        int r;

        if (bytes <= limit)
            return 0;
        r = vector_reduce(&rendering->source, sqrt(limit / bytes), error);
        if (r < 0)
            return r;
    }
    return 0;
}

/* In no other size than the same file and recipe would get alone: it must not depend on what is finished. */
static int fit_drawing(struct rendering *rendering, const struct render_options *options, struct error *error)
{
    int r = vector_fit(&rendering->source, rendering->recipe, error);

    return r < 0 ? r : fit_memory(rendering, options, error);
}

/* From @page to the last, or as far as a portion goes. */
static int do_portion(struct rendering *rendering, uint32_t page, uint32_t last, page_work *work,
                      const struct render_options *options, struct rendered *ret, struct error *error)
{
    uint64_t end_us = monotonic_us() + options->portion_us;

    for (;; page++) {
        int r = source_turn_to(&rendering->source, page, error);

        if (r == 0)
            r = fit_drawing(rendering, options, error);
        if (r == 0)
            r = work(rendering, options, ret, error);
        rendering_leave_page(rendering);
        if (r < 0)
            return name_page(error, r, page, last);
        if (ret->needs_memory_bytes > 0 && ret->output_count > 0) {
            ret->needs_memory_bytes = 0; /* it is asked for when it begins a portion */
            ret->next_page = page;
        }
        if (ret->needs_memory_bytes > 0 || ret->next_page > 0 || page >= last)
            return 0;
        if (ends_portion(rendering, ret, end_us)) {
            ret->next_page = page + 1;
            return 0;
        }
    }
}

static int do_pages(const struct recipe *recipe, const void *data, size_t size,
                    const struct render_options *options, page_work *work, struct rendered *ret,
                    struct error *error)
{
    _cleanup_(rendering_release) struct rendering rendering = { .recipe = recipe };
    bool paged = naming_count_paged(recipe) > 0;
    uint32_t last;
    int r;

    r = rendering_probe(&rendering, data, size, options, ret, error);
    if (r == 0 && paged)
        r = check_pages(&rendering.source, options, error);
    if (r < 0)
        return r;

    last = paged ? rendering.source.pages : 1;
    if (last > 1 && options->pages == 0)
        return 0; /* they are counted */
    return do_portion(&rendering, options->first_page ?: 1, last, work, options, ret, error);
}

int render(const struct recipe *recipe, const void *data, size_t size, const struct render_options *options,
           struct rendered *ret, struct error *error)
{
    return do_pages(recipe, data, size, options, rendering_make_page, ret, error);
}

int render_plan(const struct recipe *recipe, const void *data, size_t size,
                const struct render_options *options, struct rendered *ret, struct error *error)
{
    return do_pages(recipe, data, size, options, rendering_plan_page, ret, error);
}
