/* SPDX-License-Identifier: MIT */
#include "buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_FIRST = 1024 };

/* Room for so many bytes more, and a zero. */
static bool buffer_reserve(struct weft__diag_buffer *buffer, size_t more)
{
    const size_t limit = buffer->limit ? buffer->limit : WEFT__DIAG_BODY_MAX;
    if (buffer->failed || more > limit - buffer->length)
        return !(buffer->failed = true);
    const size_t needed = buffer->length + more + 1;
    if (needed <= buffer->room)
        return true;
    size_t room = buffer->room ? buffer->room : BUFFER_FIRST;
    while (room < needed)
        room *= 2;
    char *bytes = realloc(buffer->bytes, room);
    if (!bytes)
        return !(buffer->failed = true);
    buffer->bytes = bytes;
    buffer->room = room;
    return true;
}

void weft__diag_buffer_add(struct weft__diag_buffer *buffer, const char *bytes, size_t length)
{
    if (!buffer_reserve(buffer, length))
        return;
    memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
    buffer->bytes[buffer->length] = '\0';
}

void weft__diag_buffer_text(struct weft__diag_buffer *buffer, const char *text)
{
    weft__diag_buffer_add(buffer, text, strlen(text));
}

void weft__diag_buffer_print(struct weft__diag_buffer *buffer, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, arguments);
    if (length < 0)
        buffer->failed = true;
    else if (buffer_reserve(buffer, (size_t)length))
        buffer->length += (size_t)vsnprintf(buffer->bytes + buffer->length, (size_t)length + 1, format, again);
    va_end(again);
    va_end(arguments);
}

void weft__diag_buffer_free(struct weft__diag_buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct weft__diag_buffer){.limit = buffer->limit};
}
