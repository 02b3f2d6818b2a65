/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a JPEG that is decoded to planes at an eighth: where our own decoder makes them, TurboJPEG has nothing to say of the
 * file and makes the same. */
#include "base/cleanup.h"
#include "fuzz.h"
#include "image/jpeg_entropy.h"
#include "turbo_planes.h"

#include <errno.h>

enum { SHRINK = 8, PIXELS_MAX = 256 * 256 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_(planes_release) struct planes own = { .count = 0 }, turbo = { .count = 0 };
    struct turbo_picture picture;
    int r;

    if (!turbo_read_header(data, size, &picture) || !turbo_can_shrink(&picture) ||
        (int64_t)picture.width * picture.height > PIXELS_MAX)
        return 0;
    fuzz_expect(turbo_make_planes(&picture, SHRINK, 0, &own) &&
                    turbo_make_planes(&picture, SHRINK, 1, &turbo),
                "there is memory");
    r = jpeg_entropy_decode(data, size, &own);
    fuzz_expect(r == 0 || r == -ENOTSUP, "%d is no result", r);
    if (r < 0)
        return 0;
    fuzz_expect(turbo_decode(&picture, SHRINK, &turbo), "TurboJPEG: %s", tjGetErrorStr());
    fuzz_expect(turbo_same_planes(&picture, SHRINK, &own, &turbo), "%d × %d is TurboJPEG's", picture.width,
                picture.height);
    return 0;
}
