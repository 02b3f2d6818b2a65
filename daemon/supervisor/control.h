/* SPDX-License-Identifier: GPL-2.0-or-later */
/* control - people and programs that ask: the socket, who may do what, and the requests that wait.
 *
 * It reads the supervisor's state and sends commands, nothing else. The socket's file mode decides who may
 * read; root, the daemon's own user and AdminGroup= may change things (SO_PEERCRED). Event loop's thread. */
#ifndef DARKROOM_SUPERVISOR_CONTROL_H
#define DARKROOM_SUPERVISOR_CONTROL_H

#include "base/error.h"
#include "supervisor/http.h"

#include <stdbool.h>
#include <stdint.h>

struct supervisor;
struct job_query;
struct ledger_request;

enum {
    CONTROL_QUERIES_MAX = 64, /* questions to the ledger under way at once */
    CONTROL_WAKE_MAX = 16,    /* waiting requests answered in one turn of the loop */
};

struct control {
    struct supervisor *supervisor;
    struct http *http;
    struct request_list waiting;     /* for a change of status */
    struct request_list job_waiting; /* for the end of a job */
    struct request_list asking;      /* for the ledger's answer */
    struct request_list planning;    /* for a plan */
    size_t asking_count;
    struct request *checking; /* whose check of the configuration is under way */
    sd_event_source *deadline_source, *again_source;
    uint64_t armed_us; /* for when the deadline's timer is set, USEC_INFINITY: it is not */
    uint64_t told;     /* the sequence of which all that waited for it have been told */
    char *socket_path; /* NULL: systemd's */
    bool closing;      /* whatever is asked now, the supervisor's parts may be gone */
};

/* Opens the socket DIRECTORY/api.sock (or takes systemd's) and serves. 0, -EADDRINUSE when another daemon
 * answers there, or another -errno; @error says what. */
int control_start(struct supervisor *supervisor, sd_event *event, const char *directory, struct control **ret,
                  struct error *error);

/* Answers whoever waits with 503, ends every connection, removes the socket. Accepts NULL. */
void control_free(struct control *control);

/* After each turn of the loop: answers those who wait for a change, if there was one. */
void control_turn(struct control *control);

/* Job @id has ended. Accepts a NULL @control. */
void control_job_ended(struct control *control, uint64_t id);

/* The ledger's answer. */
void control_listed(struct control *control, struct job_query *query);

/* May the client of @request change things? */
bool control_is_admin(const struct control *control, const struct request *request);

/* Puts @request to wait for a status newer than request->after, or for job request->job. */
void control_wait(struct control *control, struct request *request, bool for_job);

/* Puts @request to wait for its plan, until request->deadline_us; takes it off, to be answered. */
void control_wait_for_plan(struct control *control, struct request *request);
void control_planned(struct control *control, struct request *request);

/* False after a 503, because the ledger cannot be written. */
bool control_ledger_answers(struct control *control, struct request *request);

/* Sends @message to the ledger for @request, which waits for the answer. False after a 503, because that cannot be
 * written, or too many are under way. control_asked(): the answer is there, @request is to be answered. */
bool control_ask_for(struct control *control, struct request *request, const struct ledger_request *message);
void control_asked(struct control *control, struct request *request);

/* Sends @query (taken) to the ledger for @request; answers 503 where control_ask_for() does. */
void control_ask(struct control *control, struct request *request, struct job_query *query);

#endif
