/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fit - how a picture is brought into a width and a height. */
#ifndef DARKROOM_RECIPE_FIT_H
#define DARKROOM_RECIPE_FIT_H

/* With only one of width and height given, the other is free. */
enum fit {
    FIT_INSIDE,  /* as large as fits inside; the default */
    FIT_OUTSIDE, /* as small as covers the box */
    FIT_COVER,   /* exactly the box; what sticks out is cropped evenly */
    FIT_CONTAIN, /* exactly the box; what is missing is filled (white, or transparent where the format can) */
    FIT_FILL,    /* exactly the box, stretched */
    FIT_COUNT
};

/* In the order of the enum, NULL-terminated. */
extern const char *const fit_names[];

#endif
