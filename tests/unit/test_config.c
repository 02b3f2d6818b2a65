/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading a whole configuration, and what is refused of several folders together. */
#include "supervisor/config.h"

#include "base/cleanup.h"
#include "expect_problems.h"
#include "scratch.h"
#include "unit_main.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/stat.h>

#define RECIPE "[Recipe]\nDescription=For tests\n[Output a]\nWidth=10\nFormat=png\n"

static struct scratch scratch;
static struct config_origin origin;
static struct problems problems;
static struct config *config;
static char vendor[128];

static void make_directory(const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", scratch.path, name);
    ck_assert_msg(mkdir(path, 0755) == 0 || errno == EEXIST, "%s: %m", path);
}

static void write_text(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void write_text(const char *name, const char *format, ...)
{
    char path[PATH_MAX], text[4096];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    scratch_write(&scratch, name, text, strlen(text), path);
}

static void setup(void)
{
    static const char *const directories[] = { "folders", "recipes", "vendor", "a",    "b",
                                               "c",       "d",       "out",    "a/sub" };

    scratch = scratch_make();
    for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
        make_directory(directories[i]);
    snprintf(vendor, sizeof vendor, "%s/vendor", scratch.path);
    origin = (struct config_origin){ .directory = scratch.path, .vendor_recipes = vendor };
    write_text("recipes/web.recipe", RECIPE);
    config = NULL;
}

static void teardown(void)
{
    problems_release(&problems);
    config_unref(config);
    scratch_remove(&scratch);
}

/* A folder called @name from scratch/PATH to scratch/OUTPUT. */
static void write_folder(const char *name, const char *path, const char *output, const char *more)
{
    char file[64];

    snprintf(file, sizeof file, "folders/%s.folder", name);
    write_text(file, "[Folder]\nPath=%s/%s\nOutput=%s/%s\nRecipe=web\n%s", scratch.path, path, scratch.path,
               output, more);
}

/* The same; "%s" in @more is the scratch directory. */
static void write_folder_in_place(const char *name, const char *path, const char *output, const char *more)
{
    const char *place = strstr(more, "%s");
    char text[PATH_MAX];

    snprintf(text, sizeof text, "%.*s%s%s", place ? (int)(place - more) : 0, more, place ? scratch.path : "",
             place ? place + 2 : more);
    write_folder(name, path, output, text);
}

static int load(void)
{
    return config_load(&origin, &problems, &config);
}

START_TEST(a_whole_tree_is_loaded)
{
    setup();
    write_text("darkroom.conf", "[Daemon]\nWorkers=3\nMaxAttempts=5\n");
    write_folder("one", "a", "out", "Settle=7s\n");
    write_folder("two", "b", "out", "Recursive=no\n");
    ck_assert_int_eq(load(), 0);
    expect_no_problem("tree", &problems);
    ck_assert_uint_eq(atomic_load(&config->references), 1);
    ck_assert_uint_eq(config->daemon.workers, 3);
    ck_assert_uint_eq(config->daemon.max_attempts, 5);
    ck_assert_uint_eq(config->folder_count, 2);
    ck_assert_str_eq(config->folders[0].name, "one");
    ck_assert_uint_eq(config->folders[0].settle_us, 7000000);
    ck_assert(!config->folders[1].recursive);
    teardown();
}
END_TEST

START_TEST(a_recipe_that_two_folders_name_is_loaded_once)
{
    setup();
    write_text("recipes/other.recipe", RECIPE);
    write_folder("a", "a", "out", "");
    write_folder("b", "b", "out", "Recipe=other\n");
    write_folder("c", "c", "out", "");
    ck_assert_int_eq(load(), 0);
    ck_assert_uint_eq(config->recipe_count, 2);
    ck_assert_uint_eq(config_recipe_of(config, config_folder(config, "a")), 0);
    ck_assert_uint_eq(config_recipe_of(config, config_folder(config, "b")), 1);
    ck_assert_uint_eq(config_recipe_of(config, config_folder(config, "c")), 0);
    ck_assert_str_eq(config->recipes[1]->name, "other");
    ck_assert_ptr_null(config_folder(config, "nobody"));
    teardown();
}
END_TEST

START_TEST(an_own_recipe_comes_before_the_vendors)
{
    setup();
    write_text("vendor/web.recipe", "[Recipe]\nDescription=vendor\n[Output a]\nWidth=10\nFormat=png\n");
    write_text("vendor/v.recipe", "[Recipe]\nDescription=vendor\n[Output a]\nWidth=10\nFormat=png\n");
    write_folder("a", "a", "out", "");
    write_folder("b", "b", "out", "Recipe=v\n");
    ck_assert_int_eq(load(), 0);
    ck_assert_str_eq(config->recipes[0]->description, "For tests");
    ck_assert_str_eq(config->recipes[1]->description, "vendor");
    teardown();
}
END_TEST

START_TEST(the_number_of_workers_from_the_options_counts)
{
    setup();
    write_text("darkroom.conf", "[Daemon]\nWorkers=3\n");
    write_folder("a", "a", "out", "");
    origin.workers = 2;
    ck_assert_int_eq(load(), 0);
    ck_assert_uint_eq(config->daemon.workers, 2);
    teardown();
}
END_TEST

START_TEST(other_files_in_folders_are_left_alone)
{
    setup();
    write_folder("a", "a", "out", "");
    write_text("folders/README", "hello");
    write_text("folders/.hidden.folder", "nonsense");
    write_text("folders/b.folder.bak", "nonsense");
    write_text("folders/.folder", "nonsense");
    ck_assert_int_eq(load(), 0);
    ck_assert_uint_eq(config->folder_count, 1);
    teardown();
}
END_TEST

START_TEST(a_missing_recipe_is_told_with_the_places_that_were_looked_at)
{
    char wanted[PATH_MAX];

    setup();
    write_folder("a", "a", "out", "Recipe=nope\n");
    ck_assert_int_eq(load(), -EINVAL);
    snprintf(wanted, sizeof wanted,
             "there is no recipe \"nope\"; looked for %s/recipes/nope.recipe and %s/nope.recipe",
             scratch.path, vendor);
    expect_problem("missing recipe", &problems, wanted);
    teardown();
}
END_TEST

START_TEST(all_that_is_wrong_is_told_at_once)
{
    setup();
    write_text("darkroom.conf", "[Daemon]\nWorkers=lots\n");
    write_folder("a", "a", "out", "Settle=never\n");
    write_folder("b", "b", "out", "Nonsense=1\n");
    write_folder("c", "c", "out", "Recipe=nope\n");
    ck_assert_int_eq(load(), -EINVAL);
    ck_assert_uint_eq(problems.count, 4);
    ck_assert_ptr_null(config);
    teardown();
}
END_TEST

START_TEST(at_least_one_folder_is_needed)
{
    setup();
    ck_assert_int_eq(load(), -EINVAL);
    expect_problem("no folder", &problems, "at least one hot folder");
    teardown();
}
END_TEST

START_TEST(a_missing_folders_directory_is_told)
{
    char path[PATH_MAX];

    setup();
    snprintf(path, sizeof path, "%s/folders", scratch.path);
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_eq(load(), -EINVAL);
    expect_problem("no folders/", &problems, "cannot be read");
    teardown();
}
END_TEST

START_TEST(an_unknown_admin_group_is_told)
{
    setup();
    write_text("darkroom.conf", "[Control]\nAdminGroup=no-such-group\n");
    write_folder("a", "a", "out", "");
    ck_assert_int_eq(load(), -EINVAL);
    expect_problem("group", &problems, "there is no such group");
    teardown();
}
END_TEST

/* What can be told only after the files were read: of folder x, of a file beside it, and of folder y. */
static const struct {
    const char *keys, *file, *text, *y_path, *y_output, *y_keys, *problem;
} places[] = {
    { "", "folders/x.folder.d/my.conf", "[Folder]\nRecipe=nope\n", NULL, NULL, NULL,
      "/folders/x.folder.d/my.conf:2:8: there is no recipe \"nope\"" },
    { "Recipe= nope\n", "folders/x.folder.d/my.conf", "[Folder]\n", NULL, NULL, NULL,
      "/folders/x.folder:5:9: there is no recipe \"nope\"" },
    { "FileUser=root\n", "folders/x.folder.d/my.conf", "[Folder]\n\nFileUser=no-such-user\n", NULL, NULL,
      NULL, "/folders/x.folder.d/my.conf:3:10: FileUser=no-such-user: there is no such user" },
    { "FileGroup=no-such-group\n", "darkroom.conf", "", NULL, NULL, NULL,
      "/folders/x.folder:5:11: FileGroup=no-such-group: " },
    { "", "darkroom.conf", "[Daemon]\nWorkers=2\n[Control]\nAdminGroup=no-such-group\n", NULL, NULL, NULL,
      "/darkroom.conf:4:12: AdminGroup=no-such-group: there is no such group" },
    { "", "darkroom.conf", "[Control]\nAdminGroup=a\33[2J\n", NULL, NULL, NULL,
      "/darkroom.conf:2:12: AdminGroup=a\\x1b[2J: there is no such group" },
    { "", "darkroom.conf", "", "a/sub", "c", "", "/folders/y.folder:2:6: Path=" },
    { "", "darkroom.conf", "", "b", "c", "Failed=%s/a/sub\n", "/folders/y.folder:5:8: Failed=" },
    { "", "darkroom.conf", "", "out", "a", "", "/folders/x.folder:3:8: its outputs lead back" },
};

START_TEST(what_is_wrong_with_a_key_is_told_where_it_stands)
{
    setup();
    make_directory("folders/x.folder.d");
    write_folder("x", "a", "out", places[_i].keys);
    write_text(places[_i].file, "%s", places[_i].text);
    if (places[_i].y_path)
        write_folder_in_place("y", places[_i].y_path, places[_i].y_output, places[_i].y_keys);
    ck_assert_int_eq(load(), -EINVAL);
    expect_problem(places[_i].problem, &problems, places[_i].problem);
    teardown();
}
END_TEST

static const struct {
    const char *keys, *problem; /* NULL: fine */
    uid_t uid;
    gid_t gid;
} owners[] = {
    { "", NULL, (uid_t)-1, (gid_t)-1 },
    { "FileUser=root\n", NULL, 0, (gid_t)-1 },
    { "FileUser=0\nFileGroup=daemon\n", NULL, 0, 1 },
    { "FileUser=1234\nFileGroup=2345\n", NULL, 1234, 2345 },
    { "FileUser=no-such-user\n", "there is no such user", 0, 0 },
    { "FileGroup=no-such-group\n", "there is no such group", 0, 0 },
    { "FileUser=a\33[2J\n", "FileUser=a\\x1b[2J: there is no such user", 0, 0 },
    { "FileGroup=a\33[2J\n", "FileGroup=a\\x1b[2J: there is no such group", 0, 0 },
};

START_TEST(the_owner_of_outputs_is_looked_up)
{
    setup();
    write_folder("a", "a", "out", owners[_i].keys);
    if (owners[_i].problem) {
        ck_assert_int_eq(load(), -EINVAL);
        expect_problem("owner", &problems, owners[_i].problem);
    } else {
        ck_assert_int_eq(load(), 0);
        ck_assert_uint_eq(config->folders[0].directories.uid, owners[_i].uid);
        ck_assert_uint_eq(config->folders[0].directories.gid, owners[_i].gid);
    }
    teardown();
}
END_TEST

/* Folders x, y and z, each from one directory to another, and the one problem that they are. */
static const struct {
    const char *name;
    const char *folders[3][3]; /* path, output, more */
    const char *problem;       /* NULL: fine */
} arrangements[] = {
    { "a chain", { { "a", "b", "" }, { "b", "c", "" }, { "c", "out", "" } }, NULL },
    { "one output for all", { { "a", "out", "" }, { "b", "out", "" } }, NULL },
    { "names that only begin alike", { { "a", "out", "" }, { "a2", "out", "" } }, NULL },
    { "two with one path", { { "a", "out", "" }, { "a", "out", "" } }, "is inside the Path= of folder" },
    { "one inside another", { { "a", "out", "" }, { "a/sub", "out", "" } }, "is inside the Path= of folder" },
    { "one around another", { { "a/sub", "out", "" }, { "a", "out", "" } }, "is inside the Path= of folder" },
    { "output inside path", { { "a", "a/sub", "" } }, "Output= is inside Path=" },
    { "path inside output", { { "a/sub", "a", "" } }, "is inside Output=" },
    { "a loop of two", { { "a", "b", "" }, { "b", "a", "" } }, "lead back to it through folder \"y\"" },
    { "a loop of two through a sub-directory",
      { { "a", "b", "" }, { "b", "a/sub", "" } },
      "lead back to it" },
    { "a loop of three",
      { { "a", "b", "" }, { "b", "c", "" }, { "c", "a", "" } },
      "lead back to it through folder \"y\"" },
    { "a loop of three, otherwise",
      { { "a", "c", "" }, { "b", "a", "" }, { "c", "b", "" } },
      "lead back to it" },
    { "a loop at the end of a chain",
      { { "a", "b", "" }, { "b", "c", "" }, { "c", "b", "" } },
      "lead back to it" },
    { "an archive in another's path",
      { { "a", "out", "Originals=archive\nArchive=%s/b\n" }, { "b", "out", "" } },
      "Archive=" },
    { "failed files in another's path",
      { { "a", "out", "" }, { "b", "out", "Failed=%s/a/sub\n" } },
      "Failed=" },
    { "an archive beside them",
      { { "a", "out", "Originals=archive\nArchive=%s/c\n" }, { "b", "out", "" } },
      NULL },
};

START_TEST(folders_are_checked_against_each_other)
{
    static const char *const names[] = { "x", "y", "z" };
    int r;

    setup();
    make_directory("a2");
    for (size_t i = 0; i < 3 && arrangements[_i].folders[i][0]; i++) {
        const char *const *folder = arrangements[_i].folders[i];

        write_folder_in_place(names[i], folder[0], folder[1], folder[2]);
    }
    r = load();
    if (arrangements[_i].problem) {
        _cleanup_free_ char *text = problems_text(&problems);

        ck_assert_msg(r == -EINVAL && strstr(text, arrangements[_i].problem), "%s: %d %s",
                      arrangements[_i].name, r, text ? text : "");
    } else {
        expect_no_problem(arrangements[_i].name, &problems);
        ck_assert_int_eq(r, 0);
    }
    teardown();
}
END_TEST

START_TEST(a_loop_is_told_once)
{
    setup();
    write_folder("x", "a", "b", "");
    write_folder("y", "b", "c", "");
    write_folder("z", "c", "a", "");
    ck_assert_int_eq(load(), -EINVAL);
    expect_problem("loop", &problems, "/folders/x.folder:3:8: its outputs lead back");
    teardown();
}
END_TEST

static void link_to(const char *name, const char *target)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", scratch.path, name);
    ck_assert_int_eq(symlink(target, path), 0);
}

