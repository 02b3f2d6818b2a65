/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jpeg_move - see jpeg_move.h. */
#include "image/jpeg_move.h"

#include "image/orient.h"

static uint32_t whole_blocks(uint32_t length, uint32_t block)
{
    return length - length % block;
}

static uint32_t right_of(const struct area *area)
{
    return area->left + area->extent.width;
}

static uint32_t bottom_of(const struct area *area)
{
    return area->top + area->extent.height;
}

/* A side that comes first is among the whole blocks. */
static bool can_be_turned(const struct move *move, struct extent stored, struct extent block)
{
    struct orient_sides sides = orient_sides(move->turn);

    return (!sides.from_right || right_of(&move->part) <= whole_blocks(stored.width, block.width)) &&
           (!sides.from_bottom || bottom_of(&move->part) <= whole_blocks(stored.height, block.height));
}

/* The part of @move after its turn, of what of the stored picture is turned exactly. */
static struct area turned_part(const struct move *move, struct extent stored, struct extent block)
{
    struct orient_sides sides = orient_sides(move->turn);
    const struct area *part = &move->part;
    struct area turned = *part;

    if (sides.from_right)
        turned.left = whole_blocks(stored.width, block.width) - right_of(part);
    if (sides.from_bottom)
        turned.top = whole_blocks(stored.height, block.height) - bottom_of(part);
    if (sides.swapped)
        return (struct area){ turned.top, turned.left, { part->extent.height, part->extent.width } };
    return turned;
}

static void begin_with_block(uint32_t *start, uint32_t *length, uint32_t block)
{
    uint32_t before = *start % block;

    *start -= before;
    *length += before;
}

/* TurboJPEG before 3 wants corners to be where blocks begin by their sides before a turn, too. Sides are powers of
 * two times 8, so what is a multiple of the longer one is of both. */
static struct extent grid_of(int turn, struct extent block)
{
    uint32_t longer = block.width > block.height ? block.width : block.height;

    return orient_sides(turn).swapped ? (struct extent){ longer, longer } : block;
}

struct jpeg_move jpeg_move_of(const struct move *move, struct extent stored, struct extent block)
{
    bool turned = can_be_turned(move, stored, block);
    struct jpeg_move jpeg = {
        .turn = turned ? move->turn : ORIENTATION_UPRIGHT,
        .part = turned ? turned_part(move, stored, block) : move->part,
        .orientation = turned ? move->orientation : orient_then(move->turn, move->orientation),
    };
    struct extent grid = grid_of(jpeg.turn, block);

    begin_with_block(&jpeg.part.left, &jpeg.part.extent.width, grid.width);
    begin_with_block(&jpeg.part.top, &jpeg.part.extent.height, grid.height);
    return jpeg;
}

bool jpeg_move_is_none(const struct jpeg_move *move, struct extent stored)
{
    return move->turn == ORIENTATION_UPRIGHT && extent_equal(move->part.extent, stored);
}
