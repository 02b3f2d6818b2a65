/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plane_scale - see plane_scale.h.
 *
 * Our own kernel works in whole numbers, so that its result is the same on every machine: weights of 14 bits whose sum
 * is exact, first down the columns, then along the rows, with the rows between in 8 + 6 bits. */
#include "image/plane_scale.h"

#include "base/cleanup.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zimg.h>

enum {
    LOBES = 3,
    WEIGHT_BITS = 14,
    BETWEEN_BITS = 6,        /* below the point, of the rows between */
    OWN_STEPS_MAX = 1 << 21, /* multiplications: about as long as libzimg takes to prepare itself (0.4 ms) */
    LIBZIMG_TAPS_MAX = 1024, /* its weights have 14 bits, too, which it rounds one by one */
    KEPT_MAX = 16,
};

/* ---- our own ---- */

/* Of each sample that is made: the samples that it is made of, from @first on, which may lie outside. */
struct weights {
    unsigned count; /* samples that are made */
    unsigned taps;
    int *first;
    int16_t *list; /* @taps for each */
};

static void weights_release(struct weights *weights)
{
    free(weights->first);
    free(weights->list);
}

/* sin(πx) / πx · sin(πx/3) / (πx/3), with sin(3t) = 3 sin(t) - 4 sin³(t): one sine is half of the time. */
static double lanczos(double x)
{
    double t = M_PI / LOBES * x, sine = sin(t);

    if (fabs(x) >= LOBES)
        return 0;
    return t == 0 ? 1 : (3 - 4 * sine * sine) * sine * sine / (LOBES * t * t);
}

static unsigned count_taps(double by)
{
    return 2 * (unsigned)ceil(LOBES * fmax(by, 1));
}

/* Rounds what there is up to each of them, so that their sum is exact, what is even stays so, and where there are so
 * many that each is next to nothing some of them stand for their neighbours. */
static void round_weights(const double *exact, double sum, unsigned taps, int16_t *ret)
{
    double so_far = 0;
    long before = 0;

    for (unsigned i = 0; i < taps; i++) {
        long now;

        so_far += exact[i] / sum;
        now = i + 1 < taps ? lround(so_far * (1 << WEIGHT_BITS)) : 1 << WEIGHT_BITS;
        ret[i] = (int16_t)(now - before);
        before = now;
    }
}

/* For @count samples of @length samples from @start on. 0 or -ENOMEM. */
static int weights_make(double start, double length, unsigned count, struct weights *ret)
{
    double by = length / count, stretch = fmax(by, 1);
    unsigned taps = count_taps(by);
    _cleanup_free_ double *exact = malloc(taps * sizeof *exact);

    *ret = (struct weights){ count, taps, malloc(count * sizeof *ret->first),
                             malloc((size_t)count * taps * sizeof *ret->list) };
    if (!exact || !ret->first || !ret->list) {
        weights_release(ret);
        return -ENOMEM;
    }
    for (unsigned i = 0; i < count; i++) {
        double centre = start + (i + 0.5) * by - 0.5, sum = 0;

        ret->first[i] = (int)floor(centre) - (int)taps / 2 + 1;
        for (unsigned tap = 0; tap < taps; tap++)
            sum += exact[tap] = lanczos((ret->first[i] + (int)tap - centre) / stretch);
        round_weights(exact, sum, taps, ret->list + (size_t)i * taps);
    }
    return 0;
}

static int inside(int at, uint32_t length)
{
    return at < 0 ? 0 : at < (int)length ? at : (int)length - 1;
}

static void add_row(const unsigned char *row, int weight, uint32_t width, int32_t *sums)
{
    for (uint32_t x = 0; x < width; x++)
        sums[x] += row[x] * weight;
}

