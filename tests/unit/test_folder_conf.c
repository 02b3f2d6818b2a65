/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folder files: keys alone and together, and which names a folder takes. */
#include "conf/folder_conf.h"

#include "base/clock.h"
#include "expect_problems.h"
#include "scratch.h"
#include "unit_main.h"

#include <errno.h>

#define NEEDED "[Folder]\nPath=/srv/in\nRecipe=web\nOutput=/srv/out\n"

static int load(const char *text, struct folder_conf *conf, struct problems *problems)
{
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    char path[PATH_MAX];

    scratch_write(&scratch, "web.folder", text, strlen(text), path);
    return folder_conf_load(conf, path, "web", problems);
}

START_TEST(defaults_are_those_of_the_manual)
{
    _cleanup_(folder_conf_release) struct folder_conf conf;
    _cleanup_(problems_release) struct problems problems = { 0 };

    ck_assert_int_eq(load(NEEDED, &conf, &problems), 0);
    ck_assert_str_eq(conf.name, "web");
    ck_assert_str_eq(conf.path, "/srv/in");
    ck_assert_str_eq(conf.recipe, "web");
    ck_assert_str_eq(conf.output, "/srv/out");
    ck_assert(conf.recursive);
    ck_assert_uint_eq(conf.include.count, 0);
    ck_assert_uint_eq(conf.exclude.count, 0);
    ck_assert_uint_eq(conf.settle_us, 2 * USEC_PER_SEC);
    ck_assert_int_eq(conf.originals, ORIGINALS_KEEP);
    ck_assert_ptr_null(conf.archive);
    ck_assert_ptr_null(conf.failed);
    ck_assert_int_eq(conf.existing, EXISTING_FAIL);
    ck_assert_int_eq(conf.watch, WATCH_AUTO);
    ck_assert_uint_eq(conf.poll_us, 2 * USEC_PER_SEC);
    ck_assert_uint_eq(conf.rescan_us, 300 * USEC_PER_SEC);
    ck_assert_uint_eq(conf.file_mode, 0644);
    ck_assert_uint_eq(conf.directories.mode, 0755);
    ck_assert_int_eq(conf.fail_on, FAIL_ON_TRUNCATED);
    ck_assert_uint_eq(conf.max_pixels, 500000000);
    ck_assert_uint_eq(conf.max_frames, 1000);
    ck_assert_uint_eq(conf.max_pages, 500);
    ck_assert_uint_eq(conf.allowed, 0);
    ck_assert_uint_eq(conf.density, 150);
    ck_assert_uint_eq(conf.max_file_bytes, 2ULL << 30);
    ck_assert_uint_eq(conf.max_memory_bytes, 4ULL << 30);
    ck_assert_int_eq(conf.priority, PRIORITY_NORMAL);
}
END_TEST

