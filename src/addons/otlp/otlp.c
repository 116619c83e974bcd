/* SPDX-License-Identifier: MIT */
/*
 * Starting and stopping. There is one in a process, as there is one tracer. The child of a fork has no thread that sends: what
 * it records is not recorded, contexts are still handed on, and it may start one of its own.
 */
#include <weft/otlp.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>
#include <weft/error.h>
#include <weft/inspect.h>

#include "base/atomic.h"
#include "base/lock.h"
#include "exporter.h"
#include "live.h"
#include "tracer.h"

struct weft_otlp {
    struct weft__otlp_settings settings;
    struct weft__otlp_exporter *exporter; /* NULL: it is disabled */
    bool inherited; /* it is the parent's; set while there is one thread */
};

static struct {
    struct weft__lock lock;
    struct weft_otlp *live;
    bool watched;  /* the handler of forks is there */
    bool traces;   /* the tracer is set: also in the child of a fork, which begins with its parent's */
    _Atomic int process; /* the one that weft_otlp_environment() has started in */
} otlp;

static void otlp_in_child(void)
{
    weft__otlp_live_in_child();
    otlp.lock = (struct weft__lock){0}; /* the only thread */
    if (otlp.live)
        otlp.live->inherited = true;
    otlp.live = NULL;
}

static const char *otlp_getenv(const char *name)
{
    return getauxval(AT_SECURE) == 0 ? getenv(name) : NULL;
}

static int otlp_check(weft_otlp **out_otlp, const weft_otlp_options *o)
{
    static const char call[] = "weft_otlp_start";
    if (!out_otlp)
        return weft_error_refuse(WEFT_EINVAL, "%s: the place for it must not be null", call);
    if (o->size < sizeof *o)
        return weft_error_refuse(WEFT_EINVAL, "%s: options of %zu bytes, not %zu: use WEFT_OTLP_OPTIONS()", call, o->size, sizeof *o);
    if ((unsigned)o->environment > WEFT_OTLP_ENVIRONMENT_IGNORED)
        return weft_error_refuse(WEFT_EINVAL, "%s: environment %d is not one of weft_otlp_environment_use", call, (int)o->environment);
    if ((unsigned)o->tasks > WEFT_OTLP_TASKS_NONE)
        return weft_error_refuse(WEFT_EINVAL, "%s: tasks %d is not one of weft_otlp_tasks", call, (int)o->tasks);
    return 0;
}

static void otlp_free(struct weft_otlp *it)
{
    weft__otlp_settings_free(&it->settings);
    free(it);
}

/* What can fail, in order. Under the lock. */
static int otlp_begin(struct weft_otlp *it)
{
    static const char call[] = "weft_otlp_start";
    if (otlp.live)
        return weft_error_refuse(WEFT_EBUSY, "%s: one lives in this process: stop it first", call);
    if (!otlp.watched && pthread_atfork(NULL, NULL, otlp_in_child) != 0)
        return weft_error_refuse(WEFT_ENOMEM, "%s: no memory", call);
    otlp.watched = true;
    const int traces = otlp.traces ? 0 : weft__otlp_tracer_begin();
    if (traces < 0)
        return traces;
    otlp.traces = true;
    weft__otlp_live_begin(&it->settings);
    const int error = it->settings.disabled ? 0 : weft__otlp_exporter_start(&it->exporter, &it->settings);
    if (error == 0) {
        otlp.live = it;
        return 0;
    }
    weft__otlp_live_end();
    weft__otlp_tracer_end();
    otlp.traces = false;
    return weft_error_refuse(error, "%s: no memory or thread to send with: %s", call, weft_error_text(error));
}

int weft_otlp_start(weft_otlp **out_otlp, const weft_otlp_options *options)
{
    static const weft_otlp_options defaults = {.size = sizeof defaults};
    const weft_otlp_options *o = options ? options : &defaults;
    const int wrong = otlp_check(out_otlp, o);
    if (wrong)
        return wrong;
    struct weft_otlp *it = calloc(1, sizeof *it);
    int error = it ? weft__otlp_settings_read(&it->settings, o, otlp_getenv) : WEFT_ENOMEM;
    if (error < 0)
        weft_error_refuse(error, "weft_otlp_start: no memory");
    if (error == 0) {
        weft__lock(&otlp.lock);
        error = otlp_begin(it);
        weft__unlock(&otlp.lock);
    }
    if (error < 0 && it)
        otlp_free(it);
    else if (error == 0)
        *out_otlp = it;
    return error;
}

