/* SPDX-License-Identifier: GPL-2.0-or-later */
/* webp_planes - see webp_planes.h. BT.601's limited range: luma from 16 to 235, chroma 112 around 128. */
#include "image/webp_planes.h"

#include "base/cleanup.h"
#include "image/engine.h"

#include <errno.h>
#include <string.h>
#include <webp/encode.h>

enum { BLACK = 16, WHITE = 235, NEUTRAL = 128, CHROMA_RANGE = 224, FULL_RANGE = 255 };

static void limit_luma(uint8_t *ret)
{
    for (int i = 0; i <= FULL_RANGE; i++)
        ret[i] = (uint8_t)(BLACK + (i * (WHITE - BLACK) + FULL_RANGE / 2) / FULL_RANGE);
}

static void limit_chroma(uint8_t *ret)
{
    for (int i = 0; i <= FULL_RANGE; i++)
        ret[i] = (uint8_t)((i * CHROMA_RANGE + NEUTRAL * (FULL_RANGE - CHROMA_RANGE) + FULL_RANGE / 2) /
                           FULL_RANGE);
}

static void fill_plane(const struct plane *from, const uint8_t *limited, uint8_t *to, int stride)
{
    for (uint32_t y = 0; y < from->extent.height; y++) {
        const unsigned char *row = from->data + y * from->stride;

        for (uint32_t x = 0; x < from->extent.width; x++)
            to[(size_t)y * (size_t)stride + x] = limited[row[x]];
    }
}

static void fill(const struct planes *planes, WebPPicture *picture)
{
    size_t chroma_bytes = (size_t)picture->uv_stride * (size_t)((picture->height + 1) / 2);
    uint8_t luma[FULL_RANGE + 1], chroma[FULL_RANGE + 1];

    limit_luma(luma);
    limit_chroma(chroma);
    fill_plane(&planes->list[0], luma, picture->y, picture->y_stride);
    if (planes->count == PLANES_GREY) {
        memset(picture->u, NEUTRAL, chroma_bytes);
        memset(picture->v, NEUTRAL, chroma_bytes);
        return;
    }
    fill_plane(&planes->list[1], chroma, picture->u, picture->uv_stride);
    fill_plane(&planes->list[2], chroma, picture->v, picture->uv_stride);
}

static int encode(const struct planes *planes, const WebPConfig *config, WebPPicture *picture,
                  WebPMemoryWriter *writer)
{
    picture->width = (int)planes->list[0].extent.width;
    picture->height = (int)planes->list[0].extent.height;
    picture->colorspace = WEBP_YUV420;
    picture->writer = WebPMemoryWrite;
    picture->custom_ptr = writer;
    if (!WebPPictureAlloc(picture))
        return -ENOMEM;

    fill(planes, picture);
    if (WebPEncode(config, picture))
        return 0;
    if (picture->error_code == VP8_ENC_ERROR_OUT_OF_MEMORY ||
        picture->error_code == VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY)
        return -ENOMEM;
    vips_error("webp", "libwebp's error %d", (int)picture->error_code);
    return -EIO;
}

int webp_planes_encode(const struct planes *planes, const struct encoding *encoding, void **ret_data,
                       size_t *ret_size)
{
    _cleanup_(WebPPictureFree) WebPPicture picture = { .width = 0 };
    _cleanup_(WebPMemoryWriterClear) WebPMemoryWriter writer;
    WebPConfig config;
    int r;

    WebPMemoryWriterInit(&writer);
    if (!WebPPictureInit(&picture) || !WebPConfigInit(&config))
        return -EIO;
    config.quality = encoding->values[ENCODING_QUALITY];
    config.method = encoding->values[ENCODING_EFFORT];
    r = encode(planes, &config, &picture, &writer);
    if (r < 0)
        return r;
    *ret_data = take_ptr(writer.mem);
    *ret_size = writer.size;
    return 0;
}
