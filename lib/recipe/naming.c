/* SPDX-License-Identifier: GPL-2.0-or-later */
/* naming - see naming.h.
 *
 * A template is a sequence of tokens: text, braces and fields. They are expanded once, from left to right, so
 * that what stands in a file's name is never taken for a field. The result is then walked component by
 * component and made a safe path; nothing about a component is looked at before that. */
#include "recipe/naming.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xxhash.h>

#define TEMPORARY_PREFIX ".darkroom-"
#define MANIFEST_EXTENSION "json"

enum {
    TEMPLATE_BYTES_MAX = 4096,
    EXTENSION_BYTES_MAX = 16, /* with its dot; a longer one is no extension when a name is cut */
    HASH_BYTES = 9,           /* "-" and 8 hex digits */
};

enum field {
    FIELD_DIR,
    FIELD_STEM,
    FIELD_NAME,
    FIELD_WIDTH,
    FIELD_HEIGHT,
    FIELD_EXT,
    FIELD_DATE,
    FIELD_PAGE,
    FIELD_DASH_PAGE,
    FIELD_COUNT
};

static const char *const field_names[FIELD_COUNT] = {
    [FIELD_DIR] = "dir",     [FIELD_STEM] = "stem",     [FIELD_NAME] = "name",
    [FIELD_WIDTH] = "width", [FIELD_HEIGHT] = "height", [FIELD_EXT] = "ext",
    [FIELD_DATE] = "date",   [FIELD_PAGE] = "page",     [FIELD_DASH_PAGE] = "-page",
};

const char *naming_field(size_t index)
{
    return index < FIELD_COUNT ? field_names[index] : NULL;
}

/* Either @length bytes of text at @text, or (when @text is NULL) a field. */
struct token {
    const char *text;
    size_t length;
    enum field field;
};

static bool field_from_name(const char *name, size_t length, enum field *ret)
{
    for (enum field field = 0; field < FIELD_COUNT; field++)
        if (strlen(field_names[field]) == length && memcmp(field_names[field], name, length) == 0) {
            *ret = field;
            return true;
        }
    return false;
}

/* Reads "{field}" at *@next, which is left there when it is none: then what is wrong is returned. */
static const char *read_field(const char **next, struct token *ret)
{
    const char *name = *next + 1;
    size_t length = strcspn(name, "{}");

    if (name[length] != '}')
        return "\"{\" without \"}\": write {{ for a brace";
    *ret = (struct token){ 0 };
    if (!field_from_name(name, length, &ret->field))
        return "unknown field: use {dir}, {stem}, {name}, {width}, {height}, {ext}, {date}, {page} or "
               "{-page}, "
               "and {{ for a brace";
    *next = name + length + 1;
    return NULL;
}

/* Steps to the next token. False at the end, and at what is no token: then *@ret_problem says why. */
static bool next_token(const char **next, struct token *ret, const char **ret_problem)
{
    size_t text = strcspn(*next, "{}");

    *ret_problem = NULL;
    if (**next == '\0')
        return false;

    if (text > 0) {
        *ret = (struct token){ .text = *next, .length = text };
        *next += text;
    } else if ((*next)[0] == (*next)[1]) {
        *ret = (struct token){ .text = *next, .length = 1 };
        *next += 2;
    } else if (**next == '}') {
        *ret_problem = "\"}\" without \"{\": write }} for a brace";
    } else {
        *ret_problem = read_field(next, ret);
    }
    return !*ret_problem;
}

/* Checks. */

/* The first "." or ".." among the components, or NULL. */
static const char *find_dots(const char *name_template)
{
    for (const char *component = name_template; *component;) {
        size_t length = strcspn(component, "/");

        if ((length == 1 && component[0] == '.') || (length == 2 && memcmp(component, "..", 2) == 0))
            return component;
        component += length + strspn(component + length, "/");
    }
    return NULL;
}

