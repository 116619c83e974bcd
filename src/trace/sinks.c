/* SPDX-License-Identifier: MIT */
/*
 * A static table: written under the lock, read inside an RCU section. An entry's fields are written before its mask is
 * published and kept until a grace period after the mask was cleared.
 *
 * Edges: SK-R1 publishing the mask releases the entry, SK-A1 a walk acquires it.
 */
#include "trace/sinks.h"

#include <stddef.h>
#include <string.h>

#include "base/lock.h"
#include "registry/rcu.h"
#include "trace/emit.h"

struct sinks_entry {
    _Atomic uint64_t mask; /* 0: free, or being removed */
    bool taken;            /* under the lock */
    uint32_t runtime;
    uint64_t serial;
    weft_hooks hooks;
};

static struct {
    struct weft__lock lock;
    _Atomic(const weft_trace_provider *) provider;
    uint64_t serials;
    uint64_t wanted;         /* by the provider, when it was asked last */
    int sampled;             /* runtimes that measure, in windows or always */
    int exact;
    bool trails;
    int64_t opened;          /* when the window was opened last */
    _Atomic int32_t window;  /* measurements that are left in it */
    _Atomic uint64_t hooked; /* the union of the hooks' masks: most events never look further */
    struct sinks_entry entries[WEFT__HOOKS_MAX];
} sinks;

static _Thread_local bool sinks_in_hook;

bool weft__sinks_in_hook(void)
{
    return sinks_in_hook;
}

const weft_trace_provider *weft__sinks_provider(void)
{
    return weft__load_acquire(&sinks.provider); /* SK-A2 */
}

static const uint64_t sinks_measured = UINT64_C(1) << WEFT_TRACE_wake | UINT64_C(1) << WEFT_TRACE_poll_start;

/* Whether the window is open. Under the lock. */
static bool sinks_measure_now(void)
{
    return sinks.exact > 0 || (sinks.sampled > 0 && weft__load_relaxed(&sinks.window) > 0);
}

/* The union of all wishes. Under the lock. */
static void sinks_publish_wishes(void)
{
    uint64_t hooked = 0;
    for (int i = 0; i < WEFT__HOOKS_MAX; i++)
        hooked |= weft__load_relaxed(&sinks.entries[i].mask);
    weft__store_relaxed(&sinks.hooked, hooked);
    const uint64_t mask = hooked | sinks.wanted | (sinks_measure_now() ? sinks_measured : 0) |
                          (sinks.trails ? WEFT__TRACE_TRAILS : 0);
    if (weft__load_relaxed(&weft__trace_mask) != mask) /* leave the line shared while nothing changes */
        weft__store_relaxed(&weft__trace_mask, mask);
}

/* The same, and the provider is asked. Under the lock. */
static void sinks_publish_mask(void)
{
    const weft_trace_provider *provider = weft__load_relaxed(&sinks.provider);
    sinks.wanted = provider ? provider->wanted() : 0;
    sinks_publish_wishes();
}

void weft__sinks_measure(int sampled, int exact)
{
    weft__lock(&sinks.lock);
    sinks.sampled += sampled;
    sinks.exact += exact;
    sinks_publish_wishes();
    weft__unlock(&sinks.lock);
}

void weft__sinks_open_window(int64_t now, int32_t measurements)
{
    static const int64_t pause_ns = 9000000; /* a tick of the monitor, which is never quite the same */
    weft__lock(&sinks.lock);
    if (now - sinks.opened >= pause_ns || now < sinks.opened) { /* or by the clock of another realm */
        sinks.opened = now;
        weft__store_relaxed(&sinks.window, measurements); /* a count, and nothing is read by it */
        sinks_publish_wishes();
    }
    weft__unlock(&sinks.lock);
}

bool weft__sinks_spend(void)
{
    if (weft__load_relaxed(&sinks.window) <= 0)
        return false;
    const int32_t left = weft__fetch_sub_relaxed(&sinks.window, 1);
    if (left != 1)
        return left > 0;
    weft__lock(&sinks.lock);
    sinks_publish_wishes();
    weft__unlock(&sinks.lock);
    return true;
}

void weft__sinks_begin_trails(void)
{
    weft__lock(&sinks.lock);
    sinks.trails = true;
    sinks_publish_wishes();
    weft__unlock(&sinks.lock);
}

