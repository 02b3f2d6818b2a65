/* SPDX-License-Identifier: GPL-2.0-or-later */
/* known_leaks - a part of every test under AddressSanitizer: what others leave behind, once a process or by
 * pointing at it in a way that LeakSanitizer does not see (fontconfig's patterns have offsets). */

const char *__lsan_default_suppressions(void);
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig.so\n"
           "leak:libx265.so\n"
           "leak:xmlGetGlobalState\n" /* one a thread, which goes when a thread does that is not the main one */
           "leak:xmlParseEntityValue\n"; /* librsvg frees its entities without their texts as they were written */
}
