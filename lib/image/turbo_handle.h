/* SPDX-License-Identifier: GPL-2.0-or-later */
/* turbo_handle - TurboJPEG's handle that is destroyed at the end of its scope. */
#ifndef DARKROOM_IMAGE_TURBO_HANDLE_H
#define DARKROOM_IMAGE_TURBO_HANDLE_H

#include <turbojpeg.h>

#define _cleanup_turbo_ __attribute__((cleanup(turbo_destroyp)))
static inline void turbo_destroyp(tjhandle *handle)
{
    if (*handle)
        tjDestroy(*handle);
}

#endif
