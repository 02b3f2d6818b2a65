/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of what outputs keep to know about their pictures, with ExifTool, which writes the sources and reads the
 * outputs: every value that is asked for is there as it was, and no other is.
 *
 * Starting ExifTool is what takes time: once it writes all sources, and once each it reads a source with all its
 * outputs. */
#include "outside_picture.h"
#include "outside_tool.h"
#include "rendering.h"
#include "scratch.h"
#include "unit_main.h"

#include "base/cleanup.h"
#include "base/fd_io.h"

#define OUTPUT_WIDTH "16"

enum { WIDTH = 32, HEIGHT = 24, LINES_MAX = 200, NAME_BYTES = 64, VALUE_BYTES = 128 };

/* What a source is given, and which of METADATA_* keep it, all of one of them. */
static const struct known {
    const char *group, *tag, *value; /* as ExifTool calls them with -G1 -s -n */
    unsigned wanted, or_wanted;
} known[] = {
    { "IFD0", "Artist", "exif-artist", METADATA_EXIF, METADATA_COPYRIGHT },
    { "IFD0", "Copyright", "\u00a9 exif-copyright", METADATA_EXIF, METADATA_COPYRIGHT },
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

/* What there is a place for in the files of a format. */
static const struct kind {
    enum format format;
    bool exif, iptc; /* all have XMP */
    bool source, output;
} kinds[] = {
    { FORMAT_JPEG, true, true, true, true },   { FORMAT_PNG, true, false, true, true },
    { FORMAT_WEBP, true, false, true, true },  { FORMAT_TIFF, true, true, true, true },
    { FORMAT_GIF, false, false, true, true },  { FORMAT_AVIF, true, false, true, true },
    { FORMAT_HEIC, true, false, true, false }, { FORMAT_JXL, true, false, true, true },
};

enum { KINDS = ARRAY_SIZE(kinds), WISHES = ARRAY_SIZE(wishes), OFTEN = 3, FILES_MAX = 1 + KINDS * WISHES };

/* A JPEG's wishes are all of them, the last three those of other sources. */
static size_t first_wish(const struct kind *source)
{
    return source->format == FORMAT_JPEG ? 0 : WISHES - OFTEN;
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

static void tell(const char *const *paths, size_t count, struct told *ret)
{
    const char *arguments[FILES_MAX + 6] = { "exiftool", "-a", "-G1", "-s", "-n" };
    struct outside_tool tool;
    size_t begun = 0;
    char line[1024];

    ck_assert_uint_gt(count, 1); /* of one alone there is no heading */
    memcpy(arguments + 5, paths, count * sizeof *paths);
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

static bool is_of(const struct known *value, const char *group)
{
    return strncmp(value->group, group, strlen(group)) == 0;
}

static bool has_place(const struct kind *kind, const struct known *value)
{
    if (is_of(value, "XMP"))
        return true;
    return is_of(value, "IPTC") ? kind->iptc : kind->exif;
}

/* One of the commands that a single process of ExifTool does: the known values for the sources that have a place for
 * just so much. */
struct command {
    const char *arguments[2 * ARRAY_SIZE(known) + 4 * KINDS];
    size_t count;
};

static void add(struct command *command, const char *argument)
{
    ck_assert_uint_lt(command->count, ARRAY_SIZE(command->arguments) - 1);
    command->arguments[command->count++] = argument;
}

static bool is_alike(const struct kind *a, const struct kind *b)
{
    return a->exif == b->exif && a->iptc == b->iptc;
}

static bool is_first_of_its_like(const struct kind *kind)
{
    for (const struct kind *before = kinds; before < kind; before++)
        if (is_alike(before, kind))
            return false;
    return true;
}

/* ---- sources ---- */

static struct scratch scratch;
static char source_paths[KINDS][PATH_MAX];

/* Without any metadata. */
static void make_plain(size_t source)
{
    _cleanup_raster_ struct raster raster = raster_paint(WIDTH, HEIGHT, RASTER_RGB, false, raster_slopes);
    _cleanup_stored_ struct stored plain = outside_encode(&raster, kinds[source].format, 8);
    char path[PATH_MAX];

    scratch_write(&scratch, strrchr(source_paths[source], '/') + 1, plain.data, plain.size, path);
}

/* Adds a command for all sources like @kind. */
static void add_command(struct command *command, const struct kind *kind)
{
    static char settings[ARRAY_SIZE(known)][NAME_BYTES * 3];

    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        snprintf(settings[i], sizeof settings[i], "-%s:%s=%s", known[i].group, known[i].tag, known[i].value);
        if (has_place(kind, &known[i]))
            add(command, settings[i]);
    }
    if (kind->exif)
        add(command, "-ExifIFD:ExifImageWidth=9999");
    for (size_t i = 0; i < KINDS; i++)
        if (is_alike(&kinds[i], kind))
            add(command, source_paths[i]);
    add(command, "-execute");
}

static void write_known(void)
{
    struct command command = { .arguments = { "exiftool" }, .count = 1 };
    struct outside_tool tool;
    char line[1024];

    for (size_t i = 0; i < KINDS; i++)
        if (is_first_of_its_like(&kinds[i]))
            add_command(&command, &kinds[i]);
    command.arguments[command.count - 1] = "-common_args";
    for (const char *const *common =
             (const char *const[]){ "-q", "-q", "-m", "-n", "-overwrite_original", NULL };
         *common; common++)
        add(&command, *common);
    outside_tool_start(&tool, command.arguments);
    while (fgets(line, sizeof line, tool.output))
        ck_abort_msg("exiftool: %s", line);
    outside_tool_end(&tool, "exiftool");
}

/* Coders have threads, which a process that goes on to fork must not have. */
static void make_plain_in_a_process(void)
{
    pid_t pid = fork();
    int status = -1;

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        for (size_t i = 0; i < KINDS; i++)
            make_plain(i);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}

static void name_sources(void)
{
    for (size_t i = 0; i < KINDS; i++)
        snprintf(source_paths[i], sizeof source_paths[i], "%s/source.%s", scratch.path,
                 format_info(kinds[i].format)->extension);
}

/* Once, before the tests have processes of their own. */
static void make_sources(void)
{
    scratch = scratch_make();
    name_sources();
    make_plain_in_a_process();
    write_known();
}

static void remove_sources(void)
{
    scratch_remove(&scratch);
}

static struct stored read_source(size_t source)
{
    _cleanup_close_ int fd = open(source_paths[source], O_RDONLY | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    return stored_read(fd);
}

/* ---- outputs ---- */

struct output {
    const struct kind *kind;
    const struct wish *wish;
    char path[PATH_MAX];
};

/* Every format, for each wish of @from up to @to. */
static void write_recipe(size_t from, size_t to, char *text, size_t size)
{
    FILE *stream = fmemopen(text, size, "w");

    for (size_t i = from; i < to; i++) {
        fprintf(stream, "[Output o%zu]\nName={stem}-%zu.{ext}\nWidth=" OUTPUT_WIDTH "\n", i, i);
        fprintf(stream, "Metadata=%s\nEffort=avif:0 jxl:3\nFormat=", wishes[i].words);
        for (size_t kind = 0; kind < KINDS; kind++)
            if (kinds[kind].output)
                fprintf(stream, "%s ", format_info(kinds[kind].format)->name);
        fputc('\n', stream);
    }
    fclose(stream);
}

static void write_output(const struct rendered *rendered, size_t index, const struct kind *source,
                         struct output *output)
{
    _cleanup_stored_ struct stored made = rendering_file(rendered, index);
    const char *extension = format_info(output->kind->format)->extension;
    char name[NAME_BYTES];

    ck_assert(format_begins(output->kind->format, made.data, made.size));
    snprintf(name, sizeof name, "%s-%td.%s", format_info(source->format)->name, output->wish - wishes,
             extension);
    scratch_write(&scratch, name, made.data, made.size, output->path);
}

/* They come in the order of the recipe. */
static size_t make_outputs_of(const struct kind *source, const struct stored *file, size_t from, size_t to,
                              struct output *ret)
{
    struct rendered rendered;
    char recipe[4096];
    size_t count = 0;

    write_recipe(from, to, recipe, sizeof recipe);
    rendering_make(recipe, file, &rendered);
    for (size_t i = from; i < to; i++)
        for (size_t kind = 0; kind < KINDS; kind++)
            if (kinds[kind].output) {
                ret[count] = (struct output){ .kind = &kinds[kind], .wish = &wishes[i] };
                write_output(&rendered, count, source, &ret[count]);
                count++;
            }
    ck_assert_uint_eq(rendered.output_count, count);
    rendered_release(&rendered);
    return count;
}

/* A recipe has so many outputs and no more. */
static size_t make_outputs(const struct kind *source, const struct stored *file, struct output *ret)
{
    enum { AT_ONCE = 8 };
    size_t count = 0;

    for (size_t from = first_wish(source); from < WISHES; from += AT_ONCE) {
        size_t to = from + AT_ONCE < WISHES ? from + AT_ONCE : WISHES;

        count += make_outputs_of(source, file, from, to, ret + count);
    }
    return count;
}

static bool is_wanted(const struct known *value, unsigned keep)
{
    return (keep & value->wanted) == value->wanted || (keep & value->or_wanted) == value->or_wanted;
}

static void compare(const struct told *source, const struct told *told, const struct output *output)
{
    const char *name = format_info(output->kind->format)->name, *words = output->wish->words;

    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        const char *before = find(source, known[i].group, known[i].tag);
        const char *after = find(told, known[i].group, known[i].tag);

        if (before && has_place(output->kind, &known[i]) && is_wanted(&known[i], output->wish->keep))
            ck_assert_msg(after && strcmp(before, after) == 0, "%s of \"%s\": %s is \"%s\", not \"%s\"", name,
                          words, known[i].tag, after ?: "gone", before);
        else
            ck_assert_msg(!after, "%s of \"%s\": %s is still \"%s\"", name, words, known[i].tag, after);
    }
}

/* The picture's width is told where EXIF is, and is its own. */
static void check_width(const struct told *source, const struct told *told, const struct output *output)
{
    const char *width = find(told, "ExifIFD", "ExifImageWidth");
    bool wanted =
        find(source, "ExifIFD", "ExifImageWidth") && output->kind->exif && output->wish->keep & METADATA_EXIF;

    ck_assert_int_eq(width != NULL, wanted);
    if (width)
        ck_assert_str_eq(width, OUTPUT_WIDTH);
}

/* A GIF has no EXIF, but a comment. */
static void check_comment(const struct told *source, const struct told *told, const struct output *output)
{
    const char *copyright = find(source, "IFD0", "Copyright"), *comment = find(told, "File", "Comment");
    bool wanted = copyright && output->wish->keep & (METADATA_COPYRIGHT | METADATA_EXIF) &&
                  output->kind->format == FORMAT_GIF;

    ck_assert_int_eq(comment != NULL, wanted);
    if (comment)
        ck_assert_str_eq(comment, copyright);
}

START_TEST(what_is_asked_for_stays_as_it_was_and_nothing_else_does)
{
    static struct told told[FILES_MAX];
    static struct output outputs[FILES_MAX];
    const struct kind *source = &kinds[_i];
    _cleanup_stored_ struct stored file = read_source((size_t)_i);
    const char *paths[FILES_MAX] = { source_paths[_i] };
    size_t count = make_outputs(source, &file, outputs);

    for (size_t i = 0; i < count; i++)
        paths[1 + i] = outputs[i].path;
    tell(paths, 1 + count, told);

    for (size_t i = 0; i < ARRAY_SIZE(known); i++) /* else what follows would show nothing */
        ck_assert_msg(has_place(source, &known[i]) == (find(told, known[i].group, known[i].tag) != NULL),
                      "%s has no %s, or should have none", format_info(source->format)->name, known[i].tag);
    for (size_t i = 0; i < count; i++) {
        const char *warning = find(&told[1 + i], "ExifTool", "Warning");

        ck_assert_msg(!warning, "%s: %s", outputs[i].path, warning);
        compare(told, &told[1 + i], &outputs[i]);
        check_width(told, &told[1 + i], &outputs[i]);
        check_comment(told, &told[1 + i], &outputs[i]);
    }
}
END_TEST

/* libjxl's own program puts what a JPEG has into boxes that are compressed. */
START_TEST(compressed_boxes_are_read)
{
    static struct told told[2];
    _cleanup_stored_ struct stored jpeg = read_source(0), jxl = outside_from_jpeg(&jpeg, FORMAT_JXL),
                                   made = { NULL, 0 };
    struct output output = { .kind = &kinds[1], .wish = &wishes[WISHES - 1] };
    struct rendered rendered;

    ck_assert_ptr_nonnull(memmem(jxl.data, jxl.size, "brobExif", 8));
    ck_assert_ptr_nonnull(memmem(jxl.data, jxl.size, "brobxml ", 8));
    rendering_make("[Output a]\nFormat=png\nMetadata=all\nWidth=" OUTPUT_WIDTH "\n", &jxl, &rendered);
    made = rendering_file(&rendered, 0);
    rendered_release(&rendered);
    scratch_write(&scratch, "boxes.png", made.data, made.size, output.path);
    tell((const char *const[]){ source_paths[0], output.path }, 2, told);
    compare(&told[0], &told[1], &output);
    check_width(&told[0], &told[1], &output);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fidelity_metadata");
    TCase *tests = tcase_create("fidelity_metadata");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, UNIT_TIMEOUT_S);
    tcase_add_unchecked_fixture(tests, make_sources, remove_sources);
    tcase_add_loop_test(tests, what_is_asked_for_stays_as_it_was_and_nothing_else_does, 0, KINDS);
    tcase_add_test(tests, compressed_boxes_are_read);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
