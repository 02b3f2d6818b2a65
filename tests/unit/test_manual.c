/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manual pages of the configuration have every key that is read, and so do not fall behind; and all of them can be
 * read on a terminal. */
#include "base/cleanup.h"
#include "base/fd_io.h"
#include "conf/daemon_conf.h"
#include "conf/folder_conf.h"
#include "recipe/draft.h"
#include "recipe/recipe.h"
#include "unit_main.h"

#include <fcntl.h>
#include <string.h>

enum { PAGE_BYTES_MAX = 1 << 20 };

static const struct {
    const char *page;
    const struct conf_key *(*key)(size_t index);
} tables[] = {
    { "darkroom.conf.5", daemon_conf_key },     { "darkroom.folder.5", folder_conf_key },
    { "darkroom.recipe.5", recipe_key },        { "darkroom.recipe.5", draft_key },
    { "darkroom.recipe.5", manifest_spec_key },
};

static char *read_page(const char *name)
{
    _cleanup_free_ char *path = NULL;
    _cleanup_close_ int fd = -1;
    char *text = NULL;
    size_t size;

    ck_assert_int_gt(asprintf(&path, "%s/%s", DARKROOM_MAN, name), 0);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_msg(fd >= 0 && fd_read_file(fd, PAGE_BYTES_MAX, &text, &size) == 0, "%s cannot be read", path);
    return text;
}

START_TEST(every_key_is_in_its_page)
{
    _cleanup_free_ char *page = read_page(tables[_i].page);
    const struct conf_key *key;

    ck_assert_ptr_nonnull(tables[_i].key(0));
    for (size_t i = 0; (key = tables[_i].key(i)) != NULL; i++) {
        char item[80];

        snprintf(item, sizeof item, "Cm %s Ns =", key->name);
        ck_assert_msg(strstr(page, item), "%s has no %s=", tables[_i].page, key->name);
    }
}
END_TEST

/* ---- as a terminal of 80 columns shows them ---- */

enum { COLUMNS_MAX = 8, LITERAL_WIDTH = 80 - 5 - 6 /* indented twice */ };

static const char *const pages[] = { "darkroom.conf.5", "darkroom.folder.5", "darkroom.recipe.5",
                                     "darkroomctl.1", "darkroomd.8" };

static const char *next_line(const char *line)
{
    size_t length = strcspn(line, "\n");

    return line + length + (line[length] == '\n');
}

/* troff drops some characters for some terminals: there are escapes, or other words. */
START_TEST(a_page_is_ascii)
{
    _cleanup_free_ char *page = read_page(pages[_i]);

    for (const char *c = page; *c; c++)
        ck_assert_msg((unsigned char)*c < 0x80, "%s: %.20s", pages[_i], c);
}
END_TEST

/* A table as mdoc(7) has it: the width of each column is that of a sample in quotes. */
struct columns {
    size_t widths[COLUMNS_MAX], count;
};

static struct columns read_columns(const char *line)
{
    struct columns columns = { .count = 0 };

    for (const char *quote = strpbrk(line, "\"\n"); quote && *quote == '"'; quote = strpbrk(quote, "\"\n")) {
        size_t width = strcspn(quote + 1, "\"\n");

        ck_assert_uint_lt(columns.count, COLUMNS_MAX);
        columns.widths[columns.count++] = width;
        quote += width + 2;
    }
    return columns;
}

static bool is_word(const char *word, size_t length, const char *wanted)
{
    return strlen(wanted) == length && memcmp(word, wanted, length) == 0;
}

/* ".It one Ta Sy two Ta three": a cell that is wider than its column runs into the next one. */
static void expect_cells_fit(const char *page, const char *line, const struct columns *columns)
{
    size_t column = 0, width = 0, length;

    for (const char *word = line + strlen(".It"); *word == ' '; word += length) {
        length = strcspn(++word, " \n");
        if (is_word(word, length, "Ta")) {
            column++;
            width = 0;
        } else if (!is_word(word, length, "Sy")) {
            width += length + (width > 0);
        }
        ck_assert_msg(column < columns->count && width <= columns->widths[column], "%s: column %zu of: %.60s",
                      page, column + 1, line);
    }
}

START_TEST(a_table_has_room_for_its_cells)
{
    _cleanup_free_ char *page = read_page(pages[_i]);
    struct columns columns = { .count = 0 };

    for (const char *line = page; *line; line = next_line(line))
        if (strncmp(line, ".Bl", 3) == 0 || strncmp(line, ".El", 3) == 0)
            columns =
                strncmp(line, ".Bl -column", 11) == 0 ? read_columns(line) : (struct columns){ .count = 0 };
        else if (columns.count > 0 && strncmp(line, ".It ", 4) == 0)
            expect_cells_fit(pages[_i], line, &columns);
}
END_TEST

START_TEST(an_example_fits_into_a_terminal)
{
    _cleanup_free_ char *page = read_page(pages[_i]);
    bool literal = false;

    for (const char *line = page; *line; line = next_line(line)) {
        if (strncmp(line, ".Bd -literal", 12) == 0 || strncmp(line, ".Ed", 3) == 0)
            literal = line[2] == 'd' && line[1] == 'B';
        ck_assert_msg(!literal || strcspn(line, "\n") <= LITERAL_WIDTH, "%s: %.*s", pages[_i],
                      (int)strcspn(line, "\n"), line);
    }
}
END_TEST

UNIT_MAIN("manual", UNIT_ROWS(every_key_is_in_its_page, tables), UNIT_ROWS(a_page_is_ascii, pages),
          UNIT_ROWS(a_table_has_room_for_its_cells, pages), UNIT_ROWS(an_example_fits_into_a_terminal, pages))
