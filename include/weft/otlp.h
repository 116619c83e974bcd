/* SPDX-License-Identifier: MIT */
/*
 * OpenTelemetry: metrics, spans and logs of a program, sent to a collector over OTLP/HTTP in JSON. The component
 * libweft-otlp; <weft.h> does not include it. docs/guide/opentelemetry.md has the whole of it.
 *
 * A task with a name is a span, a child of what its spawner works on behalf of; messages hand that on (<weft/trail.h>). Code
 * between the braces of WEFT_SPAN is one as well. What is ended waits in a queue of bounded size for a thread that sends it;
 * no task waits for that, and what finds no place is dropped and counted.
 *
 * Settings are the options, the variables OTEL_* of the environment, and defaults. WEFT_OTLP=1 ./program needs no code.
 *
 * Synchronisation: everything may be called by any threads at the same time; a span is used by the task that began it.
 */
#ifndef WEFT_OTLP_H
#define WEFT_OTLP_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/types.h>

#define WEFT_OTLP_TRACEPARENT_SIZE 56 /* with the zero at its end */
#define WEFT_OTLP_TRACESTATE_SIZE 513
#define WEFT_OTLP_CORRELATION_SIZE 129

struct weft_frame; /* <weft/step.h> */

typedef struct weft_otlp weft_otlp;

/* What OTEL_* says is for what the options leave open, goes over the options, or is not looked at. */
typedef enum weft_otlp_environment_use {
    WEFT_OTLP_ENVIRONMENT_FILLS = 0,
    WEFT_OTLP_ENVIRONMENT_OVERRIDES = 1,
    WEFT_OTLP_ENVIRONMENT_IGNORED = 2
} weft_otlp_environment_use;

/* Which tasks are spans: those that were given a name, all, or none. */
typedef enum weft_otlp_tasks { WEFT_OTLP_TASKS_NAMED = 0, WEFT_OTLP_TASKS_ALL = 1, WEFT_OTLP_TASKS_NONE = 2 } weft_otlp_tasks;

/* Zero means what the environment says, or the default. Build it with WEFT_OTLP_OPTIONS(.service_name = "orders"). Copied. */
typedef struct weft_otlp_options {
    size_t size; /* set by the macro */
    weft_otlp_environment_use environment;
    const char *service_name;        /* OTEL_SERVICE_NAME; "unknown_service:<program>" */
    const char *resource_attributes; /* OTEL_RESOURCE_ATTRIBUTES: "key=value,key=value", percent-encoded */
    const char *endpoint;            /* OTEL_EXPORTER_OTLP_ENDPOINT; "http://localhost:4318", to which /v1/traces is added */
    const char *headers;             /* OTEL_EXPORTER_OTLP_HEADERS: "key=value,key=value", percent-encoded */
    const char *certificate;         /* OTEL_EXPORTER_OTLP_CERTIFICATE: a file with those that the collector may have */
    const char *compression;         /* OTEL_EXPORTER_OTLP_COMPRESSION: "gzip", "none" */
    const char *sampler;             /* OTEL_TRACES_SAMPLER: "parentbased_always_on" */
    const char *sampler_argument;    /* OTEL_TRACES_SAMPLER_ARG: "0.1" */
    weft_otlp_tasks tasks;
    bool logs;                       /* OTEL_LOGS_ENABLED: weft_otlp_log(), and what weft finds suspicious */
    bool traces_off;                 /* OTEL_TRACES_EXPORTER=none */
    bool metrics_off;                /* OTEL_METRICS_EXPORTER=none */
    uint32_t queue_max;              /* OTEL_BSP_MAX_QUEUE_SIZE: spans, and as many log records, that wait; 2048 */
    uint32_t batch_max;              /* OTEL_BSP_MAX_EXPORT_BATCH_SIZE; 512 */
    uint32_t delay_ms;               /* OTEL_BSP_SCHEDULE_DELAY: how long they wait for a batch to fill; 5000 */
    uint32_t metrics_ms;             /* OTEL_METRIC_EXPORT_INTERVAL; 60000 */
    uint32_t timeout_ms;             /* OTEL_EXPORTER_OTLP_TIMEOUT: of one request; 10000 */
    uint32_t retry_ms;               /* the first pause after a failure, which grows; 1000 */
    uint32_t retries_max;            /* then the batch is dropped; 5 */
} weft_otlp_options;

#define WEFT_OTLP_OPTIONS(...) WEFT__OPTIONS(weft_otlp_options, __VA_ARGS__)

/* What became of the things of one kind. */
typedef struct weft_otlp_counts {
    uint64_t exported; /* the collector has them */
    uint64_t dropped;  /* the queue was full, or there was no memory */
    uint64_t failed;   /* they were sent, refused or not, until it was given up */
    uint64_t rejected; /* the collector took the batch, and said that it did not take these of it */
    uint64_t queued;   /* they wait at this moment */
    uint64_t requests; /* sent */
    uint64_t retries;  /* of them, again */
} weft_otlp_counts;

