/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recipes: how outputs fan out, what is refused and where, and the canonical text. */
#include "recipe/recipe.h"

#include "recipe/op_table.h"

#include "expect_problems.h"
#include "recipes.h"
#include "scratch.h"
#include "unit_main.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>

/* The recipe as one line: "name:template:fit:metadata format width x height @ quality …". */
static char *flatten(const struct recipe *recipe)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    for (size_t i = 0; i < recipe->steps.count; i++)
        fprintf(stream, "+%s ", op_info(recipe->steps.list[i].op)->name);
    for (size_t i = 0, output = SIZE_MAX; i < recipe->rendition_count; i++) {
        const struct rendition *rendition = &recipe->renditions[i];
        const struct output_spec *spec = &recipe->outputs[rendition->output];

        if (rendition->output != output)
            fprintf(stream, "%s:%s:%d:%u", spec->name, spec->name_template, (int)spec->fit, spec->metadata);
        if (rendition->output != output && spec->still)
            fputs(":still", stream);
        output = rendition->output;
        fprintf(stream, " %s %" PRIu32 "x%" PRIu32 "@%u", format_info(rendition->format)->name,
                rendition->width, rendition->height, rendition->encoding.values[ENCODING_QUALITY]);
    }
    fclose(stream);
    return text;
}

#define PLAIN "{dir}/{stem}{-page}.{ext}:0:3"

