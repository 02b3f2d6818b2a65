/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check_report - what a right configuration comes to, for people: darkroomd --check. Blocks on file systems. */
#ifndef DARKROOM_SUPERVISOR_CHECK_REPORT_H
#define DARKROOM_SUPERVISOR_CHECK_REPORT_H

#include "supervisor/config.h"

#include <stdio.h>

/* Every folder with where its directories really are, how it would be watched and why, and what becomes of files. */
void check_report_print(const struct config *config, FILE *file);

#endif
