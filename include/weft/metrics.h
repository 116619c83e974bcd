/* SPDX-License-Identifier: MIT */
/*
 * Everything that a runtime counts, in one walk: for an endpoint that is scraped, an exporter, a console. The families are
 * the rows of <weft/metrics.def>, listed in docs/operations/metrics.md; how they are measured, and what that costs, in
 * docs/design/metrics.md.
 *
 * A walk first copies what it will tell, object by object and without stopping any, so all samples of an object are of one
 * moment. Then it tells family by family, so that a writer can stream them. Objects of one name share a sample: names are
 * what a host chooses, and a service that makes a thousand channels called "reply" wants to see them as one. At most
 * WEFT_METRIC_ROWS_MAX names of a kind are told apart; what comes beyond shares the name "(other)", and names.other says
 * about how many names that are. Names that are no UTF-8 have a "?" for each byte that is not. Names of tasks are told apart in
 * the whole process, WEFT_METRIC_TASK_NAMES_MAX of them, with their categories; those that are no UTF-8 are among the others.
 *
 * Synchronisation: any number of walks may be made at the same time, by any threads.
 */
#ifndef WEFT_METRICS_H
#define WEFT_METRICS_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/types.h>

#define WEFT_METRIC_ROWS_MAX 1000 /* names of channels, and as many of meeting points, in one runtime */
#define WEFT_METRIC_TASK_NAMES_MAX 500
#define WEFT_METRIC_LABELS_MAX 6

typedef enum weft_metric_kind {
    WEFT_METRIC_COUNTER = 0,
    WEFT_METRIC_GAUGE = 1,
    WEFT_METRIC_HISTOGRAM = 2
} weft_metric_kind;

/* WEFT_METRIC_channel_depth and so on, in the order in which a walk tells them. */
enum weft_metric_number {
#define WEFT_METRIC(group, number, name, kind, unit, text) WEFT_METRIC_##number,
#include <weft/metrics.def>
    WEFT_METRICS
};

typedef struct weft_metric_family {
    uint32_t number;       /* WEFT_METRIC_channel_depth … */
    weft_metric_kind kind;
    bool alias;            /* another name of the family with this number */
    const char *name;      /* "weft.channel.depth": the prefix, then the name */
    const char *unit;      /* "{message}", "s", "By", "1", … as OpenTelemetry spells units */
    const char *help;
} weft_metric_family;

typedef struct weft_metric_label {
    const char *key;
    const char *value; /* valid UTF-8 */
} weft_metric_label;

/* How durations are spread. counts[i] is of those that are at most bounds[i], and above the bound before. */
typedef struct weft_metric_histogram {
    uint32_t bounds_count;
    const double *bounds;   /* rising; seconds */
    const uint64_t *counts; /* bounds_count + 1: the last is of those above all bounds */
    uint64_t count;         /* the sum of counts */
    double sum;             /* of the durations, in seconds */
} weft_metric_histogram;

/* One value, or one histogram. All of it is valid during the call of visit. */
typedef struct weft_metric_sample {
    const weft_metric_family *family;
    bool first;            /* of its family in this walk; the others follow it directly */
    bool known;            /* false: there is no value now, print none */
    bool whole;            /* the value is a whole number, and `exact` has all its digits */
    uint32_t label_count;
    const weft_metric_label *labels;
    double value;
    int64_t exact;
    const weft_metric_histogram *histogram; /* of a HISTOGRAM, also if it is not known; NULL: it is a value */
} weft_metric_sample;

WEFT_BEGIN_DECLS

/**
 * Call `visit` with every sample of a runtime, or of all runtimes of this process: those of one family one after the
 * other. `prefix` NULL is "weft"; under a prefix that is given families come by their aliases as well, each directly behind
 * the family. The walk ends when visit returns other than 0, and returns that.
 * @threads any
 * @blocks never (each object's lock is held while it is copied), but the end of a runtime waits for the copy
 * @owns a sample is valid during the call of visit; rt may be NULL: all runtimes; prefix may be NULL
 * @errors WEFT_EINVAL, WEFT_ENOMEM; otherwise what visit returned, if not 0
 * @since 0.1
 */
WEFT_API int weft_metrics_visit(weft_runtime *rt, const char *prefix,
                                int (*visit)(void *context, const weft_metric_sample *sample), void *context);

/**
 * "counter", "gauge" or "histogram"; "?" for a number that is no kind.
 * @threads any
 * @blocks never
 * @owns the text is static
 * @errors none
 * @since 0.1
 */
WEFT_API const char *weft_metric_kind_name(weft_metric_kind kind);

WEFT_END_DECLS

#endif
