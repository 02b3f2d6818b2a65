/* SPDX-License-Identifier: GPL-2.0-or-later */
/* engine - see engine.h.
 *
 * The environment: liborc's compiler needs executable memory (VIPS_NOVECTOR, ORC_CODE), modules would load
 * code and their own file formats (VIPSHOME; those that are wanted are loaded by name), large pictures would be
 * spilled to files (VIPS_DISC_THRESHOLD), the locale and time zone would be read from files. */
#include "image/engine.h"

#include "base/cleanup.h"
#include "conf/allowance.h"
#include "image/complaint.h"
#include "image/magick.h"
#include "image/plane_scale.h"

#include <errno.h>
#include <gmodule.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __SANITIZE_THREAD__

/* GLib's locks, which order libvips' threads, are not instrumented: everything they guard would be reported.
 * There are no threads of ours on this side of the wire, so nothing is missed. */
const char *__tsan_default_options(void);
__attribute__((visibility("default"))) const char *__tsan_default_options(void)
{
    return "report_bugs=0:allocator_may_return_null=1";
}

#endif

static const struct {
    const char *name, *value;
} environment[] = {
    { "VIPS_NOVECTOR", "1" },
    { "ORC_CODE", "emulate" },
    { "VIPSHOME", "/nonexistent" },
    { "TZ", "UTC" },
    { "VIPS_DISC_THRESHOLD", "1000000g" },
    { "LC_ALL", "C.UTF-8" },
};

/* All that may read and write pictures; their names as classes, to unblock them, and as operations. */
static const struct {
    const char *class, *operation;
    unsigned allowance; /* ALLOW_*, or 0 */
} codecs[] = {
    { "VipsForeignLoadJpegBuffer", "jpegload_buffer", 0 },
    { "VipsForeignSaveJpegBuffer", "jpegsave_buffer", 0 },
    { "VipsForeignLoadPngBuffer", "pngload_buffer", 0 },
    { "VipsForeignSavePngBuffer", "pngsave_buffer", 0 },
    { "VipsForeignLoadTiffBuffer", "tiffload_buffer", 0 },
    { "VipsForeignSaveTiffBuffer", "tiffsave_buffer", 0 },
    { "VipsForeignLoadWebpBuffer", "webpload_buffer", 0 },
    { "VipsForeignSaveWebpBuffer", "webpsave_buffer", 0 },
    { "VipsForeignLoadNsgifBuffer", "gifload_buffer", 0 },
    { "VipsForeignSaveCgifBuffer", "gifsave_buffer", 0 },
    { "VipsForeignLoadHeifBuffer", "heifload_buffer", 0 },
    { "VipsForeignSaveHeifBuffer", "heifsave_buffer", 0 },
    { "VipsForeignLoadJxlBuffer", "jxlload_buffer", 0 },
    { "VipsForeignSaveJxlBuffer", "jxlsave_buffer", 0 },
    { "VipsForeignLoadSvgBuffer", "svgload_buffer", ALLOW_SVG },
    { "VipsForeignLoadPdfBuffer", "pdfload_buffer", ALLOW_PDF },
    { "VipsForeignLoadJp2kBuffer", "jp2kload_buffer", ALLOW_JP2 },
};

/* What may be a part of libvips, or be beside it; and an operation that tells. */
static const struct {
    const char *name, *operation;
    unsigned allowance; /* ALLOW_*, or 0 */
} modules[] = {
    { "vips-heif", "heifload_buffer", 0 },
    { "vips-jxl", "jxlload_buffer", 0 },
    { "vips-poppler", "pdfload_buffer", ALLOW_PDF },
};

/* Warnings that say nothing about what becomes of a picture. */
static const char *const idle_warnings[] = { "ignoring nclx profile" };

static const char *message_of(const GLogField *fields, gsize count)
{
    for (gsize i = 0; i < count; i++)
        if (strcmp(fields[i].key, "MESSAGE") == 0 && fields[i].length < 0)
            return fields[i].value;
    return "no message";
}

static bool is_idle(const char *warning)
{
    for (size_t i = 0; i < ARRAY_SIZE(idle_warnings); i++)
        if (strstr(warning, idle_warnings[i]))
            return true;
    return false;
}

static void write_line(const char *message)
{
    char line[512];
    int length = snprintf(line, sizeof line, "libvips: %s\n", message);
    ssize_t n;

    if (length >= (int)sizeof line)
        length = sizeof line - 1;
    do
        n = write(STDERR_FILENO, line, (size_t)length);
    while (n < 0 && errno == EINTR);
}

