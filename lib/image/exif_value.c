/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exif_value - see exif_value.h. It is libexif that knows what entries are called and mean. */
#include "image/exif_value.h"

#include "base/cleanup.h"

#include <libexif/exif-data.h>
#include <stdlib.h>
#include <string.h>

static const char prefix[] = "Exif\0"; /* with two NULs; libexif reads nothing without it */

enum { VALUE_BYTES = 256, BLOCK_BYTES_MAX = 1 << 20 };

static void free_data(ExifData **data)
{
    if (*data)
        exif_data_unref(*data);
}

/* As they are: nothing is to be made of entries that are missing. */
static void load(ExifData *data, const unsigned char *block, size_t size)
{
    _cleanup_free_ unsigned char *with_prefix = NULL;

    exif_data_unset_option(data, EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);
    if (size >= sizeof prefix && memcmp(block, prefix, sizeof prefix) == 0) {
        exif_data_load_data(data, block, (unsigned)size);
        return;
    }
    with_prefix = malloc(sizeof prefix + size);
    if (!with_prefix)
        return;
    memcpy(with_prefix, prefix, sizeof prefix);
    memcpy(with_prefix + sizeof prefix, block, size);
    exif_data_load_data(data, with_prefix, (unsigned)(sizeof prefix + size));
}

static ExifEntry *find(const ExifData *data, const char *tag)
{
    for (ExifIfd ifd = 0; ifd < EXIF_IFD_COUNT; ifd++)
        for (unsigned i = 0; i < data->ifd[ifd]->count; i++) {
            ExifEntry *entry = data->ifd[ifd]->entries[i];
            const char *name = exif_tag_get_name_in_ifd(entry->tag, ifd);

            if (name && strcmp(name, tag) == 0)
                return entry;
        }
    return NULL;
}

char *exif_value(VipsImage *image, const char *tag)
{
    _cleanup_(free_data) ExifData *data = exif_data_new();
    char value[VALUE_BYTES] = "";
    const void *block;
    ExifEntry *entry;
    size_t size;

    if (!data || vips_image_get_typeof(image, VIPS_META_EXIF_NAME) != VIPS_TYPE_BLOB ||
        vips_image_get_blob(image, VIPS_META_EXIF_NAME, &block, &size) != 0 || size > BLOCK_BYTES_MAX)
        return NULL;
    load(data, block, size);
    entry = find(data, tag);
    return entry ? g_utf8_make_valid(exif_entry_get_value(entry, value, sizeof value), -1) : NULL;
}
