/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jpeg_planes - see jpeg_planes.h. TurboJPEG decodes to planes, and keeps the ratio of chroma to luma at every scale;
 * an eighth, and low frequencies, are faster without it. What it encodes has the codes of the standard's example, so
 * libjpeg encodes. */
#include "image/jpeg_planes.h"

#include "base/cleanup.h"
#include "image/jpeg_entropy.h"
#include "image/jpeg_errors.h"
#include "image/turbo_handle.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* ---- decoding ---- */

enum { OWN_BYTES_MIN = 64 << 10 }; /* of less our own decoder's tables take more time than they save */

struct header {
    int width, height;
    int sampling; /* TJSAMP_* */
    int colours;  /* TJCS_* */
};

/* A file of tables alone has a header of zeros. */
static bool is_usual(const struct header *header)
{
    if (header->width == 0)
        return false;
    return (header->colours == TJCS_GRAY && header->sampling == TJSAMP_GRAY) ||
           (header->colours == TJCS_YCbCr && header->sampling >= 0 && header->sampling != TJSAMP_GRAY);
}

static int divide_up(int length, unsigned by)
{
    return (length + (int)by - 1) / (int)by;
}

/* How many luma samples stand for one of the plane, in both directions. */
static struct extent ratio_of(int plane, int sampling)
{
    return plane == 0 ? (struct extent){ 1, 1 }
                      : (struct extent){ (uint32_t)tjMCUWidth[sampling] / DCTSIZE,
                                         (uint32_t)tjMCUHeight[sampling] / DCTSIZE };
}

static int make_plane(const struct header *header, unsigned shrink, int number, struct plane *ret)
{
    struct extent ratio = ratio_of(number, header->sampling);
    int width = divide_up(header->width, shrink), height = divide_up(header->height, shrink);
    struct extent extent = { (uint32_t)tjPlaneWidth(number, width, header->sampling),
                             (uint32_t)tjPlaneHeight(number, height, header->sampling) };

    if (plane_make(ret, extent) < 0)
        return -ENOMEM;
    ret->width = (double)header->width / (shrink * ratio.width);
    ret->height = (double)header->height / (shrink * ratio.height);
    return 0;
}

static int make_planes(const struct header *header, unsigned shrink, struct planes *ret)
{
    int count = header->colours == TJCS_GRAY ? PLANES_GREY : PLANES_COLOUR;

    for (int i = 0; i < count; i++) {
        if (make_plane(header, shrink, i, &ret->list[i]) < 0) {
            planes_release(ret);
            return -ENOMEM;
        }
        ret->count = (size_t)i + 1;
    }
    return 0;
}

static int decode_to(tjhandle handle, const void *jpeg, size_t size, const struct header *header,
                     unsigned shrink, const struct planes *planes)
{
    unsigned char *rows[PLANES_MAX] = { NULL };
    int strides[PLANES_MAX] = { 0 };

    for (size_t i = 0; i < planes->count; i++) {
        rows[i] = planes->list[i].data;
        strides[i] = (int)planes->list[i].stride;
    }
    return tjDecompressToYUVPlanes(handle, jpeg, size, rows, divide_up(header->width, shrink), strides,
                                   divide_up(header->height, shrink),
                                   TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS | TJFLAG_ACCURATEDCT);
}

/* In what only rounding makes, TurboJPEG leaves anything. */
static void settle_edges(const struct plane *plane)
{
    uint32_t width = (uint32_t)ceil(plane->width), height = (uint32_t)ceil(plane->height);
    const unsigned char *last = plane->data + (height - 1) * plane->stride;

    for (uint32_t y = 0; y < height && width < plane->extent.width; y++) {
        unsigned char *row = plane->data + y * plane->stride;

        memset(row + width, row[width - 1], plane->extent.width - width);
    }
    for (uint32_t y = height; y < plane->extent.height; y++)
        memcpy(plane->data + y * plane->stride, last, plane->extent.width);
}

/* 0 where it cannot. */
static unsigned own_points(size_t size, unsigned shrink, bool low)
{
    if (size < OWN_BYTES_MIN)
        return 0;
    return shrink == DCTSIZE ? 1 : low && shrink == DCTSIZE / 2 ? 2 : 0;
}

static int decode_planes(tjhandle handle, const void *jpeg, size_t size, const struct header *header,
                         unsigned shrink, bool low, struct planes *planes)
{
    unsigned points = own_points(size, shrink, low);

    planes->means = shrink > 1;
    if (points == 0 || jpeg_entropy_decode(jpeg, size, points, planes) != 0)
        return decode_to(handle, jpeg, size, header, shrink, planes);
    planes->means = points == 1;
    return 0;
}

int jpeg_planes_decode(const void *jpeg, size_t size, unsigned shrink, bool low, struct planes *ret)
{
    _cleanup_turbo_ tjhandle handle = tjInitDecompress();
    struct header header = { 0 };

    if (!handle)
        return -ENOMEM;
    if (tjDecompressHeader3(handle, jpeg, size, &header.width, &header.height, &header.sampling,
                            &header.colours) != 0 ||
        !is_usual(&header))
        return -ENOTSUP;
    if (shrink > 1 && header.width < DCTSIZE && header.height < DCTSIZE) /* TurboJPEG takes another scale */
        return -ENOTSUP;
    if (make_planes(&header, shrink, ret) < 0)
        return -ENOMEM;
    if (decode_planes(handle, jpeg, size, &header, shrink, low, ret) != 0) {
        planes_release(ret);
        return -ENOTSUP;
    }
    for (size_t i = 0; i < ret->count; i++)
        settle_edges(&ret->list[i]);
    return 0;
}

