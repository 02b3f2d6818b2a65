/* SPDX-License-Identifier: GPL-2.0-or-later */
/* op_table - see op_table.h. A new operation is a row here and a row in the engine (image/steps.c). */
#include "recipe/op_table.h"

#include "base/cleanup.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
    SIDE_MAX = 65500, /* pixels, as Width= and Height= */
    LENGTH_MAX = 65500,
    TEXT_BYTES_MAX = 1000,
    PATH_BYTES_MAX = 4095,
    WHOLE_TURN = 360,
};

/* Rules, by their kind. */
/* clang-format off */
#define NUMBER(least, most, units) { .kind = VALUE_NUMBER, .min = (least), .max = (most), .unit = (units) }
#define BOOLEAN { .kind = VALUE_BOOLEAN }
#define CHOICE(words) { .kind = VALUE_CHOICE, .choices = (words) }
#define COLOUR { .kind = VALUE_COLOUR }
#define LENGTH(least, whole) { .kind = VALUE_LENGTH, .min = (least), .max = LENGTH_MAX, .of = (whole) }
#define SIZE(allowed) { .kind = VALUE_SIZE, .min = 0.01, .max = SIDE_MAX, .forms = (allowed) }
#define TEXT { .kind = VALUE_TEXT, .min = 1, .max = TEXT_BYTES_MAX }
#define FILE_OF(what, words) { .kind = VALUE_FILE, .max = PATH_BYTES_MAX, .file = (what), .choices = (words) }
/* clang-format on */
#define AT(field) offsetof(struct step, field)

static const char *const fillings[] = { "colour", "mirror", "blur", NULL };
static const char *const shapes[] = { "ellipse", "circle", "diamond", NULL };
static const char *const profiles[] = { "srgb", "display-p3", "adobe-rgb", NULL };
static const char *const intents[] = { "perceptual", "relative", "saturation", "absolute", NULL };
static const char *const depths[] = { "8", "16", NULL };

static const struct op_arg resize_args[] = {
    { "size", SIZE(SIZE_SIDES | SIZE_FREE_SIDE | SIZE_PERCENT), AT(resize.size), NULL,
      "what the picture is brought into" },
    { "fit", CHOICE(fit_names), AT(resize.fit), "inside", "how it is brought into that" },
    { "gravity", CHOICE(gravity_names), AT(resize.gravity), "centre",
      "which part stays where it is cropped, and where it lies where it is filled" },
    { "enlarge", BOOLEAN, AT(resize.enlarge), "no", "whether it may become larger" },
    { "background", COLOUR, AT(resize.background), "transparent", "what it is filled with" },
};

static const struct op_arg crop_args[] = {
    { "size", SIZE(SIZE_SIDES | SIZE_PERCENT | SIZE_RATIO), AT(crop.size), NULL,
      "what is left, at most the picture; of a ratio the largest part that has it" },
    { "gravity", CHOICE(gravity_names), AT(crop.gravity), "centre", "which part" },
    { "x", LENGTH(0, OF_WIDTH), AT(crop.x), "0",
      "how far from the left, or from the right where that is the gravity's" },
    { "y", LENGTH(0, OF_HEIGHT), AT(crop.y), "0",
      "how far from the top, or from the bottom where that is the gravity's" },
};

static const struct op_arg rotate_args[] = {
    { "angle", NUMBER(-WHOLE_TURN, WHOLE_TURN, NULL), AT(rotate.angle), NULL,
      "degrees, clockwise; quarter turns are exact" },
    { "background", COLOUR, AT(rotate.background), "transparent", "what the corners are filled with" },
};

static const struct op_arg trim_args[] = {
    { "threshold", NUMBER(0, 100, "%"), AT(trim.threshold), "10%",
      "how far from the first pixel's colour an edge may be" },
    { "margin", LENGTH(0, OF_SHORTER_SIDE), AT(trim.margin), "0", "how much of the edge stays" },
};

static const struct op_arg extend_args[] = {
    { "size", SIZE(SIZE_SIDES | SIZE_RATIO), AT(extend.size), NULL,
      "what the picture is laid on, at least the picture" },
    { "with", CHOICE(fillings), AT(extend.with), "colour", "what is around it" },
    { "gravity", CHOICE(gravity_point_names), AT(extend.gravity), "centre", "where the picture lies" },
    { "colour", COLOUR, AT(extend.colour), "white", "of what is around it" },
};

static const struct op_arg border_args[] = {
    { "width", LENGTH(0.01, OF_SHORTER_SIDE), AT(border.width), NULL, "of each side" },
    { "colour", COLOUR, AT(border.colour), "black", "of the border" },
};

