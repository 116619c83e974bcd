/* SPDX-License-Identifier: MIT */
/*
 * A program that is recorded while it works, and forks: with no wrapper for LTTng (liblttng-ust-fork), as a program that knows nothing of
 * it does. Children end by exit(), by _exit(), by another program, or have a runtime of their own first.
 *
 *   test-trace-forking_program <until_its_input_ends
 *
 * It prints "children <n>" and "passed <messages>" and exits with 0 if each child came to its end, and nothing was lost.
 */
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weft.h>

WEFT_CHANNEL_DEFINE(numbers, long)

enum { PAIRS = 4, CHILD_SECONDS = 30 };

static atomic_long sent, received;
static atomic_bool over;

struct giver {
    weft_frame weft;
    numbers_sender out;
};

static weft_poll giver(weft_context *cx, struct giver *self)
{
    WEFT_BEGIN(cx, self);
    while (!atomic_load(&over)) {
        WEFT_AWAIT(self->weft.rc, numbers_send(cx, &self->out, 1));
        if (self->weft.rc < 0)
            break;
        atomic_fetch_add(&sent, 1);
    }
    numbers_sender_close(&self->out);
    WEFT_END(0);
}

struct taker {
    weft_frame weft;
    numbers_receiver in;
    long value;
};

static weft_poll taker(weft_context *cx, struct taker *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, numbers_recv(cx, &self->in, &self->value));
        if (self->weft.rc < 0)
            break;
        atomic_fetch_add(&received, 1);
    }
    numbers_receiver_close(&self->in);
    WEFT_END(0);
}

static weft_runtime *begin(void)
{
    weft_runtime *rt = NULL;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.worker_threads = 2, .tracing = true)) < 0) {
        fprintf(stderr, "%s\n", weft_error_detail());
        exit(1);
    }
    for (int i = 0; i < PAIRS; i++) {
        numbers_sender out;
        numbers_receiver in;
        if (numbers_create(rt, WEFT_CHANNEL_OPTIONS(.name = "pair", .capacity = 8), &out, &in) < 0)
            exit(1);
        weft_spawn(weft_runtime_scope(rt), giver, .out = out);
        weft_spawn(weft_runtime_scope(rt), taker, .in = in);
    }
    return rt;
}

static void child_main(weft_runtime *inherited, int way)
{
    alarm(CHILD_SECONDS); /* should it hang, it ends */
    if (way == 0)
        _exit(0);
    if (way == 1)
        execl("/bin/true", "true", (char *)NULL);
    if (way == 2) {
        weft_runtime *own = begin();
        usleep(2000);
        if (weft_runtime_destroy(own) < 0)
            _exit(2);
    }
    if (weft_runtime_destroy(inherited) < 0)
        _exit(3);
    exit(0);
}

static bool input_has_ended(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&input, 1, 0) > 0;
}

int main(void)
{
    weft_runtime *rt = begin();
    int children = 0;
    for (; !input_has_ended() || children < 8; children++) {
        fflush(NULL);
        const pid_t child = fork();
        if (child == 0)
            child_main(rt, children % 4);
        int status = -1;
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
            fprintf(stderr, "child %d, way %d: status %x\n", children, children % 4, (unsigned)status);
            return 1;
        }
    }
    atomic_store(&over, true);
    const int finished = weft_runtime_finish(rt);
    printf("children %d\npassed %ld\n", children, atomic_load(&received));
    return finished == 0 && atomic_load(&sent) == atomic_load(&received) && atomic_load(&sent) > 0 ? 0 : 1;
}
