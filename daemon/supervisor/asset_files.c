/* SPDX-License-Identifier: GPL-2.0-or-later */
/* asset_files - see asset_files.h. Fontconfig knows which file a font's name means. */
#include "supervisor/asset_files.h"

#include "base/cleanup.h"
#include "base/fd_io.h"

#include <errno.h>
#include <fcntl.h>
#include <fontconfig/fontconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static int refuse(int errnum, char *problem, size_t problem_size)
{
    if (errnum == ENOENT)
        snprintf(problem, problem_size, "there is no such file");
    else if (errnum == EFBIG)
        snprintf(problem, problem_size, "it is too large: at most %d MB", ASSET_BYTES_MAX >> 20);
    else
        snprintf(problem, problem_size, "it cannot be read: %s", strerrordesc_np(errnum));
    return -errnum;
}

static int read_file(const char *path, void **ret, size_t *ret_size, char *problem, size_t problem_size)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    char *data;
    int r;

    if (fd < 0 || fstat(fd, &st) < 0)
        return refuse(errno, problem, problem_size);
    if (!S_ISREG(st.st_mode)) {
        snprintf(problem, problem_size, "it is no regular file");
        return -EINVAL;
    }
    r = fd_read_file(fd, ASSET_BYTES_MAX, &data, ret_size);
    if (r < 0)
        return refuse(-r, problem, problem_size);
    *ret = data;
    return 0;
}

/* ---- fonts ---- */

static void destroy_pattern(FcPattern **pattern)
{
    if (*pattern)
        FcPatternDestroy(*pattern);
}

static void destroy_config(FcConfig **config)
{
    if (*config)
        FcConfigDestroy(*config);
}

/* Does the font answer to @family? Fontconfig always has some font. */
static bool is_called(FcPattern *font, const char *family)
{
    FcChar8 *name;

    for (int i = 0; FcPatternGetString(font, FC_FAMILY, i, &name) == FcResultMatch; i++)
        if (strcasecmp((const char *)name, family) == 0)
            return true;
    return false;
}

static bool has_fonts(FcConfig *config)
{
    static const FcSetName sets[] = { FcSetSystem, FcSetApplication };

    for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
        const FcFontSet *fonts = FcConfigGetFonts(config, sets[i]);

        if (fonts && fonts->nfont > 0)
            return true;
    }
    return false;
}

/* "DejaVu Sans", "DejaVu Sans:bold": the font that answers to it, or NULL. */
static FcPattern *find_font(FcConfig *config, const char *name)
{
    _cleanup_(destroy_pattern) FcPattern *wanted = FcNameParse((const FcChar8 *)name), *font = NULL;
    _cleanup_free_ char *asked = NULL;
    FcChar8 *family;
    FcResult result;

    if (!wanted || FcPatternGetString(wanted, FC_FAMILY, 0, &family) != FcResultMatch)
        return NULL;
    asked = strdup((const char *)family);

    FcConfigSubstitute(config, wanted, FcMatchPattern);
    FcDefaultSubstitute(wanted);
    font = FcFontMatch(config, wanted, &result);
    return asked && font && is_called(font, asked) ? take_ptr(font) : NULL;
}

/* The engine opens the first font in a file. */
static int read_font(const char *name, void **ret, size_t *ret_size, char *problem, size_t problem_size)
{
    _cleanup_(destroy_config) FcConfig *config = FcInitLoadConfigAndFonts();
    _cleanup_(destroy_pattern) FcPattern *font = config ? find_font(config, name) : NULL;
    FcChar8 *file;
    int index;

    if (!config || !has_fonts(config)) {
        snprintf(problem, problem_size, "there are no fonts: install some, like fonts-dejavu-core");
        return -ENOENT;
    }
    if (!font || FcPatternGetString(font, FC_FILE, 0, &file) != FcResultMatch) {
        snprintf(problem, problem_size,
                 "there is no font of that name: \"fc-list : family\" shows those that there are");
        return -ENOENT;
    }
    if (FcPatternGetInteger(font, FC_INDEX, 0, &index) != FcResultMatch || index != 0) {
        snprintf(problem, problem_size, "it is not the first font in %s, and the others cannot be used",
                 file);
        return -EINVAL;
    }
    return read_file((const char *)file, ret, ret_size, problem, problem_size);
}

static int read_asset(void *context, enum file_kind kind, const char *name, void **ret, size_t *ret_size,
                      char *problem, size_t problem_size)
{
    (void)context;
    if (kind == FILE_FONT && name[0] != '/')
        return read_font(name, ret, ret_size, problem, problem_size);
    return read_file(name, ret, ret_size, problem, problem_size);
}

const struct asset_reader asset_files = { .read = read_asset };
