/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of what outputs keep to know about their pictures, with ExifTool, which writes the sources and reads the
 * outputs: every value that is asked for is there as it was, and no other is. */
#include "outside_tool.h"
#include "pictures.h"
#include "rendering.h"
#include "scratch.h"
#include "unit_main.h"

#include "base/cleanup.h"
#include "base/fd_io.h"

#define OUTPUT_WIDTH "32"

enum { WIDTH = 64, HEIGHT = 48, LINES_MAX = 200, NAME_BYTES = 64, VALUE_BYTES = 128 };

/* What a source is given, and which of METADATA_* keep it, all of one of them. */
static const struct known {
    const char *group, *tag, *value; /* as ExifTool calls them with -G1 -s -n */
    unsigned wanted, or_wanted;
} known[] = {
    { "IFD0", "Artist", "exif-artist", METADATA_EXIF, METADATA_COPYRIGHT },
    { "IFD0", "Copyright", "exif-copyright", METADATA_EXIF, METADATA_COPYRIGHT },
    { "IFD0", "ImageDescription", "exif-description", METADATA_EXIF, METADATA_EXIF },
    { "IFD0", "Make", "exif-make", METADATA_EXIF, METADATA_EXIF },
    { "ExifIFD", "LensModel", "exif-lens", METADATA_EXIF, METADATA_EXIF },
    { "ExifIFD", "FNumber", "5.6", METADATA_EXIF, METADATA_EXIF },
    { "ExifIFD", "UserComment", "exif-comment", METADATA_EXIF, METADATA_EXIF },
    { "ExifIFD", "ExposureCompensation", "-0.67", METADATA_EXIF, METADATA_EXIF },
    { "InteropIFD", "InteropIndex", "R98", METADATA_EXIF, METADATA_EXIF },
    { "GPS", "GPSLatitude", "48.125", METADATA_GPS, METADATA_GPS },
    { "GPS", "GPSMapDatum", "gps-datum", METADATA_GPS, METADATA_GPS },
    { "XMP-dc", "Title", "xmp-title", METADATA_XMP, METADATA_XMP },
    { "XMP-photoshop", "City", "xmp-city", METADATA_XMP, METADATA_XMP },
    { "XMP-dc", "Rights", "xmp-rights", METADATA_XMP, METADATA_COPYRIGHT },
    { "XMP-dc", "Creator", "xmp-creator", METADATA_XMP, METADATA_COPYRIGHT },
    { "XMP-photoshop", "Credit", "xmp-credit", METADATA_XMP, METADATA_COPYRIGHT },
    { "XMP-xmpRights", "UsageTerms", "xmp-terms", METADATA_XMP, METADATA_COPYRIGHT },
    { "XMP-exif", "GPSLongitude", "11.5", METADATA_XMP | METADATA_GPS, METADATA_XMP | METADATA_GPS },
    { "IPTC", "City", "iptc-city", METADATA_IPTC, METADATA_IPTC },
    { "IPTC", "Keywords", "iptc-keyword", METADATA_IPTC, METADATA_IPTC },
    { "IPTC", "By-line", "iptc-byline", METADATA_IPTC, METADATA_COPYRIGHT },
    { "IPTC", "CopyrightNotice", "iptc-notice", METADATA_IPTC, METADATA_COPYRIGHT },
};

static const struct wish {
    const char *words;
    unsigned keep;
} wishes[] = {
    { "none", 0 },
    { "icc", METADATA_ICC },
    { "copyright", METADATA_COPYRIGHT },
    { "exif", METADATA_EXIF },
    { "gps", METADATA_GPS },
    { "xmp", METADATA_XMP },
    { "xmp gps", METADATA_XMP | METADATA_GPS },
    { "iptc", METADATA_IPTC },
    { "", METADATA_DEFAULT },
    { "icc exif copyright gps xmp iptc", METADATA_ALL & ~METADATA_OTHER },
    { "all", METADATA_ALL },
};

/* IPTC has a place in some. */
static const struct {
    enum format format;
    bool iptc;
} sources[] = { { FORMAT_JPEG, true }, { FORMAT_PNG, false }, { FORMAT_WEBP, false }, { FORMAT_TIFF, true } };