/* What is wrong with @name_template, and from where on; NULL when nothing is. */
static const char *find_fault(const char *name_template, const char **ret_at)
{
    const char *next = name_template, *problem;
    bool tells_sources_apart = false;
    struct token token;

    while (next_token(&next, &token, &problem))
        if (!token.text && (token.field == FIELD_STEM || token.field == FIELD_NAME))
            tells_sources_apart = true;
    *ret_at = next;
    if (problem)
        return problem;

    *ret_at = name_template;
    if (next - name_template > TEMPLATE_BYTES_MAX)
        return "the name is too long";
    if (name_template[0] == '/')
        return "the name starts with \"/\": it is below Output=";
    if (!tells_sources_apart)
        return "{stem} or {name} is missing: all pictures would get the same name";
    if (next[-1] == '/') {
        *ret_at = next - 1;
        return "the name ends with \"/\"";
    }

    *ret_at = find_dots(name_template);
    return *ret_at ? "\".\" and \"..\" cannot be in a name" : NULL;
}

int naming_check(const char *name_template, const char **ret_problem, size_t *ret_offset)
{
    const char *at;
    const char *problem = find_fault(name_template, &at);

    if (!problem)
        return 0;
    *ret_problem = problem;
    *ret_offset = (size_t)(at - name_template);
    return -EINVAL;
}

bool naming_uses(const char *name_template, const char *field)
{
    const char *problem;
    struct token token;

    while (next_token(&name_template, &token, &problem))
        if (!token.text && strcmp(field_names[token.field], field) == 0)
            return true;
    return false;
}

bool naming_has_pages(const struct recipe *recipe, size_t index)
{
    const char *name_template = recipe->outputs[recipe->renditions[index].output].name_template;

    return naming_uses(name_template, field_names[FIELD_PAGE]) ||
           naming_uses(name_template, field_names[FIELD_DASH_PAGE]);
}

size_t naming_count_paged(const struct recipe *recipe)
{
    size_t count = 0;

    for (size_t i = 0; i < recipe->rendition_count; i++)
        count += naming_has_pages(recipe, i);
    return count;
}

/* Expansion. */

struct subject {
    uint32_t width, height; /* as asked for */
    const char *extension;
    const char *path, *name; /* of the source; @name is inside @path */
    size_t directory_length; /* of the part of @path before the last slash */
    int64_t mtime_ns;
    struct naming_page page;
};

/* The length of @name without its extension; a leading dot starts none. */
static size_t stem_length(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot && dot != name ? (size_t)(dot - name) : strlen(name);
}

static void write_date(FILE *stream, int64_t mtime_ns)
{
    time_t seconds = mtime_ns / NSEC_PER_SEC - (mtime_ns % NSEC_PER_SEC < 0 ? 1 : 0);
    char date[32];
    struct tm tm;

    if (gmtime_r(&seconds, &tm) && strftime(date, sizeof date, "%Y-%m-%d", &tm) > 0)
        fputs(date, stream);
}

/* With zeros in front, so that names sort as pages do. */
static void write_page(FILE *stream, const struct naming_page *page)
{
    int width = snprintf(NULL, 0, "%" PRIu32, page->count);

    fprintf(stream, "%0*" PRIu32, width, page->number);
}

static void write_field(FILE *stream, enum field field, const struct subject *subject)
{
    switch (field) {
    case FIELD_DIR:
        fwrite(subject->path, 1, subject->directory_length, stream);
        break;
    case FIELD_STEM:
        fwrite(subject->name, 1, stem_length(subject->name), stream);
        break;
    case FIELD_NAME:
        fputs(subject->name, stream);
        break;
    case FIELD_WIDTH:
        fprintf(stream, "%" PRIu32, subject->width);
        break;
    case FIELD_HEIGHT:
        fprintf(stream, "%" PRIu32, subject->height);
        break;
    case FIELD_EXT:
        fputs(subject->extension, stream);
        break;
    case FIELD_DATE:
        write_date(stream, subject->mtime_ns);
        break;
    case FIELD_PAGE:
        write_page(stream, &subject->page);
        break;
    case FIELD_DASH_PAGE:
        if (subject->page.count > 1) {
            fputc('-', stream);
            write_page(stream, &subject->page);
        }
        break;
    case FIELD_COUNT:
        break;
    }
}

