/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jpeg_entropy - see jpeg_entropy.h.
 *
 * libjpeg reads the header, as far as the first code. The bytes behind it go, without the zeros that are stuffed behind
 * 0xff, through a window which always holds a whole MCU, so that nothing has to be checked within one; behind the last
 * byte there are zeros, and an MCU that reached into them is one too many. Of a block DC alone has a value: the others'
 * codes are skipped, as many at once as a look-up shows.
 *
 * Only what every encoder writes is decoded: everything else is -ENOTSUP, the sooner the better. */
#include "image/jpeg_entropy.h"

#include "base/cleanup.h"
#include "image/engine.h"
#include "image/jpeg_codes.h"
#include "image/jpeg_errors.h"

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORD_BYTES = 8,
    BLOCK_BYTES_MAX = 256, /* 64 times JPEG_SYMBOL_BITS_MAX, and what a look-up is too many */
    MCU_BLOCKS_MAX = 6,
    MCU_BYTES_MAX = MCU_BLOCKS_MAX * BLOCK_BYTES_MAX,
    WINDOW_BYTES = 32 << 10,
    CENTRE = 128, /* of samples */
};

/* ---- bits ---- */

/* The bytes up to the next marker. */
struct window {
    const unsigned char *from, *end; /* of the file: what has not been in the window yet */
    bool at_marker;                  /* that is where @from is, or at the end */
    size_t filled;
    unsigned char bytes[WINDOW_BYTES + MCU_BYTES_MAX + 2 * WORD_BYTES];
};

/* The next bits are the word's highest. There are at least @count of them, and those behind come from @at. */
struct bits {
    uint64_t word;
    unsigned count;
    const unsigned char *at;
};

/* 56 or more are there then. */
static inline void bits_refill(struct bits *bits)
{
    uint64_t next;

    memcpy(&next, bits->at, sizeof next);
    bits->word |= be64toh(next) >> bits->count;
    bits->at += (63 - bits->count) / 8;
    bits->count |= 56;
}

static inline void bits_drop(struct bits *bits, unsigned count)
{
    bits->word <<= count;
    bits->count -= count;
}

/* One run without 0xff, and that; else the marker is reached. */
static void copy_run(struct window *window)
{
    size_t left = (size_t)(window->end - window->from), room = WINDOW_BYTES - window->filled;
    size_t most = left < room ? left : room;
    const unsigned char *stop = memchr(window->from, 0xff, most);
    size_t run = stop ? (size_t)(stop - window->from) : most;

    memcpy(window->bytes + window->filled, window->from, run);
    window->filled += run;
    window->from += run;
    if (run == most && most == room)
        return;
    if (left - run < 2 || window->from[1] != 0) {
        window->at_marker = true;
        return;
    }
    window->bytes[window->filled++] = 0xff;
    window->from += 2;
}

static void window_fill(struct window *window, struct bits *bits)
{
    size_t used = (size_t)(bits->at - window->bytes);

    window->filled -= used;
    memmove(window->bytes, bits->at, window->filled);
    bits->at = window->bytes;
    while (!window->at_marker && window->filled < WINDOW_BYTES)
        copy_run(window);
    if (window->at_marker)
        memset(window->bytes + window->filled, 0, MCU_BYTES_MAX + 2 * WORD_BYTES);
}

/* Makes sure that an MCU is there. */
static inline void window_prepare(struct window *window, struct bits *bits)
{
    if (!window->at_marker && bits->at + MCU_BYTES_MAX + 2 * WORD_BYTES > window->bytes + window->filled)
        window_fill(window, bits);
}

/* How many bits are left before the marker, if it has been reached: less than none when too many were taken. */
static inline ptrdiff_t bits_left(const struct window *window, const struct bits *bits)
{
    return (window->bytes + window->filled - bits->at) * 8 + (ptrdiff_t)bits->count;
}

/* True when all is read, and @marker follows at once. */
static bool window_ends(struct window *window, struct bits *bits, unsigned marker)
{
    if (!window->at_marker)
        window_fill(window, bits);
    return window->at_marker && bits_left(window, bits) < 8 && window->end - window->from >= 2 &&
           window->from[1] == marker;
}