/* A thread that would stand still, and all tasks of its worker with it. */
static int otlp_check_thread(const char *call)
{
    if (!weft_worker_inside())
        return 0;
    return weft_error_refuse(WEFT_EPERM, "%s: not on a worker, which would stand still until all is sent: use weft_job_run(), or a thread of the "
                                         "host", call);
}

static int otlp_stop(weft_otlp *it, int64_t deadline_ns)
{
    if (it->inherited)
        return 0; /* its thread is in the other process, and may have held any lock: what it is made of stays */
    weft__lock(&otlp.lock);
    weft__otlp_tracer_end();
    otlp.traces = false;
    weft__otlp_live_end();
    const bool whole = !it->exporter || weft__otlp_exporter_stop(it->exporter, deadline_ns);
    otlp.live = NULL;
    weft__unlock(&otlp.lock);
    otlp_free(it);
    return whole ? 0 : weft_error_refuse(WEFT_ETIMEDOUT, "weft_otlp_stop: the deadline passed before all was sent: the rest is dropped");
}

int weft_otlp_stop(weft_otlp *it, int64_t deadline_ns)
{
    if (!it)
        return weft_error_refuse(WEFT_EINVAL, "weft_otlp_stop: null");
    const int wrong = otlp_check_thread("weft_otlp_stop");
    return wrong ? wrong : otlp_stop(it, deadline_ns);
}

int weft_otlp_flush(weft_otlp *it, int64_t deadline_ns)
{
    if (!it)
        return weft_error_refuse(WEFT_EINVAL, "weft_otlp_flush: null");
    const int wrong = otlp_check_thread("weft_otlp_flush");
    if (wrong)
        return wrong;
    if (it->inherited)
        return weft_error_refuse(WEFT_ESHUTDOWN, "weft_otlp_flush: it lives in the process that forked this one");
    return it->exporter ? weft__otlp_exporter_flush(it->exporter, deadline_ns) : 0;
}

static weft_otlp_counts otlp_counts(enum weft__otlp_signal signal)
{
    struct weft__otlp_queue *queue = &weft__otlp_queues[signal]; /* statistics, all of them */
    return (weft_otlp_counts){
        .exported = weft__load_relaxed(&queue->tally.exported),
        .dropped = weft__load_relaxed(&queue->tally.dropped),
        .failed = weft__load_relaxed(&queue->tally.failed),
        .rejected = weft__load_relaxed(&queue->tally.rejected),
        .queued = weft__load_relaxed(&queue->count),
        .requests = weft__load_relaxed(&queue->tally.requests),
        .retries = weft__load_relaxed(&queue->tally.retries),
    };
}

int weft_otlp_status_get(weft_otlp *it, weft_otlp_status *out)
{
    if (!it || !out || out->size < sizeof *out)
        return weft_error_refuse(WEFT_EINVAL, "weft_otlp_status_get: otlp and status must not be null, and its size be set");
    *out = (weft_otlp_status){
        .size = out->size,
        .disabled = it->settings.disabled,
        .spans = otlp_counts(WEFT__OTLP_TRACES),
        .metrics = otlp_counts(WEFT__OTLP_METRICS),
        .logs = otlp_counts(WEFT__OTLP_LOGS),
    };
    snprintf(out->settings, sizeof out->settings, "%s", it->settings.problems);
    if (it->exporter && !it->inherited)
        weft__otlp_exporter_error(it->exporter, out->error, sizeof out->error);
    return 0;
}

static struct weft_otlp *otlp_of_process; /* that the environment asked for */

/* What the program has to say last. */
__attribute__((destructor)) static void otlp_process_ends(void)
{
    if (otlp_of_process)
        otlp_stop(otlp_of_process, weft_deadline_in(2000000000)); /* also where a task has called exit() */
}

int weft_otlp_environment(void)
{
    const char *wanted = otlp_getenv("WEFT_OTLP");
    const int process = (int)getpid();
    int before = weft__load_relaxed(&otlp.process);
    /* Once in a process; the child of a fork is another. Whoever wins starts it. */
    if (!wanted || !*wanted || strcmp(wanted, "0") == 0 || before == process ||
        !weft__cas_strong_relaxed(&otlp.process, &before, process))
        return 0;
    const int error = weft_otlp_start(&otlp_of_process, NULL);
    return error < 0 ? error : 1;
}
