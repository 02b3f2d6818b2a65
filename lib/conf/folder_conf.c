/* SPDX-License-Identifier: GPL-2.0-or-later */
/* folder_conf - see folder_conf.h: the table of keys, the checks that need several of them, and which names a
 * folder takes. Paths are compared as text here; links and mounts are resolved by the supervisor. */
#include "conf/folder_conf.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "conf/extensions.h"
#include "conf/ini.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    NAME_BYTES_MAX = 64,
    MAX_FRAMES_DEFAULT = 1000,
    MAX_FRAMES_MOST = 10000,
    MAX_PAGES_DEFAULT = 500,
    DENSITY_DEFAULT = 150,
    DENSITY_LEAST = 10,
    DENSITY_MOST = 2400,
};

#define MEGAPIXEL 1000000ULL
#define MAX_PIXELS_DEFAULT (500 * MEGAPIXEL)
#define MAX_PIXELS_MOST (100000 * MEGAPIXEL)

static const char *const readable_extensions[] = { EXTENSIONS_READABLE };

/* Names of folders and recipes: they are files' names, and part of metrics, URLs and journal fields. */
static bool is_name(const char *name)
{
    size_t plain = strspn(name, "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789-_.");

    return plain > 0 && plain <= NAME_BYTES_MAX && name[plain] == '\0' && name[0] != '.';
}

#define NAME_RULE "at most 64 letters, digits, \"-\", \"_\" and \".\", not starting with \".\""

/* Parsers of our own. */

static int parse_recipe_name(const struct ini_entry *entry, const struct conf_key *key, void *field,
                             struct problems *problems)
{
    char shown[TEXT_SHOWN_MAX];

    if (entry->value[0] != '\0' && !is_name(entry->value))
        return ini_problem(problems, entry->value_place, "Recipe=%s: give a recipe's name (" NAME_RULE ")",
                           text_escape(entry->value, shown, sizeof shown));
    return conf_parse_string(entry, key, field, problems);
}

static bool is_readable_extension(const char *extension)
{
    for (size_t i = 0; i < ARRAY_SIZE(readable_extensions); i++)
        if (strcasecmp(extension, readable_extensions[i]) == 0)
            return true;
    return false;
}

static int refuse_extension(const struct ini_word *word, struct problems *problems)
{
    char shown[TEXT_SHOWN_MAX], known[128] = "";
    size_t used = 0;

    for (size_t i = 0; i < ARRAY_SIZE(readable_extensions) && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i > 0 ? ", " : "",
                                 readable_extensions[i]);
    return ini_problem(problems, word->place, "Include=%s: no format reads such files; there are %s",
                       text_escape(word->text, shown, sizeof shown), known);
}

static int add_extension(const struct ini_word *word, struct conf_words *include, struct problems *problems)
{
    const char *extension = word->text + (word->text[0] == '.' ? 1 : 0);
    char **list;

    if (!is_readable_extension(extension) && !allowance_of_extension(extension))
        return refuse_extension(word, problems);

    list = reallocarray(include->list, include->count + 1, sizeof *list);
    if (!list)
        return ini_problem(problems, word->place, "out of memory");
    include->list = list;
    include->list[include->count] = strdup(extension);
    if (!include->list[include->count])
        return ini_problem(problems, word->place, "out of memory");
    include->count++;
    return 0;
}

/* "jpg png" or ".jpg .png". */
static int parse_extensions(const struct ini_entry *entry, const struct conf_key *key, void *field,
                            struct problems *problems)
{
    struct ini_word word = { 0 };
    int result = 0;

    (void)key;
    if (entry->value[0] == '\0')
        conf_words_release(field);
    while (ini_next_word(entry, &word))
        if (add_extension(&word, field, problems) < 0)
            result = -EINVAL;
    return result;
}

/* The byte behind the "]" of a bracket expression; @at is behind its "[". NULL: it is not closed, and would match but
 * itself. */