/* Goes on behind the marker. */
static void window_restart(struct window *window, struct bits *bits)
{
    window->from += 2;
    window->at_marker = false;
    window->filled = 0;
    *bits = (struct bits){ .at = window->bytes };
    window_fill(window, bits);
}

/* ---- blocks ---- */

/* The lowest frequencies in the zigzag's order: DC, half a wave across, down, and both; and where their quantisers
 * are. */
enum { DC = 0, ACROSS = 1, DOWN = 2, BOTH = 4, LOW_COUNT = 5 };
static const unsigned natural_order[LOW_COUNT] = { 0, 1, DCTSIZE, 2 * DCTSIZE, DCTSIZE + 1 };

struct component {
    const struct jpeg_codes *dc, *ac;
    const struct plane *plane;
    uint32_t across, down; /* blocks of an MCU */
    int quants[LOW_COUNT];
    int coefficient; /* the last DC */
};

/* The coefficient times the quantiser; false when it is not within an encoder's, which is below 1,200: more could be
 * too much for libjpeg's table. */
static inline bool read_dc(struct component *component, struct bits *bits, int *ret_level)
{
    enum { LEVEL_MAX = 1500 };
    struct jpeg_symbol symbol;

    bits_refill(bits);
    symbol = jpeg_codes_look(component->dc, bits->word);
    component->coefficient += jpeg_codes_value(symbol, bits->word);
    bits_drop(bits, symbol.bits);
    if (symbol.bits == 0 || abs(component->coefficient) > LEVEL_MAX)
        return false;
    *ret_level = component->coefficient * component->quants[DC];
    return abs(*ret_level) <= LEVEL_MAX;
}

/* The inverse DCT, as far as it goes to one sample. */
static inline unsigned char sample_of(int level)
{
    int sample = ((level + 4) >> 3) + CENTRE;

    return (unsigned char)(sample < 0 ? 0 : sample > UINT8_MAX ? UINT8_MAX : sample);
}

/* True where a block may end. */
static inline bool is_end(unsigned position)
{
    return position == DCTSIZE2 || (position >= JPEG_BLOCK_END && position < JPEG_BLOCK_END + DCTSIZE2);
}

static bool skip_one_by_one(const struct jpeg_codes *codes, struct bits *bits, unsigned position)
{
    while (position < DCTSIZE2) {
        struct jpeg_symbol symbol;

        bits_refill(bits);
        symbol = jpeg_codes_look(codes, bits->word);
        if (symbol.bits == 0)
            return false;
        bits_drop(bits, symbol.bits);
        position += symbol.step;
    }
    return is_end(position);
}

/* Where the last look-up takes codes of the next block for ones of this, it is done again, code by code. */
static inline bool skip_ac(const struct jpeg_codes *codes, unsigned position, struct bits *ret_bits)
{
    struct bits bits = *ret_bits, before;
    unsigned position_before;

    do {
        struct jpeg_skip skip;

        bits_refill(&bits);
        before = bits;
        position_before = position;
        skip = codes->skips[bits.word >> (64 - JPEG_SKIP_BITS)];
        bits_drop(&bits, skip.bits);
        position += skip.step;
    } while (position < DCTSIZE2 && position != position_before);
    if (is_end(position)) {
        *ret_bits = bits;
        return true;
    }
    *ret_bits = before;
    return skip_one_by_one(codes, ret_bits, position_before);
}

/* Code by code as far as they are low: @levels of these, and the position behind the last code. */
static inline bool read_low(const struct component *component, struct bits *bits, int *levels,
                            unsigned *ret_position)
{
    unsigned position = 1;

    while (position < LOW_COUNT) {
        struct jpeg_symbol symbol;
        unsigned at;

        bits_refill(bits);
        symbol = jpeg_codes_look(component->ac, bits->word);
        if (symbol.bits == 0)
            return false;
        at = position + symbol.step - 1;
        if (at < LOW_COUNT)
            levels[at] = jpeg_codes_value(symbol, bits->word) * component->quants[at];
        bits_drop(bits, symbol.bits);
        position += symbol.step;
    }
    *ret_position = position;
    return true;
}

/* ---- the scan ---- */