/* What GLib calls critical is a bug. A warning is about the picture: it is kept beside libvips' errors, because
 * libpng's failures come as warnings only. Any of libvips' threads. (The default writer would ask the terminal
 * and the journal, which the sandbox forbids.) */
static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize count, gpointer data)
{
    (void)data;
    if (level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR))
        write_line(message_of(fields, count));
    else if ((level & G_LOG_LEVEL_WARNING) && !is_idle(message_of(fields, count)))
        vips_error(COMPLAINT_WARNING, "%s", message_of(fields, count));
    return G_LOG_WRITER_HANDLED;
}

static int set_environment(struct error *error)
{
    for (size_t i = 0; i < ARRAY_SIZE(environment); i++)
        if (setenv(environment[i].name, environment[i].value, 1) < 0)
            return error_set_errno(error, errno, STAGE_NONE, "cannot set %s", environment[i].name);
    return 0;
}

/* What is for every worker has no bit; what is not has one that somebody has to have asked for. */
static bool is_wanted(unsigned allowance, unsigned allowed)
{
    return allowed == 0 ? allowance == 0 : (allowance & allowed) != 0;
}

/* "", or for whom something is missing. */
static const char *purpose_of(unsigned allowance, char *buffer, size_t size)
{
    char name[32];

    buffer[0] = '\0';
    if (allowance)
        snprintf(buffer, size, "AllowFormats=%s: ", allowance_list(allowance, name, sizeof name));
    return buffer;
}

/* Those that libvips would load by itself are kept out, because there are more of them than these. */
static int load_modules(unsigned allowed, struct error *error)
{
    for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
        char path[sizeof VIPS_LIBRARY_DIRECTORY + 64], purpose[64];

        if (!is_wanted(modules[i].allowance, allowed) ||
            vips_type_find("VipsOperation", modules[i].operation))
            continue;
        snprintf(path, sizeof path, VIPS_LIBRARY_DIRECTORY "/vips-modules-%d.%d/%s." G_MODULE_SUFFIX,
                 vips_version(0), vips_version(1), modules[i].name);
        if (!g_module_open(path, G_MODULE_BIND_LAZY | G_MODULE_BIND_LOCAL))
            return error_set(error, ENOSYS, CLASS_ENVIRONMENT, STAGE_NONE,
                             "%scannot load a module of libvips: %s; install it",
                             purpose_of(modules[i].allowance, purpose, sizeof purpose), g_module_error());
    }
    return 0;
}

static int unblock_codecs(unsigned allowed, struct error *error)
{
    for (size_t i = 0; i < ARRAY_SIZE(codecs); i++) {
        char purpose[64];

        if (!is_wanted(codecs[i].allowance, allowed))
            continue;
        if (!vips_type_find("VipsOperation", codecs[i].operation))
            return error_set(error, ENOSYS, CLASS_ENVIRONMENT, STAGE_NONE,
                             "%slibvips %s has no %s; install one that was built with it",
                             purpose_of(codecs[i].allowance, purpose, sizeof purpose), vips_version_string(),
                             codecs[i].operation);
        vips_operation_block_set(codecs[i].class, FALSE);
    }
    return 0;
}

/* Blocking a class blocks what derives from it. */
static void block_codecs(void)
{
    vips_operation_block_set("VipsForeignLoad", TRUE);
    vips_operation_block_set("VipsForeignSave", TRUE);
}

int engine_start(struct error *error)
{
    int r;

    r = set_environment(error);
    if (r < 0)
        return r;

    g_log_set_writer_func(write_log, NULL, NULL);
    if (VIPS_INIT("darkroom-worker") != 0) {
        engine_error(error, CLASS_ENVIRONMENT, STAGE_NONE, "libvips does not start");
        return -ENOSYS;
    }

    vips_cache_set_max(0);
    vips_concurrency_set(1);
    r = load_modules(0, error);
    block_codecs();
    return r < 0 ? r : unblock_codecs(0, error);
}

/* A module brings more than is wanted of it, so all is blocked again. */
int engine_allow(unsigned allowed, struct error *error)
{
    int r;

    if (allowed == 0)
        return 0;
    r = load_modules(allowed, error);
    if (r < 0)
        return r;

    block_codecs();
    r = unblock_codecs(0, error);
    if (r == 0)
        r = unblock_codecs(allowed, error);
    return r == 0 && (allowed & ALLOW_MAGICK) ? magick_start(error) : r;
}

void engine_stop(void)
{
    plane_scale_forget();
    magick_stop();
    vips_shutdown();
}

int engine_error(struct error *error, enum error_class class, enum error_stage stage, const char *what)
{
    int r = complaint(error, class, stage, what, vips_error_buffer());

    vips_error_clear();
    return r;
}