static const enum format outputs[] = { FORMAT_JPEG, FORMAT_PNG, FORMAT_WEBP };

/* A row for each wish of a JPEG, and for the last three of each other source. */
enum { WISHES = ARRAY_SIZE(wishes), OFTEN = 3 };

static const char rows[WISHES + (ARRAY_SIZE(sources) - 1) * OFTEN];

static size_t source_of(size_t row)
{
    return row < WISHES ? 0 : 1 + (row - WISHES) / OFTEN;
}

static const struct wish *wish_of(size_t row)
{
    return &wishes[row < WISHES ? row : WISHES - OFTEN + (row - WISHES) % OFTEN];
}

/* ---- ExifTool ---- */

/* What it says of a file, a line each. */
struct told {
    struct {
        char group[NAME_BYTES], tag[NAME_BYTES], value[VALUE_BYTES];
    } lines[LINES_MAX];
    size_t count;
};

static void add_line(const char *line, struct told *told)
{
    ck_assert_uint_lt(told->count, LINES_MAX);
    if (sscanf(line, "[%63[^]]] %63s : %127[^\n]", told->lines[told->count].group,
               told->lines[told->count].tag, told->lines[told->count].value) == 3)
        told->count++;
}

/* Starting it is what takes time, so it tells of several files at once. */
static void tell(const char *const *paths, size_t count, struct told *ret)
{
    const char *arguments[ARRAY_SIZE(outputs) + 8] = { "exiftool", "-a", "-G1", "-s", "-n" };
    size_t begun = count > 1 ? 0 : 1; /* of one alone there is no heading */
    struct outside_tool tool;
    char line[1024];

    memcpy(arguments + 5, paths, count * sizeof *paths);
    memset(ret, 0, count * sizeof *ret);
    outside_tool_start(&tool, arguments);
    while (fgets(line, sizeof line, tool.output))
        if (strncmp(line, "======== ", 9) == 0)
            begun++;
        else if (begun > 0)
            add_line(line, &ret[begun - 1]);
    outside_tool_end(&tool, "exiftool");
    ck_assert_uint_eq(begun, count);
}

static const char *find(const struct told *told, const char *group, const char *tag)
{
    for (size_t i = 0; i < told->count; i++)
        if (strcmp(told->lines[i].group, group) == 0 && strcmp(told->lines[i].tag, tag) == 0)
            return told->lines[i].value;
    return NULL;
}

static bool is_iptc(const struct known *value)
{
    return strcmp(value->group, "IPTC") == 0;
}

/* Gives the file at @path the known values in place of what it has. */
static void write_known(const char *path, bool iptc)
{
    static char settings[ARRAY_SIZE(known)][NAME_BYTES * 3];
    const char *arguments[ARRAY_SIZE(known) + 8] = { "exiftool", "-q", "-m", "-n", "-overwrite_original" };
    size_t count = 5;
    struct outside_tool tool;
    char line[1024];

    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (is_iptc(&known[i]) && !iptc)
            continue;
        snprintf(settings[i], sizeof settings[i], "-%s:%s=%s", known[i].group, known[i].tag, known[i].value);
        arguments[count++] = settings[i];
    }
    arguments[count++] = "-ExifIFD:ExifImageWidth=9999";
    arguments[count++] = path;
    outside_tool_start(&tool, arguments);
    while (fgets(line, sizeof line, tool.output))
        ck_abort_msg("exiftool: %s", line);
    outside_tool_end(&tool, "exiftool");
}

/* ---- through the engine ---- */

/* Without any metadata; libtiff has only libvips to call it here. */
static struct stored make_plain(enum format format)
{
    _cleanup_raster_ struct raster raster = raster_paint(WIDTH, HEIGHT, 3, false, raster_slopes);
    struct bytes tiff;

    if (format != FORMAT_TIFF)
        return picture_encode(&raster, &(struct coding){ .format = format });
    tiff = picture_file(WIDTH, HEIGHT, 3, format);
    return (struct stored){ tiff.data, tiff.size };
}

static struct stored make_source(const struct scratch *scratch, size_t source, struct told *ret_told)
{
    _cleanup_stored_ struct stored plain = make_plain(sources[source].format);
    char path[PATH_MAX], name[NAME_BYTES];
    struct stored stored;
    int fd;

