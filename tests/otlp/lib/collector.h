/* SPDX-License-Identifier: MIT */
/*
 * A stand-in for a collector: HTTP on a port of the loopback, on a thread of its own. It keeps what was posted, and answers
 * as the test says. Asserts are on the test's own thread.
 */
#ifndef WEFT_TESTS_OTLP_COLLECTOR_H
#define WEFT_TESTS_OTLP_COLLECTOR_H

#include "lib/world.h"

#include <jansson.h>
#include <weft/otlp.h>

enum { COLLECTOR_ABORT = -1, COLLECTOR_SILENCE = 0 }; /* in place of a status: it closes, or says nothing */

struct collector_reply {
    int status;
    const char *headers; /* lines, each with its end; NULL: none */
    const char *body;    /* NULL: "{}" */
};

/* How to answer the n-th request (from 0) of this path. The collector's thread. NULL in its place: 200. */
typedef struct collector_reply collector_answer(unsigned n, const char *path);

void collector_begin(collector_answer *answer);
void collector_end(void);

/* "http://127.0.0.1:12345" */
const char *collector_url(void);

/* How many requests came at a path, in all; waits for so many. */
unsigned collector_count(const char *path);
void collector_await(const char *path, unsigned count);

/* The n-th request at a path: its body, as JSON, borrowed; and its head. */
json_t *collector_body(const char *path, unsigned n);
const char *collector_head(const char *path, unsigned n);

/* All spans (or log records, or metrics) that came in requests that were answered 200, as borrowed objects in one list, which
 * is the caller's. */
json_t *collector_spans(void);
json_t *collector_logs(void);
json_t *collector_metrics(void);

/* The one of a list whose `name` is this; fails if there is none, or if there are two. */
json_t *collector_named(json_t *list, const char *name);

/* The value of an attribute: a text, or the digits of a number, "true"; "" if there is none. Until the next call. */
const char *collector_attribute(const json_t *thing, const char *key);

/* A member that is a text. */
const char *collector_text(const json_t *object, const char *key);

/* The component, with short times, and this collector; `options` may be NULL. */
weft_otlp *collector_start(weft_otlp_options *options);
void collector_flush(weft_otlp *otlp);
weft_otlp_status collector_status(weft_otlp *otlp);
void collector_stop(weft_otlp *otlp);

/* Threads of this process. */
unsigned collector_threads(void);

#endif
