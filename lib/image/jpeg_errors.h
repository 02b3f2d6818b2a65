/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jpeg_errors - libjpeg's failures, which come back to where it was called; and its warnings, which are counted. */
#ifndef DARKROOM_IMAGE_JPEG_ERRORS_H
#define DARKROOM_IMAGE_JPEG_ERRORS_H

#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>

#include <jpeglib.h>

struct jpeg_errors {
    struct jpeg_error_mgr manager; /* first: libjpeg knows no more of it */
    jmp_buf failed; /* the caller calls setjmp() of it before libjpeg; a failure is libvips' error then */
};

/* What the err of a libjpeg object is to be. */
struct jpeg_error_mgr *jpeg_errors_catch(struct jpeg_errors *errors);

#endif
