/* SPDX-License-Identifier: GPL-2.0-or-later */
/* poison - functions that this project does not use, included before every source file by the build.
 *
 * The headers that declare them come first, so that only our own uses are errors. */
#ifndef DARKROOM_BASE_POISON_H
#define DARKROOM_BASE_POISON_H

#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>
#ifdef DARKROOM_USES_FREETYPE /* whose header has these names */
#include <ft2build.h>
#include FT_FREETYPE_H
#endif

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok atoi atol atoll atof
#pragma GCC poison gets tmpnam tempnam mktemp system popen vfork asctime ctime localtime gmtime
#pragma GCC poison gethostbyname usleep

#endif
