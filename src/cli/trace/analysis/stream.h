/* SPDX-License-Identifier: MIT */
/*
 * What went through channels of one name: those of a process that share name, component and capacity. A live channel
 * has a record of its own, with a time per message that lies in it; what it says goes into its stream.
 */
#ifndef WEFT_CLI_TRACE_ANALYSIS_STREAM_H
#define WEFT_CLI_TRACE_ANALYSIS_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/trace/analysis/histogram.h"
#include "cli/trace/analysis/series.h"
#include "cli/trace/event.h"
#include "cli/trace/map.h"

struct analysis;
struct machine;

enum {
    STREAMS_MAX = 4096, /* names that are told apart; later ones are one */
    STREAM_BLOCKED = 64 /* waits of threads of one channel whose beginning is remembered */
};

struct stream {
    uint32_t number; /* from 1 on; 0: a channel's own, of which nobody knows yet what it is called */
    uint64_t process;
    char *name; /* NULL: never told, or beyond STREAMS_MAX */
    char *component;
    uint32_t capacity;
    uint32_t message_size;
    uint64_t channels;
    uint64_t live; /* when the recording ended */
    uint64_t sent;
    uint64_t received;
    uint64_t failed;
    int32_t fail_error;   /* the last */
    uint64_t dropped[3];  /* by WEFT_TRACE_drop_reason_… */
    uint64_t left_behind; /* messages that lay in it when its receiver closed */
    uint64_t no_receiver; /* channels in which messages lie and from which nobody has received */
    uint32_t depth_max;   /* in the recording */
    uint32_t waiting_max; /* senders at a time */
    uint64_t waits;
    struct histogram send_waits; /* of senders, until there was room */
    int64_t wait_worst_ns;
    uint32_t wait_worst_by; /* the profile of that sender; 0: a thread */
    int64_t wait_worst_at_ns;
    int64_t blocked_ns;         /* that senders which still wait have waited when the recording ended */
    struct histogram residence; /* of messages, from send to receive */
    struct series *depth;       /* of all its channels together; NULL without a number */
    double known_ns;            /* channel time, of which: */
    double near_ns;             /* at 80 % of the capacity or more */
    double full_ns;
    double depth_ns; /* depth times time */
    int64_t full_longest_ns;
    uint32_t receiver; /* the profile of the last receiver, 0: a thread */
    struct stream *same_hash;
};

struct streams {
    struct map by_hash;
    struct stream **list; /* by number - 1 */
    uint32_t count;
};

/* A live channel. */
struct flow {
    uint64_t id;
    struct stream *stream;
    uint32_t capacity;
    uint32_t depth;
    int64_t since_ns; /* since when the depth is what it is; FLOW_UNKNOWN */
    int64_t full_since_ns;
    int64_t *sent_ns; /* a ring: when each message in it was sent */
    uint32_t ring_size;
    uint32_t ring_head;
    uint32_t ring_count;
    uint32_t unknown; /* messages before those in the ring, whose sending was not seen */
    uint32_t early;   /* messages that were received before the event of their sending */
    bool synced;      /* the ring agrees with the channel */
    bool received_any;
    uint64_t receiver;                  /* the last task that received, or waits to */
    int64_t blocked_ns[STREAM_BLOCKED]; /* threads that wait to send, in their order */
    uint32_t blocked_head;
    uint32_t blocked_count;
};

#define FLOW_UNKNOWN INT64_MIN

void streams_fini(struct streams *streams);
struct stream *streams_at(const struct streams *streams, uint32_t number);

/* Events of channels, in the machine of their process. */
void flow_event(struct analysis *analysis, struct machine *machine, const struct event *event);

/* A task's wait for room is over, after `ns`. */
void flow_waited(struct machine *machine, uint64_t chan, uint64_t task, int64_t since_ns, int64_t ns);

/* Something was lost: what lies in which channel is not known any more. */
void flows_forget(struct machine *machine);

/* Who waits for room now. */
void flows_look(struct analysis *analysis, struct machine *machine, int64_t ns);

/* The recording has ended at `ns`. */
void flows_finish(struct analysis *analysis, struct machine *machine, int64_t ns);
void flows_fini(struct machine *machine);

#endif
