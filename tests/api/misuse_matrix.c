/* SPDX-License-Identifier: MIT */
/*
 * Every public function, with one argument after another replaced by each bad example of its type, on a thread of the host
 * and in a task. Expected: no crash; the code that the example asks for, or one that the function's comment lists; after a
 * refusal a text that begins with the call's name, and nothing written. misuse_matrix.py makes the cases of the headers.
 */
#include "lib/rel.h"
#include "lib/world.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"

struct row {
    const char *name;
    const char *text_names; /* how its texts begin, too: of weft_spawn_frame(), "weft_spawn" */
    void (*host)(weft_context *cx);
    void (*task)(weft_context *cx);
    uint64_t codes; /* that it may answer */
};

/* A code's place in the table, as a bit. */
enum {
#define PLACE(name, number, text) PLACE_##name,
    WEFT_ERROR_MAP(PLACE)
#undef PLACE
    PLACES
};
_Static_assert(PLACES < 63, "a bit for each code");
#define BIT(name) (UINT64_C(1) << PLACE_##name)
#define ANY_CODE UINT64_MAX

static uint64_t bit_of(int code)
{
    switch (code) {
#define BIT_OF(name, number, text)                                                                                     \
    case -(number):                                                                                                    \
        return UINT64_C(1) << PLACE_##name;
        WEFT_ERROR_MAP(BIT_OF)
#undef BIT_OF
    default:
        return 0;
    }
}

/* Handles in every state. Each case gets its own copy, since a call may consume what it is given. */
#define STATES(type)                                                                                                   \
    struct {                                                                                                           \
        type good, closed, stale, never;                                                                               \
    }
struct handles {
    STATES(weft_sender) sender;
    STATES(weft_receiver) receiver;
    STATES(weft_permit) permit;
    STATES(weft_permits) permits;
    STATES(weft_weak_sender) weak;
    STATES(weft_semaphore) semaphore;
    STATES(weft_mutex) mutex;
    STATES(weft_rwlock) rwlock;
    STATES(weft_notify) notify;
    STATES(weft_barrier) barrier;
    STATES(weft_once) once;
    STATES(weft_oneshot_sender) oneshot_sender;
    STATES(weft_oneshot_receiver) oneshot_receiver;
    STATES(weft_watch_sender) watch_sender;
    STATES(weft_watch_receiver) watch_receiver;
    STATES(weft_broadcast_sender) broadcast_sender;
    STATES(weft_broadcast_receiver) broadcast_receiver;
    STATES(weft_fd) fd;
    STATES(weft_process) process;
    STATES(weft_task) task; /* closed: of another runtime, that has gone */
    STATES(weft_job) job;
    weft_fd listener;
    weft_interval interval, no_interval;
    weft_scope no_scope;
    weft_sleep_future begun;
    weft_future not_begun;
    size_t none_done, too_much_done;
};
static struct handles masters, h;

/* What the calls work with. */
static struct {
    weft_runtime *rt, *foreign, *gone, *closing;
    weft_address address, no_address;
    const char *nonsense, *huge;
    const char *bytes;
    char **program;
    const weft_hooks *hooks;
    int signals[1];
    int spare; /* a descriptor of the system */
    weft_fd fd_other;
    weft_future *futures[1];
    weft_lints *lints;
} w;
static struct {
    weft_channel_stats channel_stats;
} o;
static weft_site site = {__FILE__, "misuse", "no task", __LINE__, UINT32_MAX, 0};

static int no_job(void *argument)
{
    (void)argument;
    return 0;
}

/* Places for what calls give: zero before each case, in the order in which a case asks for them. */
enum { OUTS = 6, OUT_BYTES = 4096 };
static _Alignas(64) unsigned char outs[OUTS][OUT_BYTES];
static unsigned outs_used;

static void *out_place(size_t sized)
{
    unsigned char *place = outs[outs_used++];
    if (sized > 0)
        memcpy(place, &sized, sizeof sized); /* the first member of all that have a size */
    return place;
}
#define OUT(type) ((type *)out_place(0))
#define SIZED(type) ((type *)out_place(sizeof(type)))
static _Alignas(64) unsigned char future_place[OUT_BYTES];
#define FUTURE_OF(type) ((type *)(void *)future_place)

