/* SPDX-License-Identifier: GPL-2.0-or-later */
/* escape - text from elsewhere, made safe to show on a terminal.
 *
 * Control characters, marks that change the direction of writing, and what is not UTF-8 become \xNN, a byte
 * each, so that nothing can move the cursor, change colours or make one name look like another. The caller
 * frees the result; NULL when memory is out. */
#ifndef DARKROOM_CTL_ESCAPE_H
#define DARKROOM_CTL_ESCAPE_H

#include <stddef.h>

/* A name: backslashes are escaped too, so no two names look the same. */
char *escape_name(const char *bytes, size_t size);

/* A sentence of the daemon's, which may have escaped names in it already: backslashes stay. */
char *escape_text(const char *text);

#endif