static const struct op_arg frame_args[] = {
    { "width", LENGTH(0.01, OF_SHORTER_SIDE), AT(frame.width), "3%", "of the frame" },
    { "colour", COLOUR, AT(frame.colour), "black", "of the frame" },
    { "mat", LENGTH(0, OF_SHORTER_SIDE), AT(frame.mat), "6%", "width of the mat between frame and picture" },
    { "mat-colour", COLOUR, AT(frame.mat_colour), "white", "of the mat" },
    { "line", LENGTH(0, OF_SHORTER_SIDE), AT(frame.line), "0", "width of a line around the picture" },
    { "line-colour", COLOUR, AT(frame.line_colour), "black", "of the line" },
};

static const struct op_arg round_corners_args[] = {
    { "radius", LENGTH(0.01, OF_SHORTER_SIDE), AT(round_corners.radius), "5%",
      "of the corners, at most half of the shorter side" },
};

static const struct op_arg mask_args[] = {
    { "shape", FILE_OF(FILE_PICTURE, shapes), AT(mask.shape), NULL,
      "what stays: as large as the picture; of a picture what is white and opaque" },
    { "invert", BOOLEAN, AT(mask.invert), "no", "whether all else stays" },
};

static const struct op_arg flatten_args[] = {
    { "background", COLOUR, AT(flatten.background), "white", "what is seen through the picture" },
};

/* Of sharpen and median the radius is a number and no length: it is of the pixels that there are, and says nothing of
 * what the picture shows, so a drawing (image/vector.h) is enlarged for them as for any other step. */
static const struct op_arg sharpen_args[] = {
    { "radius", NUMBER(0.3, 20, "px"), AT(sharpen.radius), "1px", "of the edges that are made clearer" },
    { "amount", NUMBER(0, 500, "%"), AT(sharpen.amount), "80%", "how much" },
    { "threshold", NUMBER(0, 100, "%"), AT(sharpen.threshold), "1%", "differences that are left alone" },
};

static const struct op_arg blur_args[] = {
    { "radius", LENGTH(0.1, OF_SHORTER_SIDE), AT(blur.radius), NULL,
      "the standard deviation of the Gaussian, at most 500 pixels" },
};

static const struct op_arg median_args[] = {
    { "radius", NUMBER(1, 10, "px"), AT(median.radius), "1px", "of the square whose middle value is taken" },
};

static const struct op_arg pixelate_args[] = {
    { "size", LENGTH(1, OF_SHORTER_SIDE), AT(pixelate.size), "5%", "of the squares" },
    { "x", LENGTH(0, OF_WIDTH), AT(pixelate.x), "0", "how far from the left the region begins" },
    { "y", LENGTH(0, OF_HEIGHT), AT(pixelate.y), "0", "how far from the top the region begins" },
    { "width", LENGTH(0.01, OF_WIDTH), AT(pixelate.width), "100%", "of the region" },
    { "height", LENGTH(0.01, OF_HEIGHT), AT(pixelate.height), "100%", "of the region" },
};

static const struct op_arg sepia_args[] = {
    { "amount", NUMBER(0, 100, "%"), AT(amount.amount), "100%", "how much of it" },
};

static const struct op_arg tint_args[] = {
    { "colour", COLOUR, AT(tint.colour), NULL, "that mid-greys become" },
    { "amount", NUMBER(0, 100, "%"), AT(tint.amount), "100%", "how much of it" },
};

static const struct op_arg duotone_args[] = {
    { "dark", COLOUR, AT(duotone.dark), NULL, "that black becomes" },
    { "light", COLOUR, AT(duotone.light), NULL, "that white becomes" },
};

static const struct op_arg factor_args[] = {
    { "amount", NUMBER(0, 1000, "%"), AT(amount.amount), NULL, "100% leaves it as it is" },
};

static const struct op_arg hue_args[] = {
    { "angle", NUMBER(-WHOLE_TURN, WHOLE_TURN, NULL), AT(amount.amount), NULL,
      "degrees on the colour wheel" },
};

static const struct op_arg gamma_args[] = {
    { "gamma", NUMBER(0.1, 10, NULL), AT(amount.amount), NULL, "above 1 makes middle tones lighter" },
};

static const struct op_arg normalise_args[] = {
    { "clip", NUMBER(0, 40, "%"), AT(stretch.clip), "1%",
      "of the pixels at either end that may become black or white" },
};

static const struct op_arg auto_level_args[] = {
    { "clip", NUMBER(0, 40, "%"), AT(stretch.clip), "0.5%",
      "of the pixels at either end of each channel that may be lost" },
};