static const struct {
    const char *x_path, *x_output, *y_path, *y_output, *problem;
} linked[] = {
    { "a", "to-a", NULL, NULL, "are the same place or inside one another" },
    { "a", "to-a/sub", NULL, NULL, "are the same place or inside one another" },
    { "to-a", "a/sub", NULL, NULL, "are the same place or inside one another" },
    { "a", "out", "to-a", "out", "is inside the Path= of folder" },
    { "a", "to-b", "b", "to-a", "lead back to it" },
};

START_TEST(links_are_seen_through)
{
    _cleanup_free_ char *text = NULL;

    setup();
    link_to("to-a", "a");
    link_to("to-b", "b");
    write_folder("x", linked[_i].x_path, linked[_i].x_output, "");
    if (linked[_i].y_path)
        write_folder("y", linked[_i].y_path, linked[_i].y_output, "");
    ck_assert_int_eq(load(), -EINVAL);
    text = problems_text(&problems);
    ck_assert_msg(strstr(text, linked[_i].problem), "%s", text);
    teardown();
}
END_TEST

/* An unmounted disk: the place itself is not there yet, but what leads to it is a link. */
START_TEST(a_link_on_the_way_to_a_missing_directory_is_seen_through)
{
    setup();
    link_to("to-a", "a");
    write_folder("x", "a", "to-a/later", "");
    ck_assert_int_eq(load(), -EINVAL);
    teardown();
}
END_TEST

