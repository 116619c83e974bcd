/* SPDX-License-Identifier: MIT */
#include "metrics.h"

#include <stdlib.h>
#include <weft/metrics.h>

#include "encode.h"

enum { METRICS_CUMULATIVE = 2, METRICS_SLOTS_MIN = 256 };

/* A series that has a beginning: a counter's, or a histogram's. */
struct series {
    uint64_t hash; /* 0: a free place */
    uint64_t begun;
    double last;
};

/* A table of them, half full at most. */
struct series_table {
    struct series *of;
    size_t slots;
    size_t used;
};

struct weft__otlp_metrics {
    uint64_t created;
    uint64_t told; /* the telling before; 0: there was none */
    struct series_table before, now;
};

/* While it is told. */
struct telling {
    struct weft__otlp_metrics *metrics;
    struct weft__otlp_json json;
    uint64_t at;
    uint32_t points;
    bool open; /* a metric, down to its data points */
};

/* --- series ------------------------------------------------------------------------------------------------------- */

static struct series *series_find(const struct series_table *table, uint64_t hash)
{
    if (table->slots == 0)
        return NULL;
    size_t i = hash & (table->slots - 1);
    while (table->of[i].hash != 0 && table->of[i].hash != hash)
        i = (i + 1) & (table->slots - 1);
    return &table->of[i];
}

static bool series_grow(struct series_table *table)
{
    if (2 * (table->used + 1) <= table->slots)
        return true;
    struct series_table larger = {.slots = table->slots ? 2 * table->slots : METRICS_SLOTS_MIN, .used = table->used};
    larger.of = calloc(larger.slots, sizeof *larger.of);
    if (!larger.of)
        return false;
    for (size_t i = 0; i < table->slots; i++)
        if (table->of[i].hash != 0)
            *series_find(&larger, table->of[i].hash) = table->of[i];
    free(table->of);
    *table = larger;
    return true;
}

/* FNV-1a. Two series of one hash would share a beginning, which nothing else suffers from. */
static uint64_t series_hash_text(uint64_t hash, const char *text)
{
    do
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    while (*text++);
    return hash;
}

static uint64_t series_hash(const weft_metric_sample *sample)
{
    uint64_t hash = series_hash_text(UINT64_C(0xcbf29ce484222325), sample->family->name);
    for (uint32_t i = 0; i < sample->label_count; i++)
        hash = series_hash_text(series_hash_text(hash, sample->labels[i].key), sample->labels[i].value);
    return hash ? hash : 1;
}

/* Since when the series of this sample has been counted, now that it has this value. */
static uint64_t series_begun(struct weft__otlp_metrics *metrics, const weft_metric_sample *sample, double value)
{
    const uint64_t hash = series_hash(sample), fresh = metrics->told ? metrics->told : metrics->created;
    const struct series *before = series_find(&metrics->before, hash);
    const bool goes_on = before && before->hash == hash && value >= before->last;
    const uint64_t begun = goes_on ? before->begun : fresh;
    if (!series_grow(&metrics->now))
        return begun; /* without memory it begins anew with the next */
    struct series *now = series_find(&metrics->now, hash);
    metrics->now.used += now->hash == 0;
    *now = (struct series){hash, begun, value};
    return begun;
}

static void series_next_round(struct weft__otlp_metrics *metrics, uint64_t at)
{
    free(metrics->before.of);
    metrics->before = metrics->now;
    metrics->now = (struct series_table){0};
    metrics->told = at;
}

/* --- a metric ----------------------------------------------------------------------------------------------------- */

static void metric_open(struct telling *t, const char *name, const char *unit, const char *help, weft_metric_kind kind)
{
    struct weft__otlp_json *json = &t->json;
    static const char *const kinds[] = {"sum", "gauge", "histogram"};
    weft__otlp_json_open(json, NULL, '{');
    weft__otlp_json_text(json, "name", name);
    weft__otlp_json_text(json, "description", help);
    weft__otlp_json_text(json, "unit", unit);
    weft__otlp_json_open(json, kinds[kind], '{');
    if (kind != WEFT_METRIC_GAUGE)
        weft__otlp_json_integer(json, "aggregationTemporality", METRICS_CUMULATIVE);
    if (kind == WEFT_METRIC_COUNTER)
        weft__otlp_json_flag(json, "isMonotonic", true);
    weft__otlp_json_open(json, "dataPoints", '[');
    t->open = true;
}

static void metric_close(struct telling *t)
{
    for (int i = 0; t->open && i < 3; i++)
        weft__otlp_json_close(&t->json);
    t->open = false;
}

static void point_open(struct telling *t, const weft_metric_label *labels, uint32_t count, uint64_t begun)
{
    struct weft__otlp_json *json = &t->json;
    weft__otlp_json_open(json, NULL, '{');
    weft__otlp_json_open(json, "attributes", '[');
    for (uint32_t i = 0; i < count; i++)
        weft__otlp_json_attribute_text(json, labels[i].key, labels[i].value);
    weft__otlp_json_close(json);
    if (begun != 0)
        weft__otlp_json_count(json, "startTimeUnixNano", begun);
    weft__otlp_json_count(json, "timeUnixNano", t->at);
    t->points++;
}

