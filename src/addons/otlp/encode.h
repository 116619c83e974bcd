/* SPDX-License-Identifier: MIT */
/* From things to requests of OTLP. What comes out is a JSON text from malloc(), or NULL for want of memory. */
#ifndef WEFT_OTLP_ENCODE_H
#define WEFT_OTLP_ENCODE_H

#include "json.h"
#include "live.h"
#include "settings.h"

/* Open the three lists that each request begins with: "resourceSpans", "scopeSpans", "spans", and so on. */
void weft__otlp_encode_begin(struct weft__otlp_json *json, const struct weft__otlp_pairs *resource, const char *what, const char *list);
char *weft__otlp_encode_end(struct weft__otlp_json *json, size_t *out_length);

/* So many of a list, which stay the caller's. */
char *weft__otlp_encode_spans(const struct weft__otlp_pairs *resource, struct weft__otlp_node *first, uint32_t count, size_t *out_length);
char *weft__otlp_encode_logs(const struct weft__otlp_pairs *resource, struct weft__otlp_node *first, uint32_t count, size_t *out_length);

#endif