START_TEST(missing_directories_are_no_mistake)
{
    setup();
    write_folder("x", "not-mounted", "not-there", "");
    ck_assert_int_eq(load(), 0);
    teardown();
}
END_TEST

START_TEST(failed_originals_go_to_a_hidden_directory_unless_they_are_kept)
{
    char wanted[PATH_MAX];

    setup();
    write_folder("kept", "a", "out", "");
    write_folder("moved", "b", "out", "Originals=delete\n");
    ck_assert_int_eq(load(), 0);
    ck_assert_ptr_null(config_folder(config, "kept")->failed);
    snprintf(wanted, sizeof wanted, "%s/b/.failed", scratch.path);
    ck_assert_str_eq(config_folder(config, "moved")->failed, wanted);
    teardown();
}
END_TEST

START_TEST(a_folder_from_the_options_needs_no_files)
{
    char path[PATH_MAX], output[PATH_MAX], recipe[PATH_MAX];
    struct folder_conf only;

    setup();
    ck_assert_int_eq(folder_conf_init(&only, "watch"), 0);
    snprintf(path, sizeof path, "%s/a", scratch.path);
    snprintf(output, sizeof output, "%s/out", scratch.path);
    snprintf(recipe, sizeof recipe, "%s/recipes/web.recipe", scratch.path);
    only.path = strdup(path);
    only.output = strdup(output);
    only.recipe = strdup(recipe);
    origin.only_folder = &only;
    ck_assert_int_eq(load(), 0);
    ck_assert_uint_eq(config->folder_count, 1);
    ck_assert_str_eq(config->recipes[0]->name, "web");
    folder_conf_release(&only); /* its strings were copied */
    ck_assert_str_eq(config->folders[0].path, path);
    teardown();
}
END_TEST

