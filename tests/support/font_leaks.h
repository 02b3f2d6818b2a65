/* SPDX-License-Identifier: GPL-2.0-or-later */
/* font_leaks - for the tests that set text by fontconfig; in one file of a program. It points to parts of its patterns
 * by offsets, which LeakSanitizer does not take for pointers. */
#ifndef DARKROOM_TESTS_FONT_LEAKS_H
#define DARKROOM_TESTS_FONT_LEAKS_H

#ifdef __SANITIZE_ADDRESS__

const char *__lsan_default_suppressions(void);
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig.so\n";
}

#endif

#endif