static const struct {
    const char *name, *text, *wanted;
} good[] = {
    { "an output needs a format and nothing else", "[Output a]\nFormat=jpeg\n", "a:" PLAIN " jpeg 0x0@82" },
    { "an output without a name is the main one", "[Output]\nFormat=png\n", "main:" PLAIN " png 0x0@0" },
    { "a format may be named by its extension", "[Output a]\nFormat=JPG\n", "a:" PLAIN " jpeg 0x0@82" },
    { "steps are kept in order", "[Recipe]\nStep=auto-orient\nStep=  auto-orient \n[Output a]\nFormat=png\n",
      "+auto-orient +auto-orient a:" PLAIN " png 0x0@0" },
    { "an empty step clears those before", "[Recipe]\nStep=auto-orient\nStep=\n[Output a]\nFormat=png\n",
      "a:" PLAIN " png 0x0@0" },
    { "widths and formats fan out, in the order given", "[Output a]\nWidth=640 320\nFormat=webp jpeg\n",
      "a:{dir}/{stem}-{width}{-page}.{ext}:0:3 webp 640x0@75 jpeg 640x0@82 webp 320x0@75 jpeg 320x0@82" },
    { "heights fan out too", "[Output a]\nHeight=10 20\nFormat=png\n",
      "a:{dir}/{stem}-{height}{-page}.{ext}:0:3 png 0x10@0 png 0x20@0" },
    { "as many heights as widths pair up", "[Output a]\nWidth=1 2\nHeight=3 4\nFormat=png\n",
      "a:{dir}/{stem}-{width}x{height}{-page}.{ext}:0:3 png 1x3@0 png 2x4@0" },
    { "a single height serves all widths", "[Output a]\nWidth=1 2\nHeight=3\nFormat=png\n",
      "a:{dir}/{stem}-{width}{-page}.{ext}:0:3 png 1x3@0 png 2x3@0" },
    { "a single width serves all heights", "[Output a]\nWidth=9\nHeight=3 4\nFormat=png\n",
      "a:{dir}/{stem}-{height}{-page}.{ext}:0:3 png 9x3@0 png 9x4@0" },
    { "one width may have two heights", "[Output a]\nWidth=9 9\nHeight=3 4\nFormat=png\n",
      "a:{dir}/{stem}-{width}x{height}{-page}.{ext}:0:3 png 9x3@0 png 9x4@0" },
    { "the smallest and largest sizes", "[Output a]\nWidth=1 65500\nFormat=png\n",
      "a:{dir}/{stem}-{width}{-page}.{ext}:0:3 png 1x0@0 png 65500x0@0" },
    { "a fit that needs a box has one", "[Output a]\nWidth=9\nHeight=8\nFit=cover\nFormat=png\n",
      "a:{dir}/{stem}{-page}.{ext}:2:3 png 9x8@0" },
    { "one quality serves all formats that have one", "[Output a]\nFormat=webp png jpeg\nQuality=50\n",
      "a:" PLAIN " webp 0x0@50 png 0x0@0 jpeg 0x0@50" },
    { "a quality of its own goes before that for all", "[Output a]\nFormat=webp jpeg\nQuality=jpg:1 50\n",
      "a:" PLAIN " webp 0x0@50 jpeg 0x0@1" },
    { "a later quality wins", "[Output a]\nFormat=webp\nQuality=webp:1\nQuality=webp:100\n",
      "a:" PLAIN " webp 0x0@100" },
    { "an empty quality is the default", "[Output a]\nFormat=webp\nQuality=webp:1\nQuality=\n",
      "a:" PLAIN " webp 0x0@75" },
    { "lists grow and are cleared",
      "[Output a]\nWidth=1\nWidth=\nWidth=2\nWidth=3\nFormat=png\nFormat=\nFormat=jpeg\nHeight=5\nHeight=\n",
      "a:{dir}/{stem}-{width}{-page}.{ext}:0:3 jpeg 2x0@82 jpeg 3x0@82" },
    { "metadata may be none", "[Output a]\nFormat=png\nMetadata=none\n",
      "a:{dir}/{stem}{-page}.{ext}:0:0 png 0x0@0" },
    { "metadata may be some", "[Output a]\nFormat=png\nMetadata=copyright\n",
      "a:{dir}/{stem}{-page}.{ext}:0:2 png 0x0@0" },
    { "metadata may be all", "[Output a]\nFormat=png\nMetadata=all\n",
      "a:{dir}/{stem}{-page}.{ext}:0:127 png 0x0@0" },
    { "metadata of every name is not all",
      "[Output a]\nFormat=png\nMetadata=iptc gps xmp icc copyright exif\n",
      "a:{dir}/{stem}{-page}.{ext}:0:63 png 0x0@0" },
    { "empty metadata is the default", "[Output a]\nFormat=png\nMetadata=none\nMetadata=\n",
      "a:" PLAIN " png 0x0@0" },
    { "metadata after none is what is kept", "[Output a]\nFormat=png\nMetadata=none\nMetadata=icc\n",
      "a:{dir}/{stem}{-page}.{ext}:0:1 png 0x0@0" },
    { "outputs come in their order", "[Output b]\nFormat=png\n[Output a]\nFormat=png\nName=a/{stem}\n",
      "b:" PLAIN " png 0x0@0a:a/{stem}:0:3 png 0x0@0" },
    { "outputs are told apart by what their names make of sizes",
      "[Output a]\nName={stem}-{width}.{ext}\nWidth=1 2\nFormat=png\n[Output "
      "b]\nName={stem}-3.{ext}\nFormat=png\n",
      "a:{stem}-{width}.{ext}:0:3 png 1x0@0 png 2x0@0b:{stem}-3.{ext}:0:3 png 0x0@0" },
    { "a background may be transparent where one of the formats can be",
      "[Output a]\nFormat=jpeg png\nBackground=transparent\n", "a:" PLAIN " jpeg 0x0@82 png 0x0@0" },
    { "tiles may have a transparent background", "[Output a]\nFormat=dz\nTileFormat=png\nBackground=#0000\n",
      "a:" PLAIN " dz 0x0@82" },
    { "an output may be still", "[Output a]\nFormat=webp\nAnimated=no\n", "a:" PLAIN ":still webp 0x0@75" },
    { "a name may end with a backslash", "[Output a]\nFormat=png\nName={stem}\\ \n",
      "a:{stem}\\:0:3 png 0x0@0" },
    { "a name may have percent signs", "[Output a]\nFormat=png\nName=%s{stem}%n\n",
      "a:%s{stem}%n:0:3 png 0x0@0" },
};

START_TEST(a_good_recipe_fans_out)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_recipe_ struct recipe *recipe = NULL;
    _cleanup_free_ char *got = NULL;

    recipe_from_text(good[_i].text, &problems, &recipe);
    expect_no_problem(good[_i].name, &problems);
    ck_assert_str_eq(recipe->name, "test");
    got = flatten(recipe);
    ck_assert_msg(strcmp(got, good[_i].wanted) == 0, "%s: wanted\n%s, got\n%s", good[_i].name,
                  good[_i].wanted, got);
}
END_TEST

