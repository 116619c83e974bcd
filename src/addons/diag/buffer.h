/* SPDX-License-Identifier: MIT */
/* Bytes that grow, up to a limit. What does not fit, or has no memory, makes the whole unusable: `failed`, for good. */
#ifndef WEFT_DIAG_BUFFER_H
#define WEFT_DIAG_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct weft__diag_buffer {
    char *bytes; /* from malloc(); NULL at first */
    size_t length;
    size_t room;
    size_t limit; /* 0: WEFT__DIAG_BODY_MAX */
    bool failed;
};

/* The most that one answer may be. */
enum { WEFT__DIAG_BODY_MAX = 64 << 20 };

void weft__diag_buffer_add(struct weft__diag_buffer *buffer, const char *bytes, size_t length);
void weft__diag_buffer_text(struct weft__diag_buffer *buffer, const char *text);
void weft__diag_buffer_print(struct weft__diag_buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void weft__diag_buffer_free(struct weft__diag_buffer *buffer);

#endif