static struct subject subject_of(const char *path, int64_t mtime_ns)
{
    const char *slash = strrchr(path, '/');

    return (struct subject){
        .path = path,
        .name = slash ? slash + 1 : path,
        .directory_length = slash ? (size_t)(slash - path) : 0,
        .mtime_ns = mtime_ns,
    };
}

bool naming_write_source(FILE *stream, const char *field, size_t length, const char *path, int64_t mtime_ns)
{
    static const enum field of_source[] = { FIELD_DIR, FIELD_STEM, FIELD_NAME, FIELD_DATE };
    struct subject subject = subject_of(path, mtime_ns);
    enum field found;

    if (!field_from_name(field, length, &found))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(of_source); i++)
        if (of_source[i] == found) {
            write_field(stream, found, &subject);
            return true;
        }
    return false;
}

/* The template filled in, as it is: not a safe path yet. NULL when memory is out. */
static char *expand(const char *name_template, const struct subject *subject)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    const char *problem;
    struct token token;

    if (!stream)
        return NULL;

    while (next_token(&name_template, &token, &problem))
        if (token.text)
            fwrite(token.text, 1, token.length, stream);
        else
            write_field(stream, token.field, subject);

    if (fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* Making it safe. */

/* The length of the extension at the end of a component, with its dot; 0 when it has none. */
static size_t extension_length(const char *component, size_t length)
{
    const char *dot = memrchr(component, '.', length);
    size_t extension = dot ? length - (size_t)(dot - component) : 0;

    return dot == component || extension > EXTENSION_BYTES_MAX ? 0 : extension;
}

/* At most @most bytes of @component, none of its characters cut if it is UTF-8. */
static size_t cut_length(const char *component, size_t length, size_t most)
{
    bool utf8 = text_is_utf8(component, length);

    while (utf8 && most > 0 && ((unsigned char)component[most] & 0xC0) == 0x80)
        most--;
    return most;
}

/* Writes a component that is longer than a file's name may be: its start, a hash of it all, its extension. */
static void write_cut(FILE *stream, const char *component, size_t length)
{
    size_t extension = extension_length(component, length);
    size_t kept = cut_length(component, length, NAMING_COMPONENT_MAX - HASH_BYTES - extension);

    fwrite(component, 1, kept, stream);
    fprintf(stream, "-%08" PRIx32, (uint32_t)XXH3_64bits(component, length));
    fwrite(component + length - extension, 1, extension, stream);
}

/* "." and ".." would lead elsewhere, and our own temporary names would be swept away: they get a "_". */
static bool needs_prefix(const char *component, size_t length)
{
    if ((length == 1 && component[0] == '.') || (length == 2 && memcmp(component, "..", 2) == 0))
        return true;
    return length >= strlen(TEMPORARY_PREFIX) &&
           memcmp(component, TEMPORARY_PREFIX, strlen(TEMPORARY_PREFIX)) == 0;
}

static int write_component(FILE *stream, const char *component, size_t length)
{
    _cleanup_free_ char *name = NULL;
    int size = asprintf(&name, "%s%.*s", needs_prefix(component, length) ? "_" : "", (int)length, component);

    if (size < 0) {
        name = NULL;
        return -ENOMEM;
    }
    if (size > NAMING_COMPONENT_MAX)
        write_cut(stream, name, (size_t)size);
    else
        fwrite(name, 1, (size_t)size, stream);
    return 0;
}

/* Writes the components of @path that are not empty, each made safe. How many, or -ENOMEM. */
static int write_components(FILE *stream, const char *path)
{
    int count = 0;

    for (path += strspn(path, "/"); *path; path += strspn(path, "/")) {
        size_t length = strcspn(path, "/");
        int r;

        if (count++ > 0)
            fputc('/', stream);
        r = write_component(stream, path, length);
        if (r < 0)
            return r;
        path += length;
    }
    return count;
}

static int make_safe(const char *path, char **ret)
{
    _cleanup_free_ char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    int count;

    if (!stream)
        return -ENOMEM;

    count = write_components(stream, path);
    if (fclose(stream) != 0 || count < 0)
        return -ENOMEM;
    if (count == 0)
        return -EINVAL;

    *ret = take_ptr(text);
    return 0;
}

/* What the name tells of the output; returns its template. */
static const char *set_output(const struct recipe *recipe, size_t index, struct subject *subject)
{
    const struct rendition *rendition = &recipe->renditions[index];

    if (index == RENDITION_MANIFEST) {
        subject->extension = MANIFEST_EXTENSION;
        return recipe->manifest.name_template;
    }
    subject->width = rendition->width;
    subject->height = rendition->height;
    subject->extension = format_info(rendition->format)->extension;
    return recipe->outputs[rendition->output].name_template;
}

int naming_output_page(const struct recipe *recipe, size_t index, const char *path, int64_t mtime_ns,
                       struct naming_page page, char **ret)
{
    struct subject subject = subject_of(path, mtime_ns);
    const char *name_template = set_output(recipe, index, &subject);
    _cleanup_free_ char *expanded = NULL;

    subject.page = page;
    if (*subject.name == '\0')
        return -EINVAL;

    expanded = expand(name_template, &subject);
    if (!expanded)
        return -ENOMEM;
    return make_safe(expanded, ret);
}

int naming_output(const struct recipe *recipe, size_t index, const char *path, int64_t mtime_ns, char **ret)
{
    return naming_output_page(recipe, index, path, mtime_ns, (struct naming_page){ 1, 1 }, ret);
}

/* Suffixes. */

const char *naming_append(const char *stem, size_t length, const char *suffix, char *buffer)
{
    size_t suffix_length = strlen(suffix);

    if (length + suffix_length <= NAMING_COMPONENT_MAX) {
        snprintf(buffer, NAMING_COMPONENT_MAX + 1, "%.*s%s", (int)length, stem, suffix);
        return buffer;
    }
    if (suffix_length > NAMING_COMPONENT_MAX - HASH_BYTES)
        suffix_length = NAMING_COMPONENT_MAX - HASH_BYTES;
    snprintf(buffer, NAMING_COMPONENT_MAX + 1, "%.*s-%08" PRIx32 "%.*s",
             (int)cut_length(stem, length, NAMING_COMPONENT_MAX - HASH_BYTES - suffix_length), stem,
             (uint32_t)XXH3_64bits(stem, length), (int)suffix_length, suffix);
    return buffer;
}

const char *naming_number(const char *name, unsigned number, char *buffer)
{
    size_t stem = stem_length(name);
    char suffix[NAMING_COMPONENT_MAX + 16];

    if (strlen(name) - stem > EXTENSION_BYTES_MAX)
        stem = strlen(name); /* no extension, but a name with a dot in it */
    if (number > 0)
        snprintf(suffix, sizeof suffix, "-%u%s", number, name + stem);
    else
        snprintf(suffix, sizeof suffix, "%s", name + stem);
    return naming_append(name, stem, suffix, buffer);
}

char *naming_numbered(const char *path, unsigned number)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    char buffer[NAMING_COMPONENT_MAX + 1];
    char *numbered;

    return asprintf(&numbered, "%.*s%s", (int)(name - path), path, naming_number(name, number, buffer)) < 0
               ? NULL
               : numbered;
}
