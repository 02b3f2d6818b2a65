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

enum { TYPEFACES_PLACES_MAX = 512 };

/* Reads the lists that @allowed (ALLOW_*) needs for text, once and for the rest of the process: files and
 * directories that become others later are not seen. After engine_allow(). 0 or -errno with @error. */
int typefaces_load(unsigned allowed, struct error *error);

/* Tries whether text can be set for @allowed: a font there is can be opened. 0, or -errno with @error. */
int typefaces_check(unsigned allowed, struct error *error);

/* Where fonts and tables lie: up to TYPEFACES_PLACES_MAX directories and files in @ret, which stay, and a NULL behind the
 * last. They are fontconfig's directories, and where it has symbolic links what these lead to: a directory, or one file
 * alone. None when @allowed needs none, and none below another. After typefaces_load(). 0, or -E2BIG with @error when
 * there are more: what lies there could not be read, and nobody would know. */
int typefaces_places(unsigned allowed, const char *ret[TYPEFACES_PLACES_MAX + 1], struct error *error);

#endif
