/* SPDX-License-Identifier: GPL-2.0-or-later */
/* data_url - the pictures inside an SVG (RFC 2397), looked at and not decoded. */
#ifndef DARKROOM_IMAGE_DATA_URL_H
#define DARKROOM_IMAGE_DATA_URL_H

#include <stddef.h>
#include <stdint.h>

struct data_urls {
    size_t bytes; /* of the file that are such pictures */
    uint64_t
        largest_bytes; /* that the largest takes when it is decoded: PNG, JPEG and GIF, as their headers say */
};

/* Looks through the SVG in @data. */
struct data_urls data_urls_find(const char *data, size_t size);

#endif
