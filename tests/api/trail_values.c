/* SPDX-License-Identifier: MIT */
/*
 * Trails go with jobs of the blocking pool, and with what oneshots, watches and broadcasts hand over: a job is run on behalf of its
 * submitter, what is received exchanges, and who waited for a value goes on as it was. No reference is lost on any way out.
 */
#include "api/marks.h"

#include <weft/blocking.h>
#include <weft/broadcast.h>
#include <weft/oneshot.h>
#include <weft/sim.h>
#include <weft/watch.h>

static int works_for(void) { return mark_number(weft_trail_current()); }

/* --- jobs --------------------------------------------------------------------------------------------------------- */

static int job_says(void *argument)
{
    (void)argument;
    return works_for();
}

/* Works for 77 from now on, enters 88 and does not leave: the job alone does. */
static int job_strays(void *argument)
{
    weft_trail *set = mark_new(77), *entered = mark_new(88);
    const int before = works_for(), error = weft_trail_set(set);
    const int within = works_for(), error_again = weft_trail_enter(entered);
    weft_trail_unref(set);
    weft_trail_unref(entered);
    *(atomic_int *)argument = error == 0 && error_again == 0 && within == 77 && works_for() == 88;
    return before;
}

static int job_from_here(weft_runtime *rt, weft_job_fn *fn, void *argument)
{
    weft_job job = {0};
    int result = -1;
    assert_int_equal(weft_job_begin_blocking(rt, &job, WEFT_JOB(fn, argument), WEFT_FOREVER), 0);
    assert_int_equal(weft_job_wait_blocking(&job, WEFT_FOREVER, &result), 0);
    return result;
}

static void job_is_run_on_behalf_of_its_submitter(void **state)
{
    (void)state;
    atomic_int strayed = 0;
    tracer_begin(true);
    weft_runtime *rt = world_begin(1);
    host_works_for(5);
    assert_int_equal(job_from_here(rt, job_says, NULL), 5);
    assert_int_equal(job_from_here(rt, job_strays, &strayed), 5);
    assert_true(strayed);
    assert_int_equal(works_for(), 5);
    host_works_for(6);
    assert_int_equal(job_from_here(rt, job_says, NULL), 6);
    assert_int_equal(weft_trail_set(NULL), 0);
    assert_int_equal(job_from_here(rt, job_says, NULL), 0); /* the thread has kept nothing of the jobs before */
    assert_int_equal(told.mentions, 0);
    world_end(rt, 0);
    tracer_end();
}

struct submitter {
    weft_frame weft;
    weft_job job;
    int said;
    atomic_int *before, *in_job, *after, *strayed;
};

static weft_poll submitter(weft_context *cx, struct submitter *self)
{
    WEFT_BEGIN(cx, self);
    *self->before = works_for();
    WEFT_AWAIT(self->weft.rc, weft_job_run(cx, &self->job, WEFT_JOB(job_strays, self->strayed), &self->said));
    *self->in_job = self->said;
    *self->after = works_for();
    WEFT_END(0);
}

static void who_waits_for_a_job_keeps_its_own(void **state)
{
    (void)state;
    atomic_int before = 0, in_job = 0, after = 0, strayed = 0;
    tracer_begin(true);
    weft_runtime *rt = world_begin(1);
    host_works_for(5);
    weft_spawn(weft_runtime_scope(rt), submitter, .before = &before, .in_job = &in_job, .after = &after, .strayed = &strayed);
    world_settle(rt);
    assert_int_equal(before, 1005);
    assert_int_equal(in_job, 1005);
    assert_int_equal(after, 1005);
    assert_true(strayed);
    world_end(rt, 1);
    tracer_end();
}

/* Begins another job on behalf of 9, and waits for it, perhaps by running it. */
static int job_nests(void *argument)
{
    weft_job inner = {0};
    int said = -1;
    weft_trail *nine = mark_new(9);
    int error = weft_trail_set(nine);
    weft_trail_unref(nine);
    if (error == 0)
        error = weft_job_try_begin(argument, &inner, WEFT_JOB(job_says, NULL));
    if (error == 0)
        error = weft_job_wait_blocking(&inner, WEFT_FOREVER, &said);
    return error == 0 && said == 9 && works_for() == 9 ? 1 : 0;
}