struct scan {
    unsigned points; /* samples of a block, across and down: 1 or 2 */
    struct window window;
    struct bits bits;
    size_t count;
    struct component components[PLANES_COLOUR];
    struct jpeg_codes dc[NUM_HUFF_TBLS], ac[NUM_HUFF_TBLS];
    unsigned across, down; /* MCUs */
    unsigned interval;     /* of them, between restarts; or 0 */
};

static inline void put(const struct plane *plane, uint32_t column, uint32_t row, int level)
{
    if (column < plane->extent.width && row < plane->extent.height)
        plane->data[row * plane->stride + column] = sample_of(level);
}

/* One sample, the mean of the block. */
static inline bool make_mean(struct component *component, struct bits *bits, uint32_t column, uint32_t row)
{
    int level;

    if (!read_dc(component, bits, &level))
        return false;
    put(component->plane, column, row, level);
    return skip_ac(component->ac, 1, bits);
}

/* Four samples, in which the waves of the lowest frequencies are at their height. */
static inline bool make_low(struct component *component, struct bits *bits, uint32_t column, uint32_t row)
{
    int levels[LOW_COUNT] = { 0 };
    unsigned position;

    if (!read_dc(component, bits, &levels[DC]) || !read_low(component, bits, levels, &position))
        return false;
    for (uint32_t i = 0; i < 4; i++) {
        bool right = i & 1, bottom = i & 2;

        put(component->plane, 2 * column + right, 2 * row + bottom,
            levels[DC] + (right ? -levels[ACROSS] : levels[ACROSS]) +
                (bottom ? -levels[DOWN] : levels[DOWN]) + (right != bottom ? -levels[BOTH] : levels[BOTH]));
    }
    return position < DCTSIZE2 ? skip_ac(component->ac, position, bits) : is_end(position);
}

static bool make_mcu(struct scan *scan, uint32_t column, uint32_t row)
{
    for (size_t i = 0; i < scan->count; i++) {
        struct component *component = &scan->components[i];
        uint32_t across = component->across, down = component->down;

        for (uint32_t y = 0; y < down; y++)
            for (uint32_t x = 0; x < across; x++)
                if (!(scan->points == 1 ? make_mean : make_low)(component, &scan->bits, column * across + x,
                                                                row * down + y))
                    return false;
    }
    return true;
}

static bool restart(struct scan *scan, unsigned number)
{
    if (!window_ends(&scan->window, &scan->bits, JPEG_RST0 + number % 8))
        return false;
    window_restart(&scan->window, &scan->bits);
    for (size_t i = 0; i < scan->count; i++)
        scan->components[i].coefficient = 0;
    return true;
}

static bool make_all(struct scan *scan)
{
    uint64_t mcu = 0;

    for (uint32_t row = 0; row < scan->down; row++)
        for (uint32_t column = 0; column < scan->across; column++, mcu++) {
            if (scan->interval > 0 && mcu > 0 && mcu % scan->interval == 0 &&
                !restart(scan, (unsigned)(mcu / scan->interval - 1)))
                return false;
            window_prepare(&scan->window, &scan->bits);
            if (!make_mcu(scan, column, row) || bits_left(&scan->window, &scan->bits) < 0)
                return false;
        }
    return window_ends(&scan->window, &scan->bits, JPEG_EOI);
}

/* ---- the header ---- */

struct reader {
    struct jpeg_decompress_struct libjpeg;
    struct jpeg_errors errors;
};

static bool read_header(struct reader *reader, const void *jpeg, size_t size)
{
    reader->libjpeg.err = jpeg_errors_catch(&reader->errors);
    if (setjmp(reader->errors.failed) != 0) {
        vips_error_clear();
        return false;
    }
    jpeg_create_decompress(&reader->libjpeg);
    jpeg_mem_src(&reader->libjpeg, jpeg, size);
    return jpeg_read_header(&reader->libjpeg, TRUE) == JPEG_HEADER_OK &&
           reader->errors.manager.num_warnings == 0;
}

static void reader_release(struct reader *reader)
{
    jpeg_destroy_decompress(&reader->libjpeg);
}

static bool is_sequential(const struct jpeg_decompress_struct *libjpeg)
{
    return !libjpeg->progressive_mode && !libjpeg->arith_code && libjpeg->data_precision == BITS_IN_JSAMPLE &&
           libjpeg->comps_in_scan == libjpeg->num_components && libjpeg->Ss == 0 &&
           libjpeg->Se == DCTSIZE2 - 1 && libjpeg->Ah == 0 && libjpeg->Al == 0;
}

