/* SPDX-License-Identifier: MIT */
#include "stream.h"

#include <string.h>

void weft__diag_stream_begin(struct weft__diag_stream *stream, int64_t interval_ns, int64_t now)
{
    *stream = (struct weft__diag_stream){.interval = interval_ns, .due = now};
}

void weft__diag_stream_end(struct weft__diag_stream *stream)
{
    weft__diag_buffer_free(&stream->piece);
    *stream = (struct weft__diag_stream){0};
}

int64_t weft__diag_stream_compose(struct weft__diag_stream *stream, const struct weft__diag_buffer *snapshot, int64_t now)
{
    const int64_t missed = (now - stream->due) / stream->interval;
    stream->due += (missed + 1) * stream->interval;
    stream->number += (uint64_t)missed + 1;
    stream->sent = 0;
    weft__diag_buffer_free(&stream->piece);
    if (missed > 0)
        weft__diag_buffer_print(&stream->piece, "event: lag\ndata: {\"dropped\":%lld}\n\n", (long long)missed);
    weft__diag_buffer_print(&stream->piece, "id: %llu\nevent: snapshot\ndata: ", (unsigned long long)stream->number);
    weft__diag_buffer_add(&stream->piece, snapshot->bytes, snapshot->length);
    weft__diag_buffer_add(&stream->piece, "\n\n", 2);
    return stream->piece.failed || snapshot->failed ? -1 : missed;
}

size_t weft__diag_stream_take(struct weft__diag_stream *stream, char *out, size_t room)
{
    const size_t left = stream->piece.length - stream->sent, length = left < room ? left : room;
    memcpy(out, stream->piece.bytes + stream->sent, length);
    stream->sent += length;
    return length;
}
