/* SPDX-License-Identifier: GPL-2.0-or-later */
/* srcset - the value of HTML's attribute srcset for one output of a job, in one format. */
#ifndef DARKROOM_SUPERVISOR_SRCSET_H
#define DARKROOM_SUPERVISOR_SRCSET_H

#include "supervisor/job.h"

#include <stddef.h>

/* "a-320.webp 320w, a-640.webp 640w": what @job has of [Output] number @output in @format, as seen from the file @from,
 * which like the outputs is relative to Output=. The widths are those of the pictures; they ascend, and of several of
 * one width only the first is there, as HTML wants it. Of a document, its first page; none of tiles. Empty when
 * there is none; the caller frees; NULL when memory is out. */
char *srcset_make(const struct job *job, size_t output, enum format format, const char *from);

#endif
