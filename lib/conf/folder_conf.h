/* SPDX-License-Identifier: GPL-2.0-or-later */
/* folder_conf - folders/NAME.folder: one hot folder. */
#ifndef DARKROOM_CONF_FOLDER_CONF_H
#define DARKROOM_CONF_FOLDER_CONF_H

#include "base/path_beneath.h"
#include "base/problems.h"
#include "conf/allowance.h"
#include "conf/conf_table.h"
#include "conf/ini.h"

#include <stdbool.h>
#include <stdint.h>

enum originals { ORIGINALS_KEEP, ORIGINALS_ARCHIVE, ORIGINALS_DELETE };
enum existing { EXISTING_FAIL, EXISTING_ADOPT, EXISTING_SKIP, EXISTING_OVERWRITE, EXISTING_NUMBER };
enum file_time { FILE_TIME_NOW, FILE_TIME_SOURCE };
enum watch_mode { WATCH_AUTO, WATCH_INOTIFY, WATCH_POLL };
enum fail_on { FAIL_ON_NONE, FAIL_ON_TRUNCATED, FAIL_ON_ERROR, FAIL_ON_WARNING }; /* as libvips orders them */
enum priority { PRIORITY_LOW, PRIORITY_NORMAL, PRIORITY_HIGH };                   /* ascending */

enum { MAX_PAGES_MOST = 1000 };

/* Names are the keys of section [Folder]. */
struct folder_conf {
    char *name; /* the file's, without ".folder": letters, digits, "-", "_", "."; at most 64 */
    char *path; /* Path=, required */
    bool
        requires_mount; /* RequiresMount=yes: Path, Output … are nothing without the mounts that they were on */
    char *recipe;       /* Recipe=, required: a recipe's name, or (only from --recipe) a path to its file */
    char *output;       /* Output=, required */
    bool recursive;     /* Recursive=yes */
    struct conf_words
        include; /* Include=: extensions without dot; empty: those of the usual and the allowed formats */
    unsigned allowed; /* AllowFormats=: ALLOW_* of the formats that are taken besides the usual */
    uint64_t density; /* Density=150: pixels an inch of a PDF's page, unless an output asks for more */
    struct conf_words exclude; /* Exclude=: fnmatch(3) patterns on every component of a path */
    uint64_t settle_us;        /* Settle=2s */
    int originals;             /* Originals=keep; enum originals */
    char *archive;             /* Archive=, required with Originals=archive */
    char *failed;              /* Failed=: NULL: ".failed" in Path, unless originals are kept: then nowhere */
    int existing;              /* Existing=fail; enum existing */
    int watch;                 /* Watch=auto; enum watch_mode */
    uint64_t poll_us;          /* PollInterval=2s: of polled folders */
    uint64_t rescan_us; /* RescanInterval=5min: reconciles with what is there, whatever the events said */
    unsigned file_mode; /* FileMode=0644 */
    char *file_user, *file_group;       /* FileUser=, FileGroup=: names or numbers; NULL: the daemon's */
    struct path_attributes directories; /* DirectoryMode=0755, and the above looked up by the supervisor */
    int file_time;                      /* FileTime=now; enum file_time */
    int fail_on;                        /* FailOn=truncated; enum fail_on */
    uint64_t max_pixels;       /* MaxPixels=500M: of a frame (plain number or K, M, G as powers of 1000) */
    uint64_t max_frames;       /* MaxFrames=1000: of an animation that is to stay one */
    uint64_t max_pages;        /* MaxPages=500: of a document of which every page is made */
    uint64_t max_file_bytes;   /* MaxFileSize=2G */
    uint64_t max_memory_bytes; /* MaxMemory=4G: of the estimate for one picture */
    int priority;              /* Priority=normal; enum priority */
    struct ini ini;            /* as it is written, to say where a key stands; empty when options gave it */
};

/* Fills in the defaults; @name is copied. 0 or -ENOMEM. */
int folder_conf_init(struct folder_conf *conf, const char *name);

/* Reads PATH and PATH.d/<any>.conf over the defaults (@conf needs no init before) and checks the keys on their own
 * and together (required ones, Archive= without Originals=archive, a bad name, Path inside Output …; not the file
 * system). 0, or -EINVAL with @problems filled and @conf all zero. */
int folder_conf_load(struct folder_conf *conf, const char *path, const char *name, struct problems *problems);

/* The checks of folder_conf_load() alone, for a folder given by options. Paths are compared as text, so they have to
 * be clean as conf_parse_path() makes them. 0 or -EINVAL. */
int folder_conf_check(const struct folder_conf *conf, struct problems *problems);

/* Adds a problem where @key stands: "FILE:LINE:COLUMN", the file where it is not given, or the option that gave it.
 * Returns -EINVAL. */
int folder_conf_problem(const struct folder_conf *conf, const char *key, struct problems *problems,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));

/* True when the relative path @path is a picture to work on: it has an included extension and no component
 * matches Exclude= or is a temporary or hidden name (contract, rule 3). Any thread. */
bool folder_conf_accepts(const struct folder_conf *conf, const char *path);

/* True when the single component @name (of a file or a directory) is to be left alone with all below it. */
bool folder_conf_ignores_component(const struct folder_conf *conf, const char *name);

/* The same for every component of a relative path. */
bool folder_conf_ignores_path(const struct folder_conf *conf, const char *path);

/* True when both take in the same files, and hear of them in the same way. */
bool folder_conf_same_intake(const struct folder_conf *a, const struct folder_conf *b);

/* "fail" … as in Existing=. */
const char *folder_conf_existing_name(int existing);

void folder_conf_release(struct folder_conf *conf);

/* The row of the @index-th key of the file; NULL after the last. */
const struct conf_key *folder_conf_key(size_t index);

#endif
