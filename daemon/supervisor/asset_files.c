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

/* "DejaVu Sans", "DejaVu Sans:bold": the path of its file, which the caller frees; NULL when there is none, or it is not
 * the first in its file: the engine opens that. */
static char *find_font(const char *name)
{
    _cleanup_(destroy_config) FcConfig *config = FcInitLoadConfigAndFonts();
    _cleanup_(destroy_pattern) FcPattern *wanted = FcNameParse((const FcChar8 *)name), *font = NULL;
    _cleanup_free_ char *asked = NULL;
    FcChar8 *family, *file;
    FcResult result;
    int index = 0;

    if (!config || !wanted || FcPatternGetString(wanted, FC_FAMILY, 0, &family) != FcResultMatch)
        return NULL;
    asked = strdup((const char *)family);

    FcConfigSubstitute(config, wanted, FcMatchPattern);
    FcDefaultSubstitute(wanted);
    font = FcFontMatch(config, wanted, &result);
    if (!asked || !font || !is_called(font, asked) ||
        FcPatternGetInteger(font, FC_INDEX, 0, &index) != FcResultMatch || index != 0 ||
        FcPatternGetString(font, FC_FILE, 0, &file) != FcResultMatch)
        return NULL;
    return strdup((const char *)file);
}

static int read_font(const char *name, void **ret, size_t *ret_size, char *problem, size_t problem_size)
{
    _cleanup_free_ char *path = find_font(name);

    if (!path) {
        snprintf(problem, problem_size,
                 "there is no font of that name in a file of its own: \"fc-list : family\" shows those that "
                 "there are");
        return -ENOENT;
    }
    return read_file(path, ret, ret_size, problem, problem_size);
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