typedef struct weft_otlp_status {
    size_t size;             /* set by the caller: sizeof(weft_otlp_status) */
    bool disabled;           /* OTEL_SDK_DISABLED: contexts are handed on, and nothing is sent */
    weft_otlp_counts spans;
    weft_otlp_counts metrics; /* data points */
    weft_otlp_counts logs;
    char settings[512];      /* what was wrong with settings, which have their defaults; "": nothing */
    char error[256];         /* what went wrong last with sending; "": nothing has */
} weft_otlp_status;

/* The context of a trace, as W3C Trace Context has it: what a request brings along, and is given to take along. */
typedef struct weft_otlp_context {
    uint8_t trace_id[16];
    uint8_t span_id[8];
    uint8_t flags; /* 1: sampled */
    char tracestate[WEFT_OTLP_TRACESTATE_SIZE]; /* "": there is none */
} weft_otlp_context;

/* One attribute; made by weft_otlp_text() and its like. */
typedef struct weft_otlp_attribute {
    const char *key;
    const char *text; /* of the kind 't' */
    double number;    /* 'n' */
    int64_t integer;  /* 'i', 'b' */
    char kind;
} weft_otlp_attribute;

WEFT__INLINE weft_otlp_attribute weft_otlp_text(const char *key, const char *value)
{
    weft_otlp_attribute attribute = {key, value, 0, 0, 't'};
    return attribute;
}
WEFT__INLINE weft_otlp_attribute weft_otlp_integer(const char *key, int64_t value)
{
    weft_otlp_attribute attribute = {key, 0, 0, value, 'i'};
    return attribute;
}
WEFT__INLINE weft_otlp_attribute weft_otlp_number(const char *key, double value)
{
    weft_otlp_attribute attribute = {key, 0, value, 0, 'n'};
    return attribute;
}
WEFT__INLINE weft_otlp_attribute weft_otlp_flag(const char *key, bool value)
{
    weft_otlp_attribute attribute = {key, 0, 0, value, 'b'};
    return attribute;
}

/* As OpenTelemetry numbers them; others between them are allowed. */
typedef enum weft_otlp_severity {
    WEFT_OTLP_TRACE = 1, WEFT_OTLP_DEBUG = 5, WEFT_OTLP_INFO = 9, WEFT_OTLP_WARN = 13, WEFT_OTLP_ERROR = 17, WEFT_OTLP_FATAL = 21
} weft_otlp_severity;

/* Where a span is open: in the frame of a step, or on the stack of a host's thread. The fields are the library's. */
typedef struct weft_otlp_span {
    void *weft__trail;
    uint32_t weft__open;
    uint32_t weft__turn;
} weft_otlp_span;

/*
 * In a step: the block that follows is a span, over all of its awaits: WEFT_SPAN(&self->span, "charge the card") { … }. It
 * ends with the block, by its last line, `break` or `continue` (which leave the block, not a loop around it), and with a
 * WEFT_RETURN in it. A span that was jumped out of ends when its step returns to a WEFT_CALL, or its task ends.
 */
#define WEFT_SPAN(span, name)                                                                                          \
    for (weft_otlp_span_begin((span), (name), weft__frame); (span)->weft__open;                              \
         weft_otlp_span_end((span)))                                                                         \
        for ((span)->weft__turn = 1; (span)->weft__turn; (span)->weft__turn = 0)

WEFT_BEGIN_DECLS

/**
 * Begin to follow tasks and to send. Before runtimes and channels are created: what is older hands nothing on. One lives in
 * a process at a time. A setting that is wrong has its default, and weft_otlp_status_get() says so.
 * @threads any
 * @blocks the thread, for a moment
 * @owns *out_otlp is the caller's, until weft_otlp_stop(); options are copied and may be NULL
 * @errors WEFT_EINVAL (null, options of a smaller size, an enumeration that is out of its range), WEFT_EBUSY (another lives, or
 *   another tracer), WEFT_ENOMEM, WEFT_EAGAIN (the system gives no thread)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_otlp_start(weft_otlp **out_otlp, const weft_otlp_options *options);

/**
 * Send what there is until the deadline, a time of weft_clock(), drop the rest, end the thread, free everything.
 * @threads any but a worker, which would stand still
 * @blocks the thread, until all is sent or the deadline has passed
 * @owns otlp is consumed
 * @errors WEFT_EINVAL (null), WEFT_EPERM (called on a worker: it is still the caller's), WEFT_ETIMEDOUT (something was dropped); in a forked child: 0, and the parent's goes on
 * @since 0.1
 */
WEFT_API int weft_otlp_stop(weft_otlp *otlp, int64_t deadline_ns);

/**
 * Send now what there is, metrics as well.
 * @threads any but a worker
 * @blocks the thread, until all is sent or given up, or the deadline has passed
 * @owns nothing
 * @errors WEFT_EINVAL (null), WEFT_EPERM (called on a worker), WEFT_ETIMEDOUT, WEFT_ESHUTDOWN (in a forked child)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_otlp_flush(weft_otlp *otlp, int64_t deadline_ns);

/**
 * How it goes.
 * @threads any
 * @blocks never
 * @owns out_status is the caller's, its size field set
 * @errors WEFT_EINVAL (null, a smaller size)
 * @since 0.1
 */
