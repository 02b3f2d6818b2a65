/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jpeg_errors - see jpeg_errors.h. */
#include "image/jpeg_errors.h"

#include "image/engine.h"

static void on_error(j_common_ptr common)
{
    struct jpeg_errors *errors = (struct jpeg_errors *)common->err;
    char message[JMSG_LENGTH_MAX];

    common->err->format_message(common, message);
    vips_error("jpeg", "%s", message);
    longjmp(errors->failed, 1);
}

static void on_message(j_common_ptr common, int level)
{
    if (level < 0)
        common->err->num_warnings++;
}

struct jpeg_error_mgr *jpeg_errors_catch(struct jpeg_errors *errors)
{
    jpeg_std_error(&errors->manager);
    errors->manager.error_exit = on_error;
    errors->manager.emit_message = on_message;
    return &errors->manager;
}
