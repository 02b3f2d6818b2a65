/* SPDX-License-Identifier: GPL-2.0-or-later */
/* attach - see attach.h. */
#include "image/attach.h"

#include "image/jpeg_segments.h"
#include "image/png_chunks.h"
#include "image/webp_chunks.h"

#include <stdlib.h>

/* Replaces the file at *@data. 0 or -errno. */
typedef int attacher(void **data, size_t *size, const struct attachments *attachments);

/* Makes a copy. 0 or -errno. */
typedef int copier(const void *data, size_t size, const struct attachments *attachments, void **ret,
                   size_t *ret_size);

static int replace_by_copy(copier *copy, void **data, size_t *size, const struct attachments *attachments)
{
    void *with = NULL;
    int r = copy(*data, *size, attachments, &with, size);

    if (r < 0)
        return r;
    free(*data);
    *data = with;
    return 0;
}

static int attach_jpeg(void **data, size_t *size, const struct attachments *attachments)
{
    return replace_by_copy(jpeg_segments_attach, data, size, attachments);
}

static int attach_png(void **data, size_t *size, const struct attachments *attachments)
{
    return replace_by_copy(png_chunks_attach, data, size, attachments);
}

static attacher *const attachers[FORMAT_COUNT] = {
    [FORMAT_JPEG] = attach_jpeg,
    [FORMAT_PNG] = attach_png,
    [FORMAT_WEBP] = webp_chunks_attach,
};

bool attach_can(enum format format)
{
    return attachers[format] != NULL;
}

int attach(enum format format, const struct attachments *attachments, void **data, size_t *size)
{
    return attachers[format](data, size, attachments);
}
