/* SPDX-License-Identifier: MIT */
#include "lib/meter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/verdict.h"

static char *meter_copy(const char *text)
{
    const size_t length = strlen(text) + 1;
    char *copy = malloc(length);
    if (!copy)
        abort();
    return memcpy(copy, text, length);
}

static char *meter_labels(const weft_metric_sample *sample)
{
    char text[2048];
    size_t length = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < sample->label_count; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s=%s", i > 0 ? "," : "", sample->labels[i].key,
                                   sample->labels[i].value);
    VERDICT(length < sizeof text);
    return meter_copy(text);
}

static void meter_check_histogram(const weft_metric_sample *sample)
{
    const weft_metric_histogram *histogram = sample->histogram;
    uint64_t count = 0;
    for (uint32_t i = 0; i <= histogram->bounds_count; i++)
        count += histogram->counts[i];
    VERDICT(count == histogram->count);
    for (uint32_t i = 1; i < histogram->bounds_count; i++)
        VERDICT(histogram->bounds[i] > histogram->bounds[i - 1]);
    VERDICT(histogram->sum >= 0);
}

static int meter_see(void *context, const weft_metric_sample *sample)
{
    struct meter *meter = context;
    const weft_metric_family *family = sample->family;
    VERDICT(family->number < WEFT_METRICS && family->name[0] && family->unit[0] && family->help[0]);
    VERDICT(sample->label_count >= 2 && sample->label_count <= WEFT_METRIC_LABELS_MAX);
    VERDICT((family->kind == WEFT_METRIC_HISTOGRAM) == (sample->histogram != NULL));
    VERDICT(!sample->whole || (double)sample->exact - sample->value < 0.5 + sample->value * 1e-15);
    if (sample->histogram)
        meter_check_histogram(sample);
    if (meter->count == meter->room) {
        meter->room = meter->room ? 2 * meter->room : 256;
        meter->samples = realloc(meter->samples, meter->room * sizeof *meter->samples);
        if (!meter->samples)
            abort();
    }
    const bool follows = meter->count > 0 && strcmp(meter->samples[meter->count - 1].name, family->name) == 0;
    VERDICT(sample->first == !follows);
    meter->families += !follows;
    meter->samples[meter->count++] = (struct meter_sample){
        .name = meter_copy(family->name),
        .labels = meter_labels(sample),
        .number = family->number,
        .kind = family->kind,
        .alias = family->alias,
        .known = sample->known,
        .whole = sample->whole,
        .value = sample->value,
        .exact = sample->exact,
        .count = sample->histogram ? sample->histogram->count : 0,
        .sum = sample->histogram ? sample->histogram->sum : 0,
    };
    return 0;
}

static int meter_compare(const void *a, const void *b)
{
    const struct meter_sample *const *x = a, *const *y = b;
    const int name = strcmp((*x)->name, (*y)->name);
    return name != 0 ? name : strcmp((*x)->labels, (*y)->labels);
}

/* No two samples are the same one, so no family stands in two places either. */
static void meter_check_unique(const struct meter *meter)
{
    const struct meter_sample **sorted = calloc(meter->count + 1, sizeof *sorted);
    if (!sorted)
        abort();
    for (size_t i = 0; i < meter->count; i++)
        sorted[i] = &meter->samples[i];
    qsort(sorted, meter->count, sizeof *sorted, meter_compare);
    size_t families = 0;
    for (size_t i = 0; i < meter->count; i++) {
        VERDICT(i == 0 || meter_compare(&sorted[i - 1], &sorted[i]) != 0);
        families += i == 0 || strcmp(sorted[i - 1]->name, sorted[i]->name) != 0;
    }
    VERDICT(families == meter->families);
    free(sorted);
}

void meter_take(struct meter *meter, weft_runtime *rt, const char *prefix)
{
    *meter = (struct meter){0};
    VERDICT(weft_metrics_visit(rt, prefix, meter_see, meter) == 0);
    meter_check_unique(meter);
}

void meter_free(struct meter *meter)
{
    for (size_t i = 0; i < meter->count; i++) {
        free(meter->samples[i].name);
        free(meter->samples[i].labels);
    }
    free(meter->samples);
    *meter = (struct meter){0};
}

static bool meter_fits(const struct meter_sample *sample, const char *name, const char *labels)
{
    return strcmp(sample->name, name) == 0 && strstr(sample->labels, labels) != NULL;
}

const struct meter_sample *meter_find(const struct meter *meter, const char *name, const char *labels)
{
    for (size_t i = 0; i < meter->count; i++)
        if (meter_fits(&meter->samples[i], name, labels))
            return &meter->samples[i];
    return NULL;
}

double meter_sum(const struct meter *meter, const char *name, const char *labels)
{
    double sum = -1;
    for (size_t i = 0; i < meter->count; i++)
        if (meter_fits(&meter->samples[i], name, labels) && meter->samples[i].known)
            sum = (sum < 0 ? 0 : sum) + meter->samples[i].value;
    return sum;
}

size_t meter_samples(const struct meter *meter, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < meter->count; i++)
        count += strcmp(meter->samples[i].name, name) == 0;
    return count;
}

int64_t meter_counted(weft_runtime *rt, const char *name)
{
    struct meter meter;
    meter_take(&meter, rt, NULL);
    const struct meter_sample *sample = meter_find(&meter, name, "");
    const int64_t count = sample && sample->known ? (int64_t)sample->count : -1;
    meter_free(&meter);
    return count;
}

double meter_now(weft_runtime *rt, const char *name, const char *labels)
{
    struct meter meter;
    meter_take(&meter, rt, NULL);
    const double value = meter_sum(&meter, name, labels);
    meter_free(&meter);
    return value;
}
