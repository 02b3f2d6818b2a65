/* SPDX-License-Identifier: GPL-2.0-or-later */
/* formats_view - see formats_view.h. */
#include "ctl/formats_view.h"

#include "base/cleanup.h"
#include "ctl/table.h"
#include "recipe/encoding.h"

#include <stdio.h>

enum { CELL_BYTES = 128 };

/* What a file can be beside one picture. */
static const char *kind_of(const struct format_info *info)
{
    static const char *const sequences[] = {
        [SEQUENCE_NONE] = "",
        [SEQUENCE_FRAMES] = "animations",
        [SEQUENCE_PAGES] = "pages",
    };

    return info->tiles ? "tiles" : sequences[info->sequence];
}

/* Those that a source may have; else the one that an output gets. */
static void add_extensions(struct table *table, const struct format_info *info)
{
    char text[CELL_BYTES] = "";
    size_t used = 0;

    for (const char *const *extension = info->extensions; *extension && used < sizeof text; extension++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", used > 0 ? " " : "", *extension);
    table_add_text(table, STYLE_PLAIN, used > 0 ? text : info->extension);
}

static void add_quality(struct table *table, enum format format)
{
    char text[CELL_BYTES] = "-";

    if (encoding_has(format, ENCODING_QUALITY))
        snprintf(text, sizeof text, "%u", (unsigned)encoding_usual(format).values[ENCODING_QUALITY]);
    table_add_text(table, STYLE_PLAIN, text);
}

int formats_view_print(const struct screen *screen)
{
    static const struct table_column columns[] = {
        { .title = "FORMAT" },
        { .title = "EXTENSIONS" },
        { .title = "IN" },
        { .title = "OUT" },
        { .title = "QUALITY", .right = true },
        { .title = "ALSO" },
    };
    struct table table;
    int r;

    table_init(&table, columns, ARRAY_SIZE(columns));
    for (enum format format = 0; format < FORMAT_COUNT; format++) {
        const struct format_info *info = format_info(format);

        table_add_text(&table, STYLE_PLAIN, info->name);
        add_extensions(&table, info);
        table_add_text(&table, STYLE_PLAIN, info->input ? "yes" : "-");
        table_add_text(&table, STYLE_PLAIN, info->output ? "yes" : "-");
        add_quality(&table, format);
        table_add_text(&table, STYLE_PLAIN, kind_of(info));
    }
    r = table_print(&table, screen);
    table_release(&table);
    return r;
}

json_t *formats_view_json(enum format format)
{
    const struct format_info *info = format_info(format);
    bool has_quality = encoding_has(format, ENCODING_QUALITY);
    json_t *extensions = json_array();

    for (const char *const *extension = info->extensions; *extension; extension++)
        json_array_append_new(extensions, json_string(*extension));
    return json_pack("{s:s, s:s, s:o, s:b, s:b, s:o, s:b, s:b, s:b}", "name", info->name, "extension",
                     info->extension, "extensions", extensions, "input", info->input, "output", info->output,
                     "quality", has_quality ? json_integer(encoding_usual(format).values[ENCODING_QUALITY]) : json_null(), "animations",
                     info->sequence == SEQUENCE_FRAMES, "pages", info->sequence == SEQUENCE_PAGES, "tiles",
                     info->tiles);
}
