/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan_view - see plan_view.h. */
#include "ctl/plan_view.h"

#include "ctl/escape.h"
#include "ctl/field.h"
#include "ctl/table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct table_column columns[] = { { .title = "ACTION" },
                                               { .title = "SIZE", .right = true },
                                               { .title = "OUTPUT" },
                                               { .title = "IN THE WAY" } };

static enum style style_of(const char *action)
{
    if (strcmp(action, "fail") == 0)
        return STYLE_BAD;
    return strcmp(action, "make") == 0 ? STYLE_GOOD : STYLE_PLAIN;
}

/* "web/a.jpg" */
static void add_source(struct table *table, const json_t *owner)
{
    char *path = field_path(owner, "path"), *text = NULL;

    if (!path || asprintf(&text, "%s/%s", field_text(owner, "folder"), path) < 0)
        text = NULL;
    table_add_text(table, STYLE_PLAIN, text ? text : "-");
    free(text);
    free(path);
}

/* Whose the name is: another source's, perhaps of another folder, or that of what darkroom did not make. */
static void add_owner(struct table *table, const json_t *output)
{
    const json_t *owner = json_object_get(output, "owner");

    if (json_is_object(owner))
        add_source(table, owner);
    else
        table_add_text(table, STYLE_PLAIN,
                       strcmp(field_text(output, "name"), "taken") == 0 ? "a file that is not ours" : "-");
}

static void add_output(struct table *table, const json_t *output)
{
    const char *action = field_text(output, "action");
    char size[48] = "-";

    if (field_number(output, "width") > 0)
        snprintf(size, sizeof(size), "%" PRIu64 " × %" PRIu64, field_number(output, "width"),
                 field_number(output, "height"));
    table_add_text(table, style_of(action), action);
    table_add_text(table, STYLE_PLAIN, size);
    field_add_path(table, STYLE_PLAIN, output, "path");
    add_owner(table, output);
}

static void add_removed(struct table *table, const json_t *output)
{
    table_add_text(table, STYLE_PLAIN, "remove");
    table_add_text(table, STYLE_PLAIN, "-");
    field_add_path(table, STYLE_PLAIN, output, "path");
    table_add_text(table, STYLE_PLAIN, "-");
}

static int print_outputs(const json_t *answer, const struct screen *screen)
{
    const json_t *outputs = json_object_get(answer, "outputs"), *removed = json_object_get(answer, "removed");
    const json_t *output;
    struct table table;
    size_t i;
    int r;

    if (json_array_size(outputs) + json_array_size(removed) == 0)
        return 0;
    table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
    json_array_foreach (outputs, i, output)
        add_output(&table, output);
    json_array_foreach (removed, i, output)
        add_removed(&table, output);
    r = table_print(&table, screen);
    table_release(&table);
    return r;
}

/* " (1600 × 1200, 3 pages)" */
static void print_source(const json_t *source, const struct screen *screen)
{
    uint64_t pages = field_number(source, "pages");

    fprintf(screen->file, " (%" PRIu64 " × %" PRIu64, field_number(source, "width"),
            field_number(source, "height"));
    if (pages > 1)
        fprintf(screen->file, ", %" PRIu64 " pages", pages);
    fputc(')', screen->file);
}

/* Of which nobody would be told that they are left out. */
static void print_what_is_left(const json_t *answer, const struct screen *screen)
{
    const json_t *outputs = json_object_get(answer, "outputs"), *output;
    uint64_t pages = field_number(json_object_get(answer, "source"), "pages");
    uint64_t left_frames = field_number(json_object_get(answer, "source"), "left_frames");
    size_t i;

    if (left_frames > 0)
        fprintf(screen->file,
                "only the first of %" PRIu64 " frames would be made, as no output's format has animations\n",
                left_frames + 1);
    json_array_foreach (outputs, i, output)
        if (field_number(output, "page") > 1)
            return;
    if (pages > 1 && json_array_size(outputs) > 0)
        fprintf(screen->file, "only the first of %" PRIu64 " pages would be made, as no Name= has {page}\n",
                pages);
}

/* "web/a.jpg (1600 × 1200), with the recipe web:", or the path alone when no folder is meant. */
static int print_title(const json_t *answer, const struct screen *screen)
{
    const json_t *source = json_object_get(answer, "source");
    char *path = field_path(answer, "path");

    if (!path)
        return -ENOMEM;
    if (json_is_string(json_object_get(answer, "folder")))
        fprintf(screen->file, "%s/%s", field_text(answer, "folder"), path);
    else
        fputs(path, screen->file);
    if (json_is_object(source))
        print_source(source, screen);
    fputs(":\n", screen->file);
    free(path);
    return 0;
}

static int print_failure(const json_t *answer, const struct screen *screen)
{
    const json_t *failure = json_object_get(answer, "failure");
    char *message;

    if (!json_is_object(failure))
        return 0;
    message = escape_text(field_text(failure, "message"));
    if (!message)
        return -ENOMEM;
    fprintf(screen->file, "%s/%s: %s; nothing would be made\n", field_text(failure, "class"),
            field_text(failure, "stage"), message);
    free(message);
    return 0;
}

int plan_view_print(const json_t *answer, const struct screen *screen)
{
    int r = print_title(answer, screen);

    if (r == 0)
        r = print_outputs(answer, screen);
    if (r == 0)
        print_what_is_left(answer, screen);
    return r < 0 ? r : print_failure(answer, screen);
}
