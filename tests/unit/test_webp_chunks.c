/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which WebP files have to be decoded as a whole. */
#include "image/webp_chunks.h"

#include "unit_main.h"

#define FILE_HEADER "RIFF\x10\0\0\0WEBP"
#define FRAME                                                                                                \
    "ANMF\x40\0\0\0"                                                                                         \
    "0123456789abcdef"

#define FILE_OF(chunks) FILE_HEADER chunks, sizeof FILE_HEADER chunks - 1

static const struct {
    const char *name, *bytes;
    size_t size;
    bool lossless;
} files[] = {
    { "plain lossy", FILE_OF("VP8 \x02\0\0\0ab"), false },
    { "plain lossless", FILE_OF("VP8L\x02\0\0\0ab"), true },
    { "lossy after others of odd and even size", FILE_OF("VP8X\x03\0\0\0abc\0ICCP\x02\0\0\0abVP8 \0\0\0\0"),
      false },
    { "lossless after others", FILE_OF("VP8X\x02\0\0\0abVP8L\0\0\0\0"), true },
    { "a lossy frame", FILE_OF("VP8X\x02\0\0\0ab" FRAME "VP8 \0\0\0\0"), false },
    { "a lossless frame", FILE_OF("VP8X\x02\0\0\0ab" FRAME "ALPH\0\0\0\0VP8L\0\0\0\0"), true },
    { "no picture", FILE_OF("VP8X\x02\0\0\0ab"), true },
    { "a chunk that claims more than there is", FILE_OF("ICCP\xff\xff\xff\xffVP8 \0\0\0\0"), true },
    { "a chunk cut short", FILE_OF("VP8 \0"), true },
    { "nothing", "", 0, true },
};

START_TEST(the_first_picture_decides)
{
    ck_assert_msg(webp_chunks_is_lossless(files[_i].bytes, files[_i].size) == files[_i].lossless, "%s",
                  files[_i].name);
}
END_TEST

UNIT_MAIN("webp_chunks", UNIT_ROWS(the_first_picture_decides, files))
