/* SPDX-License-Identifier: MIT */
/* Harness: the bell, over descriptors that are memory. One or two threads open it, one brings news and rings, the host, which may
 * open it first, sleeps on the descriptor, clears, looks, and sleeps again.
 *
 * Law: whoever finds a descriptor finds what the system made of it: that is a plain write here, since on some machines nothing else
 * orders it; it is made once; what was rung for after a clear is rung again, so the host hears the news (else DEADLOCK). */
#include "model.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/bell.h"
#include "base/futex.h"
#include "base/platform.h"

enum { CLAPPER = 3, EPOLL = 5, DESCRIPTORS = 6 };

static struct weft__bell bell;
static struct weft__platform platform;
static struct {
    bool open;              /* plain: the system's */
    _Atomic uint32_t count; /* of a clapper; the system orders its calls to one descriptor */
} descriptors[DESCRIPTORS];
static _Atomic int opened; /* by the ringer's side, seen through nothing but the bell */
static _Atomic int news;

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"rung while open", "slept", "heard", "opened by another"};
    return goal < 4 ? names[goal] : NULL;
}

/* The calls of the system, by the names that bell.c has for them here (harnesses.txt). */
int bell_eventfd(void);

int bell_eventfd(void)
{
    assert(!descriptors[CLAPPER].open);
    descriptors[CLAPPER].open = true;
    return CLAPPER;
}

int epoll_create1(int flags)
{
    (void)flags;
    assert(!descriptors[EPOLL].open);
    descriptors[EPOLL].open = true;
    return EPOLL;
}

int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
    (void)event;
    assert(epfd == EPOLL && op == EPOLL_CTL_ADD && descriptors[fd].open);
    return 0;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    (void)bytes;
    assert(descriptors[fd].open);
    weft__fetch_add_acq_rel(&descriptors[fd].count, 1);
    weft__futex_wake(&descriptors[fd].count, WEFT__WAKE_ALL);
    model_reach(0);
    return (ssize_t)size;
}

ssize_t read(int fd, void *bytes, size_t size)
{
    (void)bytes;
    assert(descriptors[fd].open);
    return weft__exchange_acq_rel(&descriptors[fd].count, 0) ? (ssize_t)size : -1;
}

int close(int fd)
{
    assert(descriptors[fd].open);
    descriptors[fd].open = false;
    return 0;
}

static void *opener(void *nothing)
{
    assert(weft__bell_open(&bell, -1) == EPOLL);
    model_reach(3);
    return nothing;
}

/* As a sender that learns that its receiver is polled: the news and whether somebody listens are one exchange each. */
static void *ringer(void *nothing)
{
    if (model_choose(4) == 0) {
        weft__bell_clear(&bell); /* what was rung until here is no news */
    }
    weft__fetch_add_seq_cst(&news, 1);
    if (weft__fetch_add_seq_cst(&opened, 0)) {
        weft__bell_ring(&bell);
    } else if (model_choose(2)) {
        weft__bell_ring(&bell); /* for nobody, perhaps */
    }
    return nothing;
}

static void host(void)
{
    assert(weft__bell_open(&bell, -1) == EPOLL);
    weft__fetch_add_seq_cst(&opened, 1);
    for (;;) {
        weft__bell_clear(&bell);
        if (weft__fetch_add_seq_cst(&news, 0)) {
            break;
        }
        model_reach(1);
        while (weft__load_relaxed(&descriptors[CLAPPER].count) == 0) {
            weft__futex_wait(&descriptors[CLAPPER].count, 0, INT64_MAX);
        }
    }
    model_reach(2);
}

int main(void)
{
    pthread_t threads[3];
    platform = *weft__platform;
    platform.eventfd = bell_eventfd;
    weft__platform = &platform;
    weft__bell_init(&bell);
    const unsigned openers = model_choose(3);
    for (unsigned i = 0; i < openers; i++) {
        pthread_create(&threads[i], NULL, opener, NULL);
    }
    pthread_create(&threads[openers], NULL, ringer, NULL);
    host();
    for (unsigned i = 0; i <= openers; i++) {
        pthread_join(threads[i], NULL);
    }
    weft__bell_fini(&bell);
    assert(!descriptors[CLAPPER].open && !descriptors[EPOLL].open);
    return 0;
}
