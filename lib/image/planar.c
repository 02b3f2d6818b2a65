/* SPDX-License-Identifier: GPL-2.0-or-later */
/* planar - see planar.h. Windows are in the stored orientation until they are turned, when they have their size. */
#include "image/planar.h"

#include "base/cleanup.h"
#include "image/jpeg_planes.h"
#include "image/lossless_jpeg.h"
#include "image/metadata.h"
#include "image/plane_restore.h"
#include "image/plane_scale.h"
#include "image/planes_image.h"
#include "image/steps.h"

#include <errno.h>
#include <math.h>

enum {
    WHOLE_PIXELS_MAX = 8 << 20,    /* of a picture that the decoder does not make smaller */
    WINDOWS_PIXELS_MAX = 32 << 20, /* of all windows, which are held at the same time */
};

/* How the picture is decoded, and how much larger than a window it has to be left for that. It was tried which ratios
 * leave every one of a dozen detailed photographs as good as what vipsthumbnail or sharp makes of it, but for 0.1 dB
 * (test_fidelity_resize); for a file of little quality less is enough. */
static const struct decoding {
    unsigned shrink;
    bool low; /* frequencies alone */
    double margin, coarse_margin;
} decodings[] = {
    { GEOMETRY_SHRINK_MAX, false, 2, 2 },
    { 4, true, 2, 2 },
    { 4, false, 2, 1.3 },
    { 2, false, 2, 1.3 },
    { 1, false, 1, 1 },
};

/* Up to here a file is coarse. */
enum { COARSE_QUALITY = 85 };

enum { LOOK_SIDE = 128 };

/* How much larger than another a window is that it is scaled from. */
static const double cascade_margin = 1.5;

/* ---- the plan ---- */

static bool only_orients(const struct step_list *steps)
{
    for (size_t i = 0; i < steps->count; i++)
        if (steps->list[i].op != OP_AUTO_ORIENT)
            return false;
    return true;
}

/* Of the stored picture, which is turned in the end. */
static struct placement unturned(const struct placement *placement, int turn)
{
    struct orient_sides sides = orient_sides(turn);
    struct extent scaled = placement->scaled, window = placement->window;
    uint32_t right = scaled.width - placement->left - window.width,
             bottom = scaled.height - placement->top - window.height;
    struct placement stored = *placement;

    if (!sides.swapped) {
        stored.left = sides.from_right ? right : placement->left;
        stored.top = sides.from_bottom ? bottom : placement->top;
        return stored;
    }
    stored.scaled = (struct extent){ scaled.height, scaled.width };
    stored.window = (struct extent){ window.height, window.width };
    stored.left = sides.from_right ? bottom : placement->top;
    stored.top = sides.from_bottom ? right : placement->left;
    return stored;
}

static bool is_halved(const struct planar *planar, const struct rendition *rendition,
                      const struct placement *placement)
{
    return planar->source->bands == PLANES_COLOUR && planar_encodes(planar, rendition, placement) &&
           (rendition->format == FORMAT_WEBP || jpeg_planes_halves(&rendition->encoding));
}

static const struct planar_window *find_window(const struct planar *planar, const struct placement *placement,
                                               bool halved)
{
    for (size_t i = 0; i < planar->window_count; i++)
        if (planar->windows[i].halved == halved &&
            placement_same_window(&planar->windows[i].placement, placement))
            return &planar->windows[i];
    return NULL;
}

static bool is_coarse(const struct planar *planar, const struct rendition *rendition,
                      const struct placement *placement)
{
    return planar_encodes(planar, rendition, placement) &&
           rendition->encoding.values[ENCODING_QUALITY] <= COARSE_QUALITY;
}

/* From the largest to the smallest. */
static void insert_window(struct planar *planar, const struct planar_window *window)
{
    size_t at = planar->window_count++;

    while (at > 0 &&
           extent_area(planar->windows[at - 1].placement.scaled) < extent_area(window->placement.scaled)) {
        planar->windows[at] = planar->windows[at - 1];
        at--;
    }
    planar->windows[at] = *window;
}

