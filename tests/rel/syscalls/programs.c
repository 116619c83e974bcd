/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "programs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/faulty.h"
#include "lib/stress.h"
#include "lib/world.h"

/* --- what is held against each other ---------------------------------------------------------------------------------- */

static atomic_int told, wrong;

/* A code that a call answered: errors are counted, and must be some that have names. */
static int heard(int code, int line)
{
    if (code >= 0)
        return code;
    if (strcmp(weft_error_name(code), "WEFT_E?") == 0) {
        fprintf(stderr, "line %d: %d\n", line, code);
        atomic_fetch_add(&wrong, 1);
    }
    fprintf(stderr, "line %d: %s: %s\n", line, weft_error_name(code), weft_error_detail());
    atomic_fetch_add(&told, 1);
    return code;
}
#define HEAR(code) heard((code), __LINE__)

static void held(bool condition, int line)
{
    if (condition || atomic_load(&told) > 0)
        return;
    fprintf(stderr, "line %d: does not hold\n", line);
    atomic_fetch_add(&wrong, 1);
}
#define HOLDS(condition) held((condition), __LINE__) /* unless somebody was told of an error */

static int answer(void)
{
    return atomic_load(&wrong) > 0 ? WRONG : atomic_load(&told) > 0 ? TOLD : DONE;
}

/* Open descriptors. */
struct holdings {
    unsigned all, pipes, epolls;
};
static struct holdings before;
static char folder[40]; /* for files; a program that is ended leaves some */

static struct holdings holdings(void)
{
    struct holdings now = {0};
    for (int fd = STDERR_FILENO + 1; fd < 256; fd++) {
        char path[32], what[64] = {0};
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (readlink(path, what, sizeof what - 1) < 0)
            continue;
        now.all++;
        now.pipes += strncmp(what, "pipe:", 5) == 0;
        now.epolls += strcmp(what, "anon_inode:[eventpoll]") == 0;
    }
    return now;
}

