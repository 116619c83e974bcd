/* SPDX-License-Identifier: MIT */
/*
 * A walk over metrics, kept: what the tests ask of it. Taking one holds it against what every walk promises: the samples of
 * a family stand together, no two of them have the same labels, and the counts of a histogram add up.
 */
#ifndef WEFT_TESTS_LIB_METER_H
#define WEFT_TESTS_LIB_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <weft.h>

struct meter_sample {
    char *name;
    char *labels; /* "runtime=weft,runtime_id=257,worker=0" */
    uint32_t number;
    weft_metric_kind kind;
    bool alias;
    bool known;
    bool whole;
    double value;
    int64_t exact;
    uint64_t count; /* of a histogram */
    double sum;
};

struct meter {
    size_t count;
    size_t room;
    size_t families;
    struct meter_sample *samples;
};

/* Any thread; what is wrong becomes a verdict. */
void meter_take(struct meter *meter, weft_runtime *rt, const char *prefix);
void meter_free(struct meter *meter);

/* The first sample of that name whose labels contain the text, or NULL. */
const struct meter_sample *meter_find(const struct meter *meter, const char *name, const char *labels);

/* The sum over all samples of that name whose labels contain the text; -1: there is none that is known. */
double meter_sum(const struct meter *meter, const char *name, const char *labels);

/* How many samples it has. */
size_t meter_samples(const struct meter *meter, const char *name);

/* Of a histogram, in a walk of its own: how many it has counted; -1: it is not known. */
int64_t meter_counted(weft_runtime *rt, const char *name);

/* One value of a walk of its own: meter_sum(). */
double meter_now(weft_runtime *rt, const char *name, const char *labels);

#endif
