/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jpeg_coefficients - see jpeg_coefficients.h. TurboJPEG has the transforms, but writes baseline JPEGs with the codes
 * of the standard's example; so libjpeg codes what comes of them. */
#include "image/jpeg_coefficients.h"

#include "base/cleanup.h"
#include "image/engine.h"

#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

#include <jpeglib.h>

enum { ORIENTATION_END = 9 };

static const int transforms[ORIENTATION_END] = {
    [2] = TJXOP_HFLIP, [3] = TJXOP_ROT180,     [4] = TJXOP_VFLIP,  [5] = TJXOP_TRANSPOSE,
    [6] = TJXOP_ROT90, [7] = TJXOP_TRANSVERSE, [8] = TJXOP_ROT270,
};

static void turbo_destroy(tjhandle *handle)
{
    if (*handle)
        tjDestroy(*handle);
}

static void turbo_free(unsigned char **bytes)
{
    tjFree(*bytes);
}

static bool has_end(const unsigned char *jpeg, unsigned long size)
{
    return size > 2 && jpeg[size - 2] == 0xff && jpeg[size - 1] == JPEG_EOI;
}

/* What only deserves a warning was let pass when the picture was looked at (FailOn=). TurboJPEG says the same of a
 * failure after a warning, but then the file has no end. */
static bool turbo_transform(tjhandle handle, const void *jpeg, size_t size, int transform, unsigned char **to,
                            unsigned long *to_size)
{
    tjtransform how = { .op = transform, .options = TJXOPT_PERFECT | TJXOPT_COPYNONE };

    return tjTransform(handle, jpeg, size, 1, to, to_size, &how, 0) == 0 ||
           (tjGetErrorCode(handle) == TJERR_WARNING && *to && has_end(*to, *to_size));
}

int jpeg_coefficients_turn(const void *jpeg, size_t size, int orientation, void **ret, size_t *ret_size)
{
    _cleanup_(turbo_destroy) tjhandle handle = tjInitTransform();
    _cleanup_(turbo_free) unsigned char *turned = NULL;
    unsigned long turned_size = 0;

    if (!handle || !turbo_transform(handle, jpeg, size, transforms[orientation], &turned, &turned_size)) {
        vips_error("turbojpeg", "%s", handle ? tjGetErrorStr2(handle) : tjGetErrorStr());
        return -1;
    }
    *ret = malloc(turned_size);
    if (!*ret)
        return -1;
    memcpy(*ret, turned, turned_size);
    *ret_size = turned_size;
    return 0;
}

/* ---- coding anew ---- */

/* Both ends of it; libjpeg's errors come back to @failed. */
struct recoding {
    struct jpeg_decompress_struct from;
    struct jpeg_compress_struct to;
    struct jpeg_error_mgr errors;
    jmp_buf failed;
    FILE *stream; /* of memory: libjpeg's own memory is nobody's when it fails */
    char *bytes;
    size_t size;
};

static void on_error(j_common_ptr common)
{
    struct recoding *recoding = common->client_data;
    char message[JMSG_LENGTH_MAX];

    common->err->format_message(common, message);
    vips_error("jpeg", "%s", message);
    longjmp(recoding->failed, 1);
}

/* Warnings have been dealt with when the picture was looked at. */
static void on_message(j_common_ptr common, int level)
{
    (void)common;
    (void)level;
}

static void recoding_release(struct recoding *recoding)
{
    jpeg_destroy_compress(&recoding->to);
    jpeg_destroy_decompress(&recoding->from);
    if (recoding->stream)
        fclose(recoding->stream);
    free(recoding->bytes);
}

static int begin(struct recoding *recoding)
{
    recoding->stream = open_memstream(&recoding->bytes, &recoding->size);
    if (!recoding->stream)
        return -1;

    jpeg_std_error(&recoding->errors);
    recoding->errors.error_exit = on_error;
    recoding->errors.emit_message = on_message;
    recoding->from.err = recoding->to.err = &recoding->errors;
    recoding->from.client_data = recoding->to.client_data = recoding;
    return 0;
}

static void recode(struct recoding *recoding, const void *jpeg, size_t size)
{
    jvirt_barray_ptr *coefficients;

    jpeg_create_decompress(&recoding->from);
    jpeg_create_compress(&recoding->to);
    jpeg_mem_src(&recoding->from, jpeg, size);
    jpeg_read_header(&recoding->from, TRUE);
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

    if (begin(&recoding) < 0 || setjmp(recoding.failed) != 0)
        return -1;
    recode(&recoding, jpeg, size);
    if (fclose(take_ptr(recoding.stream)) != 0)
        return -1;
    *ret = take_ptr(recoding.bytes);
    *ret_size = recoding.size;
    return 0;
}