static bool outs_are_untouched(void)
{
    for (unsigned i = 0; i < outs_used; i++)
        for (size_t at = sizeof(size_t); at < OUT_BYTES; at++)
            if (outs[i][at] != 0)
                return false;
    return true;
}

enum expectation {
    REFUSED,   /* this code, and the text names the call */
    OUTCOME,   /* this code; it may be an outcome of normal work, without a text */
    DOCUMENTED /* any code that its comment lists, or none */
};

static const struct row *current;
static const char *current_case, *current_place;
static unsigned cases_run, cases_wrong;

static void wrong(const char *what, long answer)
{
    fprintf(stderr, "%s, %s: %s: %ld %s: %s (%s)\n", current->name, current_place, current_case, answer,
            answer < 0 ? weft_error_name((int)answer) : "", what, weft_error_detail());
    cases_wrong++;
}

/* Leaves a text that no call of a row leaves. */
static const char marker[] = "weft_runtime_create: the place";

static void fresh(const char *label)
{
    current_case = label;
    h = masters;
    memset(outs, 0, sizeof outs);
    outs_used = 0;
    if (weft_runtime_create(NULL, NULL) == 0)
        abort();
}

/* Whether the text begins with one of these words. */
static bool text_names(const char *words)
{
    const size_t length = strcspn(weft_error_detail(), ":");
    for (const char *word = words; *word; word += strspn(word, " ")) {
        const size_t its_length = strcspn(word, " ");
        if (its_length == length && strncmp(word, weft_error_detail(), length) == 0)
            return true;
        word += its_length;
    }
    return false;
}

static void judge(enum expectation expectation, long expected, long answer)
{
    cases_run++;
    const bool told = text_names(current->name) || text_names(current->text_names);
    if (answer < 0 && answer != WEFT_AWAITING && current->codes != ANY_CODE && !(bit_of((int)answer) & current->codes))
        wrong("its comment does not list that code", answer);
    if (expectation != DOCUMENTED && answer != expected)
        wrong("not the code that was expected", answer);
    else if (expectation == REFUSED && !told)
        wrong("the text does not name the call", answer);
    else if (expectation == OUTCOME && !told && strncmp(weft_error_detail(), marker, sizeof marker - 1) != 0)
        wrong("the text names another call", answer);
    else if ((answer == WEFT_EINVAL || answer == WEFT_ERANGE || answer == WEFT_EPERM || answer == WEFT_EDEADLK) && !told)
        wrong("the text does not name the call", answer);
    if (expectation == REFUSED && answer == expected && !outs_are_untouched())
        wrong("something was written", answer);
}

/* A call that has to wait is not asked again: whatever it registered with may be set up anew for the next case. */
static long turned_away(weft_context *cx, long answer)
{
    if (answer == WEFT_AWAITING && weft_yield(cx) != WEFT_AWAITING)
        wrong("a task could not turn away", answer);
    return answer;
}

#define CASE(label, expectation, expected, call)                                                                       \
    do {                                                                                                               \
        fresh(label);                                                                                                  \
        judge(expectation, expected, turned_away(cx, (long)(call)));                                                    \
    } while (0)

#define HARMLESS(label, call)                                                                                          \
    do {                                                                                                               \
        fresh(label);                                                                                                  \
        call;                                                                                                          \
        cases_run++;                                                                                                   \
    } while (0)

/* A future is set up without a word, and says what was wrong when it is waited for. */
#define FUTURE(label, expectation, expected, call)                                                                     \
    do {                                                                                                               \
        fresh(label);                                                                                                  \
        call;                                                                                                          \
        wait_for_future(expectation, expected, cx);                                                                    \
    } while (0)

static void wait_for_future(enum expectation expectation, long expected, weft_context *cx)
{
    static weft_select_state state;
    weft_future *const future = FUTURE_OF(weft_future);
    const int which = weft_select_from(cx, &state, &future, 1, true);
    judge(expectation, expected, turned_away(cx, which == 0 ? future->result : which));
}

#define UNKNOWN(type)                                                                                                  \
    do {                                                                                                               \
        current_case = type;                                                                                           \
        wrong("no example of this type: add one to EXAMPLES in misuse_matrix.py", 0);                                  \
    } while (0)

#include "misuse_matrix_cases.h"

