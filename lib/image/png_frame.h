/* SPDX-License-Identifier: GPL-2.0-or-later */
/* png_frame - what stands around the data of a PNG: a signature, and chunks of a length, a type, data and a check. */
#ifndef DARKROOM_IMAGE_PNG_FRAME_H
#define DARKROOM_IMAGE_PNG_FRAME_H

#define PNG_SIGNATURE "\x89PNG\r\n\x1a\n"

enum {
    SIGNATURE_BYTES = sizeof PNG_SIGNATURE - 1,
    WORD_BYTES = 4,
    HEAD_BYTES = 8,   /* of a chunk before its data: length and type */
    FRAME_BYTES = 12, /* of a chunk besides its data */
    IHDR_BYTES = 13,
};

#endif
