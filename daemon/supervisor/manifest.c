/* SPDX-License-Identifier: GPL-2.0-or-later */
/* manifest - see manifest.h. */
#include "supervisor/manifest.h"

#include "base/cleanup.h"
#include "base/fd_io.h"
#include "base/path_beneath.h"
#include "base/text.h"
#include "supervisor/digest.h"
#include "supervisor/snapshot.h"
#include "supervisor/srcset.h"
#include "supervisor/url_path.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INDENT = 2 };

/* One manifest while it is written. */
struct writing {
    struct job *job;
    const struct manifest_spec *spec;
    const char *path; /* its own */
    int root;
};

/* ---- parts; each is NULL when memory is out ---- */

static json_t *hash_json(uint64_t hash)
{
    return json_sprintf("%016" PRIx64, hash);
}

static json_t *source_json(const struct job *job)
{
    const struct job_look *look = &job->look;
    json_t *json = json_pack("{s:s, s:I, s:I, s:I, s:I, s:o}", "format", format_info(look->format)->name,
                             "width", (json_int_t)look->width, "height", (json_int_t)look->height, "pages",
                             (json_int_t)look->pages, "bytes", (json_int_t)job->version.size, "xxh3",
                             hash_json(job->source_hash));

    if (json)
        snapshot_set_bytes(json, "path", job->path);
    return json;
}

static json_t *recipe_json(const struct job *job)
{
    return json_pack("{s:s, s:o}", "name", job->recipe->name, "hash", hash_json(job->recipe->hash));
}

static json_t *colour_json(uint32_t colour)
{
    return json_sprintf("#%06" PRIx32, colour);
}

static json_t *format_srcsets(const struct writing *writing, size_t output)
{
    json_t *formats = json_object();

    for (enum format format = 0; formats && format < FORMAT_COUNT; format++) {
        _cleanup_free_ char *srcset = srcset_make(writing->job, output, format, writing->path);

        if (srcset && *srcset == '\0')
            continue;
        if (!srcset || json_object_set_new(formats, format_info(format)->name, json_string(srcset)) < 0) {
            json_decref(formats);
            return NULL;
        }
    }
    return formats;
}

static json_t *srcsets_json(const struct writing *writing)
{
    const struct recipe *recipe = writing->job->recipe;
    json_t *outputs = json_object();

    for (size_t i = 0; outputs && i < recipe->output_count; i++)
        if (json_object_set_new(outputs, recipe->outputs[i].name, format_srcsets(writing, i)) < 0) {
            json_decref(outputs);
            return NULL;
        }
    return outputs;
}

/* ---- an output ---- */

static int digest_output(const struct writing *writing, const struct job_output *output, char *ret)
{
    _cleanup_close_ int fd = -1;

    if (!output->adopted)
        return digest_file(output->fd, output->bytes, ret);
    fd = path_open_beneath(writing->root, output->path, O_RDONLY | O_NONBLOCK, 0);
    return fd < 0 ? fd : digest_file(fd, (uint64_t)output->after.size, ret);
}

/* A name that no reader can mistake: as a reference it is lossless, and "path" has path_b64 beside it where needed. */
static int add_names(const struct writing *writing, const struct job_output *output, json_t *json)
{
    _cleanup_free_ char *href = url_path(writing->path, output->path);

    if (!href)
        return -ENOMEM;
    snapshot_set_bytes(json, "path", output->path);
    return json_object_set_new(json, "href", json_string(href)) < 0 ? -ENOMEM : 0;
}

static int add_digest(const struct writing *writing, const struct job_output *output, json_t *json)
{
    char digest[DIGEST_HEX_BYTES];
    int r = digest_output(writing, output, digest);

    if (r < 0)
        return r;
    return json_object_set_new(json, "sha256", json_string(digest)) < 0 ? -ENOMEM : 0;
}

static int add_output(const struct writing *writing, const struct job_output *output, json_t *outputs)
{
    const struct recipe *recipe = writing->job->recipe;
    const struct rendition *rendition = &recipe->renditions[output->rendition];
    json_t *json =
        json_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "output", recipe->outputs[rendition->output].name,
                  "format", format_info(rendition->format)->name, "page", (json_int_t)output->page, "width",
                  (json_int_t)output->width, "height", (json_int_t)output->height, "bytes",
                  output->adopted ? (json_int_t)output->after.size : (json_int_t)output->bytes);
    int r = json_array_append_new(outputs, json) < 0 ? -ENOMEM : 0;

    if (r == 0)
        r = add_names(writing, output, json);
    if (r == 0 && (writing->spec->include & MANIFEST_HASH))
        r = add_digest(writing, output, json);
    return r;
}