static void point_histogram(struct telling *t, const weft_metric_histogram *histogram)
{
    struct weft__otlp_json *json = &t->json;
    weft__otlp_json_count(json, "count", histogram->count);
    weft__otlp_json_number(json, "sum", histogram->sum);
    weft__otlp_json_open(json, "bucketCounts", '[');
    for (uint32_t i = 0; i <= histogram->bounds_count; i++)
        weft__otlp_json_count(json, NULL, histogram->counts[i]);
    weft__otlp_json_close(json);
    weft__otlp_json_open(json, "explicitBounds", '[');
    for (uint32_t i = 0; i < histogram->bounds_count; i++)
        weft__otlp_json_number(json, NULL, histogram->bounds[i]);
    weft__otlp_json_close(json);
}

static int metric_visit(void *context, const weft_metric_sample *sample)
{
    struct telling *t = context;
    const weft_metric_family *family = sample->family;
    if (sample->first)
        metric_close(t);
    if (!sample->known)
        return 0; /* what is not known is no number */
    if (!t->open)
        metric_open(t, family->name, family->unit, family->help, family->kind);
    uint64_t begun = 0;
    if (sample->histogram)
        begun = series_begun(t->metrics, sample, (double)sample->histogram->count);
    else if (family->kind == WEFT_METRIC_COUNTER)
        begun = series_begun(t->metrics, sample, sample->value);
    point_open(t, sample->labels, sample->label_count, begun);
    if (sample->histogram)
        point_histogram(t, sample->histogram);
    else if (sample->whole)
        weft__otlp_json_long(&t->json, "asInt", sample->exact);
    else
        weft__otlp_json_number(&t->json, "asDouble", sample->value);
    weft__otlp_json_close(&t->json);
    return t->json.failed ? WEFT_ENOMEM : 0;
}

/* --- its own ------------------------------------------------------------------------------------------------------ */

static void own_point(struct telling *t, enum weft__otlp_signal signal, const char *outcome, uint64_t count, uint64_t begun)
{
    static const char *const signals[] = {"spans", "metrics", "logs"};
    const weft_metric_label labels[] = {{"signal", signals[signal]}, {"outcome", outcome}};
    point_open(t, labels, outcome ? 2 : 1, begun);
    weft__otlp_json_count(&t->json, "asInt", count);
    weft__otlp_json_close(&t->json);
}

static void own_tell(struct telling *t)
{
    const uint64_t begun = t->metrics->created;
    metric_open(t, "weft.otlp.items", "{item}", "spans, data points and log records, by what became of them", WEFT_METRIC_COUNTER);
    for (int i = 0; i < WEFT__OTLP_SIGNALS; i++) {
        struct weft__otlp_tally *tally = &weft__otlp_queues[i].tally; /* statistics */
        own_point(t, i, "exported", weft__load_relaxed(&tally->exported), begun);
        own_point(t, i, "dropped", weft__load_relaxed(&tally->dropped), begun);
        own_point(t, i, "failed", weft__load_relaxed(&tally->failed), begun);
        own_point(t, i, "rejected", weft__load_relaxed(&tally->rejected), begun);
    }
    metric_close(t);
    metric_open(t, "weft.otlp.requests", "{request}", "requests to the collector: sent, and of them again", WEFT_METRIC_COUNTER);
    for (int i = 0; i < WEFT__OTLP_SIGNALS; i++) {
        struct weft__otlp_tally *tally = &weft__otlp_queues[i].tally; /* statistics */
        own_point(t, i, "sent", weft__load_relaxed(&tally->requests), begun);
        own_point(t, i, "again", weft__load_relaxed(&tally->retries), begun);
    }
    metric_close(t);
    metric_open(t, "weft.otlp.queued", "{item}", "spans and log records that wait", WEFT_METRIC_GAUGE);
    own_point(t, WEFT__OTLP_TRACES, NULL, weft__load_relaxed(&weft__otlp_queues[WEFT__OTLP_TRACES].count), 0);
    own_point(t, WEFT__OTLP_LOGS, NULL, weft__load_relaxed(&weft__otlp_queues[WEFT__OTLP_LOGS].count), 0);
    metric_close(t);
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

struct weft__otlp_metrics *weft__otlp_metrics_create(void)
{
    struct weft__otlp_metrics *metrics = calloc(1, sizeof *metrics);
    if (metrics)
        metrics->created = weft__otlp_unix_ns();
    return metrics;
}

void weft__otlp_metrics_destroy(struct weft__otlp_metrics *metrics)
{
    if (!metrics)
        return;
    free(metrics->before.of);
    free(metrics->now.of);
    free(metrics);
}

char *weft__otlp_metrics_tell(struct weft__otlp_metrics *metrics, const struct weft__otlp_pairs *resource, size_t *out_length,
                              uint32_t *out_points)
{
    struct telling t = {.metrics = metrics, .at = weft__otlp_unix_ns()};
    weft__otlp_encode_begin(&t.json, resource, "Metrics", "metrics");
    if (weft_metrics_visit(NULL, NULL, metric_visit, &t) < 0)
        t.json.failed = true;
    metric_close(&t);
    own_tell(&t);
    series_next_round(metrics, t.at);
    *out_points = t.points;
    return weft__otlp_encode_end(&t.json, out_length);
}
