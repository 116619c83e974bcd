// SPDX-License-Identifier: MIT
// The macros in a host in C++17: those that make options want their fields in the order of the struct, and so must those that
// fill in some of them, in whatever combination a program uses. That it compiles is half of the test.
#include <cstdio>
#include <fcntl.h>
#include <weft.h>

#pragma GCC diagnostic ignored "-Wshadow" /* a step has the name of its frame */

struct setting {
    int version;
};
WEFT_CHANNEL_DEFINE(numbers, int)
WEFT_ONESHOT_DEFINE(answer, int)
WEFT_WATCH_DEFINE(settings, struct setting)
WEFT_BROADCAST_DEFINE(news, int)

static int drops(void *) { return 7; }

struct visitor {
    weft_frame weft;
    weft_scope members, cleanup;
    weft_job job;
    weft_file_op op;
    weft_sleep_future sleep;
    weft_timeout_state limit;
    weft_select_state select;
    int result, fd, which;
};

struct member {
    weft_frame weft;
};
static weft_poll member(weft_context *cx, struct member *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_END(0);
}

static weft_poll visitor(weft_context *cx, struct visitor *self)
{
    WEFT_BEGIN(cx, self);
    self->weft.rc = weft_scope_open(cx, &self->members, WEFT_SCOPE_OPTIONS(.name = "members", .policy = WEFT_COLLECT_ALL,
                                                                         .deadline_ns = WEFT_FOREVER));
    weft_spawn(&self->members, member);
    weft_spawn_as(&self->members, WEFT_TASK("named", .category = WEFT_ACTOR, .joinable = false), member);
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->members));
    WEFT_AWAIT(self->weft.rc, weft_job_run(cx, &self->job, WEFT_JOB(drops, nullptr, .name = "seven", .mandatory = true), &self->result));
    weft_sleep_begin(&self->sleep, weft_deadline_in(1000));
    WEFT_AWAIT(self->which, weft_select(cx, &self->select, &self->sleep.future));
    weft_sleep_begin(&self->sleep, WEFT_FOREVER);
    WEFT_AWAIT(self->weft.rc, weft_timeout(cx, &self->limit, &self->sleep.future, 1000));
    if (self->result != 7 || self->which != 0 || self->weft.rc != WEFT_ETIMEDOUT)
        WEFT_RETURN(-1);
    WEFT_AWAIT(self->fd, weft_file_open(cx, &self->op, "/dev/null", O_RDONLY, 0));
    self->weft.rc = weft_scope_open(cx, &self->cleanup, WEFT_SHIELD(weft_deadline_in(1000000000)));
    WEFT_AWAIT(self->weft.rc, weft_file_close(cx, &self->op, self->fd));
    WEFT_AWAIT(self->weft.rc, weft_scope_close(cx, &self->cleanup));
    WEFT_END(self->weft.rc);
}

static int wrong;
#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            std::printf("line %d: %s: %s\n", __LINE__, #condition, weft_error_detail());                               \
            wrong++;                                                                                                   \
        }                                                                                                              \
    } while (0)

int main()
{
    weft_runtime *rt;
    numbers_sender out;
    numbers_receiver in;
    answer_sender say;
    answer_receiver hear;
    settings_sender set;
    settings_receiver seen;
    news_sender tell;
    news_receiver told;
    weft_semaphore places;
    weft_rwlock lock;
    weft_notify bell;
    weft_barrier gate;
    weft_once first;
    weft_mutex mutex;
    MUST(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "C++", .worker_threads = 1, .coop_budget = 64,
                                                       .blocking_threads_max = 2, .measure = WEFT_MEASURE_NEVER)) == 0);
    MUST(numbers_create(rt, WEFT_CHANNEL_OPTIONS(.name = "numbers", .component = "test", .capacity = 2, .overflow = WEFT_FAIL,
                                                 .degraded_at = 0.5, .critical_at = 0.9),
                        &out, &in) == 0);
    MUST(answer_create(rt, WEFT_ONESHOT_OPTIONS(.name = "answer", .component = "test"), &say, &hear) == 0);
    MUST(settings_create(rt, WEFT_WATCH_OPTIONS(.name = "settings"), setting{1}, &set, &seen) == 0);
    MUST(news_create(rt, WEFT_BROADCAST_OPTIONS(.name = "news", .capacity = 4), &tell, &told) == 0);
    MUST(weft_semaphore_create(rt, WEFT_SEMAPHORE_OPTIONS(.name = "places", .permits = 1, .permits_max = 3), &places) == 0);
    MUST(weft_mutex_create(rt, WEFT_MUTEX_OPTIONS(.name = "mutex"), &mutex) == 0);
    MUST(weft_rwlock_create(rt, WEFT_RWLOCK_OPTIONS(.name = "lock", .readers_max = 8), &lock) == 0);
    MUST(weft_notify_create(rt, WEFT_NOTIFY_OPTIONS(.name = "bell"), &bell) == 0);
    MUST(weft_barrier_create(rt, WEFT_BARRIER_OPTIONS(.name = "gate", .parties = 1), &gate) == 0);
    MUST(weft_once_create(rt, WEFT_ONCE_OPTIONS(.name = "first"), &first) == 0);
    MUST(numbers_send_blocking(&out, 5, WEFT_FOREVER) == 0);
    int value = 0;
    MUST(numbers_recv_blocking(&in, &value, WEFT_FOREVER) == 0 && value == 5);
    MUST(answer_send(&say, 6) == 0 && answer_recv_blocking(&hear, &value, WEFT_FOREVER) == 0 && value == 6);
    setting now = {};
    settings_receiver late;
    MUST(settings_subscribe(&set, &late) == 0);
    MUST(settings_send(&set, setting{2}) == 0 && settings_read(&seen, &now) == 0 && now.version == 2);
    MUST(weft_watch_try_changed(&late.weft) == 0);
    settings_receiver_close(&late);
    uint64_t lost = 0;
    MUST(news_send(&tell, 8) == 1 && news_try_recv(&told, &value, &lost) == 0 && value == 8);
    weft_address address;
    weft_fd listener = {};
    MUST(weft_address_parse("127.0.0.1:0", &address) == 0 &&
         weft_listen(rt, &address, WEFT_LISTEN_OPTIONS(.name = "listener", .backlog = 4, .reuse_port = true), &listener) == 0);
    weft_fd_close(&listener);
    weft_task task = weft_spawn_joinable(weft_runtime_scope(rt), visitor);
    int result = -1;
    MUST(weft_task_join_blocking(&task, WEFT_FOREVER, &result) == 0 && result == 0);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    answer_receiver_close(&hear);
    settings_sender_close(&set);
    settings_receiver_close(&seen);
    news_sender_close(&tell);
    news_receiver_close(&told);
    weft_semaphore_destroy(&places);
    weft_mutex_destroy(&mutex);
    weft_rwlock_destroy(&lock);
    weft_notify_destroy(&bell);
    weft_barrier_destroy(&gate);
    weft_once_destroy(&first);
    MUST(weft_runtime_destroy(rt) == 0);
    return wrong != 0;
}
