/* SPDX-License-Identifier: MIT */
/* See model.h: here each kind of event is sent to what it changes. */
#include "cli/trace/model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"

void model_init(struct model *model)
{
    *model = (struct model){.certain_ns = INT64_MIN};
}

void model_fini(struct model *model)
{
    struct process *process;
    for (size_t at = 0; (process = map_next(&model->processes, &at));) {
        tasks_fini(&process->tasks);
        channels_fini(&process->channels);
        workers_fini(&process->workers);
        free(process);
    }
    map_fini(&model->processes);
}

const struct process *model_process(const struct model *model, uint64_t id)
{
    return map_get(&model->processes, id);
}

const char *model_task_name(const struct model *model, uint64_t id, uint64_t task_id)
{
    const struct process *process = model_process(model, id);
    const struct task *task = process ? tasks_find(&process->tasks, task_id) : NULL;
    return task ? tasks_name_of(&process->tasks, task->name, task->site) : NULL;
}

void model_gap(struct model *model, const struct event_gap *gap)
{
    if (gap->end_ns > model->certain_ns)
        model->certain_ns = gap->end_ns;
    if (!gap->counted)
        model->lost_uncounted = true;
    else if (gap->packets)
        model->packets_lost += gap->count;
    else
        model->events_lost += gap->count;
}

static void model_poll_start(struct model *model, struct process *process, const struct event *event)
{
    tasks_poll_start(&process->tasks, event->poll_start.task, event->ns);
    workers_awake(&process->workers, event->poll_start.worker, event->ns, model->certain_ns);
}

static void model_poll_end(struct model *model, struct process *process, const struct event *event)
{
    int64_t took = tasks_poll_end(&process->tasks, event->poll_end.task, event->ns, model->certain_ns);
    workers_poll(&process->workers, event->poll_end.worker, event->ns, took);
}

/* A wait for room ends with the wake that the channel sends, or another that comes first (a cancellation). */
static void model_wake(struct model *model, struct process *process, const struct event *event)
{
    struct task *task = tasks_need(&process->tasks, event->wake.task);
    task->totals.wakes++;
    if (task->wait_ns != TASKS_CLOSED && task->wait_ns > model->certain_ns)
        channels_waited(&process->channels, task->wait_chan, event->ns - task->wait_ns);
    task->wait_ns = TASKS_CLOSED;
}

static void model_wake_noop(struct process *process, const struct event *event)
{
    struct task *task =
        tasks_find(&process->tasks, event->wake_noop.task); /* it may be gone: that is one of its reasons */
    if (task)
        task->totals.wakes_noop++;
}

static void model_wait(struct process *process, const struct event *event)
{
    channels_wait(&process->channels, event);
    struct task *task = tasks_find(&process->tasks, event->chan_wait.task);
    if (task && event->chan_wait.side == WEFT_TRACE_channel_side_SENDER) {
        task->wait_ns = event->ns;
        task->wait_chan = event->chan_wait.chan;
    }
}

static void model_stall(const struct model *model, struct process *process, const struct event *event)
{
    struct stall *longest = &process->stall_longest;
    process->stalls++;
    if ((int64_t)event->stall.poll_ns <= longest->ns)
        return;
    const char *name = model_task_name(model, process->id, event->stall.task);
    const size_t length = strlen(event->stall.file), room = sizeof longest->file - 1;
    *longest = (struct stall){.ns = (int64_t)event->stall.poll_ns, .line = event->stall.line};
    snprintf(longest->task, sizeof longest->task, "%s", name ? name : "");
    snprintf(longest->function, sizeof longest->function, "%s", event->stall.function);
    snprintf(longest->file, sizeof longest->file, "%s", event->stall.file + (length > room ? length - room : 0));
}

struct process *model_need(struct model *model, uint64_t id)
{
    struct process *process = map_get(&model->processes, id);
    if (!process) {
        process = memory_zeroed(1, sizeof *process);
        process->id = id;
        map_put(&model->processes, id, process);
    }
    return process;
}

void model_event(struct model *model, const struct event *event)
{
    if (model->events++ == 0)
        model->begin_ns = event->ns;
    model->end_ns = event->ns;
    model->events_of[event->kind]++;
    struct process *process = model_need(model, event->process);

    switch (event->kind) {
    case WEFT_TRACE_runtime_start:
        workers_runtime_start(&process->workers, event);
        break;
    case WEFT_TRACE_runtime_stop:
        workers_runtime_stop(&process->workers, event);
        break;
    case WEFT_TRACE_thread_start:
        workers_start(&process->workers, event);
        break;
    case WEFT_TRACE_thread_stop:
        workers_stop(&process->workers, event);
        break;
    case WEFT_TRACE_site_def:
        tasks_site(&process->tasks, event);
        break;
    case WEFT_TRACE_task_name:
        tasks_name(&process->tasks, event);
        break;
    case WEFT_TRACE_chan_open:
        channels_open(&process->channels, event, process->announcing > 0);
        break;
    case WEFT_TRACE_chan_end:
        channels_end(&process->channels, event->chan_end.chan);
        break;
    case WEFT_TRACE_statedump_begin:
        process->announcing++;
        process->announcements++;
        tasks_announcing(&process->tasks, true);
        break;
    case WEFT_TRACE_statedump_task:
        tasks_announce(&process->tasks, event);
        break;
    case WEFT_TRACE_statedump_chan:
        channels_announce(&process->channels, event);
        break;
    case WEFT_TRACE_statedump_end:
        process->announcing -= process->announcing > 0;
        tasks_announcing(&process->tasks, process->announcing > 0);
        break;
    case WEFT_TRACE_task_spawn:
        tasks_spawn(&process->tasks, event);
        break;
    case WEFT_TRACE_task_end:
        tasks_end(&process->tasks, event->task_end.task, event->task_end.result);
        break;
    case WEFT_TRACE_poll_start:
        model_poll_start(model, process, event);
        break;
    case WEFT_TRACE_poll_end:
        model_poll_end(model, process, event);
        break;
    case WEFT_TRACE_wake:
        model_wake(model, process, event);
        break;
    case WEFT_TRACE_wake_noop:
        model_wake_noop(process, event);
        break;
    case WEFT_TRACE_worker_park:
        workers_park(&process->workers, event->worker_park.worker, event->ns);
        break;
    case WEFT_TRACE_worker_unpark:
        workers_awake(&process->workers, event->worker_unpark.worker, event->ns, model->certain_ns);
        break;
    case WEFT_TRACE_steal:
        workers_awake(&process->workers, event->steal.worker, event->ns, model->certain_ns);
        workers_steal(&process->workers, event);
        break;
    case WEFT_TRACE_queue_overflow:
        workers_overflow(&process->workers, event);
        break;
    case WEFT_TRACE_stall:
        model_stall(model, process, event);
        break;
    case WEFT_TRACE_chan_send:
        channels_send(&process->channels, event);
        break;
    case WEFT_TRACE_chan_recv:
        channels_receive(&process->channels, event);
        break;
    case WEFT_TRACE_chan_wait:
        model_wait(process, event);
        break;
    case WEFT_TRACE_chan_fail:
        channels_fail(&process->channels, event);
        break;
    case WEFT_TRACE_chan_drop:
        channels_drop(&process->channels, event);
        break;
    case WEFT_TRACE_chan_health:
        channels_health(&process->channels, event);
        break;
    default: /* counted above; nothing here needs more of it yet */
        break;
    }
}
