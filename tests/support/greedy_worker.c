/* SPDX-License-Identifier: GPL-2.0-or-later */
/* greedy-worker - a worker that has been taken over: it hands back every ticket, and needs one byte more each time. On
 * one that grants it nothing it hangs. */
#include "wire/mailbox.h"
#include "wire/worker_link.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t generation_of(int argc, char **argv)
{
    static const char option[] = "--generation=";

    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], option, sizeof option - 1) == 0)
            return strtoull(argv[i] + sizeof option - 1, NULL, 10);
    return 0;
}

static int say_hello(uint64_t generation)
{
    struct hello_message hello = { .header = wire_header(WIRE_HELLO, generation, 0), .ready = 1 };

    return worker_link_send(WORKER_FD_LINK, &hello, sizeof hello, NULL, 0);
}

static int hand_back(uint64_t generation, const struct ticket *ticket)
{
    static struct result_message result;

    result.header = wire_header(WIRE_RESULT, generation, ticket->header.job);
    result.needs_memory_bytes = ticket->memory_grant_bytes + 1;
    return worker_link_send(WORKER_FD_LINK, &result, sizeof result, NULL, 0);
}

int main(int argc, char **argv)
{
    uint64_t generation = generation_of(argc, argv);
    struct ticket ticket;

    if (say_hello(generation) < 0)
        return EXIT_FAILURE;
    while (mailbox_receive(WORKER_FD_MAILBOX, &ticket) == 0) {
        struct source_message message;
        int source = worker_link_receive_source(WORKER_FD_LINK, generation, ticket.header.job, &message);

        if (ticket.memory_grant_bytes == 0)
            pause();
        if (source < 0 || hand_back(generation, &ticket) < 0)
            return EXIT_FAILURE;
        close(source);
    }
    return EXIT_FAILURE;
}
