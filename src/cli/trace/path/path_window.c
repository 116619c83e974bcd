/* SPDX-License-Identifier: MIT */
/* See path.h: what is kept of the window, and which message a receive took. */
#include <stdlib.h>

#include "cli/memory.h"
#include "cli/trace/path/path.h"

/* What lies in a channel: the sendings that were seen, and how many lay there before them. */
struct path_queue {
    uint32_t *sends; /* a ring: 1 + the event */
    uint32_t size;
    uint32_t head;
    uint32_t count;
    uint32_t unknown;
    uint32_t early; /* 1 + a receive whose message's sending is yet to be told */
    bool synced;
};

void path_init(struct path *path, uint64_t process, uint64_t task, int64_t begin_ns, int64_t end_ns)
{
    *path = (struct path){.begin_ns = begin_ns, .end_ns = end_ns, .process = process, .prefer = task};
}

static void path_forget(struct path *path)
{
    struct path_queue *queue;
    for (size_t at = 0; (queue = map_next(&path->queues, &at));) {
        free(queue->sends);
        free(queue);
    }
    map_fini(&path->queues);
    map_fini(&path->last);
}

void path_fini(struct path *path)
{
    path_forget(path);
    map_fini(&path->jobs);
    free(path->events);
    free(path->legs);
}

static struct path_queue *path_queue(struct path *path, uint64_t chan)
{
    struct path_queue *queue = map_get(&path->queues, chan);
    if (!queue) {
        queue = memory_zeroed(1, sizeof *queue);
        map_put(&path->queues, chan, queue);
    }
    return queue;
}

static void queue_sync(struct path_queue *queue, uint32_t depth)
{
    if (!queue->synced)
        queue->unknown = depth > queue->count ? depth - queue->count : 0;
    queue->synced = true;
}

static void queue_push(struct path_queue *queue, uint32_t index)
{
    if (queue->count == queue->size) {
        const uint32_t size = queue->size ? 2 * queue->size : 16;
        uint32_t *sends = memory_zeroed(size, sizeof *sends);
        for (uint32_t i = 0; i < queue->count; i++)
            sends[i] = queue->sends[(queue->head + i) % queue->size];
        free(queue->sends);
        queue->sends = sends;
        queue->size = size;
        queue->head = 0;
    }
    queue->sends[(queue->head + queue->count++) % queue->size] = index;
}

/* The sending to follow of what was taken: that of the task whose path is asked for, or the last. */
static uint32_t queue_pop(const struct path *path, struct path_queue *queue, uint32_t count)
{
    uint32_t match = 0;
    const uint32_t old = count < queue->unknown ? count : queue->unknown;
    queue->unknown -= old;
    for (count -= old; count && queue->count; count--) {
        const uint32_t index = queue->sends[queue->head];
        queue->head = (queue->head + 1) % queue->size;
        queue->count--;
        if (!match || path->events[match - 1].task != path->prefer)
            match = index;
    }
    return match;
}

/* Half of the window is let go: the earlier. The path ends there, so what lay in channels then is of no interest. */
static void path_halve(struct path *path)
{
    const size_t keep = path->count / 2, gone = path->count - keep;
    for (size_t i = 0; i < keep; i++) {
        struct path_event *event = &path->events[i];
        *event = path->events[gone + i];
        event->before = event->before > gone ? event->before - (uint32_t)gone : 0;
        event->match = event->match > gone ? event->match - (uint32_t)gone : 0;
    }
    path->count = keep;
    path->dropped += gone;
    path->begin_ns = path->events[0].ns;
    path_forget(path);
    for (size_t i = 0; i < keep; i++)
        map_put(&path->last, path->events[i].task, (void *)(uintptr_t)(i + 1));
}

static struct path_event *path_add(struct path *path, const struct analysis *analysis, const struct event *event,
                                   uint64_t task, uint64_t other)
{
    const struct machine *machine = map_get(&analysis->machines, event->process);
    const struct life *life = machine ? life_find(machine, task) : NULL;
    if (path->count == PATH_EVENTS_MAX)
        path_halve(path);
    if ((path->count & (path->count - 1)) == 0) /* room is a power of two */
        path->events = memory_resize(path->events, path->count ? 2 * path->count : 1, sizeof *path->events);
    struct path_event *added = &path->events[path->count++];
    *added = (struct path_event){
        .ns = event->ns,
        .task = task,
        .other = other,
        .profile = life ? life->profile->number : 0,
        .before = task ? (uint32_t)(uintptr_t)map_get(&path->last, task) : 0,
        .kind = (uint8_t)event->kind,
    };
    if (task)
        map_put(&path->last, task, (void *)(uintptr_t)path->count);
    return added;
}