static void job_inside_of_a_job_sets_its_trail_aside(void **state)
{
    (void)state;
    tracer_begin(true);
    weft_runtime *rt = NULL;
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1, .blocking_threads_max = 1)), 0); /* so it runs it */
    host_works_for(5);
    assert_int_equal(job_from_here(rt, job_nests, rt), 1);
    assert_int_equal(weft_runtime_finish(rt), 0);
    tracer_end();
}

/* Whoever turns the runtime runs the job, and what it works for itself stays aside meanwhile. */
static void job_of_a_simulated_runtime_has_its_submitters_trail(void **state)
{
    (void)state;
    weft_runtime *rt = NULL;
    weft_job job = {0};
    int said = -1;
    tracer_begin(true);
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.drive = WEFT_DRIVE_SIM, .seed = 1)), 0);
    host_works_for(5);
    assert_int_equal(weft_job_try_begin(rt, &job, WEFT_JOB(job_says, NULL)), 0);
    host_works_for(6);
    assert_int_equal(weft_sim_run(rt), 0);
    assert_int_equal(works_for(), 6);
    assert_int_equal(weft_job_wait_blocking(&job, 0, &said), 0);
    assert_int_equal(said, 5);
    assert_int_equal(weft_runtime_finish(rt), 0);
    tracer_end();
}

static int job_writes(void *argument)
{
    *(int *)argument = works_for();
    return 0;
}

struct turner {
    weft_frame weft;
    atomic_int *said, *after;
};

/* A task that works for 1005 turns a simulated runtime, in which a job is run that was begun on behalf of 7. */
static weft_poll turner(weft_context *cx, struct turner *self)
{
    WEFT_BEGIN(cx, self);
    weft_runtime *rt = NULL;
    int said = -1;
    weft_trail *seven = mark_new(7), *own = weft_trail_ref(weft_trail_current());
    int error = weft_trail_set(seven);
    if (error == 0)
        error = weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.drive = WEFT_DRIVE_SIM, .seed = 1));
    if (error == 0)
        error = weft_job_try_begin(rt, NULL, WEFT_JOB(job_writes, &said));
    if (error == 0)
        error = weft_trail_set(own);
    if (error == 0)
        error = weft_sim_run(rt);
    if (error == 0)
        error = weft_runtime_finish(rt);
    weft_trail_unref(seven);
    weft_trail_unref(own);
    *self->said = error < 0 ? error : said;
    *self->after = works_for();
    WEFT_END(0);
}

static void job_that_a_task_of_another_runtime_turns_has_its_submitters_trail(void **state)
{
    (void)state;
    atomic_int said = 0, after = 0;
    tracer_begin(true);
    weft_runtime *rt = world_begin(1);
    host_works_for(5);
    weft_spawn(weft_runtime_scope(rt), turner, .said = &said, .after = &after);
    world_settle(rt);
    assert_int_equal(said, 7);
    assert_int_equal(after, 1005);
    world_end(rt, 1);
    tracer_end();
}

static int job_held(void *argument)
{
    while (!*(atomic_int *)argument)
        sched_yield();
    return 0;
}

static void trails_of_jobs_that_are_never_run_are_given_back(void **state)
{
    (void)state;
    weft_runtime *rt = NULL;
    weft_job held = {0}, queued = {0}, refused = {0};
    atomic_int go = 0;
    tracer_begin(true);
    assert_int_equal(weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 1, .blocking_threads_max = 1, .blocking_queue_max = 1)), 0);
    host_works_for(1);
    assert_int_equal(weft_job_begin_blocking(rt, &held, WEFT_JOB(job_held, &go), WEFT_FOREVER), 0);
    assert_int_equal(weft_job_begin_blocking(rt, &queued, WEFT_JOB(job_says, NULL), WEFT_FOREVER), 0);
    assert_int_equal(weft_job_try_begin(rt, &refused, WEFT_JOB(job_says, NULL)), WEFT_EAGAIN);
    assert_int_equal(weft_job_cancel(queued), 0);
    assert_int_equal(weft_job_wait_blocking(&queued, WEFT_FOREVER, NULL), WEFT_ECANCELED);
    go = 1;
    assert_int_equal(weft_job_wait_blocking(&held, WEFT_FOREVER, NULL), 0);
    assert_int_equal(weft_runtime_shutdown(rt, WEFT_FOREVER), 0);
    assert_int_equal(weft_job_try_begin(rt, &refused, WEFT_JOB(job_says, NULL)), WEFT_ESHUTDOWN);
    assert_int_equal(weft_runtime_destroy(rt), 0);
    tracer_end();
}

