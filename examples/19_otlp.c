/* SPDX-License-Identifier: MIT */
/*
 * A request that came with a traceparent is followed through tasks and a channel, to the next service. With a collector on
 * port 4318 of this machine its spans can be looked at there; without one nothing waits for it.
 */
#include <stdio.h>
#include <string.h>
#include <weft.h>
#include <weft/otlp.h>

WEFT_CHANNEL_DEFINE(parcels, int)

/* What the header of the request said. */
static const char traceparent[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

struct packer { weft_frame weft; weft_otlp_span span; parcels_receiver in; int order; };

/* Lives long: whoever's parcel it packs, its spans are children of what sent that. */
static weft_poll packer(weft_context *cx, struct packer *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, parcels_recv(cx, &self->in, &self->order));
        if (self->weft.rc < 0)
            break;
        WEFT_SPAN(&self->span, "pack") {
            weft_otlp_span_set(weft_otlp_integer("order", self->order));
            WEFT_AWAIT(self->weft.rc, weft_sleep(cx, 1000000));
            weft_otlp_log(WEFT_OTLP_INFO, "packed", NULL, 0);
        }
    }
    parcels_receiver_close(&self->in);
    WEFT_END(0);
}

/* The headers of a request to the next service. */
static void call_next_service(void)
{
    weft_otlp_context context;
    char text[WEFT_OTLP_TRACEPARENT_SIZE];
    if (weft_otlp_context_current(&context) == 0 && weft_otlp_context_format(&context, text) == 0)
        printf("the trace goes on: %.35s\n", text); /* and then the id of a span, which is another each time */
}

struct order { weft_frame weft; weft_otlp_span span; parcels_sender out; int number; };

static weft_poll order(weft_context *cx, struct order *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_SPAN(&self->span, "charge") {
        weft_otlp_span_event("card accepted", NULL, 0);
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        call_next_service();
    }
    WEFT_AWAIT(self->weft.rc, parcels_send(cx, &self->out, self->number));
    parcels_sender_close(&self->out);
    WEFT_END(self->weft.rc);
}

/* The task of a request works on behalf of whoever sent that. */
static int serve(weft_runtime *rt, parcels_sender out, int number)
{
    weft_otlp_context context;
    if (weft_otlp_context_parse(traceparent, NULL, &context) == 0)
        weft_otlp_context_set(&context);
    weft_otlp_correlate("order-17");
    const weft_task task = weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("order"), order, .out = out, .number = number);
    weft_otlp_context_set(NULL);
    return weft_task_error(task);
}

int main(void)
{
    weft_runtime *rt;
    weft_otlp *otlp;
    parcels_sender out;
    parcels_receiver in;
    weft_otlp_status status = {.size = sizeof status};
    if (weft_otlp_start(&otlp, WEFT_OTLP_OPTIONS(.service_name = "shop", .logs = true, .retries_max = 1, .retry_ms = 1)) < 0) {
        fprintf(stderr, "%s\n", weft_error_detail());
        return 1;
    }
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "shop")) < 0 ||
        parcels_create(rt, WEFT_CHANNEL_OPTIONS(.name = "parcels", .capacity = 4), &out, &in) < 0)
        return 1;
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("packer", .category = WEFT_ACTOR), packer, .in = in);
    if (serve(rt, out, 17) < 0)
        return 1;
    const int result = weft_runtime_finish(rt);
    if (weft_otlp_flush(otlp, weft_deadline_in(5000000000)) == 0 && weft_otlp_status_get(otlp, &status) == 0)
        printf("spans: %d, dropped: %d\n", (int)(status.spans.exported + status.spans.failed), (int)status.spans.dropped);
    weft_otlp_stop(otlp, weft_deadline_in(2000000000));
    return result;
}
