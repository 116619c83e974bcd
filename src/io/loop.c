/* SPDX-License-Identifier: MIT */
#include <weft/loop.h>

#include "base/error.h"
#include "base/platform.h"
#include "io/descriptor.h"

struct loop_call {
    struct weft__loop_call call;
    weft_loop_fn *fn;
    void *context;
};

static void loop_run(void *loop, void *context)
{
    struct loop_call *wish = context;
    wish->fn(loop, wish->context);
    weft__free(wish);
}

int weft_loop_call(weft_runtime *rt, uint32_t worker, weft_loop_fn *fn, void *context)
{
    static const char call[] = "weft_loop_call";
    if (!fn)
        return weft__refuse(WEFT_EINVAL, "%s: the function must not be null", call);
    int error;
    struct weft__io *io = weft__io_for(call, rt, &error);
    if (!io)
        return error;
    if (worker >= io->count)
        return weft__refuse(WEFT_EINVAL, "%s: worker %u: give 0 to %u", call, worker, io->count - 1);
    struct weft__reactor *reactor = weft__reactors_at(io->reactors, worker);
    error = weft__reactor_open(reactor);
    if (error < 0)
        return weft__refuse(error, "%s: no loop for worker %u: %s", call, worker, weft_error_text(error));
    struct loop_call *wish = weft__alloc(sizeof *wish);
    if (!wish)
        return weft__refuse(WEFT_ENOMEM, "%s: no memory: fn is not called", call);
    *wish = (struct loop_call){.call = {.fn = loop_run, .context = wish}, .fn = fn, .context = context};
    weft__reactor_call(reactor, &wish->call);
    return 0;
}
