/* SPDX-License-Identifier: GPL-2.0-or-later */
/* estimate - how much memory a picture takes at the peak of its rendering, told from its header and the recipe.
 *
 * It is what a job is admitted by, so it errs on the large side: test_estimate measures real renderings, which never
 * take more than this and ESTIMATE_SLACK_BYTES. Pure arithmetic; what does not fit 64 bits is UINT64_MAX. */
#ifndef DARKROOM_IMAGE_ESTIMATE_H
#define DARKROOM_IMAGE_ESTIMATE_H

#include "image/selection.h"
#include "recipe/format.h"
#include "recipe/recipe.h"

#include <stdbool.h>
#include <stdint.h>

enum { ESTIMATE_SLACK_BYTES = 8 << 20 };

struct workload {
    uint64_t source_bytes;   /* all copies of the file's bytes that are held */
    uint64_t metadata_bytes; /* that each output may have */
    uint64_t content_bytes;  /* of what stands in a drawing, or in a chunk of an OpenEXR */
    unsigned surfaces;       /* of a drawing, pictures of its size that are held while it is drawn */
    uint64_t asset_bytes;    /* of the largest picture that a step lays over this one */
    enum format format;
    struct shape stored;   /* as stored, of a frame */
    unsigned frames;       /* that are decoded: more than one of an animation that stays one in some output */
    unsigned bands;        /* with alpha */
    unsigned sample_bytes; /* of a band of a pixel */
    bool alpha;
    bool whole;      /* the decoder holds all of it at once: a progressive JPEG, an interlaced PNG, … */
    unsigned shrink; /* by the decoder */
    bool streamed;   /* the picture never exists as a whole, only what is scaled from it */
    uint64_t planar_bytes; /* instead, when it goes well: planes of the picture and its windows */
    const struct recipe *recipe;
    const struct selection *selection;
};

/* In bytes, of the whole job: file, decoder, picture, windows, encoders, outputs. */
uint64_t estimate_bytes(const struct workload *workload);

#endif
