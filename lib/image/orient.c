/* SPDX-License-Identifier: GPL-2.0-or-later */
/* orient - see orient.h. The table is EXIF 2.3's, tag 0x0112. */
#include "image/orient.h"

enum { ORIENTATION_UPRIGHT = 1, ORIENTATION_END = 9 };

/* First turned clockwise, then mirrored left to right. */
static const struct {
    VipsAngle angle;
    bool mirrored;
} turns[ORIENTATION_END] = {
    [1] = { VIPS_ANGLE_D0, false },  [2] = { VIPS_ANGLE_D0, true },    [3] = { VIPS_ANGLE_D180, false },
    [4] = { VIPS_ANGLE_D180, true }, [5] = { VIPS_ANGLE_D90, true },   [6] = { VIPS_ANGLE_D90, false },
    [7] = { VIPS_ANGLE_D270, true }, [8] = { VIPS_ANGLE_D270, false },
};

static bool swaps_sides(int orientation)
{
    return turns[orientation].angle == VIPS_ANGLE_D90 || turns[orientation].angle == VIPS_ANGLE_D270;
}

struct shape orient_shape(struct shape shape)
{
    struct shape upright = { shape.extent, ORIENTATION_UPRIGHT };

    if (swaps_sides(shape.orientation))
        upright.extent = (struct extent){ shape.extent.height, shape.extent.width };
    return upright;
}

bool orient_needs_memory(struct shape shape)
{
    return shape.orientation != ORIENTATION_UPRIGHT;
}

static int turn(VipsImage *in, int orientation, VipsImage **ret)
{
    _cleanup_image_ VipsImage *turned = NULL;

    if (vips_rot(in, &turned, turns[orientation].angle, NULL) != 0)
        return -1;
    if (turns[orientation].mirrored)
        return vips_flip(turned, ret, VIPS_DIRECTION_HORIZONTAL, NULL);
    return vips_copy(turned, ret, NULL);
}

int orient_apply(VipsImage *in, VipsImage **ret)
{
    VipsImage *image = NULL;

    if (turn(in, vips_image_get_orientation(in), &image) != 0)
        return -1;

    /* vips_copy() and vips_flip() made this picture's list of fields its own. */
    vips_autorot_remove_angle(image);
    *ret = image;
    return 0;
}
