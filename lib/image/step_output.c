/* SPDX-License-Identifier: GPL-2.0-or-later */
/* step_output - the steps that say how a picture is stored: profile, depth, density. */
#include "image/convert.h"
#include "image/depth.h"
#include "image/step_kind.h"

static const double mm_per_inch = 25.4;

static int apply_profile(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    const struct step *step = work->step;
    const struct profile_manner manner = {
        .intent = (enum intent)step->profile.intent,
        .black_point = step->profile.black_point && step->profile.intent != INTENT_ABSOLUTE,
    };
    const struct asset *asset;
    struct profile profile;

    if (step->profile.profile.word >= 0)
        return convert_to_choice(in, (enum profile_choice)step->profile.profile.word, &manner, ret);
    asset = &work->subject->recipe->assets.list[step->profile.profile.asset];
    profile = (struct profile){ .data = asset->data, .size = asset->size };
    return convert_to(in, &profile, &manner, ret);
}

const struct step_kind step_profile = {
    .streams = step_always_streams,
    .scale_free = step_always,
    .apply = apply_profile,
};

static int apply_depth(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    return depth_set(in, work->step->depth.bits == DEPTH_CHOICE_16 ? DEPTH_16 : DEPTH_8, ret);
}

const struct step_kind step_depth = {
    .streams = step_always_streams,
    .scale_free = step_always,
    .apply = apply_depth,
};

static int apply_density(const struct step_work *work, VipsImage *in, VipsImage **ret)
{
    double per_mm = work->step->density.dpi / mm_per_inch;

    return vips_copy(in, ret, "xres", per_mm, "yres", per_mm, NULL);
}

const struct step_kind step_density = {
    .streams = step_always_streams,
    .scale_free = step_always,
    .apply = apply_density,
};