static void plan_window(struct planar *planar, const struct rendition *rendition,
                        const struct placement *placement)
{
    struct planar_window wanted = {
        .placement = *placement,
        .halved = is_halved(planar, rendition, placement),
        .coarse = is_coarse(planar, rendition, placement),
    };
    const struct planar_window *found = find_window(planar, placement, wanted.halved);

    if (found)
        planar->windows[found - planar->windows].coarse &= wanted.coarse;
    else
        insert_window(planar, &wanted);
}

/* It is scaled down to a fraction of this, and its colours are counted then. */
static void plan_look(struct planar *planar, struct extent picture)
{
    static const struct box box = { .fit = FIT_INSIDE, .width = LOOK_SIDE, .height = LOOK_SIDE };

    planar->looked_at = true;
    planar->look = (struct planar_window){ .placement = geometry_place(picture, &box) };
}

static void plan_windows(struct planar *planar, const struct selection *selection)
{
    for (size_t i = 0; i < selection->count; i++) {
        const struct rendition *rendition = &planar->recipe->renditions[selection->list[i].rendition];

        if (!lossless_jpeg_can(rendition, planar->source))
            plan_window(planar, rendition, &selection->list[i].placement);
    }
}

/* Where they are is known, and there is room for all of them. */
static bool windows_are_possible(const struct planar *planar)
{
    uint64_t pixels = 0;

    for (size_t i = 0; i < planar->window_count; i++) {
        if (planar->windows[i].placement.gravity >= GRAVITY_POINTS)
            return false;
        pixels += extent_area(planar->windows[i].placement.window);
    }
    return pixels <= WINDOWS_PIXELS_MAX;
}

/* A file with all of the chroma is not made of chroma that would have to be enlarged: libjpeg and libvips do that in
 * their own way, which is what everybody's pictures look like. */
static double margin_of(const struct planar *planar, const struct planar_window *window,
                        const struct decoding *decoding)
{
    double margin = window->coarse ? decoding->coarse_margin : decoding->margin;

    return window->halved ? margin : fmax(margin, planar->source->jpeg.coarseness);
}

static bool leaves_enough(const struct planar *planar, struct extent picture, const struct decoding *decoding)
{
    for (size_t i = 0; i < planar->window_count; i++) {
        const struct planar_window *window = &planar->windows[i];

        if (!geometry_leaves(picture, decoding->shrink, window->placement.scaled,
                             margin_of(planar, window, decoding)))
            return false;
    }
    return true;
}

/* NULL: there is none. */
static const struct decoding *find_decoding(const struct planar *planar, struct extent picture)
{
    for (size_t i = 0; i < ARRAY_SIZE(decodings); i++)
        if (leaves_enough(planar, picture, &decodings[i]))
            return &decodings[i];
    return NULL;
}

void planar_plan(struct planar *planar, const struct recipe *recipe, const struct source *source,
                 const struct selection *selection, bool looked_at)
{
    struct extent picture = steps_shape(&recipe->steps, source->shape).extent;
    const struct decoding *decoding;

    planar_release(planar);
    planar->recipe = recipe;
    planar->source = source;
    planar->turn = recipe->steps.count > 0 ? source->shape.orientation : ORIENTATION_UPRIGHT;
    if (!source->planar || !only_orients(&recipe->steps))
        return;
    plan_windows(planar, selection);
    if (looked_at)
        plan_look(planar, picture);
    if (!windows_are_possible(planar))
        return;
    decoding = find_decoding(planar, picture);
    if (!decoding || (decoding->shrink == 1 && extent_area(picture) > WHOLE_PIXELS_MAX))
        return;
    planar->shrink = decoding->shrink;
    planar->low = decoding->low;
}

static uint64_t window_bytes(const struct planar_window *window)
{
    struct extent chroma = planes_chroma(window->placement.window, window->halved);

    return plane_bytes(window->placement.window) + 2 * plane_bytes(chroma);
}

/* While a window is turned it is there twice; and libzimg has lines of a plane under way. */
uint64_t planar_bytes(const struct planar *planar)
{
    enum { LIBZIMG_PLANES = 2 };
    struct extent stored = planar->source->shape.extent;
    uint64_t bytes = jpeg_planes_bytes(stored, planar->shrink, planar->source->bands + LIBZIMG_PLANES),
             turned = 0;

    for (size_t i = 0; i < planar->window_count; i++) {
        uint64_t window = window_bytes(&planar->windows[i]);

        bytes += window;
        turned = window > turned ? window : turned;
    }
    return bytes + turned + (planar->looked_at ? window_bytes(&planar->look) : 0);
}

