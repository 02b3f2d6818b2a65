/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recipes_view - see recipes_view.h. */
#include "ctl/recipes_view.h"

#include "base/cleanup.h"
#include "ctl/escape.h"
#include "ctl/table.h"

#include <string.h>

int recipes_view_print(const struct catalogue *catalogue, const struct screen *screen)
{
    static const struct table_column columns[] = {
        { .title = "RECIPE" },
        { .title = "DESCRIPTION", .width_max = 70 },
        { .title = "FILE" },
    };
    struct table table;
    int r;

    table_init(&table, columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < catalogue->count; i++) {
        const struct catalogue_entry *entry = &catalogue->list[i];

        table_add_name(&table, STYLE_PLAIN, entry->name, strlen(entry->name));
        table_add_text(&table, STYLE_PLAIN, entry->description ?: "-");
        table_add_name(&table, STYLE_PLAIN, entry->path, strlen(entry->path));
    }
    r = table_print(&table, screen);
    table_release(&table);
    return r;
}

static json_t *entry_json(const struct catalogue_entry *entry)
{
    _cleanup_free_ char *name = escape_name(entry->name, strlen(entry->name));
    _cleanup_free_ char *path = escape_name(entry->path, strlen(entry->path));

    return json_pack("{s:s, s:s?, s:s}", "name", name ?: "", "description", entry->description, "path",
                     path ?: "");
}

json_t *recipes_view_json(const struct catalogue *catalogue)
{
    json_t *list = json_array();

    for (size_t i = 0; i < catalogue->count; i++)
        if (json_array_append_new(list, entry_json(&catalogue->list[i])) < 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}
