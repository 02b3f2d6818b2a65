/* SPDX-License-Identifier: GPL-2.0-or-later */
/* value - see value.h. Numbers are read and written as millionths: no locale has a say, and what is written reads back
 * as the same number. */
#include "recipe/value.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    MILLION = 1000000,
    FRACTION_DIGITS = 6,
    WHOLE_DIGITS_MAX = 9,
    PERCENT_MAX = 1000, /* of lengths */
};

/* Numbers. */

/* Reads "-12.5" from *@next and steps behind it. */
static bool read_number(const char **next, double *ret)
{
    const char *p = *next;
    bool negative = *p == '-';
    int64_t millionths = 0;
    int digits = 0, fraction = 0;

    p += negative;
    for (; *p >= '0' && *p <= '9'; p++, digits++)
        if (digits < WHOLE_DIGITS_MAX)
            millionths = millionths * 10 + (*p - '0');
    if (digits == 0 || digits > WHOLE_DIGITS_MAX)
        return false;
    if (*p == '.')
        for (p++; *p >= '0' && *p <= '9'; p++, fraction++)
            if (fraction < FRACTION_DIGITS)
                millionths = millionths * 10 + (*p - '0');
    if (p[-1] == '.' || fraction > FRACTION_DIGITS)
        return false;
    for (; fraction < FRACTION_DIGITS; fraction++)
        millionths *= 10;
    *next = p;
    *ret = (double)(negative ? -millionths : millionths) / MILLION;
    return true;
}

static void write_number(double number, FILE *stream)
{
    int64_t millionths = llround(number * MILLION), rest = llabs(millionths) % MILLION;
    int digits = FRACTION_DIGITS;

    fprintf(stream, "%s%" PRId64, millionths < 0 ? "-" : "", (int64_t)(llabs(millionths) / MILLION));
    for (; rest > 0 && rest % 10 == 0; rest /= 10)
        digits--;
    if (rest > 0)
        fprintf(stream, ".%0*" PRId64, digits, rest);
}

static bool is_in_range(const struct value_rule *rule, double number)
{
    return number >= rule->min && number <= rule->max;
}

static bool is_length_in_range(const struct value_rule *rule, const struct length *length)
{
    return is_in_range(rule, length->amount) && (!length->percent || length->amount <= PERCENT_MAX);
}

static bool read_unit(const char **next, const char *unit)
{
    size_t length = unit ? strlen(unit) : 0;

    if (length == 0 || strncmp(*next, unit, length) != 0)
        return false;
    *next += length;
    return true;
}

static int parse_number(const struct value_rule *rule, const char *text, void *field)
{
    double number;

    if (!read_number(&text, &number))
        return -EINVAL;
    read_unit(&text, rule->unit);
    if (*text != '\0' || !is_in_range(rule, number))
        return -EINVAL;
    *(double *)field = number;
    return 0;
}

static void format_number(const struct value_rule *rule, const void *field, FILE *stream)
{
    write_number(*(const double *)field, stream);
    fputs(rule->unit ?: "", stream);
}

static void describe_range(const struct value_rule *rule, FILE *stream)
{
    write_number(rule->min, stream);
    fputs(" to ", stream);
    write_number(rule->max, stream);
}

static void describe_number(const struct value_rule *rule, FILE *stream)
{
    fputs("a number from ", stream);
    describe_range(rule, stream);
    if (rule->unit)
        fprintf(stream, " (%s)", rule->unit);
}

/* Words. */

static int parse_boolean(const struct value_rule *rule, const char *text, void *field)
{
    (void)rule;
    return text_parse_boolean(text, field);
}

static void format_boolean(const struct value_rule *rule, const void *field, FILE *stream)
{
    (void)rule;
    fputs(*(const bool *)field ? "yes" : "no", stream);
}

static void describe_boolean(const struct value_rule *rule, FILE *stream)
{
    (void)rule;
    fputs("yes or no", stream);
}

/* The index of @text, or -1. */
static int find_word(const char *const *words, const char *text)
{
    for (int i = 0; words && words[i]; i++)
        if (strcmp(words[i], text) == 0)
            return i;
    return -1;
}