uint64_t jpeg_planes_bytes(struct extent extent, unsigned shrink, size_t count)
{
    enum { MCU_SIDE_MAX = 4 }; /* 4:1:1 */
    struct extent most = { extent.width / shrink + MCU_SIDE_MAX, extent.height / shrink + MCU_SIDE_MAX };

    return count * plane_bytes(most);
}

/* ---- encoding ---- */

struct encoder {
    struct jpeg_compress_struct libjpeg;
    struct jpeg_errors errors;
    FILE *stream; /* of memory: libjpeg's own memory is nobody's when it fails */
    char *bytes;
    size_t size;
};

static void encoder_release(struct encoder *encoder)
{
    jpeg_destroy_compress(&encoder->libjpeg);
    if (encoder->stream)
        fclose(encoder->stream);
    free(encoder->bytes);
}

static unsigned sampling_of(const struct planes *planes)
{
    return planes->halved ? 2 : 1;
}

static void start(struct encoder *encoder, const struct planes *planes, const struct encoding *encoding)
{
    struct jpeg_compress_struct *libjpeg = &encoder->libjpeg;

    jpeg_create_compress(libjpeg);
    jpeg_stdio_dest(libjpeg, encoder->stream);
    libjpeg->image_width = planes->list[0].extent.width;
    libjpeg->image_height = planes->list[0].extent.height;
    libjpeg->input_components = (int)planes->count;
    libjpeg->in_color_space = planes->count == PLANES_GREY ? JCS_GRAYSCALE : JCS_YCbCr;
    jpeg_set_defaults(libjpeg);
    jpeg_set_quality(libjpeg, encoding->values[ENCODING_QUALITY], TRUE);
    libjpeg->comp_info[0].h_samp_factor = libjpeg->comp_info[0].v_samp_factor = (int)sampling_of(planes);
    libjpeg->optimize_coding = TRUE;
    libjpeg->dct_method = JDCT_ISLOW;
    if (encoding->values[ENCODING_PROGRESSIVE])
        jpeg_simple_progression(libjpeg);
    libjpeg->write_JFIF_header = FALSE; /* jpeg_segments.h */
    libjpeg->raw_data_in = TRUE;
    jpeg_start_compress(libjpeg, TRUE);
}

/* libjpeg takes whole blocks: rows go on as they end. */
static void extend_rows(const struct plane *plane)
{
    for (uint32_t y = 0; y < plane->extent.height; y++) {
        unsigned char *row = plane->data + y * plane->stride;

        memset(row + plane->extent.width, row[plane->extent.width - 1], plane->stride - plane->extent.width);
    }
}

/* So many rows of a plane from @top on, the last again where there are no more. */
static void point_to_rows(const struct plane *plane, uint32_t top, uint32_t count, JSAMPROW *ret)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t y = top + i < plane->extent.height ? top + i : plane->extent.height - 1;

        ret[i] = plane->data + y * plane->stride;
    }
}

static void write_rows(struct encoder *encoder, const struct planes *planes)
{
    uint32_t sampling = sampling_of(planes), luma_rows = sampling * DCTSIZE;
    JSAMPROW rows[PLANES_MAX][2 * DCTSIZE];
    JSAMPARRAY all[PLANES_MAX] = { rows[0], rows[1], rows[2] };

    for (uint32_t top = 0; top < planes->list[0].extent.height; top += luma_rows) {
        for (size_t i = 0; i < planes->count; i++)
            point_to_rows(&planes->list[i], i == 0 ? top : top / sampling, i == 0 ? luma_rows : DCTSIZE,
                          rows[i]);
        jpeg_write_raw_data(&encoder->libjpeg, all, luma_rows);
    }
}

int jpeg_planes_encode(const struct planes *planes, const struct encoding *encoding, void **ret_data,
                       size_t *ret_size)
{
    _cleanup_(encoder_release) struct encoder encoder = { .stream = NULL };

    for (size_t i = 0; i < planes->count; i++)
        extend_rows(&planes->list[i]);
    encoder.stream = open_memstream(&encoder.bytes, &encoder.size);
    if (!encoder.stream)
        return -ENOMEM;
    encoder.libjpeg.err = jpeg_errors_catch(&encoder.errors);
    if (setjmp(encoder.errors.failed) != 0)
        return -EIO;

    start(&encoder, planes, encoding);
    write_rows(&encoder, planes);
    jpeg_finish_compress(&encoder.libjpeg);
    if (fclose(take_ptr(encoder.stream)) != 0)
        return -ENOMEM;
    *ret_data = take_ptr(encoder.bytes);
    *ret_size = encoder.size;
    return 0;
}

bool jpeg_planes_halves(const struct encoding *encoding)
{
    enum { FULL_CHROMA_QUALITY = 90 }; /* libvips' from here on */
    uint8_t subsampling = encoding->values[ENCODING_SUBSAMPLING];

    return subsampling == SUBSAMPLING_420 ||
           (subsampling == SUBSAMPLING_AUTO && encoding->values[ENCODING_QUALITY] < FULL_CHROMA_QUALITY);
}