static bool is_usual(const struct jpeg_decompress_struct *libjpeg, size_t count)
{
    int across = libjpeg->comp_info[0].h_samp_factor, down = libjpeg->comp_info[0].v_samp_factor;

    if (libjpeg->num_components != (int)count || across > 2 || down > 2)
        return false;
    if (count == PLANES_GREY)
        return libjpeg->jpeg_color_space == JCS_GRAYSCALE && across == 1 && down == 1;
    for (size_t i = 1; i < count; i++)
        if (libjpeg->comp_info[i].h_samp_factor != 1 || libjpeg->comp_info[i].v_samp_factor != 1)
            return false;
    return libjpeg->jpeg_color_space == JCS_YCbCr;
}

/* A table may be another component's, too. */
static const struct jpeg_codes *find_codes(struct jpeg_codes *list, JHUFF_TBL *const *tables, int number,
                                           bool dc)
{
    if (number < 0 || number >= NUM_HUFF_TBLS)
        return NULL;
    return list[number].table || jpeg_codes_make(&list[number], tables[number], dc) ? &list[number] : NULL;
}

static bool set_component(struct scan *scan, const struct jpeg_decompress_struct *libjpeg, size_t index,
                          const struct plane *plane)
{
    const jpeg_component_info *info = &libjpeg->comp_info[index];
    struct component *component = &scan->components[index];
    const JQUANT_TBL *quant;

    if (libjpeg->cur_comp_info[index] != info || info->quant_tbl_no < 0 ||
        info->quant_tbl_no >= NUM_QUANT_TBLS)
        return false;
    quant = libjpeg->quant_tbl_ptrs[info->quant_tbl_no];
    component->dc = find_codes(scan->dc, libjpeg->dc_huff_tbl_ptrs, info->dc_tbl_no, true);
    component->ac = find_codes(scan->ac, libjpeg->ac_huff_tbl_ptrs, info->ac_tbl_no, false);
    if (!quant || !component->dc || !component->ac)
        return false;
    for (size_t i = 0; i < LOW_COUNT; i++)
        component->quants[i] = quant->quantval[natural_order[i]];
    component->plane = plane;
    component->across = (uint32_t)info->h_samp_factor;
    component->down = (uint32_t)info->v_samp_factor;
    return scan->points * (uint64_t)scan->across * component->across >= plane->extent.width &&
           scan->points * (uint64_t)scan->down * component->down >= plane->extent.height;
}

static unsigned divide_up(unsigned length, int by)
{
    return (length + (unsigned)by - 1) / (unsigned)by;
}

static bool set_up(struct scan *scan, const struct jpeg_decompress_struct *libjpeg,
                   const struct planes *planes)
{
    const struct jpeg_source_mgr *source = libjpeg->src;

    if (!is_sequential(libjpeg) || !is_usual(libjpeg, planes->count))
        return false;
    scan->count = planes->count;
    scan->across = divide_up(libjpeg->image_width, libjpeg->comp_info[0].h_samp_factor * DCTSIZE);
    scan->down = divide_up(libjpeg->image_height, libjpeg->comp_info[0].v_samp_factor * DCTSIZE);
    scan->interval = libjpeg->restart_interval;
    for (size_t i = 0; i < scan->count; i++)
        if (!set_component(scan, libjpeg, i, &planes->list[i]))
            return false;
    scan->window.from = source->next_input_byte;
    scan->window.end = source->next_input_byte + source->bytes_in_buffer;
    scan->bits.at = scan->window.bytes;
    window_fill(&scan->window, &scan->bits);
    return true;
}

int jpeg_entropy_decode(const void *jpeg, size_t size, unsigned points, const struct planes *planes)
{
    _cleanup_(reader_release) struct reader reader = { .libjpeg = { .err = NULL } };
    _cleanup_free_ struct scan *scan = NULL;

    if (!read_header(&reader, jpeg, size))
        return -ENOTSUP;
    scan = calloc(1, sizeof *scan);
    if (!scan)
        return -ENOMEM;
    scan->points = points;
    return set_up(scan, &reader.libjpeg, planes) && make_all(scan) ? 0 : -ENOTSUP;
}