static const struct op_arg watermark_args[] = {
    { "file", FILE_OF(FILE_PICTURE, NULL), AT(watermark.file), NULL, "the picture that is laid over" },
    { "gravity", CHOICE(gravity_point_names), AT(watermark.gravity), "south-east", "where" },
    { "width", LENGTH(0.01, OF_WIDTH), AT(watermark.width), "20%", "of the watermark" },
    { "margin", LENGTH(0, OF_SHORTER_SIDE), AT(watermark.margin), "2%",
      "how far from the sides; between tiles" },
    { "opacity", NUMBER(0, 100, "%"), AT(watermark.opacity), "100%", "of the watermark" },
    { "angle", NUMBER(-WHOLE_TURN, WHOLE_TURN, NULL), AT(watermark.angle), "0", "degrees, clockwise" },
    { "tile", BOOLEAN, AT(watermark.tile), "no", "whether it is repeated all over the picture" },
};

static const struct op_arg text_args[] = {
    { "text", TEXT, AT(text.text), NULL, "with fields like {stem}" },
    { "font", FILE_OF(FILE_FONT, NULL), AT(text.font), "DejaVu Sans", "the font" },
    { "size", LENGTH(1, OF_SHORTER_SIDE), AT(text.size), "4%", "of the font" },
    { "colour", COLOUR, AT(text.colour), "white", "of the letters" },
    { "background", COLOUR, AT(text.background), "#00000080", "of the box behind them" },
    { "gravity", CHOICE(gravity_point_names), AT(text.gravity), "south-east", "where" },
    { "margin", LENGTH(0, OF_SHORTER_SIDE), AT(text.margin), "2%", "how far from the sides; between tiles" },
    { "opacity", NUMBER(0, 100, "%"), AT(text.opacity), "100%", "of letters and box" },
    { "angle", NUMBER(-WHOLE_TURN, WHOLE_TURN, NULL), AT(text.angle), "0", "degrees, clockwise" },
    { "tile", BOOLEAN, AT(text.tile), "no", "whether it is repeated all over the picture" },
};

static const struct op_arg profile_args[] = {
    { "profile", FILE_OF(FILE_PROFILE, profiles), AT(profile.profile), NULL,
      "what the colours are converted to; it is then the picture's" },
    { "intent", CHOICE(intents), AT(profile.intent), "relative",
      "what becomes of colours that it does not have" },
    { "black-point", BOOLEAN, AT(profile.black_point), "yes", "whether black stays black" },
};

static const struct op_arg depth_args[] = {
    { "bits", CHOICE(depths), AT(depth.bits), NULL, "of each channel" },
};

static const struct op_arg density_args[] = {
    { "dpi", NUMBER(1, 10000, "dpi"), AT(density.dpi), NULL,
      "pixels an inch, for printing; no pixel changes" },
};

#define ARGS(list, count_positional)                                                                         \
    .args = (list), .arg_count = ARRAY_SIZE(list), .positional = (count_positional)

