/* SPDX-License-Identifier: MIT */
/*
 * What it is worth that a worker takes tasks from others: it judges each haul (worth.h), tries whether more is done without it (trial.h),
 * and naps where the doubt, or a trial, asks for it. What those two files say is pure; here are the clock, the counts and the nap.
 */
#include "sched/worker.h"
#include "trace/emit.h"

/* How far all workers have come. Their counters' lines move for it: asked when a trial begins or ends. */
static struct weft__progress judge_progress(struct weft__worker *worker, int64_t now_ns)
{
    struct weft__sched *sched = worker->sched;
    struct weft__progress progress = {.now_ns = now_ns, .rests = weft__idle_rests(&sched->idle)};
    for (uint32_t i = 0; i < sched->worker_count; i++) {
        struct weft__thread *thread = &sched->workers[i].thread;
        progress.done += weft__counter_read(&thread->polls) + weft__counter_read(&thread->completed) + weft__counter_read(&thread->spawned);
    }
    return progress;
}

/* What a step of a trial says: everybody's doubt, or when to try again. */
static void judge_heed_trial(struct weft__worker *worker, enum weft__trial_says says, int64_t now_ns)
{
    struct weft__doubt *doubt = &worker->sched->doubt;
    if (says == WEFT__TRIAL_SHARED || says == WEFT__TRIAL_APART)
        weft__doubt_tried(doubt, says == WEFT__TRIAL_SHARED, now_ns);
    if (worker->trial.again_ns != 0)
        weft__doubt_defer_trial(doubt, now_ns, worker->trial.again_ns);
}

static void judge_note_taken(struct weft__worker *worker, int64_t now_ns)
{
    judge_heed_trial(worker, weft__trial_took(&worker->trial, judge_progress(worker, now_ns)), now_ns);
}

static void judge_note_napped(struct weft__worker *worker, int64_t now_ns)
{
    judge_heed_trial(worker, weft__trial_napped(&worker->trial, judge_progress(worker, now_ns)), now_ns);
}

/* What is in its next slot others may steal, too. */
static void judge_open_next(struct weft__worker *worker)
{
    weft__task *task = weft__exchange_relaxed(&worker->next, NULL); /* its own, unless the rescuer was first */
    if (task && !weft__runqueue_push(&worker->ring, task))
        weft__sched_inject(worker->sched, task);
}

/*
 * What it has is everybody's now. The others look there now and then, and this one before it sleeps, or naps, since a nap ends in a search.
 * For what is behind its pushes it notifies all the same: who looked while one of them was half done may sleep by that.
 */
static void judge_give_back(struct weft__worker *worker)
{
    struct weft__sched *sched = worker->sched;
    weft__task *task = weft__exchange_relaxed(&worker->next, NULL); /* its own, unless the rescuer was first */
    if (task)
        weft__handoff_push(&sched->injector, &task->queued);
    while ((task = weft__runqueue_pop(&worker->ring)) != NULL)
        weft__handoff_push(&sched->injector, &task->queued);
    weft__idle_announce(&sched->idle);
    weft__sched_notify(sched);
}

bool weft__worker_nap(struct weft__worker *worker, int64_t nap_ns)
{
    const uint32_t number = worker->sched->env.number;
    if (!weft__idle_nap(&worker->sched->idle, worker->index, worker->searching)) {
        judge_heed_trial(worker, weft__trial_stayed(&worker->trial), worker->thread.now);
        return false;
    }
    if (weft__idle_is_deaf(&worker->sched->idle)) {
        nap_ns = nap_ns < WEFT__DOUBT_NAP_MIN_NS ? nap_ns : WEFT__DOUBT_NAP_MIN_NS;
    } else if (weft__idle_is_called(&worker->sched->idle)) { /* it stays so: the search that follows tells whether it took all of it */
        worker->searching = weft__idle_end_nap(&worker->sched->idle, worker->index);
        if (!worker->searching)
            weft__worker_get_up(worker);
        judge_heed_trial(worker, weft__trial_stayed(&worker->trial), worker->thread.now);
        return true;
    }
    weft__counter_add(&worker->naps, 1);
    WEFT__TRACE(number, worker_park, worker->thread.number);
    weft__worker_turn_timers(worker);
    weft__worker_note_busy(worker, false);
    const int64_t until = worker->thread.now + nap_ns;
    weft__trial_begin(&worker->trial, judge_progress(worker, worker->thread.now));
    weft__worker_park(worker, until < worker->thread.due ? until : worker->thread.due);
    judge_note_napped(worker, weft__realm_now(worker->thread.env->realm));
    weft__doubt_napped(&worker->sched->doubt, nap_ns);
    if (weft__idle_end_nap(&worker->sched->idle, worker->index)) {
        worker->searching = true;
        weft__worker_resume(worker);
    } else {
        weft__worker_get_up(worker);
    }
    WEFT__TRACE(number, worker_unpark, worker->thread.number, WEFT_TRACE_NO_WORKER);
    return true;
}

/*
 * It is at work, and has been for so long that it can be told whether that is shared. To see what is done without it, nap: what is in
 * its ring others may steal. If it is shared, leave it to them.
 */
static void judge_try_without(struct weft__worker *worker)
{
    judge_note_taken(worker, worker->thread.now);
    if (weft__trial_wants_nap(&worker->trial)) {
        judge_open_next(worker);
        if (worker->thread.debt.pay)
            weft__debt_pay(&worker->thread);
        weft__worker_nap(worker, WEFT__DOUBT_NAP_MIN_NS);
    }
    if (weft__doubt_shared(&worker->sched->doubt, worker->thread.now) && weft__idle_others_work(&worker->sched->idle, worker->searching))
        judge_give_back(worker);
}

int64_t weft__worker_judge(struct weft__worker *worker)
{
    struct weft__doubt *doubt = &worker->sched->doubt;
    if (worker->haul.since_ns == 0 && weft__load_relaxed(&doubt->nap_ns) == 0)
        return 0;
    const int64_t now = weft__realm_now(worker->thread.env->realm);
    if (worker->haul.since_ns != 0)
        weft__doubt_judge(doubt, &worker->haul, now);
    if (weft__trial_is_due(&worker->trial, now))
        judge_note_taken(worker, now);
    const int64_t nap = weft__doubt_nap(doubt, now);
    return nap == 0 && weft__trial_wants_nap(&worker->trial) ? WEFT__DOUBT_NAP_MIN_NS : nap;
}

void weft__worker_note_haul(struct weft__worker *worker, bool after_nap)
{
    const int64_t now = worker->haul.since_ns = weft__realm_now(worker->thread.env->realm);
    if (after_nap && worker->trial.alone != 0)
        weft__trial_begin(&worker->trial, judge_progress(worker, now));
    else if (!weft__trial_is_under_way(&worker->trial) && weft__doubt_tries(&worker->sched->doubt, now))
        weft__trial_begin_anew(&worker->trial, judge_progress(worker, now));
}

void weft__worker_follow_trial(struct weft__worker *worker)
{
    /* What others lose by it meanwhile is not seen in what polls take here: so it is looked for more often than that asks for. */
    if (worker->pace.poll_ns >= WEFT__TRIAL_COARSE_NS || worker->tick % WEFT__PACE_CLOCK_USUAL == 0)
        weft__worker_turn_timers(worker);
    if (weft__trial_is_due(&worker->trial, worker->thread.now))
        judge_try_without(worker);
}

void weft__worker_try_again(struct weft__worker *worker)
{
    if (weft__doubt_tries(&worker->sched->doubt, worker->thread.now))
        weft__trial_begin_anew(&worker->trial, judge_progress(worker, worker->thread.now));
}
