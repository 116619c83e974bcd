/* SPDX-License-Identifier: MIT */
/*
 * Who may come in from the loopback, where every user of the machine can knock, and every page that the user's browser has
 * open: whoever has the token, by a request to this host, and anybody for what the page is made of. What is let in is one
 * request without a body, in lines that cannot be read in two ways; whose page caused it the process judges itself (Origin).
 */
#ifndef WEFT_CLI_PAGE_DOOR_H
#define WEFT_CLI_PAGE_DOOR_H

#include <stddef.h>

enum { DOOR_TOKEN_SIZE = 33, DOOR_HEAD_MAX = 12288 }; /* the process takes heads of up to 16 KiB, and ours adds a line */

struct door {
    char token[DOOR_TOKEN_SIZE]; /* 128 bits, in hexadecimal digits */
    unsigned port;
};

/* A token that nobody can guess. 0: the system gives no random numbers. */
int door_token(struct door *door);

/* The length of the head that the bytes begin with, with the empty line at its end; 0: it is not complete. */
size_t door_head(const char *bytes, size_t length);

/* 0: let it in; else the status of the answer, and why. */
int door_judge(const struct door *door, const char *head, size_t length, const char **out_says);

/* The head as it is handed on, for one request: into `out` of at least DOOR_HEAD_MAX + 32 bytes. Returns its length. */
size_t door_rewrite(const char *head, size_t length, char *out);

#endif