START_TEST(what_is_wrong_with_a_folder_from_the_options_names_the_option)
{
    struct folder_conf only;

    setup();
    link_to("to-a", "a");
    ck_assert_int_eq(folder_conf_init(&only, "watch"), 0);
    ck_assert_int_gt(asprintf(&only.path, "%s/a", scratch.path), 0);
    ck_assert_int_gt(asprintf(&only.output, "%s/to-a", scratch.path), 0);
    only.recipe = strdup("web");
    origin.only_folder = &only;
    ck_assert_int_eq(load(), -EINVAL);
    expect_problem("output", &problems, "--output: Path=");
    problems_release(&problems);

    only.recipe[0] = 'W';
    ck_assert_int_eq(load(), -EINVAL);
    expect_problem("recipe", &problems, "--recipe: there is no recipe \"Web\"");
    folder_conf_release(&only);
    teardown();
}
END_TEST

START_TEST(a_configuration_lives_as_long_as_its_last_reference)
{
    setup();
    write_folder("a", "a", "out", "");
    ck_assert_int_eq(load(), 0);
    ck_assert_ptr_eq(config_ref(config), config);
    config_unref(config);
    ck_assert_str_eq(config->folders[0].name, "a");
    config_unref(NULL);
    teardown();
}
END_TEST

