/* SPDX-License-Identifier: MIT */
/* Harness: a connection that is told of by edges: io/descriptor and io/fd over a socket that is played here. The other side, a host
 * thread, writes bytes, one or two at a time, and ends; a thread turns the loop; a task reads to the end, or is cancelled, and
 * then another goes on, or two read beside each other.
 *
 * The socket: what comes is put into the loop's list if the loop asks for it; the loop takes it out, looks at what is there by then,
 * and tells that, once. Asking anew puts into the list what is there already.
 *
 * Law: every byte is read once, and whoever reads sees the end: nothing that has come waits for somebody who was not told
 * (else DEADLOCK). */
#include "model.h"
#include "reactor.h"
#include "tasks.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sys/types.h>
#include <weft/error.h>

#include "base/futex.h"
#include "base/lock.h"
#include "io/descriptor.h"

enum { PIECES = 2, PIECE_MAX = 2, DESCRIPTOR = 7 };

static struct weft__source *source; /* the one that the loop knows; under reactor.turning, as the next */
static unsigned asked;
static struct weft__lock socket_lock; /* the system's: over the next five */
static uint32_t lies;
static bool ended;
static bool listening; /* what comes goes into the loop's list */
static bool stop;
static _Atomic uint32_t listed; /* the loop's list of what is ready, which it sleeps on */
static int sends[PIECES];
static weft_fd connection;
static _Atomic uint32_t got;

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"read to the end", "cancelled", "woken", "told of nothing any more",
                                        "bytes and the end in one", "nobody was there", "there was nothing"};
    return goal < 7 ? names[goal] : NULL;
}

/* --- the socket */

/* Something has come, or is there: under the lock. */
static void socket_list(void)
{
    if (!listening)
        return;
    weft__store_relaxed(&listed, 1);
    weft__futex_wake(&listed, 1);
}

ssize_t edges_recv(int fd, void *buffer, size_t length, int flags)
{
    (void)fd, (void)flags, (void)buffer;
    weft__lock(&socket_lock);
    const uint32_t count = lies < length ? lies : (uint32_t)length;
    const bool end = lies == 0 && ended;
    lies -= count;
    weft__unlock(&socket_lock);
    if (count > 0 || end)
        return count;
    model_reach(6);
    errno = EAGAIN;
    return -1;
}

ssize_t edges_send(int fd, const void *buffer, size_t length, int flags)
{
    (void)fd, (void)buffer, (void)length, (void)flags;
    return 0;
}

ssize_t edges_read(int fd, void *buffer, size_t length) { return edges_recv(fd, buffer, length, 0); }

int edges_close(int fd)
{
    assert(fd == DESCRIPTOR);
    return 0;
}

static void *other_side(void *unused)
{
    for (int i = 0; i <= PIECES; i++) {
        weft__lock(&socket_lock);
        if (i < PIECES)
            lies += (uint32_t)sends[i];
        else
            ended = true;
        socket_list();
        weft__unlock(&socket_lock);
    }
    return unused;
}

/* --- the loop */

/* What is in the list, as it is by now. Under reactor.turning. False: it is to stop. */
static bool loop_turn(void)
{
    weft__lock(&socket_lock);
    const bool goes_on = !stop;
    const bool was_listed = weft__exchange_relaxed(&listed, 0);
    const unsigned events = (lies > 0 || ended ? WEFT__IO_READ : 0) | (ended ? WEFT__IO_HANGUP : 0);
    if (was_listed && lies > 0 && ended)
        model_reach(4);
    weft__unlock(&socket_lock);
    if (was_listed && events == 0)
        model_reach(3);
    if (was_listed && events != 0 && source && asked)
        model_reach(weft__source_event(source, events) > 0 ? 2 : 5);
    return goes_on;
}

static void *loop_main(void *unused)
{
    bool goes_on;
    do {
        weft__futex_wait(&listed, 0, INT64_MAX);
        weft__lock(&reactor.turning);
        goes_on = loop_turn();
        weft__unlock(&reactor.turning);
    } while (goes_on);
    return unused;
}

int weft__source_want(struct weft__reactor *where, struct weft__source *which, int fd, unsigned events, enum weft__telling telling)
{
    assert(where == &reactor && fd == DESCRIPTOR && telling == WEFT__TELL_EDGES);
    source = which;
    weft__lock(&socket_lock);
    asked = events;
    listening = events != 0;
    if (lies > 0 || ended)
        socket_list();
    weft__unlock(&socket_lock);
    return 0;
}

void weft__source_fini(struct weft__reactor *where, struct weft__source *which, int fd)
{
    assert(where == &reactor && fd == DESCRIPTOR);
    weft__lock(&socket_lock);
    listening = false;
    weft__unlock(&socket_lock);
    source = NULL;
    weft__source_gone(which);
}

/* --- who reads */

struct reader {
    weft_frame weft;
    size_t room;
    char buffer[PIECE_MAX];
};

static weft_poll reader(weft_context *cx, struct reader *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_fd_read(cx, &connection, self->buffer, self->room));
        if (self->weft.rc <= 0)
            break;
        weft__fetch_add_relaxed(&got, (uint32_t)self->weft.rc);
    }
    model_reach(self->weft.rc == 0 ? 0 : 1);
    assert(self->weft.rc == 0 || self->weft.rc == WEFT_ECANCELED);
    WEFT_END(0);
}

int main(void)
{
    pthread_t peer, loop;
    weft_runtime *rt = tasks_begin();
    struct weft__env *env = (struct weft__env *)(void *)rt;
    env->io = weft__io_create(env, 1);
    static struct weft__label label = WEFT__LABEL("edges");
    assert(weft__descriptor_open(env->io, DESCRIPTOR, WEFT_FD_SOCKET, &label, &connection) == 0);
    weft__descriptor_tell_edges(connection.weft__descriptor);
    uint32_t whole = 0;
    for (int i = 0; i < PIECES; i++)
        whole += (uint32_t)(sends[i] = 1 + (int)model_choose(PIECE_MAX));
    pthread_create(&loop, NULL, loop_main, NULL);
    pthread_create(&peer, NULL, other_side, NULL);
    const weft_task first = weft_spawn(tasks_scope(), reader, .room = 1 + model_choose(PIECE_MAX));
    const bool beside = model_choose(2);
    if (!beside && model_choose(2)) {
        weft_task_cancel(first);
        tasks_join_one(first);
    }
    weft_spawn(tasks_scope(), reader, .room = 1 + model_choose(PIECE_MAX));
    tasks_join();
    pthread_join(peer, NULL);
    weft__lock(&socket_lock);
    stop = true;
    weft__store_relaxed(&listed, 1);
    weft__futex_wake(&listed, 1);
    weft__unlock(&socket_lock);
    pthread_join(loop, NULL);
    assert(weft__load_relaxed(&got) == whole);
    weft_fd_close(&connection);
    weft__io_end(env->io);
    weft__io_unref(env->io);
    tasks_end();
    return 0;
}
