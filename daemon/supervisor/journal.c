/* SPDX-License-Identifier: GPL-2.0-or-later */
/* journal - see journal.h. */
#include "supervisor/journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

bool journal_is_connected(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat st;

    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && fstat(STDERR_FILENO, &st) == 0 &&
           st.st_dev == device && st.st_ino == inode;
}

void journal_sink(int level, uint64_t job, const char *text)
{
    if (job)
        sd_journal_send("PRIORITY=%i", level, "MESSAGE=%s", text, "JOB_ID=%" PRIu64, job, NULL);
    else
        sd_journal_send("PRIORITY=%i", level, "MESSAGE=%s", text, NULL);
}
