/* SPDX-License-Identifier: MIT */
/*
 * A C++ host that keeps a runtime behind a class: its threads ask, tasks answer. The runtime is what the class owns; nothing
 * of weft is seen outside, and an exception never crosses a task.
 */
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>
#include <weft.h>

#pragma GCC diagnostic ignored "-Wshadow" /* a step has the name of its frame */

struct question { int number; };
WEFT_ONESHOT_DEFINE(answer, int)
struct asked { question what; answer_sender reply; };
WEFT_CHANNEL_DEFINE(questions, asked)

/* Squares numbers, one question after the other. */
struct squarer { weft_frame weft; questions_receiver in; asked now; };

static weft_poll squarer(weft_context *cx, struct squarer *self)
{
    WEFT_BEGIN(cx, self);
    for (;;) {
        WEFT_AWAIT(self->weft.rc, questions_recv(cx, &self->in, &self->now));
        if (self->weft.rc < 0)
            break;
        answer_send(&self->now.reply, self->now.what.number * self->now.what.number);
    }
    questions_receiver_close(&self->in);
    WEFT_END(0);
}

class Squares {
public:
    Squares()
    {
        check(weft_runtime_create(&runtime, WEFT_RUNTIME_OPTIONS(.name = "squares", .worker_threads = 2)));
        questions_receiver in;
        check(questions_create(runtime, WEFT_CHANNEL_OPTIONS(.name = "questions", .capacity = 8), &out, &in));
        weft_spawn_as(weft_runtime_scope(runtime), WEFT_TASK("squarer", .category = WEFT_ACTOR), squarer, .in = in);
    }
    Squares(const Squares &) = delete;
    Squares &operator=(const Squares &) = delete;
    ~Squares()
    {
        questions_sender_close(&out);
        weft_runtime_finish(runtime);
    }

    /* Any thread. */
    int of(int number)
    {
        answer_sender reply;
        answer_receiver receiver;
        questions_sender mine; /* a sender serves one thread at a time */
        check(questions_sender_clone(&out, &mine));
        check(answer_create(runtime, WEFT_ONESHOT_OPTIONS(.name = "answer"), &reply, &receiver));
        const int sent = questions_send_blocking(&mine, asked{{number}, reply}, WEFT_FOREVER);
        int value = 0;
        const int got = sent < 0 ? sent : answer_recv_blocking(&receiver, &value, weft_deadline_in(10000000000));
        if (sent < 0)
            answer_sender_close(&reply);
        answer_receiver_close(&receiver);
        questions_sender_close(&mine);
        check(got);
        return value;
    }

private:
    static void check(int code)
    {
        if (code < 0)
            throw std::runtime_error(std::string(weft_error_name(code)) + ": " + weft_error_detail());
    }
    weft_runtime *runtime = nullptr;
    questions_sender out{};
};

int main()
{
    Squares squares;
    std::vector<int> values(8);
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; i++)
        threads.emplace_back([&squares, &values, i] { values[static_cast<size_t>(i)] = squares.of(i); });
    for (std::thread &thread : threads)
        thread.join();
    for (int value : values)
        std::printf("%d ", value);
    std::printf("\n");
}
