/* SPDX-License-Identifier: MIT */
/*
 * One event as plain data, stamped from <weft/trace_events.def>: event->task_spawn.task and so on. Whoever reads
 * recordings makes these, whoever analyses takes them, and neither knows the other: tests make them by hand.
 */
#ifndef WEFT_CLI_TRACE_EVENT_H
#define WEFT_CLI_TRACE_EVENT_H

#include <stdint.h>
#include <weft/trace.h>

struct event {
    int64_t ns;       /* of the recording's clock, since 1970; not before that of the event before: moments.h */
    int64_t clock_ns; /* of the program's own clock, which deadlines are of */
    uint64_t process; /* the process's number; 0: the recording does not tell */
    uint32_t kind;    /* WEFT_TRACE_task_spawn, …: which member is valid */
    union {           /* texts are valid until the next event */
#define WEFT_EVENT1(e, l, x, t1, n1)                                                                                   \
    struct {                                                                                                           \
        WEFT__T_##t1 n1;                                                                                               \
    } e;
#define WEFT_EVENT2(e, l, x, t1, n1, t2, n2)                                                                           \
    struct {                                                                                                           \
        WEFT__T_##t1 n1;                                                                                               \
        WEFT__T_##t2 n2;                                                                                               \
    } e;
#define WEFT_EVENT3(e, l, x, t1, n1, t2, n2, t3, n3)                                                                   \
    struct {                                                                                                           \
        WEFT__T_##t1 n1;                                                                                               \
        WEFT__T_##t2 n2;                                                                                               \
        WEFT__T_##t3 n3;                                                                                               \
    } e;
#define WEFT_EVENT4(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4)                                                           \
    struct {                                                                                                           \
        WEFT__T_##t1 n1;                                                                                               \
        WEFT__T_##t2 n2;                                                                                               \
        WEFT__T_##t3 n3;                                                                                               \
        WEFT__T_##t4 n4;                                                                                               \
    } e;
#define WEFT_EVENT5(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5)                                                   \
    struct {                                                                                                           \
        WEFT__T_##t1 n1;                                                                                               \
        WEFT__T_##t2 n2;                                                                                               \
        WEFT__T_##t3 n3;                                                                                               \
        WEFT__T_##t4 n4;                                                                                               \
        WEFT__T_##t5 n5;                                                                                               \
    } e;
#define WEFT_EVENT6(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5, t6, n6)                                           \
    struct {                                                                                                           \
        WEFT__T_##t1 n1;                                                                                               \
        WEFT__T_##t2 n2;                                                                                               \
        WEFT__T_##t3 n3;                                                                                               \
        WEFT__T_##t4 n4;                                                                                               \
        WEFT__T_##t5 n5;                                                                                               \
        WEFT__T_##t6 n6;                                                                                               \
    } e;
#include <weft/trace_events.def>
#undef WEFT_EVENT1
#undef WEFT_EVENT2
#undef WEFT_EVENT3
#undef WEFT_EVENT4
#undef WEFT_EVENT5
#undef WEFT_EVENT6
    };
};

/* Something was lost between two moments: whatever was open then cannot be told any more. */
struct event_gap {
    int64_t begin_ns;
    int64_t end_ns;
    uint64_t
        count; /* events, or packets full of them; LTTng's counter may step back, so it may wrap: only sums are right */
    bool packets;
    bool counted; /* the count is known */
};

#endif
