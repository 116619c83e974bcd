/* SPDX-License-Identifier: MIT */
/* Files, children and signals, a worker's own loop: what <weft/file.h> and its like say. */
#define _GNU_SOURCE
#include "lib/world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "lib/scarcity.h"
#include "lib/verdict.h"

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/weft-test-file-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

struct files {
    weft_frame weft;
    weft_file_op op;
    char path[96], other[96];
    int fd, count;
    char buffer[32];
    void *bytes;
    size_t length;
    char *names;
    weft_file_info info;
};

static weft_poll files(weft_context *cx, struct files *self)
{
    WEFT_BEGIN(cx, self);
    snprintf(self->path, sizeof self->path, "%s/one", folder);
    snprintf(self->other, sizeof self->other, "%s/two", folder);
    WEFT_AWAIT(self->fd, weft_file_open(cx, &self->op, self->path, O_RDWR | O_CREAT | O_EXCL, 0640));
    VERDICT(self->fd >= 0);
    WEFT_AWAIT(self->count, weft_file_write(cx, &self->op, self->fd, "hello, file", 11, WEFT_FILE_NEXT));
    VERDICT(self->count == 11);
    WEFT_AWAIT(self->count, weft_file_write(cx, &self->op, self->fd, "HELLO", 5, 0));
    VERDICT(self->count == 5);
    WEFT_AWAIT(self->count, weft_file_sync(cx, &self->op, self->fd));
    VERDICT(self->count == 0);
    WEFT_AWAIT(self->count, weft_file_read(cx, &self->op, self->fd, self->buffer, sizeof self->buffer, 0));
    VERDICT(self->count == 11 && memcmp(self->buffer, "HELLO, file", 11) == 0);
    WEFT_AWAIT(self->count, weft_file_read(cx, &self->op, self->fd, self->buffer, sizeof self->buffer, WEFT_FILE_NEXT));
    VERDICT(self->count == 0); /* it stands at the end */
    WEFT_AWAIT(self->count, weft_file_close(cx, &self->op, self->fd));
    VERDICT(self->count == 0);
    WEFT_AWAIT(self->count, weft_file_close(cx, &self->op, self->fd));
    VERDICT(self->count == WEFT_EBADF);
    WEFT_AWAIT(self->count, weft_file_stat(cx, &self->op, self->path, &self->info));
    VERDICT(self->count == 0 && self->info.size == 11 && self->info.kind == WEFT_FILE_REGULAR);
    VERDICT((self->info.mode & 0640) == 0640 && self->info.modified_ns > 0);
    WEFT_AWAIT(self->count, weft_file_load(cx, &self->op, self->path, 11, &self->bytes, &self->length));
    VERDICT(self->count == 0 && self->length == 11 && strcmp(self->bytes, "HELLO, file") == 0);
    free(self->bytes);
    WEFT_AWAIT(self->count, weft_file_load(cx, &self->op, self->path, 10, &self->bytes, &self->length));
    VERDICT(self->count == WEFT_ERANGE);
    WEFT_AWAIT(self->count, weft_file_load(cx, &self->op, "/proc/self/status", 1 << 20, &self->bytes, &self->length));
    VERDICT(self->count == 0 && self->length > 100); /* a file whose size is said to be 0 */
    free(self->bytes);
    WEFT_AWAIT(self->count, weft_file_store(cx, &self->op, self->path, "new", 3));
    VERDICT(self->count == 0);
    WEFT_AWAIT(self->count, weft_file_stat(cx, &self->op, self->path, &self->info));
    VERDICT(self->info.size == 3 && (self->info.mode & 0777) == 0640); /* as the old one */
    WEFT_AWAIT(self->count, weft_file_rename(cx, &self->op, self->path, self->other));
    VERDICT(self->count == 0);
    WEFT_AWAIT(self->count, weft_file_make_folder(cx, &self->op, self->path, 0700));
    VERDICT(self->count == 0);
    WEFT_AWAIT(self->count, weft_file_list(cx, &self->op, folder, &self->names));
    VERDICT(self->count == 2 && strcmp(self->names, "one") == 0 && strcmp(self->names + 4, "two") == 0);
    free(self->names);
    WEFT_AWAIT(self->count, weft_file_remove(cx, &self->op, self->path));
    VERDICT(self->count == 0);
    WEFT_AWAIT(self->count, weft_file_remove(cx, &self->op, self->other));
    VERDICT(self->count == 0);
    WEFT_AWAIT(self->count, weft_file_remove(cx, &self->op, self->other));
    VERDICT(self->count == WEFT_ENOENT);
    WEFT_AWAIT(self->count, weft_file_store(cx, &self->op, "/nowhere/at/all", "x", 1));
    VERDICT(self->count == WEFT_ENOENT);
    WEFT_AWAIT(self->count, weft_file_open(cx, &self->op, NULL, 0, 0));
    VERDICT(self->count == WEFT_EINVAL);
    WEFT_AWAIT(self->count, weft_file_read(cx, &self->op, 0, self->buffer, 1, -5));
    VERDICT(self->count == WEFT_EINVAL);
    WEFT_END(1);
}

