/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Manifests through the whole daemon: what they say is so, as far as other programs can tell. */
#include "base/cleanup.h"
#include "daemon_harness.h"
#include "document.h"
#include "outside_tool.h"
#include "painter.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OUTPUTS                                                                                              \
    "[Recipe]\nStep=auto-orient\n[Output set]\nName={dir}/{stem}-{width}.{ext}\nWidth=16 32 "                \
    "500\nFormat=png "                                                                                       \
    "jpeg\n[Output page]\nName={dir}/pages/{stem}{-page}.{ext}\nFormat=png\n"
#define RECIPE OUTPUTS "[Manifest]\n"

/* The manifest at out/@name; the caller's. */
static json_t *manifest(const struct harness *h, const char *name)
{
    json_error_t error;
    json_t *json = json_load_file(harness_path(h, "out/%s", name), 0, &error);

    ck_assert_msg(json != NULL, "%s: %s", name, error.text);
    return json;
}

/* As the program of that name tells it. */
static void expect_digest(const struct harness *h, const char *path, const char *digest)
{
    const char *const command[] = { "sha256sum", harness_path(h, "out/%s", path), NULL };
    struct outside_tool tool;
    char line[PATH_MAX] = "";

    outside_tool_start(&tool, command);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, tool.output));
    outside_tool_end(&tool, command[0]);
    ck_assert_msg(strncmp(line, digest, strlen(digest)) == 0, "%s: %s instead of %s", path, digest, line);
}

/* Every output that is told of is there, and as it is told; and all are told of but the manifest. */
static void expect_true(const struct harness *h, const json_t *json, size_t files)
{
    const json_t *outputs = json_object_get(json, "outputs"), *output;
    size_t i;

    ck_assert_uint_eq(json_array_size(outputs), files - 1);
    ck_assert_uint_eq(harness_count(h, "out"), files);
    json_array_foreach (outputs, i, output) {
        const char *path = harness_string(output, "path");
        struct stat st;

        harness_expect_picture(h, harness_path(h, "out/%s", path) + strlen(h->root) + 1,
                               (int)harness_number(output, "width"), (int)harness_number(output, "height"));
        ck_assert_int_eq(stat(harness_path(h, "out/%s", path), &st), 0);
        ck_assert_int_eq(harness_number(output, "bytes"), st.st_size);
        expect_digest(h, path, harness_string(output, "sha256"));
    }
}

START_TEST(what_a_manifest_says_is_so)
{
    _cleanup_free_ char *before = NULL;

    for (int i = 0; i < 2; i++) { /* the second time nothing is left of the first, and it says the same */
        struct harness h;
        json_t *json;

        harness_open(&h);
        harness_configure(&h, "", RECIPE);
        ck_assert_int_eq(mkdir(harness_path(&h, "in/al bum"), 0755), 0);
        harness_start(&h);
        harness_drop(&h, "al bum/a.jpg", 100, 60, 1);
        harness_await_ends(&h, 1, 0);

        json = manifest(&h, "al bum/a.json");
        expect_true(&h, json, 6);
        ck_assert_int_eq(harness_number(json, "source.width"), 100);
        ck_assert_int_eq(harness_number(json, "source.height"), 60);
        ck_assert_str_eq(harness_string(json, "source.path"), "al bum/a.jpg");
        ck_assert_str_eq(harness_string(json, "recipe.name"), "web");
        ck_assert_uint_eq(strlen(harness_string(json, "blurhash")), 28);
        ck_assert_uint_eq(strlen(harness_string(json, "dominant_colour")), 7);
        ck_assert_str_eq(harness_string(json, "srcset.set.png"), "a-16.png 16w, a-32.png 32w");
        ck_assert_str_eq(harness_string(json, "srcset.set.jpeg"), "a-16.jpg 16w, a-32.jpg 32w");
        ck_assert_str_eq(harness_string(json, "srcset.page.png"), "pages/a.png 100w");
        json_decref(json);

        ck_assert(!before || strcmp(before, harness_read(&h, "out/al bum/a.json")) == 0);
        free(before);
        before = strdup(harness_read(&h, "out/al bum/a.json"));
        harness_close(&h);
    }
}
END_TEST

