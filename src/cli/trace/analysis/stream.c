/* SPDX-License-Identifier: MIT */
/*
 * See stream.h. Messages come out of a channel in the order in which they went in, so a ring of times tells how long
 * each lay in it. Two things make it inexact for a moment: a message may be received before the event of its sending is
 * recorded (then it lay for no time), and after a late start or a gap the depth that the next event says tells how many
 * messages lie before those that are known.
 */
#include "cli/trace/analysis/stream.h"

#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/trace/analysis/analysis.h"

#define STREAM_NEAR 0.8 /* of the capacity: where the monitor begins to say degraded */

/* ---- streams ---- */

static void stream_free(struct stream *stream)
{
    histogram_fini(&stream->send_waits);
    histogram_fini(&stream->residence);
    free(stream->depth);
    free(stream->name);
    free(stream->component);
    free(stream);
}

void streams_fini(struct streams *streams)
{
    for (uint32_t i = 0; i < streams->count; i++)
        stream_free(streams->list[i]);
    free(streams->list);
    map_fini(&streams->by_hash);
}

struct stream *streams_at(const struct streams *streams, uint32_t number)
{
    return number && number <= streams->count ? streams->list[number - 1] : NULL;
}

static bool stream_is(const struct stream *stream, uint64_t process, const char *name, const char *component,
                      uint32_t capacity)
{
    return stream->process == process && stream->capacity == capacity && !stream->name == !name &&
           (!name || !strcmp(stream->name, name)) && !strcmp(stream->component, component);
}

static struct stream *streams_need(struct streams *streams, uint64_t process, const char *name, const char *component,
                                   uint32_t capacity, int64_t begin_ns)
{
    const char *texts[] = {name ? name : "", component};
    uint64_t hash = (UINT64_C(0xcbf29ce484222325) ^ capacity ^ process << 32) * UINT64_C(0x100000001b3);
    for (int i = 0; i < 2; i++, hash *= UINT64_C(0x100000001b3))
        for (const char *c = texts[i]; *c; c++)
            hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    struct stream *first = map_get(&streams->by_hash, hash), *stream = first;
    while (stream && !stream_is(stream, process, name, component, capacity))
        stream = stream->same_hash;
    if (stream)
        return stream;
    if (streams->count >= STREAMS_MAX && name)
        return streams_need(streams, process, NULL, "", 0, begin_ns);
    stream = memory_zeroed(1, sizeof *stream);
    stream->process = process;
    stream->name = memory_text(name);
    stream->component = memory_text(component);
    stream->capacity = capacity;
    stream->same_hash = first;
    stream->depth = memory_zeroed(1, sizeof *stream->depth);
    series_init(stream->depth, begin_ns);
    map_put(&streams->by_hash, hash, stream);
    if ((streams->count & (streams->count - 1)) == 0) /* room is a power of two */
        streams->list =
            memory_resize(streams->list, streams->count ? 2 * (size_t)streams->count : 1, sizeof(struct stream *));
    streams->list[streams->count++] = stream;
    stream->number = streams->count;
    return stream;
}

/* What a channel did before its name was told goes into the stream of that name. */
static void stream_merge(struct stream *into, struct stream *from)
{
    into->sent += from->sent;
    into->received += from->received;
    into->failed += from->failed;
    if (from->failed)
        into->fail_error = from->fail_error;
    for (int i = 0; i < 3; i++)
        into->dropped[i] += from->dropped[i];
    into->left_behind += from->left_behind;
    into->depth_max = from->depth_max > into->depth_max ? from->depth_max : into->depth_max;
    into->waiting_max = from->waiting_max > into->waiting_max ? from->waiting_max : into->waiting_max;
    into->waits += from->waits;
    histogram_merge(&into->send_waits, &from->send_waits);
    histogram_merge(&into->residence, &from->residence);
    if (from->wait_worst_ns > into->wait_worst_ns) {
        into->wait_worst_ns = from->wait_worst_ns;
        into->wait_worst_by = from->wait_worst_by;
        into->wait_worst_at_ns = from->wait_worst_at_ns;
    }
    if (from->receiver)
        into->receiver = from->receiver;
    stream_free(from);
}

static void stream_series(struct stream *stream, int64_t ns, double delta)
{
    if (stream->depth)
        series_change(stream->depth, ns, delta);
}

/* ---- live channels ---- */

static struct flow *flow_need(struct machine *machine, uint64_t id)
{
    struct flow *flow = map_get(&machine->flows, id);
    if (flow)
        return flow;
    flow = memory_zeroed(1, sizeof *flow);
    flow->id = id;
    flow->since_ns = flow->full_since_ns = FLOW_UNKNOWN;
    flow->stream = memory_zeroed(1, sizeof *flow->stream);
    map_put(&machine->flows, id, flow);
    return flow;
}

