/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz - what a fuzz target is: two functions, which libFuzzer calls with inputs that it makes up, and replay.c with
 * those of the corpus, so that every compiler and the usual test run know them too.
 *
 * A target says what has to be true of any input, however wrong it is. */
#ifndef DARKROOM_TESTS_FUZZ_H
#define DARKROOM_TESTS_FUZZ_H

#include "base/problems.h"
#include "base/text.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Called once, before all inputs. Returns 0. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Works on one input. Returns 0; what it finds wrong aborts. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Aborts unless @truth; the rest, as for printf(), says what ought to have been. */
#define fuzz_expect(truth, ...)                                                                              \
    do {                                                                                                     \
        if (!(truth)) {                                                                                      \
            fprintf(stderr, "\n%s:%d: not so: %s: ", __FILE__, __LINE__, #truth);                            \
            fprintf(stderr, __VA_ARGS__);                                                                    \
            fputc('\n', stderr);                                                                             \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

/* People read these on terminals and in journals: one line of UTF-8, without control characters. */
static inline void fuzz_expect_clean(const char *text)
{
    fuzz_expect(text_is_utf8(text, strlen(text)), "a message is UTF-8");
    for (const char *at = text; *at; at++)
        fuzz_expect((unsigned char)*at >= ' ' && *at != 0x7f, "no control character in \"%s\"", text);
}

/* @refused: there are problems, and else none; all of them can be read. */
static inline void fuzz_expect_problems(const struct problems *problems, int refused)
{
    fuzz_expect((problems->count > 0) == (refused != 0), "problems explain a refusal: %zu", problems->count);
    for (size_t i = 0; i < problems->count; i++) {
        fuzz_expect_clean(problems->list[i].text);
        fuzz_expect_clean(problems->list[i].where);
    }
}

#endif
