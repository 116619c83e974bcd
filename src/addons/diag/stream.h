/* SPDX-License-Identifier: MIT */
/*
 * What one client of /events is given: a piece at a time, made when the client can take it and the interval has passed. A
 * slow one misses snapshots, is told how many, and has one piece kept for it, never a queue.
 */
#ifndef WEFT_DIAG_STREAM_H
#define WEFT_DIAG_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"

struct weft__diag_stream {
    int64_t interval; /* ns; 0: it is none */
    int64_t due;      /* when the next piece is */
    uint64_t number;  /* intervals so far */
    size_t sent;      /* of the piece */
    struct weft__diag_buffer piece;
};

void weft__diag_stream_begin(struct weft__diag_stream *stream, int64_t interval_ns, int64_t now);
void weft__diag_stream_end(struct weft__diag_stream *stream);

/* All of the piece is sent. */
static inline bool weft__diag_stream_is_empty(const struct weft__diag_stream *stream)
{
    return stream->sent == stream->piece.length;
}

/* It is due: make the next piece of a snapshot, a line. How many were missed; -1: no memory. */
int64_t weft__diag_stream_compose(struct weft__diag_stream *stream, const struct weft__diag_buffer *snapshot, int64_t now);

/* Up to so many bytes of the piece. */
size_t weft__diag_stream_take(struct weft__diag_stream *stream, char *out, size_t room);

#endif