START_TEST(values_are_read)
{
    static const char text[] = NEEDED
        "Recursive=no\nInclude=.jpg png\nExclude=*-draft.* raw\nSettle=0\nOriginals=archive\n"
        "Archive=/srv/originals/\nFailed=/srv/failed\nExisting=overwrite\nWatch=poll\nPollInterval=100ms\n"
        "RescanInterval=1h\nFileMode=0600\nDirectoryMode=2775\nFailOn=warning\nMaxPixels=2G\nMaxFileSize="
        "1M\nMaxMemory=64M\nMaxFrames=10000\nMaxPages=1\nAllowFormats=pdf SVG\nDensity=300\nPriority=high\n";
    _cleanup_(folder_conf_release) struct folder_conf conf;
    _cleanup_(problems_release) struct problems problems = { 0 };

    ck_assert_int_eq(load(text, &conf, &problems), 0);
    ck_assert(!conf.recursive);
    ck_assert_uint_eq(conf.allowed, ALLOW_SVG | ALLOW_PDF);
    ck_assert_uint_eq(conf.density, 300);
    ck_assert_uint_eq(conf.include.count, 2);
    ck_assert_str_eq(conf.include.list[0], "jpg");
    ck_assert_uint_eq(conf.exclude.count, 2);
    ck_assert_uint_eq(conf.settle_us, 0);
    ck_assert_int_eq(conf.originals, ORIGINALS_ARCHIVE);
    ck_assert_str_eq(conf.archive, "/srv/originals");
    ck_assert_str_eq(conf.failed, "/srv/failed");
    ck_assert_int_eq(conf.existing, EXISTING_OVERWRITE);
    ck_assert_int_eq(conf.watch, WATCH_POLL);
    ck_assert_uint_eq(conf.poll_us, 100 * USEC_PER_MSEC);
    ck_assert_uint_eq(conf.rescan_us, 3600 * USEC_PER_SEC);
    ck_assert_uint_eq(conf.file_mode, 0600);
    ck_assert_uint_eq(conf.directories.mode, 02775);
    ck_assert_int_eq(conf.fail_on, FAIL_ON_WARNING);
    ck_assert_uint_eq(conf.max_pixels, 2000000000);
    ck_assert_uint_eq(conf.max_frames, 10000);
    ck_assert_uint_eq(conf.max_pages, 1);
    ck_assert_uint_eq(conf.max_file_bytes, 1 << 20);
    ck_assert_uint_eq(conf.max_memory_bytes, 64 << 20);
    ck_assert_int_eq(conf.priority, PRIORITY_HIGH);
}
END_TEST

START_TEST(an_empty_value_puts_the_default_back)
{
    _cleanup_(folder_conf_release) struct folder_conf conf;
    _cleanup_(problems_release) struct problems problems = { 0 };

    ck_assert_int_eq(
        load(NEEDED "MaxPixels=1\nMaxPixels=\nInclude=png\nInclude=\nWatch=poll\nWatch=\n", &conf, &problems),
        0);
    ck_assert_uint_eq(conf.max_pixels, 500000000);
    ck_assert_uint_eq(conf.include.count, 0);
    ck_assert_int_eq(conf.watch, WATCH_AUTO);
}
END_TEST

