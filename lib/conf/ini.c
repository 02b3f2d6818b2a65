/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ini - see ini.h.
 *
 * Three layers, each a few functions: physical lines are checked for bytes that do not belong in text, comments
 * are dropped and continued lines are joined into a logical line that remembers where its pieces stood, and a
 * logical line becomes a section header or an entry. A line that is refused is dropped, and the next one is
 * read: one run shows every problem. */
#include "conf/ini.h"

#include "base/cleanup.h"
#include "base/fd_io.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r"
#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

/* A stretch of text: of the file, or of the logical line. */
struct span {
    const char *start;
    size_t length;
};

struct reader {
    struct ini *ini;
    const char *file;
    struct problems *problems;
    bool refused; /* some problem was added */

    struct span rest;
    unsigned line; /* number of the last physical line */

    char *text; /* the logical line, INI_LINE_BYTES_MAX long */
    size_t length;
    struct ini_piece *pieces;
    size_t piece_count;
    bool dropped; /* the logical line was refused */

    struct ini_section *section; /* NULL before the first header, and after one that was refused */
    bool header_refused;
};

static void reader_release(struct reader *reader)
{
    free(reader->text);
    free(reader->pieces);
}

/* Makes room for one more in a list of @count; sizes are powers of two, so that long lists stay linear. */
static void *grow(void *list, size_t count, size_t size)
{
    if (count & (count - 1))
        return list;
    return reallocarray(list, count ? 2 * count : 1, size);
}

static bool is_blank(char byte)
{
    return byte != '\0' && strchr(BLANKS, byte);
}

static struct span trim(struct span span)
{
    while (span.length > 0 && is_blank(span.start[0])) {
        span.start++;
        span.length--;
    }
    while (span.length > 0 && is_blank(span.start[span.length - 1]))
        span.length--;
    return span;
}

/* Where the byte @at of the logical line stands in the file. */
static struct ini_place place_at(const struct reader *reader, const char *at)
{
    size_t offset = (size_t)(at - reader->text);
    size_t i = reader->piece_count - 1;

    while (i > 0 && reader->pieces[i].offset > offset)
        i--;
    return (struct ini_place){
        .file = reader->file,
        .line = reader->pieces[i].line,
        .column = reader->pieces[i].column + (unsigned)(offset - reader->pieces[i].offset),
    };
}

/* Adds a problem at @place of what is being read; reading goes on, hence 0. */
#define refuse(reader, place, ...)                                                                           \
    ({                                                                                                       \
        (reader)->refused = true;                                                                            \
        ini_problem((reader)->problems, (place), __VA_ARGS__);                                               \
        0;                                                                                                   \
    })

/* Physical lines. */

static bool next_physical(struct reader *reader, struct span *ret)
{
    const char *newline;

    if (reader->rest.length == 0)
        return false;

    newline = memchr(reader->rest.start, '\n', reader->rest.length);
    ret->start = reader->rest.start;
    ret->length = newline ? (size_t)(newline - ret->start) : reader->rest.length;

    reader->rest.start += ret->length + (newline ? 1 : 0);
    reader->rest.length -= ret->length + (newline ? 1 : 0);
    reader->line++;

    if (ret->length > 0 && ret->start[ret->length - 1] == '\r')
        ret->length--;
    return true;
}

/* The length of the character at @bytes, 0 when it is no UTF-8. */
static size_t character_length(const char *bytes, size_t left)
{
    for (size_t length = 1; length <= 4 && length <= left; length++)
        if (text_is_utf8(bytes, length))
            return length;
    return 0;
}

/* Refuses what is not text, once a line. True when there is nothing of the kind. */
static bool check_bytes(struct reader *reader, struct span line)
{
    struct ini_place place = { .file = reader->file, .line = reader->line, .column = 1 };
    size_t at = 0, length;

    if (text_is_utf8(line.start, line.length))
        return true;

    while (at < line.length && (length = character_length(line.start + at, line.length - at)) > 0)
        at += length;

    place.column += (unsigned)at;
    if (line.start[at] == '\0')
        refuse(reader, place, "a NUL byte: this is not a text file");
    else
        refuse(reader, place, "byte \\x%02x is not UTF-8: save the file as UTF-8",
               (unsigned)(unsigned char)line.start[at]);
    return false;
}

static bool is_comment(struct span line)
{
    line = trim(line);
    return line.length > 0 && strchr("#;", line.start[0]);
}

/* An even number of backslashes at the end are backslashes. */
static bool is_continued(struct span line)
{
    size_t backslashes = 0;

    while (backslashes < line.length && line.start[line.length - 1 - backslashes] == '\\')
        backslashes++;
    return backslashes % 2 == 1;
}

/* Logical lines. */

