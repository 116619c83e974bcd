/* SPDX-License-Identifier: MIT */
/* Attributes that are kept: copies, in a list of bounded length. One thread at a time. */
#ifndef WEFT_OTLP_NOTES_H
#define WEFT_OTLP_NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <weft/otlp.h>

enum { WEFT__OTLP_NOTES_MAX = 128, WEFT__OTLP_TEXT_MAX = 65536 };

struct weft__otlp_notes {
    weft_otlp_attribute *of; /* keys and texts are one block each */
    uint32_t count;
    uint32_t room;
    uint32_t dropped; /* beyond the bound, without a key, or for want of memory */
};

/* Add a copy, or put it in place of the one with its key. */
void weft__otlp_notes_put(struct weft__otlp_notes *notes, const weft_otlp_attribute *attribute);
void weft__otlp_notes_put_all(struct weft__otlp_notes *notes, const weft_otlp_attribute *attributes, size_t count);
void weft__otlp_notes_free(struct weft__otlp_notes *notes);

/* At most WEFT__OTLP_TEXT_MAX bytes of a text; NULL: no memory. */
char *weft__otlp_text_copy(const char *text);

/* A text that several hold. */
struct weft__otlp_shared {
    _Atomic uint32_t refs;
    char text[];
};

struct weft__otlp_shared *weft__otlp_shared_new(const char *text); /* NULL: it is empty, or there is no memory */
struct weft__otlp_shared *weft__otlp_shared_ref(struct weft__otlp_shared *shared);
void weft__otlp_shared_unref(struct weft__otlp_shared *shared);

#endif