START_TEST(a_manifest_is_planned_and_counted_among_the_outputs)
{
    const json_t *output;
    struct harness h;
    char *text = NULL;
    json_t *json;
    size_t i, manifests = 0;

    harness_open(&h);
    harness_configure(&h, "Settle=24h\n", RECIPE);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 100, 60, 1);
    ck_assert_int_eq(darkroom_plan(h.dk, harness_path(&h, "in/a.jpg"), NULL, &text), 0);
    json = json_loads(text, 0, NULL);
    darkroom_free(text);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "outputs")), 6);
    json_array_foreach (json_object_get(json, "outputs"), i, output) {
        if (strcmp(harness_string(output, "format"), "json") != 0)
            continue;
        manifests++;
        ck_assert_str_eq(harness_string(output, "path"), harness_path(&h, "out/a.json"));
        ck_assert(json_is_null(json_object_get(output, "width")));
        ck_assert_str_eq(harness_string(output, "action"), "make");
    }
    ck_assert_uint_eq(manifests, 1);
    json_decref(json);

    ck_assert_int_eq(harness_stop(&h), 0);
    harness_configure(&h, "", RECIPE);
    harness_start(&h);
    harness_await_ends(&h, 1, 0);
    json = harness_job_of(&h, "a.jpg");
    ck_assert_uint_eq(json_array_size(json_object_get(json, "outputs")), 6);
    json_decref(json);
    harness_close(&h);
}
END_TEST

START_TEST(a_manifest_goes_when_its_recipe_asks_for_none)
{
    struct harness h;
    char *answer = NULL;

    harness_open(&h);
    harness_configure(&h, "", RECIPE);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 100, 60, 1);
    harness_await_ends(&h, 1, 0);
    ck_assert(harness_exists(&h, "out/a.json"));

    harness_configure(&h, "", OUTPUTS);
    harness_signal(&h, SIGHUP);
    harness_await_ready(&h);
    ck_assert_int_eq(darkroom_scan(h.dk, "web", 1, &answer), 0);
    darkroom_free(answer);
    harness_await_ends(&h, 2, 0);
    ck_assert(!harness_exists(&h, "out/a.json"));
    ck_assert_uint_eq(harness_count(&h, "out"), 5);
    harness_close(&h);
}
END_TEST

/* Both would make a.json and all the rest. */
START_TEST(numbered_names_are_told_by_their_own_manifest)
{
    struct harness h;
    json_t *json;

    harness_open(&h);
    harness_configure(&h, "Existing=number\n", RECIPE);
    harness_start(&h);
    harness_drop(&h, "a.jpg", 100, 60, 1);
    harness_await_ends(&h, 1, 0);
    harness_drop(&h, "a.png", 90, 40, 2);
    harness_await_ends(&h, 2, 0);
    json = manifest(&h, "a-1.json");
    ck_assert_str_eq(harness_string(json, "source.path"), "a.png");
    ck_assert_str_eq(harness_string(json, "outputs.0.path"), "a-16-1.png");
    ck_assert_str_eq(harness_string(json, "srcset.set.png"), "a-16-1.png 16w, a-32-1.png 32w");
    json_decref(json);
    json = manifest(&h, "a.json");
    ck_assert_str_eq(harness_string(json, "outputs.0.path"), "a-16.png");
    json_decref(json);
    harness_close(&h);
}
END_TEST

