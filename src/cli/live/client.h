/* SPDX-License-Identifier: MIT */
/* Asking a process over HTTP. client.c is the door to libcurl: nothing else includes it. One thread. */
#ifndef WEFT_CLI_LIVE_CLIENT_H
#define WEFT_CLI_LIVE_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "cli/live/target.h"

enum { CLIENT_BODY_MAX = 64 << 20, CLIENT_SAYS_SIZE = 320 }; /* bytes; what is longer is refused */

struct client;

struct client *client_open(const struct target *target);
void client_close(struct client *client);

/*
 * Processor time that the last answer of client_get() took the process, as it says (Server-Timing); where it is too old to say, how
 * long it took to come.
 */
int64_t client_cost(const struct client *client);

/*
 * The body of the answer to GET `path`, ended by a zero, for free(); *out_status is its status. NULL: there was no answer,
 * and client_says() has the reason.
 */
char *client_get(struct client *client, const char *path, int *out_status);

/* Hand on each line of an answer as it comes, until `line` returns other than 0 (which is returned) or the answer ends (0).
 * -1: it failed. */
int client_lines(struct client *client, const char *path, int (*line)(void *context, const char *text), void *context);

const char *client_says(const struct client *client);

#endif
