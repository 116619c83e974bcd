/* SPDX-License-Identifier: MIT */
/*
 * A driven runtime on a libuv loop of the host. Three handles: the runtime's descriptor, which is readable when somebody
 * has made work; a timer for the next time that is due; and a prepare handle, which runs before the loop sleeps and sets
 * the timer, since a turn of the host's own callbacks may have changed what is due.
 *
 * Threads: the loop's alone.
 */
#include <weft/guest.h>

#include <uv.h>
#include <weft/runtime.h>

#include "base/error.h"
#include "base/platform.h"

enum { GUEST_BUDGET = 256, GUEST_HANDLES = 3 };

struct weft_guest {
    weft_runtime *rt; /* NULL: it is being taken off */
    uint32_t closed;
    uv_poll_t poll;
    uv_timer_t timer;
    uv_prepare_t prepare;
};

/* The loop stays alive for the sake of living tasks, not of the handles. */
static void guest_hold_loop(weft_guest *guest)
{
    weft_runtime_stats stats = {.size = sizeof stats};
    const bool lives = weft_runtime_stats_get(guest->rt, &stats) == 0 && stats.tasks_live > 0;
    if (lives)
        uv_ref((uv_handle_t *)&guest->poll);
    else
        uv_unref((uv_handle_t *)&guest->poll);
}

static void guest_turn(weft_guest *guest)
{
    if (weft_runtime_turn(guest->rt, GUEST_BUDGET) < 0)
        return; /* another thread turns it this moment; the descriptor stays readable */
    guest_hold_loop(guest);
}

static void guest_is_due(uv_timer_t *timer) { guest_turn(timer->data); }

static void guest_set_timer(weft_guest *guest)
{
    const int ms = weft_runtime_timeout_ms(guest->rt);
    if (ms < 0)
        uv_timer_stop(&guest->timer);
    else
        uv_timer_start(&guest->timer, guest_is_due, (uint64_t)ms, 0);
}

static void guest_prepare(uv_prepare_t *prepare)
{
    guest_hold_loop(prepare->data);
    guest_set_timer(prepare->data);
}

static void guest_called(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    guest_turn(poll->data);
}

static void guest_closed(uv_handle_t *handle)
{
    weft_guest *guest = handle->data;
    if (++guest->closed == GUEST_HANDLES)
        weft__free(guest);
}

int weft_guest_begin(weft_runtime *rt, void *uv_loop, weft_guest **out_guest)
{
    static const char call[] = "weft_guest_begin";
    if (!uv_loop || !out_guest)
        return weft__refuse(WEFT_EINVAL, "%s: the loop and the place for the guest must not be null", call);
    const int fd = weft_runtime_descriptor(rt);
    if (fd < 0)
        return weft__refuse(fd, "%s: give a live runtime that was created with .drive = WEFT_DRIVE_TURNS", call);
    weft_guest *guest = weft__alloc_zeroed(1, sizeof *guest);
    if (!guest)
        return weft__refuse(WEFT_ENOMEM, "%s: no memory", call);
    const int error = uv_poll_init(uv_loop, &guest->poll, fd);
    if (error < 0) {
        weft__free(guest);
        return weft__refuse(error, "%s: the loop does not take the descriptor: %s", call, uv_strerror(error));
    }
    guest->rt = rt;
    uv_timer_init(uv_loop, &guest->timer);
    uv_prepare_init(uv_loop, &guest->prepare);
    guest->poll.data = guest->timer.data = guest->prepare.data = guest;
    uv_unref((uv_handle_t *)&guest->timer);
    uv_unref((uv_handle_t *)&guest->prepare);
    uv_poll_start(&guest->poll, UV_READABLE, guest_called);
    uv_prepare_start(&guest->prepare, guest_prepare);
    guest_hold_loop(guest);
    *out_guest = guest;
    return 0;
}

void weft_guest_end(weft_guest *guest)
{
    if (!guest)
        return;
    uv_close((uv_handle_t *)&guest->poll, guest_closed);
    uv_close((uv_handle_t *)&guest->timer, guest_closed);
    uv_close((uv_handle_t *)&guest->prepare, guest_closed);
}