START_TEST(the_names_of_folders_are_listed_as_far_as_there_is_room)
{
    struct folder_conf folders[] = { { .name = (char *)"print" }, { .name = (char *)"web" } };
    struct config two = { .folders = folders, .folder_count = 2 };
    char names[40], few[9];

    ck_assert_str_eq(config_folder_names(&two, names, sizeof names), "print, web");
    ck_assert_str_eq(config_folder_names(&two, few, sizeof few), "print, w");
    two.folder_count = 0;
    ck_assert_str_eq(config_folder_names(&two, names, sizeof names), "none");
}
END_TEST

UNIT_MAIN("config", UNIT_TEST(the_names_of_folders_are_listed_as_far_as_there_is_room),
          UNIT_TEST(a_whole_tree_is_loaded), UNIT_TEST(a_recipe_that_two_folders_name_is_loaded_once),
          UNIT_TEST(an_own_recipe_comes_before_the_vendors),
          UNIT_TEST(the_number_of_workers_from_the_options_counts),
          UNIT_TEST(other_files_in_folders_are_left_alone),
          UNIT_TEST(a_missing_recipe_is_told_with_the_places_that_were_looked_at),
          UNIT_TEST(all_that_is_wrong_is_told_at_once), UNIT_TEST(at_least_one_folder_is_needed),
          UNIT_TEST(a_missing_folders_directory_is_told), UNIT_TEST(an_unknown_admin_group_is_told),
          UNIT_ROWS(what_is_wrong_with_a_key_is_told_where_it_stands, places),
          UNIT_TEST(what_is_wrong_with_a_folder_from_the_options_names_the_option),
          UNIT_ROWS(the_owner_of_outputs_is_looked_up, owners),
          UNIT_ROWS(folders_are_checked_against_each_other, arrangements), UNIT_TEST(a_loop_is_told_once),
          UNIT_ROWS(links_are_seen_through, linked),
          UNIT_TEST(a_link_on_the_way_to_a_missing_directory_is_seen_through),
          UNIT_TEST(missing_directories_are_no_mistake),
          UNIT_TEST(failed_originals_go_to_a_hidden_directory_unless_they_are_kept),
          UNIT_TEST(a_folder_from_the_options_needs_no_files),
          UNIT_TEST(a_configuration_lives_as_long_as_its_last_reference))
