/* SPDX-License-Identifier: GPL-2.0-or-later */
/* typefaces - see typefaces.h.
 *
 * poppler looks for its tables when a document is opened while no other is: so one is kept open. */
#include "image/typefaces.h"

#include "base/cleanup.h"
#include "conf/allowance.h"
#include "image/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <fontconfig/fontconfig.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define POPPLER_TABLES "/usr/share/poppler"

/* One empty page. */
static const char empty_pdf[] = "%PDF-1.4\n"
                                "1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
                                "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
                                "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 8 8]>>endobj\n"
                                "xref\n0 4\n"
                                "0000000000 65535 f \n"
                                "0000000009 00000 n \n"
                                "0000000052 00000 n \n"
                                "0000000101 00000 n \n"
                                "trailer<</Size 4/Root 1 0 R>>\n"
                                "startxref\n160\n%%EOF\n";

static bool may_have_text(unsigned allowed)
{
    return (allowed & (ALLOW_SVG | ALLOW_PDF)) != 0;
}

static int load_fonts(struct error *error)
{
    /* Never looked for again: whether the files have changed cannot be asked in a sandbox. */
    if (!FcInit() || !FcConfigSetRescanInterval(NULL, 0))
        return error_set(error, ENOENT, CLASS_ENVIRONMENT, STAGE_NONE,
                         "fontconfig's list of fonts cannot be read");
    return 0;
}

/* Nobody closes it. */
static int keep_document(struct error *error)
{
    VipsImage *document = NULL;

    if (vips_pdfload_buffer((void *)empty_pdf, sizeof empty_pdf - 1, &document, NULL) != 0)
        return engine_error(error, CLASS_ENVIRONMENT, STAGE_NONE, "poppler does not start");
    return 0;
}

int typefaces_load(unsigned allowed, struct error *error)
{
    int r = may_have_text(allowed) ? load_fonts(error) : 0;

    return r == 0 && (allowed & ALLOW_PDF) ? keep_document(error) : r;
}

/* The file of what fontconfig takes when it is asked for nothing special, or NULL; the caller destroys *@ret. */
static const char *usual_font(FcPattern **ret)
{
    FcPattern *wanted = FcNameParse((const FcChar8 *)"sans-serif");
    FcChar8 *file = NULL;
    FcResult result;

    FcConfigSubstitute(NULL, wanted, FcMatchPattern);
    FcDefaultSubstitute(wanted);
    *ret = FcFontMatch(NULL, wanted, &result);
    FcPatternDestroy(wanted);
    return *ret && FcPatternGetString(*ret, FC_FILE, 0, &file) == FcResultMatch ? (const char *)file : NULL;
}

static int check_font(struct error *error)
{
    FcPattern *font = NULL;
    const char *file = usual_font(&font);
    _cleanup_close_ int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
    int r = 0;

    if (!file)
        r = error_set(
            error, ENOENT, CLASS_ENVIRONMENT, STAGE_NONE,
            "AllowFormats=svg or pdf needs fonts, and there are none: install some, like fonts-dejavu-core");
    else if (fd < 0)
        r = error_set_errno(error, errno, STAGE_NONE,
                            "AllowFormats=svg or pdf needs fonts, and %s cannot be opened", file);
    if (font)
        FcPatternDestroy(font);
    return r;
}

int typefaces_check(unsigned allowed, struct error *error)
{
    return may_have_text(allowed) ? check_font(error) : 0;
}

static bool is_below(const char *path, const char *directory)
{
    size_t length = strlen(directory);

    return strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static bool is_below_any(const char *path, const char *const *places, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_below(path, places[i]))
            return true;
    return false;
}

static int add(const char *place, const char **places, size_t *count, struct error *error)
{
    if (is_below_any(place, places, *count))
        return 0;
    if (*count == TYPEFACES_PLACES_MAX)
        return error_set(error, E2BIG, CLASS_ENVIRONMENT, STAGE_NONE,
                         "fonts are in more than %d places; see fonts-conf(5)", TYPEFACES_PLACES_MAX);
    places[(*count)++] = place;
    return 0;
}

/* The directory of @path in @ret; false for what is in none, or too long. */
static bool directory_of(const char *path, char ret[PATH_MAX])
{
    const char *slash = strrchr(path, '/');

    if (!slash || slash == path || slash - path >= PATH_MAX)
        return false;
    memcpy(ret, path, (size_t)(slash - path));
    ret[slash - path] = '\0';
    return true;
}

/* Where the file of a font really is: it, or a directory above it, can be a symbolic link. */
struct real {
    char directory[PATH_MAX], path[PATH_MAX]; /* the last directory that was asked for, and where that is */
};

static bool is_link(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
}

/* What has to be readable for @file: where its directory is, or the file alone that it leads to, as nothing else there is
 * a font of this system. NULL when it is nowhere. There are thousands of fonts, in few directories. */
static const char *real_place(struct real *real, const char *file)
{
    char path[PATH_MAX];

    if (is_link(file))
        return realpath(file, path) ? g_intern_string(path) : NULL;
    if (!directory_of(file, path))
        return NULL;
    if (strcmp(path, real->directory) != 0) {
        memcpy(real->directory, path, sizeof path);
        if (!realpath(path, real->path))
            real->path[0] = '\0';
    }
    return real->path[0] ? g_intern_string(real->path) : NULL;
}

static int add_real(const char **places, size_t *count, struct error *error)
{
    FcFontSet *fonts = FcConfigGetFonts(NULL, FcSetSystem);
    struct real real = { .directory = "" };
    int r = 0;

    for (int i = 0; fonts && i < fonts->nfont && r == 0; i++) {
        FcChar8 *file = NULL;
        const char *place = NULL;

        if (FcPatternGetString(fonts->fonts[i], FC_FILE, 0, &file) == FcResultMatch)
            place = real_place(&real, (const char *)file);
        if (place)
            r = add(place, places, count, error);
    }
    return r;
}

/* Nothing is below it, and a file that is named for a directory by mistake is not to be read. */
static bool is_file(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && !S_ISDIR(status.st_mode);
}

/* fontconfig's list has what is below its directories as well, behind them. */
int typefaces_places(unsigned allowed, const char *ret[TYPEFACES_PLACES_MAX + 1], struct error *error)
{
    FcStrList *list = may_have_text(allowed) ? FcConfigGetFontDirs(NULL) : NULL;
    const FcChar8 *directory;
    size_t count = 0;
    int r = 0;

    if (allowed & ALLOW_PDF)
        ret[count++] = POPPLER_TABLES;
    while (list && r == 0 && (directory = FcStrListNext(list)))
        if (!is_file((const char *)directory))
            r = add((const char *)directory, ret, &count, error);
    if (list)
        FcStrListDone(list);
    if (list && r == 0)
        r = add_real(ret, &count, error);
    ret[count] = NULL;
    return r;
}