static void append_bytes(struct reader *reader, const char *bytes, size_t length)
{
    struct ini_place place = { .file = reader->file, .line = reader->line, .column = 1 };

    if (reader->dropped)
        return;
    if (length > INI_LINE_BYTES_MAX - reader->length) {
        reader->dropped = true;
        refuse(reader, place, "the line is too long: at most %d bytes, with the lines that continue it",
               INI_LINE_BYTES_MAX);
        return;
    }
    memcpy(reader->text + reader->length, bytes, length);
    reader->length += length;
}

static int append_piece(struct reader *reader, struct span line, bool continued)
{
    struct ini_piece *pieces = grow(reader->pieces, reader->piece_count, sizeof *pieces);

    if (!pieces)
        return -ENOMEM;
    reader->pieces = pieces;
    reader->pieces[reader->piece_count++] =
        (struct ini_piece){ .offset = reader->length, .line = reader->line, .column = 1 };

    append_bytes(reader, line.start, line.length - (continued ? 1 : 0));
    if (continued)
        append_bytes(reader, " ", 1);
    return 0;
}

/* Joins the next line with those that continue it. 1, 0 at the end, or -ENOMEM. */
static int next_logical(struct reader *reader)
{
    struct span line;
    bool continued = true;

    reader->length = 0;
    reader->piece_count = 0;
    reader->dropped = false;

    while (continued && next_physical(reader, &line)) {
        bool text = check_bytes(reader, line);
        int r;

        if (is_comment(line))
            continue;
        reader->dropped = reader->dropped || !text;

        continued = is_continued(line);
        r = append_piece(reader, line, continued);
        if (r < 0)
            return r;
    }
    return reader->piece_count > 0;
}

/* Sections. */

