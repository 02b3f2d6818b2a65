/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check_report - see check_report.h. One function a line of a folder's report. */
#include "supervisor/check_report.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "supervisor/fs_kind.h"
#include "supervisor/mount_table.h"
#include "supervisor/territory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

struct report {
    const struct config *config;
    const struct folder_conf *folder;
    const struct mount_table *table; /* may be NULL */
    FILE *file;
};

/* The label's column. */
static void begin(const struct report *report, const char *label)
{
    fprintf(report->file, "  %-9s  ", label);
}

static void print_path(const struct report *report, const char *path)
{
    char shown[TEXT_ESCAPED_MAX];

    fputs(text_escape(path, shown, sizeof shown), report->file);
}

/* Its own line, when something is worth saying: where it is by another name, and on which file system. */
static void print_whereabouts(const struct report *report, const char *path)
{
    _cleanup_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    _cleanup_free_ char *real = fd < 0 ? NULL : mount_table_path_of(fd);
    struct mount mount;

    if (fd < 0) {
        fprintf(report->file, " (%s; it is waited for)", strerrordesc_np(errno));
        return;
    }
    if (real && strcmp(real, path) != 0) {
        fputs(" is ", report->file);
        print_path(report, real);
    }
    if (report->table && mount_table_of(report->table, fd, &mount)) {
        fprintf(report->file, ", on %s mounted at ", mount.type);
        print_path(report, mount.point);
    }
}

static void print_directory(const struct report *report, const char *label, const char *path)
{
    begin(report, label);
    print_path(report, path);
    print_whereabouts(report, path);
    fputc('\n', report->file);
}

/* ---- how it is watched ---- */

static const struct fs_kind *kind_of(const char *path)
{
    _cleanup_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 ? fs_kind_of_magic(0) : fs_kind_of(fd);
}

struct below {
    const struct report *report;
    size_t root_length;
    bool remote; /* the root */
    size_t others;
};

static bool is_other(const struct below *below, const struct mount *mount)
{
    const char *relative = mount->point + below->root_length;

    relative += strspn(relative, "/");
    return below->report->folder->recursive && !folder_conf_ignores_path(below->report->folder, relative) &&
           kind_of(mount->point)->remote != below->remote;
}

static void count_other(void *context, const struct mount *mount)
{
    struct below *below = context;

    below->others += is_other(below, mount);
}

static void print_other(void *context, const struct mount *mount)
{
    const struct below *below = context;

    if (!is_other(below, mount))
        return;
    begin(below->report, "");
    print_path(below->report, mount->point);
    fprintf(below->report->file, " (%s) is %s\n", mount->type, below->remote ? "watched" : "polled");
}

static void print_automatic(const struct report *report)
{
    const struct folder_conf *folder = report->folder;
    struct territory *land = territory_new(report->table, folder->path, folder);
    const char *root = land ? territory_path(land) : folder->path;
    const struct fs_kind *kind = kind_of(root);
    struct below below = { .report = report, .root_length = strlen(root), .remote = kind->remote };
    char interval[40];

    if (report->table)
        mount_table_below(report->table, root, count_other, &below);
    fputs(below.others > 0 ? "mixed" : kind->remote ? "poll" : "inotify", report->file);
    if (kind->remote)
        fprintf(report->file, ", every %s: %s does not tell what others change",
                text_format_duration(folder->poll_us, interval, sizeof interval), kind->name);
    else
        fprintf(report->file, ": it is on %s", kind->name);
    fputc('\n', report->file);
    if (report->table && below.others > 0)
        mount_table_below(report->table, root, print_other, &below);
    territory_free(land);
}

static void print_watch(const struct report *report)
{
    char interval[40];

    begin(report, "Watch");
    if (report->folder->watch == WATCH_AUTO)
        print_automatic(report);
    else if (report->folder->watch == WATCH_INOTIFY)
        fputs("inotify, as Watch= says\n", report->file);
    else
        fprintf(report->file, "poll, every %s, as Watch= says\n",
                text_format_duration(report->folder->poll_us, interval, sizeof interval));
}

/* ---- what becomes of files ---- */

static void print_recipe(const struct report *report)
{
    size_t number = config_recipe_of(report->config, report->folder);

    begin(report, "Recipe");
    fprintf(report->file, "%s, from ", report->config->recipes[number]->name);
    print_path(report, report->config->recipe_files[number]);
    fputc('\n', report->file);
}

static void print_choices(const struct report *report)
{
    static const char *const originals[] = {
        [ORIGINALS_KEEP] = "stay where they are",
        [ORIGINALS_ARCHIVE] = "are archived",
        [ORIGINALS_DELETE] = "are deleted",
    };

    begin(report, "Existing");
    fprintf(report->file, "%s\n", folder_conf_existing_name(report->folder->existing));
    begin(report, "Originals");
    fprintf(report->file, "%s\n", originals[report->folder->originals]);
    if (report->folder->archive)
        print_directory(report, "Archive", report->folder->archive);
    if (!report->folder->failed)
        return;
    begin(report, "Failed");
    print_path(report, report->folder->failed);
    fputc('\n', report->file);
}

static void print_folder(const struct report *report)
{
    fprintf(report->file, "%s\n", report->folder->name);
    print_directory(report, "Path", report->folder->path);
    print_watch(report);
    print_directory(report, "Output", report->folder->output);
    print_recipe(report);
    print_choices(report);
    fputc('\n', report->file);
}

void check_report_print(const struct config *config, FILE *file)
{
    struct mount_table *table = NULL;
    struct report report = { .config = config, .file = file };

    mount_table_read(&table);
    report.table = table;
    for (size_t i = 0; i < config->folder_count; i++) {
        report.folder = &config->folders[i];
        print_folder(&report);
    }
    mount_table_free(table);
}
