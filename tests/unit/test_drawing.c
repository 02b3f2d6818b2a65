/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/drawing: what is found in a drawing's file. */
#include "image/drawing.h"

#include "unit_main.h"

#include "base/clock.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

enum { PIXEL_BYTES = 10, JPX_PIXEL_BYTES = 16, ELEMENT_BYTES = 1300, SIDE = 1000 };

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
    ck_assert_uint_eq(drawing_content_bytes(FORMAT_PDF, copy, size, 0), PIXEL_BYTES * pdfs[_i].pixels);
    free(copy);
}
END_TEST

START_TEST(a_width_and_a_height_far_apart_are_of_two_things)
{
    char text[8192];

    memset(text, ' ', sizeof text);
    memcpy(text, "/Width 10", 9);
    memcpy(text + sizeof text - 10, "/Height 10", 10);
    ck_assert_uint_eq(drawing_content_bytes(FORMAT_PDF, text, sizeof text, 0), 0);
}
END_TEST

/* The codestream tells, whatever stands beside it. */
START_TEST(a_jpeg_2000_in_a_pdf_tells_its_own_sides)
{
    static const char text[] = "<</Width 45/Height 40/Filter/JPXDecode>>stream\n"
                               "\xFF\x4F\xFF\x51\0\x2F\0\0\0\0\x03\xE8\0\0\x07\xD0";
    char *copy = g_memdup2(text, sizeof text - 1);

    ck_assert_uint_eq(drawing_content_bytes(FORMAT_PDF, copy, sizeof text - 1, 0), JPX_PIXEL_BYTES * 2000000);
    g_free(copy);
    copy = g_memdup2(text, sizeof text - 2);
    ck_assert_uint_eq(drawing_content_bytes(FORMAT_PDF, copy, sizeof text - 2, 0), JPX_PIXEL_BYTES * 1800);
    g_free(copy);
}
END_TEST

static uint64_t svg_content(const char *text)
{
    size_t size = strlen(text);
    char *copy = g_memdup2(text, size);
    uint64_t bytes = drawing_content_bytes(FORMAT_SVG, copy, size, 0);

    g_free(copy);
    return bytes;
}

START_TEST(elements_are_counted_and_those_that_are_declared_if_they_are_more)
{
    static const char svg[] = "<?xml?><!-- --><svg><g></g><g/></svg>";
    uint64_t three = drawing_content_bytes(FORMAT_SVG, svg, sizeof svg - 1, 0);

    ck_assert_uint_ge(three, 3 * ELEMENT_BYTES);
    ck_assert_uint_lt(three, 5 * ELEMENT_BYTES);
    ck_assert_uint_eq(drawing_content_bytes(FORMAT_SVG, svg, sizeof svg - 1, 2), three);
    ck_assert_uint_eq(drawing_content_bytes(FORMAT_SVG, svg, sizeof svg - 1, 10), three + 7 * ELEMENT_BYTES);
}
END_TEST

START_TEST(letters_count_in_lines_of_text_alone)
{
    static const char *const few[] = { "<svg><desc>aaaaaaaaaaaaaaaaaaaa</desc></svg>",
                                       "<svg><text></text>aaaaaaaaaaaaaaaaa</svg>" };
    uint64_t many = svg_content("<svg><s:text>aaaaaaaaaaaaaaaaaa</s:text></svg>");

    for (size_t i = 0; i < sizeof few / sizeof few[0]; i++)
        ck_assert_uint_gt(many, svg_content(few[i]) + 100000);
    ck_assert_uint_gt(svg_content("<svg><text><tspan>b</tspan><textPath/>aaaaaaaaaaaaaaaaaa</text></svg>"),
                      many);
}
END_TEST

