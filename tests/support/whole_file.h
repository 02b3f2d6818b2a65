/* SPDX-License-Identifier: GPL-2.0-or-later */
/* whole_file - is a file in Output, whatever its kind, all there? */
#ifndef DARKROOM_TESTS_WHOLE_FILE_H
#define DARKROOM_TESTS_WHOLE_FILE_H

#include "painter.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

static inline bool whole_file_is_manifest(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot && strcmp(dot, ".json") == 0;
}

/* A manifest that can be read to its end, or a picture that can be decoded. */
static inline bool whole_file_is(const char *path)
{
    struct painted painted;
    json_t *json;
    bool whole;

    if (!whole_file_is_manifest(path))
        return painter_read(path, &painted);
    json = json_load_file(path, 0, NULL);
    whole = json != NULL;
    json_decref(json);
    return whole;
}

#endif