static bool same_name(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

const struct ini_section *ini_find(const struct ini *ini, const char *type, const char *name)
{
    for (size_t i = 0; i < ini->section_count; i++)
        if (strcmp(ini->sections[i].type, type) == 0 && same_name(ini->sections[i].name, name))
            return &ini->sections[i];
    return NULL;
}

static void section_release(struct ini_section *section)
{
    for (size_t i = 0; i < section->entry_count; i++) {
        free(section->entries[i].key);
        free(section->entries[i].value);
        free(section->entries[i].pieces);
    }
    free(section->entries);
    free(section->type);
    free(section->name);
}

static int add_section(struct reader *reader, char *type, char *name, struct ini_place place)
{
    struct ini *ini = reader->ini;
    struct ini_section *sections = grow(ini->sections, ini->section_count, sizeof *sections);
    struct ini_section section = { .place = place, .last = place };

    if (!sections)
        return -ENOMEM;
    ini->sections = sections;

    section.type = strdup(type);
    section.name = name ? strdup(name) : NULL;
    if (!section.type || (name && !section.name)) {
        section_release(&section);
        return -ENOMEM;
    }

    reader->section = &ini->sections[ini->section_count++];
    *reader->section = section;
    return 0;
}

/* Remembers the first two headers in one file. */
static void enter_again(struct ini_section *section, struct ini_place place)
{
    if (section->last.file == place.file && !section->again.file) {
        section->first = section->last;
        section->again = place;
    }
    section->last = place;
}

static int enter_section(struct reader *reader, char *type, char *name, struct ini_place place)
{
    reader->section = (struct ini_section *)ini_find(reader->ini, type, name);
    if (reader->section) {
        enter_again(reader->section, place);
        return 0;
    }

    if (reader->ini->section_count >= INI_SECTIONS_MAX) {
        reader->header_refused = true;
        return refuse(reader, place, "too many sections: at most %d", INI_SECTIONS_MAX);
    }
    return add_section(reader, type, name, place);
}

/* What is wrong with the header @line, or NULL. */
static const char *header_fault(struct span line, struct span words)
{
    if (line.start[line.length - 1] != ']' || line.length < 2)
        return "a section header ends with \"]\"";
    if (memchr(words.start, '[', words.length) || memchr(words.start, ']', words.length))
        return "a section header is \"[Type]\" or \"[Type name]\", without brackets inside";
    if (words.length == 0)
        return "the section header is empty";
    return NULL;
}

static int parse_header(struct reader *reader, struct span line)
{
    struct span words = { .start = line.start + 1, .length = line.length > 2 ? line.length - 2 : 0 };
    struct ini_place place = place_at(reader, line.start);
    _cleanup_free_ char *type = NULL;
    const char *fault;
    char *name;

    words = trim(words);
    fault = header_fault(line, words);
    reader->section = NULL;
    reader->header_refused = fault;
    if (fault)
        return refuse(reader, place, "%s", fault);

    type = strndup(words.start, words.length);
    if (!type)
        return -ENOMEM;

    name = type + strcspn(type, BLANKS);
    if (*name) {
        *name++ = '\0';
        name += strspn(name, BLANKS);
    }
    if (name[strcspn(name, BLANKS)]) {
        reader->header_refused = true;
        return refuse(reader, place, "a section's name is one word: \"[Type name]\"");
    }
    return enter_section(reader, type, *name ? name : NULL, place);
}

/* Entries. */

/* Remembers where the later lines of a continued value begin. */
static int keep_pieces(const struct reader *reader, struct span value, struct ini_entry *entry)
{
    size_t start = (size_t)(value.start - reader->text);

    for (size_t i = 1; i < reader->piece_count; i++) {
        struct ini_piece piece = reader->pieces[i];
        struct ini_piece *pieces;

        if (piece.offset <= start || piece.offset >= start + value.length)
            continue;
        pieces = grow(entry->pieces, entry->piece_count, sizeof *pieces);
        if (!pieces)
            return -ENOMEM;
        piece.offset -= start;
        entry->pieces = pieces;
        entry->pieces[entry->piece_count++] = piece;
    }
    return 0;
}

static int add_entry(struct reader *reader, struct span key, struct span value)
{
    struct ini_section *section = reader->section;
    struct ini_entry *entries = grow(section->entries, section->entry_count, sizeof *entries);
    struct ini_entry *entry;

    if (!entries)
        return -ENOMEM;
    section->entries = entries;

    /* It is counted before it is complete, so that ini_release() finds what it has. */
    entry = &section->entries[section->entry_count++];
    *entry = (struct ini_entry){
        .key = strndup(key.start, key.length),
        .value = strndup(value.start, value.length),
        .key_place = place_at(reader, key.start),
        .value_place = place_at(reader, value.start),
    };
    if (!entry->key || !entry->value)
        return -ENOMEM;
    return keep_pieces(reader, value, entry);
}

static int parse_entry(struct reader *reader, struct span line)
{
    const char *equals = memchr(line.start, '=', line.length);
    struct ini_place place = place_at(reader, line.start);
    struct span key, value;

    if (!reader->section && reader->header_refused)
        return 0;
    if (!reader->section)
        return refuse(reader, place, "text before the first section: start with a header like \"[Section]\"");
    if (!equals)
        return refuse(reader, place, "\"=\" is missing: a line is Key=Value, \"[Section]\" or \"# comment\"");

    key = trim((struct span){ line.start, (size_t)(equals - line.start) });
    if (key.length == 0)
        return refuse(reader, place, "the key before \"=\" is missing");

    value = trim((struct span){ equals + 1, line.length - (size_t)(equals + 1 - line.start) });
    return add_entry(reader, key, value);
}

static int parse_logical(struct reader *reader)
{
    struct span line = trim((struct span){ reader->text, reader->length });

    if (reader->dropped || line.length == 0)
        return 0;
    return line.start[0] == '[' ? parse_header(reader, line) : parse_entry(reader, line);
}

/* Texts and files. */

static int add_file_name(struct ini *ini, const char *file)
{
    char **files = grow(ini->files, ini->file_count, sizeof *files);

    if (!files)
        return -ENOMEM;
    ini->files = files;
    ini->files[ini->file_count] = strdup(file);
    return ini->files[ini->file_count++] ? 0 : -ENOMEM;
}

static void skip_byte_order_mark(struct span *text)
{
    size_t length = strlen(BYTE_ORDER_MARK);

    if (text->length < length || memcmp(text->start, BYTE_ORDER_MARK, length) != 0)
        return;
    text->start += length;
    text->length -= length;
}

int ini_add_text(struct ini *ini, const char *file, const char *text, size_t size, struct problems *problems)
{
    _cleanup_(reader_release) struct reader reader = {
        .ini = ini,
        .problems = problems,
        .rest = { text, size },
        .text = malloc(INI_LINE_BYTES_MAX),
    };
    int r;

    if (!reader.text || add_file_name(ini, file) < 0)
        return -ENOMEM;
    reader.file = ini->files[ini->file_count - 1];

    if (size > INI_FILE_BYTES_MAX)
        return problems_add(problems, file, "the file is too large: at most %d bytes", INI_FILE_BYTES_MAX);

    skip_byte_order_mark(&reader.rest);
    while ((r = next_logical(&reader)) > 0) {
        r = parse_logical(&reader);
        if (r < 0)
            return r;
    }
    if (r < 0)
        return r;
    return reader.refused ? -EINVAL : 0;
}

/* One file. -ENOENT and -ENOMEM are the caller's to report, all else is a problem. */
static int add_one_file(struct ini *ini, const char *path, struct problems *problems)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    _cleanup_free_ char *text = NULL;
    size_t size;
    int r;

    if (fd < 0 && errno == ENOENT)
        return -ENOENT;
    if (fd < 0)
        return problems_add(problems, path, "cannot open: %s", strerrordesc_np(errno));

    r = fd_read_file(fd, INI_FILE_BYTES_MAX, &text, &size);
    if (r == -ENOMEM)
        return r;
    if (r == -EFBIG)
        return problems_add(problems, path, "the file is too large: at most %d bytes", INI_FILE_BYTES_MAX);
    if (r < 0)
        return problems_add(problems, path, "cannot read: %s", strerrordesc_np(-r));

    return ini_add_text(ini, path, text, size, problems);
}