static const struct op_info ops[OP_COUNT] = {
    [OP_AUTO_ORIENT] = { "auto-orient",
                         "Turns and mirrors the picture as its EXIF orientation says, and forgets that.",
                         .example = "auto-orient", .lossless = "" },
    [OP_RESIZE] = { "resize", "Makes the picture smaller, or larger when asked.", ARGS(resize_args, 1),
                    .example = "resize 1600x1600" },
    [OP_CROP] = { "crop", "Cuts a part out of the picture.", ARGS(crop_args, 1),
                  .example = "crop 3:2 gravity=attention", .lossless = "its gravity is a point" },
    [OP_ROTATE] = { "rotate", "Turns the picture.", ARGS(rotate_args, 1),
                    .example = "rotate -1.5 background=white", .lossless = "it is by quarter turns" },
    [OP_FLIP] = { "flip", "Mirrors the picture top to bottom.", .example = "flip", .lossless = "" },
    [OP_FLOP] = { "flop", "Mirrors the picture left to right.", .example = "flop", .lossless = "" },
    [OP_TRIM] = { "trim", "Cuts away edges of one colour, that of the first pixel.", ARGS(trim_args, 1),
                  .example = "trim 10% margin=2%" },
    [OP_EXTEND] = { "extend", "Lays the picture on a larger canvas.", ARGS(extend_args, 1),
                    .example = "extend 1:1 with=blur" },
    [OP_BORDER] = { "border", "Puts a border around the picture.", ARGS(border_args, 2),
                    .example = "border 2% white" },
    [OP_FRAME] = { "frame", "Puts a frame with a mat around the picture.", ARGS(frame_args, 2),
                   .example = "frame 3% #3b2a1a mat=6%" },
    [OP_ROUND_CORNERS] = { "round-corners", "Rounds the corners off; what is cut away is transparent.",
                           ARGS(round_corners_args, 1), .example = "round-corners 24px" },
    [OP_MASK] = { "mask", "Makes all but a shape transparent.", ARGS(mask_args, 1),
                  .example = "mask circle" },
    [OP_FLATTEN] = { "flatten", "Lays the picture on a colour, so that nothing is transparent.",
                     ARGS(flatten_args, 1), .example = "flatten white" },
    [OP_SHARPEN] = { "sharpen", "Makes edges clearer (unsharp mask).", ARGS(sharpen_args, 2),
                     .example = "sharpen 1px 80%" },
    [OP_BLUR] = { "blur", "Blurs the picture.", ARGS(blur_args, 1), .example = "blur 2%" },
    [OP_MEDIAN] = { "median", "Takes specks and noise away.", ARGS(median_args, 1), .example = "median 2px" },
    [OP_PIXELATE] = { "pixelate", "Makes the picture, or a region of it, unrecognisable squares.",
                      ARGS(pixelate_args, 1), .example = "pixelate 3% x=40% y=10% width=20% height=15%" },
    [OP_GREY] = { "grey", "Takes the colours away.", .example = "grey" },
    [OP_SEPIA] = { "sepia", "Gives the picture the brown tones of an old print.", ARGS(sepia_args, 1),
                   .example = "sepia 70%" },
    [OP_TINT] = { "tint", "Makes the picture shades of one colour; black and white stay.", ARGS(tint_args, 2),
                  .example = "tint #336699" },
    [OP_DUOTONE] = { "duotone", "Makes the picture shades between two colours.", ARGS(duotone_args, 2),
                     .example = "duotone #1b2a49 #f4e9cd" },
    [OP_BRIGHTNESS] = { "brightness", "Makes the picture lighter or darker.", ARGS(factor_args, 1),
                        .example = "brightness 110%" },
    [OP_CONTRAST] = { "contrast", "Makes differences of lightness larger or smaller.", ARGS(factor_args, 1),
                      .example = "contrast 120%" },
    [OP_SATURATION] = { "saturation", "Makes colours stronger or weaker.", ARGS(factor_args, 1),
                        .example = "saturation 80%" },
    [OP_HUE] = { "hue", "Turns colours on the colour wheel.", ARGS(hue_args, 1), .example = "hue 30" },
    [OP_GAMMA] = { "gamma", "Makes middle tones lighter or darker.", ARGS(gamma_args, 1),
                   .example = "gamma 1.2" },
    [OP_NORMALISE] = { "normalise", "Stretches the tones from black to white; colours keep their hue.",
                       ARGS(normalise_args, 1), .example = "normalise clip=0.5%" },
    [OP_AUTO_LEVEL] = { "auto-level", "Stretches each channel from black to white, which takes casts away.",
                        ARGS(auto_level_args, 1), .example = "auto-level 0.5%" },
    [OP_INVERT] = { "invert", "Makes a negative of the picture, or a picture of a negative.",
                    .example = "invert" },
    [OP_WATERMARK] = { "watermark", "Lays another picture over the picture.", ARGS(watermark_args, 2),
                       .example = "watermark logo.png south-east width=15% opacity=60%" },
    [OP_TEXT] = { "text", "Writes on the picture.", ARGS(text_args, 1),
                  .example = "text \"© {date} Jane Doe\" size=3%" },
    [OP_PROFILE] = { "profile", "Converts the colours to a profile.", ARGS(profile_args, 2),
                     .example = "profile srgb" },
    [OP_DEPTH] = { "depth", "Makes the picture 8 or 16 bits deep.", ARGS(depth_args, 1),
                   .example = "depth 8" },
    [OP_DENSITY] = { "density", "Says how large the picture is on paper.", ARGS(density_args, 1),
                     .example = "density 300" },
};

const struct op_info *op_info(enum op op)
{
    return &ops[op];
}

int op_from_name(const char *name, enum op *ret)
{
    for (enum op op = 0; op < OP_COUNT; op++)
        if (strcmp(ops[op].name, name) == 0) {
            *ret = op;
            return 0;
        }
    return -ENOENT;
}

static void write_capitals(const char *name, FILE *stream)
{
    for (; *name; name++)
        fputc(toupper((unsigned char)*name), stream);
}

static void write_arg(const struct op_info *info, size_t index, FILE *stream)
{
    const struct op_arg *arg = &info->args[index];

    fputs(arg->fallback ? " [" : " ", stream);
    if (index >= info->positional)
        fprintf(stream, "%s=", arg->name);
    write_capitals(arg->name, stream);
    fputs(arg->fallback ? "]" : "", stream);
}

const char *op_usage(enum op op, char *buffer, size_t size)
{
    const struct op_info *info = op_info(op);
    FILE *stream = fmemopen(buffer, size, "w");

    buffer[0] = '\0';
    if (!stream)
        return buffer;
    fputs(info->name, stream);
    for (size_t i = 0; i < info->arg_count; i++)
        write_arg(info, i, stream);
    fclose(stream);
    buffer[size - 1] = '\0';
    return buffer;
}
