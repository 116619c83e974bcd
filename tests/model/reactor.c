/* SPDX-License-Identifier: MIT */
#include "reactor.h"

#include <weft/error.h>

#include "io/direct.h"

struct weft__reactor reactor;

/* The calls are the harness's. */
bool weft__direct;
void weft__direct_find(void) { weft__direct = false; }

void weft__reactor_submit(struct weft__reactor *where, struct weft__source *source)
{
    weft__lock(&where->turning);
    weft__source_apply(source);
    weft__unlock(&where->turning);
}

struct weft__reactor *weft__reactors_create(uint32_t count) { return count == 1 ? &reactor : NULL; }
struct weft__reactor *weft__reactors_at(struct weft__reactor *reactors, uint32_t index) { return reactors + index; }
uint32_t weft__reactors_index(const struct weft__reactor *reactors, const struct weft__reactor *where)
{
    return (uint32_t)(where - reactors);
}
void weft__reactors_destroy(struct weft__reactor *reactors, uint32_t count) { (void)reactors, (void)count; }
int weft__reactor_open(struct weft__reactor *where) { return where == &reactor ? 0 : WEFT_ENOMEM; }
void weft__reactor_disown(struct weft__reactor *where) { (void)where; }
bool weft__reactor_awaited(const struct weft__thread *self) { return self == NULL; }
bool weft__reactor_enter(struct weft__thread *self) { return self == NULL; }
uint32_t weft__reactor_sleep(struct weft__thread *self, int64_t deadline_ns) { return self ? 0 : (uint32_t)deadline_ns; }
void weft__reactor_leave(struct weft__thread *self) { (void)self; }
uint32_t weft__reactor_turn(struct weft__thread *thread) { return thread ? 0 : 1; }
bool weft__reactor_stand_in(struct weft__thread *const *threads, uint32_t count, int64_t deadline_ns)
{
    return threads && count == 0 && deadline_ns > 0;
}

void weft__reactor_rouse(struct weft__thread *thread) { (void)thread; }
int weft__reactor_descriptor(struct weft__thread *thread) { return thread ? WEFT_EPERM : 0; }

uint32_t weft__reactor_end(struct weft__reactor *where, void (*forget)(void *context), void *context)
{
    weft__lock(&where->turning);
    forget(context);
    weft__unlock(&where->turning);
    return 0;
}

void weft__reactor_close(struct weft__reactor *where) { (void)where; }
uint32_t weft__reactor_settle(struct weft__reactor *where, int64_t deadline_ns) { return where && deadline_ns > 0 ? 0 : 1; }
int weft__source_own_number(const struct weft__source *source, int fd) { return source && fd < 0 ? fd : -1; }
