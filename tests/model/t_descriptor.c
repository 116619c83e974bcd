/* SPDX-License-Identifier: MIT */
/* Harness: descriptors that are opened and closed while others look at them: their slots are used again, and the page of what is
 * closed gives its memory back.
 *
 * A host thread closes the first one. Main opens a second, maybe in its slot, and closes it. The loop tells, in a turn of its own,
 * that it has forgotten one, and what comes while it knows it. Beside them, one of two: a task that waits for the first, and then
 * one in its slot that waits for the second; or a walk. The memory of what was closed goes back, also while somebody who was told
 * has yet to be polled. The end comes before the first is closed, or after.
 *
 * Law: who waits for what is closed is told, once, and keeps nothing of it; what a descriptor has read is counted in every sum,
 * once, also while it goes; a walk shows what is whole. */
#include "model.h"
#include "reactor.h"
#include "tasks.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/types.h>
#include <weft/error.h>

#include "base/lock.h"
#include "io/descriptor.h"

enum { FIRST = 7, SECOND = 8, BYTES = 7, KNOWN_MAX = 2 };

static struct weft__io *io;
static weft_runtime *rt;
static struct weft__source *known[KNOWN_MAX];     /* by the loop; under reactor.turning, as the next */
static struct weft__source *forgotten[KNOWN_MAX]; /* to be told of in a later turn */
static weft_fd first, second;
static weft_task task; /* that waits for the first */
static _Atomic uint32_t looked[KNOWN_MAX]; /* those who wait for them */

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"told that it was closed", "refused before it waited", "opened in the slot of the first",
                                        "told of something",        "a sum while it was there", "a sum after it was gone",
                                        "shown by a walk",          "no memory to give back",   "gave memory back", "cancelled"};
    return goal < 10 ? names[goal] : NULL;
}

/* --- the system: nothing ever comes that could be read */

ssize_t descriptor_recv(int fd, void *buffer, size_t length, int flags)
{
    (void)fd, (void)buffer, (void)length, (void)flags;
    errno = EAGAIN;
    return -1;
}

ssize_t descriptor_send(int fd, const void *buffer, size_t length, int flags)
{
    (void)buffer;
    return descriptor_recv(fd, NULL, length, flags);
}

ssize_t descriptor_read(int fd, void *buffer, size_t length) { return descriptor_recv(fd, buffer, length, 0); }

int descriptor_close(int fd)
{
    assert(fd == FIRST || fd == SECOND);
    return 0;
}

/* --- the loop */

static void put(struct weft__source **list, struct weft__source *source)
{
    for (int i = 0; i < KNOWN_MAX; i++) {
        if (!list[i]) {
            list[i] = source;
            return;
        }
    }
    model_fail("more sources than descriptors");
}

int weft__source_want(struct weft__reactor *where, struct weft__source *source, int fd, unsigned events, enum weft__telling telling)
{
    assert(where == &reactor && (fd == FIRST || fd == SECOND) && telling != WEFT__TELL_LENT && (events != 0 || telling != WEFT__TELL_EDGES));
    for (int i = 0; i < KNOWN_MAX; i++) {
        if (known[i] == source)
            return 0;
    }
    put(known, source);
    return 0;
}

void weft__source_fini(struct weft__reactor *where, struct weft__source *source, int fd)
{
    assert(where == &reactor && (fd == FIRST || fd == SECOND));
    for (int i = 0; i < KNOWN_MAX; i++) {
        if (known[i] == source)
            known[i] = NULL;
    }
    put(forgotten, source);
}

static void loop_turn(bool tells)
{
    struct weft__source *gone[KNOWN_MAX];
    weft__lock(&reactor.turning);
    if (tells && known[0] && weft__source_event(known[0], WEFT__IO_READ) > 0)
        model_reach(3);
    memcpy(gone, forgotten, sizeof gone);
    memset(forgotten, 0, sizeof forgotten);
    weft__unlock(&reactor.turning);
    for (int i = 0; i < KNOWN_MAX; i++) {
        if (gone[i])
            weft__source_gone(gone[i]);
    }
}

static void *loop_main(void *unused)
{
    loop_turn(true);
    if (task.id != 0 && model_choose(2))
        weft_task_cancel(task);
    loop_turn(false);
    return unused;
}

/* --- who waits, who closes, who looks */

struct waiter {
    weft_frame weft;
    weft_fd fd;
    char byte;
    _Atomic uint32_t *looked;
};

