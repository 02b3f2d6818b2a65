/* SPDX-License-Identifier: GPL-2.0-or-later */
/* value - the values that operations take: one rule a kind, which reads it, writes it and describes it.
 *
 * Notation: numbers have at most six digits after the point, with or without their unit; colours are #rgb, #rrggbb,
 * #rrggbbaa or one of a few names; lengths are pixels ("12", "12px") or parts of the picture ("3%"); sizes are
 * "800x600", "800x", "x600", "50%" or a ratio "3:2". */
#ifndef DARKROOM_RECIPE_VALUE_H
#define DARKROOM_RECIPE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum value_kind {
    VALUE_NUMBER,  /* double */
    VALUE_BOOLEAN, /* bool */
    VALUE_CHOICE,  /* int: the index of the word */
    VALUE_COLOUR,  /* struct colour */
    VALUE_LENGTH,  /* struct length */
    VALUE_SIZE,    /* struct size_value */
    VALUE_TEXT,    /* char *, owned */
    VALUE_FILE,    /* struct file_value: a file that the recipe needs */
    VALUE_KIND_COUNT
};

struct colour {
    uint8_t red, green, blue, alpha; /* of sRGB; alpha 255: opaque */
};

/* What 100 % of a length are. */
enum length_of { OF_SHORTER_SIDE, OF_WIDTH, OF_HEIGHT };

struct length {
    double amount; /* pixels, or percent */
    bool percent;
};

/* Which of its forms a size may have. */
enum {
    SIZE_SIDES = 1 << 0,     /* "800x600", "80%x50%" */
    SIZE_FREE_SIDE = 1 << 1, /* "800x", "x600" */
    SIZE_PERCENT = 1 << 2,   /* "50%": of both sides */
    SIZE_RATIO = 1 << 3,     /* "3:2" */
};

struct size_value {
    bool ratio;                  /* the sides are to each other as these two amounts */
    struct length width, height; /* an amount of 0: free */
};

/* What a file is to be. */
enum file_kind {
    FILE_PICTURE,
    FILE_PROFILE, /* an ICC profile */
    FILE_FONT,    /* also by the name of a family */
    FILE_KIND_COUNT
};

struct file_value {
    char *name; /* an absolute path, the name of a font or one of the rule's words; owned; NULL: none */
    int word;   /* the index of the rule's word that it is; -1: it is none */
    int asset;  /* number in the recipe's assets; -1: none */
};

/* What a value has to be. */
struct value_rule {
    enum value_kind kind;
    double min, max;            /* of numbers, of lengths in pixels or percent, of bytes of text */
    const char *unit;           /* that a number may have behind it; NULL: none */
    const char *const *choices; /* words, NULL-terminated; a file may be one of these */
    enum length_of of;          /* of lengths */
    unsigned forms;             /* SIZE_*, of sizes */
    enum file_kind file;        /* of files */
};

/* Reads @text into @field, of the rule's type, which is zero or holds a value that is replaced. 0, -ENOMEM, or -EINVAL
 * and @wanted says what it has to be: "a number from 1 to 10". A file is only named: step.c finds it. */
int value_parse(const struct value_rule *rule, const char *text, void *field, char *wanted, size_t size);

/* Writes it in its canonical form, which value_parse() reads back; without quotes. */
void value_format(const struct value_rule *rule, const void *field, FILE *stream);

/* What it has to be, for people: "a colour (#rrggbb or a name)". Returns @buffer. */
const char *value_describe(const struct value_rule *rule, char *buffer, size_t size);

/* Frees what is owned; the field is zero afterwards. */
void value_release(const struct value_rule *rule, void *field);

/* @length of a picture of these sides, in pixels. */
double value_pixels(const struct length *length, enum length_of of, double width, double height);

/* The name of the colour number @index, from 0; NULL after the last. */
const char *value_colour_name(size_t index);

#endif
