/* SPDX-License-Identifier: GPL-2.0-or-later */
/* formats_view - see formats_view.h. */
#include "ctl/formats_view.h"

#include "base/cleanup.h"
#include "ctl/table.h"
#include "recipe/encoding.h"

#include <stdio.h>
#include <string.h>

enum { CELL_BYTES = 128 };

/* Words in a cell, with @between them. */
static void add_word(char text[CELL_BYTES], const char *between, const char *word)
{
    size_t used = strlen(text);

    snprintf(text + used, CELL_BYTES - used, "%s%s", used > 0 ? between : "", word);
}

/* Those that a source may have; else the one that an output gets. */
static void add_extensions(struct table *table, const struct format_info *info)
{
    char text[CELL_BYTES] = "";

    for (const char *const *extension = info->extensions; *extension; extension++)
        add_word(text, " ", *extension);
    table_add_text(table, STYLE_PLAIN, text[0] ? text : info->extension);
}

/* 0: it has none, or none unless asked for. */
static unsigned usual_quality(enum format format)
{
    struct encoding usual = encoding_usual(format);

    return encoding_is_lossy(format, &usual) ? usual.values[ENCODING_QUALITY] : 0;
}

static void add_quality(struct table *table, enum format format)
{
    char text[CELL_BYTES] = "-";

    if (usual_quality(format) > 0)
        snprintf(text, sizeof text, "%u", usual_quality(format));
    table_add_text(table, STYLE_PLAIN, text);
}

/* What a file can be beside one opaque picture of 8 bits. */
static void add_holds(struct table *table, enum format format)
{
    const struct format_info *info = format_info(format);
    const struct {
        bool true_of;
        const char *word;
    } all[] = {
        { format_holds(format, FORMAT_HOLDS_ALPHA), "alpha" },
        { format_holds(format, FORMAT_HOLDS_DEEP), "16 bits" },
        { info->sequence == SEQUENCE_FRAMES, "animations" },
        { info->sequence == SEQUENCE_PAGES, "pages" },
        { info->tiles, "tiles" },
    };
    char text[CELL_BYTES] = "";

    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        if (all[i].true_of)
            add_word(text, ", ", all[i].word);
    table_add_text(table, STYLE_PLAIN, text[0] ? text : "-");
}

/* The keys of [Output] that are for it. */
static void add_options(struct table *table, enum format format)
{
    char text[CELL_BYTES] = "";

    for (enum encoding_option option = 0; option < ENCODING_OPTIONS; option++)
        if (encoding_has(format, option))
            add_word(text, " ", encoding_option_name(option));
    table_add_text(table, STYLE_PLAIN, text[0] ? text : "-");
}

int formats_view_print(const struct screen *screen)
{
    static const struct table_column columns[] = {
        { .title = "FORMAT" },
        { .title = "EXTENSIONS" },
        { .title = "IN" },
        { .title = "OUT" },
        { .title = "QUALITY", .right = true },
        { .title = "CAN HOLD" },
        { .title = "OPTIONS" },
    };
    struct table table;
    int r;

    table_init(&table, columns, ARRAY_SIZE(columns));
    for (enum format format = 0; format < FORMAT_COUNT; format++) {
        const struct format_info *info = format_info(format);

        table_add_text(&table, STYLE_PLAIN, info->name);
        add_extensions(&table, info);
        table_add_text(&table, STYLE_PLAIN, !info->input ? "-" : info->allowance ? "allowed" : "yes");
        table_add_text(&table, STYLE_PLAIN, info->output ? "yes" : "-");
        add_quality(&table, format);
        add_holds(&table, format);
        add_options(&table, format);
    }
    r = table_print(&table, screen);
    table_release(&table);
    return r;
}

json_t *formats_view_json(enum format format)
{
    const struct format_info *info = format_info(format);
    unsigned quality = usual_quality(format);
    json_t *extensions = json_array(), *options = json_array();

    for (const char *const *extension = info->extensions; *extension; extension++)
        json_array_append_new(extensions, json_string(*extension));
    for (enum encoding_option option = 0; option < ENCODING_OPTIONS; option++)
        if (encoding_has(format, option))
            json_array_append_new(options, json_string(encoding_option_name(option)));
    return json_pack("{s:s, s:s, s:o, s:b, s:b, s:o, s:b, s:b, s:b, s:b, s:b, s:b, s:o}", "name", info->name,
                     "extension", info->extension, "extensions", extensions, "input", info->input, "output",
                     info->output, "quality", quality > 0 ? json_integer(quality) : json_null(), "alpha",
                     format_holds(format, FORMAT_HOLDS_ALPHA), "deep",
                     format_holds(format, FORMAT_HOLDS_DEEP), "animations", info->sequence == SEQUENCE_FRAMES,
                     "pages", info->sequence == SEQUENCE_PAGES, "tiles", info->tiles, "must_be_allowed",
                     info->allowance != 0, "options", options);
}
