/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exif_value - see exif_value.h. libvips has each entry as "exif-ifdN-TAG" with the value, then " (", then the value
 * for people, its type and size. */
#include "image/exif_value.h"

#include "base/cleanup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIRECTORIES = 5, FIELD_BYTES = 128 };

/* The value for people stands between " (" and the type, which is behind the last three commas but one. */
static char *for_people(const char *field)
{
    const char *open = strstr(field, " ("), *end = field + strlen(field);

    if (!open)
        return strdup(field);
    open += 2;
    for (int commas = 0; commas < 3; commas++) {
        const char *comma = memrchr(open, ',', (size_t)(end - open));

        if (!comma)
            return strndup(field, (size_t)(open - 2 - field));
        end = comma;
    }
    return strndup(open, (size_t)(end - open));
}

char *exif_value(VipsImage *image, const char *tag)
{
    char name[FIELD_BYTES];
    const char *value;

    for (int i = 0; i < DIRECTORIES; i++) {
        snprintf(name, sizeof name, "exif-ifd%d-%s", i, tag);
        if (vips_image_get_typeof(image, name) != 0 && vips_image_get_string(image, name, &value) == 0)
            return for_people(value);
    }
    return NULL;
}
