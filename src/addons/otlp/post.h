/* SPDX-License-Identifier: MIT */
/*
 * Requests over HTTP, one of each signal at a time. The door to libcurl: nothing else includes it. Everything on the
 * exporter's thread, or while there is none.
 */
#ifndef WEFT_OTLP_POST_H
#define WEFT_OTLP_POST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "settings.h"

struct weft__otlp_poster;

/* How a request ended. */
struct weft__otlp_answer {
    int status;            /* of HTTP; 0: none came */
    int64_t retry_after_ns; /* as the collector asks; 0: it does not */
    const char *body;      /* the beginning of it, until the next request of the signal */
    size_t length;
    char error[200];       /* why no status came */
};

/* NULL: no memory. The settings stay as they are until it is destroyed. */
struct weft__otlp_poster *weft__otlp_poster_create(const struct weft__otlp_settings *settings);
void weft__otlp_poster_destroy(struct weft__otlp_poster *poster); /* requests that are under way are cut off */

/* Begin a request; the body stays the caller's, and in place, until it has ended. False: no memory. */
bool weft__otlp_post(struct weft__otlp_poster *poster, enum weft__otlp_signal signal, const char *body, size_t length);

/* Whether one of this signal has ended, and how. */
bool weft__otlp_post_answer(struct weft__otlp_poster *poster, enum weft__otlp_signal signal, struct weft__otlp_answer *out);

/* Go on with all; wait for so many milliseconds for something to come. */
void weft__otlp_post_turn(struct weft__otlp_poster *poster, int wait_ms);

#endif