/* --- oneshots ----------------------------------------------------------------------------------------------------- */

struct asker {
    weft_frame weft;
    weft_oneshot_receiver in;
    uint64_t value;
    atomic_int *after;
};

static weft_poll asker(weft_context *cx, struct asker *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_oneshot_recv(cx, &self->in, &self->value));
    *self->after = self->weft.rc == 0 ? works_for() : self->weft.rc;
    weft_oneshot_receiver_close(&self->in);
    WEFT_END(0);
}

static void who_waits_for_a_oneshot_keeps_its_own_and_is_told_whose_it_was(void **state)
{
    (void)state;
    const uint64_t value = 1;
    atomic_int after = 0;
    weft_oneshot_sender out;
    weft_oneshot_receiver in;
    tracer_begin(true);
    weft_runtime *rt = world_begin(1);
    assert_int_equal(weft_oneshot_create(rt, NULL, sizeof value, &out, &in), 0);
    host_works_for(20);
    weft_spawn(weft_runtime_scope(rt), asker, .in = in, .after = &after);
    host_works_for(30);
    assert_int_equal(weft_oneshot_send(&out, &value), 0);
    world_settle(rt);
    assert_int_equal(after, 1020);
    assert_int_equal(told.mentions, 1);
    assert_int_equal(told.mentioned[0], 30);
    world_end(rt, 1);
    tracer_end();
}

static void trails_of_oneshots_that_nobody_receives_are_given_back(void **state)
{
    (void)state;
    uint64_t value = 1;
    weft_oneshot_sender out;
    weft_oneshot_receiver in;
    tracer_begin(true);
    weft_runtime *rt = world_begin(1);
    host_works_for(1);
    assert_int_equal(weft_oneshot_create(rt, NULL, sizeof value, &out, &in), 0);
    assert_int_equal(weft_oneshot_send(&out, &value), 0);
    weft_oneshot_receiver_close(&in); /* with the value in it */
    assert_int_equal(weft_oneshot_create(rt, NULL, sizeof value, &out, &in), 0);
    weft_oneshot_receiver_close(&in);
    assert_int_equal(weft_oneshot_send(&out, &value), WEFT_EPIPE);
    assert_int_equal(weft_oneshot_create(rt, NULL, sizeof value, &out, &in), 0);
    weft_oneshot_stop(&in);
    assert_int_equal(weft_oneshot_send(&out, &value), WEFT_EPIPE);
    weft_oneshot_receiver_close(&in);
    assert_int_equal(weft_oneshot_create(rt, NULL, sizeof value, &out, &in), 0);
    assert_int_equal(weft_oneshot_send(&out, &value), 0);
    assert_int_equal(weft_oneshot_try_recv(&in, &value), 0); /* what one waits for oneself is nobody else's */
    assert_int_equal(told.mentions, 0);
    weft_oneshot_receiver_close(&in);
    world_end(rt, 0);
    tracer_end();
}

/* --- watches ------------------------------------------------------------------------------------------------------ */

static int add_one(void *value, void *context)
{
    (void)context;
    ++*(uint64_t *)value;
    return 0;
}

