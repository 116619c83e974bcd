/* SPDX-License-Identifier: MIT */
/* Harness: base/lock. Three threads take the lock, one of them also by trying; the count they guard is plain memory.
 *
 * Law: exclusion and visibility (else a data race), no sleeper forgotten (else DEADLOCK). */
#include "base/lock.h"
#include "model.h"

#include <assert.h>
#include <pthread.h>

enum { THREADS = 3 };

static struct weft__lock lock;
static int count;

static void *taker(void *nothing)
{
    weft__lock(&lock);
    count++;
    model_relax();
    count++;
    weft__unlock(&lock);
    return nothing;
}

static void *trier(void *nothing)
{
    if (weft__lock_try(&lock)) {
        count += 2;
        weft__unlock(&lock);
        model_reach(1);
    } else {
        weft__lock(&lock);
        count += 2;
        weft__unlock(&lock);
        model_reach(0);
    }
    return nothing;
}

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"a try failed", "a try succeeded"};
    return goal < 2 ? names[goal] : NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, i == 2 ? trier : taker, NULL);
    }
    weft__lock(&lock);
    count += 2;
    weft__unlock(&lock);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert(count == 2 * THREADS + 2);
    return 0;
}