START_TEST(a_name_that_is_no_text_can_be_read_back)
{
    struct harness h;
    json_t *json;

    harness_open(&h);
    harness_configure(&h, "", "[Output a]\nFormat=png\n[Manifest]\n");
    harness_start(&h);
    harness_drop(&h, "\xFF\n.jpg", 20, 10, 1);
    harness_await_ends(&h, 1, 0);
    json = manifest(&h, "\xFF\n.json");
    ck_assert_str_eq(harness_string(json, "source.path_b64"), "/wouanBn");
    ck_assert_str_eq(harness_string(json, "outputs.0.path_b64"), "/woucG5n");
    ck_assert_str_eq(harness_string(json, "outputs.0.href"), "%FF%0A.png");
    json_decref(json);
    harness_close(&h);
}
END_TEST

/* It is made in portions, and the first page is what people see first. */
START_TEST(a_document_has_one_manifest_of_all_its_pages)
{
    enum { PAGES = 150 };
    struct document_page pages[PAGES];
    struct document document;
    struct harness h;
    json_t *json;

    for (size_t i = 0; i < PAGES; i++)
        pages[i] = (struct document_page){ 12, 10, { i == 0 ? 255 : 0, 0, 128 } };
    document = document_make(pages, PAGES);
    harness_open(&h);
    harness_configure(&h, "", "[Output page]\nFormat=png\n[Manifest]\n");
    harness_start(&h);
    harness_drop_bytes(&h, "a.tif", document.bytes, document.size);
    harness_await_ends(&h, 1, 0);
    json = manifest(&h, "a.json");
    ck_assert_uint_eq(json_array_size(json_object_get(json, "outputs")), PAGES);
    ck_assert_int_eq(harness_number(json, "source.pages"), PAGES);
    ck_assert_int_eq(harness_number(json, "outputs.149.page"), PAGES);
    ck_assert_str_eq(harness_string(json, "outputs.149.path"), "a-150.png");
    ck_assert_str_eq(harness_string(json, "dominant_colour"), "#ff0080");
    ck_assert_str_eq(harness_string(json, "srcset.page.png"), "a-001.png 12w");
    json_decref(json);
    document_release(&document);
    harness_close(&h);
}
END_TEST

/* They are outputs like any, and none that a browser could show by itself. */
START_TEST(an_archive_of_tiles_is_told_of_and_not_offered_to_browsers)
{
    struct harness h;
    json_t *json;

    harness_open(&h);
    harness_configure(&h, "",
                      "[Output zoom]\nFormat=dz\n[Output "
                      "small]\nName={stem}-small.{ext}\nWidth=16\nFormat=png\n[Manifest]\n");
    harness_start(&h);
    harness_drop(&h, "a.jpg", 300, 200, 1);
    harness_await_ends(&h, 1, 0);
    json = manifest(&h, "a.json");
    ck_assert_str_eq(harness_string(json, "outputs.0.href"), "a.zip");
    ck_assert_str_eq(harness_string(json, "outputs.0.format"), "dz");
    ck_assert_int_eq(harness_number(json, "outputs.0.width"), 300);
    expect_digest(&h, "a.zip", harness_string(json, "outputs.0.sha256"));
    ck_assert_uint_eq(json_object_size(json_object_get(json_object_get(json, "srcset"), "zoom")), 0);
    ck_assert_str_eq(harness_string(json, "srcset.small.png"), "a-small.png 16w");
    json_decref(json);
    ck_assert_int_eq(unlink(harness_path(&h, "out/a.zip")), 0); /* harness_close() looks for pictures */
    harness_close(&h);
}
END_TEST

HARNESS_MAIN("manifest", UNIT_TEST(what_a_manifest_says_is_so),
             UNIT_TEST(a_manifest_is_planned_and_counted_among_the_outputs),
             UNIT_TEST(a_manifest_goes_when_its_recipe_asks_for_none),
             UNIT_TEST(numbered_names_are_told_by_their_own_manifest),
             UNIT_TEST(a_name_that_is_no_text_can_be_read_back),
             UNIT_TEST(a_document_has_one_manifest_of_all_its_pages),
             UNIT_TEST(an_archive_of_tiles_is_told_of_and_not_offered_to_browsers))
