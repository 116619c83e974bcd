/* SPDX-License-Identifier: MIT */
/*
 * See apart.h. Two blocks go to and fro: the child fills one while the parent empties the other. A record is whole
 * before `used` covers it (AP-R1, AP-A1), so when the child has ended in the middle of something, the block that it was
 * filling has every record that it said.
 */
#include "cli/trace/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/text.h"

enum {
    BLOCK_SIZE = 1 << 17,
    LINE_SIZE = 512,
    LOOK_MS = 500 /* how often the parent looks whether a silent child gets on */
};

struct apart_head {
    uint32_t bytes; /* of the record, without the head and what fills it up to 8 */
    uint32_t what;
};

struct apart_area {
    _Atomic uint32_t used[2];
    _Atomic uint64_t alive; /* turns of the child */
    _Atomic bool returned;  /* its body did */
    _Alignas(64) unsigned char block[2][BLOCK_SIZE];
};

static size_t apart_padded(size_t bytes)
{
    return sizeof(struct apart_head) + ((bytes + 7) & ~(size_t)7);
}

/* One byte to the other side, or from it: false if there is no other side any more. */
static bool apart_signal(int socket)
{
    ssize_t sent;
    do
        sent = send(socket, "", 1, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == 1;
}

static bool apart_wait(int socket)
{
    char byte;
    ssize_t got;
    do
        got = read(socket, &byte, 1);
    while (got < 0 && errno == EINTR);
    return got == 1;
}

/* ---- the child ---- */

/* The block goes to the parent, and the other one, once it is empty, is the one to fill. */
static void apart_turn(struct apart *apart)
{
    if (!apart_signal(apart->socket) || !apart_wait(apart->socket))
        _exit(EXIT_FAILURE); /* nobody listens */
    apart->block ^= 1;
}

void *apart_room(struct apart *apart, size_t bytes)
{
    /* relaxed: the child alone raises it, and the parent's emptying came by the socket */
    if (atomic_load_explicit(&apart->area->used[apart->block], memory_order_relaxed) + apart_padded(bytes) > BLOCK_SIZE)
        apart_turn(apart);
    const uint32_t used = atomic_load_explicit(&apart->area->used[apart->block], memory_order_relaxed); /* as above */
    return apart->area->block[apart->block] + used + sizeof(struct apart_head);
}

void apart_say(struct apart *apart, uint32_t what, size_t bytes)
{
    _Atomic uint32_t *used = &apart->area->used[apart->block];
    const uint32_t at = atomic_load_explicit(used, memory_order_relaxed); /* the child alone raises it */
    const struct apart_head head = {(uint32_t)bytes, what};
    memcpy(apart->area->block[apart->block] + at, &head, sizeof head);
    /* AP-R1: the record is whole before it counts */
    atomic_store_explicit(used, at + (uint32_t)apart_padded(bytes), memory_order_release);
}

void apart_flush(struct apart *apart)
{
    if (atomic_load_explicit(&apart->area->used[apart->block], memory_order_relaxed)) /* the child alone raises it */
        apart_turn(apart);
}

void apart_alive(struct apart *apart)
{
    /* relaxed: only whether it changes is looked at */
    atomic_fetch_add_explicit(&apart->area->alive, 1, memory_order_relaxed);
}

static void apart_redirect(int said)
{
    const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nowhere < 0 || dup2(nowhere, 0) < 0 || dup2(nowhere, 1) < 0 || dup2(said, 2) < 0)
        _exit(EXIT_FAILURE);
}

static _Noreturn void apart_child(struct apart *apart, pid_t parent, void (*body)(void *context, struct apart *apart),
                                  void *context)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    (void)signal(SIGINT, SIG_IGN); /* ends the parent, and that ends us */
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    apart_redirect(apart->said);
    body(context, apart);
    apart_flush(apart);
    atomic_store_explicit(&apart->area->returned, true, memory_order_release); /* AP-R2: nothing is said any more */
    _exit(0); /* not exit(): what the parent had in its buffers is the parent's to write */
}

/* ---- the parent ---- */

static int64_t apart_cpu_ns(pid_t pid)
{
    clockid_t clock;
    struct timespec time;
    if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &time))
        return 0;
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

int apart_start(struct apart *apart, int64_t limit_ns, void (*body)(void *context, struct apart *apart), void *context)
{
    int sockets[2] = {-1, -1};
    *apart = (struct apart){.pid = -1, .limit_ns = limit_ns};
    apart->area = mmap(NULL, sizeof *apart->area, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (apart->area == MAP_FAILED)
        return -1;
    apart->said = memfd_create("weft-stderr", MFD_CLOEXEC);
    const pid_t parent = getpid();
    if (apart->said >= 0 && !socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets))
        apart->pid = fork();
    apart->socket = sockets[apart->pid == 0];
    if (apart->pid == 0) {
        close(sockets[0]); /* or it would not see its parent go */
        apart_child(apart, parent, body, context);
    }
    const int error = errno;
    if (sockets[1] >= 0)
        close(sockets[1]);
    if (apart->pid > 0) {
        (void)apart_signal(apart->socket); /* the second block is empty */
        return 0;
    }
    if (sockets[0] >= 0)
        close(sockets[0]);
    if (apart->said >= 0)
        close(apart->said);
    munmap(apart->area, sizeof *apart->area);
    errno = error;
    return -1;
}

