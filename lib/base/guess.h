/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guess - which of the known names somebody meant who wrote another one, for "did you mean …?". Pure. */
#ifndef DARKROOM_BASE_GUESS_H
#define DARKROOM_BASE_GUESS_H

struct guess {
    const char *name; /* the nearest so far; NULL: none is near */
    unsigned distance;
};

/* Keeps @candidate, which has to outlive @guess (all zero at first), if it is nearer to @name than those before. More
 * than a third of the letters wrong is no typing error. */
void guess_consider(struct guess *guess, const char *name, const char *candidate);

#endif