static void flow_leave_full(struct flow *flow, int64_t ns)
{
    if (flow->full_since_ns != FLOW_UNKNOWN && ns - flow->full_since_ns > flow->stream->full_longest_ns)
        flow->stream->full_longest_ns = ns - flow->full_since_ns;
    flow->full_since_ns = FLOW_UNKNOWN;
}

/* What it was like from `since_ns` until now. */
static void flow_advance(struct analysis *analysis, struct flow *flow, int64_t ns)
{
    if (flow->since_ns == FLOW_UNKNOWN || flow->since_ns <= analysis->model.certain_ns)
        return;
    struct stream *stream = flow->stream;
    const double took = (double)(ns - flow->since_ns);
    stream->known_ns += took;
    stream->depth_ns += took * flow->depth;
    if (flow->capacity && flow->depth >= STREAM_NEAR * flow->capacity)
        stream->near_ns += took;
    if (flow->capacity && flow->depth >= flow->capacity)
        stream->full_ns += took;
}

static void flow_depth(struct analysis *analysis, struct flow *flow, int64_t ns, uint32_t depth)
{
    struct stream *stream = flow->stream;
    flow_advance(analysis, flow, ns);
    const double before = flow->since_ns == FLOW_UNKNOWN ? 0 : flow->depth;
    if (!flow->capacity || depth < flow->capacity)
        flow_leave_full(flow, ns);
    else if (flow->full_since_ns == FLOW_UNKNOWN)
        flow->full_since_ns = ns;
    if (flow->since_ns == FLOW_UNKNOWN || depth != flow->depth)
        stream_series(stream, ns, depth - before);
    if (depth > stream->depth_max)
        stream->depth_max = depth;
    flow->depth = depth;
    flow->since_ns = ns;
}

static void flow_push(struct flow *flow, int64_t ns)
{
    if (flow->ring_count == flow->ring_size) {
        const uint32_t size = flow->ring_size ? 2 * flow->ring_size : 16;
        int64_t *ring = memory_zeroed(size, sizeof *ring);
        for (uint32_t i = 0; i < flow->ring_count; i++)
            ring[i] = flow->sent_ns[(flow->ring_head + i) % flow->ring_size];
        free(flow->sent_ns);
        flow->sent_ns = ring;
        flow->ring_size = size;
        flow->ring_head = 0;
    }
    flow->sent_ns[(flow->ring_head + flow->ring_count++) % flow->ring_size] = ns;
}

/* `count` messages have left; `received`: how long each lay in it is of interest. */
static void flow_pop(struct flow *flow, int64_t ns, uint32_t count, bool received)
{
    const uint32_t old = count < flow->unknown ? count : flow->unknown;
    flow->unknown -= old;
    count -= old;
    for (; count && flow->ring_count; count--) {
        if (received)
            histogram_add(&flow->stream->residence, ns - flow->sent_ns[flow->ring_head]);
        flow->ring_head = (flow->ring_head + 1) % flow->ring_size;
        flow->ring_count--;
    }
    flow->early += count;
}

/* The depth that an event says tells how many lie before those in the ring. */
static void flow_sync(struct flow *flow, uint32_t depth)
{
    if (flow->synced)
        return;
    flow->unknown = depth > flow->ring_count ? depth - flow->ring_count : 0;
    flow->early = 0;
    flow->synced = true;
}

/* ---- events ---- */

static void flow_open(struct analysis *analysis, struct machine *machine, const struct event *event)
{
    struct flow *flow = flow_need(machine, event->chan_open.chan);
    const bool announced = machine->process->announcing > 0;
    if (flow->stream->number)
        return; /* announced again */
    struct stream *stream =
        streams_need(&analysis->streams, machine->id, event->chan_open.name, event->chan_open.component,
                     event->chan_open.capacity, analysis->model.begin_ns);
    if (flow->since_ns != FLOW_UNKNOWN)
        stream_series(stream, event->ns, flow->depth);
    stream_merge(stream, flow->stream);
    flow->stream = stream;
    flow->capacity = event->chan_open.capacity;
    stream->channels++;
    stream->message_size = event->chan_open.message_size;
    if (announced)
        return; /* statedump_chan follows */
    flow->synced = true;
    flow_depth(analysis, flow, event->ns, 0);
}

static void flow_announce(struct analysis *analysis, struct machine *machine, const struct event *event)
{
    struct flow *flow = flow_need(machine, event->statedump_chan.chan);
    if (flow->synced)
        return; /* what is known of it is younger than the announcement */
    flow_depth(analysis, flow, event->ns, event->statedump_chan.depth);
    flow_sync(flow, event->statedump_chan.depth);
}