static int parse_choice(const struct value_rule *rule, const char *text, void *field)
{
    int index = find_word(rule->choices, text);

    if (index < 0)
        return -EINVAL;
    *(int *)field = index;
    return 0;
}

static void format_choice(const struct value_rule *rule, const void *field, FILE *stream)
{
    fputs(rule->choices[*(const int *)field], stream);
}

static void describe_choice(const struct value_rule *rule, FILE *stream)
{
    for (size_t i = 0; rule->choices[i]; i++)
        fprintf(stream, "%s%s", i == 0 ? "" : rule->choices[i + 1] ? ", " : " or ", rule->choices[i]);
}

/* Colours: CSS's basic names. */

static const struct {
    const char *name;
    struct colour colour;
} colours[] = {
    { "transparent", { 0, 0, 0, 0 } },    { "black", { 0, 0, 0, 255 } },
    { "white", { 255, 255, 255, 255 } },  { "grey", { 128, 128, 128, 255 } },
    { "silver", { 192, 192, 192, 255 } }, { "red", { 255, 0, 0, 255 } },
    { "green", { 0, 128, 0, 255 } },      { "blue", { 0, 0, 255, 255 } },
    { "yellow", { 255, 255, 0, 255 } },   { "cyan", { 0, 255, 255, 255 } },
    { "magenta", { 255, 0, 255, 255 } },  { "maroon", { 128, 0, 0, 255 } },
    { "navy", { 0, 0, 128, 255 } },       { "olive", { 128, 128, 0, 255 } },
    { "teal", { 0, 128, 128, 255 } },     { "purple", { 128, 0, 128, 255 } },
    { "orange", { 255, 165, 0, 255 } },   { "lime", { 0, 255, 0, 255 } },
};

