/* SPDX-License-Identifier: GPL-2.0-or-later */
/* screen - see screen.h. */
#include "ctl/screen.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const sequences[STYLE_COUNT] = {
    [STYLE_PLAIN] = NULL,        [STYLE_HEAD] = "\033[1m",   [STYLE_GOOD] = "\033[32m",
    [STYLE_WARN] = "\033[1;33m", [STYLE_BAD] = "\033[1;31m", [STYLE_DIM] = "\033[2m",
};

struct screen screen_on(FILE *file)
{
    const char *term = getenv("TERM");
    const char *no_color = getenv("NO_COLOR");
    bool terminal = isatty(fileno(file)) && term && strcmp(term, "dumb") != 0;

    return (
        struct screen){ .file = file, .terminal = terminal, .colour = terminal && !(no_color && *no_color) };
}

void screen_begin(const struct screen *screen, enum style style)
{
    if (screen->colour && sequences[style])
        fputs(sequences[style], screen->file);
}

void screen_end(const struct screen *screen, enum style style)
{
    if (screen->colour && sequences[style])
        fputs("\033[0m", screen->file);
}

void screen_next(const struct screen *screen)
{
    fputs(screen->terminal ? "\033[H\033[J" : "\n", screen->file);
}