static const char *end_of_bracket(const char *at, const char *end)
{
    const char *first = at + (at < end && strchr("!^", *at) ? 1 : 0);

    for (at = first; at < end; at++) {
        const char *inner = *at == '[' && end - at > 2 && strchr(":.=", at[1])
                                ? memmem(at + 2, (size_t)(end - at - 2), (char[]){ at[1], ']' }, 2)
                                : NULL;

        if (*at == ']' && at > first)
            return at + 1;
        at = inner ? inner + 1 : *at == '\\' ? at + 1 : at;
    }
    return NULL;
}

/* Why the pattern of @length bytes does not match what it was meant for, or NULL. */
static const char *pattern_fault(const char *pattern, size_t length)
{
    const char *end = pattern + length;

    if (memchr(pattern, '/', length))
        return "no name has a \"/\", and patterns are matched with the name of each file and directory: give "
               "that alone";
    for (const char *at = pattern, *next; at < end; at = next) {
        next = *at == '[' ? end_of_bracket(at + 1, end) : at + (*at == '\\' ? 2 : 1);
        if (!next)
            return "\"[\" is not closed by \"]\": give \"[[]\" for one in a name";
        if (next > end)
            return "blanks part patterns, whatever is before them: give \"?\" for one in a name";
    }
    return NULL;
}

static int parse_patterns(const struct ini_entry *entry, const struct conf_key *key, void *field,
                          struct problems *problems)
{
    struct ini_word word = { 0 };
    char shown[TEXT_SHOWN_MAX];
    int result = 0;

    if (entry->value[0] == '\0')
        conf_words_release(field);
    while (ini_next_word(entry, &word)) {
        const char *fault = pattern_fault(word.start, word.length);

        if (fault)
            result = ini_problem(problems, word.place, "Exclude=%s: %s",
                                 text_escape(word.text, shown, sizeof shown), fault);
    }
    return result < 0 ? result : conf_parse_words(entry, key, field, problems);
}

/* "svg pdf". */
static int parse_allowed(const struct ini_entry *entry, const struct conf_key *key, void *field,
                         struct problems *problems)
{
    unsigned *allowed = field;
    struct ini_word word = { 0 };
    char shown[TEXT_SHOWN_MAX], known[TEXT_SHOWN_MAX];
    int result = 0;

    (void)key;
    if (entry->value[0] == '\0')
        *allowed = 0;
    while (ini_next_word(entry, &word)) {
        unsigned bit = allowance_of_name(word.text);

        *allowed |= bit;
        if (!bit)
            result = ini_problem(
                problems, word.place, "AllowFormats=%s: there is no such format to allow; there are %s",
                text_escape(word.text, shown, sizeof shown), allowance_list(ALLOW_ALL, known, sizeof known));
    }
    return result;
}

/* A number of pixels; "500M" is of 1000, as cameras count. */
static int parse_pixels(const struct ini_entry *entry, const struct conf_key *key, void *field,
                        struct problems *problems)
{
    static const struct {
        char name;
        uint64_t size;
    } units[] = { { 'K', 1000 }, { 'M', MEGAPIXEL }, { 'G', 1000 * MEGAPIXEL } };
    size_t length = strlen(entry->value);
    char number[32], shown[TEXT_SHOWN_MAX];
    uint64_t unit = 1, value;

    if (length == 0) {
        *(uint64_t *)field = MAX_PIXELS_DEFAULT;
        return 0;
    }

    for (size_t i = 0; i < ARRAY_SIZE(units); i++)
        if (strncasecmp(entry->value + length - 1, &units[i].name, 1) == 0)
            unit = units[i].size;
    snprintf(number, sizeof number, "%.*s", (int)(unit > 1 ? length - 1 : length), entry->value);

    if (length >= sizeof number || text_parse_unsigned(number, 0, UINT64_MAX / unit, &value) < 0 ||
        value * unit < key->min || value * unit > key->max)
        return ini_problem(problems, entry->value_place,
                           "MaxPixels=%s: give a number of pixels from 1 to 100G, like 500M or 1G",
                           text_escape(entry->value, shown, sizeof shown));

    *(uint64_t *)field = value * unit;
    return 0;
}

/* The keys. */

