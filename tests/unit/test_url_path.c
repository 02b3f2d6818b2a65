/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of daemon/supervisor/url_path: what a browser makes of the references is what RFC 3986 says. */
#include "supervisor/url_path.h"

#include "base/cleanup.h"
#include "unit_main.h"

#include <check.h>

static const struct {
    const char *from, *to, *reference;
} paths[] = {
    { "a.json", "a.png", "a.png" },
    { "album/a.json", "album/a.png", "a.png" },
    { "a.json", "album/a.png", "album/a.png" },
    { "album/a.json", "a.png", "../a.png" },
    { "x/y/a.json", "x/z/a.png", "../z/a.png" },
    { "x/y/z/a.json", "a/b.png", "../../../a/b.png" },
    { "album/a.json", "album2/a.png", "../album2/a.png" },
    { "album2/a.json", "album/a.png", "../album/a.png" },
    { "a.json", "a.json", "a.json" },
    { "a.json", "a b.png", "a%20b.png" },
    { "a.json", "a,b.png", "a%2Cb.png" }, /* it would end a candidate of a srcset */
    { "a.json", "a:b.png", "a%3Ab.png" }, /* it would be a scheme */
    { "a.json", "50%.png", "50%25.png" },
    { "a.json", "a?b#c.png", "a%3Fb%23c.png" },
    { "a.json", "<\"'&>.png", "%3C%22%27%26%3E.png" },
    { "a.json", "\xC3\xA4.png", "%C3%A4.png" },
    { "a.json", "\xFF\n.png", "%FF%0A.png" }, /* no UTF-8, and a line's end */
    { "a.json", "Aa09-._~.png", "Aa09-._~.png" },
    { "d\xC3\xA4/a.json", "d\xC3\xA5/a.png", "../d%C3%A5/a.png" },
};

START_TEST(a_reference_leads_from_file_to_file)
{
    _cleanup_free_ char *reference = url_path(paths[_i].from, paths[_i].to);

    ck_assert_str_eq(reference, paths[_i].reference);
}
END_TEST

UNIT_MAIN("url_path", UNIT_ROWS(a_reference_leads_from_file_to_file, paths))