START_TEST(the_canonical_text_reads_back_as_an_equal_recipe)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_recipe_ struct recipe *recipe = NULL, *again = NULL;
    _cleanup_free_ char *text = NULL, *text_again = NULL;

    recipe_from_text(good[_i].text, &problems, &recipe);
    text = recipe_format(recipe);
    recipe_from_text(text, &problems, &again);
    expect_no_problem(text, &problems);
    expect_equal_recipes(recipe, again);
    text_again = recipe_format(again);
    ck_assert_str_eq(text, text_again);
}
END_TEST

#define OUT "[Output a]\nFormat=webp png\n"

static const struct {
    const char *name, *text, *problem;
} bad[] = {
    { "nothing", "", "f: the recipe makes nothing: add a section [Output NAME]" },
    { "no output", "[Recipe]\nStep=auto-orient\n", "f: the recipe makes nothing" },
    { "no format", "[Output a]\nWidth=5\n", "f:1:1: Format= is missing" },
    { "a named recipe section", "[Recipe web]\n" OUT, "f:1:1: the section is just [Recipe]" },
    { "another section", "[Folder]\nPath=/srv\n" OUT, "f:1:1: unknown section [Folder]" },
    { "a misspelt key", OUT "Qualty=5\n", "f:3:1: unknown key Qualty= in [Output], did you mean Quality=?" },
    { "a key of the other section", OUT "Description=x\n", "f:3:1: unknown key Description= in [Output]" },
    { "an unknown step", "[Recipe]\nStep=swirl 3:2\n" OUT,
      "f:2:6: unknown operation \"swirl\", there are: auto-orient, resize, crop, " },
    { "a step with an argument", "[Recipe]\nStep= auto-orient  180\n" OUT,
      "f:2:20: auto-orient takes no argument" },
    { "a width of nothing", OUT "Width=320 0\n", "f:3:11: Width=0: give pixels, from 1 to 65500" },
    { "a width past the limit", OUT "Width=65501\n", "f:3:7: Width=65501: give pixels" },
    { "a width that overflows", OUT "Width=4294967297\n", "Width=4294967297: give pixels" },
    { "a width with a comma", OUT "Width=320,640\n", "f:3:7: Width=320,640: give pixels" },
    { "an endless width",
      OUT "Width=00000000000000000000000000000000000000000000000000000000000000000000000320\n",
      "f:3:7: Width=" },
    { "a bad width on a continued line", OUT "Width=320 \\\n  x\n", "f:4:3: Width=x: give pixels" },
    { "a width twice", OUT "Width=320 640 320\n", "f:3:15: Width=: 320 is given twice" },
    { "a height twice", OUT "Height=3 3\n", "f:3:10: Height=: 3 is given twice" },
    { "a pair twice", OUT "Width=1 2 1\nHeight=3 4 3\n", "f:3:11: Width=: 1 is given twice" },
    { "lists that do not pair up", OUT "Width=1 2 3\nHeight=4 5\n",
      "f:4:8: Width= has 3 sizes and Height= has 2: they pair up" },
    { "a cover without a height", OUT "Width=5\nFit=cover\n",
      "f:4:5: Fit=cover needs both Width= and Height=" },
    { "a fill without a box", OUT "Fit=fill\n", "f:3:5: Fit=fill needs both" },
    { "an unknown fit", OUT "Fit=stretch\n",
      "f:3:5: Fit=stretch: use one of inside, outside, cover, contain, fill" },
    { "an unknown format", "[Output a]\nFormat=png tga\n",
      "f:2:12: Format=: unknown format \"tga\", there are: jpeg" },
    { "a format twice", "[Output a]\nFormat=jpeg png jpg\n", "f:2:17: Format=: jpeg is given twice" },
    { "a quality of nothing", OUT "Quality=0\n", "f:3:9: Quality=0: webp has 1 to 100" },
    { "a quality past the limit", OUT "Quality=webp:101\n", "f:3:9: Quality=101: webp has 1 to 100" },
    { "a quality without number", OUT "Quality=webp:\n", "f:3:9: Quality=webp:: this is no value" },
    { "a quality of no format", OUT "Quality=:5\n", "f:3:9: Quality=: unknown format \"\"" },
    { "a quality of an unknown format", OUT "Quality=5 tga:5\n", "f:3:11: Quality=: unknown format \"tga\"" },
    { "a quality of a lossless format", OUT "Quality=png:5\n",
      "f:3:9: Quality=: png has none: take it out; there is one of jpeg, webp" },
    { "a quality of a format that is not made", OUT "Quality=jpeg:5\n",
      "f:3:9: Quality=: jpeg is not in Format=" },
    { "a quality for nothing", "[Output a]\nFormat=png\nQuality=5\n",
      "f:3:9: Quality=: no format in Format= has one; there is one of jpeg, webp" },
    { "a width that the format cannot have", OUT "Width=20000\n",
      "f:3:7: Width=20000: webp pictures have at most 16383" },
    { "a height that one of the formats cannot have", "[Output a]\nFormat=png avif\nHeight=100 16385\n",
      "f:3:12: Height=16385: avif pictures have at most 16384" },
    { "a transparent background where nothing can be", "[Output a]\nFormat=jpeg\nBackground=transparent\n",
      "f:3:12: Background=transparent: no format in Format= has transparency here: give another colour" },
    { "a background that is hardly seen, of a TIFF that is compressed as JPEG",
      "[Output a]\nFormat=tiff jpeg\nCompression=jpeg\nBackground=#ff000001\n",
      "f:4:12: Background=#ff000001: no format" },
    { "a transparent background of JPEG tiles", "[Output a]\nFormat=dz\nBackground=transparent\n",
      "f:3:12: Background=transparent: no format" },
    { "unknown metadata", OUT "Metadata=icc faces\n", "f:3:14: Metadata=faces: give some of icc" },
    { "lossless scaling", "[Output a]\nFormat=jpeg\nLossless=yes\nWidth=5\n",
      "f:3:10: Lossless=: a picture that is scaled" },
    { "lossless scaling of one of two formats",
      "[Output a]\nFormat=webp jpeg\nLossless=webp:yes jpeg:yes\nHeight=5\n",
      "f:3:19: Lossless=: a picture that is scaled" },
    { "a lossless step", "[Output a]\nFormat=jpeg\nLossless=yes\nStep=grey\n[Recipe]\nStep=auto-orient\n",
      "f:3:10: Lossless=: what Step=grey changes is made anew: take it out, or this" },
    { "a lossless step of the recipe",
      "[Output a]\nFormat=webp jpeg\nLossless=yes\n[Recipe]\nStep=auto-orient\nStep=sepia\n",
      "f:3:10: Lossless=: what Step=sepia changes" },
    { "a lossless turn by less than a quarter",
      "[Recipe]\nStep=rotate 90\nStep=rotate -1.5\n[Output a]\nFormat=jpeg\nLossless=yes\n",
      "f:6:10: Lossless=: what Step=rotate changes is made anew unless it is by quarter turns: take it out" },
    { "a lossless crop of what is in the picture",
      "[Output a]\nFormat=jpeg\nStep=flip\nStep=crop 3:2 gravity=attention\nLossless=yes\n",
      "f:5:10: Lossless=: what Step=crop changes is made anew unless its gravity is a point: take it out" },
    { "a lossless crop by entropy",
      "[Recipe]\nStep=crop 3:2 gravity=entropy\n[Output a]\nFormat=webp jpeg\nLossless=jpeg:yes\n",
      "f:5:10: Lossless=: what Step=crop changes" },
    { "lossless and not too large", "[Output a]\nMaxBytes=9000\nFormat=jpeg\nLossless=yes\n",
      "f:4:10: Lossless=: without loss a JPEG has the bytes that it has: take out MaxBytes=" },
    { "none of the metadata and some", OUT "Metadata=none icc\n", "f:3:10: Metadata=none: give" },
    { "all of the metadata and some", OUT "Metadata=gps all\n", "f:3:14: Metadata=all: give" },
    { "a bad template", OUT "Name={stem}-{size}\n", "f:3:13: Name=: unknown field" },
    { "a template that leads out", OUT "Name=../{stem}\n", "f:3:6: Name=: \".\" and \"..\" cannot" },
    { "a width in the name that no one asked for", OUT "Name={stem}-{width}.{ext}\n",
      "f:3:6: Name=: {width} needs Width=" },
    { "a name without format", OUT "Name={stem}\n",
      "f:3:6: [Output a] webp and [Output a] png would both be called \"picture\": {ext} is missing from "
      "Name=" },
    { "a name without width", "[Output a]\nFormat=png\nWidth=5 6\nName={stem}\n",
      "f:4:6: [Output a] png 5 and [Output a] png 6 would both be called \"picture\": {width} is missing" },
    { "a name without height", "[Output a]\nFormat=png\nHeight=5 6\nName={stem}\n",
      "[Output a] png 5 high and [Output a] png 6 high would both be called \"picture\": {height} is "
      "missing" },
    { "a name without height for pairs of one width",
      "[Output a]\nFormat=png\nWidth=4\nHeight=5 6\nName={stem}-{width}\n",
      "[Output a] png 4x5 and [Output a] png 4x6 would both be called \"picture-4\": {height} is missing" },
    { "two outputs that only differ in width",
      "[Output a]\nFormat=png\nWidth=5\n[Output b]\nFormat=png\nWidth=6\n",
      "f:4:1: [Output a] png 5 and [Output b] png 6 would both be called \"picture.png\": {width} is "
      "missing" },
    { "two outputs that differ in nothing", "[Output a]\nFormat=png\n[Output b]\nFormat=png\n",
      "f:3:1: [Output a] png and [Output b] png would both be called \"picture.png\": give each output a "
      "Name=" },
    { "an output that is called as a page of another",
      "[Output a]\nFormat=png\nName={stem}{-page}.{ext}\n[Output b]\nFormat=png\nName={stem}-2.{ext}\n",
      "would both be called \"picture-2.png\"" },
    { "two outputs of which different pages meet",
      "[Output a]\nFormat=png\nName={stem}1{page}\n[Output b]\nFormat=png\nName={stem}{page}5\n",
      "would both be called \"picture15\"" },
    { "an output that is called as the directory of a later one",
      "[Output a]\nFormat=png\nName={stem}\n[Output b]\nFormat=png\nName={stem}/{width}.{ext}\nWidth=5\n",
      "f:3:6: [Output a] png would be called \"picture\", and [Output b] png 5 be in a directory of that "
      "name" },
    { "an output that is called as the directory of an earlier one",
      "[Output a]\nFormat=png\nName={stem}/x\n[Output b]\nFormat=png\nName={stem}\n",
      "f:6:6: [Output b] png would be called \"picture\", and [Output a] png be in a directory of that "
      "name" },
    { "two outputs that meet for sources of one format",
      "[Output a]\nFormat=png\n[Output b]\nFormat=jpeg\nName={dir}/{name}\n",
      "f:5:6: [Output a] png and [Output b] jpeg would both be called \"picture.png\"" },
    { "two outputs that meet in the root",
      "[Output a]\nFormat=png\n[Output b]\nFormat=png\nName={stem}.{ext}\n",
      "f:5:6: [Output a] png and [Output b] png would both be called \"picture.png\"" },
    { "two outputs that meet in a directory of the picture's name",
      "[Output a]\nFormat=png\nName={dir}/x-{stem}\n[Output b]\nFormat=png\nName={stem}/x-{stem}\n",
      "would both be called \"picture/x-picture\"" },
    { "an unnamed and a named main output", "[Output]\nFormat=png\n[Output main]\nFormat=jpeg\n",
      "f:3:1: [Output] means [Output main], and both are here" },
    { "two outputs of one name", "[Output a]\nFormat=jpeg\nQuality=100\n[Recipe]\n[Output a]\nFormat=webp\n",
      "f:5:1: [Output a] is here already, in line 1: each output needs a name of its own" },
    { "two outputs without a name", "[Output]\nFormat=jpeg\n[Output]\nFormat=webp\n[Output]\n",
      "f:3:1: [Output] is here already, in line 1: each output needs a name of its own" },
    { "two outputs with a control character in their name",
      "[Output a\026]\nFormat=png\n[Output a\026]\nFormat=png\n",
      "f:3:1: [Output a\\x16] is here already, in line 1: each output needs a name of its own" },
    { "an endless output name",
      "[Output aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\nFormat=png\n",
      "f:1:1: the output's name is too long" },
    { "an output name with an escape sequence, shown escaped",
      "[Output \x1B"
      "c]\nFormat=png\nWidth=1 2\nName={stem}\n",
      "[Output \\x1bc] png 1 and" },
};

