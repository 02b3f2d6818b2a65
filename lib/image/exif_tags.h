/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exif_tags - numbers of entries of TIFF and EXIF. */
#ifndef DARKROOM_IMAGE_EXIF_TAGS_H
#define DARKROOM_IMAGE_EXIF_TAGS_H

enum exif_tag {
    TAG_ORIENTATION = 0x0112,
    TAG_X_RESOLUTION = 0x011a,
    TAG_Y_RESOLUTION = 0x011b,
    TAG_RESOLUTION_UNIT = 0x0128,
    TAG_ARTIST = 0x013b,
    TAG_XMP = 0x02bc,
    TAG_COPYRIGHT = 0x8298,
    TAG_IPTC = 0x83bb,
    TAG_ICC = 0x8773,
    TAG_MAKER_NOTE = 0x927c,
    TAG_COLOR_SPACE = 0xa001,
    TAG_WIDTH = 0xa002,
    TAG_HEIGHT = 0xa003,
};

#endif
