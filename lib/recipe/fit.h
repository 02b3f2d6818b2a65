/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fit - how a picture is brought into a width and a height, and towards which side. */
#ifndef DARKROOM_RECIPE_FIT_H
#define DARKROOM_RECIPE_FIT_H

/* With only one of width and height given, the other is free. */
enum fit {
    FIT_INSIDE,  /* as large as fits inside; the default */
    FIT_OUTSIDE, /* as small as covers the box */
    FIT_COVER,   /* exactly the box; what sticks out is cropped */
    FIT_CONTAIN, /* exactly the box; what is missing is filled */
    FIT_FILL,    /* exactly the box, stretched */
    FIT_COUNT
};

/* Where something lies in something larger. Nine points of the compass … */
enum gravity {
    GRAVITY_CENTRE, /* the default */
    GRAVITY_NORTH,
    GRAVITY_NORTH_EAST,
    GRAVITY_EAST,
    GRAVITY_SOUTH_EAST,
    GRAVITY_SOUTH,
    GRAVITY_SOUTH_WEST,
    GRAVITY_WEST,
    GRAVITY_NORTH_WEST,
    GRAVITY_POINTS,
    /* … and, where something is cut out, what is in the picture. */
    GRAVITY_ATTENTION = GRAVITY_POINTS, /* colours of skin, saturated ones, edges */
    GRAVITY_ENTROPY,                    /* detail */
    GRAVITY_COUNT
};

/* All in the order of their enum, NULL-terminated. */
extern const char *const fit_names[], *const gravity_names[], *const gravity_point_names[];

#endif