/* One row of what is made, still as wide as @from. */
static void scale_down(const struct plane *from, const struct weights *weights, unsigned y, int32_t *sums,
                       int16_t *ret)
{
    enum { SHIFT = WEIGHT_BITS - BETWEEN_BITS };

    memset(sums, 0, from->extent.width * sizeof *sums);
    for (unsigned tap = 0; tap < weights->taps; tap++)
        add_row(from->data + (size_t)inside(weights->first[y] + (int)tap, from->extent.height) * from->stride,
                weights->list[(size_t)y * weights->taps + tap], from->extent.width, sums);
    for (uint32_t x = 0; x < from->extent.width; x++)
        ret[x] = (int16_t)((sums[x] + (1 << (SHIFT - 1))) >> SHIFT);
}

/* @row has samples more on both sides, as many as there are taps. */
static void scale_along(const int16_t *row, const struct weights *weights, unsigned char *ret)
{
    enum { SHIFT = WEIGHT_BITS + BETWEEN_BITS };

    for (unsigned x = 0; x < weights->count; x++) {
        const int16_t *samples = row + weights->first[x], *list = weights->list + (size_t)x * weights->taps;
        int32_t sum = 1 << (SHIFT - 1);

        for (unsigned tap = 0; tap < weights->taps; tap++)
            sum += samples[tap] * list[tap];
        sum >>= SHIFT;
        ret[x] = (unsigned char)(sum < 0 ? 0 : sum > UINT8_MAX ? UINT8_MAX : sum);
    }
}

static void extend(int16_t *row, uint32_t width, unsigned margin)
{
    for (unsigned i = 1; i <= margin; i++) {
        row[-(int)i] = row[0];
        row[width - 1 + i] = row[width - 1];
    }
}

static int scale_with(const struct plane *from, const struct weights *across, const struct weights *down,
                      struct plane *to)
{
    uint32_t width = from->extent.width;
    unsigned margin = across->taps + 2; /* a part may begin before its plane */
    _cleanup_free_ int32_t *sums = malloc(width * sizeof *sums);
    _cleanup_free_ int16_t *between = malloc((width + 2 * (size_t)margin) * sizeof *between);

    if (!sums || !between)
        return -ENOMEM;
    for (unsigned y = 0; y < to->extent.height; y++) {
        scale_down(from, down, y, sums, between + margin);
        extend(between + margin, width, margin);
        scale_along(between + margin, across, to->data + y * to->stride);
    }
    return 0;
}

static int scale_small(const struct plane *from, const struct plane_part *part, struct plane *to)
{
    _cleanup_(weights_release) struct weights across = { .count = 0 }, down = { .count = 0 };
    int r = weights_make(part->left, part->width, to->extent.width, &across);

    if (r == 0)
        r = weights_make(part->top, part->height, to->extent.height, &down);
    return r == 0 ? scale_with(from, &across, &down, to) : r;
}

/* Or where libzimg's weights would be next to nothing each. */
static bool is_ours(const struct plane *from, const struct plane_part *part, const struct plane *to)
{
    double down = count_taps(part->height / to->extent.height),
           across = count_taps(part->width / to->extent.width);

    return down > LIBZIMG_TAPS_MAX || across > LIBZIMG_TAPS_MAX ||
           (down * from->extent.width + across * to->extent.width) * to->extent.height < OWN_STEPS_MAX;
}

/* ---- libzimg ---- */

/* What a graph is for. */
struct geometry {
    struct extent from, to;
    struct plane_part part;
};

static struct kept {
    struct geometry geometry;
    zimg_filter_graph *graph;
    unsigned long used; /* when, counted in uses of any */
} kept[KEPT_MAX];

static unsigned long uses;

static bool geometry_equal(const struct geometry *a, const struct geometry *b)
{
    return extent_equal(a->from, b->from) && extent_equal(a->to, b->to) && a->part.left == b->part.left &&
           a->part.top == b->part.top && a->part.width == b->part.width && a->part.height == b->part.height;
}

static zimg_image_format format_of(struct extent extent)
{
    zimg_image_format format;

    zimg_image_format_default(&format, ZIMG_API_VERSION);
    format.width = extent.width;
    format.height = extent.height;
    format.pixel_type = ZIMG_PIXEL_BYTE;
    format.color_family = ZIMG_COLOR_GREY;
    format.pixel_range = ZIMG_RANGE_FULL;
    return format;
}

