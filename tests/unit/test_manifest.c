/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of daemon/supervisor/manifest: the text itself, which is interface, and what becomes of it without pictures. */
#include "supervisor/manifest.h"

#include "base/cleanup.h"
#include "hot_folders.h"
#include "unit_main.h"

#include <errno.h>
#include <jansson.h>

/* Rendition 0: png 10, 1: png 20, 2: jpeg of every page. */
#define RECIPE                                                                                               \
    "[Output set]\nName={dir}/{stem}-{width}.{ext}\nWidth=10 20\nFormat=png\n"                               \
    "[Output page]\nName=pages/{stem}-{page}.{ext}\nFormat=jpeg\n"

static struct hot_folders hot;
static struct job *job;
static int root;

/* A job for in/album/a.jpg with the pictures 10 and 20, of the contents "abc" and "". */
static void setup(const char *manifest)
{
    _cleanup_free_ char *text = NULL;

    ck_assert_int_gt(asprintf(&text, "%s%s", RECIPE, manifest), 0);
    hot_open(&hot, 1, text);
    job = hot_job(&hot, 0, 1, "album/a.jpg");
    job->version.size = 1234;
    job->source_hash = 0x12;
    job->look = (struct job_look){
        .format = FORMAT_JPEG, .width = 300, .height = 200, .pages = 1, .colour = 0xBEEF, .blurhash = "0027F4"
    };
    ck_assert_ptr_nonnull(job_add_output(job, RENDITION_MANIFEST, "album/a.json"));
    hot_output(job, 1, "album/a-20.png", "");
    hot_output(job, 0, "album/a-10.png", "abc");
    job->outputs[1].width = 20;
    job->outputs[1].height = 13;
    job->outputs[2].width = 10;
    job->outputs[2].height = 7;
    root = open(hot.out[0], O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void teardown(void)
{
    job_free(job);
    close(root);
    hot_close(&hot);
}

/* The manifest's text; the caller frees. */
static char *write_text(void)
{
    struct job_output *manifest = &job->outputs[0];
    char *text;

    job_expect_manifest(job);
    ck_assert_msg(manifest_write(job, root) == 0, "%s", job->failure.text);
    ck_assert(manifest->made);
    ck_assert_int_eq(fd_check_sealed(manifest->fd, manifest->bytes), 0);
    text = calloc(1, manifest->bytes + 1);
    ck_assert_int_eq(pread(manifest->fd, text, manifest->bytes, 0), (ssize_t)manifest->bytes);
    return text;
}

START_TEST(a_manifest_tells_of_the_pictures_in_the_recipes_order)
{
    static const char wanted[] =
        "{\n"
        "  \"blurhash\": \"0027F4\",\n"
        "  \"dominant_colour\": \"#00beef\",\n"
        "  \"outputs\": [\n"
        "    {\n"
        "      \"bytes\": 3,\n"
        "      \"format\": \"png\",\n"
        "      \"height\": 7,\n"
        "      \"href\": \"a-10.png\",\n"
        "      \"output\": \"set\",\n"
        "      \"page\": 1,\n"
        "      \"path\": \"album/a-10.png\",\n"
        "      \"sha256\": \"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\",\n"
        "      \"width\": 10\n"
        "    },\n"
        "    {\n"
        "      \"bytes\": 0,\n"
        "      \"format\": \"png\",\n"
        "      \"height\": 13,\n"
        "      \"href\": \"a-20.png\",\n"
        "      \"output\": \"set\",\n"
        "      \"page\": 1,\n"
        "      \"path\": \"album/a-20.png\",\n"
        "      \"sha256\": \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\n"
        "      \"width\": 20\n"
        "    }\n"
        "  ],\n"
        "  \"recipe\": {\n"
        "    \"hash\": \"00000000000000ff\",\n"
        "    \"name\": \"test\"\n"
        "  },\n"
        "  \"source\": {\n"
        "    \"bytes\": 1234,\n"
        "    \"format\": \"jpeg\",\n"
        "    \"height\": 200,\n"
        "    \"pages\": 1,\n"
        "    \"path\": \"album/a.jpg\",\n"
        "    \"width\": 300,\n"
        "    \"xxh3\": \"0000000000000012\"\n"
        "  },\n"
        "  \"srcset\": {\n"
        "    \"page\": {},\n"
        "    \"set\": {\n"
        "      \"png\": \"a-10.png 10w, a-20.png 20w\"\n"
        "    }\n"
        "  },\n"
        "  \"version\": 1\n"
        "}\n";
    _cleanup_free_ char *text = NULL, *again = NULL;

    setup("[Manifest]\nBlurHash=1x1\n");
    hot.config->recipes[0]->hash = 0xFF;
    text = write_text();
    ck_assert_str_eq(text, wanted);
    again = write_text(); /* as when publishing is tried again */
    ck_assert_str_eq(again, wanted);
    teardown();
}
END_TEST

static const struct {
    const char *manifest;
    const char *has, *has_not[4];
} includes[] = {
    { "[Manifest]\nInclude=none\n", "version", { "blurhash", "dominant_colour", "srcset", "sha256" } },
    { "[Manifest]\nInclude=blurhash\n", "blurhash", { "dominant_colour", "srcset", "sha256" } },
    { "[Manifest]\nInclude=colour\n", "dominant_colour", { "blurhash", "srcset", "sha256" } },
    { "[Manifest]\nInclude=srcset\n", "srcset", { "blurhash", "dominant_colour", "sha256" } },
    { "[Manifest]\nInclude=hash\n", "sha256", { "blurhash", "dominant_colour", "srcset" } },
};

START_TEST(only_what_was_asked_for_is_told)
{
    _cleanup_free_ char *text = NULL;

    setup(includes[_i].manifest);
    text = write_text();
    ck_assert_ptr_nonnull(strstr(text, includes[_i].has));
    for (size_t i = 0; i < ARRAY_SIZE(includes[0].has_not) && includes[_i].has_not[i]; i++)
        ck_assert_msg(!strstr(text, includes[_i].has_not[i]), "%s", includes[_i].has_not[i]);
    teardown();
}
END_TEST

/* As a value, or NULL. */
static json_t *write_json(void)
{
    _cleanup_free_ char *text = write_text();
    json_t *json = json_loads(text, 0, NULL);

    ck_assert_ptr_nonnull(json);
    return json;
}

static const char *string_at(const json_t *json, size_t output, const char *key)
{
    return json_string_value(json_object_get(json_array_get(json_object_get(json, "outputs"), output), key));
}

START_TEST(a_name_of_any_bytes_can_be_read_back)
{
    json_t *json;

    setup("[Manifest]\n");
    free(job->outputs[2].path);
    job->outputs[2].path = strdup("album/\xFF,.png");
    json = write_json();
    ck_assert_str_eq(string_at(json, 0, "path"), "album/\\xff,.png");
    ck_assert_str_eq(string_at(json, 0, "path_b64"), "YWxidW0v/ywucG5n");
    ck_assert_str_eq(string_at(json, 0, "href"), "%FF%2C.png");
    json_decref(json);
    teardown();
}
END_TEST

START_TEST(what_was_found_is_told_as_it_lies_there)
{
    json_t *json;

    setup("[Manifest]\n");
    ck_assert_int_eq(mkdir(hot_path(hot.out[0], "album"), 0755), 0);
    hot_write(hot.out[0], "album/a-20.png", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq");
    job->outputs[1].adopted = true;
    job->outputs[1].after.size = 56;
    json = write_json();
    ck_assert_str_eq(string_at(json, 1, "sha256"),
                     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    json_decref(json);

    ck_assert_int_eq(unlink(hot_path(hot.out[0], "album/a-20.png")), 0);
    ck_assert_int_eq(manifest_write(job, root), -ENOENT);
    ck_assert_int_eq(job->failure.class, CLASS_ENVIRONMENT);
    ck_assert_msg(strstr(job->failure.text, "cannot write the manifest ") &&
                      strstr(job->failure.text, hot_path(hot.out[0], "album/a.json: ")),
                  "%s", job->failure.text);
    teardown();
}
END_TEST

START_TEST(pages_follow_each_other)
{
    json_t *json;

    setup("[Manifest]\n");
    hot_output(job, 2, "pages/a-2.jpg", "2")->page = 2;
    hot_output(job, 2, "pages/a-1.jpg", "1");
    json = write_json();
    ck_assert_str_eq(string_at(json, 2, "href"), "../pages/a-1.jpg");
    ck_assert_str_eq(string_at(json, 3, "href"), "../pages/a-2.jpg");
    json_decref(json);
    teardown();
}
END_TEST

START_TEST(without_a_picture_there_is_no_manifest)
{
    setup("[Manifest]\n");
    job_expect_manifest(job);
    job->outputs[1].made = job->outputs[2].made = false;
    ck_assert_int_eq(manifest_write(job, root), 0);
    ck_assert(!job->outputs[0].made && job->outputs[0].fd < 0);
    job_expect_manifest(job);
    ck_assert(!job->outputs[0].made);
    teardown();
}
END_TEST

START_TEST(one_that_is_skipped_or_found_is_not_written)
{
    setup("[Manifest]\n");
    job->outputs[0].skipped = true;
    job_expect_manifest(job);
    ck_assert(!job->outputs[0].made);

    job->outputs[0].skipped = false;
    job_expect_manifest(job);
    job->outputs[0].adopted = true;
    ck_assert_int_eq(manifest_write(job, root), 0);
    ck_assert_int_lt(job->outputs[0].fd, 0);
    teardown();
}
END_TEST

UNIT_MAIN("manifest", UNIT_TEST(a_manifest_tells_of_the_pictures_in_the_recipes_order),
          UNIT_ROWS(only_what_was_asked_for_is_told, includes),
          UNIT_TEST(a_name_of_any_bytes_can_be_read_back), UNIT_TEST(what_was_found_is_told_as_it_lies_there),
          UNIT_TEST(pages_follow_each_other), UNIT_TEST(without_a_picture_there_is_no_manifest),
          UNIT_TEST(one_that_is_skipped_or_found_is_not_written))