static void value_that_is_seen_first_exchanges_and_one_that_was_seen_does_not(void **state)
{
    (void)state;
    uint64_t value = 1;
    weft_watch_sender out;
    weft_watch_receiver in;
    tracer_begin(true);
    weft_runtime *rt = world_begin(1);
    host_works_for(10);
    assert_int_equal(weft_watch_create(rt, NULL, sizeof value, &value, &out, &in), 0);
    assert_int_equal(weft_watch_read(&in, &value), 0);
    assert_int_equal(works_for(), 10); /* the first value was not sent */
    assert_int_equal(weft_watch_send(&out, &value), 0);
    host_works_for(20);
    assert_int_equal(weft_watch_replace(&out, &value, NULL), 0); /* and the trail of that before is given back */
    host_works_for(30);
    assert_int_equal(weft_watch_peek(&in, &value), 0);
    assert_int_equal(works_for(), 30); /* to peek is not to receive */
    assert_int_equal(weft_watch_read(&in, &value), 0);
    assert_int_equal(works_for(), 20);
    host_works_for(30);
    assert_int_equal(weft_watch_read(&in, &value), 0);
    assert_int_equal(works_for(), 30); /* it had been seen */
    host_works_for(40);
    assert_int_equal(weft_watch_modify(&out, add_one, NULL), 0);
    host_works_for(50);
    assert_int_equal(weft_watch_try_changed(&in), 0);
    assert_int_equal(works_for(), 40);
    host_works_for(60);
    assert_int_equal(weft_watch_read(&in, &value), 0); /* of the change that was told */
    assert_int_equal(works_for(), 60);
    assert_int_equal(weft_trail_set(NULL), 0);
    assert_int_equal(weft_watch_send(&out, &value), 0);
    host_works_for(70);
    assert_int_equal(weft_watch_changed_blocking(&in, WEFT_FOREVER), 0);
    assert_int_equal(works_for(), 0); /* sent on behalf of nothing: a thread has nothing of its own */
    host_works_for(80);
    assert_int_equal(weft_watch_send(&out, &value), 0);
    weft_watch_receiver_close(&in);
    weft_watch_sender_close(&out); /* with a value that nobody saw */
    assert_int_equal(told.mentions, 0);
    world_end(rt, 0);
    tracer_end();
}

struct watcher {
    weft_frame weft;
    weft_watch_receiver in;
    uint64_t value;
    atomic_int *changed, *waited;
};

static bool is_seven(const void *value, void *context)
{
    (void)context;
    return *(const uint64_t *)value == 7;
}

static weft_poll watcher(weft_context *cx, struct watcher *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_watch_changed(cx, &self->in));
    *self->changed = works_for();
    WEFT_AWAIT(self->weft.rc, weft_watch_wait_for(cx, &self->in, is_seven, NULL, &self->value));
    *self->waited = works_for();
    weft_watch_receiver_close(&self->in);
    WEFT_END(0);
}

static void task_that_waits_for_a_value_works_for_who_sent_the_one_that_fits(void **state)
{
    (void)state;
    uint64_t value = 1;
    atomic_int changed = 0, waited = 0;
    weft_watch_sender out;
    weft_watch_receiver in;
    tracer_begin(true);
    weft_runtime *rt = world_begin(1);
    assert_int_equal(weft_watch_create(rt, NULL, sizeof value, &value, &out, &in), 0);
    host_works_for(20);
    weft_spawn(weft_runtime_scope(rt), watcher, .in = in, .changed = &changed, .waited = &waited);
    host_works_for(30);
    value = 2;
    assert_int_equal(weft_watch_send(&out, &value), 0);
    WORLD_UNTIL(changed != 0);
    host_works_for(40);
    value = 3;
    assert_int_equal(weft_watch_send(&out, &value), 0);
    host_works_for(50);
    value = 7;
    assert_int_equal(weft_watch_send(&out, &value), 0);
    world_settle(rt);
    assert_int_equal(changed, 30);
    assert_int_equal(waited, 50);
    weft_watch_sender_close(&out);
    world_end(rt, 1);
    tracer_end();
}

struct hasty {
    weft_frame weft;
    weft_watch_receiver in;
    weft_watch_sender *out;
    uint64_t value;
    atomic_int *waited;
};

/* And there is another already, of this task. */
static bool is_seven_and_sends_eight(const void *value, void *context)
{
    const uint64_t eight = 8;
    if (*(const uint64_t *)value != 7)
        return false;
    const int error = weft_watch_send(context, &eight);
    return error == 0;
}

static weft_poll hasty(weft_context *cx, struct hasty *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_watch_wait_for(cx, &self->in, is_seven_and_sends_eight, self->out, &self->value));
    *self->waited = self->value == 7 ? works_for() : -1;
    weft_watch_receiver_close(&self->in);
    WEFT_END(0);
}

