/* SPDX-License-Identifier: MIT */
#include "sched/idle.h"

enum { SEARCHING = 1, AWAKE = 1 << 16 };
enum { DEAF = 1 << 16 }; /* beside the index of who naps */

static uint32_t idle_searching(uint32_t word) { return word & 0xFFFF; }
static uint32_t idle_awake(uint32_t word) { return word >> 16; }
static uint32_t idle_index(uint32_t napper) { return (napper & (DEAF - 1)) - 1; }

void weft__idle_init(struct weft__idle *idle, uint32_t workers)
{
    atomic_init(&idle->word, workers * AWAKE);
    idle->workers = workers;
    idle->lock = (struct weft__lock){0};
    atomic_init(&idle->napper, 0);
    atomic_init(&idle->rising, 0);
    atomic_init(&idle->outside, 0);
    atomic_init(&idle->rests, 0);
    idle->sleepers = 0;
}

void weft__idle_announce(struct weft__idle *idle)
{
    /* Adds nothing; it is a write all the same, and so has its place among the sleepers' writes. seq_cst, though a release would do: of
     * a weaker one whose result nobody reads clang makes no instruction at all on x86, and the look that follows passes the push. */
    weft__fetch_add_seq_cst(&idle->word, 0); /* ID-R2 */
}

int weft__idle_announce_outside(struct weft__idle *idle)
{
    weft__idle_call(idle);
    weft__fetch_add_seq_cst(&idle->word, 0); /* ID-R2 ID-R3 ID-A3; as above */
    const uint32_t napper = weft__load_relaxed(&idle->napper); /* one who has got up is unparked in vain */
    return napper & DEAF ? -1 : (int)napper - 1;
}

int weft__idle_pick(struct weft__idle *idle)
{
    const uint32_t word = weft__load_seq_cst(&idle->word); /* ID-A1 */
    if (idle_searching(word) > 0 || idle_awake(word) == idle->workers)
        return -1;
    int picked = -1;
    weft__lock(&idle->lock);
    if (idle->sleepers > 0 && idle_searching(weft__load_relaxed(&idle->word)) == 0) { /* two producers: one wake */
        const uint32_t whom = WEFT__CHAOS_ANY(idle->sleepers, idle->sleepers - 1);
        picked = idle->sleeping[whom];
        idle->sleeping[whom] = idle->sleeping[--idle->sleepers];
        weft__fetch_add_relaxed(&idle->rising, 1);
        weft__fetch_add_relaxed(&idle->word, AWAKE + SEARCHING);
    }
    weft__unlock(&idle->lock);
    return picked;
}

void weft__idle_rise(struct weft__idle *idle)
{
    weft__fetch_sub_relaxed(&idle->rising, 1); /* a throttle; being one off is harmless */
}

/* Those who are awake and look at nothing. */
static uint32_t idle_absent(struct weft__idle *idle)
{
    return weft__load_relaxed(&idle->rising) + (weft__load_relaxed(&idle->napper) != 0); /* a throttle */
}

bool weft__idle_begin_search(struct weft__idle *idle)
{
    const uint32_t word = weft__load_relaxed(&idle->word); /* a throttle; being one off is harmless */
    if (2 * idle_searching(word) >= idle_awake(word) + idle_absent(idle)) /* less those who are absent, on both sides */
        return false;
    weft__fetch_add_relaxed(&idle->word, SEARCHING);
    return true;
}

bool weft__idle_end_search(struct weft__idle *idle)
{
    const uint32_t word = weft__fetch_sub_seq_cst(&idle->word, SEARCHING); /* ID-R1 ID-A2 */
    return idle_searching(word) == 1 && idle_awake(word) != idle->workers;
}