/* ---- scaling ---- */

/* What of @from, a plane of a picture, @window is; as it is stored, before it is @turn-ed. A chroma plane that is
 * halved reaches over the far edges of an odd window. */
static struct plane_part part_of(const struct plane *from, const struct placement *window, bool halved,
                                 int turn)
{
    struct orient_sides sides = orient_sides(turn);
    double across = from->width / window->scaled.width, down = from->height / window->scaled.height;
    unsigned more_across = halved ? window->window.width % 2 : 0,
             more_down = halved ? window->window.height % 2 : 0;

    return (struct plane_part){
        .left = (window->left - (sides.from_right ? (double)more_across : 0)) * across,
        .top = (window->top - (sides.from_bottom ? (double)more_down : 0)) * down,
        .width = (window->window.width + more_across) * across,
        .height = (window->window.height + more_down) * down,
    };
}

static int scale_planes(const struct planes *from, const struct placement *window, bool halved, int turn,
                        struct planes *ret)
{
    int r = planes_make(ret, from->count, window->window, halved);

    for (size_t i = 0; r == 0 && i < from->count; i++) {
        struct plane_part part = part_of(&from->list[i], window, halved && i > 0, turn);
        struct plane *plane = &ret->list[i];

        r = plane_scale(&from->list[i], &part, plane);
        if (r == 0 && from->means)
            r = plane_restore(plane, part.width / plane->extent.width, part.height / plane->extent.height);
    }
    return r;
}

static bool is_enough(uint32_t from, uint32_t to)
{
    return from >= cascade_margin * to;
}

/* A window that shows all of the picture and is much larger has all that @window needs. */
static bool can_be_scaled_from(const struct planar_window *from, const struct planar_window *window)
{
    struct extent larger = from->placement.scaled, smaller = window->placement.scaled;

    return extent_equal(from->placement.window, larger) && (!from->halved || window->halved) &&
           is_enough(larger.width, smaller.width) && is_enough(larger.height, smaller.height);
}

/* The smallest that is large enough is the last. Windows are turned already. */
static const struct planar_window *find_larger(const struct planar *planar, size_t index)
{
    for (size_t i = index; i > 0; i--)
        if (can_be_scaled_from(&planar->windows[i - 1], &planar->windows[index]))
            return &planar->windows[i - 1];
    return NULL;
}

/* The samples that a halved plane has beyond an odd picture are not the picture's. */
static void settle_coverage(struct planes *planes)
{
    for (size_t i = 1; i < planes->count && planes->halved; i++) {
        planes->list[i].width = planes->list[0].extent.width / 2.0;
        planes->list[i].height = planes->list[0].extent.height / 2.0;
    }
}

static int make_of_picture(const struct planar *planar, const struct planes *picture,
                           struct planar_window *window)
{
    struct placement stored = unturned(&window->placement, planar->turn);
    int r = scale_planes(picture, &stored, window->halved, planar->turn, &window->planes);

    return r == 0 ? planes_turn(&window->planes, planar->turn) : r;
}

static int make_window(struct planar *planar, const struct planes *picture, size_t index)
{
    struct planar_window *window = &planar->windows[index];
    const struct planar_window *larger = find_larger(planar, index);

    if (!larger)
        return make_of_picture(planar, picture, window);
    return scale_planes(&larger->planes, &window->placement, window->halved, ORIENTATION_UPRIGHT,
                        &window->planes);
}

static int make_windows(struct planar *planar, const struct planes *picture)
{
    for (size_t i = 0; i < planar->window_count; i++) {
        int r = make_window(planar, picture, i);

        if (r < 0)
            return r;
        settle_coverage(&planar->windows[i].planes);
    }
    return planar->looked_at ? make_of_picture(planar, picture, &planar->look) : 0;
}

int planar_decode(struct planar *planar, struct error *error)
{
    _cleanup_(planes_release) struct planes picture = { .count = 0 };
    int r;

    r = jpeg_planes_decode(planar->source->data, planar->source->size, planar->shrink, planar->low, &picture);
    if (r == 0)
        r = make_windows(planar, &picture);
    if (r == -ENOMEM)
        return error_set(error, ENOMEM, CLASS_MEMORY, STAGE_DECODE, "no memory for the picture's planes");
    if (r < 0)
        planar_release(planar);
    return r < 0 ? -ENOTSUP : 0;
}

