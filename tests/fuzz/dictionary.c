/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dictionary - writes libFuzzer's dictionary of a target from the tables that its parser reads: "dictionary ini". */
#include "base/cleanup.h"
#include "conf/daemon_conf.h"
#include "conf/folder_conf.h"
#include "image/png_chunks.h"
#include "image/xmp_packet.h"
#include "recipe/draft.h"
#include "recipe/format.h"
#include "recipe/naming.h"
#include "recipe/op_table.h"
#include "recipe/recipe.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_bytes(const void *bytes, size_t length)
{
    const unsigned char *at = bytes;

    putchar('"');
    for (size_t i = 0; i < length; i++)
        if (isalnum(at[i]) || at[i] == ' ')
            putchar(at[i]);
        else
            printf("\\x%02x", at[i]);
    puts("\"");
}

/* @before, @word and @after as one entry. */
static void write_word(const char *before, const char *word, const char *after)
{
    char text[200];

    snprintf(text, sizeof text, "%s%s%s", before, word, after);
    write_bytes(text, strlen(text));
}

typedef const struct conf_key *key_at(size_t index);

static void write_choices(const struct conf_key *key)
{
    for (size_t i = 0; key->choices && key->choices[i]; i++)
        write_word("", key->choices[i], "");
}

/* A section begins where the key before is another's. */
static void write_keys(key_at *key_of)
{
    const struct conf_key *key, *before = NULL;

    for (size_t i = 0; (key = key_of(i)) != NULL; before = key, i++) {
        if (!before || strcmp(before->section, key->section) != 0)
            write_word("\n[", key->section, "]\n");
        write_word("\n", key->name, "=");
        write_choices(key);
    }
}

static void write_ini(void)
{
    write_keys(daemon_conf_key);
    write_keys(folder_conf_key);
}

static void write_arg(const struct op_arg *arg)
{
    write_word(" ", arg->name, "=");
    if (arg->fallback)
        write_word(" ", arg->fallback, "");
    for (size_t i = 0; arg->rule.choices && arg->rule.choices[i]; i++)
        write_word(" ", arg->rule.choices[i], "");
}

static void write_op(enum op op)
{
    write_word("\nStep=", op_info(op)->name, " ");
    for (size_t i = 0; i < op_info(op)->arg_count; i++)
        write_arg(&op_info(op)->args[i]);
}

static void write_recipe(void)
{
    const char *field;

    write_keys(recipe_key);
    write_keys(draft_key);
    write_keys(manifest_spec_key);
    for (enum op op = 0; op < OP_COUNT; op++)
        write_op(op);
    for (size_t i = 0; value_colour_name(i); i++)
        write_word(" ", value_colour_name(i), "");
    for (enum format format = 0; format < FORMAT_COUNT; format++)
        write_word("", format_info(format)->name, "");
    for (size_t i = 0; (field = naming_field(i)) != NULL; i++)
        write_word("{", field, "}");
}

static void write_probe(void)
{
    const void *bytes;
    size_t length;

    for (size_t i = 0; (bytes = format_mark(i, &length)) != NULL; i++)
        write_bytes(bytes, length);
    for (size_t i = 0; (bytes = png_chunks_kept(i)) != NULL; i++)
        write_bytes(bytes, strlen(bytes));
}

static void write_metadata(void)
{
    const char *word;

    for (size_t i = 0; (word = xmp_packet_word(i)) != NULL; i++)
        write_word("", word, "");
}

/* Markers, and the lengths that some segments have. */
static void write_jpeg_entropy(void)
{
    for (unsigned marker = 0xc0; marker <= 0xfe; marker++)
        write_bytes((unsigned char[]){ 0xff, (unsigned char)marker }, 2);
    write_bytes("\xff\xdd\0\x04\0\x01", 6);
    write_bytes("\xff\xc0\0\x0b\x08", 5);
    write_bytes("\xff\xc0\0\x11\x08", 5);
}

static const struct {
    const char *target;
    void (*write)(void);
} dictionaries[] = {
    { "ini", write_ini },
    { "recipe", write_recipe },
    { "metadata", write_metadata },
    { "probe", write_probe },
    { "jpeg_entropy", write_jpeg_entropy },
    { "png_decode", write_probe },
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < ARRAY_SIZE(dictionaries); i++)
        if (strcmp(dictionaries[i].target, argv[1]) == 0) {
            dictionaries[i].write();
            return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
        }
    fputs("usage: dictionary TARGET\n", stderr);
    return EXIT_FAILURE;
}
