/* SPDX-License-Identifier: GPL-2.0-or-later */
/* orient - see orient.h. The table is EXIF 2.3's, tag 0x0112. */
#include "image/orient.h"

/* First turned clockwise, then mirrored left to right. */
static const struct {
    VipsAngle angle;
    bool mirrored;
    struct orient_sides sides; /* swapped, from right, from bottom */
} turns[ORIENTATION_END] = {
    [1] = { VIPS_ANGLE_D0, false, { false, false, false } },
    [2] = { VIPS_ANGLE_D0, true, { false, true, false } },
    [3] = { VIPS_ANGLE_D180, false, { false, true, true } },
    [4] = { VIPS_ANGLE_D180, true, { false, false, true } },
    [5] = { VIPS_ANGLE_D90, true, { true, false, false } },
    [6] = { VIPS_ANGLE_D90, false, { true, false, true } },
    [7] = { VIPS_ANGLE_D270, true, { true, true, true } },
    [8] = { VIPS_ANGLE_D270, false, { true, true, false } },
};

struct orient_sides orient_sides(int orientation)
{
    return turns[orientation].sides;
}

static int orientation_of(struct orient_sides sides)
{
    int orientation = ORIENTATION_UPRIGHT;

    while (turns[orientation].sides.swapped != sides.swapped ||
           turns[orientation].sides.from_right != sides.from_right ||
           turns[orientation].sides.from_bottom != sides.from_bottom)
        orientation++; /* each of the eight is one of these */
    return orientation;
}

int orient_then(int first, int second)
{
    struct orient_sides one = turns[first].sides, other = turns[second].sides;

    /* After sides were swapped, what is right then was the bottom. */
    return orientation_of((struct orient_sides){
        .swapped = one.swapped != other.swapped,
        .from_right = one.from_right != (one.swapped ? other.from_bottom : other.from_right),
        .from_bottom = one.from_bottom != (one.swapped ? other.from_right : other.from_bottom),
    });
}

struct shape orient_shape(struct shape shape)
{
    struct shape upright = { shape.extent, ORIENTATION_UPRIGHT };

    if (turns[shape.orientation].sides.swapped)
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
