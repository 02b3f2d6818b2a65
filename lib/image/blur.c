/* SPDX-License-Identifier: GPL-2.0-or-later */
/* blur - see blur.h. What is blurred widely has no detail: it is made smaller, blurred, and made large again, so that
 * the time does not grow with the width. */
#include "image/blur.h"

#include "image/alpha.h"
#include "image/depth.h"

#include <math.h>

static const double direct_sigma_max = 12, /* pixels */
    amplitude_min = 0.02;                  /* where the kernel ends */

static int convolve(VipsImage *in, double sigma, VipsImage **ret)
{
    return vips_gaussblur(in, ret, sigma, "min_ampl", amplitude_min, "precision", VIPS_PRECISION_FLOAT, NULL);
}

/* By so much less in each direction, to a whole number of pixels. */
static int shrink(VipsImage *in, double by, VipsImage **ret)
{
    double across = ceil(in->Xsize / by) / in->Xsize, down = ceil(in->Ysize / by) / in->Ysize;

    return vips_resize(in, ret, across, "vscale", down, "kernel", VIPS_KERNEL_LINEAR, NULL);
}

static int enlarge(VipsImage *in, const VipsImage *like, VipsImage **ret)
{
    _cleanup_image_ VipsImage *large = NULL;

    if (vips_resize(in, &large, (double)like->Xsize / in->Xsize, "vscale", (double)like->Ysize / in->Ysize,
                    "kernel", VIPS_KERNEL_CUBIC, NULL) != 0)
        return -1;
    return vips_extract_area(large, ret, 0, 0, like->Xsize, like->Ysize, NULL);
}

static int blur_widely(VipsImage *in, double sigma, VipsImage **ret)
{
    double by = sigma / direct_sigma_max;
    _cleanup_image_ VipsImage *small = NULL, *blurred = NULL;

    if (shrink(in, by, &small) != 0 || convolve(small, direct_sigma_max, &blurred) != 0)
        return -1;
    return enlarge(blurred, in, ret);
}

static int blur(VipsImage *in, double sigma, VipsImage **ret)
{
    _cleanup_image_ VipsImage *precise = NULL;

    if (vips_cast_float(in, &precise, NULL) != 0)
        return -1;
    return sigma > direct_sigma_max ? blur_widely(precise, sigma, ret) : convolve(precise, sigma, ret);
}

int blur_gaussian(VipsImage *in, double sigma, VipsImage **ret)
{
    _cleanup_image_ VipsImage *weighted = NULL, *blurred = NULL, *plain = NULL;
    double width = fmin(sigma, BLUR_SIGMA_MAX);

    if (!vips_image_hasalpha(in)) {
        if (blur(in, width, &plain) != 0)
            return -1;
    } else if (vips_premultiply(in, &weighted, "max_alpha", alpha_max(in), NULL) != 0 ||
               blur(weighted, width, &blurred) != 0 ||
               vips_unpremultiply(blurred, &plain, "max_alpha", alpha_max(in), NULL) != 0) {
        return -1;
    }
    return depth_round(plain, in->BandFmt, ret);
}
