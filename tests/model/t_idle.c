/* SPDX-License-Identifier: MIT */
/* Harness: who sleeps and who is woken: src/sched over puppets (puppets.h). One of:
 *   - the host injects as many tasks as there are workers, and none ends before all have begun: everybody is needed, the last
 *     searcher's last look and the wakes that go on from worker to worker;
 *   - a task makes three others on its worker and ends; the one in the next slot holds the worker until the two in the ring
 *     have run elsewhere, whoever naps after the first;
 *   - the host injects a task that makes two, and another; none of these three ends before all have begun, and one is in a ring;
 *   - a task waits for news that the host brings, or a timer of a worker that is about to sleep, while another gives way;
 *   - a task holds its worker until the host's next task has run on the other, which naps before it takes more, for ever if it is
 *     not called; which is deaf, but naps briefly, if the task was there before; or which is told in the midst of what it took from the first that it is not to take more;
 *   - a task begins a trial of its worker, which naps in the midst of its work while the last other task ends, and the host with it;
 *   - two threads push while the only worker goes to sleep, also the wake of a task that waits, each perhaps stopped in the midst of it; and
 *     the host waits for the last task meanwhile;
 *   - a task holds its worker until two have run on the other: one that it has put into the shared queue itself, and one from outside.
 *
 * Law: no worker sleeps beside a task that only it can run (else STUCK or DEADLOCK); a task sees what was written before it was
 * handed over; each runs once; the engine drains and stops.
 *
 * Shows: scenario 10, known bug 9.
 * ctest-cost: 60 */
#include "model.h"
#include "puppets.h"

#include <assert.h>
#include <pthread.h>

enum { WORKERS_MAX = 3, OTHERS = 3, PUSHERS = 2 };

static struct puppet actors[WORKERS_MAX];
static struct puppet others[OTHERS];
static _Atomic int begun;
static _Atomic int ended;
static int needed;
static _Atomic int held;
static _Atomic int answered;
static _Atomic int news;
static _Atomic int waits; /* the task that waits has been polled; a timer is armed by then */

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"two met", "three met", "the ring was stolen", "woken with news",
                                        "a timer brings them", "who held saw a nap",
                                        "a nap was ended by a call",
                                        "told when it had taken some", "a trial naps", "a nap that no call ends",
                                        "all sleep beside a push that is half done", "the other sleeps beside one"};
    return goal < 12 ? names[goal] : NULL;
}

static enum puppet_answer meet(struct puppet *puppet)
{
    assert(puppet->plain == 7 && puppet->plays == 1);
    weft__fetch_add_relaxed(&begun, 1);
    while (weft__load_relaxed(&begun) < needed) {
        model_relax();
    }
    weft__fetch_add_relaxed(&ended, 1);
    return PUPPET_ENDS;
}

static int meeting(int workers)
{
    needed = workers;
    for (int i = 0; i < workers; i++) {
        puppet_spawn(&actors[i], meet, 7);
    }
    model_reach(workers == 2 ? 0 : 1);
    return workers;
}

static enum puppet_answer pass(struct puppet *puppet)
{
    assert(puppet->plain == 8 && puppet->plays == 1);
    weft__fetch_add_relaxed(&begun, 1);
    weft__fetch_add_relaxed(&ended, 1);
    return PUPPET_ENDS;
}

static enum puppet_answer hold(struct puppet *puppet)
{
    assert(puppet->plain == 8 && puppet->plays == 1);
    while (weft__load_relaxed(&begun) < OTHERS - 1) {
        if (weft__load_relaxed(&puppets.idle.napper))
            model_reach(5);
        model_relax();
    }
    model_reach(2);
    weft__fetch_add_relaxed(&ended, 1);
    return PUPPET_ENDS;
}

static enum puppet_answer make(struct puppet *puppet)
{
    assert(puppet->plain == 7);
    for (int i = 0; i < OTHERS; i++) {
        puppet_spawn(&others[i], i == OTHERS - 1 ? hold : pass, 8);
    }
    weft__fetch_add_relaxed(&ended, 1);
    return PUPPET_ENDS;
}

/* Both into the ring: what is in the next slot of a worker that is held is the rescuer's. */
static enum puppet_answer make_meeting(struct puppet *puppet)
{
    assert(puppet->plain == 7);
    for (int i = 0; i < 2; i++) {
        puppet_spawn(&others[i], meet, 7);
    }
    weft__fetch_add_relaxed(&ended, 1);
    return PUPPET_ENDS;
}

/* Who takes the host's second task searches no more while the first makes two: the third worker is one of the two's to wake. */
static int meeting_made(void)
{
    needed = 3;
    puppet_spawn(&actors[0], make_meeting, 7);
    puppet_spawn(&actors[1], meet, 7);
    return 4;
}