int program_note(void)
{
    before = holdings();
    snprintf(folder, sizeof folder, "/tmp/weft-syscalls-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

int program_tidy(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

/* A thread that was joined may be listed for a moment; one that was not hangs here. */
static void await_threads(void)
{
    while (!stress_sanitized() && stress_process_threads() > 1)
        sched_yield();
}

int program_check(int code)
{
    if (code != DONE && code != TOLD)
        return code;
    await_threads();
    struct holdings now = holdings();
    if (now.pipes == before.pipes + 2)
        now.all -= 2; /* the pair that libuv makes for signals when its first loop is opened, and keeps */
    fprintf(stderr, "descriptors %u, before %u; blocks %lld, pages %lld\n", now.all, before.all, (long long)faulty_blocks(),
            (long long)faulty_mapped());
    if (faulty_blocks() != 0 || faulty_mapped() != 0 || now.all != before.all + now.epolls - before.epolls)
        return LEFT;
    return now.epolls != before.epolls ? LEFT_EPOLL : code;
}

/* NULL: the program was told why not. */
static weft_runtime *begin(weft_drive drive)
{
    weft_runtime *rt = NULL;
    faulty_begin();
    HEAR(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = drive == WEFT_DRIVE_THREADS ? 2 : 0, .drive = drive,
                                                       .blocking_threads_max = 2, .blocking_keep_alive_ms = 5, .seed = 1)));
    return rt;
}

static int spawned(weft_task task, int line)
{
    return heard(weft_task_error(task), line);
}
#define SPAWN(...) spawned(weft_spawn(weft_runtime_scope(rt), __VA_ARGS__), __LINE__)

static void finish(weft_runtime *rt)
{
    weft_runtime_stats stats = {.size = sizeof stats};
    HOLDS(weft_runtime_shutdown(rt, WEFT_FOREVER) == 0);
    if (weft_runtime_stats_get(rt, &stats) != 0 || stats.tasks_live != 0 || stats.tasks_spawned != stats.tasks_ended)
        atomic_fetch_add(&wrong, 1); /* nothing excuses a lost task */
    if (weft_runtime_destroy(rt) != 0)
        atomic_fetch_add(&wrong, 1);
}

/* --- the programs ------------------------------------------------------------------------------------------------------ */

static int life(void *unused)
{
    (void)unused;
    for (int i = 0; i < 3; i++) {
        weft_runtime *rt = begin(WEFT_DRIVE_THREADS);
        if (!rt)
            continue;
        atomic_uint ended = 0;
        unsigned begun = 0;
        for (int t = 0; t < 20; t++)
            begun += SPAWN(ender, .ended = &ended) == 0;
        world_settle(rt);
        if (atomic_load(&ended) != begun)
            atomic_fetch_add(&wrong, 1);
        finish(rt);
    }
    return answer();
}

/* Two tasks and two host threads, and a descriptor for what comes out. */
static int channels(void *unused)
{
    (void)unused;
    weft_runtime *rt = begin(WEFT_DRIVE_THREADS);
    if (!rt)
        return answer();
    numbers_sender out, other;
    numbers_receiver in;
    if (HEAR(numbers_create(rt, WEFT_CHANNEL_OPTIONS(.capacity = 4), &out, &in)) == 0) {
        HEAR(weft_receiver_descriptor(&in.weft));
        uint64_t sum = 0, value = 0;
        if (HEAR(numbers_sender_clone(&out, &other)) == 0 && SPAWN(pusher, .out = other, .from = 1, .count = 100) < 0)
            numbers_sender_close(&other);
        if (HEAR(numbers_sender_clone(&out, &other)) == 0 && SPAWN(pusher, .out = other, .from = 1, .count = 100) < 0)
            numbers_sender_close(&other);
        numbers_sender_close(&out);
        while (numbers_recv_blocking(&in, &value, WEFT_FOREVER) == 0)
            sum += value;
        HOLDS(sum == 2 * 5050);
        numbers_receiver_close(&in);
    }
    finish(rt);
    return answer();
}

static int twice(void *number)
{
    return 2 * *(int *)number;
}

static int pool(void *unused)
{
    (void)unused;
    weft_runtime *rt = begin(WEFT_DRIVE_THREADS);
    if (!rt)
        return answer();
    weft_job jobs[8] = {{0}};
    int sum = 0, result = 0;
    for (int i = 0; i < 8; i++)
        HEAR(weft_job_begin_blocking(rt, &jobs[i], WEFT_JOB(twice, &i, .argument_size = sizeof i), WEFT_FOREVER));
    for (int i = 0; i < 8; i++)
        if (jobs[i].id != 0 && HEAR(weft_job_wait_blocking(&jobs[i], WEFT_FOREVER, &result)) == 0)
            sum += result;
    HOLDS(sum == 56);
    finish(rt);
    return answer();
}

struct sleeper {
    weft_frame weft;
    weft_interval interval;
    int left;
};

static weft_poll sleeper(weft_context *cx, struct sleeper *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_sleep(cx, 200000));
    HEAR(weft_interval_start(&self->interval, 300000, WEFT_MISSED_BURST));
    for (self->left = 5; self->left > 0; self->left--)
        WEFT_AWAIT(self->weft.rc, weft_interval_tick(cx, &self->interval));
    WEFT_END(self->left);
}

static int timers(void *unused)
{
    (void)unused;
    weft_runtime *rt = begin(WEFT_DRIVE_THREADS);
    if (!rt)
        return answer();
    for (int i = 0; i < 10; i++)
        SPAWN(sleeper, .left = 0);
    world_settle(rt);
    finish(rt);
    return answer();
}

/* A runtime that a host thread turns, which sleeps on its descriptor meanwhile. */
static int turned(void *unused)
{
    (void)unused;
    weft_runtime *rt = begin(WEFT_DRIVE_TURNS);
    if (!rt)
        return answer();
    HEAR(weft_runtime_descriptor(rt));
    weft_job job = {0};
    int number = 21, result = 0;
    SPAWN(sleeper, .left = 0);
    if (HEAR(weft_job_try_begin(rt, &job, WEFT_JOB(twice, &number))) == 0)
        HOLDS(weft_job_wait_blocking(&job, WEFT_FOREVER, &result) == 0 && result == 42);
    while (world_live(rt) > 0)
        HEAR(weft_runtime_turn(rt, 100));
    finish(rt);
    return answer();
}

/* Echo over a socket of the machine: whoever is told of an error closes its end, and the other hears of that. */
struct echo {
    weft_frame weft;
    weft_fd listener, fd;
    char buffer[512];
    size_t done;
};

