/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manual pages of the configuration have every key that is read, and so do not fall behind. */
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

UNIT_MAIN("manual", UNIT_ROWS(every_key_is_in_its_page, tables))