/* ---- outputs ---- */

static int orientation_left(const struct planar *planar)
{
    return planar->turn != ORIENTATION_UPRIGHT ? ORIENTATION_UPRIGHT : planar->source->shape.orientation;
}

/* The quality that is lowered for MaxBytes= may change how much chroma there is. */
static bool keeps_its_sampling(const struct rendition *rendition, const struct output_spec *spec)
{
    return spec->max_bytes == 0 || rendition->format != FORMAT_JPEG ||
           rendition->encoding.values[ENCODING_SUBSAMPLING] != SUBSAMPLING_AUTO ||
           jpeg_planes_halves(&rendition->encoding);
}

/* What is without colours stays so where the file can be, and nobody has to convert anything. */
static bool keeps_its_colours(const struct planar *planar, const struct rendition *rendition,
                              const struct output_spec *spec)
{
    unsigned holds = encoding_holds(rendition->format, &rendition->encoding);

    return !planar->source->profile ||
           ((spec->metadata & METADATA_ICC) && (holds & FORMAT_HOLDS_PROFILE) &&
            (planar->source->bands == PLANES_COLOUR || (holds & FORMAT_HOLDS_GREY)));
}

bool planar_encodes(const struct planar *planar, const struct rendition *rendition,
                    const struct placement *placement)
{
    const struct output_spec *spec = &planar->recipe->outputs[rendition->output];

    return encode_takes_planes(rendition->format) &&
           encoding_is_lossy(rendition->format, &rendition->encoding) && spec->steps.count == 0 &&
           extent_equal(placement->window, placement->canvas) && keeps_its_sampling(rendition, spec) &&
           keeps_its_colours(planar, rendition, spec) &&
           (orientation_left(planar) == ORIENTATION_UPRIGHT ||
            format_holds(rendition->format, FORMAT_HOLDS_ORIENTATION));
}

int planar_encode(const struct planar *planar, const struct rendition *rendition,
                  const struct placement *placement, struct encoded *ret, struct error *error)
{
    const struct output_spec *spec = &planar->recipe->outputs[rendition->output];
    const struct planar_window *window =
        find_window(planar, placement, is_halved(planar, rendition, placement));
    struct attachments all = planar->source->jpeg.attachments;
    const struct metadata_wish wish = {
        .keep = spec->metadata,
        .format = rendition->format,
        .orientation = orientation_left(planar),
        .extent = placement->window,
    };
    _cleanup_(metadata_kept_release) struct metadata_kept kept = { .exif = NULL };

    if (!planar->source->profile) /* one that does not describe the picture */
        all.icc = (struct attachment){ NULL, 0 };
    if (metadata_keep(&all, &wish, &kept) < 0)
        return error_set(error, ENOMEM, CLASS_MEMORY, STAGE_RENDER, "no memory for the metadata");
    return encode_planes(&window->planes, rendition->format, &rendition->encoding, spec->max_bytes,
                         &kept.attachments, ret, error);
}

static int to_image(const struct planar *planar, const struct planar_window *window, VipsImage **ret,
                    struct error *error)
{
    _cleanup_image_ VipsImage *header = NULL;
    int r = source_decode(planar->source, 1, &header, error);

    if (r < 0)
        return r;
    if (planes_to_image(&window->planes, header, orientation_left(planar), ret) != 0)
        return engine_error(error, CLASS_PERMANENT, STAGE_RENDER, "the picture cannot be rendered");
    return 0;
}

int planar_window(const struct planar *planar, const struct placement *placement, VipsImage **ret,
                  struct error *error)
{
    return to_image(planar, find_window(planar, placement, false), ret, error);
}

int planar_look(const struct planar *planar, VipsImage **ret, struct error *error)
{
    return to_image(planar, &planar->look, ret, error);
}

void planar_release(struct planar *planar)
{
    for (size_t i = 0; i < planar->window_count; i++)
        planes_release(&planar->windows[i].planes);
    planes_release(&planar->look.planes);
    planar->window_count = 0;
    planar->looked_at = false;
    planar->shrink = 0;
}