static const struct {
    const char *name, *text, *problem;
} refusals[] = {
    { "a priority that is none", NEEDED "Priority=urgent\n", ":5:10: Priority=urgent: " },
    { "memory for nothing", NEEDED "MaxMemory=1023K\n", ":5:11: MaxMemory=1023K: give a size from 1M" },
    { "a pattern of a path", NEEDED "Exclude=raw sub/*\n",
      ":5:13: Exclude=sub/*: no name has a \"/\", and patterns are matched with the name of each file" },
    { "a pattern of a directory", NEEDED "Exclude=sub/\n", ":5:9: Exclude=sub/: no name has a \"/\"" },
    { "a bracket alone", NEEDED "Exclude=[\n", ":5:9: Exclude=[: \"[\" is not closed by \"]\"" },
    { "a bracket that is not closed", NEEDED "Exclude=a[]*\n", ":5:9: Exclude=a[]*: \"[\" is not closed" },
    { "a class without its bracket", NEEDED "Exclude=[[:digit:]\n", "\"[\" is not closed" },
    { "a blank that is escaped", NEEDED "Exclude=My\\ Folder\n",
      ":5:9: Exclude=My\\x5c: blanks part patterns" },
    { "no path", "[Folder]\nRecipe=web\nOutput=/srv/out\n", "web.folder: Path= is missing" },
    { "no recipe", "[Folder]\nPath=/srv/in\nOutput=/srv/out\n", "web.folder: Recipe= is missing" },
    { "no output", "[Folder]\nPath=/srv/in\nRecipe=web\n", "web.folder: Output= is missing" },
    { "an output taken back", NEEDED "Output=\n", ":5:8: Output= is missing" },
    { "a refused path is not missing too", "[Folder]\nPath=in\nRecipe=web\nOutput=/srv/out\n",
      ":2:6: Path=in: give an absolute path" },
    { "a recipe that is a path", NEEDED "Recipe=../web\n", ":5:8: Recipe=../web: give a recipe's name" },
    { "archive nowhere", NEEDED "Originals=archive\n", "Archive= is missing" },
    { "an archive for originals that are kept", NEEDED "Archive=/srv/a\n",
      ":5:9: Archive= without Originals=archive" },
    { "an archive for originals that are deleted", NEEDED "Originals=delete\nArchive=/srv/a\n",
      ":6:9: Archive= without Originals=archive" },
    { "output in the folder", NEEDED "Output=/srv/in/out\n", ":5:8: Output= is inside Path=/srv/in" },
    { "output in the folder, hidden", NEEDED "Output=/srv/in/.out\n", ":5:8: Output= is inside Path=" },
    { "output that is the folder", NEEDED "Output=/srv//in/\n", ":5:8: Output= is Path=" },
    { "the folder in its output", NEEDED "Output=/srv\n", ":5:8: Path=/srv/in is inside Output=" },
    { "the root as output", NEEDED "Output=/\n", ":5:8: Path=/srv/in is inside Output=" },
    { "the root as folder", NEEDED "Path=/\n", "Output= is inside Path=/" },
    { "archive that is the output", NEEDED "Originals=archive\nArchive=/srv/out\n",
      ":6:9: Archive= is Output=" },
    { "archive that is the folder", NEEDED "Originals=archive\nArchive=/srv/in\n",
      ":6:9: Archive= is Path=" },
    { "archive that would be watched", NEEDED "Originals=archive\nArchive=/srv/in/done\n",
      ":6:9: Archive= is inside Path= and would be watched" },
    { "the folder in its archive", NEEDED "Originals=archive\nArchive=/srv\n",
      ":6:9: Path= is inside Archive=" },
    { "failed that is the output", NEEDED "Failed=/srv/out\n", ":5:8: Failed= is Output=" },
    { "failed that is the folder", NEEDED "Failed=/srv/in\n", ":5:8: Failed= is Path=" },
    { "failed that would be watched", NEEDED "Failed=/srv/in/failed\n", ":5:8: Failed= is inside Path=" },
    { "an extension that nothing reads", NEEDED "Include=jpg .tga\n",
      ":5:13: Include=.tga: no format reads such files; there are jpg, jpeg" },
    { "an extension that is not allowed", NEEDED "AllowFormats=svg\nInclude=jpg PDF\n",
      ":6:9: Include=PDF: such files need AllowFormats=pdf" },
    { "a format that cannot be allowed", NEEDED "AllowFormats=pdf jpeg\n",
      ":5:18: AllowFormats=jpeg: there is no such format to allow; there are svg, pdf, jp2, exr, magick" },
    { "no density", NEEDED "Density=0\n", "Density=0" },
    { "a pattern for an extension", NEEDED "Include=*.jpg\n", ":5:9: Include=*.jpg: no format" },
    { "an animation without frames", NEEDED "MaxFrames=0\n", ":5:11: MaxFrames=0: " },
    { "a document as long as nothing is", NEEDED "MaxPages=1001\n", ":5:10: MaxPages=1001: " },
    { "no pixels", NEEDED "MaxPixels=0\n", ":5:11: MaxPixels=0: give a number of pixels from 1 to 100G" },
    { "pixels of 1.5", NEEDED "MaxPixels=1.5G\n", "give a number of pixels" },
    { "a unit alone", NEEDED "MaxPixels=M\n", "give a number of pixels" },
    { "pixels that overflow", NEEDED "MaxPixels=18446744073709551615G\n", "give a number of pixels" },
    { "an endless number of pixels", NEEDED "MaxPixels=1000000000000000000000000000000000000000000000\n",
      "give a number of pixels" },
    { "a set-user-id mode for files", NEEDED "FileMode=4755\n", "from 0000 to 0777" },
    { "directories that their owner may not enter", NEEDED "DirectoryMode=1077\n",
      "with all bits of the first" },
    { "directories that we could not enter", NEEDED "DirectoryMode=0600\n", "from 0700 to 7777" },
    { "a policy that does not exist", NEEDED "Existing=ask\n",
      "use one of fail, adopt, skip, overwrite, number" },
    { "a misspelt key", NEEDED "Setle=1s\n", "did you mean Settle=?" },
    { "a named section", "[Folder web]\n" NEEDED, ":1:1: the section is just [Folder], without a name" },
};