START_TEST(a_bad_recipe_is_refused_with_place_and_remedy)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_recipe_ struct recipe *recipe = NULL;

    ck_assert_int_eq(recipe_from_text(bad[_i].text, &problems, &recipe), -EINVAL);
    expect_problem(bad[_i].name, &problems, bad[_i].problem);
    ck_assert_ptr_null(recipe);
}
END_TEST

START_TEST(every_problem_is_shown_in_one_run)
{
    static const char text[] =
        "[Recipe]\nStep=crop\n[Output a]\nWidth=x 0\nFormat=tga\n[Output b]\nFit=cover\n";
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_recipe_ struct recipe *recipe = NULL;

    ck_assert_int_eq(recipe_from_text(text, &problems, &recipe), -EINVAL);
    ck_assert_uint_eq(problems.count, 6);
}
END_TEST

/* @count times @line, after @head. */
static char *repeat(const char *head, const char *line, unsigned count)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    fputs(head, stream);
    for (unsigned i = 0; i < count; i++) {
        for (const char *next = line; *next; next++)
            if (*next == '#')
                fprintf(stream, "%u", i + 1);
            else
                fputc(*next, stream);
    }
    fclose(stream);
    return text;
}

static const struct {
    const char *name, *head, *line;
    unsigned most;
    const char *problem;
} limits[] = {
    { "steps", "[Output a]\nFormat=png\n[Recipe]\n", "Step=auto-orient\n", STEPS_MAX, "too many steps" },
    { "outputs", "", "[Output o#]\nFormat=png\nName=#/{stem}\n", RECIPE_OUTPUTS_MAX, "too many outputs" },
    { "widths", "[Output a]\nFormat=png\n", "Width=#\n", RECIPE_RENDITIONS_MAX, "too many sizes" },
    { "renditions", "[Output a]\nFormat=png jpeg\n", "Width=#\n", RECIPE_RENDITIONS_MAX / 2,
      "too many renditions: 62 here and 0 before, a recipe has at most 60" },
};

