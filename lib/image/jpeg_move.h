/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jpeg_move - a move (move.h) of a JPEG that is not decoded: its coding is in blocks, and begins with a whole one.
 *
 * Where the left or the top of what is left is within a block, the rest of that stays as well: never less than was
 * asked for. Where a side of the stored picture that comes first after the turn ends within a block, and is not cut
 * away, it cannot be turned: then it is cut only, and how it is to be turned is left to be told. Pure. */
#ifndef DARKROOM_IMAGE_JPEG_MOVE_H
#define DARKROOM_IMAGE_JPEG_MOVE_H

#include "image/move.h"

struct jpeg_move {
    int turn;         /* of all whole blocks that are stored, 1 to 8 as in struct move */
    struct area part; /* then: what is left of the turned picture; its corner is where a block begins */
    int orientation;  /* what is left to be told */
};

/* What @move is for a picture of @stored's size that is coded in blocks of the size @block. */
struct jpeg_move jpeg_move_of(const struct move *move, struct extent stored, struct extent block);

/* True when nothing is to be done to a picture of @stored's size. */
bool jpeg_move_is_none(const struct jpeg_move *move, struct extent stored);

#endif
