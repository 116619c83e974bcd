/* SPDX-License-Identifier: MIT */
/*
 * Teaches metrics: everything that a runtime counts, in one walk, as lines for a scraper; and what a histogram says. A program
 * that only wants them on a port starts the endpoint instead (17_diag.c).
 */
#include <stdio.h>
#include <string.h>
#include <weft.h>

WEFT_CHANNEL_DEFINE(orders, int)

struct customer { weft_frame weft; orders_sender out; int order; };

static weft_poll customer(weft_context *cx, struct customer *self)
{
    WEFT_BEGIN(cx, self);
    for (self->order = 0; self->order < 10 && self->weft.rc == 0; self->order++)
        WEFT_AWAIT(self->weft.rc, orders_send(cx, &self->out, self->order));
    orders_sender_close(&self->out);
    WEFT_END(0);
}

struct cook { weft_frame weft; orders_receiver in; int order; };

static weft_poll cook(weft_context *cx, struct cook *self)
{
    WEFT_BEGIN(cx, self);
    while (self->weft.rc == 0)
        WEFT_AWAIT(self->weft.rc, orders_recv(cx, &self->in, &self->order));
    WEFT_END(0);
}

/* What is known has a line; what is not has none, and never a zero. */
static void print_sample(const weft_metric_sample *sample)
{
    printf("%s{", sample->family->name);
    for (uint32_t i = 0; i < sample->label_count; i++)
        if (strcmp(sample->labels[i].key, "runtime_id") != 0) /* another number in each process */
            printf("%s%s=\"%s\"", i > 0 ? "," : "", sample->labels[i].key, sample->labels[i].value);
    printf("} %g\n", sample->value);
}

/* At most how long nine tenths took: the bound of the bucket in which they end. */
static double nine_tenths(const weft_metric_histogram *histogram)
{
    uint64_t below = 0;
    for (uint32_t i = 0; i < histogram->bounds_count; i++)
        if ((below += histogram->counts[i]) * 10 >= histogram->count * 9)
            return histogram->bounds[i];
    return -1; /* longer than all bounds */
}

struct report { uint64_t polls; uint64_t timed; double slow; };

/* Samples come family by family; a number says which one it is. */
static int on_sample(void *context, const weft_metric_sample *sample)
{
    struct report *report = context;
    switch (sample->family->number) {
    case WEFT_METRIC_task_spawned:
    case WEFT_METRIC_channel_messages_sent:
    case WEFT_METRIC_channel_depth: /* and once more by its alias, since a prefix was given */
    case WEFT_METRIC_channel_oldest_message_age:
        if (sample->known)
            print_sample(sample);
        return 0;
    case WEFT_METRIC_worker_polls:
        report->polls += (uint64_t)sample->exact;
        return 0;
    case WEFT_METRIC_runtime_poll_time:
        report->timed = sample->histogram->count;
        report->slow = nine_tenths(sample->histogram);
        return 0;
    default:
        return 0; /* other than 0 would end the walk */
    }
}

int main(void)
{
    weft_runtime *rt;
    orders_sender out, copy;
    orders_receiver in;
    struct report report = {0};
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "shop", .measure = WEFT_MEASURE_EXACT)) < 0 ||
        orders_create(rt, WEFT_CHANNEL_OPTIONS(.name = "orders", .capacity = 4), &out, &in) < 0)
        return 1;
    weft_task chef = weft_spawn_joinable(weft_runtime_scope(rt), cook, .in = in);
    for (int i = 0; i < 3; i++)
        if (orders_sender_clone(&out, &copy) == 0)
            weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("customer", .category = WEFT_HANDLER), customer, .out = copy);
    orders_sender_close(&out);
    if (weft_task_join_blocking(&chef, WEFT_FOREVER, NULL) < 0 || weft_metrics_visit(rt, "shop", on_sample, &report) < 0)
        return 1;
    printf("polls were timed, and not more than there were: %s\n",
           report.timed > 0 && report.timed <= report.polls && report.slow > 0 ? "yes" : "no");
    orders_receiver_close(&in);
    return weft_runtime_finish(rt) < 0;
}
