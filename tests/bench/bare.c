/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bare - the engine without the daemon: what lib/image alone takes for files that tests/bench/run also gives to the
 * daemon.
 *
 *     bench-bare RECIPE-FILE OUT FILE…
 *
 * Renders one file after the other and writes what is made into the directory OUT; nothing is flushed. It is warm when
 * it says "ready", and begins when its standard input has ended. */
#include "base/cleanup.h"
#include "base/fd_io.h"
#include "image/engine.h"
#include "image/render.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SOURCE_BYTES_MAX = 1 << 30 };

__attribute__((noreturn)) static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench-bare: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static struct recipe *read_recipe(const char *path)
{
    struct problems problems = { 0 };
    struct recipe *recipe = NULL;

    if (recipe_load(path, "bench", NULL, &problems, &recipe) < 0)
        die(path, problems.count > 0 ? problems.list[0].text : "it cannot be read");
    return recipe;
}

static char *read_file(const char *path, size_t *ret_size)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *data = NULL;
    int r = fd < 0 ? -errno : fd_read_file(fd, SOURCE_BYTES_MAX, &data, ret_size);

    if (r < 0)
        die(path, strerrordesc_np(-r));
    return data;
}

static void write_output(const char *directory, size_t number, const struct rendered_output *output)
{
    _cleanup_free_ char *path = NULL;
    _cleanup_close_ int fd = -1;
    int r;

    if (asprintf(&path, "%s/%d-%zu-%u", directory, (int)getpid(), number, (unsigned)output->rendition) < 0)
        die(directory, "no memory");
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    r = fd < 0 ? -errno : fd_copy(output->encoded.fd, fd, output->encoded.bytes);
    if (r < 0)
        die(path, strerrordesc_np(-r));
}

static void make(const struct recipe *recipe, const char *path, const char *directory, size_t number)
{
    struct render_options options = {
        .fail_on = FAIL_ON_TRUNCATED,
        .max_pixels = UINT32_MAX,
        .max_memory_bytes = UINT64_MAX,
        .memory_grant_bytes = UINT64_MAX,
        .path = path,
        .portion_us = UINT64_MAX,
    };
    struct error error = { .class = CLASS_NONE };
    struct rendered rendered = { 0 };
    _cleanup_free_ char *data = NULL;
    size_t size;

    data = read_file(path, &size);
    if (render(recipe, data, size, &options, &rendered, &error) < 0)
        die(path, error.text);
    for (size_t i = 0; directory && i < rendered.output_count; i++)
        write_output(directory, number, &rendered.outputs[i]);
    rendered_release(&rendered);
}

/* What a running worker has behind it, too. */
static void warm_up(const struct recipe *recipe, const char *path)
{
    char end;

    make(recipe, path, NULL, 0);
    puts("ready");
    fflush(stdout);
    while (read(STDIN_FILENO, &end, 1) > 0)
        ;
}

int main(int argc, char **argv)
{
    struct error error = { .class = CLASS_NONE };
    _cleanup_recipe_ struct recipe *recipe = NULL;

    if (argc < 4) {
        fputs("usage: bench-bare RECIPE-FILE OUT FILE…\n", stderr);
        return 2;
    }
    recipe = read_recipe(argv[1]);
    if (engine_start(&error) < 0)
        die("engine", error.text);
    warm_up(recipe, argv[3]);
    for (int i = 3; i < argc; i++)
        make(recipe, argv[i], argv[2], (size_t)i);
    return EXIT_SUCCESS;
}
