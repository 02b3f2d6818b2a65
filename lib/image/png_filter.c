/* SPDX-License-Identifier: GPL-2.0-or-later */
/* png_filter - see png_filter.h. With SSE2 sixteen bytes are filtered at once, and pixels of three or four bytes are
 * undone each at once; what is left of a row, and every row elsewhere, goes byte by byte, with the same result. */
#include "image/png_filter.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

int png_filter_trial_init(struct png_filter_trial *trial, size_t size)
{
    *trial = (struct png_filter_trial){ .sums = { 0 } };
    for (size_t i = ROW_SUB; i < ROW_FILTERS; i++) {
        trial->rows[i] = malloc(size);
        if (!trial->rows[i]) {
            png_filter_trial_release(trial);
            return -ENOMEM;
        }
    }
    return 0;
}

void png_filter_trial_release(struct png_filter_trial *trial)
{
    for (size_t i = ROW_SUB; i < ROW_FILTERS; i++)
        free(take_ptr(trial->rows[i]));
}

/* Which of left, above and above left is nearest to left + above - above left. */
static unsigned char paeth(int left, int above, int corner)
{
    int by_left = abs(above - corner), by_above = abs(left - corner),
        by_corner = abs(left + above - 2 * corner);

    if (by_left <= by_above && by_left <= by_corner)
        return (unsigned char)left;
    return (unsigned char)(by_above <= by_corner ? above : corner);
}

static unsigned char average(unsigned left, unsigned above)
{
    return (unsigned char)((left + above) / 2);
}

/* ---- there ---- */

static unsigned magnitude(unsigned char difference)
{
    return difference < 128 ? difference : 256U - difference;
}

static void take(struct png_filter_trial *trial, enum png_filter filter, size_t at, unsigned char difference)
{
    trial->rows[filter][at] = difference;
    trial->sums[filter] += magnitude(difference);
}

static void try_bytes(const unsigned char *row, const unsigned char *above, unsigned pixel_bytes, size_t from,
                      size_t to, struct png_filter_trial *trial)
{
    for (size_t i = from; i < to; i++) {
        unsigned char left = i < pixel_bytes ? 0 : row[i - pixel_bytes];
        unsigned char corner = i < pixel_bytes ? 0 : above[i - pixel_bytes];

        trial->sums[ROW_NONE] += magnitude(row[i]);
        take(trial, ROW_SUB, i, (unsigned char)(row[i] - left));
        take(trial, ROW_UP, i, (unsigned char)(row[i] - above[i]));
        take(trial, ROW_AVERAGE, i, (unsigned char)(row[i] - average(left, above[i])));
        take(trial, ROW_PAETH, i, (unsigned char)(row[i] - paeth(left, above[i], corner)));
    }
}

#ifdef __SSE2__

enum { BLOCK_BYTES = sizeof(__m128i) };

static __m128i load(const unsigned char *from)
{
    return _mm_loadu_si128((const __m128i *)from);
}

static __m128i choose(__m128i mask, __m128i yes, __m128i no)
{
    return _mm_or_si128(_mm_and_si128(mask, yes), _mm_andnot_si128(mask, no));
}

static __m128i at_most(__m128i a, __m128i b)
{
    return _mm_cmpeq_epi8(_mm_min_epu8(a, b), a);
}

static __m128i distance(__m128i a, __m128i b)
{
    return _mm_or_si128(_mm_subs_epu8(a, b), _mm_subs_epu8(b, a));
}

static __m128i average_block(__m128i left, __m128i above)
{
    __m128i odd = _mm_and_si128(_mm_xor_si128(left, above), _mm_set1_epi8(1));

    return _mm_sub_epi8(_mm_avg_epu8(left, above), odd);
}

/* Left and above are either on one side of the corner, and their distances add up, or on both, and are subtracted. A
 * sum that does not fit a byte is as good as the largest that does. */
static __m128i paeth_block(__m128i left, __m128i above, __m128i corner)
{
    __m128i by_left = distance(above, corner), by_above = distance(left, corner);
    __m128i one_side = _mm_cmpeq_epi8(at_most(corner, above), at_most(corner, left));
    __m128i by_corner = choose(one_side, _mm_adds_epu8(by_left, by_above), distance(by_left, by_above));
    __m128i is_left = _mm_and_si128(at_most(by_left, by_above), at_most(by_left, by_corner));

    return choose(is_left, left, choose(at_most(by_above, by_corner), above, corner));
}

static __m128i sum_block(__m128i differences)
{
    __m128i zero = _mm_setzero_si128();

    return _mm_sad_epu8(_mm_min_epu8(differences, _mm_sub_epi8(zero, differences)), zero);
}

