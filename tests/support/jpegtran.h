/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jpegtran - what that program makes of a JPEG without decoding it. */
#ifndef DARKROOM_TESTS_JPEGTRAN_H
#define DARKROOM_TESTS_JPEGTRAN_H

#include "outside_tool.h"
#include "picture_file.h"
#include "scratch.h"

enum { JPEGTRAN_OPTIONS_MAX = 10 };

/* What brings an EXIF orientation upright, as NULL-terminated options. */
static const char *const jpegtran_turns[][3] = {
    [1] = { NULL },
    [2] = { "-flip", "horizontal" },
    [3] = { "-rotate", "180" },
    [4] = { "-flip", "vertical" },
    [5] = { "-transpose" },
    [6] = { "-rotate", "90" },
    [7] = { "-transverse" },
    [8] = { "-rotate", "270" },
};

/* What it makes of @source with the NULL-terminated @options, which must be something. */
static inline struct stored jpegtran(const struct stored *source, const char *const *options)
{
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    char from[PATH_MAX], to[PATH_MAX];
    const char *arguments[JPEGTRAN_OPTIONS_MAX + 7] = { "jpegtran", "-copy", "all" };
    size_t count = 3;
    struct outside_tool tool;
    struct stored stored;
    int fd;

    for (size_t i = 0; options[i]; i++) {
        ck_assert_uint_lt(i, JPEGTRAN_OPTIONS_MAX);
        arguments[count++] = options[i];
    }
    arguments[count++] = "-outfile";
    arguments[count++] = scratch_write(&scratch, "to.jpg", "", 0, to);
    arguments[count++] = scratch_write(&scratch, "from.jpg", source->data, source->size, from);
    outside_tool_start(&tool, arguments);
    outside_tool_end(&tool, "jpegtran");
    fd = open(to, O_RDONLY | O_CLOEXEC);
    stored = stored_read(fd);
    close(fd);
    return stored;
}

#endif