static int run(weft_runtime *rt, weft_task task)
{
    int result = -1;
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, &result), 0);
    verdict_assert();
    (void)rt;
    return result;
}

static void files_are_written_and_read(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(2);
    assert_int_equal(run(rt, weft_spawn_joinable(weft_runtime_scope(rt), files, .fd = -1)), 1);
    world_end(rt, 1);
}

/* What a program stores for the first time has the mode that its umask leaves, as what it opens. */
struct storer {
    weft_frame weft;
    weft_file_op op;
    char path[96];
};
static weft_poll storer(weft_context *cx, struct storer *self)
{
    WEFT_BEGIN(cx, self);
    snprintf(self->path, sizeof self->path, "%s/secret", folder);
    WEFT_AWAIT(self->weft.rc, weft_file_store(cx, &self->op, self->path, "key", 3));
    VERDICT(self->weft.rc == 0);
    WEFT_AWAIT(self->weft.rc, weft_file_write(cx, &self->op, 0, self->path, ((size_t)1 << 30) + 1, 0));
    VERDICT(self->weft.rc == WEFT_ERANGE && strstr(weft_error_detail(), "weft_file_write"));
    WEFT_END(0);
}

static void file_that_is_new_has_the_mode_of_the_umask(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    const mode_t mask = umask(077);
    assert_int_equal(run(rt, weft_spawn_joinable(weft_runtime_scope(rt), storer)), 0);
    umask(mask);
    char path[96];
    struct stat about;
    snprintf(path, sizeof path, "%s/secret", folder);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    unlink(path);
    world_end(rt, 1);
}

struct far_away {
    weft_frame weft;
    weft_file_op op;
    char path[96];
    weft_file_info info;
};

static weft_poll far_away(weft_context *cx, struct far_away *self)
{
    WEFT_BEGIN(cx, self);
    snprintf(self->path, sizeof self->path, "%s/far", folder);
    WEFT_AWAIT(self->weft.rc, weft_file_stat(cx, &self->op, self->path, &self->info));
    VERDICT(self->weft.rc == 0);
    struct stat kept; /* the file system may know no such time, and keep its last */
    VERDICT(stat(self->path, &kept) == 0);
    VERDICT(self->info.modified_ns ==
            (kept.st_mtim.tv_sec > INT64_MAX / 1000000000 ? INT64_MAX : (int64_t)kept.st_mtim.tv_sec * 1000000000));
    WEFT_END(0);
}

/* A file of the year 3058: its time in nanoseconds has more than 63 bits. */
static void time_that_does_not_fit_is_the_last_there_is(void **state)
{
    (void)state;
    char path[96];
    snprintf(path, sizeof path, "%s/far", folder);
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    const struct timespec times[2] = {{.tv_sec = (time_t)1 << 35}, {.tv_sec = (time_t)1 << 35}};
    assert_int_equal(futimens(fd, times), 0);
    close(fd);
    weft_runtime *rt = world_begin(1);
    assert_int_equal(run(rt, weft_spawn_joinable(weft_runtime_scope(rt), far_away)), 0);
    world_end(rt, 1);
}

struct child {
    weft_frame weft;
    const weft_process_options *options;
    const char *input;
    weft_process process;
    size_t done;
    int status, got, signal;
    bool end_input;
    char output[64];
};

static weft_poll child(weft_context *cx, struct child *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_process_start(weft_context_runtime(cx), self->options, &self->process);
    if (self->weft.rc < 0)
        WEFT_RETURN(self->weft.rc);
    if (self->input) {
        WEFT_AWAIT(self->weft.rc, weft_fd_write_all(cx, &self->process.input, self->input, strlen(self->input), &self->done));
        weft_fd_close(&self->process.input);
    }
    while (self->options->output == WEFT_STREAM_PIPE) {
        WEFT_AWAIT(self->weft.rc, weft_fd_read(cx, &self->process.output, self->output + self->got,
                                               sizeof self->output - 1 - (size_t)self->got));
        if (self->weft.rc <= 0)
            break;
        self->got += self->weft.rc;
    }
    if (self->signal)
        VERDICT(weft_process_signal(&self->process, self->signal) == 0);
    WEFT_AWAIT(self->weft.rc, weft_process_wait(cx, &self->process, &self->status));
    VERDICT(self->weft.rc == 0);
    if (self->input)
        VERDICT(strcmp(self->output, self->input) == 0);
    VERDICT(weft_process_signal(&self->process, SIGTERM) == WEFT_EINVAL); /* it is gone */
    weft_process_release(&self->process);
    WEFT_END(self->status);
}