START_TEST(a_refusal_leaves_nothing)
{
    struct folder_conf conf;
    _cleanup_(problems_release) struct problems problems = { 0 };

    ck_assert_int_eq(load(refusals[_i].text, &conf, &problems), -EINVAL);
    expect_problem(refusals[_i].name, &problems, refusals[_i].problem);
    ck_assert_ptr_null(conf.name);
    ck_assert_ptr_null(conf.path);
}
END_TEST

static const char *const accepted[] = {
    NEEDED "Originals=archive\nArchive=/srv/in/.done\n",
    NEEDED "Originals=archive\nExclude=done\nArchive=/srv/in/a/done/b\n",
    NEEDED "Originals=archive\nArchive=/srv/out/originals\n",
    NEEDED "Originals=archive\nArchive=/srv/a\nFailed=/srv/a\n",
    NEEDED "Failed=/srv/in/.failed\n",
    NEEDED "Output=/srv/in2\n",
    NEEDED "Output=/srv/i\n",
};

START_TEST(directories_that_do_not_meet_are_accepted)
{
    _cleanup_(folder_conf_release) struct folder_conf conf;
    _cleanup_(problems_release) struct problems problems = { 0 };

    load(accepted[_i], &conf, &problems);
    expect_no_problem(accepted[_i], &problems);
}
END_TEST

START_TEST(a_missing_folder_file_is_a_problem)
{
    struct folder_conf conf;
    _cleanup_(problems_release) struct problems problems = { 0 };

    ck_assert_int_eq(folder_conf_load(&conf, "/nonexistent/web.folder", "web", &problems), -EINVAL);
    expect_problem("no file", &problems, "/nonexistent/web.folder: there is no such file");
}
END_TEST

static const struct {
    const char *name;
    bool good;
} names[] = {
    { "web", true },
    { "Web-2_b.c", true },
    { "0123456789012345678901234567890123456789012345678901234567890123", true },
    { "01234567890123456789012345678901234567890123456789012345678901234", false },
    { "", false },
    { ".", false },
    { "..", false },
    { ".web", false },
    { "a/b", false },
    { "a b", false },
    { "gr\xC3\xB6sse", false },
    { "a\nb", false },
    { "%s", false },
};

START_TEST(a_folder_by_options_is_checked_too)
{
    _cleanup_(folder_conf_release) struct folder_conf conf;
    _cleanup_(problems_release) struct problems problems = { 0 };

    ck_assert_int_eq(folder_conf_init(&conf, names[_i].name), 0);
    conf.path = strdup("/srv/in");
    conf.output = strdup("/srv/out");
    conf.recipe = strdup("/home/me/web.recipe");
    ck_assert_int_eq(folder_conf_check(&conf, &problems), names[_i].good ? 0 : -EINVAL);
    if (!names[_i].good)
        expect_problem(names[_i].name, &problems, "command line: \"");
}
END_TEST

