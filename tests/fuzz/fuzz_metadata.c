/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as each of the blocks that pictures have beside their pixels: EXIF, XMP, IPTC. The first three say what is
 * asked for.
 *
 * What is left is no more than there was and can be read itself; asked for again it stays as it is, and asked for less
 * it is what that would have been at first. Put into files it is found there again. */
#include "base/cleanup.h"
#include "fuzz.h"
#include "image/attach.h"
#include "image/encode.h"
#include "image/engine.h"
#include "image/exif_block.h"
#include "image/iptc_block.h"
#include "image/source.h"
#include "image/xmp_packet.h"
#include "recipe/recipe.h"

#include <stdbool.h>

enum {
    ASKED_BYTES = 3,
    RECOLOURED = 0x80,
    ORIENTATION_BITS = 7,
    SIDE = 70000,
    PICTURE_SIDE = 16,
    QUALITY = 50
};

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

/* A small picture in each format whose files our own code takes apart, from main() on, for good. */
static const enum format formats[] = { FORMAT_TIFF, FORMAT_GIF, FORMAT_AVIF, FORMAT_JXL };
static struct block pictures[sizeof formats / sizeof formats[0]];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    _cleanup_image_ VipsImage *image = NULL;
    struct error error;

    (void)argc, (void)argv;
    fuzz_expect(engine_start(&error) == 0, "%s", error.text);
    fuzz_expect(vips_black(&image, PICTURE_SIDE, PICTURE_SIDE, "bands", 3, NULL) == 0, "%s",
                vips_error_buffer());
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
        fuzz_expect(encode_bytes(image, formats[i], QUALITY, &pictures[i].data, &pictures[i].size) == 0, "%s",
                    vips_error_buffer());
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

static struct block try_exif(const void *data, size_t size, const struct exif_wish *wish)
{
    struct block block = reduce_exif(data, size, wish);
    _cleanup_block_ struct block again = { NULL, 0 };

    fuzz_expect(wish->orientation == 1 || block.data, "orientation %d needs a block", wish->orientation);
    if (!block.data)
        return block;
    fuzz_expect(block.size <= EXIF_BLOCK_BYTES_MAX, "%zu bytes fit a segment", block.size);
    fuzz_expect(memcmp(block.data, "II*", 4) == 0 || memcmp(block.data, "MM\0*", 4) == 0, "it is TIFF");
    again = reduce_exif(block.data, block.size, wish);
    fuzz_expect(same(&block, &again), "%zu bytes stay as they are, not %zu", block.size, again.size);
    return block;
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

static struct block try_xmp(const void *data, size_t size, const struct asked *asked)
{
    struct block packet = try_reducer(xmp_packet_reduce, data, size, asked);

    fuzz_expect(text_is_utf8(packet.data, packet.size), "a packet is UTF-8");
    return packet;
}

static struct block try_iptc(const void *data, size_t size, const struct asked *asked)
{
    struct block record = try_reducer(iptc_block_reduce, data, size, asked);
    _cleanup_block_ struct block wrapped = { NULL, 0 }, unwrapped = { NULL, 0 };

    if (!record.data)
        return record;
    fuzz_expect(iptc_block_wrap(record.data, record.size, &wrapped.data, &wrapped.size) == 0,
                "there is memory");
    unwrapped = reduce(iptc_block_reduce, wrapped.data, wrapped.size, asked->wish.keep);
    fuzz_expect(same(&record, &unwrapped), "what was wrapped is what is unwrapped");
    return record;
}

/* Files. */

static void expect_block(enum format format, const char *what, const struct source_block *got,
                         const struct attachment *wanted)
{
    fuzz_expect(got->size >= wanted->size &&
                    (wanted->size == 0 || memcmp(got->data, wanted->data, wanted->size) == 0),
                "%s of %s: %zu bytes, not %zu", what, format_info(format)->name, got->size, wanted->size);
}

static void try_file(enum format format, const struct block *picture, const struct attachments *attachments)
{
    static const struct source_options options = { .fail_on = FAIL_ON_WARNING, .max_pixels = UINT64_MAX };
    struct block file = { malloc(picture->size), picture->size };
    struct source source = { 0 };
    struct error error = { 0 };

    fuzz_expect(file.data, "there is memory");
    memcpy(file.data, picture->data, picture->size);
    fuzz_expect(attach(format, attachments, &file.data, &file.size) == 0, "%s takes it",
                format_info(format)->name);
    fuzz_expect(source_probe(file.data, file.size, &options, &source, &error) == 0, "%s: %s",
                format_info(format)->name, error.text);
    if (format != FORMAT_TIFF) /* whose libtiff has it */
        expect_block(format, "XMP", &source.xmp, &attachments->xmp);
    else
        expect_block(format, "IPTC", &source.iptc, &attachments->iptc);
    source_release(&source);
    block_release(&file);
}

static void try_files(const struct block *exif, const struct block *xmp, const struct block *iptc)
{
    const struct attachments attachments = {
        .exif = { exif->data, exif->size },
        .xmp = { xmp->data, xmp->size },
        .iptc = { iptc->data, iptc->size },
    };

    if (exif->size + xmp->size + iptc->size == 0)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
        try_file(formats[i], &pictures[i], &attachments);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_block_ struct block exif = { NULL, 0 }, xmp = { NULL, 0 }, iptc = { NULL, 0 };
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
    exif = try_exif(data + ASKED_BYTES, size - ASKED_BYTES, &asked.wish);
    xmp = try_xmp(data + ASKED_BYTES, size - ASKED_BYTES, &asked);
    iptc = try_iptc(data + ASKED_BYTES, size - ASKED_BYTES, &asked);
    try_files(&exif, &xmp, &iptc);
    return 0;
}
