/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rendering - files through render(), for tests that look at the results without libvips. */
#ifndef DARKROOM_TESTS_RENDERING_H
#define DARKROOM_TESTS_RENDERING_H

#include "image/engine.h"
#include "image/render.h"
#include "picture_file.h"
#include "recipe_text.h"

#include <check.h>

/* Starts the engine, once a process: each test has its own, unless CK_FORK=no. */
static inline void rendering_start(void)
{
    static bool started;
    struct error error;

    if (!started)
        ck_assert_msg(engine_start(&error) == 0, "%s", error.text);
    started = true;
}

/* Any picture of the usual formats. */
static const struct render_options rendering_plenty = { .max_pixels = UINT64_MAX,
                                                        .max_memory_bytes = UINT64_MAX,
                                                        .memory_grant_bytes = UINT64_MAX };

/* Renders what must succeed, or says what happened otherwise. @ret is released with rendered_release(). */
static inline int rendering_try(const char *recipe_text, const struct stored *source, enum fail_on fail_on,
                                struct rendered *ret, struct error *error)
{
    _cleanup_recipe_ struct recipe *recipe = recipe_of_text(recipe_text);
    struct render_options options = rendering_plenty;

    rendering_start();
    options.fail_on = fail_on;
    *ret = (struct rendered){ 0 };
    return render(recipe, source->data, source->size, &options, ret, error);
}

/* DARKROOM_FIGURES=1: tests that measure say what they measured. */
static inline bool rendering_tells_figures(void)
{
    return getenv("DARKROOM_FIGURES") != NULL;
}

static inline void rendering_make(const char *recipe_text, const struct stored *source, struct rendered *ret)
{
    struct error error;
    int r = rendering_try(recipe_text, source, FAIL_ON_WARNING, ret, &error);

    ck_assert_msg(r == 0, "%s: %s", recipe_text, error.text);
}

static inline struct stored rendering_file(const struct rendered *rendered, size_t index)
{
    ck_assert_uint_lt(index, rendered->output_count);
    return stored_read(rendered->outputs[index].encoded.fd);
}

/* The pixels of the only output of @recipe_text for @source. */
static inline struct raster rendering_single(const char *recipe_text, const struct stored *source)
{
    _cleanup_stored_ struct stored file = { NULL, 0 };
    struct rendered rendered;
    struct raster raster;

    rendering_make(recipe_text, source, &rendered);
    ck_assert_uint_eq(rendered.output_count, 1);
    file = rendering_file(&rendered, 0);
    raster = picture_decode(&file, NULL);
    rendered_release(&rendered);
    return raster;
}

#endif
