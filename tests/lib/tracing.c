/* SPDX-License-Identifier: MIT */
#include "lib/tracing.h"

static void trace_number(struct tracing *tracing, uint64_t number)
{
    tracing->hash = (tracing->hash ^ number) * UINT64_C(0x100000001b3);
    tracing->hash ^= tracing->hash >> 29;
}

static void trace_text(struct tracing *tracing, const char *text)
{
    while (*text)
        trace_number(tracing, (unsigned char)*text++);
}

static void trace_event(struct tracing *tracing, unsigned event)
{
    trace_number(tracing, event);
    trace_number(tracing, (uint64_t)weft_runtime_clock(tracing->rt));
    tracing->events++;
}

/* A function for each event of the table that is a matter of the program. */
#define TRACE_str(name, value) trace_text(tracing, value)
#define TRACE_u8(name, value) trace_number(tracing, value)
#define TRACE_u16(name, value) trace_number(tracing, value)
#define TRACE_u32(name, value) trace_number(tracing, strcmp(name, "runtime") ? value : 0)
#define TRACE_u64(name, value) trace_number(tracing, strcmp(name, "site") ? value : 0)
#define TRACE_s32(name, value) trace_number(tracing, (uint64_t)(int64_t)(value))
#define TRACE_thread_kind TRACE_u8
#define TRACE_poll_source TRACE_u8
#define TRACE_poll_result TRACE_u8
#define TRACE_wake_source TRACE_u8
#define TRACE_task_state TRACE_u8
#define TRACE_cancel_reason TRACE_u8
#define TRACE_channel_side TRACE_u8
#define TRACE_drop_reason TRACE_u8
#define TRACE_health TRACE_u8
#define TRACE_sync_kind TRACE_u8
#define TRACE_fd_kind TRACE_u8
#define TRACE(type, name) TRACE_##type(#name, name);
#define TRACED(e, arguments, ...)                                                                                      \
    static void traced_##e arguments                                                                                   \
    {                                                                                                                  \
        struct tracing *tracing = context;                                                                             \
        trace_event(tracing, WEFT_TRACE_##e);                                                                          \
        __VA_ARGS__                                                                                                    \
    }
#define P(t, n) WEFT__T_##t n
#define WEFT_EVENT1(e, l, x, t1, n1) TRACED(e, (void *context, P(t1, n1)), TRACE(t1, n1))
#define WEFT_EVENT2(e, l, x, t1, n1, t2, n2)                                                                           \
    TRACED(e, (void *context, P(t1, n1), P(t2, n2)), TRACE(t1, n1) TRACE(t2, n2))
#define WEFT_EVENT3(e, l, x, t1, n1, t2, n2, t3, n3)                                                                   \
    TRACED(e, (void *context, P(t1, n1), P(t2, n2), P(t3, n3)), TRACE(t1, n1) TRACE(t2, n2) TRACE(t3, n3))
#define WEFT_EVENT4(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4)                                                           \
    TRACED(e, (void *context, P(t1, n1), P(t2, n2), P(t3, n3), P(t4, n4)),                                             \
           TRACE(t1, n1) TRACE(t2, n2) TRACE(t3, n3) TRACE(t4, n4))
#define WEFT_EVENT5(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5)                                                   \
    TRACED(e, (void *context, P(t1, n1), P(t2, n2), P(t3, n3), P(t4, n4), P(t5, n5)),                                  \
           TRACE(t1, n1) TRACE(t2, n2) TRACE(t3, n3) TRACE(t4, n4) TRACE(t5, n5))
#define WEFT_EVENT6(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5, t6, n6)                                           \
    TRACED(e, (void *context, P(t1, n1), P(t2, n2), P(t3, n3), P(t4, n4), P(t5, n5), P(t6, n6)),                       \
           TRACE(t1, n1) TRACE(t2, n2) TRACE(t3, n3) TRACE(t4, n4) TRACE(t5, n5) TRACE(t6, n6))
#include <weft/trace_events.def>
#undef WEFT_EVENT1
#undef WEFT_EVENT2
#undef WEFT_EVENT3
#undef WEFT_EVENT4
#undef WEFT_EVENT5
#undef WEFT_EVENT6

weft_hooks_handle tracing_begin(struct tracing *tracing, weft_runtime *rt)
{
    weft_hooks hooks = {.size = sizeof hooks, .context = tracing};
    weft_hooks_handle handle;
#define SET(e) hooks.e = traced_##e;
#define WEFT_EVENT1(e, ...) SET(e)
#define WEFT_EVENT2(e, ...) SET(e)
#define WEFT_EVENT3(e, ...) SET(e)
#define WEFT_EVENT4(e, ...) SET(e)
#define WEFT_EVENT5(e, ...) SET(e)
#define WEFT_EVENT6(e, ...) SET(e)
#include <weft/trace_events.def>
    *tracing = (struct tracing){.rt = rt, .hash = UINT64_C(0xcbf29ce484222325)};
    assert_int_equal(weft_hooks_add(rt, &hooks, &handle), 0);
    return handle;
}