START_TEST(numbers_are_limited)
{
    _cleanup_free_ char *fits = repeat(limits[_i].head, limits[_i].line, limits[_i].most);
    _cleanup_free_ char *exceeds = repeat(limits[_i].head, limits[_i].line, limits[_i].most + 1);
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_recipe_ struct recipe *recipe = NULL, *none = NULL;

    recipe_from_text(fits, &problems, &recipe);
    expect_no_problem(limits[_i].name, &problems);
    ck_assert_int_eq(recipe_from_text(exceeds, &problems, &none), -EINVAL);
    expect_problem(limits[_i].name, &problems, limits[_i].problem);
}
END_TEST

static const struct {
    const char *name, *a, *b;
    bool equal;
} hashes[] = {
    { "a description makes no other pictures", OUT, "[Recipe]\nDescription=x\n" OUT, true },
    { "nor do comments, blanks and order of keys", OUT "Width=5\n",
      "# c\n[Output   a]\nWidth= 5\nFormat=webp  png\n", true },
    { "nor does a default that is written down", OUT, OUT "Quality=75\nFit=inside\nMetadata=copyright icc\n",
      true },
    { "a step does", OUT, "[Recipe]\nStep=auto-orient\n" OUT, false },
    { "a quality does", OUT, OUT "Quality=76\n", false },
    { "a width does", OUT, OUT "Width=5\n", false },
    { "a height is no width", OUT "Width=5\n", OUT "Height=5\n", false },
    { "a fit does", OUT "Width=5\nHeight=5\n", OUT "Width=5\nHeight=5\nFit=fill\n", false },
    { "metadata does", OUT, OUT "Metadata=none\n", false },
    { "that it is lossless does", "[Output a]\nFormat=jpeg\n", "[Output a]\nFormat=jpeg\nLossless=yes\n",
      false },
    { "that it is still does", OUT, OUT "Animated=no\n", false },
    { "that it is animated is the default", OUT, OUT "Animated=yes\n", true },
    { "a name does", OUT, OUT "Name={stem}.{ext}\n", false },
    { "the order of formats does", OUT, "[Output a]\nFormat=png webp\n", false },
};