static zimg_filter_graph *build(const struct geometry *geometry)
{
    zimg_image_format from = format_of(geometry->from), to = format_of(geometry->to);
    zimg_graph_builder_params how;

    zimg_graph_builder_params_default(&how, ZIMG_API_VERSION);
    how.resample_filter = ZIMG_RESIZE_LANCZOS;
    how.filter_param_a = LOBES;
    from.active_region.left = geometry->part.left;
    from.active_region.top = geometry->part.top;
    from.active_region.width = geometry->part.width;
    from.active_region.height = geometry->part.height;
    return zimg_filter_graph_build(&from, &to, &how);
}

static struct kept *least_used(void)
{
    struct kept *least = kept;

    for (struct kept *one = kept; one < kept + KEPT_MAX; one++)
        if (one->used < least->used)
            least = one;
    return least;
}

static const zimg_filter_graph *find_graph(const struct geometry *geometry)
{
    struct kept *one = kept;

    while (one < kept + KEPT_MAX && !(one->graph && geometry_equal(&one->geometry, geometry)))
        one++;
    if (one == kept + KEPT_MAX) {
        one = least_used();
        zimg_filter_graph_free(one->graph);
        *one = (struct kept){ .geometry = *geometry, .graph = build(geometry) };
    }
    one->used = ++uses;
    return one->graph;
}

void plane_scale_forget(void)
{
    for (struct kept *one = kept; one < kept + KEPT_MAX; one++) {
        zimg_filter_graph_free(one->graph);
        *one = (struct kept){ .graph = NULL };
    }
}

static int scale_large(const struct plane *from, const struct plane_part *part, struct plane *to)
{
    struct geometry geometry = { from->extent, to->extent, *part };
    const zimg_filter_graph *graph = find_graph(&geometry);
    zimg_image_buffer_const source = { .version = ZIMG_API_VERSION };
    zimg_image_buffer target = { .version = ZIMG_API_VERSION };
    _cleanup_free_ void *room = NULL;
    size_t size;

    if (!graph || zimg_filter_graph_get_tmp_size(graph, &size) != ZIMG_ERROR_SUCCESS)
        return zimg_get_last_error(NULL, 0) == ZIMG_ERROR_OUT_OF_MEMORY ? -ENOMEM : -ENOSYS;
    room = aligned_alloc(PLANE_ALIGNMENT, (size + PLANE_ALIGNMENT - 1) / PLANE_ALIGNMENT * PLANE_ALIGNMENT);
    if (!room)
        return -ENOMEM;

    source.plane[0].data = from->data;
    source.plane[0].stride = (ptrdiff_t)from->stride;
    source.plane[0].mask = ZIMG_BUFFER_MAX;
    target.plane[0].data = to->data;
    target.plane[0].stride = (ptrdiff_t)to->stride;
    target.plane[0].mask = ZIMG_BUFFER_MAX;
    if (zimg_filter_graph_process(graph, &source, &target, room, NULL, NULL, NULL, NULL) !=
        ZIMG_ERROR_SUCCESS)
        return -ENOMEM;
    return 0;
}

/* ---- either ---- */

static bool is_all(const struct plane *from, const struct plane_part *part, const struct plane *to)
{
    return extent_equal(from->extent, to->extent) && part->left == 0 && part->top == 0 &&
           part->width == to->extent.width && part->height == to->extent.height;
}

static int copy(const struct plane *from, struct plane *to)
{
    for (uint32_t y = 0; y < to->extent.height; y++)
        memcpy(to->data + y * to->stride, from->data + y * from->stride, to->extent.width);
    return 0;
}

int plane_scale(const struct plane *from, const struct plane_part *part, struct plane *to)
{
    int r = -ENOSYS;

    if (is_all(from, part, to))
        return copy(from, to);
    if (!is_ours(from, part, to))
        r = scale_large(from, part, to);
    return r == -ENOSYS ? scale_small(from, part, to) : r; /* libzimg refuses what is thousands to one */
}
