/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a JPEG that is decoded to planes: where our own decoder makes them, TurboJPEG has nothing to say of the
 * file, and they are its planes at an eighth, or at a quarter those of libjpeg's coefficients. */
#include "base/cleanup.h"
#include "fuzz.h"
#include "image/jpeg_entropy.h"
#include "low_planes.h"
#include "turbo_planes.h"

#include <errno.h>

enum { PIXELS_MAX = 256 * 256 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return 0;
}

static void try_points(const struct turbo_picture *picture, unsigned points)
{
    _cleanup_(planes_release) struct planes own = { .count = 0 }, wanted = { .count = 0 };
    unsigned shrink = TURBO_BLOCK / points;
    int r;

    fuzz_expect(turbo_make_planes(picture, shrink, 0, &own) && turbo_make_planes(picture, shrink, 1, &wanted),
                "there is memory");
    r = jpeg_entropy_decode(picture->jpeg, picture->size, points, &own);
    fuzz_expect(r == 0 || r == -ENOTSUP, "%d is no result", r);
    if (r < 0)
        return;
    fuzz_expect(turbo_decode(picture, shrink, &wanted), "TurboJPEG: %s", tjGetErrorStr());
    fuzz_expect(points == 1 || low_planes(picture->jpeg, picture->size, &wanted), "there are coefficients");
    fuzz_expect(turbo_same_planes(picture, shrink, &own, &wanted), "%d × %d with %u points is right",
                picture->width, picture->height, points);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct turbo_picture picture;

    if (!turbo_read_header(data, size, &picture) || !turbo_can_shrink(&picture) ||
        (int64_t)picture.width * picture.height > PIXELS_MAX)
        return 0;
    try_points(&picture, 1);
    try_points(&picture, 2);
    return 0;
}
