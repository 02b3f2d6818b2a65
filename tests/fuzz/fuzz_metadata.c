/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as each of the blocks that pictures have beside their pixels: EXIF, XMP, IPTC. The first three say what is
 * asked for.
 *
 * What is left is no more than there was and can be read itself; asked for again it stays as it is, and asked for less
 * it is what that would have been at first. */
#include "base/cleanup.h"
#include "fuzz.h"
#include "image/exif_block.h"
#include "image/iptc_block.h"
#include "image/xmp_packet.h"
#include "recipe/recipe.h"

#include <stdbool.h>

enum { ASKED_BYTES = 3, RECOLOURED = 0x80, ORIENTATION_BITS = 7, SIDE = 70000 };

struct asked {
    struct exif_wish wish;
    unsigned less; /* of METADATA_* */
};

struct block {
    void *data;
    size_t size;
};

static void block_release(struct block *block)
{
    free(block->data);
}

#define _cleanup_block_ __attribute__((cleanup(block_release)))

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return 0;
}

static bool same(const struct block *a, const struct block *b)
{
    return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

/* EXIF. */

static struct block reduce_exif(const void *data, size_t size, const struct exif_wish *wish)
{
    struct block block = { NULL, 0 };

    fuzz_expect(exif_block_reduce(data, size, wish, &block.data, &block.size) == 0, "there is memory");
    fuzz_expect((block.data == NULL) == (block.size == 0), "%zu bytes are there", block.size);
    return block;
}

static void try_exif(const void *data, size_t size, const struct exif_wish *wish)
{
    _cleanup_block_ struct block block = reduce_exif(data, size, wish), again = { NULL, 0 };

    fuzz_expect(wish->orientation == 1 || block.data, "orientation %d needs a block", wish->orientation);
    if (!block.data)
        return;
    fuzz_expect(block.size <= EXIF_BLOCK_BYTES_MAX, "%zu bytes fit a segment", block.size);
    fuzz_expect(memcmp(block.data, "II*", 4) == 0 || memcmp(block.data, "MM\0*", 4) == 0, "it is TIFF");
    again = reduce_exif(block.data, block.size, wish);
    fuzz_expect(same(&block, &again), "%zu bytes stay as they are, not %zu", block.size, again.size);
}

/* XMP and IPTC. */

typedef int reducer(const void *data, size_t size, unsigned keep, void **ret, size_t *ret_size);

static struct block reduce(reducer *by, const void *data, size_t size, unsigned keep)
{
    struct block block = { NULL, 0 };

    fuzz_expect(by(data, size, keep, &block.data, &block.size) == 0, "there is memory");
    fuzz_expect((block.data == NULL) == (block.size == 0), "%zu bytes are there", block.size);
    fuzz_expect(block.size <= size, "%zu of %zu bytes are left", block.size, size);
    return block;
}

static struct block try_reducer(reducer *by, const void *data, size_t size, const struct asked *asked)
{
    unsigned keep = asked->wish.keep;
    struct block block = reduce(by, data, size, keep);
    _cleanup_block_ struct block again = reduce(by, block.data, block.size, keep),
                                 less = reduce(by, data, size, asked->less),
                                 then_less = reduce(by, block.data, block.size, asked->less);

    fuzz_expect(same(&block, &again), "%zu bytes stay as they are, not %zu", block.size, again.size);
    fuzz_expect(same(&less, &then_less), "%zu bytes are left, not %zu", less.size, then_less.size);
    return block;
}

static void try_xmp(const void *data, size_t size, const struct asked *asked)
{
    _cleanup_block_ struct block packet = try_reducer(xmp_packet_reduce, data, size, asked);

    fuzz_expect(text_is_utf8(packet.data, packet.size), "a packet is UTF-8");
}

static void try_iptc(const void *data, size_t size, const struct asked *asked)
{
    _cleanup_block_ struct block record = try_reducer(iptc_block_reduce, data, size, asked),
                                 wrapped = { NULL, 0 }, unwrapped = { NULL, 0 };

    if (!record.data)
        return;
    fuzz_expect(iptc_block_wrap(record.data, record.size, &wrapped.data, &wrapped.size) == 0,
                "there is memory");
    unwrapped = reduce(iptc_block_reduce, wrapped.data, wrapped.size, asked->wish.keep);
    fuzz_expect(same(&record, &unwrapped), "what was wrapped is what is unwrapped");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct asked asked = { 0 };

    if (size < ASKED_BYTES)
        return 0;
    asked.wish = (struct exif_wish){
        .keep = data[0] & METADATA_ALL,
        .orientation = 1 + (data[1] & ORIENTATION_BITS),
        .width = SIDE,
        .height = 1,
        .recoloured = data[0] & RECOLOURED,
    };
    asked.less = asked.wish.keep & data[2];
    try_exif(data + ASKED_BYTES, size - ASKED_BYTES, &asked.wish);
    try_xmp(data + ASKED_BYTES, size - ASKED_BYTES, &asked);
    try_iptc(data + ASKED_BYTES, size - ASKED_BYTES, &asked);
    return 0;
}
