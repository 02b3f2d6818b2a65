/* SPDX-License-Identifier: GPL-2.0-or-later */
/* make-recipe-page - the manual page darkroom.recipe(5) with what op_table says of the operations, so that the two
 * cannot differ. It copies the page from stdin to stdout; a comment line ".\" OPERATIONS" becomes the list. Run by the
 * build, not installed. */
#include "base/cleanup.h"
#include "recipe/op_table.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { VALUES_BYTES = 512 };

/* Text in which nothing means anything to mdoc(7). */
static void print_text(const char *text)
{
    for (const char *c = text; *c; c++)
        if (*c == '\\')
            fputs("\\e", stdout);
        else if (*c == '-')
            fputs("\\-", stdout);
        else if (*c == '"')
            fputs("\\(dq", stdout);
        else
            fputc(*c, stdout);
}

/* The same as one argument of a macro. */
static void print_word(const char *text)
{
    fputc('"', stdout);
    print_text(text);
    fputc('"', stdout);
}

/* Its help and what it can be, as one sentence. */
static void print_meaning(const struct op_arg *arg)
{
    char values[VALUES_BYTES];

    print_text((char[]){ (char)toupper((unsigned char)arg->help[0]), '\0' });
    print_text(arg->help + 1);
    fputs(" \\(en\n", stdout);
    print_text(value_describe(&arg->rule, values, sizeof values));
    puts(".");
}

/* " Ar SIZE", " Op Ar GRAVITY" or " Op Cm x No = Ns Ar X", as in op_usage(). */
static void print_placeholder(const struct op_info *info, size_t index)
{
    const struct op_arg *arg = &info->args[index];
    char name[64];
    size_t length = strlen(arg->name);

    for (size_t i = 0; i <= length && i < sizeof name; i++)
        name[i] = (char)toupper((unsigned char)arg->name[i]);
    fputs(arg->fallback ? " Oo" : "", stdout);
    if (index >= info->positional)
        printf(" Cm %s Ns = Ns", arg->name);
    printf(" Ar %s", name);
    fputs(arg->fallback ? " Oc" : "", stdout);
}

static void print_arg(const struct op_arg *arg)
{
    fputs(".It Cm ", stdout);
    print_word(arg->name);
    if (arg->fallback) {
        fputs(" Ns = Ns Cm ", stdout);
        print_word(arg->fallback);
    }
    fputc('\n', stdout);
    print_meaning(arg);
}

static void print_op(const struct op_info *info)
{
    fputs(".It Cm ", stdout);
    print_word(info->name);
    for (size_t i = 0; i < info->arg_count; i++)
        print_placeholder(info, i);
    fputc('\n', stdout);
    print_text(info->help);
    fputc('\n', stdout);
    if (info->arg_count > 0) {
        puts(".Bl -tag -width Ds -compact");
        for (size_t i = 0; i < info->arg_count; i++)
            print_arg(&info->args[i]);
        puts(".El\n.Pp");
    }
    fputs(".Dl ", stdout);
    print_text("Step=");
    print_text(info->example);
    fputc('\n', stdout);
}

static void print_ops(void)
{
    puts(".Bl -tag -width Ds");
    for (enum op op = 0; op < OP_COUNT; op++)
        print_op(op_info(op));
    puts(".El");
}

int main(void)
{
    static const char mark[] = ".\\\" OPERATIONS\n";
    _cleanup_free_ char *line = NULL;
    size_t size = 0, marks = 0;

    while (getline(&line, &size, stdin) > 0)
        if (strcmp(line, mark) == 0) {
            print_ops();
            marks++;
        } else {
            fputs(line, stdout);
        }
    if (marks != 1) {
        fprintf(stderr, "make-recipe-page: %zu lines say where the operations go, not one\n", marks);
        return EXIT_FAILURE;
    }
    return fflush(stdout) == 0 && !ferror(stdin) ? EXIT_SUCCESS : EXIT_FAILURE;
}
