/* SPDX-License-Identifier: MIT */
/* The rooms that a whole runtime has and the explorer has not: no loops (libuv), no provider that is looked for (a harness may set
 * one), nothing to be done at a fork. */
#include "io/descriptor.h"
#include "runtime/runtime.h"
#include "trace/provider.h"

#include <stdlib.h>
#include <weft/error.h>

struct weft__io *weft__io_create(struct weft__env *env, uint32_t workers)
{
    (void)workers;
    env->io_ops = &weft__io_none;
    return calloc(1, sizeof(struct weft__io));
}

void weft__io_unref(struct weft__io *io) { free(io); }
void weft__io_end(struct weft__io *io) { (void)io; }
uint32_t weft__io_settle(struct weft__io *io, int64_t deadline_ns, uint32_t *out_worker)
{
    (void)io;
    (void)deadline_ns;
    (void)out_worker;
    return 0;
}
bool weft__io_is_settled(void *io) { return io != NULL; }
void weft__io_disown(struct weft__io *io) { (void)io; }

struct weft__reactor *weft__reactors_at(struct weft__reactor *reactors, uint32_t index)
{
    (void)index;
    return reactors;
}

void weft__reactor_bind(struct weft__reactor *reactor, struct weft__thread *thread)
{
    (void)reactor;
    (void)thread;
}

int weft__provider_find(bool load, char *text, size_t text_size)
{
    (void)load;
    if (text_size > 0) {
        text[0] = '\0';
    }
    return WEFT_ENOENT;
}

int weft__fork_prepare(void) { return 0; }
void weft__components_from_environment(weft_runtime *rt) { (void)rt; }
