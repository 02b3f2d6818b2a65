/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of daemon/supervisor/srcset: outputs as they were made, and the attribute that HTML's "srcset" wants. */
#include "supervisor/srcset.h"

#include "base/cleanup.h"
#include "hot_folders.h"
#include "unit_main.h"

enum { OUTPUTS_MAX = 6 };

/* Rendition 0: webp 320, 1: jpeg 320, 2: webp 640, 3: jpeg 640; 4: another [Output]. */
#define RECIPE                                                                                               \
    "[Output set]\nName={dir}/{stem}-{width}.{ext}\nWidth=320 640\nFormat=webp jpeg\n"                       \
    "[Output other]\nName={stem}.{ext}\nFormat=webp dz\n"

struct made {
    uint32_t rendition, page, width;
    const char *path;
};

static const struct {
    const char *what;
    struct made made[OUTPUTS_MAX];
    size_t output;
    enum format format;
    const char *srcset;
} cases[] = {
    { "those of an output and format, by their width",
      { { 2, 1, 640, "a-640.webp" },
        { 0, 1, 320, "a-320.webp" },
        { 1, 1, 320, "a-320.jpg" },
        { 4, 1, 900, "a.webp" } },
      0,
      FORMAT_WEBP,
      "a-320.webp 320w, a-640.webp 640w" },
    { "the other format",
      { { 2, 1, 640, "a-640.webp" }, { 1, 1, 320, "a-320.jpg" } },
      0,
      FORMAT_JPEG,
      "a-320.jpg 320w" },
    { "the other output",
      { { 2, 1, 640, "a-640.webp" }, { 4, 1, 900, "a.webp" } },
      1,
      FORMAT_WEBP,
      "a.webp 900w" },
    { "of one width the first",
      { { 2, 1, 300, "b.webp" }, { 0, 1, 300, "a.webp" } },
      0,
      FORMAT_WEBP,
      "a.webp 300w" },
    { "the first page",
      { { 0, 2, 320, "a-2.webp" }, { 0, 1, 320, "a-1.webp" } },
      0,
      FORMAT_WEBP,
      "a-1.webp 320w" },
    { "no manifest", { { RENDITION_MANIFEST, 1, 320, "a.json" } }, 0, FORMAT_WEBP, "" },
    { "no tiles", { { 5, 1, 900, "a.zip" } }, 1, FORMAT_DZ, "" },
    { "nothing", { { 0 } }, 0, FORMAT_PNG, "" },
    { "escaped names", { { 0, 1, 320, "a, b.webp" } }, 0, FORMAT_WEBP, "a%2C%20b.webp 320w" },
};

START_TEST(a_srcset_has_what_was_made)
{
    _cleanup_free_ char *srcset = NULL;
    struct hot_folders hot;
    struct job *job;

    hot_open(&hot, 1, RECIPE);
    job = hot_job(&hot, 0, 1, "a.jpg");
    for (size_t i = 0; i < OUTPUTS_MAX && cases[_i].made[i].path; i++) {
        const struct made *made = &cases[_i].made[i];
        struct job_output *output = job_add_output(job, made->rendition, made->path);

        output->page = made->page;
        output->width = made->width;
        output->made = true;
    }
    ck_assert_ptr_nonnull(job_add_output(job, 3, "not-made.jpg"));
    srcset = srcset_make(job, cases[_i].output, cases[_i].format, "a.json");
    ck_assert_msg(strcmp(srcset, cases[_i].srcset) == 0, "%s: \"%s\"", cases[_i].what, srcset);
    job_free(job);
    hot_close(&hot);
}
END_TEST

UNIT_MAIN("srcset", UNIT_ROWS(a_srcset_has_what_was_made, cases))
