/* SPDX-License-Identifier: MIT */
/* A client of the endpoint, made of sockets: it can send what a good client would not. Any thread, but for `http_json`. */
#ifndef WEFT_TESTS_DIAG_HTTP_H
#define WEFT_TESTS_DIAG_HTTP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/verdict.h"

struct http_answer {
    int status;    /* 0: the connection ended without one */
    char *text;    /* all that came, from malloc() */
    size_t length;
    char *body;    /* in it; "" if there is none */
};

/* Connect: to the Unix socket at the path, or, if it begins with a digit, to that port of 127.0.0.1. -1: nobody answers. */
int http_connect(const char *where);

/* Send all of it; false: the other side has closed. */
bool http_send(int fd, const char *bytes, size_t length);

/* Read until the other side closes, close, and take it apart. */
void http_receive(int fd, struct http_answer *out);

/* Send these bytes, close the sending side, and take what comes. */
void http_raw(const char *where, const char *bytes, size_t length, struct http_answer *out);

/* GET a target, with further header lines ("Name: value\r\n"), or NULL. */
void http_get(const char *where, const char *target, const char *headers, struct http_answer *out);
void http_free(struct http_answer *answer);

/* The status alone. */
int http_status(const char *where, const char *target, const char *headers);

/* The answer of GET, which must be this status and JSON; the caller's. The test's own thread. */
json_t *http_json(const char *where, const char *target, int status);

/* The value of a header, or NULL; until http_free(). */
const char *http_header(const struct http_answer *answer, const char *name, char *out, size_t room);

#endif
