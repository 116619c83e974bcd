/* SPDX-License-Identifier: MIT */
/* Harness: registry/runtimes, a table of two places. Main gives two runtimes a life one after the other, the second perhaps at
 * the first one's address; two others look: by a number that is right, of a runtime that is gone, or by the pointer.
 *
 * Law: a number finds its own runtime, whole, or nothing; what was found lives until the section ends; a number that is gone
 * stays gone; a pointer that is contained is a runtime that was published. */
#include "model.h"
#include "registry/rcu.h"
#include "registry/runtimes.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/atomic.h"

enum { LIVES = 2, LOOKERS = 2 };

struct life {
    uint32_t number; /* plain: seeing it needs the edge */
    int payload;
};

static _Atomic uint32_t numbers[LIVES]; /* told by a relaxed store: a number may be guessed, too */
static struct life lasting;             /* a place that both lives use */
static bool one_place;

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"found", "gone", "contained", "not contained", "the place is used again"};
    return goal < 5 ? names[goal] : NULL;
}

static void look_by_number(int which)
{
    uint32_t number = weft__load_relaxed(&numbers[which]);
    weft__rcu_read_lock();
    const struct life *life = number ? weft__runtimes_get(number) : NULL;
    if (life) {
        assert(life->number == number && life->payload == which);
        model_reach(0);
    } else if (number) {
        model_reach(1);
    }
    weft__rcu_read_unlock();
}

static void look_by_pointer(void)
{
    weft__rcu_read_lock();
    if (weft__runtimes_contains(&lasting)) {
        assert(lasting.payload == 0 || lasting.payload == 1);
        model_reach(2);
        if (lasting.payload == 1) {
            model_reach(4);
        }
    } else {
        model_reach(3);
    }
    weft__rcu_read_unlock();
}

static void *looker(void *nothing)
{
    for (int i = 0; i < 2; i++) {
        if (one_place && model_choose(2)) {
            look_by_pointer();
        } else {
            look_by_number((int)model_choose(LIVES));
        }
    }
    return nothing;
}

static void live(int which)
{
    struct life *life = one_place ? &lasting : malloc(sizeof *life);
    life->payload = which;
    life->number = weft__runtimes_add(life);
    assert(life->number != 0);
    uint32_t number = life->number;
    weft__runtimes_publish(number);
    weft__store_relaxed(&numbers[which], number);
    weft__runtimes_remove(number);
    weft__rcu_synchronize();
    assert(!weft__runtimes_get(number));
    life->payload = -1;
    if (!one_place) {
        free(life);
    }
}

int main(void)
{
    pthread_t threads[LOOKERS];
    one_place = model_choose(2);
    for (int i = 0; i < LOOKERS; i++) {
        pthread_create(&threads[i], NULL, looker, NULL);
    }
    live(0);
    live(1);
    assert(numbers[0] != numbers[1]);
    for (int i = 0; i < LOOKERS; i++) {
        pthread_join(threads[i], NULL);
    }
    return 0;
}