START_TEST(equal_hashes_are_equal_pictures)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_recipe_ struct recipe *a = NULL, *b = NULL;

    recipe_from_text(hashes[_i].a, &problems, &a);
    recipe_from_text(hashes[_i].b, &problems, &b);
    expect_no_problem(hashes[_i].name, &problems);
    ck_assert_msg((a->hash == b->hash) == hashes[_i].equal, "%s", hashes[_i].name);
}
END_TEST

/* asset_reader: what a picture is called is in it. */
static int read_named(void *context, enum file_kind kind, const char *name, void **ret, size_t *ret_size,
                      char *problem, size_t problem_size)
{
    (void)context, (void)kind, (void)problem, (void)problem_size;
    ck_assert_int_gt(asprintf((char **)ret, "\x89PNG\r\n\x1a\n%s", name), 0);
    *ret_size = strlen(*ret);
    return 0;
}

static void recipe_with_files(const char *text, struct recipe **ret)
{
    static const struct asset_reader reader = { .read = read_named };
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_(ini_release) struct ini ini = { 0 };

    ck_assert_int_eq(ini_add_text(&ini, "f", text, strlen(text), &problems), 0);
    ck_assert_int_eq(recipe_parse(&ini, "test", &reader, &problems, ret), 0);
}

static const struct {
    const char *text, *files;
} with_files[] = {
    { "[Recipe]\nStep=watermark a.png\nStep=\nStep=flip\n[Output a]\nFormat=png\n", "" },
    { "[Output a]\nFormat=png\nStep=watermark a.png\nStep=\nStep=mask b.png\nStep=watermark c.png\n",
      "b.png c.png " },
    { "[Recipe]\nStep=watermark a.png\nStep=mask b.png\nStep=\nStep=mask b.png\nStep=watermark b.png\n"
      "[Output a]\nFormat=png\n",
      "b.png " },
    { "[Output a]\nFormat=png\nStep=watermark b.png\n[Recipe]\nStep=watermark a.png\n", "a.png b.png " },
};