    snprintf(name, sizeof name, "source.%s", format_info(sources[source].format)->extension);
    write_known(scratch_write(scratch, name, plain.data, plain.size, path), sources[source].iptc);
    tell((const char *const[]){ path }, 1, ret_told);

    fd = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    stored = stored_read(fd);
    close(fd);
    return stored;
}

/* One file each of @outputs. */
static void tell_outputs(const struct scratch *scratch, const struct stored *source, const char *words,
                         struct told *ret)
{
    char recipe[200], paths[ARRAY_SIZE(outputs)][PATH_MAX];
    const char *names[ARRAY_SIZE(outputs)];
    struct rendered rendered;

    snprintf(recipe, sizeof recipe, "[Output a]\nFormat=jpeg png webp\nWidth=%s\nMetadata=%s\n", OUTPUT_WIDTH,
             words);
    rendering_make(recipe, source, &rendered);
    ck_assert_uint_eq(rendered.output_count, ARRAY_SIZE(outputs));
    for (size_t i = 0; i < ARRAY_SIZE(outputs); i++) {
        _cleanup_stored_ struct stored file = rendering_file(&rendered, i);

        names[i] = scratch_write(scratch, format_info(outputs[i])->name, file.data, file.size, paths[i]);
    }
    rendered_release(&rendered);
    tell(names, ARRAY_SIZE(outputs), ret);
}

static bool is_wanted(const struct known *value, unsigned keep)
{
    return (keep & value->wanted) == value->wanted || (keep & value->or_wanted) == value->or_wanted;
}

static void compare(const struct told *source, const struct told *output, enum format format, unsigned keep)
{
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        const char *before = find(source, known[i].group, known[i].tag);
        const char *after = find(output, known[i].group, known[i].tag);
        bool possible = before && (format == FORMAT_JPEG || !is_iptc(&known[i]));

        if (possible && is_wanted(&known[i], keep))
            ck_assert_msg(after && strcmp(before, after) == 0, "%s: %s is \"%s\", not \"%s\"",
                          format_info(format)->name, known[i].tag, after ?: "gone", before);
        else
            ck_assert_msg(!after, "%s: %s is still \"%s\"", format_info(format)->name, known[i].tag, after);
    }
}

/* The picture's width is told where EXIF is, and is its own. */
static void check_width(const struct told *output, unsigned keep)
{
    const char *width = find(output, "ExifIFD", "ExifImageWidth");

    ck_assert_int_eq(width != NULL, (keep & METADATA_EXIF) != 0);
    if (width)
        ck_assert_str_eq(width, OUTPUT_WIDTH);
}

START_TEST(what_is_asked_for_stays_as_it_was_and_nothing_else_does)
{
    const struct wish *wish = wish_of((size_t)_i);
    _cleanup_(scratch_remove) struct scratch scratch = scratch_make();
    _cleanup_stored_ struct stored source = { NULL, 0 };
    struct told before, after[ARRAY_SIZE(outputs)];

    rendering_start();
    source = make_source(&scratch, source_of((size_t)_i), &before);
    tell_outputs(&scratch, &source, wish->words, after);
    for (size_t i = 0; i < ARRAY_SIZE(outputs); i++) {
        compare(&before, &after[i], outputs[i], wish->keep);
        check_width(&after[i], wish->keep);
        ck_assert_ptr_null(find(&after[i], "ExifTool", "Warning"));
    }
}
END_TEST

/* Else the test above would show nothing. */
START_TEST(the_sources_have_all_that_their_formats_can)
{
    _cleanup_(scratch_remove) struct scratch scratch = scratch_make();
    _cleanup_stored_ struct stored source = { NULL, 0 };
    struct told told;

    rendering_start();
    source = make_source(&scratch, _i, &told);
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        ck_assert_msg(find(&told, known[i].group, known[i].tag) || (is_iptc(&known[i]) && !sources[_i].iptc),
                      "%s has no %s", format_info(sources[_i].format)->name, known[i].tag);
}
END_TEST

UNIT_MAIN("fidelity_metadata", UNIT_ROWS(the_sources_have_all_that_their_formats_can, sources),
          UNIT_ROWS(what_is_asked_for_stays_as_it_was_and_nothing_else_does, rows))
