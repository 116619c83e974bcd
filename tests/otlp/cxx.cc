// SPDX-License-Identifier: MIT
// Spans in a C++ host: the block, its ways out, and attributes, as C++17. Nobody listens; what was made is counted.
#include <cstdio>
#include <weft.h>
#include <weft/otlp.h>

#pragma GCC diagnostic ignored "-Wshadow" /* a step has the name of its frame */

struct inner {
    weft_frame weft;
    weft_otlp_span span;
};

static weft_poll inner(weft_context *cx, struct inner *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_SPAN(&self->span, "inner") {
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        WEFT_RETURN(7);
    }
    WEFT_END(0);
}

struct outer {
    weft_frame weft;
    weft_otlp_span span;
    struct inner call;
    int i;
};

static weft_poll outer(weft_context *cx, struct outer *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < 2; self->i++)
        WEFT_SPAN(&self->span, "outer") {
            weft_otlp_span_set(weft_otlp_text("language", "C++"));
            self->call = {};
            WEFT_CALL(self->weft.rc, inner, &self->call);
            if (self->i == 0)
                break;
        }
    WEFT_END(self->weft.rc);
}

int main()
{
    weft_otlp *otlp = nullptr;
    weft_runtime *rt = nullptr;
    if (weft_otlp_start(&otlp, WEFT_OTLP_OPTIONS(.environment = WEFT_OTLP_ENVIRONMENT_IGNORED, .endpoint = "http://127.0.0.1:9",
                                                 .metrics_off = true, .delay_ms = 3600000)) < 0 ||
        weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "cxx")) < 0)
        return 1;
    weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("task"), outer, .i = 0);
    if (weft_runtime_finish(rt) < 0)
        return 2;
    weft_otlp_status status = {};
    status.size = sizeof status;
    if (weft_otlp_status_get(otlp, &status) < 0)
        return 3;
    const unsigned spans = static_cast<unsigned>(status.spans.queued + status.spans.failed);
    weft_otlp_stop(otlp, 0);
    std::printf("%u spans\n", spans);
    return spans == 5 ? 0 : 4;
}