/* Files of steps that an empty Step= had taken back counted for the hash, which the canonical text did not have then. */
START_TEST(files_are_those_of_the_canonical_text)
{
    _cleanup_recipe_ struct recipe *recipe = NULL, *again = NULL;
    _cleanup_free_ char *text = NULL, *files = NULL;
    size_t size;
    FILE *stream = open_memstream(&files, &size);

    recipe_with_files(with_files[_i].text, &recipe);
    for (size_t i = 0; i < recipe->assets.count; i++)
        fprintf(stream, "%s ", recipe->assets.list[i].name);
    fclose(stream);
    ck_assert_str_eq(files, with_files[_i].files);
    text = recipe_format(recipe);
    recipe_with_files(text, &again);
    expect_equal_recipes(recipe, again);
}
END_TEST

START_TEST(a_step_has_its_file_when_one_before_it_was_taken_back)
{
    _cleanup_recipe_ struct recipe *recipe = NULL;

    recipe_with_files("[Recipe]\nStep=watermark a.png\nStep=\nStep=mask b.png\nStep=watermark c.png\n"
                      "[Output a]\nFormat=png\n",
                      &recipe);
    ck_assert_int_eq(recipe->steps.list[0].mask.shape.asset, 0);
    ck_assert_int_eq(recipe->steps.list[1].watermark.file.asset, 1);
    ck_assert_str_eq(recipe->assets.list[1].name, "c.png");
}
END_TEST

