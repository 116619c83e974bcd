/* SPDX-License-Identifier: MIT */
/*
 * Teaches the bridge from ordinary threads: main() spawns a task, talks to it over two channels with the _blocking forms,
 * which take a deadline, and joins it. Those forms refuse to run on a worker, where they would stop every other task.
 */
#include <stdio.h>
#include <weft.h>

WEFT_CHANNEL_DEFINE(numbers, int)

/* Answers each number with its square. */
struct squarer { weft_frame weft; numbers_receiver in; numbers_sender out; int value; int answered; };

static weft_poll squarer(weft_context *cx, struct squarer *self)
{
    int misuse; /* set and used between two awaits: only what must survive an await has to be in the frame */
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, numbers_recv(cx, &self->in, &self->value));
        if (self->weft.rc < 0)
            break;
        WEFT_AWAIT(self->weft.rc, numbers_send(cx, &self->out, self->value * self->value));
        if (self->weft.rc < 0)
            break;
        self->answered++;
    }
    misuse = numbers_recv_blocking(&self->in, &self->value, WEFT_FOREVER);
    printf("a blocking call on a worker answers %s\n", weft_error_name(misuse));
    numbers_receiver_close(&self->in);
    numbers_sender_close(&self->out);
    WEFT_END(self->answered); /* 0 or more is success, so a result may also be a count */
}

static void ask(numbers_sender *questions, numbers_receiver *answers)
{
    int square;
    if (numbers_recv_blocking(answers, &square, weft_deadline_in(1000000)) == WEFT_ETIMEDOUT)
        printf("no question, no answer within a millisecond\n");
    for (int i = 1; i <= 3; i++)
        if (numbers_send_blocking(questions, i, WEFT_FOREVER) == 0 &&
            numbers_recv_blocking(answers, &square, weft_deadline_in(10000000000)) == 0)
            printf("%d squared is %d\n", i, square);
}

int main(void)
{
    weft_runtime *rt;
    numbers_sender questions, answers_out;
    numbers_receiver questions_in, answers;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "host thread")) < 0)
        return 1;
    if (numbers_create(rt, WEFT_CHANNEL_OPTIONS(.name = "questions", .capacity = 8), &questions, &questions_in) < 0 ||
        numbers_create(rt, WEFT_CHANNEL_OPTIONS(.name = "answers", .capacity = 8), &answers_out, &answers) < 0)
        return 1;

    /* Without .joinable the result would go nowhere; a task may also be left alone, weft_runtime_finish() waits for it. */
    weft_task task = weft_spawn_as(weft_runtime_scope(rt), WEFT_TASK("squarer", .joinable = true),
                                   squarer, .in = questions_in, .out = answers_out);
    if (weft_task_error(task) < 0)
        return 1;
    ask(&questions, &answers);
    numbers_sender_close(&questions); /* the squarer drains its channel, gets WEFT_EPIPE, and ends */

    int answered;
    if (weft_task_join_blocking(&task, WEFT_FOREVER, &answered) == 0)
        printf("joined: %d answers\n", answered);
    numbers_receiver_close(&answers);
    return weft_runtime_finish(rt) < 0;
}
