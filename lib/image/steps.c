/* SPDX-License-Identifier: GPL-2.0-or-later */
/* steps - see steps.h. */
#include "image/steps.h"

#include "image/orient.h"

struct step_kind {
    struct shape (*shape)(struct shape before);
    bool (*needs_memory)(struct shape before);
    int (*apply)(VipsImage *in, VipsImage **ret, struct error *error);
};

static const struct step_kind kinds[OP_COUNT] = {
    [OP_AUTO_ORIENT] = { orient_shape, orient_needs_memory, orient_apply },
};

static const struct step_kind *kind_of(const struct recipe *recipe, size_t index)
{
    return &kinds[recipe->steps[index].op];
}

struct extent steps_extent(const struct recipe *recipe, const struct source *source)
{
    struct shape shape = source->shape;

    for (size_t i = 0; i < recipe->step_count; i++)
        shape = kind_of(recipe, i)->shape(shape);
    return shape.extent;
}

bool steps_need_memory(const struct recipe *recipe, const struct source *source)
{
    struct shape shape = source->shape;

    for (size_t i = 0; i < recipe->step_count; i++) {
        if (kind_of(recipe, i)->needs_memory(shape))
            return true;
        shape = kind_of(recipe, i)->shape(shape);
    }
    return false;
}

int steps_apply(const struct recipe *recipe, VipsImage **image, struct error *error)
{
    for (size_t i = 0; i < recipe->step_count; i++) {
        VipsImage *after = NULL;
        int r = kind_of(recipe, i)->apply(*image, &after, error);

        if (r < 0)
            return r;
        image_replace(image, after);
    }
    return 0;
}