static void value_that_fits_is_of_its_sender_whatever_comes_meanwhile(void **state)
{
    (void)state;
    uint64_t value = 7;
    atomic_int waited = 0;
    weft_watch_sender out;
    weft_watch_receiver in;
    tracer_begin(true);
    weft_runtime *rt = world_begin(1);
    assert_int_equal(weft_watch_create(rt, NULL, sizeof value, &value, &out, &in), 0);
    host_works_for(50);
    assert_int_equal(weft_watch_send(&out, &value), 0);
    host_works_for(20);
    weft_spawn(weft_runtime_scope(rt), hasty, .in = in, .out = &out, .waited = &waited);
    world_settle(rt);
    assert_int_equal(waited, 50);
    weft_watch_sender_close(&out);
    world_end(rt, 1);
    tracer_end();
}

/* --- broadcasts --------------------------------------------------------------------------------------------------- */

static int copy_number(void *to, const void *from, void *context)
{
    memcpy(to, from, sizeof(uint64_t));
    return *(const uint64_t *)from == 13 ? *(int *)context : 0;
}

static void drop_number(void *message, void *context)
{
    (void)message;
    (void)context;
}

static void message_goes_to_all(bool copies)
{
    uint64_t value = 1, lost = 0;
    int answer = WEFT_ENOMEM;
    weft_broadcast_sender out;
    weft_broadcast_receiver in, late;
    tracer_begin(true);
    weft_runtime *rt = world_begin(1);
    assert_int_equal(weft_broadcast_create(rt, WEFT_BROADCAST_OPTIONS(.capacity = 2, .copy = copies ? copy_number : NULL,
                                                                      .drop = copies ? drop_number : NULL, .context = &answer),
                                           sizeof value, &out, &in), 0);
    assert_int_equal(weft_broadcast_subscribe(&out, &late), 0);
    host_works_for(10);
    assert_int_equal(weft_broadcast_send(&out, &value), 2);
    host_works_for(20);
    assert_int_equal(weft_broadcast_send(&out, &value), 2);
    host_works_for(90);
    assert_int_equal(weft_broadcast_try_recv(&in, &value, NULL), 0);
    assert_int_equal(works_for(), 10);
    assert_int_equal(weft_broadcast_recv_blocking(&in, &value, NULL, WEFT_FOREVER), 0);
    assert_int_equal(works_for(), 20);
    host_works_for(30);
    assert_int_equal(weft_broadcast_send(&out, &value), 2); /* over the first, which one had not read */
    host_works_for(90);
    assert_int_equal(weft_broadcast_try_recv(&late, &value, &lost), WEFT_ELAGGED);
    assert_int_equal(works_for(), 90); /* a loss is no message */
    assert_int_equal(weft_broadcast_try_recv(&late, &value, NULL), 0);
    assert_int_equal(works_for(), 20);
    assert_int_equal(weft_trail_set(NULL), 0);
    value = 13;
    assert_int_equal(weft_broadcast_send(&out, &value), 2);
    assert_int_equal(weft_broadcast_try_recv(&in, &value, NULL), 0);
    assert_int_equal(works_for(), 30);
    assert_int_equal(weft_broadcast_try_recv(&in, &value, NULL), copies ? WEFT_ENOMEM : 0);
    assert_int_equal(works_for(), copies ? 30 : 0); /* a message that could not be copied was not received */
    host_works_for(40);
    assert_true(weft_broadcast_send(&out, &value) > 0);
    assert_int_equal(weft_broadcast_try_recv(&in, &value, NULL), copies ? WEFT_ENOMEM : 0);
    weft_broadcast_receiver_close(&in);
    weft_broadcast_receiver_close(&late); /* with messages that it has not read */
    assert_int_equal(weft_broadcast_send(&out, &value), WEFT_EPIPE);
    weft_broadcast_sender_close(&out);
    assert_int_equal(told.mentions, 0);
    world_end(rt, 0);
    tracer_end();
}

static void broadcast_message_exchanges_with_each_receiver(void **state)
{
    (void)state;
    message_goes_to_all(false);
    message_goes_to_all(true);
}

/* --- many --------------------------------------------------------------------------------------------------------- */

struct crowd {
    weft_frame weft;
    weft_broadcast_sender out;
    weft_broadcast_receiver in;
    weft_watch_sender set;
    weft_watch_receiver get;
    weft_oneshot_sender answer;
    weft_oneshot_receiver asked;
    uint64_t value;
    int i, left;
};