/* It has found the descriptor by its handle, which one may do with a stale one while memory is given back: what an atomic reads then
 * is one of two things, but the explorer takes a discard for a plain write. */
static int found(struct waiter *self, int answer)
{
    weft__store_release(self->looked, 1);
    return answer;
}

static weft_poll waiter(weft_context *cx, struct waiter *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, found(self, weft_fd_read(cx, &self->fd, &self->byte, 1)));
    model_reach(self->weft.rc == WEFT_EBADF ? 0 : self->weft.rc == WEFT_ESRCH ? 1 : 9);
    assert(self->weft.rc == WEFT_EBADF || self->weft.rc == WEFT_ESRCH || self->weft.rc == WEFT_ECANCELED);
    WEFT_END(0);
}

static void *closer_main(void *unused)
{
    weft_fd_close(&first);
    return unused;
}

static int shown(void *context, const weft_fd_stats *stats)
{
    (void)context;
    assert(stats->fd == FIRST ? stats->bytes_read == BYTES : stats->fd == SECOND && stats->bytes_read == 0);
    model_reach(6);
    return 0;
}

static void look_at_sums(void)
{
    struct weft__io_totals totals[WEFT__IO_KINDS];
    weft__io_totals(io, totals);
    assert(totals[WEFT_FD_SOCKET].bytes_read == BYTES && totals[WEFT_FD_SOCKET].reads == 1);
    weft__lock(&io->counting);
    model_reach(io->gone[WEFT_FD_SOCKET].reads ? 5 : 4);
    weft__unlock(&io->counting);
}

static void *walker_main(void *unused)
{
    if (model_choose(2))
        look_at_sums();
    else
        assert(weft_fd_visit(rt, shown, NULL) == 0);
    return unused;
}

static void trim(void)
{
    const uint64_t before = weft__load_relaxed(&io->slab.bytes);
    weft__slab_trim(&io->slab);
    weft__slab_trim(&io->slab); /* what was empty at the first */
    model_reach(weft__load_relaxed(&io->slab.bytes) < before ? 8 : 7);
}

static void open_one(int fd, weft_fd *out)
{
    static struct weft__label label = WEFT__LABEL("played");
    assert(weft__descriptor_open(io, fd, WEFT_FD_SOCKET, &label, out) == 0);
    if (fd == FIRST || model_choose(2))
        weft__descriptor_tell_edges(out->weft__descriptor);
}

/* Nobody who waited for one asks for it by a handle any more. */
static bool handles_are_done(void)
{
    for (int i = 0; i < KNOWN_MAX; i++) {
        if (!weft__load_acquire(&looked[i]))
            return false;
    }
    return true;
}

/* The second one lives and goes, and who waits for it as well: it may turn away once it was told. */
static void second_one(struct weft__descriptor *before, bool awaited)
{
    weft_task waits = {0};
    open_one(SECOND, &second);
    if (second.weft__descriptor == before)
        model_reach(2);
    if (awaited)
        waits = weft_spawn(tasks_scope(), waiter, .fd = second, .looked = &looked[1]);
    weft_fd_close(&second);
    if (awaited && model_choose(2))
        weft_task_cancel(waits);
}

int main(void)
{
    pthread_t closer, loop, walker;
    rt = tasks_begin();
    struct weft__env *env = (struct weft__env *)(void *)rt;
    io = env->io = weft__io_create(env, 1);
    open_one(FIRST, &first);
    struct weft__descriptor *const slot = first.weft__descriptor;
    weft__io_count_read(slot, BYTES);
    const bool looks = model_choose(2);
    if (looks) {
        pthread_create(&walker, NULL, walker_main, NULL);
    } else {
        task = weft_spawn(tasks_scope(), waiter, .fd = first, .looked = &looked[0]);
        pthread_create(&closer, NULL, closer_main, NULL);
        pthread_create(&loop, NULL, loop_main, NULL);
        if (model_choose(2))
            tasks_join_one(task);
        second_one(slot, true);
        if (handles_are_done() && model_choose(2))
            trim();
    }
    if (looks) {
        pthread_create(&closer, NULL, closer_main, NULL);
        pthread_create(&loop, NULL, loop_main, NULL);
        second_one(slot, false);
        trim();
        pthread_join(walker, NULL);
    }
    tasks_join();
    weft__io_end(io);
    loop_turn(false);
    env->io = NULL;
    weft__io_unref(io);
    pthread_join(closer, NULL);
    pthread_join(loop, NULL);
    loop_turn(false);
    tasks_end();
    return 0;
}