static __m128i take_block(struct png_filter_trial *trial, enum png_filter filter, size_t at,
                          __m128i differences)
{
    _mm_storeu_si128((__m128i *)(trial->rows[filter] + at), differences);
    return sum_block(differences);
}

static uint64_t total(__m128i sums)
{
    uint64_t halves[2];

    memcpy(halves, &sums, sizeof halves);
    return halves[0] + halves[1];
}

/* From @at on, which is behind the first pixel; returns where it stopped. */
static size_t try_blocks(const unsigned char *row, const unsigned char *above, unsigned pixel_bytes,
                         size_t at, size_t size, struct png_filter_trial *trial)
{
    __m128i sums[ROW_FILTERS] = { _mm_setzero_si128() };

    for (size_t i = 0; i < ROW_FILTERS; i++)
        sums[i] = _mm_setzero_si128();
    for (; at + BLOCK_BYTES <= size; at += BLOCK_BYTES) {
        __m128i here = load(row + at), up = load(above + at), left = load(row + at - pixel_bytes),
                corner = load(above + at - pixel_bytes), taken[ROW_FILTERS];

        taken[ROW_NONE] = sum_block(here);
        taken[ROW_SUB] = take_block(trial, ROW_SUB, at, _mm_sub_epi8(here, left));
        taken[ROW_UP] = take_block(trial, ROW_UP, at, _mm_sub_epi8(here, up));
        taken[ROW_AVERAGE] = take_block(trial, ROW_AVERAGE, at, _mm_sub_epi8(here, average_block(left, up)));
        taken[ROW_PAETH] =
            take_block(trial, ROW_PAETH, at, _mm_sub_epi8(here, paeth_block(left, up, corner)));
        for (size_t i = 0; i < ROW_FILTERS; i++)
            sums[i] = _mm_add_epi64(sums[i], taken[i]);
    }
    for (size_t i = 0; i < ROW_FILTERS; i++)
        trial->sums[i] += total(sums[i]);
    return at;
}

#else

static size_t try_blocks(const unsigned char *row, const unsigned char *above, unsigned pixel_bytes,
                         size_t at, size_t size, struct png_filter_trial *trial)
{
    (void)row, (void)above, (void)pixel_bytes, (void)size, (void)trial;
    return at;
}

#endif

enum png_filter png_filter_try(const unsigned char *row, const unsigned char *above, size_t size,
                               unsigned pixel_bytes, struct png_filter_trial *trial)
{
    enum png_filter best = ROW_NONE;
    size_t at = pixel_bytes < size ? pixel_bytes : size;

    memset(trial->sums, 0, sizeof trial->sums);
    try_bytes(row, above, pixel_bytes, 0, at, trial);
    at = try_blocks(row, above, pixel_bytes, at, size, trial);
    try_bytes(row, above, pixel_bytes, at, size, trial);
    for (enum png_filter filter = ROW_SUB; filter < ROW_FILTERS; filter++)
        if (trial->sums[filter] < trial->sums[best])
            best = filter;
    return best;
}

/* ---- back ---- */

#ifdef __SSE2__

static __m128i load_pixel(const unsigned char *from)
{
    int32_t pixel;

    memcpy(&pixel, from, sizeof pixel);
    return _mm_cvtsi32_si128(pixel);
}

/* Of a pixel of three bytes the fourth is what comes next: the next pixel is stored over it. */
static void store_pixel(unsigned char *to, __m128i pixel)
{
    int32_t bytes = _mm_cvtsi128_si32(pixel);

    memcpy(to, &bytes, sizeof bytes);
}

static inline void undo_sub_pixels(const unsigned char *row, size_t size, unsigned pixel_bytes,
                                   unsigned char *to)
{
    __m128i left = _mm_setzero_si128();

    for (size_t i = 0; i < size; i += pixel_bytes) {
        left = _mm_add_epi8(load_pixel(row + i), left);
        store_pixel(to + i, left);
    }
}

static inline void undo_average_pixels(const unsigned char *row, const unsigned char *above, size_t size,
                                       unsigned pixel_bytes, unsigned char *to)
{
    __m128i left = _mm_setzero_si128();

    for (size_t i = 0; i < size; i += pixel_bytes) {
        left = _mm_add_epi8(load_pixel(row + i), average_block(left, load_pixel(above + i)));
        store_pixel(to + i, left);
    }
}

static __m128i absolute(__m128i words)
{
    return _mm_max_epi16(words, _mm_sub_epi16(_mm_setzero_si128(), words));
}