static const char *const originals_names[] = { "keep", "archive", "delete", NULL };
static const char *const existing_names[] = { "fail", "adopt", "skip", "overwrite", "number", NULL };
static const char *const file_time_names[] = { "now", "source", NULL };
static const char *const watch_names[] = { "auto", "inotify", "poll", NULL };
static const char *const fail_on_names[] = { "none", "truncated", "error", "warning", NULL };
static const char *const priority_names[] = { "low", "normal", "high", NULL };

/* KEY(name, member, parser, …): a row; what follows are further fields. */
#define KEY(key, member, parser, text, ...)                                                                  \
    {                                                                                                        \
        .section = "Folder", .name = key, .offset = offsetof(struct folder_conf, member), .parse = parser,   \
        .help = text, __VA_ARGS__                                                                            \
    }
#define RANGE(least, most) .min = (least), .max = (most)

static const struct conf_key keys[] = {
    KEY("Path", path, conf_parse_path, "The folder that is watched."),
    KEY("RequiresMount", requires_mount, conf_parse_boolean,
        "Whether the directories are left alone while the file system that they were on is not mounted."),
    KEY("Recipe", recipe, parse_recipe_name, "The recipe that says what is made of each picture."),
    KEY("Output", output, conf_parse_path, "Where finished renditions come out."),
    KEY("Recursive", recursive, conf_parse_boolean, "Whether sub-directories are watched too."),
    KEY("Include", include, parse_extensions, "Extensions to take; empty: those of all formats."),
    KEY("AllowFormats", allowed, parse_allowed,
        "Formats to take besides the usual: svg, pdf, jp2, exr, magick."),
    KEY("Density", density, conf_parse_unsigned,
        "Pixels an inch that a PDF is drawn with, where no output needs more.",
        RANGE(DENSITY_LEAST, DENSITY_MOST)),
    KEY("Exclude", exclude, parse_patterns, "Patterns of file and directory names to leave alone."),
    KEY("Settle", settle_us, conf_parse_duration, "How long a file must be unchanged to count as complete.",
        RANGE(0, 86400 * USEC_PER_SEC)),
    KEY("Originals", originals, conf_parse_choice, "What becomes of a source after its renditions are safe.",
        .choices = originals_names),
    KEY("Archive", archive, conf_parse_path, "Where originals go with Originals=archive."),
    KEY("Failed", failed, conf_parse_path, "Where originals that failed and their error files go."),
    KEY("Existing", existing, conf_parse_choice, "What to do when an output's name is taken.",
        .choices = existing_names),
    KEY("Watch", watch, conf_parse_choice, "How changes are noticed.", .choices = watch_names),
    KEY("PollInterval", poll_us, conf_parse_duration, "How often a polled folder is looked at.",
        RANGE(100 * USEC_PER_MSEC, 86400 * USEC_PER_SEC)),
    KEY("RescanInterval", rescan_us, conf_parse_duration,
        "How often a watched folder is compared as a whole.", RANGE(USEC_PER_SEC, 7 * 86400 * USEC_PER_SEC)),
    KEY("FileMode", file_mode, conf_parse_mode, "Permissions of outputs.", RANGE(0, 0777)),
    KEY("DirectoryMode", directories.mode, conf_parse_mode, "Permissions of directories made for outputs.",
        RANGE(0700, 07777)),
    KEY("FileUser", file_user, conf_parse_string, "The user who owns outputs and directories made for them."),
    KEY("FileGroup", file_group, conf_parse_string, "Their group."),
    KEY("FileTime", file_time, conf_parse_choice, "The time of change that outputs show.",
        .choices = file_time_names),
    KEY("FailOn", fail_on, conf_parse_choice, "From which decoding trouble on a picture fails.",
        .choices = fail_on_names),
    KEY("MaxPixels", max_pixels, parse_pixels, "Larger pictures are refused before they are decoded.",
        RANGE(1, MAX_PIXELS_MOST)),
    KEY("MaxFrames", max_frames, conf_parse_unsigned,
        "Longer animations are refused before they are decoded.", RANGE(1, MAX_FRAMES_MOST)),
    KEY("MaxPages", max_pages, conf_parse_unsigned, "Longer documents are refused before they are decoded.",
        RANGE(1, MAX_PAGES_MOST)),
    KEY("MaxFileSize", max_file_bytes, conf_parse_size, "Larger files are refused before they are read.",
        RANGE(1, 1ULL << 40)),
    KEY("MaxMemory", max_memory_bytes, conf_parse_size,
        "Pictures that would need more memory are refused before they are decoded.",
        RANGE(1ULL << 20, 1ULL << 50)),
    KEY("Priority", priority, conf_parse_choice, "Which folders' pictures go first.",
        .choices = priority_names),
};

