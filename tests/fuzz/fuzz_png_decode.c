/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a PNG for our decoder: what it takes has libpng's pixels. The first byte says how the file is made of
 * the others: it is them, with its checksums mended; or they are the filtered rows of a picture whose sizes they begin
 * with, or a whole stream of such. */
#include "base/cleanup.h"
#include "fuzz.h"
#include "image/engine.h"
#include "image/png_decode.h"

#include "png_made.h"

enum { MADE_OF_FILE, MADE_OF_ROWS, MADE_OF_STREAM, MADE_COUNT };
enum { SETTINGS_BYTES = 5, SIDE_MAX = 48, SIGNATURE = 8, FRAME = 12, PIXELS_MAX = 1 << 16 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct error error;

    (void)argc, (void)argv;
    fuzz_expect(engine_start(&error) == 0, "%s", error.text);
    return 0;
}

/* Where libpng is strict, a made-up file would end at its first checksum. */
static void mend(struct png_made *file)
{
    for (size_t at = SIGNATURE; at + FRAME <= file->size;) {
        size_t length = png_made_get(file->data + at);

        if (length > file->size - at - FRAME)
            return;
        png_made_put(file->data + at + 8 + length, crc32(0, file->data + at + 4, (uInt)(4 + length)));
        at += FRAME + length;
    }
}

static struct png_made make_of_file(const uint8_t *data, size_t size)
{
    struct png_made file = { malloc(size + 1), size };

    memcpy(file.data, data, size);
    mend(&file);
    return file;
}

static struct png_plan plan_of(const uint8_t *settings)
{
    return (struct png_plan){
        .width = settings[0] % SIDE_MAX + 1U,
        .height = settings[1] % SIDE_MAX + 1U,
        .bands = settings[2] % 4 + 1U,
        .level = settings[3] % 10,
        .split = settings[4] % 64,
        .empty = settings[4] & 64,
    };
}

static struct png_made make_of_rows(const uint8_t *data, size_t size)
{
    struct png_plan plan = plan_of(data);
    _cleanup_free_ uint8_t *rows = calloc(1, png_plan_rows_bytes(&plan));
    size_t given = size - SETTINGS_BYTES, wanted = png_plan_rows_bytes(&plan);

    memcpy(rows, data + SETTINGS_BYTES, given < wanted ? given : wanted);
    plan.rows = rows;
    return png_make(&plan);
}

/* The sum at its end is right, if it comes to one. */
static struct png_made make_of_stream(const uint8_t *data, size_t size)
{
    struct png_plan plan = plan_of(data);
    struct png_made file = { NULL, 0 };
    size_t rows_size = png_plan_rows_bytes(&plan), stream_size = size - SETTINGS_BYTES;
    _cleanup_free_ uint8_t *rows = calloc(1, rows_size), *stream = malloc(stream_size + 6);
    z_stream z = { .next_in = (Bytef *)data + SETTINGS_BYTES,
                   .avail_in = (uInt)stream_size,
                   .next_out = rows,
                   .avail_out = (uInt)rows_size };

    memcpy(stream, "\x78\x9c", 2);
    if (inflateInit2(&z, -15) == Z_OK) {
        if (inflate(&z, Z_FINISH) == Z_STREAM_END)
            stream_size -= z.avail_in;
        inflateEnd(&z);
    }
    memcpy(stream + 2, data + SETTINGS_BYTES, stream_size);
    png_made_put(stream + 2 + stream_size, adler32(1, rows, (uInt)rows_size));
    png_made_start(&file, &plan);
    png_made_add_stream(&file, &plan, stream, stream_size + 6);
    png_made_add(&file, "IEND", NULL, 0);
    return file;
}

static void expect_same(const struct png_made *file, const unsigned char *pixels)
{
    _cleanup_image_ VipsImage *image = NULL;
    void *wanted;
    size_t size;

    fuzz_expect(vips_pngload_buffer(file->data, file->size, &image, "fail_on", VIPS_FAIL_ON_ERROR, NULL) == 0,
                "libpng: %s", vips_error_buffer());
    wanted = vips_image_write_to_memory(image, &size);
    fuzz_expect(wanted, "libpng: %s", vips_error_buffer());
    fuzz_expect(memcmp(pixels, wanted, size) == 0, "they are libpng's");
    g_free(wanted);
}

/* libvips would hold what a short file can claim. */
static bool is_small(const struct png_made *file)
{
    return file->size >= SIGNATURE + 16 &&
           png_made_get(file->data + 16) * png_made_get(file->data + 20) <= PIXELS_MAX;
}

static struct png_made make(unsigned how, const uint8_t *data, size_t size)
{
    if (how == MADE_OF_FILE || size < SETTINGS_BYTES)
        return make_of_file(data, size);
    return how == MADE_OF_ROWS ? make_of_rows(data, size) : make_of_stream(data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_png_made_ struct png_made file = { NULL, 0 };
    _cleanup_(pages_give) struct pages pixels = { 0 };

    if (size == 0)
        return 0;
    file = make(data[0] % MADE_COUNT, data + 1, size - 1);
    if (is_small(&file) && png_decode_pixels(file.data, file.size, &pixels) == 0)
        expect_same(&file, pixels.data);
    vips_error_clear();
    return 0;
}
