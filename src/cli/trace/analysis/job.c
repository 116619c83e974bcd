/* SPDX-License-Identifier: MIT */
/* See job.h. */
#include "cli/trace/analysis/job.h"

#include <stdlib.h>

#include "cli/memory.h"

#define JOB_UNSEEN INT64_MIN

void jobs_fini(struct jobs *jobs)
{
    struct job *job;
    for (size_t at = 0; (job = map_next(&jobs->live, &at));)
        free(job);
    map_fini(&jobs->live);
    histogram_fini(&jobs->queueing);
    histogram_fini(&jobs->running);
}

static struct job *jobs_need(struct jobs *jobs, uint64_t id)
{
    struct job *job = map_get(&jobs->live, id);
    if (!job) {
        job = memory_zeroed(1, sizeof *job);
        *job = (struct job){JOB_UNSEEN, JOB_UNSEEN, 0};
        map_put(&jobs->live, id, job);
    }
    return job;
}

static void jobs_start(struct jobs *jobs, const struct event *event, int64_t certain_ns)
{
    struct job *job = jobs_need(jobs, event->blocking_start.job);
    job->start_ns = event->ns;
    jobs->started++;
    if (++jobs->busy > jobs->busy_max)
        jobs->busy_max = jobs->busy;
    if (job->queued_ns == JOB_UNSEEN || job->queued_ns <= certain_ns)
        return;
    const int64_t waited = event->ns - job->queued_ns;
    histogram_add(&jobs->queueing, waited);
    if (waited > jobs->wait_worst_ns) {
        jobs->wait_worst_ns = waited;
        jobs->wait_worst_by = job->profile;
        jobs->wait_worst_at_ns = job->queued_ns;
    }
}

static void jobs_end(struct jobs *jobs, const struct event *event, int64_t certain_ns)
{
    struct job *job = map_remove(&jobs->live, event->blocking_end.job);
    if (job && job->start_ns == JOB_UNSEEN && job->queued_ns != JOB_UNSEEN && job->queued_ns > certain_ns)
        jobs->refused++;
    if (!job || job->start_ns == JOB_UNSEEN) {
        free(job);
        return;
    }
    jobs->busy -= jobs->busy > 0;
    const int64_t ran = event->ns - job->start_ns;
    if (job->start_ns > certain_ns) {
        histogram_add(&jobs->running, ran);
        if (ran > jobs->run_worst_ns) {
            jobs->run_worst_ns = ran;
            jobs->run_worst_by = job->profile;
        }
    }
    free(job);
}

void jobs_event(struct jobs *jobs, const struct event *event, uint32_t by, int64_t certain_ns)
{
    struct job *job;
    switch (event->kind) {
    case WEFT_TRACE_blocking_queue:
        job = jobs_need(jobs, event->blocking_queue.job);
        if (job->start_ns == JOB_UNSEEN) /* a thread of the pool may have been quicker than the event */
            job->queued_ns = event->ns;
        job->profile = by;
        jobs->queued++;
        if (event->blocking_queue.queued > jobs->queue_max)
            jobs->queue_max = event->blocking_queue.queued;
        break;
    case WEFT_TRACE_blocking_start:
        jobs_start(jobs, event, certain_ns);
        break;
    case WEFT_TRACE_blocking_end:
        jobs_end(jobs, event, certain_ns);
        break;
    default:
        break;
    }
}

void jobs_thread(struct jobs *jobs, int delta)
{
    if (delta > 0 || jobs->threads)
        jobs->threads = (uint32_t)((int64_t)jobs->threads + delta);
    if (jobs->threads > jobs->threads_max)
        jobs->threads_max = jobs->threads;
}