static void flow_unblock(struct analysis *analysis, struct machine *machine, struct flow *flow, int64_t ns)
{
    const int64_t since = flow->blocked_ns[flow->blocked_head];
    flow->blocked_head = (flow->blocked_head + 1) % STREAM_BLOCKED;
    flow->blocked_count--;
    if (since > analysis->model.certain_ns)
        flow_waited(machine, flow->id, 0, since, ns - since);
}

static void flow_send(struct analysis *analysis, struct machine *machine, const struct event *event)
{
    struct flow *flow = flow_need(machine, event->chan_send.chan);
    struct stream *stream = flow->stream;
    struct profile *by = life_did(machine, event->chan_send.task);
    stream->sent++;
    if (by)
        by->sends++;
    if (stream->number)
        tally_add(&analysis->sends, by ? by->number : 0, stream->number, 0, 1, 0);
    if (!event->chan_send.task && flow->blocked_count)
        flow_unblock(analysis, machine, flow, event->ns);
    if (event->ns <= analysis->model.certain_ns) {
        flow->synced = false; /* in a gap: others may be missing before and after it */
    } else if (flow->early) {
        flow->early--;
        histogram_add(&stream->residence, 0);
    } else {
        flow_push(flow, event->ns);
        flow_sync(flow, event->chan_send.depth);
    }
    flow_depth(analysis, flow, event->ns, event->chan_send.depth);
}

static void flow_receive(struct analysis *analysis, struct machine *machine, const struct event *event)
{
    struct flow *flow = flow_need(machine, event->chan_recv.chan);
    struct profile *by = life_did(machine, event->chan_recv.task);
    flow->stream->received += event->chan_recv.count;
    flow->received_any = true;
    flow->receiver = event->chan_recv.task;
    flow->stream->receiver = by ? by->number : 0;
    if (by) {
        by->receives += event->chan_recv.count;
        by->stream = flow->stream->number;
    }
    if (flow->stream->number)
        tally_add(&analysis->takes, flow->stream->number, by ? by->number : 0, 0, event->chan_recv.count, 0);
    if (event->ns > analysis->model.certain_ns) {
        flow_sync(flow, event->chan_recv.depth + event->chan_recv.count);
        flow_pop(flow, event->ns, event->chan_recv.count, true);
    }
    flow_depth(analysis, flow, event->ns, event->chan_recv.depth);
}

static void flow_wait(struct machine *machine, const struct event *event)
{
    struct flow *flow = flow_need(machine, event->chan_wait.chan);
    struct life *life = life_waits(machine, event->chan_wait.task);
    if (event->chan_wait.side == WEFT_TRACE_channel_side_RECEIVER) {
        flow->receiver = event->chan_wait.task;
        return;
    }
    flow->stream->waits++;
    if (event->chan_wait.waiting > flow->stream->waiting_max)
        flow->stream->waiting_max = event->chan_wait.waiting;
    if (life) {
        life->room = flow->id;
        life->room_ns = event->ns;
        life->profile->send_waits++;
    } else if (flow->blocked_count < STREAM_BLOCKED) {
        flow->blocked_ns[(flow->blocked_head + flow->blocked_count++) % STREAM_BLOCKED] = event->ns;
    }
}

static void flow_drop(struct analysis *analysis, struct machine *machine, const struct event *event)
{
    struct flow *flow = flow_need(machine, event->chan_drop.chan);
    if (event->chan_drop.reason > WEFT_TRACE_drop_reason_CLOSED)
        return;
    flow->stream->dropped[event->chan_drop.reason] += event->chan_drop.count;
    if (event->chan_drop.reason == WEFT_TRACE_drop_reason_NEWEST)
        return; /* it was never in */
    flow_pop(flow, event->ns, event->chan_drop.count, false);
    if (event->chan_drop.reason == WEFT_TRACE_drop_reason_CLOSED)
        flow_depth(analysis, flow, event->ns,
                   flow->depth > event->chan_drop.count ? flow->depth - event->chan_drop.count : 0);
}

static void flow_end(struct analysis *analysis, struct machine *machine, struct flow *flow, int64_t ns)
{
    flow_advance(analysis, flow, ns);
    flow_leave_full(flow, ns);
    if (flow->since_ns != FLOW_UNKNOWN)
        stream_series(flow->stream, ns, -(double)flow->depth);
    map_remove(&machine->flows, flow->id);
    if (!flow->stream->number) /* nothing ever told of it */
        stream_merge(streams_need(&analysis->streams, machine->id, NULL, "", 0, analysis->model.begin_ns),
                     flow->stream);
    free(flow->sent_ns);
    free(flow);
}

