/* SPDX-License-Identifier: MIT */
/* Harness: trace/sinks and trace/emit, a table of two registrations. Two threads emit events; main registers hooks, removes
 * them and frees their context, by the handle or as the end of a runtime does it, and registers others in the same place;
 * meanwhile a provider may come.
 *
 * Law: a hook gets its own context, whole, and never after its removal has returned; the hooks of another runtime, or for
 * another event, are not called; a hook's own event comes to no hook, and its removal from a hook is refused. */
#include "model.h"
#include "trace/emit.h"
#include "trace/sinks.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/atomic.h"

enum { MINE = 1, OTHERS = 2, EMITTERS = 2, LIVES = 2 };

static const uint64_t park_bit = UINT64_C(1) << WEFT_TRACE_worker_park;

struct context {
    int life; /* plain: a call after the removal is a race, or a use after free */
    weft_hooks_handle handle;
};

static _Atomic int calls[LIVES];
static _Atomic int provided;
static bool other_runtime; /* the second registration is for another one */

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"the first was called", "the second was called", "the provider was called"};
    return goal < 3 ? names[goal] : NULL;
}

static void on_park(void *argument, uint16_t worker)
{
    const struct context *context = argument;
    assert(context->life >= 0 && context->life < LIVES && worker < EMITTERS);
    assert(context->life == 0 || !other_runtime);
    weft__fetch_add_relaxed(&calls[context->life], 1);
    model_reach((unsigned)context->life);
    assert(weft__sinks_remove(1) == WEFT_EDEADLK);
    WEFT__TRACE(MINE, worker_park, worker); /* not told: else this never ends */
}

static void *emitter(void *number)
{
    WEFT__TRACE(MINE, worker_park, (uint16_t)(intptr_t)number);
    WEFT__TRACE(MINE, worker_park, (uint16_t)(intptr_t)number);
    return NULL;
}

static void provider_park(void *argument, uint16_t worker)
{
    (void)worker;
    assert(*(const int *)argument == 7);
    weft__fetch_add_relaxed(&provided, 1);
    model_reach(2);
}

static uint64_t provider_wanted(void)
{
    return park_bit;
}

/* Its tables are written just before, as by the loader. */
static weft_trace_provider *bring_provider(void)
{
    weft_trace_provider *provider = calloc(1, sizeof *provider);
    int *context = malloc(sizeof *context);
    *context = 7;
    provider->wanted = provider_wanted;
    provider->events.context = context;
    provider->events.worker_park = provider_park;
    weft__sinks_set_provider(provider);
    return provider;
}

static void live(int life)
{
    uint32_t runtime = life > 0 && other_runtime ? OTHERS : MINE;
    struct context *context = malloc(sizeof *context);
    context->life = life;
    const weft_hooks hooks = {.size = sizeof hooks, .context = context, .worker_park = on_park};
    assert(weft__sinks_add(runtime, &hooks, park_bit, &context->handle) == 0);
    assert(weft__load_relaxed(&weft__trace_mask) == park_bit);
    model_relax();
    if (model_choose(2)) {
        assert(weft__sinks_remove(context->handle) == 0);
        assert(weft__sinks_remove(context->handle) == WEFT_ESRCH);
    } else {
        weft__sinks_forget(runtime);
    }
    context->life = -1;
    free(context);
}

int main(void)
{
    pthread_t threads[EMITTERS];
    weft_trace_provider *provider = NULL;
    other_runtime = model_choose(2);
    unsigned when = model_choose(4); /* the provider comes before, between, after, or not */
    for (intptr_t i = 0; i < EMITTERS; i++) {
        pthread_create(&threads[i], NULL, emitter, (void *)i);
    }
    for (int life = 0; life < LIVES; life++) {
        if (when == (unsigned)life) {
            provider = bring_provider();
        }
        live(life);
    }
    if (when == LIVES) {
        provider = bring_provider();
    }
    for (int i = 0; i < EMITTERS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert(weft__load_relaxed(&weft__trace_mask) == (provider ? park_bit : 0));
    if (provider) {
        free(provider->events.context);
        free(provider);
    }
    return 0;
}