static void children_are_started_fed_and_waited_for(void **state)
{
    (void)state;
    if (world_in_valgrind())
        skip(); /* it has no pidfd_open() */
    weft_runtime *rt = world_begin(2);
    const weft_process_options cat = {.size = sizeof cat, .argv = (char *const[]){"cat", NULL}, .input = WEFT_STREAM_PIPE,
                                      .output = WEFT_STREAM_PIPE};
    assert_int_equal(run(rt, weft_spawn_joinable(weft_runtime_scope(rt), child, .options = &cat, .input = "through a child")), 0);
    const weft_process_options seven = {.size = sizeof seven, .argv = (char *const[]){"sh", "-c", "exit 7", NULL}};
    assert_int_equal(run(rt, weft_spawn_joinable(weft_runtime_scope(rt), child, .options = &seven)), 7);
    const weft_process_options sleeper = {.size = sizeof sleeper, .argv = (char *const[]){"sleep", "100", NULL}, .group = true};
    assert_int_equal(run(rt, weft_spawn_joinable(weft_runtime_scope(rt), child, .options = &sleeper, .signal = SIGTERM)),
                     256 + SIGTERM);
    const weft_process_options none = {.size = sizeof none, .argv = (char *const[]){"no-such-program-here", NULL}};
    assert_int_equal(run(rt, weft_spawn_joinable(weft_runtime_scope(rt), child, .options = &none)), WEFT_ENOENT);
    const weft_process_options pwd = {.size = sizeof pwd, .argv = (char *const[]){"pwd", NULL}, .folder = "/",
                                      .output = WEFT_STREAM_PIPE, .error = WEFT_STREAM_OUTPUT, .input = WEFT_STREAM_NULL};
    assert_int_equal(run(rt, weft_spawn_joinable(weft_runtime_scope(rt), child, .options = &pwd)), 0);
    weft_process process = {0};
    assert_int_equal(weft_process_start(rt, NULL, &process), WEFT_EINVAL);
    assert_int_equal(weft_process_start(rt, WEFT_PROCESS_OPTIONS(.argv = (char *const[]){NULL}), &process), WEFT_EINVAL);
    /* Released while it runs: it ends. */
    assert_int_equal(weft_process_start(rt, &sleeper, &process), 0);
    const int pid = process.pid;
    assert_int_equal(weft_process_start(rt, &sleeper, &process), WEFT_EBUSY);
    weft_process_release(&process);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(errno, ESRCH);
    world_end(rt, 5);
}

/* No descriptor for the child: it is ended, and nobody has to wait for it. */
static void start_without_a_descriptor_leaves_no_child(void **state)
{
    (void)state;
    if (world_in_valgrind())
        skip(); /* it has no pidfd_open() */
    weft_runtime *rt = world_begin(1);
    const weft_process_options sleeper = {.size = sizeof sleeper, .argv = (char *const[]){"sleep", "100", NULL}};
    weft_process process = {0};
    assert_int_equal(weft_process_start(rt, &sleeper, &process), 0); /* what is opened once is open by now */
    weft_process_release(&process);
    struct scarcity scarcity;
    scarcity_begin(&scarcity);
    process = (weft_process){0};
    const int refused = weft_process_start(rt, &sleeper, &process);
    scarcity_end(&scarcity);
    assert_int_equal(refused, WEFT_EMFILE);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    world_end(rt, 0);
}

/* A child that is held longer than its runtime: who releases it finds it, and no zombie is left. */
static void child_is_released_after_its_runtime(void **state)
{
    (void)state;
    if (world_in_valgrind())
        skip(); /* it has no pidfd_open() */
    weft_runtime *rt = world_begin(1);
    const weft_process_options sleeper = {.size = sizeof sleeper, .argv = (char *const[]){"sleep", "100", NULL}};
    weft_process process = {0};
    assert_int_equal(weft_process_start(rt, &sleeper, &process), 0);
    const int pid = process.pid;
    world_end(rt, 0);
    assert_int_equal(kill(pid, 0), 0);
    weft_process_release(&process);
    assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    weft_process_release(&process); /* nothing */
}

/* PRC-01 */
static void many_children_at_once(void **state)
{
    (void)state;
    if (world_in_valgrind())
        skip(); /* it has no pidfd_open() */
    enum { CHILDREN = 40 };
    weft_runtime *rt = world_begin(2);
    const weft_process_options cat = {.size = sizeof cat, .argv = (char *const[]){"cat", NULL}, .input = WEFT_STREAM_PIPE,
                                      .output = WEFT_STREAM_PIPE};
    weft_task tasks[CHILDREN];
    for (int i = 0; i < CHILDREN; i++)
        tasks[i] = weft_spawn_joinable(weft_runtime_scope(rt), child, .options = &cat, .input = "one of many");
    for (int i = 0; i < CHILDREN; i++)
        assert_int_equal(run(rt, tasks[i]), 0);
    world_end(rt, CHILDREN);
}

