/* SPDX-License-Identifier: MIT */
/* Realms, and the public clock, which is that of the realm in which the caller is. */
#include "registry/realm.h"

#include <weft/types.h>

_Thread_local struct weft__realm *weft__realm_here __attribute__((tls_model("initial-exec")));

struct weft__realm *weft__realm_create(int64_t now)
{
    struct weft__realm *realm = weft__alloc(sizeof *realm);
    if (!realm)
        return NULL;
    atomic_init(&realm->now, now);
    atomic_init(&realm->ids, 1);
    atomic_init(&realm->refs, 1);
    return realm;
}

struct weft__realm *weft__realm_ref(struct weft__realm *realm)
{
    if (realm)
        weft__fetch_add_relaxed(&realm->refs, 1); /* whoever adds one has one */
    return realm;
}

void weft__realm_unref(struct weft__realm *realm)
{
    if (realm && weft__fetch_sub_acq_rel(&realm->refs, 1) == 1) /* RL-R1 RL-A1: what others did with it is before */
        weft__free(realm);
}

int64_t weft_clock(void)
{
    return weft__realm_now(weft__realm_here);
}

int64_t weft_deadline_in(int64_t delay_ns)
{
    const int64_t now = weft_clock();
    if (delay_ns <= 0)
        return now;
    return delay_ns >= WEFT_FOREVER - now ? WEFT_FOREVER : now + delay_ns;
}
