/* SPDX-License-Identifier: GPL-2.0-or-later */
/* selection - see selection.h. */
#include "image/selection.h"

static struct box rendition_box(const struct recipe *recipe, const struct rendition *rendition)
{
    const struct output_spec *spec = &recipe->outputs[rendition->output];

    return (struct box){
        .fit = spec->fit,
        .width = rendition->width,
        .height = rendition->height,
        .gravity = spec->gravity,
        .enlarge = spec->enlarge,
    };
}

static bool exceeds(const struct recipe *recipe, size_t index, struct extent source)
{
    struct box box = rendition_box(recipe, &recipe->renditions[index]);

    return geometry_exceeds(source, &box);
}

/* A total order of the sizes of one output: by area, then by the numbers in the recipe. */
static bool is_smaller(const struct recipe *recipe, size_t a, size_t b, struct extent source)
{
    const struct rendition *first = &recipe->renditions[a], *second = &recipe->renditions[b];
    struct box first_box = rendition_box(recipe, first), second_box = rendition_box(recipe, second);
    uint64_t first_area = extent_area(geometry_asked(source, &first_box));
    uint64_t second_area = extent_area(geometry_asked(source, &second_box));

    if (first_area != second_area)
        return first_area < second_area;
    if (first->width != second->width)
        return first->width < second->width;
    return first->height < second->height;
}

/* True when no size of its output fits, and none of them is smaller: it stands for all. */
static bool stands_for_output(const struct recipe *recipe, size_t index, struct extent source)
{
    for (size_t i = 0; i < recipe->rendition_count; i++) {
        if (recipe->renditions[i].output != recipe->renditions[index].output)
            continue;
        if (!exceeds(recipe, i, source) || is_smaller(recipe, i, index, source))
            return false;
    }
    return true;
}

void selection_make(const struct recipe *recipe, struct extent source, struct selection *ret)
{
    ret->count = 0;

    for (size_t i = 0; i < recipe->rendition_count; i++) {
        struct box box = rendition_box(recipe, &recipe->renditions[i]);

        if (geometry_exceeds(source, &box) && !stands_for_output(recipe, i, source))
            continue;
        ret->list[ret->count++] = (struct selected){
            .rendition = (uint32_t)i,
            .placement = geometry_place(source, &box),
        };
    }
}

static void include(struct extent *largest, struct extent extent)
{
    if (extent.width > largest->width)
        largest->width = extent.width;
    if (extent.height > largest->height)
        largest->height = extent.height;
}

struct extent selection_wanted(const struct recipe *recipe, struct extent source)
{
    struct extent largest = { 0, 0 };

    for (size_t i = 0; i < recipe->rendition_count; i++) {
        struct box box = rendition_box(recipe, &recipe->renditions[i]);

        box.enlarge = true;
        include(&largest, geometry_place(source, &box).scaled);
    }
    return largest;
}

struct extent selection_largest(const struct selection *selection)
{
    struct extent largest = { 0, 0 };

    for (size_t i = 0; i < selection->count; i++)
        include(&largest, selection->list[i].placement.scaled);
    return largest;
}

bool selection_is_one_window(const struct selection *selection)
{
    for (size_t i = 0; i < selection->count; i++)
        if (selection->list[i].placement.gravity >= GRAVITY_POINTS)
            return false;
    for (size_t i = 1; i < selection->count; i++)
        if (!placement_same_window(&selection->list[0].placement, &selection->list[i].placement))
            return false;
    return true;
}