static const char *path_channel(const struct analysis *analysis, const struct event *event, uint64_t chan)
{
    const struct machine *machine = map_get(&analysis->machines, event->process);
    const struct flow *flow = machine ? map_get(&machine->flows, chan) : NULL;
    return flow ? flow->stream->name : NULL;
}

static void path_wake(struct path *path, const struct analysis *analysis, const struct event *event)
{
    const struct machine *machine = map_get(&analysis->machines, event->process);
    const bool job = event->wake.source == WEFT_TRACE_wake_source_BLOCKING;
    struct path_event *added =
        path_add(path, analysis, event, event->wake.task, job ? event->wake.object : event->wake.by);
    added->detail = event->wake.source;
    if (event->wake.source == WEFT_TRACE_wake_source_CHANNEL)
        added->label = path_channel(analysis, event, event->wake.object);
    if (event->wake.source == WEFT_TRACE_wake_source_SYNC && machine) {
        const struct place *place = places_find(&machine->places, event->wake.object);
        added->label = place ? place->name : NULL;
    }
}

static void path_send(struct path *path, const struct analysis *analysis, const struct event *event)
{
    struct path_queue *queue = path_queue(path, event->chan_send.chan);
    (void)path_add(path, analysis, event, event->chan_send.task, event->chan_send.chan);
    queue = path_queue(path, event->chan_send.chan); /* the window may have been halved */
    if (queue->early) {
        path->events[queue->early - 1].match = (uint32_t)path->count;
        queue->early = 0;
        return;
    }
    queue_push(queue, (uint32_t)path->count);
    queue_sync(queue, event->chan_send.depth);
}

static void path_receive(struct path *path, const struct analysis *analysis, const struct event *event)
{
    struct path_event *added = path_add(path, analysis, event, event->chan_recv.task, event->chan_recv.chan);
    struct path_queue *queue = path_queue(path, event->chan_recv.chan);
    queue_sync(queue, event->chan_recv.depth + event->chan_recv.count);
    added->number = event->chan_recv.count;
    added->label = path_channel(analysis, event, event->chan_recv.chan);
    const uint32_t known = queue->unknown + queue->count;
    added->match = queue_pop(path, queue, event->chan_recv.count);
    if (known < event->chan_recv.count)
        queue->early = (uint32_t)path->count;
}

void path_event(struct path *path, const struct analysis *analysis, const struct event *event)
{
    struct path_event *added;
    if (event->process != path->process || event->ns < path->begin_ns || event->ns > path->end_ns)
        return;
    switch (event->kind) {
    case WEFT_TRACE_task_spawn:
        (void)path_add(path, analysis, event, event->task_spawn.task, event->task_spawn.parent);
        break;
    case WEFT_TRACE_poll_start:
        (void)path_add(path, analysis, event, event->poll_start.task, 0);
        break;
    case WEFT_TRACE_poll_end:
        added = path_add(path, analysis, event, event->poll_end.task, 0);
        added->number = event->poll_end.line;
        added->detail = event->poll_end.result;
        break;
    case WEFT_TRACE_wake:
        path_wake(path, analysis, event);
        break;
    case WEFT_TRACE_chan_send:
        path_send(path, analysis, event);
        break;
    case WEFT_TRACE_chan_recv:
        path_receive(path, analysis, event);
        break;
    case WEFT_TRACE_chan_wait:
        added = path_add(path, analysis, event, event->chan_wait.task, event->chan_wait.chan);
        added->detail = event->chan_wait.side;
        break;
    case WEFT_TRACE_blocking_queue:
        (void)path_add(path, analysis, event, event->blocking_queue.task, event->blocking_queue.job);
        if (event->blocking_queue.task)
            map_put(&path->jobs, event->blocking_queue.job, (void *)(uintptr_t)event->blocking_queue.task);
        break;
    case WEFT_TRACE_blocking_start:
        (void)path_add(path, analysis, event, (uint64_t)(uintptr_t)map_get(&path->jobs, event->blocking_start.job),
                       event->blocking_start.job);
        break;
    case WEFT_TRACE_blocking_end:
        (void)map_remove(&path->jobs, event->blocking_end.job);
        break;
    default: /* says nothing of who waits for whom */
        break;
    }
}
