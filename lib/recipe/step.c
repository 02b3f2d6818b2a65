/* SPDX-License-Identifier: GPL-2.0-or-later */
/* step - see step.h. A line is cut into words; each is given to the argument that it is for, and what was not given
 * gets its default. */
#include "recipe/step.h"

#include "base/cleanup.h"
#include "base/guess.h"
#include "base/text.h"
#include "recipe/caption.h"
#include "recipe/op_table.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    WANTED_BYTES = 300,
    PROBLEM_BYTES = 300,
    USAGE_BYTES = 600,
    ARGS_MAX = 16,
};

#define BLANKS " \t\n"
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz-"

/* One line as it is read. */
struct reading {
    const struct ini_entry *entry;
    struct problems *problems;
    struct step_draft *draft;
    const struct op_info *info;
    struct step *step;
    bool given[ARGS_MAX];
    size_t positions; /* how many were given by their position */
};

/* Words. */

struct word {
    char *name; /* of "NAME=VALUE"; NULL: there is none */
    char *text; /* the value, out of its quotes */
    size_t name_offset, text_offset;
};

static void word_release(struct word *word)
{
    free(word->name);
    free(word->text);
    *word = (struct word){ 0 };
}

/* @shown is what is refused; NULL: the place says it. */
static int refuse(const struct reading *reading, size_t offset, const char *what, const char *shown)
{
    struct ini_place place = ini_value_place(reading->entry, offset);
    char escaped[TEXT_SHOWN_MAX];

    if (!shown)
        return ini_problem(reading->problems, place, "%s", what);
    return ini_problem(reading->problems, place, "%s: \"%s\"", what,
                       text_escape(shown, escaped, sizeof escaped));
}

static int out_of_memory(const struct reading *reading)
{
    return refuse(reading, 0, "out of memory", NULL);
}

/* What the character behind a backslash in quotes stands for; 0: nothing. */
static char unescape(char c)
{
    return c == 'n' ? '\n' : c == '"' || c == '\\' ? c : '\0';
}

/* Reads what is in quotes, from behind the first, to behind the last. */
static int read_quoted(const struct reading *reading, size_t *offset, FILE *stream)
{
    const char *value = reading->entry->value;
    size_t start = *offset - 1;

    for (; value[*offset] != '"'; ++*offset) {
        char c = value[*offset];

        if (c == '\0')
            return refuse(reading, start, "the quote has no end", NULL);
        if (c == '\\') {
            c = unescape(value[++*offset]);
            if (c == '\0')
                return refuse(reading, *offset - 1, "in quotes a backslash stands before \", \\ or n",
                              value + *offset - 1);
        }
        fputc(c, stream);
    }
    ++*offset;
    if (value[*offset] != '\0' && !strchr(BLANKS, value[*offset]))
        return refuse(reading, *offset, "a blank is missing behind the quote", value + *offset);
    return 0;
}

static void read_plain(const struct reading *reading, size_t *offset, FILE *stream)
{
    size_t length = strcspn(reading->entry->value + *offset, BLANKS);

    fwrite(reading->entry->value + *offset, 1, length, stream);
    *offset += length;
}

static int read_value(const struct reading *reading, size_t *offset, struct word *word)
{
    size_t size;
    FILE *stream = open_memstream(&word->text, &size);
    int r = 0;

    if (!stream)
        return out_of_memory(reading);
    word->text_offset = *offset;
    if (reading->entry->value[*offset] == '"') {
        ++*offset;
        r = read_quoted(reading, offset, stream);
    } else {
        read_plain(reading, offset, stream);
    }
    if (fclose(stream) != 0)
        return out_of_memory(reading);
    return r;
}