/* Each is of 1000 × 1000 pixels as far as its header says, or nothing that is known. */
static const struct {
    const char *url;
    bool known;
} inner_pictures[] = {
    { "image/png;base64,iVBORw0KGgoAAAANSUhEUgAAA+gAAAPo", true },
    { "image/png;base64,iVBORw0K&#10;GgoAAAANSUhE&#xA;UgAA\n A+gAAAPo", true },
    { "image/png;charset=x;base64,iVBORw0KGgoAAAANSUhEUgAAA+gAAAPo", true },
    { "image/gif;base64,R0lGODlh6APoAw==", true },
    { "image/jpeg;base64,/9j/4AAEAAD/wAALCAPoA+gDAREA", true },
    { "image/jpg;base64,/9j/4AAEAAD/wgALCAPoA+gDAREA", true },
    { "image/jpeg;base64,/9j/4AAEAAD/", false },
    { "image/jpeg;base64,/9j/4AAAAAAAAAAAAAAAAAAAAAAA", false },
    { "image/png;base64,iVBORw0KGgoAAAANSUhEUgAAA+gA", false },
    { "image/svg+xml;base64,iVBORw0KGgoAAAANSUhEUgAAA+gAAAPo", false },
    { "image/png,iVBORw0KGgoAAAANSUhEUgAAA+gAAAPo", false },
    { "image/png;base64,", false },
    { "image/", false },
};

START_TEST(a_picture_inside_tells_its_sides)
{
    char *text = g_strdup_printf("<svg><image href='data:%s'/></svg>", inner_pictures[_i].url);
    char *open = g_strdup_printf("<svg><image href='data:%s", inner_pictures[_i].url);

    ck_assert_int_eq(svg_content(text) > 8 * SIDE * SIDE, inner_pictures[_i].known);
    ck_assert_int_eq(svg_content(open) > 8 * SIDE * SIDE, inner_pictures[_i].known);
    ck_assert_uint_lt(svg_content(text), 9 * SIDE * SIDE);
    g_free(open);
    g_free(text);
}
END_TEST

START_TEST(a_picture_of_sides_without_end_does_not_overflow)
{
    ck_assert_uint_eq(svg_content("<svg><image href='data:image/png;base64,"
                                  "iVBORw0KGgoAAAANSUhEUv//////////'/></svg>"),
                      UINT64_MAX);
}
END_TEST

START_TEST(an_svg_takes_more_than_its_file_and_no_other_picture_anything)
{
    static const char svg[] = "<svg/>";

    ck_assert_uint_gt(drawing_content_bytes(FORMAT_SVG, svg, sizeof svg - 1, 0), 10 * (sizeof svg - 1));
    ck_assert_uint_eq(drawing_content_bytes(FORMAT_JPEG, svg, sizeof svg - 1, 0), 0);
}
END_TEST

START_TEST(a_nul_is_a_blank_in_a_pdf)
{
    static const char text[] = "<</Width\0 10/Height\0\0"
                               "20>>";

    ck_assert_uint_eq(drawing_content_bytes(FORMAT_PDF, text, sizeof text - 1, 0), PIXEL_BYTES * 200);
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
    ck_assert_uint_eq(drawing_content_bytes(FORMAT_PDF, text, size, 0), 0);
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
          UNIT_TEST(a_jpeg_2000_in_a_pdf_tells_its_own_sides),
          UNIT_TEST(elements_are_counted_and_those_that_are_declared_if_they_are_more),
          UNIT_TEST(letters_count_in_lines_of_text_alone),
          UNIT_ROWS(a_picture_inside_tells_its_sides, inner_pictures),
          UNIT_TEST(a_picture_of_sides_without_end_does_not_overflow),
          UNIT_TEST(an_svg_takes_more_than_its_file_and_no_other_picture_anything),
          UNIT_TEST(a_nul_is_a_blank_in_a_pdf), UNIT_TEST(a_pdf_full_of_sides_is_passed_over_once),
          UNIT_ROWS(filters_are_seen_however_they_are_written, svgs),
          UNIT_ROWS(what_asks_for_a_filter_is_counted, uses))
