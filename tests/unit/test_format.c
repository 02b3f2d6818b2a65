/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The formats' names, extensions and first bytes. */
#include "recipe/format.h"

#include "base/cleanup.h"
#include "conf/folder_conf.h"
#include "unit_main.h"

#include <errno.h>
#include <string.h>

START_TEST(every_row_is_complete)
{
    const struct format_info *info = format_info((enum format)_i);
    enum format format;

    ck_assert_ptr_nonnull(info->name);
    if (!info->tiles) /* all of which are zips, which are no sources */
        ck_assert_str_eq(info->extension, info->extensions[0]);
    ck_assert_int_eq(format_from_name(info->name, &format), 0);
    ck_assert_int_eq((int)format, _i);
}
END_TEST

static const int all_formats[FORMAT_COUNT];

START_TEST(numbers_never_change_their_meaning)
{
    ck_assert_str_eq(format_info(0)->name, "jpeg");
    ck_assert_str_eq(format_info(1)->name, "png");
    ck_assert_str_eq(format_info(2)->name, "webp");
    ck_assert_str_eq(format_info(3)->name, "tiff");
    ck_assert_str_eq(format_info(6)->name, "iiif3");
    ck_assert_str_eq(format_info(7)->name, "gif");
    ck_assert_str_eq(format_info(8)->name, "heic");
    ck_assert_str_eq(format_info(9)->name, "avif");
    ck_assert_str_eq(format_info(10)->name, "jxl");
    ck_assert_str_eq(format_info(11)->name, "svg");
    ck_assert_str_eq(format_info(12)->name, "pdf");
    ck_assert_str_eq(format_info(13)->name, "jp2");
    ck_assert_str_eq(format_info(14)->name, "exr");
    ck_assert_str_eq(format_info(15)->name, "bmp");
    ck_assert_str_eq(format_info(18)->name, "pcx");
    ck_assert_str_eq(format_info(22)->name, "hdr");
}
END_TEST

static const struct {
    const char *name;
    int format; /* -1: none */
} names[] = {
    { "jpeg", FORMAT_JPEG },
    { "JPEG", FORMAT_JPEG },
    { "jpg", FORMAT_JPEG },
    { "jpe", FORMAT_JPEG },
    { "jfif", FORMAT_JPEG },
    { "png", FORMAT_PNG },
    { "WebP", FORMAT_WEBP },
    { "gif", FORMAT_GIF },
    { "tga", -1 },
    { "PSB", FORMAT_PSD },
    { "", -1 },
    { "dz", FORMAT_DZ },
    { "google", FORMAT_GOOGLE },
    { "iiif3", FORMAT_IIIF3 },
    { "zip", -1 },
    { "jpegs", -1 },
    { ".jpg", -1 },
    { "%s", -1 },
};

START_TEST(a_format_is_found_by_name_or_extension)
{
    enum format format = FORMAT_COUNT;
    int r = format_from_name(names[_i].name, &format);

    ck_assert_int_eq(r, names[_i].format < 0 ? -ENOENT : 0);
    ck_assert_int_eq((int)format, names[_i].format < 0 ? (int)FORMAT_COUNT : names[_i].format);
}
END_TEST

#define BYTES(literal) literal, sizeof(literal) - 1

