/* SPDX-License-Identifier: MIT */
/*
 * Teaches meeting points: a semaphore lets a few in at a time, a mutex is held over an await, a oneshot brings one
 * answer to a thread that waits for it. A task that waits lets others run; who waits is served in order of arrival.
 */
#include <stdio.h>
#include <weft.h>

enum { VISITORS = 8, PLACES = 3 };

struct report { int visits, most; };
WEFT_ONESHOT_DEFINE(answer, struct report)

/* Handles are values: copy them as you like. Whoever created one destroys it. */
struct museum {
    weft_semaphore places;
    weft_mutex book;
};

struct guestbook { int inside, visits, most; }; /* for whoever has the mutex */

struct visitor { weft_frame weft; struct museum museum; struct guestbook *book; };

static weft_poll visitor(weft_context *cx, struct visitor *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_semaphore_acquire(cx, &self->museum.places, 1));
    if (self->weft.rc < 0)
        WEFT_RETURN(self->weft.rc); /* cancelled: it took nothing */

    WEFT_AWAIT(self->weft.rc, weft_mutex_lock(cx, &self->museum.book));
    if (++self->book->inside > self->book->most)
        self->book->most = self->book->inside;
    WEFT_AWAIT(self->weft.rc, weft_yield(cx)); /* the others run, and the book stays ours */
    weft_mutex_unlock(&self->museum.book);     /* the next in line has it now */

    WEFT_AWAIT(self->weft.rc, weft_yield(cx)); /* looking at the pictures */

    WEFT_AWAIT(self->weft.rc, weft_mutex_lock(cx, &self->museum.book));
    self->book->inside--;
    self->book->visits++;
    weft_mutex_unlock(&self->museum.book);
    weft_semaphore_release(&self->museum.places, 1);
    WEFT_END(0);
}

struct director {
    weft_frame weft;
    weft_scope scope;
    struct museum museum;
    struct guestbook book;
    answer_sender report;
};

static weft_poll director(weft_context *cx, struct director *self)
{
    WEFT_BEGIN(cx, self);
    if (weft_scope_open(cx, &self->scope, WEFT_SCOPE_OPTIONS(.name = "opening hours")) < 0)
        WEFT_RETURN(WEFT_ENOMEM);
    for (int i = 0; i < VISITORS; i++)
        weft_spawn(&self->scope, visitor, .museum = self->museum, .book = &self->book);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->scope));
    WEFT_END(answer_send(&self->report, (struct report){self->book.visits, self->book.most}));
}

/* What anybody may see of them at any time: here when all have gone home. */
static int show(void *context, const weft_sync_stats *stats)
{
    (void)context;
    if (stats->kind == WEFT_SYNC_ONESHOT)
        return 0; /* the director may still have to put his end away */
    printf("%s '%s': %u of %u free, %u waiting\n", weft_sync_kind_name(stats->kind), stats->name, stats->permits,
           stats->permits_max, stats->waiting);
    return 0;
}

int main(void)
{
    weft_runtime *rt;
    struct museum museum;
    answer_sender report;
    answer_receiver from_director;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "museum")) < 0 ||
        weft_semaphore_create(rt, WEFT_SEMAPHORE_OPTIONS(.name = "places", .permits = PLACES, .permits_max = PLACES),
                              &museum.places) < 0 ||
        weft_mutex_create(rt, WEFT_MUTEX_OPTIONS(.name = "book"), &museum.book) < 0 ||
        answer_create(rt, WEFT_ONESHOT_OPTIONS(.name = "report"), &report, &from_director) < 0)
        return 1;
    weft_spawn(weft_runtime_scope(rt), director, .museum = museum, .report = report);

    struct report said = {0};
    const int rc = answer_recv_blocking(&from_director, &said, WEFT_FOREVER);
    answer_receiver_close(&from_director);
    printf("%s: %d visits, never more than %d at a time: %s\n", weft_error_name(rc), said.visits, PLACES,
           said.most <= PLACES ? "true" : "false");
    weft_sync_visit(rt, show, NULL);
    weft_mutex_destroy(&museum.book);
    weft_semaphore_destroy(&museum.places);
    return weft_runtime_finish(rt) < 0;
}
