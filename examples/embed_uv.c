/* SPDX-License-Identifier: MIT */
/*
 * A guest on the host's own libuv loop: tasks and the host's handles take turns on one thread, so neither needs a lock to
 * touch what both know. uv_run() returns when both have nothing left.
 */
#include <stdio.h>
#include <uv.h>
#include <weft.h>

static int ticks; /* of the host's timer; tasks read it, since they run on the same thread */

struct sleeper { weft_frame weft; const char *name; int64_t delay_ns; };

static weft_poll sleeper(weft_context *cx, struct sleeper *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, self->delay_ns));
    printf("%s has slept\n", self->name);
    WEFT_END(0);
}

/* Reads from a pipe that the host's timer writes to. */
struct reader { weft_frame weft; weft_fd fd; char bytes[16]; int got; };

static weft_poll reader(weft_context *cx, struct reader *self)
{
    WEFT_BEGIN(cx, self);
    while (self->got < 3) {
        WEFT_AWAIT(self->weft.rc, weft_fd_read(cx, &self->fd, self->bytes, sizeof self->bytes));
        if (self->weft.rc <= 0)
            break;
        self->got += self->weft.rc;
    }
    weft_fd_close(&self->fd);
    printf("the host has ticked %d times, and %d bytes came\n", ticks, self->got);
    WEFT_END(0);
}

static void tick(uv_timer_t *timer)
{
    weft_fd *writer = timer->data;
    if (weft_fd_try_write(writer, ".", 1) == 1 && ++ticks == 3) {
        weft_fd_close(writer);
        uv_close((uv_handle_t *)timer, NULL);
    }
}

int main(void)
{
    uv_loop_t *loop = uv_default_loop();
    uv_timer_t timer;
    weft_runtime *rt;
    weft_guest *guest;
    weft_fd in = {0}, out = {0};
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "guest", .drive = WEFT_DRIVE_TURNS)) < 0 ||
        weft_guest_begin(rt, loop, &guest) < 0 || weft_pipe(rt, &in, &out) < 0) {
        printf("%s\n", weft_error_detail());
        return 1;
    }
    uv_timer_init(loop, &timer);
    timer.data = &out;
    uv_timer_start(&timer, tick, 20, 20);
    weft_spawn(weft_runtime_scope(rt), reader, .fd = in);
    weft_spawn(weft_runtime_scope(rt), sleeper, .name = "one", .delay_ns = 5000000);

    uv_run(loop, UV_RUN_DEFAULT);
    printf("the loop has nothing left\n");
    weft_guest_end(guest);
    uv_run(loop, UV_RUN_DEFAULT); /* lets go of the guest's handles */
    const int result = weft_runtime_finish(rt);
    uv_loop_close(loop);
    return result;
}