/* Reads the next word from @offset on. 1, 0 at the end, or -EINVAL with a problem. */
static int next_word(const struct reading *reading, size_t *offset, struct word *ret)
{
    const char *value = reading->entry->value;
    size_t name;
    int r;

    word_release(ret);
    *offset += strspn(value + *offset, BLANKS);
    if (value[*offset] == '\0')
        return 0;

    ret->name_offset = *offset;
    name = strspn(value + *offset, NAME_CHARACTERS);
    if (name > 0 && value[*offset + name] == '=') {
        ret->name = strndup(value + *offset, name);
        if (!ret->name)
            return out_of_memory(reading);
        *offset += name + 1;
    }
    r = read_value(reading, offset, ret);
    return r < 0 ? r : 1;
}

/* Arguments. */

static void *field_of(struct step *step, const struct op_arg *arg)
{
    return (char *)step + arg->offset;
}

static const void *const_field_of(const struct step *step, const struct op_arg *arg)
{
    return (const char *)step + arg->offset;
}

static int refuse_usage(const struct reading *reading, size_t offset, const char *what, const char *shown)
{
    char usage[USAGE_BYTES], escaped[TEXT_SHOWN_MAX];

    return ini_problem(reading->problems, ini_value_place(reading->entry, offset), "%s \"%s\", write: %s",
                       what, text_escape(shown, escaped, sizeof escaped),
                       op_usage(reading->step->op, usage, sizeof usage));
}

/* Which argument @word is for, or -EINVAL with a problem. */
static int find_arg(struct reading *reading, const struct word *word)
{
    const struct op_info *info = reading->info;

    for (size_t i = 0; word->name && i < info->arg_count; i++)
        if (strcmp(info->args[i].name, word->name) == 0)
            return (int)i;
    if (word->name)
        return refuse_usage(reading, word->name_offset, "unknown argument", word->name);
    if (info->arg_count == 0)
        return ini_problem(reading->problems, ini_value_place(reading->entry, word->name_offset),
                           "%s takes no argument: take it out", info->name);
    if (reading->positions >= info->positional)
        return refuse_usage(reading, word->name_offset, "no argument is left for", word->text);
    return (int)reading->positions++;
}

/* "DejaVu Sans" is not, "my.ttf" is. */
static bool is_path(enum file_kind kind, const char *name)
{
    static const char *const endings[] = { ".ttf", ".otf", ".ttc" };
    size_t length = strlen(name);

    if (kind != FILE_FONT || strchr(name, '/'))
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
        if (length > strlen(endings[i]) && strcasecmp(name + length - strlen(endings[i]), endings[i]) == 0)
            return true;
    return false;
}

/* "logo.png" is beside the recipe, wherever the daemon runs. */
static char *absolute_name(const struct reading *reading, enum file_kind kind, const char *name)
{
    const char *file = reading->entry->value_place.file, *slash = strrchr(file, '/');
    char *path;

    if (name[0] == '/' || !slash || !is_path(kind, name))
        return strdup(name);
    return asprintf(&path, "%.*s/%s", (int)(slash - file), file, name) < 0 ? NULL : path;
}

static int find_file(const struct reading *reading, const struct op_arg *arg, size_t offset)
{
    struct file_value *file = field_of(reading->step, arg);
    struct ini_place place = ini_value_place(reading->entry, offset);
    char problem[PROBLEM_BYTES] = "", shown[TEXT_SHOWN_MAX];
    _cleanup_free_ char *where = NULL;
    char *name;

    if (file->word >= 0)
        return 0;
    where = ini_place_text(place);
    name = absolute_name(reading, arg->rule.file, file->name);
    if (!where || !name) {
        free(name);
        return out_of_memory(reading);
    }
    free(file->name);
    file->name = name;

    file->asset = asset_add(reading->draft->assets, reading->draft->reader, arg->rule.file, name, where,
                            problem, sizeof problem);
    if (file->asset >= 0)
        return 0;
    return ini_problem(reading->problems, place, "%s=%s: %s", arg->name,
                       text_escape(name, shown, sizeof shown), problem);
}