static const struct {
    const char *include, *exclude, *path;
    bool accepted;
} pictures[] = {
    { "", "", "a.jpg", true },
    { "", "", "a.JPG", true },
    { "", "", "a.jpeg", true },
    { "", "", "a.jpe", true },
    { "", "", "a.jfif", true },
    { "", "", "a.png", true },
    { "", "", "a.WebP", true },
    { "", "", "a.bmp", false },
    { "", "", "a", false },
    { "", "", "jpg", false },
    { "", "", "a.", false },
    { "", "", "a.jpg.txt", false },
    { "", "", "a.jpg/b", false },
    { "", "", "b/c/a.jpg", true },
    { "", "", "b.jpg/a.jpg", true },
    { "", "", "", false },
    { "", "", "a.jpg/", false },
    { "", "", "two\nlines.jpg", true },
    { "", "", "\xFF\xFE.jpg", true },
    { "", "", "-rf.jpg", true },
    { "", "", "%s[Q=1].jpg", true },
    { "", "", ".jpg", false },
    { "", "", ".a.jpg", false },
    { "", "", "._a.jpg", false },
    { "", "", ".nfs0001.jpg", false },
    { "", "", ".failed/a.jpg", false },
    { "", "", "b/.hidden/c/a.jpg", false },
    { "", "", "b~/a.jpg", false },
    { "", "", "a.jpg~", false },
    { "", "", "a.jpg.part", false },
    { "", "", "upload.part/a.jpg", false },
    { "", "", "upload.FilePart/a.jpg", false },
    { "", "", "c.CRDOWNLOAD/a.jpg", false },
    { "", "", "x.Tmp/a.jpg", false },
    { "", "", "x.partial/a.jpg", false },
    { "", "", "x.party/a.jpg", true },
    { "", "", "thumbs.DB/a.jpg", false },
    { "png", "", "a.png", true },
    { "png", "", "a.PNG", true },
    { "png", "", "a.jpg", false },
    { ".JPG", "", "a.jpg", true },
    { ".JPG", "", "a.jpeg", false },
    { "", "*-draft.* raw", "a-draft.jpg", false },
    { "", "*-draft.* raw", "a/raw/b.jpg", false },
    { "", "*-draft.* raw", "a/Raw/b.jpg", true },
    { "", "*-draft.* raw", "draft.jpg", true },
    { "", "[ab].jpg", "a.jpg", false },
    { "", "[ab].jpg", "c.jpg", true },
    { "", "[]x].jpg", "x.jpg", false },
    { "", "[!]x].jpg", "y.jpg", false },
    { "", "[[:digit:]x].jpg", "7.jpg", false },
    { "", "[[]a*", "[a.jpg", false },
    { "", "\\[a*", "[a.jpg", false },
    { "", "a?b.*", "a b.jpg", false },
};

START_TEST(a_folder_takes_pictures_only)
{
    _cleanup_(folder_conf_release) struct folder_conf conf;
    _cleanup_(problems_release) struct problems problems = { 0 };
    char text[256];

    snprintf(text, sizeof text, NEEDED "Include=%s\nExclude=%s\n", pictures[_i].include,
             pictures[_i].exclude);
    ck_assert_int_eq(load(text, &conf, &problems), 0);
    ck_assert_msg(folder_conf_accepts(&conf, pictures[_i].path) == pictures[_i].accepted,
                  "%s, Include=%s, Exclude=%s", pictures[_i].path, pictures[_i].include,
                  pictures[_i].exclude);
}
END_TEST

START_TEST(a_component_longer_than_any_name_is_left_alone)
{
    _cleanup_(folder_conf_release) struct folder_conf conf;
    char path[512];

    ck_assert_int_eq(folder_conf_init(&conf, "web"), 0);
    memset(path, 'a', sizeof path);
    memcpy(path + 255, "/a.jpg", 7);
    ck_assert(folder_conf_accepts(&conf, path));
    path[255] = 'a';
    memcpy(path + 256, "/a.jpg", 7);
    ck_assert(!folder_conf_accepts(&conf, path));
}
END_TEST

UNIT_MAIN("folder_conf", UNIT_TEST(defaults_are_those_of_the_manual), UNIT_TEST(values_are_read),
          UNIT_TEST(an_empty_value_puts_the_default_back), UNIT_ROWS(a_refusal_leaves_nothing, refusals),
          UNIT_ROWS(directories_that_do_not_meet_are_accepted, accepted),
          UNIT_TEST(a_missing_folder_file_is_a_problem), UNIT_ROWS(a_folder_by_options_is_checked_too, names),
          UNIT_ROWS(a_folder_takes_pictures_only, pictures),
          UNIT_TEST(a_component_longer_than_any_name_is_left_alone))
