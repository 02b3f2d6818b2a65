/* SPDX-License-Identifier: GPL-2.0-or-later */
/* typefaces - what drawings need for text that does not bring its own letters: fontconfig's list of fonts, poppler's
 * tables of characters.
 *
 * The lists are read once; a font's file is opened when text is set in it. So a process without paths that draws
 * needs these directories, and no others. */
#ifndef DARKROOM_IMAGE_TYPEFACES_H
#define DARKROOM_IMAGE_TYPEFACES_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { TYPEFACES_DIRECTORIES_MAX = 64 };

/* True when a format of @allowed (ALLOW_*) may have text. */
bool typefaces_needed(unsigned allowed);

/* Reads the lists that @allowed needs, and keeps them until typefaces_forget(). 0 or -errno with @error. */
int typefaces_load(unsigned allowed, struct error *error);

void typefaces_forget(void);

/* Tries whether text can be set for @allowed: a font there is can be opened. 0, or -errno with @error. */
int typefaces_check(unsigned allowed, struct error *error);

/* Where fonts and tables lie: up to TYPEFACES_DIRECTORIES_MAX directories in @ret, and a NULL behind the last; none
 * when @allowed needs none, and none below another. After typefaces_load(); they are valid until typefaces_forget(). */
void typefaces_directories(unsigned allowed, const char *ret[TYPEFACES_DIRECTORIES_MAX + 1]);

#endif