/* The child has been silent for a while: waiting for its disk, or its turn, or round in circles? */
static void apart_look(struct apart *apart)
{
    const int64_t now_ns = apart_cpu_ns(apart->pid);
    /* relaxed: only whether they change is looked at */
    const uint64_t now = atomic_load_explicit(&apart->area->alive, memory_order_relaxed) +
                         atomic_load_explicit(&apart->area->used[apart->block], memory_order_relaxed);
    if (now != apart->seen) {
        apart->seen = now;
        apart->seen_ns = now_ns;
    } else if (now_ns - apart->seen_ns > apart->limit_ns) {
        apart->circles = true;
        kill(apart->pid, SIGKILL);
    }
}

/* Until a block is full, or nothing more will come. */
static void apart_await(struct apart *apart)
{
    struct pollfd poller = {.fd = apart->socket, .events = POLLIN};
    for (int ready; (ready = poll(&poller, 1, LOOK_MS)) <= 0;)
        if (!ready)
            apart_look(apart);
    apart->full = apart_wait(apart->socket);
    apart->ended = !apart->full;
    apart->seen_ns = apart_cpu_ns(apart->pid);
}

static void *apart_record(struct apart *apart, uint32_t *out_what, size_t *out_bytes)
{
    struct apart_head head;
    unsigned char *record = apart->area->block[apart->block] + apart->at;
    /* AP-A1: the records are whole */
    const uint32_t used = atomic_load_explicit(&apart->area->used[apart->block], memory_order_acquire);
    if (used > BLOCK_SIZE || apart->at + sizeof head > used)
        return NULL;
    memcpy(&head, record, sizeof head);
    if (apart_padded(head.bytes) > used - apart->at) /* not by us: somebody wrote over it before the crash */
        return NULL;
    apart->at += (uint32_t)apart_padded(head.bytes);
    *out_what = head.what;
    *out_bytes = head.bytes;
    return record + sizeof head;
}

void *apart_take(struct apart *apart, uint32_t *out_what, size_t *out_bytes)
{
    for (;;) {
        if (!apart->full && !apart->ended)
            apart_await(apart);
        void *record = apart_record(apart, out_what, out_bytes);
        if (record || apart->ended)
            return record;
        atomic_store_explicit(&apart->area->used[apart->block], 0, memory_order_relaxed); /* the socket tells it */
        (void)apart_signal(apart->socket);
        apart->block ^= 1;
        apart->at = 0;
        apart->full = false;
    }
}

/* The last line that the child printed, without what a terminal would not print. */
static void apart_last_line(int said, char *line, size_t size)
{
    char end[LINE_SIZE + 1] = "";
    const off_t all = lseek(said, 0, SEEK_END);
    const ssize_t got = pread(said, end, LINE_SIZE, all > LINE_SIZE ? all - LINE_SIZE : 0);
    end[got > 0 ? got : 0] = '\0';
    for (size_t length = strlen(end); length && strchr(" \n\r", end[length - 1]); length--)
        end[length - 1] = '\0';
    const char *last = strrchr(end, '\n');
    last = last ? last + 1 : end;
    text_clean(line, size, last + strspn(last, " "));
}

/* How it ended, unless its body returned. */
static void apart_tell(const struct apart *apart, int status, char *text, size_t size)
{
    char line[LINE_SIZE], how[64];
    apart_last_line(apart->said, line, sizeof line);
    if (apart->circles)
        snprintf(text, size, "it went round in circles: %.3g s of processor time, and nothing came of it",
                 (double)apart->limit_ns / 1e9);
    else if (WIFSIGNALED(status))
        snprintf(how, sizeof how, "%s", strsignal(WTERMSIG(status)));
    else
        snprintf(how, sizeof how, "exit code %d", WEXITSTATUS(status));
    if (!apart->circles)
        snprintf(text, size, "%s%s%s", how, line[0] ? ": " : "", line);
}

static bool apart_is_crash(const struct apart *apart, int status)
{
    static const int crashes[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
    if (apart->circles || !WIFSIGNALED(status))
        return true;
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
        if (WTERMSIG(status) == crashes[i])
            return true;
    return false;
}

bool apart_end(struct apart *apart, bool *out_crashed, char *text, size_t text_size)
{
    int status = 0;
    if (!apart->ended) /* not wanted to its end */
        kill(apart->pid, SIGKILL);
    while (waitpid(apart->pid, &status, 0) < 0 && errno == EINTR)
        ;
    /* AP-A2 */
    const bool good = !apart->ended || atomic_load_explicit(&apart->area->returned, memory_order_acquire);
    *out_crashed = !good && apart_is_crash(apart, status);
    if (!good)
        apart_tell(apart, status, text, text_size);
    close(apart->socket);
    close(apart->said);
    munmap(apart->area, sizeof *apart->area);
    return good;
}
