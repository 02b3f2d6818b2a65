/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any text to the grammar of configuration files, and to the two files that are all keys: darkroom.conf and
 * NAME.folder.
 *
 * Every place is where the text really stands; what was read and is written out is read as the same; what is refused
 * leaves nothing behind. */
#include "base/cleanup.h"
#include "base/fd_io.h"
#include "conf/daemon_conf.h"
#include "conf/folder_conf.h"
#include "conf/ini.h"
#include "fuzz.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return 0;
}

/* Where line @line (from 1) of the text begins. */
static const char *line_start(const char *text, size_t size, unsigned line)
{
    static const char byte_order_mark[] = "\xEF\xBB\xBF";
    size_t mark = strlen(byte_order_mark);
    const char *at = text;

    if (line == 1 && size >= mark && memcmp(text, byte_order_mark, mark) == 0)
        return text + mark;
    while (--line > 0)
        at = (const char *)memchr(at, '\n', size - (size_t)(at - text)) + 1;
    return at;
}

/* A line that continues another has a space where the backslash was. */
static void expect_at(const char *text, size_t size, struct ini_place place, char byte)
{
    const char *at = line_start(text, size, place.line) + place.column - 1;

    fuzz_expect(at < text + size, "%u:%u is in the text", place.line, place.column);
    fuzz_expect(*at == byte || (*at == '\\' && byte == ' '), "0x%02x stands at %u:%u, not 0x%02x",
                (unsigned char)byte, place.line, place.column, (unsigned char)*at);
}

static void expect_trimmed(const char *text)
{
    size_t length = strlen(text);

    fuzz_expect(length == 0 || (!strchr(" \t\r", text[0]) && !strchr(" \t\r", text[length - 1])),
                "\"%s\" is trimmed", text);
}

static void expect_words(const struct ini_entry *entry)
{
    const char *behind = entry->value;
    struct ini_word word = { 0 };

    for (; ini_next_word(entry, &word); behind = word.start + word.length) {
        fuzz_expect(word.start >= behind && word.length > 0, "words follow each other");
        fuzz_expect(!memchr(word.start, ' ', word.length), "a word has no blank");
        fuzz_expect(strlen(word.text) ==
                        (word.length < sizeof word.text ? word.length : sizeof word.text - 1),
                    "a word's text is cut at the end only");
    }
    fuzz_expect(behind[strspn(behind, " \t\r")] == '\0', "no word is left out");
}

static void expect_entry(const char *text, size_t size, const struct ini_entry *entry)
{
    fuzz_expect(entry->key[0], "a key is not empty");
    expect_trimmed(entry->key);
    expect_trimmed(entry->value);
    expect_at(text, size, entry->key_place, entry->key[0]);
    for (size_t i = 0; entry->value[i]; i++)
        expect_at(text, size, ini_value_place(entry, i), entry->value[i]);
    expect_words(entry);
}

/* As a text of its own; the blank keeps a backslash at the end of a value from continuing the line. */
static char *write_out(const struct ini *ini, size_t *ret_size)
{
    char *text = NULL;
    FILE *stream = open_memstream(&text, ret_size);

    fuzz_expect(stream, "there is memory");
    for (size_t i = 0; i < ini->section_count; i++) {
        const struct ini_section *section = &ini->sections[i];

        fprintf(stream, "[%s%s%s]\n", section->type, section->name ? " " : "", section->name ?: "");
        for (size_t j = 0; j < section->entry_count; j++)
            fprintf(stream, "%s=%s \n", section->entries[j].key, section->entries[j].value);
    }
    fclose(stream);
    return text;
}

static void expect_same(const struct ini *a, const struct ini *b)
{
    fuzz_expect(a->section_count == b->section_count, "%zu sections", a->section_count);
    for (size_t i = 0; i < a->section_count; i++) {
        const struct ini_section *one = &a->sections[i], *other = &b->sections[i];

        fuzz_expect(ini_find(b, one->type, one->name) == other, "[%s] is found", one->type);
        fuzz_expect(one->entry_count == other->entry_count, "%zu entries", one->entry_count);
        for (size_t j = 0; j < one->entry_count; j++)
            fuzz_expect(strcmp(one->entries[j].key, other->entries[j].key) == 0 &&
                            strcmp(one->entries[j].value, other->entries[j].value) == 0,
                        "%s=%s", one->entries[j].key, one->entries[j].value);
    }
}

static void expect_same_again(const struct ini *ini)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_(ini_release) struct ini again = { 0 };
    _cleanup_free_ char *text = NULL;
    size_t size;
    int r;

    text = write_out(ini, &size);
    r = ini_add_text(&again, "again", text, size, &problems);
    if (size > INI_FILE_BYTES_MAX)
        return;
    fuzz_expect(r == 0, "what was read can be read again: %s", problems.count ? problems.list[0].text : "");
    expect_same(ini, &again);
}

static void try_grammar(const char *text, size_t size)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_(ini_release) struct ini ini = { 0 };
    int r = ini_add_text(&ini, "text", text, size, &problems);

    fuzz_expect(r == 0 || r == -EINVAL, "%d", r);
    fuzz_expect_problems(&problems, r);
    for (size_t i = 0; i < ini.section_count; i++) {
        expect_at(text, size, ini.sections[i].place, '[');
        for (size_t j = 0; j < ini.sections[i].entry_count; j++)
            expect_entry(text, size, &ini.sections[i].entries[j]);
    }
    expect_same_again(&ini);
}

static bool is_zero(const void *bytes, size_t size)
{
    const char *at = bytes;

    for (size_t i = 0; i < size; i++)
        if (at[i])
            return false;
    return true;
}

static void try_daemon_conf(const char *path)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    struct daemon_conf conf;
    int r = daemon_conf_load(&conf, path, &problems);

    fuzz_expect_problems(&problems, r);
    fuzz_expect(r == 0 || is_zero(&conf, sizeof conf), "a refused file leaves nothing");
    fuzz_expect(r < 0 || conf.workers <= DAEMON_WORKERS_MAX, "%llu workers",
                (unsigned long long)conf.workers);
    daemon_conf_release(&conf);
}

static void try_folder_conf(const char *path)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    struct folder_conf conf;
    int r = folder_conf_load(&conf, path, "name", &problems);

    fuzz_expect_problems(&problems, r);
    fuzz_expect(r == 0 || is_zero(&conf, sizeof conf), "a refused file leaves nothing");
    if (r == 0) {
        fuzz_expect(conf.path && conf.recipe && conf.output, "required keys are there");
        fuzz_expect(folder_conf_check(&conf, &problems) == 0, "a checked folder stays right");
        fuzz_expect(!folder_conf_accepts(&conf, ".darkroom-x.jpg"), "temporary names are never taken in");
    }
    folder_conf_release(&conf);
}

/* Both are read from files. */
static void try_files(const void *data, size_t size)
{
    _cleanup_close_ int fd = memfd_create("text", MFD_CLOEXEC);
    char path[64];

    fuzz_expect(fd >= 0 && fd_write_all(fd, data, size) == 0, "a memory file can be written");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    try_daemon_conf(path);
    try_folder_conf(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_grammar((const char *)data, size);
    try_files(data, size);
    return 0;
}
