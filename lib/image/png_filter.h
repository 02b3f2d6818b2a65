/* SPDX-License-Identifier: GPL-2.0-or-later */
/* png_filter - the filters of a PNG's rows (PNG specification, filtering), there and back.
 *
 * They work on bytes: @pixel_bytes is how far to the left the byte is that one is predicted from. Pure. */
#ifndef DARKROOM_IMAGE_PNG_FILTER_H
#define DARKROOM_IMAGE_PNG_FILTER_H

#include <stddef.h>
#include <stdint.h>

enum png_filter { ROW_NONE, ROW_SUB, ROW_UP, ROW_AVERAGE, ROW_PAETH, ROW_FILTERS };

/* One row after all filters. */
struct png_filter_trial {
    unsigned char *rows[ROW_FILTERS]; /* none for ROW_NONE */
    uint64_t sums[ROW_FILTERS];       /* of the bytes' absolute values, as signed numbers */
};

/* For rows of @size bytes. 0 or -ENOMEM. */
int png_filter_trial_init(struct png_filter_trial *trial, size_t size);

void png_filter_trial_release(struct png_filter_trial *trial);

/* Tries all filters on @row, which is below @above; returns that with the smallest sum, the first of those. */
enum png_filter png_filter_try(const unsigned char *row, const unsigned char *above, size_t size,
                               unsigned pixel_bytes, struct png_filter_trial *trial);

/* What undoing may look at, and write over, behind a row. */
enum { PNG_FILTER_SLACK = 1 };

/* Undoes @filter on @row of @size bytes, which is below @above, and puts it at @to: another buffer, or the same one, at
 * least PNG_FILTER_SLACK before @row. @size is a multiple of @pixel_bytes. */
void png_filter_undo(enum png_filter filter, const unsigned char *row, const unsigned char *above,
                     size_t size, unsigned pixel_bytes, unsigned char *to);

#endif