START_TEST(drop_ins_merge_by_output)
{
    static const char text[] =
        "[Recipe]\nDescription=old\n[Output a]\nFormat=webp jpeg\nWidth=1\nQuality=webp:5 jpeg:6\n";
    static const char drop_in[] = "[Recipe]\nDescription=new\n[Output a]\nWidth=2\nQuality=jpeg:7\n";
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    _cleanup_(problems_release) struct problems problems = { 0 };
    _cleanup_recipe_ struct recipe *recipe = NULL;
    _cleanup_free_ char *got = NULL;
    char path[PATH_MAX], other[PATH_MAX];

    snprintf(path, sizeof path, "%s/web.recipe.d", scratch.path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    scratch_write(&scratch, "web.recipe.d/my.conf", drop_in, strlen(drop_in), other);
    scratch_write(&scratch, "web.recipe", text, strlen(text), path);

    ck_assert_int_eq(recipe_load(path, "web", NULL, &problems, &recipe), 0);
    ck_assert_str_eq(recipe->name, "web");
    ck_assert_str_eq(recipe->description, "new");
    got = flatten(recipe);
    ck_assert_str_eq(got,
                     "a:{dir}/{stem}-{width}{-page}.{ext}:0:3 webp 1x0@5 jpeg 1x0@7 webp 2x0@5 jpeg 2x0@7");
}
END_TEST

START_TEST(an_output_twice_in_a_drop_in_is_refused_there)
{
    static const char text[] = "[Output a]\nFormat=webp\n";
    static const char drop_in[] = "[Output a]\nWidth=2\n\n[Output a]\nWidth=3\n";
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    _cleanup_(problems_release) struct problems problems = { 0 };
    struct recipe *recipe = NULL;
    char path[PATH_MAX], other[PATH_MAX];

    snprintf(path, sizeof path, "%s/web.recipe.d", scratch.path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    scratch_write(&scratch, "web.recipe.d/my.conf", drop_in, strlen(drop_in), other);
    scratch_write(&scratch, "web.recipe", text, strlen(text), path);

    ck_assert_int_eq(recipe_load(path, "web", NULL, &problems, &recipe), -EINVAL);
    expect_problem("twice", &problems, "my.conf:4:1: [Output a] is here already, in line 1: ");
}
END_TEST

START_TEST(a_missing_file_is_a_problem)
{
    _cleanup_(problems_release) struct problems problems = { 0 };
    struct recipe *recipe = NULL;

    ck_assert_int_eq(recipe_load("/nonexistent/web.recipe", "web", NULL, &problems, &recipe), -EINVAL);
    expect_problem("no file", &problems, "/nonexistent/web.recipe: there is no such file");
    ck_assert_ptr_null(recipe);
}
END_TEST

START_TEST(bad_lines_and_bad_values_are_shown_together)
{
    static const char text[] = "[Output a]\nnonsense\nFormat=tga\n";
    _cleanup_scratch_ struct scratch scratch = scratch_make();
    _cleanup_(problems_release) struct problems problems = { 0 };
    struct recipe *recipe = NULL;
    char path[PATH_MAX];

    scratch_write(&scratch, "web.recipe", text, strlen(text), path);
    ck_assert_int_eq(recipe_load(path, "web", NULL, &problems, &recipe), -EINVAL);
    ck_assert_uint_eq(problems.count, 2);
    ck_assert_ptr_null(recipe);
}
END_TEST

UNIT_MAIN("recipe", UNIT_ROWS(a_good_recipe_fans_out, good),
          UNIT_ROWS(the_canonical_text_reads_back_as_an_equal_recipe, good),
          UNIT_ROWS(a_bad_recipe_is_refused_with_place_and_remedy, bad),
          UNIT_TEST(every_problem_is_shown_in_one_run), UNIT_ROWS(numbers_are_limited, limits),
          UNIT_ROWS(equal_hashes_are_equal_pictures, hashes),
          UNIT_ROWS(files_are_those_of_the_canonical_text, with_files),
          UNIT_TEST(a_step_has_its_file_when_one_before_it_was_taken_back),
          UNIT_TEST(drop_ins_merge_by_output), UNIT_TEST(an_output_twice_in_a_drop_in_is_refused_there),
          UNIT_TEST(a_missing_file_is_a_problem), UNIT_TEST(bad_lines_and_bad_values_are_shown_together))