/* In the order of their places, which is not that in which the job has them. */
static int compare_places(const void *a, const void *b)
{
    uint32_t one = job_output_place(*(const struct job_output *const *)a);
    uint32_t other = job_output_place(*(const struct job_output *const *)b);

    return one < other ? -1 : one > other;
}

/* The pictures that there are to tell of. The caller frees *@ret. How many, or -ENOMEM. */
static ssize_t list_pictures(const struct job *job, const struct job_output ***ret)
{
    const struct job_output **list = calloc(job->output_count + 1, sizeof *list);
    size_t count = 0;

    if (!list)
        return -ENOMEM;
    for (size_t i = 0; i < job->output_count; i++)
        if (job->outputs[i].made && job->outputs[i].rendition != RENDITION_MANIFEST)
            list[count++] = &job->outputs[i];
    qsort(list, count, sizeof *list, compare_places);
    *ret = list;
    return (ssize_t)count;
}

/* ---- all of it ---- */

static int fill(const struct writing *writing, const struct job_output **pictures, size_t count, json_t *json)
{
    const struct job *job = writing->job;
    unsigned include = writing->spec->include;
    json_t *outputs = json_array();
    int failed = 0;

    failed |= json_object_set_new(json, "version", json_integer(MANIFEST_VERSION));
    failed |= json_object_set_new(json, "source", source_json(job));
    failed |= json_object_set_new(json, "recipe", recipe_json(job));
    failed |= json_object_set_new(json, "outputs", outputs);
    if (include & MANIFEST_BLURHASH)
        failed |= json_object_set_new(json, "blurhash", json_string(job->look.blurhash));
    if (include & MANIFEST_COLOUR)
        failed |= json_object_set_new(json, "dominant_colour", colour_json(job->look.colour));
    if (include & MANIFEST_SRCSET)
        failed |= json_object_set_new(json, "srcset", srcsets_json(writing));
    if (failed)
        return -ENOMEM;

    for (size_t i = 0; i < count; i++) {
        int r = add_output(writing, pictures[i], outputs);

        if (r < 0)
            return r;
    }
    return 0;
}

/* The text, with a line's end at its end; the caller frees *@ret. */
static int make_text(const struct writing *writing, const struct job_output **pictures, size_t count,
                     char **ret)
{
    _cleanup_free_ char *body = NULL;
    json_t *json = json_object();
    int r = json ? fill(writing, pictures, count, json) : -ENOMEM;

    if (r == 0)
        body = json_dumps(json, JSON_SORT_KEYS | JSON_INDENT(INDENT));
    json_decref(json);
    if (r < 0)
        return r;
    return body && asprintf(ret, "%s\n", body) >= 0 ? 0 : -ENOMEM;
}

static int seal_text(const char *text, struct job_output *manifest)
{
    _cleanup_close_ int fd = fd_memory("manifest", text, strlen(text));
    int r = fd < 0 ? fd : fd_seal(fd);

    if (r < 0)
        return r;
    close_fd(manifest->fd);
    manifest->fd = take_fd(&fd);
    manifest->bytes = strlen(text);
    return 0;
}

static int fail(struct job *job, int r, const char *path)
{
    job_fail_at_output(job, -r, "write the manifest", path);
    return r;
}

int manifest_write(struct job *job, int root)
{
    struct job_output *manifest = job_find_output(job, RENDITION_MANIFEST, 1);
    struct writing writing = { .job = job, .spec = &job->recipe->manifest, .root = root };
    _cleanup_free_ const struct job_output **pictures = NULL;
    _cleanup_free_ char *text = NULL;
    ssize_t count;
    int r;

    if (!manifest || !manifest->made || manifest->adopted)
        return 0;
    count = list_pictures(job, &pictures);
    if (count == 0) {
        manifest->made = false;
        return 0;
    }

    writing.path = manifest->path;
    r = count < 0 ? (int)count : make_text(&writing, pictures, (size_t)count, &text);
    if (r == 0)
        r = seal_text(text, manifest);
    return r < 0 ? fail(job, r, manifest->path) : 0;
}

bool manifest_is_like(int fd)
{
    char first;

    return pread(fd, &first, 1, 0) == 1 && first == '{';
}