const char *folder_conf_existing_name(int existing)
{
    return existing_names[existing];
}

static struct folder_conf defaults(void)
{
    return (struct folder_conf){
        .requires_mount = true,
        .recursive = true,
        .settle_us = 2 * USEC_PER_SEC,
        .originals = ORIGINALS_KEEP,
        .existing = EXISTING_FAIL,
        .watch = WATCH_AUTO,
        .poll_us = 2 * USEC_PER_SEC,
        .rescan_us = 300 * USEC_PER_SEC,
        .file_mode = 0644,
        .directories = { .mode = 0755, .uid = (uid_t)-1, .gid = (gid_t)-1 },
        .fail_on = FAIL_ON_TRUNCATED,
        .max_pixels = MAX_PIXELS_DEFAULT,
        .max_frames = MAX_FRAMES_DEFAULT,
        .density = DENSITY_DEFAULT,
        .max_pages = MAX_PAGES_DEFAULT,
        .max_file_bytes = 2ULL << 30,
        .max_memory_bytes = 4ULL << 30,
        .priority = PRIORITY_NORMAL,
    };
}

int folder_conf_init(struct folder_conf *conf, const char *name)
{
    *conf = defaults();
    conf->name = strdup(name);
    return conf->name ? 0 : -ENOMEM;
}

void folder_conf_release(struct folder_conf *conf)
{
    free(conf->name);
    free(conf->path);
    free(conf->recipe);
    free(conf->output);
    free(conf->archive);
    free(conf->failed);
    free(conf->file_user);
    free(conf->file_group);
    conf_words_release(&conf->include);
    conf_words_release(&conf->exclude);
    ini_release(&conf->ini);
    *conf = (struct folder_conf){ 0 };
}

/* Checks of several keys together. */

struct check {
    const struct folder_conf *conf;
    struct problems *problems;
    int result;
};

/* The options of darkroomd that give a key. */
static const struct {
    const char *key, *option;
} options[] = {
    { "Path", "--watch" },      { "Output", "--output" }, { "Recipe", "--recipe" },
    { "Archive", "--archive" }, { "Failed", "--failed" },
};

static const struct ini_entry *entry_of(const struct folder_conf *conf, const char *key)
{
    const struct ini_section *section = ini_find(&conf->ini, "Folder", NULL);

    return section ? ini_find_entry(section, key) : NULL;
}

/* Of a key that is not in a file. */
static const char *elsewhere(const struct folder_conf *conf, const char *key)
{
    if (conf->ini.file_count > 0)
        return conf->ini.files[0];
    for (size_t i = 0; i < ARRAY_SIZE(options); i++)
        if (strcmp(options[i].key, key) == 0)
            return options[i].option;
    return "command line";
}

static int add_problem(const struct folder_conf *conf, const char *key, struct problems *problems,
                       const char *format, va_list args) __attribute__((format(printf, 4, 0)));
static int add_problem(const struct folder_conf *conf, const char *key, struct problems *problems,
                       const char *format, va_list args)
{
    const struct ini_entry *entry = entry_of(conf, key);
    _cleanup_free_ char *text = NULL;

    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    if (entry)
        return ini_problem(problems, entry->value_place, "%s", text ?: "out of memory");
    return problems_add(problems, elsewhere(conf, key), "%s", text ?: "out of memory");
}

