/* SPDX-License-Identifier: GPL-2.0-or-later */
/* extensions - the file extensions of each picture format, the usual one first.
 *
 * They are written down once, and here, because a folder has to know what it takes in (folder_conf) and the
 * format table that tells the rest (recipe/format) is above it. */
#ifndef DARKROOM_CONF_EXTENSIONS_H
#define DARKROOM_CONF_EXTENSIONS_H

#define EXTENSIONS_JPEG "jpg", "jpeg", "jpe", "jfif"
#define EXTENSIONS_PNG "png"
#define EXTENSIONS_WEBP "webp"
#define EXTENSIONS_TIFF "tif", "tiff"
#define EXTENSIONS_GIF "gif"
#define EXTENSIONS_HEIC "heic", "heif", "hif"
#define EXTENSIONS_AVIF "avif"
#define EXTENSIONS_JXL "jxl"

/* Those of formats that a folder has to allow, see allowance.h. */
#define EXTENSIONS_SVG "svg"
#define EXTENSIONS_PDF "pdf"
#define EXTENSIONS_JP2 "jp2", "j2k", "j2c", "jpc", "jpf", "jpx"
#define EXTENSIONS_EXR "exr"
#define EXTENSIONS_BMP "bmp", "dib"
#define EXTENSIONS_PSD "psd", "psb"
#define EXTENSIONS_PNM "pnm", "ppm", "pgm", "pbm"
#define EXTENSIONS_PCX "pcx"
#define EXTENSIONS_SGI "sgi"
#define EXTENSIONS_DDS "dds"
#define EXTENSIONS_DPX "dpx"
#define EXTENSIONS_HDR "hdr"

/* Those of the formats that can be a source anywhere. */
#define EXTENSIONS_READABLE                                                                                  \
    EXTENSIONS_JPEG, EXTENSIONS_PNG, EXTENSIONS_WEBP, EXTENSIONS_TIFF, EXTENSIONS_GIF, EXTENSIONS_HEIC,      \
        EXTENSIONS_AVIF, EXTENSIONS_JXL

#endif