const char *value_colour_name(size_t index)
{
    return index < ARRAY_SIZE(colours) ? colours[index].name : NULL;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* "#rgb", "#rgba", "#rrggbb", "#rrggbbaa" */
static int parse_hex(const char *digits, struct colour *ret)
{
    uint8_t parts[4] = { 0, 0, 0, 255 };
    size_t length = strlen(digits), each = length > 4 ? 2 : 1, count = length / each;

    if (count < 3 || count > 4 || length % each != 0)
        return -EINVAL;
    for (size_t i = 0; i < count; i++) {
        int high = hex_digit(digits[i * each]), low = hex_digit(digits[i * each + each - 1]);

        if (high < 0 || low < 0)
            return -EINVAL;
        parts[i] = (uint8_t)(high * 16 + low);
    }
    *ret = (struct colour){ parts[0], parts[1], parts[2], parts[3] };
    return 0;
}

static int parse_colour(const struct value_rule *rule, const char *text, void *field)
{
    (void)rule;
    if (text[0] == '#')
        return parse_hex(text + 1, field);
    for (size_t i = 0; i < ARRAY_SIZE(colours); i++)
        if (strcmp(colours[i].name, text) == 0) {
            *(struct colour *)field = colours[i].colour;
            return 0;
        }
    return -EINVAL;
}

static void format_colour(const struct value_rule *rule, const void *field, FILE *stream)
{
    const struct colour *colour = field;

    (void)rule;
    fprintf(stream, "#%02x%02x%02x", colour->red, colour->green, colour->blue);
    if (colour->alpha < 255)
        fprintf(stream, "%02x", colour->alpha);
}

static void describe_colour(const struct value_rule *rule, FILE *stream)
{
    (void)rule;
    fputs("a colour, like #rrggbb, #rrggbbaa, white or transparent", stream);
}

/* Lengths and sizes. */

/* Reads "12", "12px" or "12%" from *@next and steps behind it. */
static bool read_length(const char **next, struct length *ret)
{
    if (!read_number(next, &ret->amount))
        return false;
    ret->percent = read_unit(next, "%");
    if (!ret->percent)
        read_unit(next, "px");
    return true;
}

static void write_length(const struct length *length, FILE *stream)
{
    write_number(length->amount, stream);
    fputs(length->percent ? "%" : "px", stream);
}

static int parse_length(const struct value_rule *rule, const char *text, void *field)
{
    struct length length;

    if (!read_length(&text, &length) || *text != '\0' || !is_length_in_range(rule, &length))
        return -EINVAL;
    *(struct length *)field = length;
    return 0;
}

static void format_length(const struct value_rule *rule, const void *field, FILE *stream)
{
    (void)rule;
    write_length(field, stream);
}

static void describe_length(const struct value_rule *rule, FILE *stream)
{
    static const char *const wholes[] = {
        [OF_SHORTER_SIDE] = "the shorter side",
        [OF_WIDTH] = "the width",
        [OF_HEIGHT] = "the height",
    };

    describe_range(rule, stream);
    fprintf(stream, " pixels, or up to %d %% of %s", PERCENT_MAX, wholes[rule->of]);
}

/* Sides are whole pixels, or a part of something; never nothing. */
static bool is_side(const struct value_rule *rule, const struct length *side)
{
    return side->amount > 0 && is_length_in_range(rule, side) &&
           (side->percent || side->amount == floor(side->amount));
}

/* Of "800x600" the part before or behind the "x"; where it is empty the side is free. */
static bool read_side(const struct value_rule *rule, const char **next, struct length *ret)
{
    *ret = (struct length){ 0, false };
    if (**next == 'x' || **next == '\0')
        return rule->forms & SIZE_FREE_SIDE;
    return read_length(next, ret) && is_side(rule, ret);
}

static bool read_sides(const struct value_rule *rule, const char *text, struct size_value *ret)
{
    if (!read_side(rule, &text, &ret->width) || *text != 'x')
        return false;
    text++;
    return read_side(rule, &text, &ret->height) && *text == '\0' &&
           (ret->width.amount > 0 || ret->height.amount > 0);
}

static bool read_percent(const struct value_rule *rule, const char *text, struct size_value *ret)
{
    if (!read_length(&text, &ret->width) || *text != '\0' || !ret->width.percent)
        return false;
    ret->height = ret->width;
    return is_side(rule, &ret->width);
}

static bool read_ratio(const char *text, struct size_value *ret)
{
    ret->ratio = true;
    if (!read_number(&text, &ret->width.amount) || *text != ':')
        return false;
    text++;
    return read_number(&text, &ret->height.amount) && *text == '\0' && ret->width.amount > 0 &&
           ret->height.amount > 0 && ret->width.amount <= 100 * ret->height.amount &&
           ret->height.amount <= 100 * ret->width.amount;
}

static int parse_size(const struct value_rule *rule, const char *text, void *field)
{
    struct size_value size = { 0 };
    bool read = strchr(text, ':')   ? (rule->forms & SIZE_RATIO) && read_ratio(text, &size)
                : strchr(text, 'x') ? (rule->forms & SIZE_SIDES) && read_sides(rule, text, &size)
                                    : (rule->forms & SIZE_PERCENT) && read_percent(rule, text, &size);

    if (!read)
        return -EINVAL;
    *(struct size_value *)field = size;
    return 0;
}

static void format_side(const struct length *side, FILE *stream)
{
    if (side->amount > 0)
        write_number(side->amount, stream);
    fputs(side->percent ? "%" : "", stream);
}

static void format_size(const struct value_rule *rule, const void *field, FILE *stream)
{
    const struct size_value *size = field;

    (void)rule;
    format_side(&size->width, stream);
    fputs(size->ratio ? ":" : "x", stream);
    format_side(&size->height, stream);
}

static void describe_size(const struct value_rule *rule, FILE *stream)
{
    static const struct {
        unsigned form;
        const char *example;
    } forms[] = {
        { SIZE_SIDES, "800x600" },
        { SIZE_FREE_SIDE, "800x, x600" },
        { SIZE_PERCENT, "50%" },
        { SIZE_RATIO, "3:2" },
    };
    const char *between = "a size like ";

    for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
        if (rule->forms & forms[i].form) {
            fprintf(stream, "%s%s", between, forms[i].example);
            between = ", ";
        }
    fputs(", sides up to ", stream);
    write_number(rule->max, stream);
}

/* Text and files. */

static int parse_text(const struct value_rule *rule, const char *text, void *field)
{
    char *copy;

    if (strlen(text) < rule->min || strlen(text) > rule->max)
        return -EINVAL;
    copy = strdup(text);
    if (!copy)
        return -ENOMEM;
    free(*(char **)field);
    *(char **)field = copy;
    return 0;
}

static void format_text(const struct value_rule *rule, const void *field, FILE *stream)
{
    (void)rule;
    fputs(*(char *const *)field ?: "", stream);
}

static void describe_text(const struct value_rule *rule, FILE *stream)
{
    fprintf(stream, "text of %.0f to %.0f bytes", rule->min, rule->max);
}

static void release_text(void *field)
{
    free(*(char **)field);
    *(char **)field = NULL;
}

static int parse_file(const struct value_rule *rule, const char *text, void *field)
{
    struct file_value *file = field;
    char *copy;

    if (text[0] == '\0' || strlen(text) > rule->max)
        return -EINVAL;
    copy = strdup(text);
    if (!copy)
        return -ENOMEM;
    free(file->name);
    *file = (struct file_value){ .name = copy, .word = find_word(rule->choices, text), .asset = -1 };
    return 0;
}

static void format_file(const struct value_rule *rule, const void *field, FILE *stream)
{
    (void)rule;
    fputs(((const struct file_value *)field)->name ?: "", stream);
}

static void describe_file(const struct value_rule *rule, FILE *stream)
{
    static const char *const kinds[FILE_KIND_COUNT] = {
        [FILE_PICTURE] = "the path of a picture (JPEG, PNG or WebP)",
        [FILE_PROFILE] = "the path of an ICC profile",
        [FILE_FONT] = "the name of a font, or the path of a font file (.ttf, .otf or .ttc)",
    };

    if (rule->choices) {
        describe_choice(rule, stream);
        fputs(", or ", stream);
    }
    fputs(kinds[rule->file], stream);
}

static void release_file(void *field)
{
    struct file_value *file = field;

    free(file->name);
    *file = (struct file_value){ .word = -1, .asset = -1 };
}

static const struct {
    int (*parse)(const struct value_rule *rule, const char *text, void *field);
    void (*format)(const struct value_rule *rule, const void *field, FILE *stream);
    void (*describe)(const struct value_rule *rule, FILE *stream);
    void (*release)(void *field); /* NULL: nothing is owned */
} kinds[VALUE_KIND_COUNT] = {
    [VALUE_NUMBER] = { parse_number, format_number, describe_number, NULL },
    [VALUE_BOOLEAN] = { parse_boolean, format_boolean, describe_boolean, NULL },
    [VALUE_CHOICE] = { parse_choice, format_choice, describe_choice, NULL },
    [VALUE_COLOUR] = { parse_colour, format_colour, describe_colour, NULL },
    [VALUE_LENGTH] = { parse_length, format_length, describe_length, NULL },
    [VALUE_SIZE] = { parse_size, format_size, describe_size, NULL },
    [VALUE_TEXT] = { parse_text, format_text, describe_text, release_text },
    [VALUE_FILE] = { parse_file, format_file, describe_file, release_file },
};

int value_parse(const struct value_rule *rule, const char *text, void *field, char *wanted, size_t size)
{
    int r = kinds[rule->kind].parse(rule, text, field);

    if (r == -EINVAL)
        value_describe(rule, wanted, size);
    return r;
}

void value_format(const struct value_rule *rule, const void *field, FILE *stream)
{
    kinds[rule->kind].format(rule, field, stream);
}

const char *value_describe(const struct value_rule *rule, char *buffer, size_t size)
{
    FILE *stream = fmemopen(buffer, size, "w");

    buffer[0] = '\0';
    if (!stream)
        return buffer;
    kinds[rule->kind].describe(rule, stream);
    fclose(stream);
    buffer[size - 1] = '\0';
    return buffer;
}

void value_release(const struct value_rule *rule, void *field)
{
    if (kinds[rule->kind].release)
        kinds[rule->kind].release(field);
}

double value_pixels(const struct length *length, enum length_of of, double width, double height)
{
    const double wholes[] = {
        [OF_SHORTER_SIDE] = width < height ? width : height,
        [OF_WIDTH] = width,
        [OF_HEIGHT] = height,
    };

    return length->percent ? length->amount / 100 * wholes[of] : length->amount;
}
