/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frames - see frames.h. */
#include "image/frames.h"

#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

/* Of libvips' header; all but the first two are of the animation as a whole. */
static const char *const fields[] = { VIPS_META_PAGE_HEIGHT, VIPS_META_N_PAGES, "delay", "loop",
                                      "gif-delay",           "gif-loop" };

bool frames_is_field(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        if (strcmp(name, fields[i]) == 0)
            return true;
    return false;
}

static int frame_height(VipsImage *image)
{
    return vips_image_get_page_height(image);
}

unsigned frames_count(VipsImage *image)
{
    return (unsigned)(image->Ysize / frame_height(image));
}

/* vips_extract_area() made the frame's list of fields its own. */
static int extract(VipsImage *image, unsigned index, VipsImage **ret)
{
    int height = frame_height(image);

    if (vips_extract_area(image, ret, 0, (int)index * height, image->Xsize, height, NULL) != 0)
        return -1;
    vips_image_remove(*ret, VIPS_META_PAGE_HEIGHT);
    vips_image_remove(*ret, VIPS_META_N_PAGES);
    return 0;
}

void frames_forget(VipsImage *image)
{
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        vips_image_remove(image, fields[i]);
}

int frames_first(VipsImage *image, VipsImage **ret)
{
    if (extract(image, 0, ret) != 0)
        return -1;
    frames_forget(*ret);
    return 0;
}

static int join(VipsImage **frames, unsigned count, VipsImage **ret)
{
    if (vips_arrayjoin(frames, ret, (int)count, "across", 1, NULL) != 0)
        return -1;
    vips_image_set_int(*ret, VIPS_META_PAGE_HEIGHT, frames[0]->Ysize);
    vips_image_set_int(*ret, VIPS_META_N_PAGES, (int)count);
    return 0;
}

/* What work has set up for a frame goes with it, before that of the next begins. */
static int apply_to_one(VipsImage *image, unsigned index, frames_work *work, const void *context,
                        VipsImage **ret)
{
    _cleanup_image_ VipsImage *frame = NULL, *done = NULL;

    if (extract(image, index, &frame) != 0 || work(frame, context, &done) != 0)
        return -1;
    *ret = vips_image_copy_memory(done);
    return *ret ? 0 : -1;
}

static int apply_to_all(VipsImage *image, frames_work *work, const void *context, VipsImage **done,
                        unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (apply_to_one(image, i, work, context, &done[i]) != 0)
            return -1;
    return 0;
}

int frames_apply(VipsImage *image, frames_work *work, const void *context, VipsImage **ret)
{
    unsigned count = frames_count(image);
    VipsImage **done;
    int r;

    if (count == 1)
        return work(image, context, ret);

    done = calloc(count, sizeof(VipsImage *));
    if (!done) {
        vips_error("darkroom", "out of memory");
        return -1;
    }
    r = apply_to_all(image, work, context, done, count);
    if (r == 0)
        r = join(done, count, ret);
    for (unsigned i = 0; i < count; i++)
        image_unrefp(&done[i]);
    free(done);
    return r;
}
