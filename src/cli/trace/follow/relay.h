/* SPDX-License-Identifier: MIT */
/* Where a live session is: the relay daemon of LTTng that it is sent to, and its name there. */
#ifndef WEFT_CLI_TRACE_FOLLOW_RELAY_H
#define WEFT_CLI_TRACE_FOLLOW_RELAY_H

#include <stddef.h>

enum { RELAY_URL = 512, RELAY_HOST = 256, RELAY_PORT = 16 };

struct relay {
    char url[RELAY_URL]; /* net://HOST[:PORT]/host/NAME/SESSION */
    char host[RELAY_HOST];
    char port[RELAY_PORT];
    const char *session; /* in `url` */
};

/* "SESSION" of this machine, or an address as babeltrace2 takes it. 0, or -1: `text` says what is wrong with it. */
int relay_parse(struct relay *relay, const char *word, char *text, size_t size);

/* Does a relay daemon answer there? 0, or -1 and `text` says what to do. */
int relay_check(const struct relay *relay, char *text, size_t size);

#endif
