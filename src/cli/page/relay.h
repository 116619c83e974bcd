/* SPDX-License-Identifier: MIT */
/*
 * The Unix socket of a process, reachable from a browser on this machine: connections of a loopback port, each for one request
 * that the door lets in, joined with one to the socket. One thread; bounded: what does not fit waits in the system's queue.
 */
#ifndef WEFT_CLI_PAGE_RELAY_H
#define WEFT_CLI_PAGE_RELAY_H

#include <signal.h>
#include <stdbool.h>

#include "cli/page/door.h"

struct relay;

/* Listen on 127.0.0.1 at door->port, or at any if that is 0, which becomes the one. NULL: errno says why. */
struct relay *relay_open(struct door *door, const char *socket_path);

/* Until *ended is set by a signal, of which `asleep` lets those through. False: errno says why. */
bool relay_run(struct relay *relay, const volatile sig_atomic_t *ended, const sigset_t *asleep);

void relay_close(struct relay *relay);

#endif
