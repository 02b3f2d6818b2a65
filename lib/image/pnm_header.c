/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pnm_header - see pnm_header.h; pbm(5), pgm(5) and ppm(5): numbers in decimal, between them blanks, and comments from
 * "#" to the end of their line, which may be one of any system. */
#include "image/pnm_header.h"

#include <stdbool.h>

enum { MARK_BYTES = 2, SHALLOW_MOST = 255, BANDS_RGB = 3 };

struct reading {
    const char *at, *end;
};

static void skip_blanks(struct reading *reading)
{
    bool comment = false;

    for (; reading->at < reading->end; reading->at++) {
        if (*reading->at == '#')
            comment = true;
        else if (*reading->at == '\n' || *reading->at == '\r')
            comment = false;
        else if (!comment && !g_ascii_isspace(*reading->at))
            return;
    }
}

/* Of 1 to one less than libvips can count; 0: there is none. */
static int read_number(struct reading *reading)
{
    int number = 0;

    skip_blanks(reading);
    for (; reading->at < reading->end && g_ascii_isdigit(*reading->at); reading->at++) {
        number = 10 * number + (*reading->at - '0');
        if (number >= VIPS_MAX_COORD)
            return 0;
    }
    return number;
}

int pnm_header_open(const void *data, size_t size, VipsImage **ret)
{
    struct reading reading = { (const char *)data + MARK_BYTES, (const char *)data + size };
    char kind = size > MARK_BYTES ? ((const char *)data)[1] : '\0';
    bool bits = kind == '1' || kind == '4', colour = kind == '3' || kind == '6';
    int width = read_number(&reading), height = read_number(&reading);
    int most = bits ? 1 : read_number(&reading);
    bool deep = most > SHALLOW_MOST;

    if (width < 1 || height < 1 || most < 1) {
        vips_error("pnm", "its header has no size, or one that is too large");
        return -1;
    }
    *ret = vips_image_new();
    if (colour)
        vips_image_init_fields(*ret, width, height, BANDS_RGB, deep ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR,
                               VIPS_CODING_NONE, deep ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB,
                               1, 1);
    else
        vips_image_init_fields(*ret, width, height, 1, deep ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR,
                               VIPS_CODING_NONE, deep ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W,
                               1, 1);
    return 0;
}
