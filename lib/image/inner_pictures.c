/* SPDX-License-Identifier: GPL-2.0-or-later */
/* inner_pictures - see inner_pictures.h. */
#include "image/inner_pictures.h"

#include "base/cleanup.h"
#include "conf/allowance.h"

#include <errno.h>
#include <gdk-pixbuf/gdk-pixbuf.h>

/* What SVG asks for, and GIF, which browsers show; gdk-pixbuf's names, and Debian's packages. */
static const struct {
    const char *name, *package;
} readers[] = {
    { "png", "libgdk-pixbuf-2.0-0" },
    { "jpeg", "libgdk-pixbuf-2.0-0" },
    { "gif", "libgdk-pixbuf-2.0-0" },
    { "svg", "librsvg2-common" },
};

/* That it is given nothing to read is an error of no interest. */
static int load(const char *name, const char *package, struct error *error)
{
    GError *why = NULL;
    GdkPixbufLoader *reader = gdk_pixbuf_loader_new_with_type(name, &why);

    if (!reader) {
        error_set(error, ENOSYS, CLASS_ENVIRONMENT, STAGE_NONE,
                  "AllowFormats=svg: there is no reader of %s inside of SVG: %s; install %s", name,
                  why->message, package);
        g_error_free(why);
        return -ENOSYS;
    }
    gdk_pixbuf_loader_close(reader, NULL);
    g_object_unref(reader);
    return 0;
}

int inner_pictures_load(unsigned allowed, struct error *error)
{
    for (size_t i = 0; (allowed & ALLOW_SVG) && i < ARRAY_SIZE(readers); i++) {
        int r = load(readers[i].name, readers[i].package, error);

        if (r < 0)
            return r;
    }
    return 0;
}
