/* SPDX-License-Identifier: MIT */
/* Log records: written once, on any thread, and then the exporter's. */
#ifndef WEFT_OTLP_LOG_H
#define WEFT_OTLP_LOG_H

#include "live.h"
#include "notes.h"

struct weft__otlp_log {
    struct weft__otlp_node node; /* first */
    uint64_t at;
    int severity;
    bool traced;
    uint8_t trace_id[16];
    uint8_t span_id[8];
    uint8_t flags;
    char *body;
    struct weft__otlp_notes notes;
};

static inline struct weft__otlp_log *weft__otlp_log_of(struct weft__otlp_node *node) { return (struct weft__otlp_log *)(void *)node; }

void weft__otlp_log_free(struct weft__otlp_log *log);

/* "WARN", "WARN2" and so on. */
const char *weft__otlp_severity_name(int severity);

#endif