int folder_conf_problem(const struct folder_conf *conf, const char *key, struct problems *problems,
                        const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_problem(conf, key, problems, format, args);
    va_end(args);
    return -EINVAL;
}

static __attribute__((format(printf, 3, 4))) void refuse(struct check *check, const char *key,
                                                         const char *format, ...)
{
    va_list args;

    va_start(args, format);
    check->result = add_problem(check->conf, key, check->problems, format, args);
    va_end(args);
}

/* A value that was given but refused has its problem already. */
static void check_required(struct check *check, const char *key, const char *value)
{
    const struct ini_entry *entry = entry_of(check->conf, key);

    if (!value && !(entry && entry->value[0] != '\0'))
        refuse(check, key, "%s= is missing", key);
}

/* What of @path is below @directory: "" when they are the same, NULL when it is not inside. */
static const char *below(const char *path, const char *directory)
{
    size_t length = strcmp(directory, "/") == 0 ? 0 : strlen(directory);

    if (strncmp(path, directory, length) != 0 || (path[length] != '/' && path[length] != '\0'))
        return NULL;
    return path + length + strspn(path + length, "/");
}

static void check_output(struct check *check)
{
    const struct folder_conf *conf = check->conf;
    char path[TEXT_SHOWN_MAX];

    if (!conf->path || !conf->output)
        return;

    text_escape(conf->path, path, sizeof path);
    if (strcmp(conf->path, conf->output) == 0)
        refuse(check, "Output",
               "Output= is Path=: renditions would be worked on again, give another directory");
    else if (below(conf->output, conf->path))
        refuse(check, "Output", "Output= is inside Path=%s: renditions would be worked on again", path);
    else if (below(conf->path, conf->output))
        refuse(check, "Output", "Path=%s is inside Output=: give directories beside each other", path);
}

/* Archive= and Failed=: where originals are put must not be a place they are taken from. */
static void check_side_directory(struct check *check, const char *key, const char *directory)
{
    const struct folder_conf *conf = check->conf;
    const char *inside;
    char path[TEXT_SHOWN_MAX];

    if (!directory)
        return;
    if (conf->output && strcmp(directory, conf->output) == 0)
        refuse(check, key, "%s= is Output=: originals and renditions would mix, give another directory", key);
    if (!conf->path)
        return;

    inside = below(directory, conf->path);
    if (inside && *inside == '\0')
        refuse(check, key, "%s= is Path=: give another directory", key);
    else if (inside && !folder_conf_ignores_path(conf, inside))
        refuse(check, key,
               "%s= is inside Path= and would be watched: give a hidden directory, like %s/.originals", key,
               text_escape(conf->path, path, sizeof path));
    else if (!inside && below(conf->path, directory))
        refuse(check, key, "Path= is inside %s=: give directories beside each other", key);
}

/* Such files would be taken in only to fail. */
static void check_include(struct check *check)
{
    const struct folder_conf *conf = check->conf;
    char name[TEXT_SHOWN_MAX];

    for (size_t i = 0; i < conf->include.count; i++) {
        unsigned bit = allowance_of_extension(conf->include.list[i]);

        if (bit & ~conf->allowed)
            refuse(check, "Include", "Include=%s: such files need AllowFormats=%s", conf->include.list[i],
                   allowance_list(bit, name, sizeof name));
    }
}

static void check_archive(struct check *check)
{
    const struct folder_conf *conf = check->conf;

    if (conf->originals == ORIGINALS_ARCHIVE)
        check_required(check, "Archive", conf->archive);
    else if (conf->archive)
        refuse(check, "Archive", "Archive= without Originals=archive: add that, or take Archive= out");
}

static int check_all(struct check *check)
{
    const struct folder_conf *conf = check->conf;
    char shown[TEXT_SHOWN_MAX];

    if (!conf->name || !is_name(conf->name))
        refuse(check, "", "\"%s\" cannot be a folder's name: use " NAME_RULE,
               text_escape(conf->name ?: "", shown, sizeof shown));

    check_required(check, "Path", conf->path);
    check_required(check, "Recipe", conf->recipe);
    check_required(check, "Output", conf->output);
    check_include(check);
    check_archive(check);
    check_output(check);
    check_side_directory(check, "Archive", conf->archive);
    check_side_directory(check, "Failed", conf->failed);
    return check->result;
}

