/* SPDX-License-Identifier: MIT */
/* /api/metrics: what /metrics says, as JSON: for consoles, which draw it and know no text of Prometheus. */
#include <string.h>
#include <weft/metrics.h>

#include "view.h"

struct figures {
    struct weft__diag_json *json;
    const char *name; /* a part of the family's; NULL: all */
    bool inside;      /* a family is open */
};

static void figures_close(struct figures *figures)
{
    if (figures->inside) {
        weft__diag_json_close(figures->json);
        weft__diag_json_close(figures->json);
    }
    figures->inside = false;
}

static void figures_open(struct figures *figures, const weft_metric_family *family)
{
    figures_close(figures);
    figures->inside = true;
    weft__diag_json_element(figures->json);
    weft__diag_json_text(figures->json, "name", family->name);
    weft__diag_json_text(figures->json, "kind", weft_metric_kind_name(family->kind));
    weft__diag_json_text(figures->json, "unit", family->unit);
    weft__diag_json_text(figures->json, "help", family->help);
    weft__diag_json_open(figures->json, "samples", '[');
}

static void figures_histogram(struct weft__diag_json *json, const weft_metric_histogram *histogram)
{
    weft__diag_json_count(json, "count", histogram->count);
    weft__diag_json_ratio(json, "sum", histogram->sum);
    weft__diag_json_open(json, "bounds", '[');
    for (uint32_t i = 0; i < histogram->bounds_count; i++)
        weft__diag_json_ratio(json, NULL, histogram->bounds[i]);
    weft__diag_json_close(json);
    weft__diag_json_open(json, "counts", '[');
    for (uint32_t i = 0; i <= histogram->bounds_count; i++)
        weft__diag_json_count(json, NULL, histogram->counts[i]);
    weft__diag_json_close(json);
}

static int figures_sample(void *context, const weft_metric_sample *sample)
{
    struct figures *figures = context;
    struct weft__diag_json *json = figures->json;
    if (figures->name && !strstr(sample->family->name, figures->name))
        return 0;
    if (sample->first)
        figures_open(figures, sample->family);
    weft__diag_json_element(json);
    weft__diag_json_open(json, "labels", '{');
    for (uint32_t i = 0; i < sample->label_count; i++)
        weft__diag_json_text(json, sample->labels[i].key, sample->labels[i].value);
    weft__diag_json_close(json);
    if (sample->histogram && sample->known)
        figures_histogram(json, sample->histogram);
    else if (!sample->known)
        weft__diag_json_null(json, "value");
    else if (sample->whole)
        weft__diag_json_integer(json, "value", sample->exact);
    else
        weft__diag_json_ratio(json, "value", sample->value);
    weft__diag_json_close(json);
    return json->failed ? WEFT_ENOMEM : 0;
}

void weft__diag_figures(struct weft__diag_view *view)
{
    struct figures figures = {.json = &view->json, .name = weft__diag_uri_get(view->uri, "name")};
    weft__diag_json_open(&view->json, "families", '[');
    if (weft_metrics_visit(NULL, NULL, figures_sample, &figures) < 0)
        view->json.failed = true;
    figures_close(&figures);
    weft__diag_json_close(&view->json);
}
