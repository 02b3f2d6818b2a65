/* SPDX-License-Identifier: GPL-2.0-or-later */
/* engine - libvips, started for hostile pictures: one thread of work, no cache, no modules but a few, and an
 * allow-list of loaders and savers, all of which read and write memory only.
 *
 * One a process. Everything in lib/image is called from one thread at a time. */
#ifndef DARKROOM_IMAGE_ENGINE_H
#define DARKROOM_IMAGE_ENGINE_H

#include "base/error.h"

#include <vips/vips.h>

/* Starts libvips; sets the environment variables it depends on, so before other threads. Starts no thread.
 * Once a process. 0, or -errno with @error (class environment) when a codec is missing. */
int engine_start(struct error *error);

/* Lets @allowed (ALLOW_*) formats be read as well: loads what they need that is not loaded, for good. Reads files, so
 * before a sandbox closes. 0, or -errno with @error (class environment) when something is not installed. */
int engine_allow(unsigned allowed, struct error *error);

/* Ends libvips: its threads are gone and its memory is free. */
void engine_stop(void);

/* Fills @error with what libvips last complained about, on one line after "@what: ", and forgets it. Memory
 * that ran out becomes class memory, whatever @class; a picture that ended early is called truncated.
 * Returns a -errno. */
int engine_error(struct error *error, enum error_class class, enum error_stage stage, const char *what);

/* A picture reference that is dropped at the end of its scope. */
#define _cleanup_image_ __attribute__((cleanup(image_unrefp)))
static inline void image_unrefp(VipsImage **image)
{
    if (*image)
        g_object_unref(*image);
}

/* A region that is, too. */
#define _cleanup_region_ __attribute__((cleanup(region_unrefp)))
static inline void region_unrefp(VipsRegion **region)
{
    if (*region)
        g_object_unref(*region);
}

/* Puts @with, whose reference is taken over, in the place of *@image. */
static inline void image_replace(VipsImage **image, VipsImage *with)
{
    image_unrefp(image);
    *image = with;
}

#endif