int folder_conf_check(const struct folder_conf *conf, struct problems *problems)
{
    struct check check = { .conf = conf, .problems = problems };

    return check_all(&check);
}

/* Reading. */

static int read_file(struct ini *ini, const char *path, struct problems *problems)
{
    int r = ini_add_file(ini, path, problems);

    if (r == -ENOENT)
        return problems_add(problems, path, "there is no such file");
    if (r == -ENOMEM)
        return problems_add(problems, path, "out of memory");
    return r;
}

static int apply_and_check(struct folder_conf *conf, struct problems *problems)
{
    const struct folder_conf fresh = defaults();
    int r = conf_apply_file(&conf->ini, keys, ARRAY_SIZE(keys), conf, &fresh, problems);

    return folder_conf_check(conf, problems) < 0 ? -EINVAL : r;
}

int folder_conf_load(struct folder_conf *conf, const char *path, const char *name, struct problems *problems)
{
    int r, applied;

    r = folder_conf_init(conf, name);
    if (r < 0)
        return problems_add(problems, path, "out of memory");

    r = read_file(&conf->ini, path, problems);
    applied = conf->ini.file_count > 0 ? apply_and_check(conf, problems) : 0;
    if (r < 0 || applied < 0) {
        folder_conf_release(conf);
        return -EINVAL;
    }
    return 0;
}

/* Names. */

/* Temporary and hidden names of other programs (contract, rule 3). ".*" covers ".nfs*", ".DS_Store" and "._*". */
static const char *const ignored_names[] = {
    ".*", "*~", "*.part", "*.partial", "*.filepart", "*.crdownload", "*.tmp", "Thumbs.db",
};

bool folder_conf_ignores_component(const struct folder_conf *conf, const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(ignored_names); i++)
        if (fnmatch(ignored_names[i], name, FNM_CASEFOLD) == 0)
            return true;
    for (size_t i = 0; i < conf->exclude.count; i++)
        if (fnmatch(conf->exclude.list[i], name, 0) == 0)
            return true;
    return false;
}

bool folder_conf_ignores_path(const struct folder_conf *conf, const char *path)
{
    char component[256];

    while (*path) {
        size_t length = strcspn(path, "/");

        /* No file system has longer names. */
        if (length >= sizeof component)
            return true;
        memcpy(component, path, length);
        component[length] = '\0';
        if (folder_conf_ignores_component(conf, component))
            return true;
        path += length + strspn(path + length, "/");
    }
    return false;
}

static bool has_included_extension(const struct folder_conf *conf, const char *name)
{
    const char *dot = strrchr(name, '.');

    if (!dot || dot == name)
        return false;
    if (conf->include.count == 0)
        return is_readable_extension(dot + 1) || (allowance_of_extension(dot + 1) & conf->allowed);
    for (size_t i = 0; i < conf->include.count; i++)
        if (strcasecmp(dot + 1, conf->include.list[i]) == 0)
            return true;
    return false;
}

bool folder_conf_accepts(const struct folder_conf *conf, const char *path)
{
    const char *slash = strrchr(path, '/');

    return has_included_extension(conf, slash ? slash + 1 : path) && !folder_conf_ignores_path(conf, path);
}

static bool same_words(const struct conf_words *a, const struct conf_words *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->list[i], b->list[i]) != 0)
            return false;
    return true;
}

bool folder_conf_same_intake(const struct folder_conf *a, const struct folder_conf *b)
{
    return strcmp(a->path, b->path) == 0 && a->requires_mount == b->requires_mount &&
           a->recursive == b->recursive && a->watch == b->watch && a->allowed == b->allowed &&
           same_words(&a->include, &b->include) && same_words(&a->exclude, &b->exclude);
}

const struct conf_key *folder_conf_key(size_t index)
{
    return index < ARRAY_SIZE(keys) ? &keys[index] : NULL;
}