static enum puppet_answer wait(struct puppet *puppet)
{
    puppet->plain++;
    weft__store_release(&waits, 1);
    if (!weft__load_relaxed(&news)) {
        return PUPPET_WAITS;
    }
    assert(puppet->plain == 7 + puppet->plays);
    weft__fetch_add_relaxed(&ended, 1);
    return PUPPET_ENDS;
}

static void bring(void)
{
    if (weft__load_acquire(&waits) && !weft__exchange_relaxed(&news, 1)) { /* seen through the wake only */
        puppet_wake(&actors[0]);
        model_reach(puppets_turn ? 4 : 3);
    }
}

static enum puppet_answer give_way(struct puppet *puppet)
{
    if (puppet->plays < 2) {
        return PUPPET_YIELDS;
    }
    weft__fetch_add_relaxed(&ended, 1);
    return PUPPET_ENDS;
}

static int bring_news(void)
{
    puppet_spawn(&actors[0], wait, 7);
    puppet_spawn(&actors[1], give_way, 7);
    while (!puppets_turn && !weft__load_relaxed(&news)) {
        bring();
        model_relax();
    }
    return 2;
}

static enum puppet_answer briefly(struct puppet *puppet)
{
    assert(puppet->plain == 8);
    weft__fetch_add_relaxed(&ended, 1);
    return PUPPET_ENDS;
}

static enum puppet_answer answer(struct puppet *puppet)
{
    assert(puppet->plain == 9);
    weft__store_relaxed(&answered, 1);
    weft__fetch_add_relaxed(&ended, 1);
    return PUPPET_ENDS;
}

static enum puppet_answer hold_until_answered(struct puppet *puppet)
{
    bool napped = false;
    assert(puppet->plain == 7);
    weft__store_relaxed(&held, 1);
    while (!weft__load_relaxed(&answered)) {
        napped |= weft__load_relaxed(&puppets.idle.napper) != 0;
        if (weft__idle_is_deaf(&puppets.idle)) {
            model_reach(9);
        }
        model_relax();
    }
    if (napped) {
        model_reach(6);
    }
    weft__fetch_add_relaxed(&ended, 1);
    return PUPPET_ENDS;
}

/* A doubt that is remembered: whoever would take more naps first, without end. */
static void doubt(void)
{
    weft__store_relaxed(&puppets.doubt.told_ns, INT64_MAX / 4);
    weft__store_relaxed(&puppets.doubt.nap_ns, INT64_MAX / 2 - 1);
}

/* Naps have no end of their own, so what comes from outside has to end them, also one that is about to begin. */
static void call_when_held(void)
{
    while (!weft__load_relaxed(&held)) { /* who holds would take it along, and its ring is looked into after the nap */
        model_relax();
    }
    puppet_spawn(&actors[2], answer, 9);
}

static int call_who_naps(void)
{
    puppet_spawn(&actors[0], hold_until_answered, 7);
    puppet_spawn(&actors[1], briefly, 8);
    doubt();
    call_when_held();
    return 3;
}

/* Played by who took it; however long that was, it is not to take more. */
static enum puppet_answer tell(struct puppet *puppet)
{
    assert(puppet->plain == 8);
    weft__store_relaxed(&puppets.doubt.shared_ns, INT64_MAX / 4);
    doubt();
    model_reach(7);
    weft__fetch_add_relaxed(&ended, 1);
    return PUPPET_ENDS;
}

static enum puppet_answer hold_beside_another(struct puppet *puppet)
{
    puppet_spawn(&others[0], tell, 8);
    return hold_until_answered(puppet);
}

/* In one search a worker takes note of the call, and what the first left in its ring: the nap that follows has no other call. */
static int call_who_searches(void)
{
    puppet_spawn(&actors[0], hold_beside_another, 7);
    call_when_held();
    return 3;
}

/* Its worker has noted what is done while it takes work for as long as that takes; next, it naps. */
static enum puppet_answer begin_trial(struct puppet *puppet)
{
    struct weft__worker *worker = (struct weft__worker *)(void *)weft__self;
    assert(puppet->plain == 7);
    weft__trial_begin_anew(&worker->trial, (struct weft__progress){.now_ns = worker->thread.now - WEFT__DOUBT_NAP_MIN_NS,
                                                                   .done = (uint64_t)-10,
                                                                   .rests = weft__idle_rests(&puppets.idle)});
    weft__fetch_add_relaxed(&ended, 1);
    return PUPPET_ENDS;
}

