/* SPDX-License-Identifier: GPL-2.0-or-later */
/* screen - where output goes, and what it may look like there. */
#ifndef DARKROOM_CTL_SCREEN_H
#define DARKROOM_CTL_SCREEN_H

#include <stdbool.h>
#include <stdio.h>

enum style { STYLE_PLAIN, STYLE_HEAD, STYLE_GOOD, STYLE_WARN, STYLE_BAD, STYLE_DIM, STYLE_COUNT };

struct screen {
    FILE *file;
    bool terminal; /* it can be cleared, and long cells are cut */
    bool colour;
};

/* A screen on @file: a terminal unless $TERM says dumb, with colours unless $NO_COLOR is set. */
struct screen screen_on(FILE *file);

/* What is printed between the two is in @style. */
void screen_begin(const struct screen *screen, enum style style);
void screen_end(const struct screen *screen, enum style style);

/* Empties a terminal for the next picture; elsewhere an empty line divides the two. */
void screen_next(const struct screen *screen);

#endif