void flow_event(struct analysis *analysis, struct machine *machine, const struct event *event)
{
    struct flow *flow;
    switch (event->kind) {
    case WEFT_TRACE_chan_open:
        flow_open(analysis, machine, event);
        break;
    case WEFT_TRACE_chan_end:
        flow_end(analysis, machine, flow_need(machine, event->chan_end.chan), event->ns);
        break;
    case WEFT_TRACE_statedump_chan:
        flow_announce(analysis, machine, event);
        break;
    case WEFT_TRACE_chan_send:
        flow_send(analysis, machine, event);
        break;
    case WEFT_TRACE_chan_recv:
        flow_receive(analysis, machine, event);
        break;
    case WEFT_TRACE_chan_wait:
        flow_wait(machine, event);
        break;
    case WEFT_TRACE_chan_fail:
        flow = flow_need(machine, event->chan_fail.chan);
        (void)life_did(machine, event->chan_fail.task);
        flow->stream->failed++;
        flow->stream->fail_error = event->chan_fail.error;
        break;
    case WEFT_TRACE_chan_drop:
        flow_drop(analysis, machine, event);
        break;
    case WEFT_TRACE_chan_close:
        flow = flow_need(machine, event->chan_close.chan);
        (void)life_did(machine, event->chan_close.task);
        if (event->chan_close.side == WEFT_TRACE_channel_side_RECEIVER)
            flow->stream->left_behind += event->chan_close.depth;
        break;
    default:
        break;
    }
}

void flow_waited(struct machine *machine, uint64_t chan, uint64_t task, int64_t since_ns, int64_t ns)
{
    const struct flow *flow = map_get(&machine->flows, chan);
    if (!flow)
        return;
    struct stream *stream = flow->stream;
    const struct life *life = life_find(machine, task);
    histogram_add(&stream->send_waits, ns);
    if (ns <= stream->wait_worst_ns)
        return;
    stream->wait_worst_ns = ns;
    stream->wait_worst_by = life ? life->profile->number : 0;
    stream->wait_worst_at_ns = since_ns;
}

void flows_forget(struct machine *machine)
{
    struct flow *flow;
    for (size_t at = 0; (flow = map_next(&machine->flows, &at));) {
        flow->ring_head = flow->ring_count = flow->unknown = flow->early = 0;
        flow->blocked_head = flow->blocked_count = 0;
        flow->synced = false;
        flow->full_since_ns = FLOW_UNKNOWN;
    }
}

/* A sender that still waits has waited until now, however much longer it would have. */
static void flow_still_blocked(struct analysis *analysis, struct flow *flow, int64_t since_ns, int64_t ns)
{
    struct stream *stream = flow->stream;
    if (since_ns <= analysis->model.certain_ns)
        return;
    if (ns - since_ns > stream->blocked_ns)
        stream->blocked_ns = ns - since_ns;
}

void flows_finish(struct analysis *analysis, struct machine *machine, int64_t ns)
{
    struct flow *flow;
    for (size_t at = 0; (flow = map_next(&machine->flows, &at));) {
        flow_advance(analysis, flow, ns);
        if (flow->full_since_ns != FLOW_UNKNOWN)
            flow_leave_full(flow, ns);
        if (!flow->stream->number) {
            struct stream *rest = streams_need(&analysis->streams, machine->id, NULL, "", 0, analysis->model.begin_ns);
            stream_merge(rest, flow->stream);
            rest->channels++;
            flow->stream = rest;
        }
        flow->stream->live++;
        flow->stream->no_receiver += !flow->received_any && flow->depth > 0;
    }
}

void flows_look(struct analysis *analysis, struct machine *machine, int64_t ns)
{
    struct flow *flow;
    for (size_t at = 0; (flow = map_next(&machine->flows, &at));)
        if (flow->blocked_count)
            flow_still_blocked(analysis, flow, flow->blocked_ns[flow->blocked_head], ns);
    const struct life *life;
    for (size_t at = 0; (life = map_next(&machine->lives, &at));) {
        flow = life->room_ns == LIFE_CLOSED ? NULL : map_get(&machine->flows, life->room);
        if (flow)
            flow_still_blocked(analysis, flow, life->room_ns, ns);
    }
}

void flows_fini(struct machine *machine)
{
    struct flow *flow;
    for (size_t at = 0; (flow = map_next(&machine->flows, &at));) {
        if (!flow->stream->number)
            stream_free(flow->stream);
        free(flow->sent_ns);
        free(flow);
    }
    map_fini(&machine->flows);
}
