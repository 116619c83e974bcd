/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <stdlib.h>
#include <string.h>

#include "span.h"

const char *weft__otlp_severity_name(int severity)
{
    static const char *const names[] = {"",      "TRACE", "TRACE2", "TRACE3", "TRACE4", "DEBUG",  "DEBUG2", "DEBUG3", "DEBUG4",
                                        "INFO",  "INFO2", "INFO3",  "INFO4",  "WARN",   "WARN2",  "WARN3",  "WARN4",  "ERROR",
                                        "ERROR2", "ERROR3", "ERROR4", "FATAL", "FATAL2", "FATAL3", "FATAL4"};
    return severity > 0 && severity < (int)(sizeof names / sizeof names[0]) ? names[severity] : "";
}

void weft__otlp_log_free(struct weft__otlp_log *log)
{
    weft__otlp_notes_free(&log->notes);
    free(log->body);
    free(log);
}

/* On whose behalf it is written. */
static void log_relate(struct weft__otlp_log *log)
{
    struct weft__otlp_span *span = weft__otlp_span_current();
    if (!span)
        return;
    log->traced = true;
    memcpy(log->trace_id, span->trace_id, sizeof log->trace_id);
    memcpy(log->span_id, span->span_id, sizeof log->span_id);
    log->flags = span->flags;
    struct weft__otlp_shared *correlation = weft__otlp_span_correlation(span);
    if (correlation) {
        const weft_otlp_attribute id = weft_otlp_text("correlation.id", correlation->text);
        weft__otlp_notes_put(&log->notes, &id);
    }
    weft__otlp_shared_unref(correlation);
}

void weft_otlp_log(weft_otlp_severity severity, const char *body, const weft_otlp_attribute *attributes, size_t count)
{
    if (!weft__otlp_is_open(WEFT__OTLP_LOGS))
        return;
    struct weft__otlp_log *log = calloc(1, sizeof *log);
    if (log)
        log->body = weft__otlp_text_copy(body ? body : "");
    if (!log || !log->body) {
        free(log);
        weft__otlp_dropped(WEFT__OTLP_LOGS);
        return;
    }
    log->at = weft__otlp_unix_ns();
    log->severity = severity > 0 && (int)severity <= 24 ? (int)severity : 0;
    weft__otlp_notes_put_all(&log->notes, attributes, count);
    log_relate(log);
    if (!weft__otlp_push(WEFT__OTLP_LOGS, &log->node))
        weft__otlp_log_free(log);
}