static int check_text(const struct reading *reading, const struct op_arg *arg, size_t offset)
{
    const char *text = *(char **)field_of(reading->step, arg), *problem;
    char shown[TEXT_SHOWN_MAX];
    size_t at;

    if (caption_check(text, &problem, &at) == 0)
        return 0;
    return ini_problem(reading->problems, ini_value_place(reading->entry, offset), "%s=: at \"%s\": %s",
                       arg->name, text_escape(text + at, shown, sizeof shown), problem);
}

/* Sets the argument to what @text says; @offset is where that stands. */
static int set_arg(const struct reading *reading, const struct op_arg *arg, const char *text, size_t offset)
{
    char wanted[WANTED_BYTES] = "", shown[TEXT_SHOWN_MAX];
    int r = value_parse(&arg->rule, text, field_of(reading->step, arg), wanted, sizeof wanted);

    if (r == -ENOMEM)
        return out_of_memory(reading);
    if (r < 0)
        return ini_problem(reading->problems, ini_value_place(reading->entry, offset), "%s=%s: give %s",
                           arg->name, text_escape(text, shown, sizeof shown), wanted);
    if (arg->rule.kind == VALUE_FILE)
        return find_file(reading, arg, offset);
    return arg->rule.kind == VALUE_TEXT ? check_text(reading, arg, offset) : 0;
}

static int add_word(struct reading *reading, const struct word *word)
{
    int index = find_arg(reading, word);

    if (index < 0)
        return index;
    if (reading->given[index])
        return refuse(reading, word->name_offset, "the argument is given twice",
                      reading->info->args[index].name);
    reading->given[index] = true;
    return set_arg(reading, &reading->info->args[index], word->text, word->text_offset);
}

static int add_words(struct reading *reading, size_t offset)
{
    _cleanup_(word_release) struct word word = { 0 };
    int r, result = 0;

    while ((r = next_word(reading, &offset, &word)) > 0)
        if (add_word(reading, &word) < 0)
            result = -EINVAL;
    return r < 0 ? r : result;
}

