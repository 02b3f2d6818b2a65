/* SPDX-License-Identifier: GPL-2.0-or-later */
/* move - see move.h. Turns and mirrorings are a group of eight, which EXIF's orientations are the names of here. */
#include "image/move.h"

#include "image/orient.h"

struct move move_none(struct shape stored)
{
    return (struct move){
        .part = { 0, 0, stored.extent },
        .turn = ORIENTATION_UPRIGHT,
        .orientation = stored.orientation,
    };
}

struct shape move_shape(const struct move *move)
{
    struct shape upright = orient_shape((struct shape){ move->part.extent, move->turn });

    return (struct shape){ upright.extent, move->orientation };
}

void move_turn(struct move *move, int turn)
{
    move->turn = orient_then(move->turn, turn);
}

void move_cut(struct move *move, const struct area *part)
{
    struct orient_sides sides = orient_sides(move->turn);
    struct extent whole = move->part.extent;
    struct area stored = *part;

    if (sides.swapped)
        stored = (struct area){ part->top, part->left, { part->extent.height, part->extent.width } };
    if (sides.from_right)
        stored.left = whole.width - stored.left - stored.extent.width;
    if (sides.from_bottom)
        stored.top = whole.height - stored.top - stored.extent.height;
    move->part.left += stored.left;
    move->part.top += stored.top;
    move->part.extent = stored.extent;
}
