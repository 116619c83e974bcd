/* SPDX-License-Identifier: MIT */
/*
 * On sd-event, systemd's loop: an I/O source for the runtime's descriptor and a time source for its next timer. Before the
 * loop sleeps the time is set to what the runtime says; both sources do the same, a turn.
 */
#include <stdio.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <weft.h>

struct guest { weft_runtime *rt; sd_event_source *polled, *due; };

static int guest_turn(struct guest *self)
{
    const int polls = weft_runtime_turn(self->rt, 100);
    return polls < 0 ? polls : 0; /* negative: sd-event drops the source */
}

static int guest_on_polled(sd_event_source *source, int fd, uint32_t events, void *guest)
{
    (void)source, (void)fd, (void)events;
    return guest_turn(guest);
}

static int guest_on_due(sd_event_source *source, uint64_t usec, void *guest)
{
    (void)source, (void)usec;
    return guest_turn(guest);
}

/* Before each sleep. Rounded up, or it would be woken before the time, again and again. */
static int guest_prepare(sd_event_source *polled, void *guest)
{
    (void)polled;
    struct guest *self = guest;
    const int64_t next = weft_runtime_next(self->rt);
    if (next == WEFT_FOREVER)
        return sd_event_source_set_enabled(self->due, SD_EVENT_OFF);
    sd_event_source_set_time(self->due, (uint64_t)((next + 999) / 1000));
    return sd_event_source_set_enabled(self->due, SD_EVENT_ONESHOT);
}

static int guest_begin(struct guest *self, sd_event *loop)
{
    const int fd = weft_runtime_descriptor(self->rt);
    if (fd < 0 || sd_event_add_io(loop, &self->polled, fd, EPOLLIN, guest_on_polled, self) < 0 ||
        sd_event_add_time(loop, &self->due, CLOCK_MONOTONIC, 0, 1, guest_on_due, self) < 0)
        return -1;
    return sd_event_source_set_prepare(self->polled, guest_prepare);
}

/* Counts down in steps of a millisecond, and ends the loop. */
struct counter { weft_frame weft; int left; sd_event *loop; };

static weft_poll counter(weft_context *cx, struct counter *self)
{
    WEFT_BEGIN(cx, self);
    for (; self->left > 0; self->left--) {
        printf("%d\n", self->left);
        WEFT_AWAIT(self->weft.rc, weft_sleep(cx, 1000000));
        if (self->weft.rc < 0)
            WEFT_RETURN(self->weft.rc);
    }
    WEFT_END(sd_event_exit(self->loop, 0)); /* the same thread: no lock */
}

int main(void)
{
    struct guest guest = {0};
    sd_event *loop = NULL;
    if (weft_runtime_create(&guest.rt, WEFT_RUNTIME_OPTIONS(.name = "sd-event", .drive = WEFT_DRIVE_TURNS)) < 0 ||
        sd_event_new(&loop) < 0 || guest_begin(&guest, loop) < 0)
        return 1;
    weft_spawn(weft_runtime_scope(guest.rt), counter, .left = 3, .loop = loop);
    const int code = sd_event_loop(loop);
    sd_event_source_unref(guest.polled);
    sd_event_source_unref(guest.due);
    sd_event_unref(loop);
    printf("the loop has ended\n");
    return weft_runtime_finish(guest.rt) < 0 || code < 0;
}