struct listener {
    weft_frame weft;
    weft_fd fd;
    weft_signal got;
    atomic_int *ready;
};

static weft_poll listener(weft_context *cx, struct listener *self)
{
    WEFT_BEGIN(cx, self);
    atomic_store(self->ready, 1);
    WEFT_AWAIT(self->weft.rc, weft_signals_wait(cx, &self->fd, &self->got));
    weft_fd_close(&self->fd);
    WEFT_END(self->weft.rc < 0 ? self->weft.rc : self->got.pid == getpid() ? self->got.number : -1);
}

static void signals_come_by_a_descriptor(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    weft_fd fd = {0};
    const int kill_it = SIGKILL, one = SIGUSR1;
    assert_int_equal(weft_signals_open(rt, &kill_it, 1, &fd), WEFT_EINVAL);
    assert_int_equal(weft_signals_open(rt, NULL, 0, &fd), WEFT_EINVAL);
    assert_int_equal(weft_signals_open(rt, &one, 1, &fd), 0);
    atomic_int ready = 0;
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), listener, .fd = fd, .ready = &ready);
    WORLD_UNTIL(atomic_load(&ready));
    assert_int_equal(kill(getpid(), SIGUSR1), 0);
    assert_int_equal(run(rt, task), SIGUSR1);
    world_end(rt, 1);
}

struct ticking {
    uv_timer_t timer;
    weft_waker waker;
    atomic_int ticks;
    atomic_bool closed;
};

static void tick(uv_timer_t *timer)
{
    struct ticking *ticking = timer->data;
    atomic_fetch_add(&ticking->ticks, 1);
    weft_wake(ticking->waker);
}

static void begin_ticking(void *loop, void *context)
{
    struct ticking *ticking = context;
    uv_timer_init(loop, &ticking->timer);
    ticking->timer.data = ticking;
    uv_timer_start(&ticking->timer, tick, 1, 1);
}

static void ticking_closed(uv_handle_t *handle) { atomic_store(&((struct ticking *)handle->data)->closed, true); }

static void end_ticking(void *loop, void *context)
{
    (void)loop;
    struct ticking *ticking = context;
    uv_close((uv_handle_t *)&ticking->timer, ticking_closed);
}

struct sleeper {
    weft_frame weft;
    struct ticking *ticking;
    bool begun, ended;
};

static weft_poll sleeper(weft_context *cx, struct sleeper *self)
{
    struct ticking *ticking = self->ticking;
    if (!self->begun) {
        self->begun = true;
        ticking->waker = weft_context_waker(cx);
        VERDICT(weft_loop_call(weft_context_runtime(cx), 0, begin_ticking, ticking) == 0);
    }
    if (atomic_load(&ticking->ticks) < 5)
        return WEFT_PENDING;
    if (!self->ended) {
        self->ended = true;
        VERDICT(weft_loop_call(weft_context_runtime(cx), 0, end_ticking, ticking) == 0);
    }
    return WEFT_READY;
}

/* A stranger's timer on a worker's loop wakes a task while the worker has nothing else to do. */
static void loop_turns_what_strangers_put_there(void **state)
{
    (void)state;
    weft_runtime *rt = world_begin(1);
    struct ticking ticking = {.ticks = 0};
    weft_spawn(weft_runtime_scope(rt), sleeper, .ticking = &ticking);
    world_settle(rt);
    WORLD_UNTIL(atomic_load(&ticking.closed));
    assert_true(ticking.ticks >= 5);
    assert_int_equal(weft_loop_call(rt, 1, begin_ticking, &ticking), WEFT_EINVAL);
    assert_int_equal(weft_loop_call(rt, 0, NULL, &ticking), WEFT_EINVAL);
    assert_int_equal(weft_loop_call(rt, 0, begin_ticking, &ticking), 0); /* and left there: the end closes it */
    world_end(rt, 1);
    verdict_assert();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_written_and_read),
        cmocka_unit_test(time_that_does_not_fit_is_the_last_there_is),
        cmocka_unit_test(file_that_is_new_has_the_mode_of_the_umask),
        cmocka_unit_test(children_are_started_fed_and_waited_for),
        cmocka_unit_test(start_without_a_descriptor_leaves_no_child),
        cmocka_unit_test(child_is_released_after_its_runtime),
        cmocka_unit_test(many_children_at_once),
        cmocka_unit_test(signals_come_by_a_descriptor),
        cmocka_unit_test(loop_turns_what_strangers_put_there),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
