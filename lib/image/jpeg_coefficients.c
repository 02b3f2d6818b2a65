/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jpeg_coefficients - see jpeg_coefficients.h. TurboJPEG has the transforms, but writes baseline JPEGs with the codes
 * of the standard's example; so libjpeg codes what comes of them. */
#include "image/jpeg_coefficients.h"

#include "base/cleanup.h"
#include "image/engine.h"
#include "image/jpeg_errors.h"
#include "image/orient.h"
#include "image/turbo_handle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int transforms[ORIENTATION_END] = {
    [1] = TJXOP_NONE,      [2] = TJXOP_HFLIP, [3] = TJXOP_ROT180,     [4] = TJXOP_VFLIP,
    [5] = TJXOP_TRANSPOSE, [6] = TJXOP_ROT90, [7] = TJXOP_TRANSVERSE, [8] = TJXOP_ROT270,
};

static void turbo_free(unsigned char **bytes)
{
    tjFree(*bytes);
}

static bool has_end(const unsigned char *jpeg, unsigned long size)
{
    return size > 2 && jpeg[size - 2] == 0xff && jpeg[size - 1] == JPEG_EOI;
}

/* Blocks at the end that are no whole ones do not turn; a move cuts them away, or this trims them, and then the size is
 * found to be wrong. What only deserves a warning was let pass when the picture was looked at (FailOn=). TurboJPEG says
 * the same of a failure after a warning, but then the file has no end. */
static bool turbo_transform(tjhandle handle, const void *jpeg, size_t size, const struct jpeg_move *move,
                            unsigned char **to, unsigned long *to_size)
{
    const struct area *part = &move->part;
    tjtransform how = {
        .r = { (int)part->left, (int)part->top, (int)part->extent.width, (int)part->extent.height },
        .op = transforms[move->turn],
        .options = TJXOPT_CROP | TJXOPT_TRIM | TJXOPT_COPYNONE,
    };

    return tjTransform(handle, jpeg, size, 1, to, to_size, &how, 0) == 0 ||
           (tjGetErrorCode(handle) == TJERR_WARNING && *to && has_end(*to, *to_size));
}

static int turbo_error(tjhandle handle)
{
    vips_error("turbojpeg", "%s", handle ? tjGetErrorStr2(handle) : tjGetErrorStr());
    return -1;
}

int jpeg_coefficients_move(const void *jpeg, size_t size, const struct jpeg_move *move, void **ret,
                           size_t *ret_size)
{
    _cleanup_turbo_ tjhandle handle = tjInitTransform();
    _cleanup_(turbo_free) unsigned char *moved = NULL;
    unsigned long moved_size = 0;

    if (!handle || !turbo_transform(handle, jpeg, size, move, &moved, &moved_size))
        return turbo_error(handle);
    *ret = malloc(moved_size);
    if (!*ret)
        return -1;
    memcpy(*ret, moved, moved_size);
    *ret_size = moved_size;
    return 0;
}

static int turbo_check(const void *jpeg, size_t size)
{
    _cleanup_turbo_ tjhandle handle = tjInitTransform();
    int width, height, sampling = -1, colours;

    if (!handle)
        return turbo_error(handle);
    if (tjDecompressHeader3(handle, jpeg, size, &width, &height, &sampling, &colours) != 0 &&
        tjGetErrorCode(handle) != TJERR_WARNING)
        return turbo_error(handle);
    if (sampling < 0) {
        vips_error("turbojpeg", "its colours are sampled in an unknown way");
        return -1;
    }
    return 0;
}

/* ---- with libjpeg ---- */

/* Both ends of coding anew; libjpeg's errors come back. */
struct recoding {
    struct jpeg_decompress_struct from;
    struct jpeg_compress_struct to;
    struct jpeg_errors errors; /* warnings have been dealt with when the picture was looked at */
    FILE *stream;              /* of memory: libjpeg's own memory is nobody's when it fails */
    char *bytes;
    size_t size;
};

static void recoding_release(struct recoding *recoding)
{
    jpeg_destroy_compress(&recoding->to);
    jpeg_destroy_decompress(&recoding->from);
    if (recoding->stream)
        fclose(recoding->stream);
    free(recoding->bytes);
}

static void read_header(struct recoding *recoding, const void *jpeg, size_t size)
{
    jpeg_create_decompress(&recoding->from);
    jpeg_mem_src(&recoding->from, jpeg, size);
    jpeg_read_header(&recoding->from, TRUE);
}

/* TurboJPEG has names for samplings, and some that are coded in another way than usual share one; so libjpeg is asked.
 * What has one channel is not interleaved with others. */
int jpeg_coefficients_block(const void *jpeg, size_t size, struct extent *ret)
{
    _cleanup_(recoding_release) struct recoding recoding = { .stream = NULL };
    bool single;

    if (turbo_check(jpeg, size) != 0)
        return -1;
    recoding.from.err = recoding.to.err = jpeg_errors_catch(&recoding.errors);
    if (setjmp(recoding.errors.failed) != 0)
        return -1;
    read_header(&recoding, jpeg, size);
    single = recoding.from.num_components == 1;
    ret->width = DCTSIZE * (uint32_t)(single ? 1 : recoding.from.max_h_samp_factor);
    ret->height = DCTSIZE * (uint32_t)(single ? 1 : recoding.from.max_v_samp_factor);
    return 0;
}

static void recode(struct recoding *recoding, const void *jpeg, size_t size)
{
    jvirt_barray_ptr *coefficients;

    jpeg_create_compress(&recoding->to);
    read_header(recoding, jpeg, size);
    coefficients = jpeg_read_coefficients(&recoding->from);

    jpeg_copy_critical_parameters(&recoding->from, &recoding->to);
    recoding->to.optimize_coding = TRUE;
    if (recoding->from.progressive_mode)
        jpeg_simple_progression(&recoding->to);
    jpeg_stdio_dest(&recoding->to, recoding->stream);
    jpeg_write_coefficients(&recoding->to, coefficients);
    jpeg_finish_compress(&recoding->to);
    jpeg_finish_decompress(&recoding->from);
}

int jpeg_coefficients_recode(const void *jpeg, size_t size, void **ret, size_t *ret_size)
{
    _cleanup_(recoding_release) struct recoding recoding = { .stream = NULL };

    recoding.stream = open_memstream(&recoding.bytes, &recoding.size);
    if (!recoding.stream)
        return -1;
    recoding.from.err = recoding.to.err = jpeg_errors_catch(&recoding.errors);
    if (setjmp(recoding.errors.failed) != 0)
        return -1;
    recode(&recoding, jpeg, size);
    if (fclose(take_ptr(recoding.stream)) != 0)
        return -1;
    *ret = take_ptr(recoding.bytes);
    *ret_size = recoding.size;
    return 0;
}