bool weft__idle_sleep(struct weft__idle *idle, uint32_t worker, bool searching)
{
    weft__lock(&idle->lock);
    const uint32_t napper = weft__load_relaxed(&idle->napper);
    const bool along = napper && idle_awake(weft__load_relaxed(&idle->word)) == 2; /* which changes under the lock only */
    const uint32_t searchers = along + searching;
    if (along) {
        idle->sleeping[idle->sleepers++] = (uint16_t)idle_index(napper);
        weft__store_relaxed(&idle->napper, 0);
    }
    const uint32_t word = weft__fetch_sub_seq_cst(&idle->word, (1 + along) * AWAKE + searchers * SEARCHING); /* ID-R1 ID-A2 */
    idle->sleeping[idle->sleepers++] = (uint16_t)worker;
    if (idle->sleepers == idle->workers)
        weft__store_relaxed(&idle->rests, weft__load_relaxed(&idle->rests) + 1); /* a number to compare with */
    weft__unlock(&idle->lock);
    return idle_searching(word) == searchers;
}

bool weft__idle_cancel_sleep(struct weft__idle *idle, uint32_t worker, bool searching)
{
    bool found = false;
    weft__lock(&idle->lock);
    for (uint32_t i = 0; i < idle->sleepers && !found; i++) {
        if (idle->sleeping[i] != worker)
            continue;
        idle->sleeping[i] = idle->sleeping[--idle->sleepers];
        weft__fetch_add_relaxed(&idle->word, AWAKE + (searching ? SEARCHING : 0));
        found = true;
    }
    weft__unlock(&idle->lock);
    return found;
}

bool weft__idle_others_work(struct weft__idle *idle, bool searching)
{
    const uint32_t word = weft__load_relaxed(&idle->word); /* a throttle, as begin_search; who goes to sleep takes the lock */
    return idle_awake(word) > idle_searching(word) + !searching;
}

bool weft__idle_is_last(struct weft__idle *idle)
{
    return idle_awake(weft__load_relaxed(&idle->word)) <= 1 + idle_absent(idle); /* a throttle */
}

bool weft__idle_nap(struct weft__idle *idle, uint32_t worker, bool searching)
{
    weft__lock(&idle->lock);
    const bool may = !weft__load_relaxed(&idle->napper) && weft__idle_others_work(idle, searching);
    if (may) {
        const uint32_t deaf = weft__load_relaxed(&idle->outside) ? DEAF : 0; /* what it misses ends the nap, or is found after it */
        weft__store_relaxed(&idle->napper, (worker + 1) | deaf); /* published by the next line */
        weft__fetch_add_acq_rel(&idle->word, searching ? 0 : SEARCHING); /* ID-R3 ID-A3 */
    }
    weft__unlock(&idle->lock);
    return may;
}

void weft__idle_call(struct weft__idle *idle)
{
    weft__exchange_release(&idle->outside, 1); /* ID-R4; a write after all others, so that nobody clears it who came before */
}

bool weft__idle_called(struct weft__idle *idle)
{
    return weft__load_relaxed(&idle->outside) && weft__exchange_acquire(&idle->outside, 0); /* ID-A4 */
}

bool weft__idle_is_deaf(struct weft__idle *idle)
{
    return weft__load_relaxed(&idle->napper) & DEAF; /* its own; who takes it along makes a sleep of it */
}

bool weft__idle_is_called(struct weft__idle *idle)
{
    return weft__load_relaxed(&idle->outside); /* ordered by the word: ID-A3 */
}

bool weft__idle_end_nap(struct weft__idle *idle, uint32_t worker)
{
    weft__lock(&idle->lock);
    const bool naps = idle_index(weft__load_relaxed(&idle->napper)) == worker;
    if (naps)
        weft__store_relaxed(&idle->napper, 0);
    weft__unlock(&idle->lock);
    return naps;
}

int weft__idle_napper(struct weft__idle *idle)
{
    return (int)idle_index(weft__load_relaxed(&idle->napper)); /* where to look first; nothing depends on it */
}

uint32_t weft__idle_rests(struct weft__idle *idle)
{
    return weft__load_relaxed(&idle->rests); /* a number to compare with */
}

uint32_t weft__idle_sleepers(struct weft__idle *idle)
{
    /* a statistic */
    return idle->workers - idle_awake(weft__load_relaxed(&idle->word)) + (weft__load_relaxed(&idle->napper) != 0);
}
