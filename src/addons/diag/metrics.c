/* SPDX-License-Identifier: MIT */
/*
 * /metrics: what weft_metrics_visit() tells, in the text of OpenMetrics 1.0 if the client asks for it, and in that of
 * Prometheus 0.0.4 otherwise, which `promtool check metrics` reads. The two differ in the name of a counter's family, in
 * the unit and in the last line.
 *
 * Names: dots are underscores, the unit follows ("_seconds", "_bytes"; a ratio is "_ratio"; "{message}" is a remark and no
 * unit), and "_total" a counter. Whatever a label holds is escaped; it is UTF-8 already.
 */
#include <weft/metrics.h>

#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "view.h"

struct scrape {
    struct weft__diag_buffer *out;
    bool open; /* OpenMetrics */
    char name[256];
};

static const char *metric_unit(const char *unit)
{
    static const struct {
        const char *from, *to;
    } units[] = {{"s", "seconds"}, {"By", "bytes"}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(units[i].from, unit) == 0)
            return units[i].to;
    return "";
}

/* What may be in a name: a letter, a digit, '_' and ':'. */
static void metric_name(const weft_metric_family *family, char *out, size_t room)
{
    const char *unit = metric_unit(family->unit);
    snprintf(out, room, "%s%s%s", family->name, *unit ? "_" : "", unit);
    for (char *c = out; *c; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9' && c > out) || *c == '_' || *c == ':'))
            *c = '_';
}

static void metric_escaped(struct weft__diag_buffer *out, const char *text, bool quotes)
{
    for (; *text; text++) {
        if (*text == '\n')
            weft__diag_buffer_text(out, "\\n");
        else if (*text == '\\' || (*text == '"' && quotes))
            weft__diag_buffer_print(out, "\\%c", *text);
        else
            weft__diag_buffer_add(out, text, 1);
    }
}

static const char *metric_total(const struct scrape *scrape, const weft_metric_family *family, bool head)
{
    return family->kind == WEFT_METRIC_COUNTER && !(head && scrape->open) ? "_total" : "";
}

static void metric_head(struct scrape *scrape, const weft_metric_family *family)
{
    const char *unit = metric_unit(family->unit);
    metric_name(family, scrape->name, sizeof scrape->name);
    const char *total = metric_total(scrape, family, true);
    weft__diag_buffer_print(scrape->out, "# HELP %s%s ", scrape->name, total);
    metric_escaped(scrape->out, family->help, scrape->open);
    weft__diag_buffer_print(scrape->out, "\n# TYPE %s%s %s\n", scrape->name, total, weft_metric_kind_name(family->kind));
    if (scrape->open && *unit)
        weft__diag_buffer_print(scrape->out, "# UNIT %s %s\n", scrape->name, unit);
}

/* {a="b",le="0.1"}; le NULL: no such label. */
static void metric_labels(struct scrape *scrape, const weft_metric_sample *sample, const char *le)
{
    const char *before = "{";
    for (uint32_t i = 0; i < sample->label_count; i++, before = ",") {
        weft__diag_buffer_print(scrape->out, "%s%s=\"", before, sample->labels[i].key);
        metric_escaped(scrape->out, sample->labels[i].value, true);
        weft__diag_buffer_text(scrape->out, "\"");
    }
    if (le)
        weft__diag_buffer_print(scrape->out, "%sle=\"%s\"", before, le);
    if (le || sample->label_count > 0)
        weft__diag_buffer_text(scrape->out, "}");
}

/* A number as both formats read it, whatever the locale: a decimal comma of the host's would be none. */
static void metric_number(char *out, size_t room, double value)
{
    snprintf(out, room, "%.17g", value);
    weft__number_point(out);
}

static void metric_value(struct scrape *scrape, const weft_metric_sample *sample)
{
    char number[64];
    if (!sample->known)
        return;
    if (sample->whole)
        snprintf(number, sizeof number, "%lld", (long long)sample->exact);
    else
        metric_number(number, sizeof number, sample->value);
    weft__diag_buffer_print(scrape->out, "%s%s", scrape->name, metric_total(scrape, sample->family, false));
    metric_labels(scrape, sample, NULL);
    weft__diag_buffer_print(scrape->out, " %s\n", number);
}

static void metric_histogram(struct scrape *scrape, const weft_metric_sample *sample)
{
    const weft_metric_histogram *histogram = sample->histogram;
    uint64_t below = 0;
    char number[64];
    for (uint32_t i = 0; i <= histogram->bounds_count; i++) {
        below += histogram->counts[i];
        if (i < histogram->bounds_count)
            snprintf(number, sizeof number, "%.9g", histogram->bounds[i]);
        else
            snprintf(number, sizeof number, "+Inf");
        weft__number_point(number);
        weft__diag_buffer_print(scrape->out, "%s_bucket", scrape->name);
        metric_labels(scrape, sample, number);
        weft__diag_buffer_print(scrape->out, " %llu\n", (unsigned long long)below);
    }
    metric_number(number, sizeof number, histogram->sum);
    weft__diag_buffer_print(scrape->out, "%s_sum", scrape->name);
    metric_labels(scrape, sample, NULL);
    weft__diag_buffer_print(scrape->out, " %s\n%s_count", number, scrape->name);
    metric_labels(scrape, sample, NULL);
    weft__diag_buffer_print(scrape->out, " %llu\n", (unsigned long long)histogram->count);
}

static int metrics_sample(void *context, const weft_metric_sample *sample)
{
    struct scrape *scrape = context;
    if (sample->first)
        metric_head(scrape, sample->family);
    if (sample->histogram && sample->known)
        metric_histogram(scrape, sample);
    else if (!sample->histogram)
        metric_value(scrape, sample);
    return scrape->out->failed ? WEFT_ENOMEM : 0;
}

/* What this component counts of itself. */
static void metrics_own(struct scrape *scrape, const struct weft__diag_counts *counts)
{
    const struct {
        const char *name, *help;
        weft_metric_kind kind;
        uint64_t value;
    } rows[] = {
        {"weft.diag.connections", "connections accepted", WEFT_METRIC_COUNTER, counts->connections},
        {"weft.diag.connections.open", "connections now", WEFT_METRIC_GAUGE, counts->open},
        {"weft.diag.connections.refused", "connections of other users", WEFT_METRIC_COUNTER, counts->refused},
        {"weft.diag.connections.evicted", "connections that lost their place to others", WEFT_METRIC_COUNTER, counts->evicted},
        {"weft.diag.connections.timed_out", "connections that were too slow", WEFT_METRIC_COUNTER, counts->timed_out},
        {"weft.diag.requests", "requests answered", WEFT_METRIC_COUNTER, counts->requests},
        {"weft.diag.requests.failed", "requests answered with a status of 400 or above", WEFT_METRIC_COUNTER, counts->failed},
        {"weft.diag.streams", "clients of /events now", WEFT_METRIC_GAUGE, counts->streams},
        {"weft.diag.events", "snapshots sent", WEFT_METRIC_COUNTER, counts->events},
        {"weft.diag.events.dropped", "snapshots left out for slow clients", WEFT_METRIC_COUNTER, counts->events_dropped},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const weft_metric_family family = {.kind = rows[i].kind, .name = rows[i].name, .unit = "1", .help = rows[i].help};
        const weft_metric_sample sample = {.family = &family, .first = true, .known = true, .whole = true,
                                           .exact = (int64_t)rows[i].value};
        metrics_sample(scrape, &sample);
    }
}

/* A prefix is the beginning of a name. */
static bool metrics_prefix_is_plain(const char *prefix)
{
    return *prefix && strlen(prefix) < 64 && strspn(prefix, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") == strlen(prefix) &&
           (*prefix < '0' || *prefix > '9');
}

void weft__diag_metrics(struct weft__diag_view *view)
{
    struct scrape scrape = {.out = &view->reply->body, .open = view->accept && strstr(view->accept, "application/openmetrics-text")};
    const char *prefix = weft__diag_uri_get(view->uri, "prefix");
    if (prefix && !metrics_prefix_is_plain(prefix)) {
        weft__diag_refuse(view, 400, "a prefix is letters, digits, '_' and '.', and begins with a letter");
        return;
    }
    view->plain = true;
    view->reply->type = scrape.open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                    : "text/plain; version=0.0.4; charset=utf-8";
    if (weft_metrics_visit(NULL, prefix, metrics_sample, &scrape) < 0)
        scrape.out->failed = true;
    metrics_own(&scrape, view->counts);
    if (scrape.open)
        weft__diag_buffer_text(scrape.out, "# EOF\n");
}
