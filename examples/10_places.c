/* SPDX-License-Identifier: MIT */
/*
 * Teaches places in a channel: an order of several dishes is sent whole, or waits before it has begun. And a weak sender,
 * which does not keep the kitchen open: with it one can order while somebody else may, and not after.
 */
#include <stdio.h>
#include <weft.h>

struct dish {
    int order;
    const char *name;
};

WEFT_CHANNEL_DEFINE(dishes, struct dish)

enum { DISHES = 3, ORDERS = 3 };
static const char *const menu[DISHES] = {"soup", "fish", "cake"};

struct guests {
    weft_frame weft;
    dishes_sender out;
    dishes_permits places;
    int order, dish;
};

static weft_poll guests(weft_context *cx, struct guests *self)
{
    WEFT_BEGIN(cx, self);
    for (self->order = 1; self->order <= ORDERS; self->order++) {
        WEFT_AWAIT(self->weft.rc, dishes_reserve_many(cx, &self->out, DISHES, &self->places));
        if (self->weft.rc < 0)
            break; /* the kitchen has closed, and nothing of this order was sent */
        for (self->dish = 0; self->dish < DISHES; self->dish++)
            self->weft.rc |= dishes_permits_send(&self->places, (struct dish){self->order, menu[self->dish]});
    }
    dishes_sender_close(&self->out);
    WEFT_END(self->weft.rc);
}

/* An order by somebody who may come too late. */
static void order_late(dishes_weak_sender *weak, const char *name)
{
    dishes_sender out;
    if (dishes_weak_sender_upgrade(weak, &out) < 0) {
        printf("too late for %s\n", name);
        return;
    }
    if (dishes_try_send(&out, (struct dish){0, name}) == 0)
        printf("%s is ordered\n", name);
    dishes_sender_close(&out);
}

int main(void)
{
    weft_runtime *rt;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "restaurant", .worker_threads = 1)) < 0)
        return 1;
    dishes_sender out;
    dishes_receiver in;
    dishes_weak_sender weak;
    if (dishes_create(rt, WEFT_CHANNEL_OPTIONS(.name = "dishes", .capacity = DISHES + 1), &out, &in) < 0 ||
        dishes_sender_downgrade(&out, &weak) < 0)
        return 1;

    dishes_permits banquet;
    if (dishes_try_reserve_many(&out, 100, &banquet) == WEFT_ERANGE)
        puts("a hundred dishes at once: never");
    order_late(&weak, "tea");
    weft_spawn(weft_runtime_scope(rt), guests, .out = out);

    struct dish dish;
    while (dishes_recv_blocking(&in, &dish, WEFT_FOREVER) == 0)
        printf("order %d: %s\n", dish.order, dish.name);
    order_late(&weak, "more tea");
    dishes_weak_sender_close(&weak);
    dishes_receiver_close(&in);
    return weft_runtime_finish(rt) < 0;
}
