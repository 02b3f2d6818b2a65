/* SPDX-License-Identifier: GPL-2.0-or-later */
/* savers - see savers.h. */
#include "image/savers.h"

#include "base/cleanup.h"
#include "image/png_encode.h"

typedef int saver(VipsImage *image, const struct encoding *encoding, bool strip, void **ret_data,
                  size_t *ret_size);

static int value(const struct encoding *encoding, enum encoding_option option)
{
    return encoding->values[option];
}

static VipsForeignSubsample subsampling(const struct encoding *encoding)
{
    static const VipsForeignSubsample modes[] = {
        [SUBSAMPLING_AUTO] = VIPS_FOREIGN_SUBSAMPLE_AUTO,
        [SUBSAMPLING_420] = VIPS_FOREIGN_SUBSAMPLE_ON,
        [SUBSAMPLING_444] = VIPS_FOREIGN_SUBSAMPLE_OFF,
    };

    return modes[value(encoding, ENCODING_SUBSAMPLING)];
}

static int save_jpeg(VipsImage *image, const struct encoding *encoding, bool strip, void **ret_data,
                     size_t *ret_size)
{
    return vips_jpegsave_buffer(image, ret_data, ret_size, "Q", value(encoding, ENCODING_QUALITY),
                                "optimize_coding", TRUE, "interlace", value(encoding, ENCODING_PROGRESSIVE),
                                "subsample_mode", subsampling(encoding), "strip", (gboolean)strip, NULL);
}

static int save_png(VipsImage *image, const struct encoding *encoding, bool strip, void **ret_data,
                    size_t *ret_size)
{
    int compression = value(encoding, ENCODING_COMPRESSION),
        interlace = value(encoding, ENCODING_PROGRESSIVE);

    if (strip && png_encode_can(image, encoding))
        return png_encode_image(image, encoding, ret_data, ret_size);
    if (!value(encoding, ENCODING_PALETTE))
        return vips_pngsave_buffer(image, ret_data, ret_size, "compression", compression, "interlace",
                                   interlace, "strip", (gboolean)strip, NULL);
    return vips_pngsave_buffer(image, ret_data, ret_size, "compression", compression, "interlace", interlace,
                               "palette", TRUE, "bitdepth", value(encoding, ENCODING_COLOURS), "dither",
                               value(encoding, ENCODING_DITHER) / 100.0, "effort",
                               value(encoding, ENCODING_EFFORT), "strip", (gboolean)strip, NULL);
}

static int save_webp(VipsImage *image, const struct encoding *encoding, bool strip, void **ret_data,
                     size_t *ret_size)
{
    int lossless = value(encoding, ENCODING_LOSSLESS);

    return vips_webpsave_buffer(image, ret_data, ret_size, "Q", value(encoding, ENCODING_QUALITY), "effort",
                                value(encoding, ENCODING_EFFORT), "lossless", lossless == LOSSLESS_YES,
                                "near_lossless", lossless == LOSSLESS_NEAR, "strip", (gboolean)strip, NULL);
}

static int save_tiff(VipsImage *image, const struct encoding *encoding, bool strip, void **ret_data,
                     size_t *ret_size)
{
    static const VipsForeignTiffCompression compressions[] = {
        [TIFF_NONE] = VIPS_FOREIGN_TIFF_COMPRESSION_NONE,
        [TIFF_LZW] = VIPS_FOREIGN_TIFF_COMPRESSION_LZW,
        [TIFF_DEFLATE] = VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE,
        [TIFF_JPEG] = VIPS_FOREIGN_TIFF_COMPRESSION_JPEG,
    };

    return vips_tiffsave_buffer(image, ret_data, ret_size, "compression",
                                compressions[value(encoding, ENCODING_COMPRESSION)], "Q",
                                value(encoding, ENCODING_QUALITY), "predictor",
                                VIPS_FOREIGN_TIFF_PREDICTOR_HORIZONTAL, "strip", (gboolean)strip, NULL);
}

static int save_gif(VipsImage *image, const struct encoding *encoding, bool strip, void **ret_data,
                    size_t *ret_size)
{
    return vips_gifsave_buffer(image, ret_data, ret_size, "effort", value(encoding, ENCODING_EFFORT),
                               "bitdepth", value(encoding, ENCODING_COLOURS), "dither",
                               value(encoding, ENCODING_DITHER) / 100.0, "interlace",
                               value(encoding, ENCODING_PROGRESSIVE), "strip", (gboolean)strip, NULL);
}

/* Always 8 bits: few programs show AVIFs of 12, and libaom aborts over 10. */
static int save_avif(VipsImage *image, const struct encoding *encoding, bool strip, void **ret_data,
                     size_t *ret_size)
{
    return vips_heifsave_buffer(image, ret_data, ret_size, "compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1,
                                "Q", value(encoding, ENCODING_QUALITY), "effort",
                                value(encoding, ENCODING_EFFORT), "subsample_mode", subsampling(encoding),
                                "bitdepth", 8, "strip", (gboolean)strip, NULL);
}

/* libjxl's measure of what is lost: 1 cannot be seen. As libjxl's own program has it down to a quality of 30; libvips'
 * own way from there leads to distances that libjxl refuses. */
static double distance(int quality)
{
    enum { STEEPER_BELOW = 30 };
    const double least = 0.1, a_quality = 0.09, steep = 0.29;
    int above = quality > STEEPER_BELOW ? quality : STEEPER_BELOW;

    return least + (100 - above) * a_quality + (above - quality) * steep;
}

static int save_jxl(VipsImage *image, const struct encoding *encoding, bool strip, void **ret_data,
                    size_t *ret_size)
{
    return vips_jxlsave_buffer(
        image, ret_data, ret_size, "distance", distance(value(encoding, ENCODING_QUALITY)), "effort",
        value(encoding, ENCODING_EFFORT), "lossless", value(encoding, ENCODING_LOSSLESS) == LOSSLESS_YES,
        "strip", (gboolean)strip, NULL);
}

static saver *const savers[FORMAT_COUNT] = {
    [FORMAT_JPEG] = save_jpeg, [FORMAT_PNG] = save_png, [FORMAT_WEBP] = save_webp,
    [FORMAT_TIFF] = save_tiff, [FORMAT_GIF] = save_gif, [FORMAT_AVIF] = save_avif,
    [FORMAT_JXL] = save_jxl,
};

int saver_save(VipsImage *image, enum format format, const struct encoding *encoding, bool strip,
               void **ret_data, size_t *ret_size)
{
    return savers[format](image, encoding, strip, ret_data, ret_size);
}
