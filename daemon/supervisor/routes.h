/* SPDX-License-Identifier: GPL-2.0-or-later */
/* routes - the HTTP interface: one row of a table for each path and method. Event loop's thread. */
#ifndef DARKROOM_SUPERVISOR_ROUTES_H
#define DARKROOM_SUPERVISOR_ROUTES_H

#include "supervisor/control.h"

/* An http_router; @context is the struct control. */
void routes_serve(void *context, struct request *request);

/* Answers @request with what the ledger found. */
void routes_answer_query(struct control *control, struct request *request, struct job_query *query);

#endif
