/* SPDX-License-Identifier: MIT */
#include "base/bell.h"

#include <errno.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/platform.h"

void weft__bell_init(struct weft__bell *bell)
{
    bell->opening = (struct weft__lock){0};
    atomic_init(&bell->clapper, -1);
}

void weft__bell_fini(struct weft__bell *bell)
{
    const int clapper = weft__load_relaxed(&bell->clapper); /* nobody else knows it any more */
    if (clapper < 0)
        return;
    close(bell->fd);
    close(clapper);
}

static int bell_watch(int fd, int other)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = other};
    return other < 0 || epoll_ctl(fd, EPOLL_CTL_ADD, other, &event) == 0 ? 0 : -errno;
}

/* Under the lock. */
static int bell_make(struct weft__bell *bell, int beside)
{
    const int clapper = weft__platform->eventfd();
    if (clapper < 0)
        return clapper;
    const int fd = epoll_create1(EPOLL_CLOEXEC);
    int error = fd < 0 ? -errno : bell_watch(fd, clapper);
    if (error == 0)
        error = bell_watch(fd, beside);
    if (error < 0) {
        if (fd >= 0)
            close(fd);
        close(clapper);
        return error;
    }
    bell->fd = fd;
    weft__store_release(&bell->clapper, clapper); /* BL-R1 */
    return 0;
}

int weft__bell_open(struct weft__bell *bell, int beside)
{
    weft__lock(&bell->opening);
    const int error = weft__load_relaxed(&bell->clapper) >= 0 ? 0 : bell_make(bell, beside); /* under the lock */
    const int fd = error < 0 ? error : bell->fd;
    weft__unlock(&bell->opening);
    return fd;
}

/* Neither of the two can fail in a way that matters: a counter that is full is readable, an empty one is clear. */
void weft__bell_ring(struct weft__bell *bell)
{
    const int clapper = weft__load_acquire(&bell->clapper); /* BL-A1 */
    const uint64_t one = 1;
    if (clapper >= 0 && write(clapper, &one, sizeof one) < 0)
        return;
}

void weft__bell_clear(struct weft__bell *bell)
{
    const int clapper = weft__load_acquire(&bell->clapper); /* BL-A1 */
    uint64_t count;
    if (clapper >= 0 && read(clapper, &count, sizeof count) < 0)
        return;
}