static int is_drop_in(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return entry->d_name[0] != '.' && length > strlen(".conf") &&
           strcmp(entry->d_name + length - strlen(".conf"), ".conf") == 0;
}

/* By bytes: the order must not depend on somebody's locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_drop_in(struct ini *ini, const char *directory, const char *name, struct problems *problems)
{
    _cleanup_free_ char *path = NULL;
    int r;

    if (asprintf(&path, "%s/%s", directory, name) < 0) {
        path = NULL;
        return -ENOMEM;
    }
    if (ini->file_count >= INI_FILES_MAX)
        return problems_add(problems, path, "too many files: at most %d", INI_FILES_MAX);

    r = add_one_file(ini, path, problems);
    if (r == -ENOENT)
        return problems_add(problems, path, "cannot open: %s", strerrordesc_np(ENOENT));
    return r;
}

static int add_drop_ins(struct ini *ini, const char *directory, struct problems *problems)
{
    struct dirent **entries = NULL;
    int count = scandir(directory, &entries, is_drop_in, by_name);
    int result = 0;

    if (count < 0 && errno == ENOENT)
        return 0;
    if (count < 0)
        return problems_add(problems, directory, "cannot list: %s", strerrordesc_np(errno));

    for (int i = 0; i < count; i++) {
        int r = result == -ENOMEM ? 0 : add_drop_in(ini, directory, entries[i]->d_name, problems);

        if (r < 0)
            result = r;
        free(entries[i]);
    }
    free(entries);
    return result;
}

int ini_add_file(struct ini *ini, const char *path, struct problems *problems)
{
    _cleanup_free_ char *directory = NULL;
    int main_file, drop_ins;

    if (asprintf(&directory, "%s.d", path) < 0) {
        directory = NULL;
        return -ENOMEM;
    }

    main_file = add_one_file(ini, path, problems);
    if (main_file == -ENOMEM)
        return main_file;

    drop_ins = add_drop_ins(ini, directory, problems);
    return drop_ins < 0 ? drop_ins : main_file;
}

/* What was read. */

const struct ini_entry *ini_find_entry(const struct ini_section *section, const char *key)
{
    for (size_t i = section->entry_count; i > 0; i--)
        if (strcmp(section->entries[i - 1].key, key) == 0)
            return &section->entries[i - 1];
    return NULL;
}

struct ini_place ini_value_place(const struct ini_entry *entry, size_t offset)
{
    struct ini_place place = entry->value_place;

    place.column += (unsigned)offset;
    for (size_t i = 0; i < entry->piece_count && entry->pieces[i].offset <= offset; i++) {
        place.line = entry->pieces[i].line;
        place.column = entry->pieces[i].column + (unsigned)(offset - entry->pieces[i].offset);
    }
    return place;
}

bool ini_next_word(const struct ini_entry *entry, struct ini_word *word)
{
    const char *next = word->start ? word->start + word->length : entry->value;

    next += strspn(next, BLANKS);
    if (*next == '\0')
        return false;

    word->start = next;
    word->length = strcspn(next, BLANKS);
    word->place = ini_value_place(entry, (size_t)(next - entry->value));
    snprintf(word->text, sizeof word->text, "%.*s", (int)word->length, next);
    return true;
}

char *ini_place_text(struct ini_place place)
{
    char *text;

    return asprintf(&text, "%s:%u:%u", place.file, place.line, place.column) < 0 ? NULL : text;
}

int ini_problem(struct problems *problems, struct ini_place place, const char *format, ...)
{
    _cleanup_free_ char *where = ini_place_text(place), *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);

    return problems_add(problems, where ?: "?", "%s", text ?: "out of memory");
}

void ini_release(struct ini *ini)
{
    for (size_t i = 0; i < ini->section_count; i++)
        section_release(&ini->sections[i]);
    for (size_t i = 0; i < ini->file_count; i++)
        free(ini->files[i]);
    free(ini->sections);
    free(ini->files);
    *ini = (struct ini){ 0 };
}
