/* SPDX-License-Identifier: GPL-2.0-or-later */
/* attach - see attach.h. */
#include "image/attach.h"

#include "image/gif_blocks.h"
#include "image/heif_items.h"
#include "image/jpeg_segments.h"
#include "image/jxl_boxes.h"
#include "image/png_chunks.h"
#include "image/tiff_tags.h"
#include "image/webp_chunks.h"

#include <stdlib.h>

/* Makes a copy. 0 or -errno. */
typedef int copier(const void *data, size_t size, const struct attachments *attachments, void **ret,
                   size_t *ret_size);

/* WebP's library replaces a file itself. */
static copier *const copiers[FORMAT_COUNT] = {
    [FORMAT_JPEG] = jpeg_segments_attach, [FORMAT_PNG] = png_chunks_attach,  [FORMAT_TIFF] = tiff_tags_attach,
    [FORMAT_GIF] = gif_blocks_attach,     [FORMAT_AVIF] = heif_items_attach, [FORMAT_JXL] = jxl_boxes_attach,
};

bool attach_has_profile(enum format format)
{
    return format != FORMAT_JXL;
}

int attach(enum format format, const struct attachments *attachments, void **data, size_t *size)
{
    void *with = NULL;
    int r;

    if (format == FORMAT_WEBP)
        return webp_chunks_attach(data, size, attachments);

    r = copiers[format](*data, *size, attachments, &with, size);
    if (r < 0)
        return r;
    free(*data);
    *data = with;
    return 0;
}
