/* SPDX-License-Identifier: MIT */
/*
 * Whether a thread that has nothing to do looks for a while yet before it sleeps. A wake costs who wakes a system call, and who is
 * woken what it takes until he runs: microseconds on the same processor, tens of them on one that sleeps. Two threads that hand each
 * other one thing at a time pay for both ways each time, although what each waits for would come in less than one wake.
 *
 * So each wake is measured, and a wait is brief if its end came within twice what a wake takes: the other side may have to get up,
 * too. After two brief waits in a row the thread looks for as long before it sleeps. What the looks take is measured as well:
 * while it is less than a quarter of a wake, in the mean, they are worth it. If not they end, and before the next one there have to be
 * twice as many brief waits as the last time, and one look in vain is enough then; looks that cost next to nothing make up for that. A
 * wait that is not brief ends them, too. So who waits for long does not look, nor who is on a machine whose processors have
 * other things to do, and where wakes are cheap the looks are short.
 *
 * Zeroed memory is valid. Who touches what: its thread, all of it.
 */
#ifndef WEFT_BASE_LINGER_H
#define WEFT_BASE_LINGER_H

#include <stdbool.h>
#include <stdint.h>

#ifndef WEFT__LINGER_WAKE_MAX_NS /* none in models, whose clock stands while somebody looks */
#define WEFT__LINGER_WAKE_MAX_NS 50000 /* more is not the wake's: the processor was busy */
#endif

enum {
    WEFT__LINGER_BRIEF = 2,       /* brief waits in a row that begin the looks; twice as many each time that they were not worth it */
    WEFT__LINGER_DOUBLED_MAX = 9,
    WEFT__LINGER_SHARE = 4,       /* looks are worth it while they take less than this part of a wake, in the mean */
};

struct weft__linger {
    int64_t wake_ns;  /* what a wake takes, in the mean; 0: not known yet */
    int64_t spent_ns; /* what a look takes, in the mean */
    uint32_t brief;   /* waits in a row */
    uint32_t doubled;
};

/* How long to look before the next sleep; 0: not at all. */
static inline int64_t weft__linger_limit(const struct weft__linger *linger)
{
    return linger->brief >= (uint32_t)WEFT__LINGER_BRIEF << linger->doubled ? 2 * linger->wake_ns : 0;
}

/*
 * Look, if it is worth it, until the time at most. True: it is there. False, perhaps at once: sleep, and say how that was. There is
 * no order in it but what `is_there` has.
 */
bool weft__linger(struct weft__linger *linger, int64_t until_ns, bool (*is_there)(void *context), void *context);

/* It slept and was woken: how long it was away, and how much of that had passed since somebody went to wake it. */
void weft__linger_slept(struct weft__linger *linger, int64_t away_ns, int64_t wake_ns);

/* It looked for so long (weft__linger() says so itself). */
void weft__linger_looked(struct weft__linger *linger, int64_t took_ns);

#endif