/* A crash says where. */
static void on_crash(int number)
{
    const char *const words[] = {"crashed in ", current ? current->name : "?", ": ", current_case ? current_case : "?", "\n"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (write(STDERR_FILENO, words[i], strlen(words[i])) < 0)
            break;
    signal(number, SIG_DFL);
    raise(number);
}

static void no_event(void *context, uint64_t task, int32_t result, uint16_t worker)
{
    (void)context;
    (void)task;
    (void)result;
    (void)worker;
}

/* A good handle, one that its owner closed, and a copy of that one as it was. The good one keeps the page of the others. */
#define MAKE(noun, create, close)                                                                                      \
    do {                                                                                                               \
        assert_int_equal(create(&masters.noun.good), 0);                                                               \
        assert_int_equal(create(&masters.noun.closed), 0);                                                             \
        masters.noun.stale = masters.noun.closed;                                                                      \
        close(&masters.noun.closed);                                                                                   \
    } while (0)

#define CREATOR(noun, options)                                                                                         \
    static int create_##noun(weft_##noun *out) { return weft_##noun##_create(w.rt, options, out); }
CREATOR(semaphore, WEFT_SEMAPHORE_OPTIONS(.permits = 1, .permits_max = 2))
CREATOR(mutex, NULL)
CREATOR(rwlock, NULL)
CREATOR(notify, NULL)
CREATOR(barrier, WEFT_BARRIER_OPTIONS(.parties = 2))
CREATOR(once, NULL)

static void make_sync(void)
{
    MAKE(semaphore, create_semaphore, weft_semaphore_destroy);
    MAKE(mutex, create_mutex, weft_mutex_destroy);
    MAKE(rwlock, create_rwlock, weft_rwlock_destroy);
    MAKE(notify, create_notify, weft_notify_destroy);
    MAKE(barrier, create_barrier, weft_barrier_destroy);
    MAKE(once, create_once, weft_once_destroy);
}

/* As MAKE, for what has two ends; `create` fills two places. */
#define MAKE_ENDS(noun_out, noun_in, create, close_out, close_in)                                                      \
    do {                                                                                                               \
        assert_int_equal(create(&masters.noun_out.good, &masters.noun_in.good), 0);                                    \
        assert_int_equal(create(&masters.noun_out.closed, &masters.noun_in.closed), 0);                                \
        masters.noun_out.stale = masters.noun_out.closed;                                                              \
        masters.noun_in.stale = masters.noun_in.closed;                                                                \
        close_out(&masters.noun_out.closed);                                                                           \
        close_in(&masters.noun_in.closed);                                                                             \
    } while (0)

static int create_channel(weft_sender *out, weft_receiver *in)
{
    return weft_channel_create(w.rt, WEFT_CHANNEL_OPTIONS(.capacity = 4), 8, out, in);
}

static int create_oneshot(weft_oneshot_sender *out, weft_oneshot_receiver *in)
{
    return weft_oneshot_create(w.rt, NULL, 8, out, in);
}

static int create_watch(weft_watch_sender *out, weft_watch_receiver *in)
{
    return weft_watch_create(w.rt, NULL, 8, &(uint64_t){1}, out, in);
}

static int create_broadcast(weft_broadcast_sender *out, weft_broadcast_receiver *in)
{
    return weft_broadcast_create(w.rt, WEFT_BROADCAST_OPTIONS(.capacity = 4), 8, out, in);
}

static void make_ends(void)
{
    MAKE_ENDS(sender, receiver, create_channel, weft_sender_close, weft_receiver_close);
    MAKE_ENDS(oneshot_sender, oneshot_receiver, create_oneshot, weft_oneshot_sender_close, weft_oneshot_receiver_close);
    MAKE_ENDS(watch_sender, watch_receiver, create_watch, weft_watch_sender_close, weft_watch_receiver_close);
    MAKE_ENDS(broadcast_sender, broadcast_receiver, create_broadcast, weft_broadcast_sender_close,
              weft_broadcast_receiver_close);
    assert_int_equal(weft_channel_try_reserve(&masters.sender.good, &masters.permit.good), 0);
    weft_sender out;
    weft_receiver in;
    assert_int_equal(create_channel(&out, &in), 0);
    assert_int_equal(weft_channel_try_reserve(&out, &masters.permit.closed), 0);
    masters.permit.stale = masters.permit.closed;
    weft_permit_release(&masters.permit.closed);
    assert_int_equal(weft_channel_try_reserve_many(&masters.sender.good, 2, &masters.permits.good), 0);
    assert_int_equal(weft_channel_try_reserve_many(&out, 2, &masters.permits.closed), 0);
    masters.permits.stale = masters.permits.closed;
    weft_permits_release(&masters.permits.closed);
    assert_int_equal(weft_sender_downgrade(&masters.sender.good, &masters.weak.good), 0);
    assert_int_equal(weft_sender_downgrade(&out, &masters.weak.closed), 0);
    masters.weak.stale = masters.weak.closed;
    weft_weak_sender_close(&masters.weak.closed);
    weft_sender_close(&out);
    weft_receiver_close(&in);
}

static struct latch job_entered = LATCH, job_leave = LATCH;

static int held_job(void *argument)
{
    (void)argument;
    latch_up(&job_entered);
    latch_wait(&job_leave, 1);
    return 0;
}

static void make_tasks_and_jobs(void)
{
    masters.task.good = weft_spawn_joinable(weft_runtime_scope(w.rt), parked);
    masters.task.stale = weft_spawn_joinable(weft_runtime_scope(w.rt), ender);
    weft_task ended = masters.task.stale;
    assert_int_equal(weft_task_join_blocking(&ended, WEFT_FOREVER, NULL), 0);
    assert_int_equal(weft_job_try_begin(w.rt, &masters.job.stale, WEFT_JOB(no_job, NULL)), 0);
    weft_job waited = masters.job.stale;
    assert_int_equal(weft_job_wait_blocking(&waited, WEFT_FOREVER, NULL), 0);
    assert_int_equal(weft_job_try_begin(w.rt, &masters.job.good, WEFT_JOB(held_job, NULL)), 0);
    latch_wait(&job_entered, 1);
    w.gone = world_begin(1);
    masters.task.closed = weft_spawn(weft_runtime_scope(w.gone), ender);
    assert_int_equal(weft_job_try_begin(w.gone, &masters.job.closed, WEFT_JOB(no_job, NULL)), 0);
    world_end(w.gone, 1);
}

/* Valgrind has no pidfd_open(): there a child that runs is one that was never started, and refused as well. */
static void make_children(void)
{
    static char *program[] = {"sleep", "1000", NULL};
    w.program = program;
    if (world_in_valgrind())
        return;
    /* Without our streams: if the test fails, whoever reads what it says does not wait for them. */
    const weft_process_options child = *WEFT_PROCESS_OPTIONS(.argv = program, .input = WEFT_STREAM_NULL,
                                                             .output = WEFT_STREAM_NULL, .error = WEFT_STREAM_NULL);
    assert_int_equal(weft_process_start(w.rt, &child, &masters.process.good), 0);
    assert_int_equal(weft_process_start(w.rt, &child, &masters.process.closed), 0);
    assert_int_equal(weft_process_signal(&masters.process.closed, SIGKILL), 0);
    weft_process_release(&masters.process.closed);
}

static void make_descriptors(void)
{
    assert_int_equal(weft_address_parse("127.0.0.1:0", &w.address), 0);
    w.no_address = (weft_address){.length = 16};
    assert_int_equal(weft_listen(w.rt, &w.address, NULL, &masters.listener), 0);
    assert_int_equal(weft_socket_pair(w.rt, &masters.fd.good, &masters.fd.closed), 0);
    masters.fd.stale = masters.fd.closed;
    weft_fd_close(&masters.fd.closed);
    weft_fd_close(&masters.fd.good); /* it would read the end of the other: a pair that is whole */
    assert_int_equal(weft_socket_pair(w.rt, &masters.fd.good, &w.fd_other), 0);
    w.spare = eventfd(0, EFD_CLOEXEC);
}

static void make_world(void)
{
    static weft_hooks hooks;
    static int foreign[64];
    static char huge[1 << 20];
    memset(huge, '7', sizeof huge - 1);
    hooks = *WEFT_HOOKS(.task_end = no_event);
    w.hooks = &hooks;
    w.foreign = (weft_runtime *)(void *)foreign;
    w.nonsense = "\xff\xfe:%n:[::1";
    w.huge = huge;
    w.bytes = "12345678901234567890123456789012";
    w.signals[0] = SIGUSR2;
    w.futures[0] = &h.begun.future;
    assert_int_equal(weft_lints_create(&w.lints, NULL), 0);
    w.closing = world_begin(1);
    assert_int_equal(weft_runtime_shutdown(w.closing, WEFT_FOREVER), 0);
    w.rt = world_begin(2);
    make_tasks_and_jobs();
    make_sync();
    make_ends();
    make_descriptors();
    make_children();
    assert_int_equal(weft_interval_start(&masters.interval, 1000, WEFT_MISSED_SKIP), 0);
    weft_sleep_begin(&masters.begun, 0);
    masters.too_much_done = 2;
    o.channel_stats.size = sizeof o.channel_stats;
    assert_int_equal(weft_sender_stats(&masters.sender.good, &o.channel_stats), 0);
}

/* What was made is as it was: nothing that was refused has taken anything. */
static void end_world(void)
{
    latch_up(&job_leave);
    assert_int_equal(weft_job_wait_blocking(&masters.job.good, WEFT_FOREVER, NULL), 0);
    assert_int_equal(weft_permit_send(&masters.permit.good, &(uint64_t){9}), 0);
    assert_int_equal(weft_permits_left(&masters.permits.good), 2);
    weft_permits_release(&masters.permits.good);
    weft_weak_sender_close(&masters.weak.good);
    uint64_t value = 0;
    assert_int_equal(weft_channel_try_recv(&masters.receiver.good, &value), 0);
    assert_int_equal(value, 9);
    assert_int_equal(weft_channel_try_recv(&masters.receiver.good, &value), WEFT_EAGAIN);
    assert_int_equal(weft_oneshot_send(&masters.oneshot_sender.good, &(uint64_t){7}), 0);
    assert_int_equal(weft_oneshot_try_recv(&masters.oneshot_receiver.good, &value), 0);
    assert_int_equal(weft_process_signal(&masters.process.good, SIGKILL), world_in_valgrind() ? WEFT_EINVAL : 0);
    weft_process_release(&masters.process.good);
    assert_int_equal(weft_task_cancel(masters.task.good), 0);
    assert_int_equal(weft_task_join_blocking(&masters.task.good, WEFT_FOREVER, NULL), 0);

    weft_sender_close(&masters.sender.good);
    weft_receiver_close(&masters.receiver.good);
    weft_semaphore_destroy(&masters.semaphore.good);
    weft_mutex_destroy(&masters.mutex.good);
    weft_rwlock_destroy(&masters.rwlock.good);
    weft_notify_destroy(&masters.notify.good);
    weft_barrier_destroy(&masters.barrier.good);
    weft_once_destroy(&masters.once.good);
    weft_oneshot_receiver_close(&masters.oneshot_receiver.good);
    weft_watch_sender_close(&masters.watch_sender.good);
    weft_watch_receiver_close(&masters.watch_receiver.good);
    weft_broadcast_sender_close(&masters.broadcast_sender.good);
    weft_broadcast_receiver_close(&masters.broadcast_receiver.good);
    weft_fd_close(&masters.fd.good);
    weft_fd_close(&w.fd_other);
    weft_fd_close(&masters.listener);
    close(w.spare);
    weft_lints_destroy(w.lints);
    world_end(w.rt, -1);
    world_end(w.closing, 0);
}

static void run_rows(bool in_task, weft_context *cx)
{
    current_place = in_task ? "in a task" : "on a host thread";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        current = &rows[i];
        if (in_task ? current->task != NULL : current->host != NULL)
            (in_task ? current->task : current->host)(cx);
    }
}

struct everything {
    weft_frame weft;
};

static weft_poll everything(weft_context *cx, struct everything *self)
{
    WEFT_BEGIN(cx, self);
    run_rows(true, cx);
    WEFT_END(0);
}

/* scenario 51 */
static void every_call_refuses_bad_arguments(void **state)
{
    (void)state;
    make_world();
    signal(SIGSEGV, on_crash);
    signal(SIGBUS, on_crash);
    signal(SIGILL, on_crash);
    run_rows(false, NULL);
    weft_task task = weft_spawn_joinable(weft_runtime_scope(w.rt), everything);
    assert_int_equal(weft_task_join_blocking(&task, WEFT_FOREVER, NULL), 0);
    rel_line("B1", cases_run, 500, cases_run >= 500 && cases_wrong == 0, 0);
    assert_int_equal(cases_wrong, 0);
    assert_true(cases_run >= 500);
    end_world();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_call_refuses_bad_arguments)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