static weft_poll echo(weft_context *cx, struct echo *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_accept(cx, &self->listener, &self->fd, NULL));
    weft_fd_close(&self->listener);
    if (HEAR(self->weft.rc) < 0)
        WEFT_RETURN(self->weft.rc);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, weft_fd_read(cx, &self->fd, self->buffer, sizeof self->buffer));
        if (HEAR(self->weft.rc) <= 0)
            break;
        self->done = 0;
        WEFT_AWAIT(self->weft.rc, weft_fd_write_all(cx, &self->fd, self->buffer, (size_t)self->weft.rc, &self->done));
        if (HEAR(self->weft.rc) < 0)
            break;
    }
    weft_fd_close(&self->fd);
    WEFT_END(0);
}

struct caller {
    weft_frame weft;
    weft_address address;
    weft_fd fd;
    char buffer[512];
    size_t done, got;
    int rounds;
};

static weft_poll caller(weft_context *cx, struct caller *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_connect(cx, &self->address, &self->fd));
    if (HEAR(self->weft.rc) < 0)
        WEFT_RETURN(self->weft.rc);
    for (; self->rounds > 0 && self->weft.rc >= 0; self->rounds--) {
        self->done = 0;
        WEFT_AWAIT(self->weft.rc, weft_fd_write_all(cx, &self->fd, "0123456789", 10, &self->done));
        for (self->got = 0; HEAR(self->weft.rc) >= 0 && self->got < 10; self->got += (size_t)self->weft.rc) {
            WEFT_AWAIT(self->weft.rc, weft_fd_read(cx, &self->fd, self->buffer + self->got, sizeof self->buffer - self->got));
            if (self->weft.rc == 0)
                break;
        }
        HOLDS(self->got == 10 && memcmp(self->buffer, "0123456789", 10) == 0);
    }
    weft_fd_close(&self->fd);
    WEFT_END(0);
}

static int sockets(void *unused)
{
    (void)unused;
    weft_runtime *rt = begin(WEFT_DRIVE_THREADS);
    if (!rt)
        return answer();
    weft_address address;
    weft_fd listener = {0};
    HOLDS(weft_address_parse("127.0.0.1:0", &address) == 0);
    if (HEAR(weft_listen(rt, &address, NULL, &listener)) == 0) {
        HEAR(weft_fd_addresses(&listener, &address, NULL));
        if (atomic_load(&told) == 0 && SPAWN(echo, .listener = listener) == 0)
            SPAWN(caller, .address = address, .rounds = 3);
        else
            weft_fd_close(&listener);
        while (world_live(rt) > 0 && atomic_load(&told) == 0) /* if one was told of an error the other may wait for it */
            sched_yield();
    }
    finish(rt);
    return answer();
}

struct runner {
    weft_frame weft;
    weft_process process;
    char buffer[16];
    int status, got;
};

static weft_poll runner(weft_context *cx, struct runner *self)
{
    WEFT_BEGIN(cx, self);
    if (HEAR(weft_process_start(weft_context_runtime(cx),
                                WEFT_PROCESS_OPTIONS(.argv = (char *const[]){"/bin/echo", "heard", NULL}, .input = WEFT_STREAM_NULL,
                                                     .output = WEFT_STREAM_PIPE, .error = WEFT_STREAM_NULL),
                                &self->process)) < 0)
        WEFT_RETURN(0);
    do {
        WEFT_AWAIT(self->weft.rc, weft_fd_read(cx, &self->process.output, self->buffer + self->got, sizeof self->buffer - (size_t)self->got));
        self->got += HEAR(self->weft.rc) > 0 ? self->weft.rc : 0;
    } while (self->weft.rc > 0);
    weft_fd_close(&self->process.output);
    WEFT_AWAIT(self->weft.rc, weft_process_wait(cx, &self->process, &self->status));
    if (HEAR(self->weft.rc) < 0)
        weft_process_release(&self->process);
    else if (self->status == 0)
        HOLDS(self->got == 6 && memcmp(self->buffer, "heard\n", 6) == 0);
    else
        atomic_fetch_add(&told, 1); /* by its exit code: what failed was a call of its own */
    WEFT_END(0);
}