/* No turn of a loop that takes time: naps are short. */
static enum puppet_answer work_beside(struct puppet *puppet)
{
    assert(puppet->plain == 8);
    for (int i = 0; i < 4; i++) {
        if (weft__load_relaxed(&puppets.idle.napper)) {
            model_reach(8);
        }
    }
    weft__fetch_add_relaxed(&ended, 1);
    return PUPPET_ENDS;
}

static int end_amid_a_trial(void)
{
    puppet_spawn(&actors[0], begin_trial, 7);
    puppet_spawn(&actors[1], work_beside, 8);
    return 2;
}

static void *push(void *actor)
{
    puppet_spawn(actor, briefly, 8);
    return NULL;
}

static void *push_news(void *nothing)
{
    while (!weft__load_acquire(&waits)) {
        model_relax();
    }
    weft__exchange_relaxed(&news, 1);
    puppet_wake(&actors[0]);
    return nothing;
}

static bool only_so_many_awake(uint32_t workers)
{
    return weft__load_relaxed(&puppets.idle.word) >> 16 == workers;
}

static bool push_is_half_done(void)
{
    return !weft__handoff_empty(&puppets.injector) && !weft__handoff_ready(&puppets.injector);
}

static void await_pushers(const pthread_t *threads, int count)
{
    for (int i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* Whoever sleeps beside the first half of a push is woken after the second, and by nobody else. */
static int push_while_all_sleep(void)
{
    pthread_t threads[PUSHERS];
    const bool wakes = model_choose(2);
    const int expected = PUSHERS + 1;
    puppet_spawn(&actors[0], wakes ? wait : briefly, wakes ? 7 : 8);
    for (int i = 0; i < PUSHERS; i++) {
        pthread_create(&threads[i], NULL, wakes && i == 0 ? push_news : push, &actors[1 + i]);
    }
    while (weft__load_relaxed(&ended) < expected - wakes && model_choose(8)) {
        if (only_so_many_awake(0) && push_is_half_done()) {
            model_reach(10);
        }
        model_relax();
    }
    while (weft__load_relaxed(&puppets.env.foreign_spawned_as[WEFT__NAMES_OTHER]) < (uint64_t)(expected - wakes)) {
        model_relax();
    }
    assert(weft__sched_drain(&puppets, INT64_MAX) == 0);
    await_pushers(threads, PUSHERS);
    return expected - wakes;
}

/* Its worker is held, so both are the other's; what it pushes comes before or behind the one from outside. */
static enum puppet_answer hold_beside_pushes(struct puppet *puppet)
{
    struct weft__worker *worker = (struct weft__worker *)(void *)weft__self;
    assert(puppet->plain == 7);
    weft__store_relaxed(&held, 1);
    worker->crowded = true;
    weft__store_relaxed(&others[0].task.polls, WEFT__WORKER_OLD);
    puppet_spawn(&others[0], briefly, 8);
    while (weft__load_relaxed(&ended) < 2) {
        if (only_so_many_awake(1) && push_is_half_done()) {
            model_reach(11);
        }
        model_relax();
    }
    weft__fetch_add_relaxed(&ended, 1);
    return PUPPET_ENDS;
}

static int push_while_the_other_sleeps(void)
{
    pthread_t pusher;
    puppet_spawn(&actors[0], hold_beside_pushes, 7);
    while (!weft__load_relaxed(&held)) {
        model_relax();
    }
    pthread_create(&pusher, NULL, push, &actors[1]);
    await_pushers(&pusher, 1);
    return 3;
}

int main(void)
{
    int expected = 0;
    unsigned scene = model_choose(10);
    if (scene == 3 && model_choose(2)) {
        puppets_turn = bring;
    }
    puppets.next_slot_off = scene == 5 || scene == 6 || scene == 9;
    puppets_start(scene == 8 ? 1 : scene == 1 || scene == 5 || (scene == 2 && model_choose(2)) ? 3 : 2);
    switch (scene) {
    case 0:
        expected = meeting(2);
        break;
    case 1:
        expected = meeting(3);
        break;
    case 2:
        puppet_spawn(&actors[0], make, 7);
        expected = 1 + OTHERS;
        break;
    case 3:
        expected = bring_news();
        break;
    case 4:
        expected = call_who_naps();
        break;
    case 5:
        expected = meeting_made();
        break;
    case 6:
        expected = call_who_searches();
        break;
    case 7:
        expected = end_amid_a_trial();
        break;
    case 8:
        expected = push_while_all_sleep();
        break;
    case 9:
        expected = push_while_the_other_sleeps();
        break;
    }
    puppets_stop();
    assert(ended == expected);
    return 0;
}
