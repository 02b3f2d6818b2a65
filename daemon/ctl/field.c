/* SPDX-License-Identifier: GPL-2.0-or-later */
/* field - see field.h. */
#include "ctl/field.h"

#include "ctl/base64.h"
#include "ctl/escape.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELD_NAME_MAX = 64 };

const char *field_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "-";
}

uint64_t field_number(const json_t *object, const char *name)
{
    json_int_t number = json_integer_value(json_object_get(object, name));

    return number > 0 ? (uint64_t)number : 0;
}

void field_add_text(struct table *table, enum style style, const json_t *object, const char *name)
{
    table_add_text(table, style, field_text(object, name));
}

void field_add_number(struct table *table, enum style style, const json_t *object, const char *name)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, field_number(object, name));
    table_add_text(table, style, text);
}

void field_add_path(struct table *table, enum style style, const json_t *object, const char *name)
{
    const char *readable = field_text(object, name);
    const char *encoded;
    char encoded_name[FIELD_NAME_MAX];
    char *bytes;
    size_t size;

    snprintf(encoded_name, sizeof(encoded_name), "%s_b64", name);
    encoded = json_string_value(json_object_get(object, encoded_name));
    if (!encoded || base64_decode(encoded, &bytes, &size) < 0) {
        table_add_name(table, style, readable, strlen(readable));
        return;
    }

    table_add_name(table, style, bytes, size);
    free(bytes);
}

char *field_path(const json_t *object, const char *name)
{
    const char *readable = field_text(object, name);
    const char *encoded;
    char encoded_name[FIELD_NAME_MAX];
    char *bytes, *path;
    size_t size;

    snprintf(encoded_name, sizeof(encoded_name), "%s_b64", name);
    encoded = json_string_value(json_object_get(object, encoded_name));
    if (!encoded || base64_decode(encoded, &bytes, &size) < 0)
        return escape_name(readable, strlen(readable));

    path = escape_name(bytes, size);
    free(bytes);
    return path;
}
