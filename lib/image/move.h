/* SPDX-License-Identifier: GPL-2.0-or-later */
/* move - what steps do that turn, mirror and cut, in whatever order: all together they take one part of the stored
 * picture and turn it once. Pure. */
#ifndef DARKROOM_IMAGE_MOVE_H
#define DARKROOM_IMAGE_MOVE_H

#include "image/geometry.h"

struct move {
    struct area part; /* of the stored picture: what is left of it */
    int turn;         /* of that, as the EXIF orientation that is made upright in this way, 1 to 8 */
    int orientation;  /* what has still to be done afterwards to see it upright */
};

/* That of no step. */
struct move move_none(struct shape stored);

/* What the picture is by now. */
struct shape move_shape(const struct move *move);

/* Then @turn. */
void move_turn(struct move *move, int turn);

/* Then @part of what move_shape() says. */
void move_cut(struct move *move, const struct area *part);

#endif
