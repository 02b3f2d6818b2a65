/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/drawing: what is found in a drawing's file. */
#include "image/drawing.h"

#include "unit_main.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

enum { PIXEL_BYTES = 6 };

static const struct {
    const char *text;
    uint64_t pixels;
} pdfs[] = {
    { "", 0 },
    { "%PDF-1.4 1 0 obj<</Type/Page>>endobj", 0 },
    { "<</Subtype/Image/Width 4960/Height 7016/Filter/DCTDecode>>stream", 4960 * 7016 },
    { "<</Height 20 /Subtype /Image\n/Width 10 >>", 200 },
    { "<</Width 3/Height 4>> <</Width\r\n50/Height\n60>> <</Width 7/Height 8>>", 3000 },
    { "<</Width 10/Height", 0 },
    { "<</Height 10/Width", 0 },
    { "<</Width 99999999999999999999/Height 99999999999999999999>>", 999999ULL * 999999 },
    { "<</Width -5/Height 5>>", 0 },
    { "<</Width\t10/Height\f20>>", 200 },
    { "<</Width 12 0 R/Height 20>>", 10000 * 20 },
    { "<</Height 1234567 0\nR/Width\r8", 10000 * 8 },
    { "<</Width 12 0/Height 20>>", 240 },
    { "<</Widths[1 2 3]/Height 20>>", 0 },
};

START_TEST(the_largest_picture_in_a_pdf_is_found)
{
    size_t size = strlen(pdfs[_i].text);
    char *copy = malloc(size ?: 1); /* of just that size: a sanitizer sees what is read beyond */

    memcpy(copy, pdfs[_i].text, size);
    ck_assert_uint_eq(drawing_content_bytes(FORMAT_PDF, copy, size), PIXEL_BYTES * pdfs[_i].pixels);
    free(copy);
}
END_TEST

START_TEST(a_width_and_a_height_far_apart_are_of_two_things)
{
    char text[8192];

    memset(text, ' ', sizeof text);
    memcpy(text, "/Width 10", 9);
    memcpy(text + sizeof text - 10, "/Height 10", 10);
    ck_assert_uint_eq(drawing_content_bytes(FORMAT_PDF, text, sizeof text), 0);
}
END_TEST

START_TEST(an_svg_takes_more_than_its_file_and_no_other_picture_anything)
{
    static const char svg[] = "<svg/>";

    ck_assert_uint_gt(drawing_content_bytes(FORMAT_SVG, svg, sizeof svg - 1), 10 * (sizeof svg - 1));
    ck_assert_uint_eq(drawing_content_bytes(FORMAT_JPEG, svg, sizeof svg - 1), 0);
}
END_TEST

START_TEST(a_nul_is_a_blank_in_a_pdf)
{
    static const char text[] = "<</Width\0 10/Height\0\0"
                               "20>>";

    ck_assert_uint_eq(drawing_content_bytes(FORMAT_PDF, text, sizeof text - 1), PIXEL_BYTES * 200);
}
END_TEST

START_TEST(a_pdf_full_of_sides_is_passed_over_once)
{
    enum { TIMES = 400000 };
    static const char name[] = "/Width/Height";
    size_t size = TIMES * (sizeof name - 1);
    char *text = malloc(size);
    uint64_t before_us = monotonic_us();

    for (size_t i = 0; i < TIMES; i++)
        memcpy(text + i * (sizeof name - 1), name, sizeof name - 1);
    ck_assert_uint_eq(drawing_content_bytes(FORMAT_PDF, text, size), 0);
    ck_assert_uint_lt(monotonic_us() - before_us, 2 * USEC_PER_SEC);
    free(text);
}
END_TEST

static const struct {
    const char *text;
    bool filters;
    unsigned surfaces;
} svgs[] = {
    { "", false, 4 },
    { "<svg><filte", false, 4 },
    { "<svg><feast/></svg>", false, 4 },
    { "<svg><filter id='a'/>", true, 9 },
    { "<svg><s:filter id='a'><s:feFlood/><s:feBlend/></s:filter>", true, 11 },
    { "<svg><rect filter=\"blur(20)\"/></svg>", true, 9 },
    { "<svg><rect style='filter:blur(20)'/></svg>", true, 9 },
    { "<svg><filter><feFlood/></filter><filter><feFlood/><feFlood/><feFlood/></filter><filter><feFlood/></"
      "filter>",
      true, 12 },
    { "<svg filter=''><", true, 9 },
};

START_TEST(filters_are_seen_however_they_are_written)
{
    size_t size = strlen(svgs[_i].text);
    char *copy = malloc(size ?: 1);

    memcpy(copy, svgs[_i].text, size);
    ck_assert_int_eq(drawing_has_filters(copy, size), svgs[_i].filters);
    ck_assert_uint_eq(drawing_surfaces(FORMAT_SVG, copy, size), svgs[_i].surfaces);
    free(copy);
}
END_TEST

static const struct {
    const char *text;
    unsigned uses;
} uses[] = {
    { "", 0 },
    { "filter", 0 },
    { "filter=", 1 },
    { "<filter id='a' filterUnits='x' color-interpolation-filters='sRGB'></filter>", 0 },
    { "<g filter='url(#a)'><rect\nfilter = \"url(#a)\"/></g>", 2 },
    { "<g style='filter:url(#a)'/><g style='fill:red;filter :blur(2)'/>", 2 },
    { "<style>.a{filter:url(#a)}\n.b { filter: url(#a) }</style>", 2 },
    { "<g class='filter'/><g filter", 0 },
};

START_TEST(what_asks_for_a_filter_is_counted)
{
    size_t size = strlen(uses[_i].text);
    char *copy = malloc(size ?: 1);

    memcpy(copy, uses[_i].text, size);
    ck_assert_uint_eq(drawing_filter_uses(copy, size), uses[_i].uses);
    free(copy);
}
END_TEST

UNIT_MAIN("drawing", UNIT_ROWS(the_largest_picture_in_a_pdf_is_found, pdfs),
          UNIT_TEST(a_width_and_a_height_far_apart_are_of_two_things),
          UNIT_TEST(an_svg_takes_more_than_its_file_and_no_other_picture_anything),
          UNIT_TEST(a_nul_is_a_blank_in_a_pdf), UNIT_TEST(a_pdf_full_of_sides_is_passed_over_once),
          UNIT_ROWS(filters_are_seen_however_they_are_written, svgs),
          UNIT_ROWS(what_asks_for_a_filter_is_counted, uses))
