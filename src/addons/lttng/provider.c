/* SPDX-License-Identifier: MIT */
/*
 * The provider: hands the core's events to LTTng-UST. It is loaded into a process that has weft (LD_PRELOAD, or dlopen
 * by the core), knows it only by <weft/trace.h>, and links nothing of it.
 *
 * Threads: an event's function runs on the thread where the event happens; the rest on any. There is no lock: LTTng
 * keeps one buffer per processor and reads its own lists under RCU.
 *
 * The core asks wanted() some hundred times a second and calls an event's function only while its bit is up, so between
 * two looks a function may be called for an event that is off already. lttng_ust_tracepoint() looks again; an event
 * that was switched on is missing until the core's next look.
 */
#include "session.h"
#include "weft_tp.h"

#include <lttng/ust-thread.h>
#include <weft/trace.h>
#include <weft/version.h>

/* emit_task_spawn() and its sisters: one per row of the table. */
#define EMIT(e, parameters, ...)                                                                                       \
    static void emit_##e parameters                                                                                    \
    {                                                                                                                  \
        (void)context;                                                                                                 \
        lttng_ust_tracepoint(weft, e, __VA_ARGS__);                                                                    \
    }
#define WEFT_EVENT1(e, l, x, t1, n1)         EMIT(e, (void *context, WEFT__T_##t1 n1), n1)
#define WEFT_EVENT2(e, l, x, t1, n1, t2, n2) EMIT(e, (void *context, WEFT__T_##t1 n1, WEFT__T_##t2 n2), n1, n2)
#define WEFT_EVENT3(e, l, x, t1, n1, t2, n2, t3, n3)                                                                   \
    EMIT(e, (void *context, WEFT__T_##t1 n1, WEFT__T_##t2 n2, WEFT__T_##t3 n3), n1, n2, n3)
#define WEFT_EVENT4(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4)                                                           \
    EMIT(e, (void *context, WEFT__T_##t1 n1, WEFT__T_##t2 n2, WEFT__T_##t3 n3, WEFT__T_##t4 n4), n1, n2, n3, n4)
#define WEFT_EVENT5(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5)                                                   \
    EMIT(e, (void *context, WEFT__T_##t1 n1, WEFT__T_##t2 n2, WEFT__T_##t3 n3, WEFT__T_##t4 n4, WEFT__T_##t5 n5), n1,  \
         n2, n3, n4, n5)
#define WEFT_EVENT6(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5, t6, n6)                                           \
    EMIT(e,                                                                                                            \
         (void *context, WEFT__T_##t1 n1, WEFT__T_##t2 n2, WEFT__T_##t3 n3, WEFT__T_##t4 n4, WEFT__T_##t5 n5,          \
          WEFT__T_##t6 n6),                                                                                            \
         n1, n2, n3, n4, n5, n6)
#include <weft/trace_events.def>
#undef WEFT_EVENT1
#undef WEFT_EVENT2
#undef WEFT_EVENT3
#undef WEFT_EVENT4
#undef WEFT_EVENT5
#undef WEFT_EVENT6

/* From here on a row is its name: the two tables below are the same for every number of fields. */
#define WEFT_EVENT1(...) ROW(__VA_ARGS__)
#define WEFT_EVENT2(...) ROW(__VA_ARGS__)
#define WEFT_EVENT3(...) ROW(__VA_ARGS__)
#define WEFT_EVENT4(...) ROW(__VA_ARGS__)
#define WEFT_EVENT5(...) ROW(__VA_ARGS__)
#define WEFT_EVENT6(...) ROW(__VA_ARGS__)

/* A load and a test per event, of a word that changes only when somebody types an lttng command. */
static uint64_t provider_wanted(void)
{
    uint64_t bits = 0;
#define ROW(e, ...) bits |= (uint64_t)(lttng_ust_tracepoint_enabled(weft, e) != 0) << WEFT_TRACE_##e;
#include <weft/trace_events.def>
#undef ROW
    weft__lttng_session_look(bits);
    return bits;
}

static const weft_trace_provider provider = {
    .size = sizeof(weft_trace_provider),
    .schema = WEFT_TRACE_SCHEMA,
    .version = WEFT_VERSION,
    .status = weft__lttng_session_status,
    .wanted = provider_wanted,
    .sessions = weft__lttng_session_count,
    .thread_start = lttng_ust_init_thread, /* moves 2 to 110 us from the thread's first event to its start */
    .events =
        {
            .size = sizeof(weft_hooks),
#define ROW(e, ...) .e = emit_##e,
#include <weft/trace_events.def>
#undef ROW
        },
};

WEFT_API const weft_trace_provider *weft_trace_provider_get(void);

WEFT_API const weft_trace_provider *weft_trace_provider_get(void)
{
    return &provider;
}