/* In 16 bits, where each pixel waits for fewer steps of the one before than in 8. */
static __m128i paeth_words(__m128i left, __m128i above, __m128i corner)
{
    __m128i from_left = _mm_sub_epi16(above, corner), from_above = _mm_sub_epi16(left, corner);
    __m128i by_left = absolute(from_left), by_above = absolute(from_above),
            by_corner = absolute(_mm_add_epi16(from_left, from_above));
    __m128i least = _mm_min_epi16(by_corner, _mm_min_epi16(by_left, by_above));

    return choose(_mm_cmpeq_epi16(least, by_left), left,
                  choose(_mm_cmpeq_epi16(least, by_above), above, corner));
}

static inline void undo_paeth_pixels(const unsigned char *row, const unsigned char *above, size_t size,
                                     unsigned pixel_bytes, unsigned char *to)
{
    const __m128i zero = _mm_setzero_si128(), low = _mm_set1_epi16(UINT8_MAX);
    __m128i left = zero, corner = zero;

    for (size_t i = 0; i < size; i += pixel_bytes) {
        __m128i up = _mm_unpacklo_epi8(load_pixel(above + i), zero);
        __m128i here = _mm_unpacklo_epi8(load_pixel(row + i), zero);

        left = _mm_and_si128(_mm_add_epi16(here, paeth_words(left, up, corner)), low);
        corner = up;
        store_pixel(to + i, _mm_packus_epi16(left, left));
    }
}

/* False where it is not one that pixels are waited for in. */
static inline bool undo_pixels_of(enum png_filter filter, const unsigned char *row,
                                  const unsigned char *above, size_t size, unsigned pixel_bytes,
                                  unsigned char *to)
{
    switch (filter) {
    case ROW_SUB:
        undo_sub_pixels(row, size, pixel_bytes, to);
        return true;
    case ROW_AVERAGE:
        undo_average_pixels(row, above, size, pixel_bytes, to);
        return true;
    case ROW_PAETH:
        undo_paeth_pixels(row, above, size, pixel_bytes, to);
        return true;
    default:
        return false;
    }
}

/* The compiler makes loops of their own of the two sizes. */
static bool undo_pixels(enum png_filter filter, const unsigned char *row, const unsigned char *above,
                        size_t size, unsigned pixel_bytes, unsigned char *to)
{
    if (pixel_bytes == 3)
        return undo_pixels_of(filter, row, above, size, 3, to);
    return pixel_bytes == 4 && undo_pixels_of(filter, row, above, size, 4, to);
}

#else

static bool undo_pixels(enum png_filter filter, const unsigned char *row, const unsigned char *above,
                        size_t size, unsigned pixel_bytes, unsigned char *to)
{
    (void)filter, (void)row, (void)above, (void)size, (void)pixel_bytes, (void)to;
    return false;
}

#endif

static void undo_sub_bytes(const unsigned char *row, size_t size, unsigned pixel_bytes, unsigned char *to)
{
    for (size_t i = 0; i < size; i++)
        to[i] = (unsigned char)(row[i] + (i < pixel_bytes ? 0 : to[i - pixel_bytes]));
}

static void undo_average_bytes(const unsigned char *row, const unsigned char *above, size_t size,
                               unsigned pixel_bytes, unsigned char *to)
{
    for (size_t i = 0; i < size; i++)
        to[i] = (unsigned char)(row[i] + average(i < pixel_bytes ? 0 : to[i - pixel_bytes], above[i]));
}

static void undo_paeth_bytes(const unsigned char *row, const unsigned char *above, size_t size,
                             unsigned pixel_bytes, unsigned char *to)
{
    for (size_t i = 0; i < size; i++) {
        bool first = i < pixel_bytes;

        to[i] = (unsigned char)(row[i] + paeth(first ? 0 : to[i - pixel_bytes], above[i],
                                               first ? 0 : above[i - pixel_bytes]));
    }
}

static void undo_up(const unsigned char *row, const unsigned char *above, size_t size, unsigned char *to)
{
    for (size_t i = 0; i < size; i++)
        to[i] = (unsigned char)(row[i] + above[i]);
}

static void undo_bytes(enum png_filter filter, const unsigned char *row, const unsigned char *above,
                       size_t size, unsigned pixel_bytes, unsigned char *to)
{
    switch (filter) {
    case ROW_SUB:
        undo_sub_bytes(row, size, pixel_bytes, to);
        break;
    case ROW_UP:
        undo_up(row, above, size, to);
        break;
    case ROW_AVERAGE:
        undo_average_bytes(row, above, size, pixel_bytes, to);
        break;
    case ROW_PAETH:
        undo_paeth_bytes(row, above, size, pixel_bytes, to);
        break;
    default:
        memmove(to, row, size);
    }
}

void png_filter_undo(enum png_filter filter, const unsigned char *row, const unsigned char *above,
                     size_t size, unsigned pixel_bytes, unsigned char *to)
{
    if (!undo_pixels(filter, row, above, size, pixel_bytes, to))
        undo_bytes(filter, row, above, size, pixel_bytes, to);
}