void weft__sinks_set_provider(const weft_trace_provider *provider)
{
    weft__lock(&sinks.lock);
    weft__store_release(&sinks.provider, provider); /* SK-R2: its tables are complete */
    sinks_publish_mask();
    weft__unlock(&sinks.lock);
}

void weft__sinks_refresh(void)
{
    if (!weft__sinks_provider())
        return;
    weft__lock(&sinks.lock);
    sinks_publish_mask();
    weft__unlock(&sinks.lock);
}

const weft_hooks *weft__sinks_next(struct weft__sinks_walk *walk)
{
    if (!walk->inside)
        return NULL;
    while (++walk->position < WEFT__HOOKS_MAX) {
        struct sinks_entry *entry = &sinks.entries[walk->position];
        const uint64_t mask = weft__load_acquire(&entry->mask); /* SK-A1 */
        if ((mask >> walk->event & 1) && entry->runtime == walk->runtime)
            return &entry->hooks;
    }
    sinks_in_hook = false;
    weft__rcu_read_unlock();
    walk->inside = false;
    return NULL;
}

const weft_hooks *weft__sinks_first(struct weft__sinks_walk *walk, uint32_t runtime, unsigned event)
{
    *walk = (struct weft__sinks_walk){.runtime = runtime, .event = event, .position = -1};
    if (!(weft__load_relaxed(&sinks.hooked) >> event & 1) || sinks_in_hook)
        return NULL;
    weft__rcu_read_lock();
    walk->inside = sinks_in_hook = true;
    return weft__sinks_next(walk);
}

int weft__sinks_add(uint32_t runtime, const weft_hooks *hooks, uint64_t mask, weft_hooks_handle *out_handle)
{
    int result = WEFT_EMFILE;
    weft__lock(&sinks.lock);
    for (int i = 0; i < WEFT__HOOKS_MAX; i++) {
        struct sinks_entry *entry = &sinks.entries[i];
        if (entry->taken)
            continue;
        entry->taken = true;
        entry->runtime = runtime;
        entry->serial = ++sinks.serials;
        memset(&entry->hooks, 0, sizeof entry->hooks);
        memcpy(&entry->hooks, hooks, hooks->size < sizeof entry->hooks ? hooks->size : sizeof entry->hooks);
        weft__store_release(&entry->mask, mask); /* SK-R1 */
        *out_handle = entry->serial << 8 | (uint64_t)(i + 1);
        sinks_publish_mask();
        result = 0;
        break;
    }
    weft__unlock(&sinks.lock);
    return result;
}

/* Stop an entry's calls; the grace period and sinks_release follow, without the lock. Under the lock. */
static void sinks_silence(struct sinks_entry *entry)
{
    weft__store_relaxed(&entry->mask, 0);
    sinks_publish_mask();
}

static void sinks_release(struct sinks_entry *entry)
{
    weft__lock(&sinks.lock);
    entry->taken = false;
    weft__unlock(&sinks.lock);
}

int weft__sinks_remove(weft_hooks_handle handle)
{
    if (sinks_in_hook)
        return WEFT_EDEADLK;
    const uint64_t position = (handle & 255) - 1;
    if (position >= WEFT__HOOKS_MAX)
        return WEFT_ESRCH;
    struct sinks_entry *entry = &sinks.entries[position];
    weft__lock(&sinks.lock);
    const bool live = entry->taken && entry->serial == handle >> 8 && weft__load_relaxed(&entry->mask) != 0;
    if (live)
        sinks_silence(entry);
    weft__unlock(&sinks.lock);
    if (!live)
        return WEFT_ESRCH;
    weft__rcu_synchronize();
    sinks_release(entry);
    return 0;
}

void weft__sinks_forget(uint32_t runtime)
{
    for (int i = 0; i < WEFT__HOOKS_MAX; i++) {
        struct sinks_entry *entry = &sinks.entries[i];
        weft__lock(&sinks.lock);
        const bool live = entry->taken && entry->runtime == runtime && weft__load_relaxed(&entry->mask) != 0;
        if (live)
            sinks_silence(entry);
        weft__unlock(&sinks.lock);
        if (!live)
            continue;
        weft__rcu_synchronize();
        sinks_release(entry);
    }
}

void weft__sinks_before_fork(void)
{
    weft__lock(&sinks.lock);
}

void weft__sinks_after_fork(void)
{
    weft__unlock(&sinks.lock);
}