/* What was not given is as it is by default; where there is no default it is missing. */
static int add_defaults(struct reading *reading)
{
    for (size_t i = 0; i < reading->info->arg_count; i++) {
        const struct op_arg *arg = &reading->info->args[i];
        int r;

        if (reading->given[i])
            continue;
        if (!arg->fallback)
            return refuse_usage(reading, 0, "missing argument", arg->name);
        r = set_arg(reading, arg, arg->fallback, 0);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Steps. */

static void step_release(struct step *step)
{
    const struct op_info *info = op_info(step->op);

    for (size_t i = 0; i < info->arg_count; i++)
        value_release(&info->args[i].rule, field_of(step, &info->args[i]));
}

static void list_ops(char *buffer, size_t size)
{
    size_t used = 0;

    for (enum op op = 0; op < OP_COUNT && used < size; op++)
        used += (size_t)snprintf(buffer + used, size - used, "%s%s", op > 0 ? ", " : "", op_info(op)->name);
}

static int refuse_unknown(const struct reading *reading, const struct word *word)
{
    struct ini_place place = ini_value_place(reading->entry, word->name_offset);
    char known[USAGE_BYTES], shown[TEXT_SHOWN_MAX];
    struct guess guess = { 0 };

    text_escape(word->text, shown, sizeof shown);
    for (enum op op = 0; op < OP_COUNT; op++)
        guess_consider(&guess, word->text, op_info(op)->name);
    if (guess.name)
        return ini_problem(reading->problems, place, "unknown operation \"%s\", did you mean %s?", shown,
                           guess.name);
    list_ops(known, sizeof known);
    return ini_problem(reading->problems, place, "unknown operation \"%s\", there are: %s", shown, known);
}

/* Reads the whole line into reading->step, which is zero. */
static int read_step(struct reading *reading)
{
    _cleanup_(word_release) struct word word = { 0 };
    size_t offset = 0;
    int r = next_word(reading, &offset, &word);

    if (r < 0)
        return r;
    if (word.name || op_from_name(word.text, &reading->step->op) < 0)
        return refuse_unknown(reading, &word);

    reading->info = op_info(reading->step->op);
    r = add_words(reading, offset);
    return r < 0 ? r : add_defaults(reading);
}

static struct step *append(struct step_list *steps)
{
    struct step *list = reallocarray(steps->list, steps->count + 1, sizeof *list);

    if (!list)
        return NULL;
    steps->list = list;
    list[steps->count] = (struct step){ 0 };
    return &list[steps->count++];
}

int step_parse(const struct ini_entry *entry, const struct conf_key *key, void *field,
               struct problems *problems)
{
    struct step_draft *draft = field;
    struct reading reading = { .entry = entry, .problems = problems, .draft = draft };

    (void)key;
    if (entry->value[0] == '\0') {
        step_list_release(&draft->steps);
        return 0;
    }
    if (draft->steps.count >= STEPS_MAX)
        return ini_problem(problems, entry->value_place, "too many steps: at most %d", STEPS_MAX);

    reading.step = append(&draft->steps);
    return reading.step ? read_step(&reading) : out_of_memory(&reading);
}

static void visit_assets(struct step *step, void (*visit)(void *context, int *number), void *context)
{
    const struct op_info *info = op_info(step->op);

    for (size_t i = 0; i < info->arg_count; i++) {
        struct file_value *file = field_of(step, &info->args[i]);

        if (info->args[i].rule.kind == VALUE_FILE && file->asset >= 0)
            visit(context, &file->asset);
    }
}

void step_list_visit_assets(struct step_list *steps, void (*visit)(void *context, int *number), void *context)
{
    for (size_t i = 0; i < steps->count; i++)
        visit_assets(&steps->list[i], visit, context);
}

int step_quarters(const struct step *step)
{
    enum { QUARTER_DEGREES = 90, QUARTERS = 4 };
    double quarters = step->rotate.angle / QUARTER_DEGREES;

    if (quarters != floor(quarters))
        return -1;
    return ((int)quarters % QUARTERS + QUARTERS) % QUARTERS;
}

void step_list_release(struct step_list *steps)
{
    for (size_t i = 0; i < steps->count; i++)
        step_release(&steps->list[i]);
    free(steps->list);
    *steps = (struct step_list){ 0 };
}

/* The canonical text. */

/* The value as text; the caller frees. */
static char *value_text(const struct value_rule *rule, const void *field)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        return NULL;
    value_format(rule, field, stream);
    if (fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* The default, in its canonical form. */
static char *fallback_text(const struct op_arg *arg)
{
    union {
        struct step step; /* as aligned as any */
        char *text;
        struct file_value file;
    } value = { 0 };
    char wanted[WANTED_BYTES];
    char *text = NULL;

    if (arg->fallback && value_parse(&arg->rule, arg->fallback, &value, wanted, sizeof wanted) == 0)
        text = value_text(&arg->rule, &value);
    value_release(&arg->rule, &value);
    return text;
}

static void write_quoted(const char *text, FILE *stream)
{
    fputc('"', stream);
    for (; *text; text++)
        if (*text == '\n')
            fputs("\\n", stream);
        else
            fprintf(stream, "%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
    fputc('"', stream);
}

static void format_arg(const struct step *step, const struct op_arg *arg, FILE *stream)
{
    _cleanup_free_ char *text = value_text(&arg->rule, const_field_of(step, arg));
    _cleanup_free_ char *fallback = fallback_text(arg);

    if (!text || (fallback && strcmp(text, fallback) == 0))
        return;
    fprintf(stream, " %s=", arg->name);
    if (text[0] == '\0' || strpbrk(text, BLANKS "\"\\"))
        write_quoted(text, stream);
    else
        fputs(text, stream);
}

void step_list_format(const struct step_list *steps, FILE *stream)
{
    for (size_t i = 0; i < steps->count; i++) {
        const struct op_info *info = op_info(steps->list[i].op);

        fprintf(stream, "Step=%s", info->name);
        for (size_t j = 0; j < info->arg_count; j++)
            format_arg(&steps->list[i], &info->args[j], stream);
        fputc('\n', stream);
    }
}
