/* SPDX-License-Identifier: MIT */
/* Harness: registry/handoff, over liburcu's queue. Two pushers, two takers; the nodes are heap objects that the taker
 * frees.
 *
 * Law: every node is taken once, with the pusher's writes; a pusher's nodes come in its order to one taker; empty()
 * after a push that has returned says no, unless somebody took; ready() says no only if it is empty or a push has not returned.
 *
 * Shows: known bug 79, known bug 80. */
#include "model.h"
#include "registry/handoff.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

enum { PUSHERS = 2, EACH = 2, TAKERS = 2, BATCH = 2 };

struct item {
    struct weft__handoff_node node;
    int pusher;
    int number;
};

static struct weft__handoff queue;
static _Atomic int pushed;
static int taken[PUSHERS * EACH]; /* written by one taker each: a node taken twice is a race or a wrong count */

static void *pusher(void *argument)
{
    int me = (int)(intptr_t)argument;
    for (int i = 0; i < EACH; i++) {
        struct item *item = malloc(sizeof *item);
        item->pusher = me;
        item->number = i;
        weft__handoff_push(&queue, &item->node);
        weft__fetch_add_release(&pushed, 1);
    }
    return NULL;
}

static size_t take(int *last)
{
    struct weft__handoff_node *out[BATCH];
    size_t count = weft__handoff_pop(&queue, out, BATCH);
    for (size_t i = 0; i < count; i++) {
        struct item *item = (struct item *)out[i];
        assert(item->number > last[item->pusher]);
        last[item->pusher] = item->number;
        taken[item->pusher * EACH + item->number]++;
        free(item);
    }
    return count;
}

static void *taker(void *nothing)
{
    int last[PUSHERS] = {-1, -1};
    for (int i = 0; i < 2; i++) {
        if (take(last) == BATCH) {
            model_reach(0);
        }
        const bool all = weft__load_acquire(&pushed) == PUSHERS * EACH;
        if (!weft__handoff_ready(&queue)) {
            if (all) {
                assert(weft__handoff_empty(&queue));
            } else if (!weft__handoff_empty(&queue)) {
                model_reach(2);
            }
        }
    }
    return nothing;
}

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"a whole batch", "left over", "half done"};
    return goal < 3 ? names[goal] : NULL;
}

int main(void)
{
    pthread_t threads[PUSHERS + TAKERS];
    weft__handoff_init(&queue);
    for (intptr_t i = 0; i < PUSHERS + TAKERS; i++) {
        pthread_create(&threads[i], NULL, i < PUSHERS ? pusher : taker, (void *)i);
    }
    for (int i = 0; i < PUSHERS + TAKERS; i++) {
        pthread_join(threads[i], NULL);
    }
    int last[PUSHERS] = {-1, -1};
    while (!weft__handoff_empty(&queue)) {
        model_reach(1);
        assert(weft__handoff_ready(&queue) && take(last) > 0); /* nobody else takes, no push is half done */
    }
    for (int i = 0; i < PUSHERS * EACH; i++) {
        assert(taken[i] == 1);
    }
    return 0;
}