static const struct {
    const char *name, *bytes;
    size_t size;
    int format; /* -1: none */
} starts[] = {
    { "a JPEG", BYTES("\xFF\xD8\xFF\xE0\0\x10JFIF"), FORMAT_JPEG },
    { "no more of a JPEG than its mark", BYTES("\xFF\xD8\xFF"), FORMAT_JPEG },
    { "less of a JPEG than that", BYTES("\xFF\xD8"), -1 },
    { "a PNG", BYTES("\x89PNG\r\n\x1A\n\0\0\0\rIHDR"), FORMAT_PNG },
    { "a PNG sent as text", BYTES("\x89PNG\n\x1A\n\0\0\0\rIHDR"), -1 },
    { "a TIFF of Intel's order", BYTES("II*\0\x08\0\0\0"), FORMAT_TIFF },
    { "a TIFF of Motorola's order", BYTES("MM\0*\0\0\0\x08"), FORMAT_TIFF },
    { "a BigTIFF", BYTES("II+\0\x08\0\0\0"), FORMAT_TIFF },
    { "a BigTIFF of Motorola's order", BYTES("MM\0+\0\x08\0\0"), FORMAT_TIFF },
    { "a TIFF of two orders", BYTES("IM*\0\x08\0\0\0"), -1 },
    { "a WebP", BYTES("RIFF\x24\0\0\0WEBPVP8 "), FORMAT_WEBP },
    { "a sound", BYTES("RIFF\x24\0\0\0WAVEfmt "), -1 },
    { "WEBP without RIFF", BYTES("RIFX\x24\0\0\0WEBPVP8 "), -1 },
    { "a WebP cut short", BYTES("RIFF\x24\0\0\0WEB"), -1 },
    { "a GIF", BYTES("GIF89a\x10\0\x10\0"), FORMAT_GIF },
    { "an old GIF", BYTES("GIF87a"), FORMAT_GIF },
    { "a GIF of no known version", BYTES("GIF88a"), -1 },
    { "a HEIC",
      BYTES("\0\0\0\x1C"
            "ftypheic\0\0\0\0"),
      FORMAT_HEIC },
    { "a HEIC of tiles",
      BYTES("\0\0\0\x1C"
            "ftypmif1\0\0\0\0"),
      FORMAT_HEIC },
    { "an AVIF",
      BYTES("\0\0\0\x1C"
            "ftypavif\0\0\0\0"),
      FORMAT_AVIF },
    { "an animated AVIF",
      BYTES("\0\0\0\x2C"
            "ftypavis\0\0\0\0"),
      FORMAT_AVIF },
    { "a film",
      BYTES("\0\0\0\x1C"
            "ftypisom\0\0\0\0"),
      -1 },
    { "a JPEG XL", BYTES("\0\0\0\x0CJXL \r\n\x87\n"), FORMAT_JXL },
    { "a bare JPEG XL", BYTES("\xFF\x0A\x52\x21"), FORMAT_JXL },
    { "a PDF", BYTES("%PDF-1.7\n"), FORMAT_PDF },
    { "a JPEG 2000", BYTES("\0\0\0\x0CjP  \r\n\x87\n"), FORMAT_JP2 },
    { "a bare JPEG 2000", BYTES("\xFF\x4F\xFF\x51\0"), FORMAT_JP2 },
    { "an OpenEXR", BYTES("\x76\x2F\x31\x01\2\0\0\0"), FORMAT_EXR },
    { "an SVG", BYTES("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"), FORMAT_SVG },
    { "an SVG of another name space", BYTES("\n <x:svg>"), FORMAT_SVG },
    { "an SVG with all before it",
      BYTES("\xEF\xBB\xBF<?xml version='1.0'?>\n<!-- <html> --><!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG "
            "1.1//EN\" "
            "[<!ENTITY a \"b\">]>\n<svg\n>"),
      FORMAT_SVG },
    { "an SVG with a bracket in an entity", BYTES("<!DOCTYPE svg [<!ENTITY x \"a]>b\">]><svg/>"),
      FORMAT_SVG },
    { "an SVG with a bracket in its DOCTYPE's name",
      BYTES("<!DOCTYPE svg SYSTEM '[' [<!ENTITY x 'a'>]><svg/>"), FORMAT_SVG },
    { "an SVG with quotes and brackets in a comment and an instruction",
      BYTES("<!DOCTYPE svg [<!-- it's ]> --><?a ]>' ?><!ENTITY x '\"'>]><svg/>"), FORMAT_SVG },
    { "a quote without end", BYTES("<!DOCTYPE svg [<!ENTITY x \"a>]><svg/>"), -1 },
    { "HTML with an SVG in it", BYTES("<html><svg></svg></html>"), -1 },
    { "an SVG in a comment", BYTES("<!-- <svg> -->"), -1 },
    { "a comment without end", BYTES("<!-- <svg>"), -1 },
    { "what only begins like an SVG", BYTES("<svgx>"), -1 },
    { "what only ends like an SVG", BYTES("<asvg>"), -1 },
    { "half an SVG's name", BYTES("<sv"), -1 },
    { "text", BYTES("svg"), -1 },
    { "nothing", BYTES(""), -1 },
};

