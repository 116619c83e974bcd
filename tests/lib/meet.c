/* SPDX-License-Identifier: MIT */
#include "lib/meet.h"

weft_poll visitor(weft_context *cx, struct visitor *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->answer, self->enter(cx, self->object, self->amount));
    if (self->clock)
        atomic_store(&self->visit->turn, atomic_fetch_add(self->clock, 1) + 1);
    atomic_store(&self->visit->rc, self->answer);
    while (self->stay && !atomic_load(self->stay) && weft_context_cancelled(cx) == WEFT_REASON_NONE)
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    if (self->leave && self->answer >= 0)
        VERDICT(self->leave(self->object, self->amount) == 0);
    WEFT_END(0);
}

struct look {
    const char *name;
    weft_sync_stats stats;
    int found;
};

static int look_at(void *context, const weft_sync_stats *stats)
{
    struct look *look = context;
    if (look->name && strcmp(look->name, stats->name) != 0)
        return 0;
    look->stats = *stats;
    look->found++;
    return 0;
}

weft_sync_stats meet_stats(weft_runtime *rt, const char *name)
{
    struct look look = {.name = name};
    assert_int_equal(weft_sync_visit(rt, look_at, &look), 0);
    assert_int_equal(look.found, 1);
    return look.stats;
}

int meet_count(weft_runtime *rt)
{
    struct look look = {.name = NULL};
    assert_int_equal(weft_sync_visit(rt, look_at, &look), 0);
    return look.found;
}

void meet_send(weft_runtime *rt, const char *name, struct visit *visit, struct visitor plan)
{
    static weft_site site = {__FILE__, __func__, "visitor", __LINE__, offsetof(struct visitor, weft), 0};
    atomic_store(&visit->rc, MEET_NOTHING_YET);
    atomic_store(&visit->turn, 0);
    plan.visit = visit;
    const uint64_t before = meet_stats(rt, name).waits;
    visit->task = weft_spawn_frame(weft_runtime_scope(rt), &site, NULL, (weft_poll_fn *)visitor, &plan, sizeof plan);
    assert_int_equal(weft_task_error(visit->task), 0);
    WORLD_UNTIL(atomic_load(&visit->rc) != MEET_NOTHING_YET || meet_stats(rt, name).waits != before);
}

int meet_answer(struct visit *visit)
{
    WORLD_UNTIL(atomic_load(&visit->rc) != MEET_NOTHING_YET);
    return atomic_load(&visit->rc);
}

static struct latch held, unheld;

void meet_hold(weft_runtime *rt)
{
    held = unheld = (struct latch)LATCH;
    assert_int_equal(weft_task_error(weft_spawn(weft_runtime_scope(rt), plug, .entered = &held, .leave = &unheld)), 0);
    latch_wait(&held, 1);
}

void meet_unhold(void)
{
    latch_up(&unheld);
}

static void *guest_main(void *argument)
{
    struct guest *guest = argument;
    atomic_store(&guest->rc, guest->enter(guest->object, guest->amount, guest->deadline_ns));
    return NULL;
}

void meet_guest(struct guest *guest)
{
    atomic_store(&guest->rc, MEET_NOTHING_YET);
    world_thread(&guest->thread, guest_main, guest);
}

int meet_guest_answer(struct guest *guest)
{
    pthread_join(guest->thread, NULL);
    return atomic_load(&guest->rc);
}
