/* SPDX-License-Identifier: GPL-2.0-or-later */
/* webp_chunks - see webp_chunks.h; RFC 9649. A chunk is a name, a little-endian size, and bytes padded to an even
 * number; a frame of an animation (ANMF) has chunks of its own behind its header. */
#include "image/webp_chunks.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <webp/mux.h>

enum { NAME_BYTES = 4, CHUNK_HEADER = 8, FILE_HEADER = 12, FRAME_HEADER = 16 };

static bool is_named(const unsigned char *chunk, const char *name)
{
    return memcmp(chunk, name, NAME_BYTES) == 0;
}

static size_t chunk_bytes(const unsigned char *chunk)
{
    const unsigned char *size = chunk + NAME_BYTES;
    uint32_t bytes =
        (uint32_t)size[0] | (uint32_t)size[1] << 8 | (uint32_t)size[2] << 16 | (uint32_t)size[3] << 24;

    return CHUNK_HEADER + (size_t)bytes + (bytes & 1);
}

bool webp_chunks_is_lossless(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    size_t at = FILE_HEADER;

    while (at < size && size - at >= CHUNK_HEADER) {
        const unsigned char *chunk = bytes + at;

        if (is_named(chunk, "VP8 "))
            return false;
        if (is_named(chunk, "VP8L"))
            return true;
        at += is_named(chunk, "ANMF") ? CHUNK_HEADER + FRAME_HEADER : chunk_bytes(chunk);
    }
    return true;
}

static int attach(WebPMux *mux, const char *name, const struct attachment *attachment)
{
    const WebPData data = { attachment->data, attachment->size };

    WebPMuxDeleteChunk(mux, name);
    if (attachment->size == 0)
        return 0;
    return WebPMuxSetChunk(mux, name, &data, false) == WEBP_MUX_OK ? 0 : -ENOMEM;
}

static int assemble(WebPMux *mux, const struct attachments *attachments, WebPData *ret)
{
    if (attach(mux, "ICCP", &attachments->icc) < 0 || attach(mux, "EXIF", &attachments->exif) < 0 ||
        attach(mux, "XMP ", &attachments->xmp) < 0)
        return -ENOMEM;
    return WebPMuxAssemble(mux, ret) == WEBP_MUX_OK ? 0 : -ENOMEM;
}

/* What libwebp has allocated is libwebp's to free, so it is copied, when what it was made from is gone. */
int webp_chunks_attach(void **webp, size_t *size, const struct attachments *attachments)
{
    const WebPData before = { *webp, *size };
    WebPMux *mux = WebPMuxCreate(&before, false);
    WebPData after = { NULL, 0 };
    int r = mux ? assemble(mux, attachments, &after) : -ENOMEM;

    WebPMuxDelete(mux);
    if (r == 0) {
        free(*webp);
        *webp = malloc(after.size);
        *size = after.size;
    }
    if (r == 0 && *webp)
        memcpy(*webp, after.bytes, after.size);
    WebPDataClear(&after);
    return *webp ? r : -ENOMEM;
}
