/* SPDX-License-Identifier: MIT */
/* Harness: the next slot, over puppets (puppets.h), with two workers. A task makes two others on its worker, one of which is left
 * in the next slot and one in the ring, and holds the worker until they have run, or until main says so; main is the
 * monitor thread and takes over what the worker holds back.
 *
 * Law: a task that sits behind a stuck poll runs elsewhere (else STUCK); whoever takes it, owner, thief or rescuer, it runs
 * once and sees what was written before it was put there. ctest-cost: 50 */
#include "model.h"
#include "puppets.h"

#include <assert.h>

enum { MADE = 2 };

static struct puppet maker;
static struct puppet made[MADE];
static _Atomic int ended;
static _Atomic int released;
static bool waits_for_them;
static _Atomic int where; /* the worker that is held, plus 1 */

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"rescued", "released", "the owner was first", "run elsewhere"};
    return goal < 4 ? names[goal] : NULL;
}

static enum puppet_answer run(struct puppet *puppet)
{
    assert(puppet->plain == 9 && puppet->plays == 1);
    bool owner = weft__self->number + 1 == weft__load_relaxed(&where);
    model_reach(owner ? 2 : 3);
    weft__fetch_add_relaxed(&ended, 1);
    return PUPPET_ENDS;
}

static enum puppet_answer hold(struct puppet *puppet)
{
    (void)puppet;
    weft__store_relaxed(&where, weft__self->number + 1);
    for (int i = 0; i < MADE; i++) {
        puppet_spawn(&made[i], run, 9);
    }
    while (waits_for_them ? weft__load_relaxed(&ended) < MADE : !weft__load_relaxed(&released)) {
        model_relax();
    }
    model_reach(waits_for_them ? 0 : 1);
    weft__fetch_add_relaxed(&ended, 1);
    return PUPPET_ENDS;
}

int main(void)
{
    waits_for_them = model_choose(2);
    puppets_start(2);
    puppet_spawn(&maker, hold, 0);
    for (unsigned ticks = 0; waits_for_them ? weft__load_relaxed(&ended) <= MADE : ticks < 3; ticks++) {
        weft__sched_rescue(&puppets, 0, INT64_MAX);
        model_relax();
    }
    weft__store_relaxed(&released, 1);
    puppets_stop();
    assert(ended == MADE + 1);
    return 0;
}
