/* SPDX-License-Identifier: GPL-2.0-or-later */
/* op - the operations on pictures, and a step: one of them with its arguments. Their names, ranges and defaults are in
 * op_table. */
#ifndef DARKROOM_RECIPE_OP_H
#define DARKROOM_RECIPE_OP_H

#include "recipe/fit.h"
#include "recipe/value.h"

#include <stdbool.h>

enum op {
    OP_AUTO_ORIENT,
    OP_RESIZE,
    OP_CROP,
    OP_ROTATE,
    OP_FLIP,
    OP_FLOP,
    OP_TRIM,
    OP_EXTEND,
    OP_BORDER,
    OP_FRAME,
    OP_ROUND_CORNERS,
    OP_MASK,
    OP_FLATTEN,
    OP_SHARPEN,
    OP_BLUR,
    OP_MEDIAN,
    OP_PIXELATE,
    OP_GREY,
    OP_SEPIA,
    OP_TINT,
    OP_DUOTONE,
    OP_BRIGHTNESS,
    OP_CONTRAST,
    OP_SATURATION,
    OP_HUE,
    OP_GAMMA,
    OP_NORMALISE,
    OP_AUTO_LEVEL,
    OP_INVERT,
    OP_WATERMARK,
    OP_TEXT,
    OP_PROFILE,
    OP_DEPTH,
    OP_DENSITY,
    OP_COUNT
};

/* What extend fills with. */
enum filling { FILLING_COLOUR, FILLING_MIRROR, FILLING_BLUR };

enum mask_shape { MASK_ELLIPSE, MASK_CIRCLE, MASK_DIAMOND };

/* Profiles that need no file. */
enum profile_choice { PROFILE_SRGB, PROFILE_P3, PROFILE_ADOBE_RGB, PROFILE_CHOICE_COUNT };

/* In the order of ICC.1:2010, 7.2.15. */
enum intent { INTENT_PERCEPTUAL, INTENT_RELATIVE, INTENT_SATURATION, INTENT_ABSOLUTE };

enum depth_choice { DEPTH_CHOICE_8, DEPTH_CHOICE_16 };

struct step {
    enum op op;
    union {
        struct {
            struct size_value size;
            int fit, gravity; /* enum fit; a point */
            bool enlarge;
            struct colour background;
        } resize;
        struct {
            struct size_value size;
            int gravity; /* enum gravity */
            struct length x, y;
        } crop;
        struct {
            double angle; /* degrees, clockwise */
            struct colour background;
        } rotate;
        struct {
            double threshold; /* percent */
            struct length margin;
        } trim;
        struct {
            struct size_value size;
            int with;    /* enum filling */
            int gravity; /* a point */
            struct colour colour;
        } extend;
        struct {
            struct length width;
            struct colour colour;
        } border;
        struct {
            struct length width, mat, line;
            struct colour colour, mat_colour, line_colour;
        } frame;
        struct {
            struct length radius;
        } round_corners;
        struct {
            struct file_value shape; /* enum mask_shape, or a picture */
            bool invert;
        } mask;
        struct {
            struct colour background;
        } flatten;
        struct {
            double radius, amount, threshold; /* pixels, percent, percent */
        } sharpen;
        struct {
            struct length radius;
        } blur;
        struct {
            double radius; /* pixels */
        } median;
        struct {
            struct length size, x, y, width, height;
        } pixelate;
        struct {
            double amount; /* percent; of hue degrees, of gamma an exponent */
        } amount;
        struct {
            struct colour colour;
            double amount; /* percent */
        } tint;
        struct {
            struct colour dark, light;
        } duotone;
        struct {
            double clip; /* percent */
        } stretch;
        struct {
            struct file_value file;
            int gravity; /* a point */
            struct length width, margin;
            double opacity, angle; /* percent, degrees */
            bool tile;
        } watermark;
        struct {
            char *text;
            struct file_value font;
            struct length size, margin;
            int gravity; /* a point */
            struct colour colour, background;
            double opacity, angle; /* percent, degrees */
            bool tile;
        } text;
        struct {
            struct file_value profile; /* enum profile_choice, or an ICC profile */
            int intent;                /* enum intent */
            bool black_point;
        } profile;
        struct {
            int bits; /* enum depth_choice */
        } depth;
        struct {
            double dpi; /* pixels an inch */
        } density;
    };
};

#endif
