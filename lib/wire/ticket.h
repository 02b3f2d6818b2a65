/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ticket - the contract between supervisor and worker: every message, its direction, its descriptors.
 *
 *   supervisor → worker   mailbox (POSIX mq)   struct ticket
 *   supervisor → worker   link                 struct source_message + 1 descriptor: the source, for reading
 *   worker → supervisor   link                 struct hello_message (once), struct result_message + memfds
 *
 * A worker that would need more memory than its ticket grants does nothing but say how much: the ticket is handed
 * back, and comes again with a larger grant, to any worker.
 *
 * Of a document (format.h) of which a recipe makes every page, names have to be had for each before there is any work:
 * a worker that finds one, and whose ticket has not counted its pages, hands it back with their number. It comes again
 * with that, and is worked in portions, a ticket each: as many pages, from the ticket's first on, as one message has
 * room for, or as were made in a while. The result says which page is next.
 *
 * The source is sent before its ticket, so a worker that has a ticket finds its source waiting. Tickets are
 * worked in order. A result's descriptors are sealed memory files, one for each of outputs[], in that order; that of
 * a plan has none, it only says which outputs there would be.
 * The end of the link is the lifeline both ways.
 *
 * Both ends are always of the same build; the version catches an installation caught half-way through an
 * upgrade. Structs are zeroed before they are filled, so no stale memory crosses. */
#ifndef DARKROOM_WIRE_TICKET_H
#define DARKROOM_WIRE_TICKET_H

#include "base/error.h"
#include "recipe/recipe.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    WIRE_MAGIC = 0x6b726464, /* "ddrk" */
    WIRE_VERSION = 7,
};

/* Descriptors of a worker, besides stdin, stdout (both /dev/null) and stderr: they are its numbers for them. */
enum {
    WORKER_FD_LINK = 3,    /* SOCK_SEQPACKET */
    WORKER_FD_MAILBOX = 4, /* POSIX message queue, for reading */
    WORKER_FD_BUNDLE = 5,  /* recipes, see recipe/bundle.h */
    WORKER_FD_END = 6,     /* nothing from here on is open */
};

enum wire_kind { WIRE_TICKET = 1, WIRE_SOURCE = 2, WIRE_HELLO = 3, WIRE_RESULT = 4 };

struct wire_header {
    uint32_t magic;
    uint16_t version;
    uint16_t kind; /* enum wire_kind */
    uint64_t generation;
    uint64_t job; /* 0 in a hello */
};

struct ticket {
    struct wire_header header;
    uint32_t recipe;     /* number in the bundle */
    uint32_t fail_on;    /* enum fail_on */
    uint32_t plan;       /* 1: read the header and say what would be made; 0: make it */
    uint32_t pages;      /* of a document that was counted; 0: not counted */
    uint32_t first_page; /* to make; from 1; 1 where pages are not counted */
    uint32_t allowed;    /* ALLOW_* of the folder: formats that may be read besides the usual */
    uint32_t density;    /* pixels an inch of a PDF in its own size */
    uint32_t max_pages;  /* a document of more fails, if each is to be made … */
    uint32_t max_frames; /* … and an animation of more, if it is to stay one */
    uint64_t held_bytes; /* that earlier portions made: they count for the two limits of memory below */
    uint64_t portion_us; /* after so long, the next page is left to another portion */
    uint64_t source_bytes;
    uint64_t max_pixels;
    uint64_t
        known_hash; /* a source with this hash is not worked on: the result says "unchanged"; 0: any is */
    uint64_t max_memory_bytes;   /* a picture that needs more fails */
    uint64_t memory_grant_bytes; /* one that needs more than this is handed back, see result_message */
};

enum { SOURCE_PATH_BYTES = 4096 };

/* Its name is for text on pictures only: the worker opens nothing. */
struct source_message {
    struct wire_header header;
    int64_t mtime_ns;
    char path
        [SOURCE_PATH_BYTES]; /* below its hot folder, or the end of that; sent as far as it goes, with its NUL */
};

/* The first message of a worker: it has loaded everything, closed its sandbox and under it read a
 * picture of every format, and coded one in all but those that take long; or why it could not. */
struct hello_message {
    struct wire_header header;
    uint32_t ready;        /* 0: refused, @text says why, the worker exits */
    uint32_t landlock_abi; /* 0: the kernel has none */
    uint32_t system_calls; /* how many the filter lets through */
    uint64_t peak_rss_bytes;
    char text[400];
};

struct result_output {
    uint32_t rendition; /* number in the recipe; ascending in a page */
    uint32_t page;      /* of the source, from 1; ascending */
    uint32_t width, height;
    uint64_t bytes; /* 0 in a plan */
};

struct result_message {
    struct wire_header header;
    uint32_t class; /* enum error_class; CLASS_NONE: it worked */
    uint32_t stage; /* enum error_stage of the failure */
    char text[400];
    uint32_t source_format, source_width, source_height; /* 0 until probed */
    uint32_t source_pages; /* of a document; 1 of any other picture; 0 until probed */
    uint32_t left_frames;  /* of an animation, which are in no output, though none says Animated=no */
    uint32_t next_page;    /* not 0: a portion; the pages from this on are still to be made */
    uint32_t leaves; /* the worker keeps what it should not: it ends after this, and works on nothing more */
    uint32_t unchanged; /* the source is the one that the ticket's known_hash tells; no outputs */
    uint32_t output_count;
    uint64_t cpu_us, peak_rss_bytes;
    uint64_t source_hash;        /* XXH3-64 of the source's bytes; 0 until read */
    uint64_t needs_memory_bytes; /* not 0: handed back, the job needs so much; no class, no outputs */
    struct result_output outputs[RECIPE_RENDITIONS_MAX];
    /* Of the first page, in the result that has its outputs, and as far as the recipe's manifest asks; else all
     * zero. */
    uint32_t colour;                        /* 0xRRGGBB */
    char blurhash[BLURHASH_LENGTH_MAX + 1]; /* with NULs to the end */
};

/* Does @result, which is checked, only count the pages of a document? */
static inline bool result_is_count(const struct result_message *result)
{
    return result->class == CLASS_NONE && !result->unchanged && result->needs_memory_bytes == 0 &&
           result->output_count == 0;
}

/* Fills @header of a zeroed message. */
static inline struct wire_header wire_header(enum wire_kind kind, uint64_t generation, uint64_t job)
{
    return (struct wire_header){ .magic = WIRE_MAGIC,
                                 .version = WIRE_VERSION,
                                 .kind = (uint16_t)kind,
                                 .generation = generation,
                                 .job = job };
}

#endif