WEFT_API int weft_otlp_status_get(weft_otlp *otlp, weft_otlp_status *out_status);

/**
 * Start one for the process if WEFT_OTLP in its environment is neither empty nor "0", as weft_runtime_create() does by itself. It
 * is flushed for up to two seconds when the process ends. A program that was given rights by its file (setuid) is not asked.
 * @threads any
 * @blocks the thread, for a moment
 * @owns nothing
 * @errors 1: started now; 0: the environment does not say so, or it was started before; those of weft_otlp_start()
 * @since 0.1
 */
WEFT_API int weft_otlp_environment(void);

/**
 * Read the headers `traceparent` and `tracestate` of a request; NULL for the second: there is none. What is wrong with a
 * tracestate makes it empty and nothing else, as the standard has it.
 * @threads any
 * @blocks never
 * @owns nothing; tracestate may be NULL
 * @errors WEFT_EINVAL (null, or no traceparent: weft_error_detail() says what is wrong with it); out_context is untouched then
 * @since 0.1
 */
WEFT_API int weft_otlp_context_parse(const char *traceparent, const char *tracestate, weft_otlp_context *out_context);

/**
 * Write a `traceparent`; the `tracestate` is in the context as it is.
 * @threads any
 * @blocks never
 * @owns out_traceparent is the caller's, of WEFT_OTLP_TRACEPARENT_SIZE bytes
 * @errors WEFT_EINVAL (null, or a context without ids)
 * @since 0.1
 */
WEFT_API int weft_otlp_context_format(const weft_otlp_context *context, char *out_traceparent);

/**
 * What the current task or thread works on behalf of: for the headers of a request that it sends.
 * @threads any
 * @blocks never
 * @owns nothing
 * @errors WEFT_EINVAL (null), WEFT_ENOENT (on behalf of nothing)
 * @since 0.1
 */
WEFT_API int weft_otlp_context_current(weft_otlp_context *out_context);

/**
 * From now on the current task or thread works on behalf of a context that came from outside. NULL: as weft_trail_set().
 * @threads any
 * @blocks never
 * @owns copied; context may be NULL
 * @errors those of weft_trail_set(); WEFT_EINVAL (a context without ids), WEFT_ENOTCONN (nothing was started)
 * @since 0.1
 */
WEFT_API int weft_otlp_context_set(const weft_otlp_context *context);

/* The rest of this page is spans and logs, of the current task or thread. Texts are copied; a name or key that is NULL, and
 * what comes beyond 128 attributes, events or links of a span, is left out. Without a span, or unsampled, nothing happens. */

/**
 * Let a correlation id of at most 128 bytes go along from here: an attribute `correlation.id` of spans and logs. "" or NULL: none.
 * @threads any
 * @blocks never
 * @owns copied; id may be NULL
 * @errors those of weft_trail_set() but WEFT_EBUSY; WEFT_ERANGE (longer), WEFT_ENOENT (on behalf of nothing)
 * @since 0.1
 */
WEFT_API int weft_otlp_correlate(const char *id);

/**
 * Begin a span: of WEFT_SPAN; with NULL for the frame on a host's thread.
 * @threads any @blocks never @owns span stays in place until its end @errors none @since 0.1
 */
WEFT_API void weft_otlp_span_begin(weft_otlp_span *span, const char *name, const struct weft_frame *frame);

/**
 * End it, and what was begun in it.
 * @threads any @blocks never @owns the span is free again @errors none @since 0.1
 */
WEFT_API void weft_otlp_span_end(weft_otlp_span *span);

/**
 * Give the current span an attribute.
 * @threads any @blocks never @owns copied @errors none @since 0.1
 */
WEFT_API void weft_otlp_span_set(weft_otlp_attribute attribute);

/**
 * Something happened in the current span.
 * @threads any @blocks never @owns copied; attributes may be NULL @errors none @since 0.1
 */
WEFT_API void weft_otlp_span_event(const char *name, const weft_otlp_attribute *attributes, size_t count);

/**
 * The current span belongs to another as well.
 * @threads any @blocks never @owns copied @errors none @since 0.1
 */
WEFT_API void weft_otlp_span_link(const weft_otlp_context *context);

/**
 * The current span has failed, and why.
 * @threads any @blocks never @owns copied; text may be NULL @errors none @since 0.1
 */
WEFT_API void weft_otlp_span_fail(const char *text);

/**
 * A log record, if logs are on.
 * @threads any @blocks never @owns copied; attributes may be NULL @errors none @since 0.1
 */
WEFT_API void weft_otlp_log(weft_otlp_severity severity, const char *body, const weft_otlp_attribute *attributes, size_t count);

WEFT_END_DECLS

#endif
