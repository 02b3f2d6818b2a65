/* SPDX-License-Identifier: GPL-2.0-or-later */
/* allowance - see allowance.h: a row is a bit. */
#include "conf/allowance.h"

#include "base/cleanup.h"
#include "conf/extensions.h"

#include <stdio.h>
#include <strings.h>

static const char *const svg_extensions[] = { EXTENSIONS_SVG, NULL };
static const char *const pdf_extensions[] = { EXTENSIONS_PDF, NULL };
static const char *const jp2_extensions[] = { EXTENSIONS_JP2, NULL };
static const char *const exr_extensions[] = { EXTENSIONS_EXR, NULL };
static const char *const magick_extensions[] = { EXTENSIONS_BMP, EXTENSIONS_PSD, EXTENSIONS_PNM,
                                                 EXTENSIONS_PCX, EXTENSIONS_SGI, EXTENSIONS_DDS,
                                                 EXTENSIONS_DPX, EXTENSIONS_HDR, NULL };

/* In the order of their bits. */
static const struct {
    const char *name;
    const char *const *extensions;
} allowances[] = {
    { "svg", svg_extensions }, { "pdf", pdf_extensions },       { "jp2", jp2_extensions },
    { "exr", exr_extensions }, { "magick", magick_extensions },
};

unsigned allowance_of_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(allowances); i++)
        if (strcasecmp(allowances[i].name, name) == 0)
            return 1U << i;
    return 0;
}

unsigned allowance_of_extension(const char *extension)
{
    for (size_t i = 0; i < ARRAY_SIZE(allowances); i++)
        for (const char *const *known = allowances[i].extensions; *known; known++)
            if (strcasecmp(*known, extension) == 0)
                return 1U << i;
    return 0;
}

const char *allowance_list(unsigned allowed, char *buffer, size_t size)
{
    size_t used = 0;

    buffer[0] = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(allowances) && used < size; i++)
        if (allowed & 1U << i)
            used += (size_t)snprintf(buffer + used, size - used, "%s%s", used > 0 ? ", " : "",
                                     allowances[i].name);
    return buffer;
}
