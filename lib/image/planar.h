/* SPDX-License-Identifier: GPL-2.0-or-later */
/* planar - the short way of a JPEG: its planes, scaled once for all of its outputs, and for those that are JPEG or
 * WebP never anything else. render.c takes it where planar_plan() says that the recipe allows.
 *
 *   decode to planes, shrunk by the decoder → scale, the smaller from the larger → turn → encode
 *                                                                                     └ or a picture of libvips'
 *
 * Its pictures are no worse than those of the long way, which stays the reference (test_fidelity_planar): a picture
 * that the short way has any doubt of is made on the long way. */
#ifndef DARKROOM_IMAGE_PLANAR_H
#define DARKROOM_IMAGE_PLANAR_H

#include "image/encode.h"
#include "image/planes.h"
#include "image/selection.h"
#include "image/source.h"

struct planar_window {
    struct placement placement;
    bool halved; /* its chromas, as an encoder wants them */
    bool coarse; /* it is for files alone that lose more than a decoder that has made the picture smaller */
    struct planes planes;
};

struct planar {
    const struct recipe *recipe;
    const struct source *source;
    int turn;        /* to be done, as the EXIF orientation that is made upright so */
    unsigned shrink; /* by the decoder; 0: the long way is taken */
    bool low;        /* low frequencies are enough */
    struct planar_window windows[RECIPE_RENDITIONS_MAX];
    size_t window_count;
    bool looked_at;
    struct planar_window look; /* a small one of all of the picture, of which no other is made */
};

/* Plans what of @selection is to be made of @source, and whether a picture to be looked at. @planar, which was planned
 * before or is all zero, keeps @recipe and @source. */
void planar_plan(struct planar *planar, const struct recipe *recipe, const struct source *source,
                 const struct selection *selection, bool looked_at);

/* True when the short way is taken. */
static inline bool planar_is_used(const struct planar *planar)
{
    return planar->shrink > 0;
}

/* How many bytes planes take at most. */
uint64_t planar_bytes(const struct planar *planar);

/* Decodes, and makes all windows. 0; or -ENOTSUP when the long way has to be taken after all, which is the case from
 * then on; or another -errno with @error. */
int planar_decode(struct planar *planar, struct error *error);

/* True when @rendition, placed as @placement, is encoded from planes. */
bool planar_encodes(const struct planar *planar, const struct rendition *rendition,
                    const struct placement *placement);

/* Encodes it. 0 or -errno with @error, as encode(). */
int planar_encode(const struct planar *planar, const struct rendition *rendition,
                  const struct placement *placement, struct encoded *ret, struct error *error);

/* Makes a picture of the window of @placement, for a rendition that is not encoded from planes. 0 or -errno with
 * @error. */
int planar_window(const struct planar *planar, const struct placement *placement, VipsImage **ret,
                  struct error *error);

/* Makes a small picture of all of the source, as planar_window(). */
int planar_look(const struct planar *planar, VipsImage **ret, struct error *error);

void planar_release(struct planar *planar);

#endif