static weft_poll crowd(weft_context *cx, struct crowd *self)
{
    WEFT_BEGIN(cx, self);
    for (self->i = 0; self->i < self->left; self->i++) {
        self->weft.rc = weft_broadcast_send(&self->out, &self->value);
        self->weft.rc = weft_watch_send(&self->set, &self->value);
        self->weft.rc = weft_broadcast_try_recv(&self->in, &self->value, NULL);
        self->weft.rc = weft_watch_try_changed(&self->get);
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    }
    self->weft.rc = weft_oneshot_send(&self->answer, &self->value);
    if (self->left % 2)
        self->weft.rc = weft_oneshot_try_recv(&self->asked, &self->value);
    weft_oneshot_receiver_close(&self->asked);
    weft_broadcast_sender_close(&self->out);
    weft_broadcast_receiver_close(&self->in);
    weft_watch_sender_close(&self->set);
    weft_watch_receiver_close(&self->get);
    WEFT_END(0);
}

/* In a ring: each answers its neighbour, who may have left by then. */
static void trails_are_not_lost_among_many_that_come_and_go(void **state)
{
    (void)state;
    enum { CROWD = 8 };
    uint64_t seed = world_seed(), value = 0;
    int64_t spawned = 0;
    tracer_begin(true);
    weft_runtime *rt = world_begin(2);
    for (int round = 0; round < 20; round++) {
        weft_broadcast_sender out;
        weft_watch_sender set;
        weft_watch_receiver get;
        weft_oneshot_sender answers[CROWD];
        weft_oneshot_receiver asked[CROWD];
        assert_int_equal(weft_broadcast_create(rt, WEFT_BROADCAST_OPTIONS(.capacity = 1 + world_random(&seed, 8)), sizeof value, &out, NULL), 0);
        assert_int_equal(weft_watch_create(rt, NULL, sizeof value, &value, &set, &get), 0);
        for (int i = 0; i < CROWD; i++)
            assert_int_equal(weft_oneshot_create(rt, NULL, sizeof value, &answers[i], &asked[i]), 0);
        for (int i = 0; i < CROWD; i++, spawned++) {
            struct crowd one = {.left = (int)world_random(&seed, 200)};
            host_works_for(1 + i);
            assert_int_equal(weft_broadcast_sender_clone(&out, &one.out), 0);
            assert_int_equal(weft_broadcast_subscribe(&out, &one.in), 0);
            assert_int_equal(weft_watch_sender_clone(&set, &one.set), 0);
            assert_int_equal(weft_watch_receiver_clone(&get, &one.get), 0);
            weft_spawn(weft_runtime_scope(rt), crowd, .left = one.left, .out = one.out, .in = one.in, .set = one.set, .get = one.get,
                       .answer = answers[i], .asked = asked[(i + 1) % CROWD]);
        }
        weft_broadcast_sender_close(&out);
        weft_watch_sender_close(&set);
        weft_watch_receiver_close(&get);
    }
    world_end(rt, spawned);
    tracer_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(job_is_run_on_behalf_of_its_submitter),
        cmocka_unit_test(who_waits_for_a_job_keeps_its_own),
        cmocka_unit_test(job_inside_of_a_job_sets_its_trail_aside),
        cmocka_unit_test(job_of_a_simulated_runtime_has_its_submitters_trail),
        cmocka_unit_test(job_that_a_task_of_another_runtime_turns_has_its_submitters_trail),
        cmocka_unit_test(trails_of_jobs_that_are_never_run_are_given_back),
        cmocka_unit_test(who_waits_for_a_oneshot_keeps_its_own_and_is_told_whose_it_was),
        cmocka_unit_test(trails_of_oneshots_that_nobody_receives_are_given_back),
        cmocka_unit_test(value_that_is_seen_first_exchanges_and_one_that_was_seen_does_not),
        cmocka_unit_test(task_that_waits_for_a_value_works_for_who_sent_the_one_that_fits),
        cmocka_unit_test(value_that_fits_is_of_its_sender_whatever_comes_meanwhile),
        cmocka_unit_test(broadcast_message_exchanges_with_each_receiver),
        cmocka_unit_test(trails_are_not_lost_among_many_that_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