static int children(void *unused)
{
    (void)unused;
    weft_runtime *rt = begin(WEFT_DRIVE_THREADS);
    if (!rt)
        return answer();
    for (int i = 0; i < 2; i++)
        SPAWN(runner, .got = 0);
    world_settle(rt);
    finish(rt);
    return answer();
}

struct clerk {
    weft_frame weft;
    weft_file_op op;
    char path[64], other[64], buffer[16];
    int fd;
    char *names;
    void *bytes;
    size_t length;
};

/* Each answer matters only if those before it were good. */
static weft_poll clerk(weft_context *cx, struct clerk *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->fd, weft_file_open(cx, &self->op, self->path, O_RDWR | O_CREAT, 0600));
    if (HEAR(self->fd) < 0)
        WEFT_RETURN(0);
    WEFT_AWAIT(self->weft.rc, weft_file_write(cx, &self->op, self->fd, "hello", 5, 0));
    HOLDS(HEAR(self->weft.rc) == 5);
    WEFT_AWAIT(self->weft.rc, weft_file_sync(cx, &self->op, self->fd));
    HEAR(self->weft.rc);
    WEFT_AWAIT(self->weft.rc, weft_file_read(cx, &self->op, self->fd, self->buffer, sizeof self->buffer, 0));
    HOLDS(HEAR(self->weft.rc) == 5 && memcmp(self->buffer, "hello", 5) == 0);
    WEFT_AWAIT(self->weft.rc, weft_file_close(cx, &self->op, self->fd));
    HEAR(self->weft.rc);
    WEFT_AWAIT(self->weft.rc, weft_file_store(cx, &self->op, self->other, "stored", 6));
    HEAR(self->weft.rc);
    WEFT_AWAIT(self->weft.rc, weft_file_load(cx, &self->op, self->other, 100, &self->bytes, &self->length));
    if (HEAR(self->weft.rc) == 0) {
        HOLDS(self->length == 6 && memcmp(self->bytes, "stored", 6) == 0);
        free(self->bytes);
    }
    WEFT_AWAIT(self->weft.rc, weft_file_rename(cx, &self->op, self->other, self->path));
    HEAR(self->weft.rc);
    WEFT_AWAIT(self->weft.rc, weft_file_remove(cx, &self->op, self->path));
    HEAR(self->weft.rc);
    WEFT_END(0);
}

static int files(void *unused)
{
    (void)unused;
    weft_runtime *rt = begin(WEFT_DRIVE_THREADS);
    if (!rt)
        return answer();
    struct clerk frame = {.fd = -1};
    snprintf(frame.path, sizeof frame.path, "%s/a", folder);
    snprintf(frame.other, sizeof frame.other, "%s/b", folder);
    static weft_site site = {__FILE__, __func__, "clerk", __LINE__, 0, 0};
    spawned(weft_spawn_frame(weft_runtime_scope(rt), &site, NULL, (weft_poll_fn *)(void (*)(void))clerk, &frame, sizeof frame), __LINE__);
    world_settle(rt);
    finish(rt);
    unlink(frame.path);
    unlink(frame.other);
    return answer();
}

/* With a runtime at work; the child has one of its own. */
static int forks(void *unused)
{
    (void)unused;
    weft_runtime *rt = begin(WEFT_DRIVE_THREADS);
    if (!rt)
        return answer();
    for (int i = 0; i < 5; i++)
        SPAWN(parked, .result = 0);
    const pid_t child = fork();
    if (child == 0) {
        weft_runtime *own = NULL;
        alarm(10);
        weft_runtime_destroy(rt);
        const int created = weft_runtime_create(&own, WEFT_RUNTIME_OPTIONS(.worker_threads = 1));
        if (created == 0)
            weft_runtime_destroy(own);
        _exit(created == 0 ? DONE : TOLD);
    }
    int status = 0;
    if (child < 0)
        atomic_fetch_add(&told, 1);
    while (child > 0 && waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            break;
    if (WIFSIGNALED(status))
        kill(getpid(), WTERMSIG(status)); /* as if it had been here */
    if (WEXITSTATUS(status) == TOLD)
        atomic_fetch_add(&told, 1);
    finish(rt);
    return answer();
}

const struct program programs[] = {
    {"life", life},       {"channels", channels}, {"pool", pool},   {"timers", timers}, {"turned", turned},
    {"sockets", sockets}, {"children", children}, {"files", files}, {"forks", forks},   {NULL, NULL},
};