START_TEST(a_format_is_detected_by_its_first_bytes)
{
    _cleanup_free_ char *bytes = malloc(starts[_i].size ?: 1);
    enum format format = FORMAT_COUNT;
    int r;

    /* A copy of just that size: a sanitizer sees what is read beyond. */
    memcpy(bytes, starts[_i].bytes, starts[_i].size);
    r = format_detect(bytes, starts[_i].size, &format);
    ck_assert_msg(r == (starts[_i].format < 0 ? -ENOENT : 0), "%s", starts[_i].name);
    ck_assert_msg((int)format == (starts[_i].format < 0 ? (int)FORMAT_COUNT : starts[_i].format), "%s",
                  starts[_i].name);
}
END_TEST

START_TEST(a_zip_begins_an_archive_of_tiles_and_is_no_source)
{
    static const char zip[] = "PK\3\4\x14";
    enum format format;

    ck_assert(format_begins(FORMAT_DZ, zip, sizeof zip) && format_begins(FORMAT_IIIF3, zip, sizeof zip));
    ck_assert(!format_begins(FORMAT_JPEG, zip, sizeof zip));
    ck_assert(!format_begins(FORMAT_DZ, zip, 3));
    ck_assert(!format_begins(FORMAT_DZ, "\xFF\xD8\xFF\xE0", 4));
    ck_assert_int_eq(format_detect(zip, sizeof zip, &format), -ENOENT);
}
END_TEST

static const struct {
    const char *name;
    bool input;
} files[] = {
    { "a.jpg", true }, { "a.JPEG", true }, { "a.b.png", true }, { "\xFF.webp", true }, { "a.bmp", false },
    { "jpg", false },  { ".jpg", false },  { "a.", false },     { "", false },         { "a.jpg ", false },
};

START_TEST(a_source_is_known_by_its_extension_as_in_a_folder)
{
    _cleanup_(folder_conf_release) struct folder_conf conf;

    ck_assert_int_eq(folder_conf_init(&conf, "f"), 0);
    ck_assert(folder_conf_accepts(&conf, files[_i].name) == files[_i].input);
}
END_TEST

START_TEST(every_extension_of_an_input_is_taken_by_a_folder)
{
    _cleanup_(folder_conf_release) struct folder_conf conf;
    const struct format_info *info = format_info((enum format)_i);

    ck_assert_int_eq(folder_conf_init(&conf, "f"), 0);
    conf.allowed = info->allowance;
    for (const char *const *extension = info->extensions; *extension; extension++) {
        char name[32];

        snprintf(name, sizeof name, "a.%s", *extension);
        ck_assert_msg(folder_conf_accepts(&conf, name) == info->input, "%s", name);
    }
}
END_TEST

START_TEST(what_has_to_be_allowed_is_not_taken_without)
{
    _cleanup_(folder_conf_release) struct folder_conf conf;
    const struct format_info *info = format_info((enum format)_i);
    char name[32];

    ck_assert_int_eq(folder_conf_init(&conf, "f"), 0);
    conf.allowed = ALLOW_ALL & ~info->allowance;
    snprintf(name, sizeof name, "a.%s", info->extension);
    ck_assert_msg(folder_conf_accepts(&conf, name) == (info->input && !info->allowance), "%s", name);
}
END_TEST

START_TEST(lists_are_for_people_and_fit_their_buffer)
{
    char wide[80], narrow[8];

    ck_assert_str_eq(format_list(true, wide, sizeof wide),
                     "jpeg, png, webp, tiff, dz, google, iiif3, gif, avif, jxl");
    ck_assert_str_eq(format_list(false, wide, sizeof wide), "jpeg, png, webp, tiff, gif, heic, avif, jxl");
    ck_assert_str_eq(format_list(true, narrow, sizeof narrow), "jpeg, p");
}
END_TEST

UNIT_MAIN("format", UNIT_ROWS(every_row_is_complete, all_formats),
          UNIT_TEST(numbers_never_change_their_meaning),
          UNIT_ROWS(a_format_is_found_by_name_or_extension, names),
          UNIT_ROWS(a_format_is_detected_by_its_first_bytes, starts),
          UNIT_TEST(a_zip_begins_an_archive_of_tiles_and_is_no_source),
          UNIT_ROWS(a_source_is_known_by_its_extension_as_in_a_folder, files),
          UNIT_ROWS(every_extension_of_an_input_is_taken_by_a_folder, all_formats),
          UNIT_ROWS(what_has_to_be_allowed_is_not_taken_without, all_formats),
          UNIT_TEST(lists_are_for_people_and_fit_their_buffer))
