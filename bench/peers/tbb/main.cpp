// SPDX-License-Identifier: MIT
//
// The lines of bench/ in oneTBB. A task of it cannot wait, so it has those lines only that begin and end tasks; it
// stands here as the limit for them. For a turn a task enqueues its continuation.

#include <atomic>
#include <memory>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>
#include <oneapi/tbb/version.h>
#include <semaphore>
#include <thread>
#include <vector>

#include "lib/harness.h"

using namespace oneapi::tbb;

static std::unique_ptr<global_control> limit;
static std::unique_ptr<task_arena> arena;
static std::atomic<long> left;
static std::binary_semaphore ended(0);

// As many workers as asked for; the calling thread is one of them, or is outside and leaves all places to workers.
static int arena_begin(bench *b, bool caller_works)
{
    limit = std::make_unique<global_control>(global_control::max_allowed_parallelism,
                                             static_cast<size_t>(b->workers + (caller_works ? 0 : 1)));
    arena = std::make_unique<task_arena>(static_cast<int>(b->workers), caller_works ? 1u : 0u);
    return 0;
}

static int inside_begin(bench *b)
{
    return arena_begin(b, true);
}

static int outside_begin(bench *b)
{
    return arena_begin(b, false);
}

static void end(bench *)
{
    arena.reset();
    limit.reset();
}

static int spawn_external_begin(bench *b)
{
    if (bench_param(b, "threads", 1) != 1)
        exit(3);
    return outside_begin(b);
}

static int spawn_external(bench *b)
{
    left = b->ops;
    for (long i = 0; i < b->ops; i++)
        arena->enqueue([] {
            if (left.fetch_sub(1, std::memory_order_acq_rel) == 1)
                ended.release();
        });
    ended.acquire();
    return 0;
}

static long batch;

static int spawn_local_begin(bench *b)
{
    batch = bench_param(b, "batch", 10000);
    b->ops = (b->ops + batch - 1) / batch * batch;
    return inside_begin(b);
}

static int spawn_local(bench *b)
{
    arena->execute([b] {
        for (long todo = b->ops; todo > 0; todo -= batch) {
            task_group all;
            for (long i = 0; i < batch; i++)
                all.run([] {});
            all.wait();
        }
    });
    return 0;
}

static int spawn_await(bench *b)
{
    arena->execute([b] {
        task_group one;
        for (long i = 0; i < b->ops; i++) {
            one.run([] {});
            one.wait();
        }
    });
    return 0;
}

static void chain(task_group &all, long todo)
{
    if (todo > 0)
        all.run([&all, todo] { chain(all, todo - 1); });
}

static int chained_spawn(bench *b)
{
    arena->execute([b] {
        task_group all;
        chain(all, b->ops);
        all.wait();
    });
    return 0;
}

static uint64_t fib(long n)
{
    if (n < 2)
        return static_cast<uint64_t>(n);
    uint64_t one;
    task_group group;
    group.run([&one, n] { one = fib(n - 1); });
    const uint64_t other = fib(n - 2);
    group.wait();
    return one + other;
}

static long number;

static int fib_begin(bench *b)
{
    number = bench_param(b, "n", 27);
    b->ops = bench_fib_calls(number);
    return inside_begin(b);
}

static int fib_tree(bench *)
{
    uint64_t result = 0;
    arena->execute([&result] { result = fib(number); });
    return result == 0;
}

static long tasks;

static int yield_begin(bench *b)
{
    tasks = bench_param(b, "tasks", 200);
    b->ops = (b->ops + tasks - 1) / tasks * tasks;
    return outside_begin(b);
}

static void turn(long todo)
{
    if (todo > 0)
        arena->enqueue([todo] { turn(todo - 1); });
    else if (left.fetch_sub(1, std::memory_order_acq_rel) == 1)
        ended.release();
}

static int yield_all(bench *b)
{
    left = tasks;
    for (long i = 0; i < tasks; i++)
        arena->enqueue([b] { turn(b->ops / tasks); });
    ended.acquire();
    return 0;
}

static uint64_t turns;

static int skewed_begin(bench *b)
{
    turns = bench_work_turns(bench_param(b, "us", 10) * 1000);
    return inside_begin(b);
}

static int skewed_steal(bench *b)
{
    arena->execute([b] {
        task_group all;
        for (long i = 0; i < b->ops; i++)
            all.run([] {
                if (bench_work(turns) == 0)
                    std::terminate();
            });
        all.wait();
    });
    return 0;
}

static int wake_latency(bench *b)
{
    std::vector<int64_t> samples(static_cast<size_t>(b->ops));
    for (auto &sample : samples) {
        const timespec gap = {0, 1000000};
        nanosleep(&gap, nullptr);
        const int64_t sent = bench_now();
        arena->enqueue([&sample, sent] {
            sample = bench_now() - sent;
            ended.release();
        });
        ended.acquire();
    }
    bench_take_samples(b, samples.data(), samples.size(), 1000);
    return 0;
}

static const bench_line lines[] = {
    {"spawn_external", "ns", 1000000, false, spawn_external_begin, spawn_external, end},
    {"spawn_local", "ns", 1000000, false, spawn_local_begin, spawn_local, end},
    {"spawn_await", "ns", 1000000, false, inside_begin, spawn_await, end},
    {"chained_spawn", "ns", 1000000, false, inside_begin, chained_spawn, end},
    {"fib", "ns", 1, false, fib_begin, fib_tree, end},
    {"yield", "ns", 200000, false, yield_begin, yield_all, end},
    {"skewed_steal", "ns", 10000, false, skewed_begin, skewed_steal, end},
    {"wake_latency", "us", 2000, false, outside_begin, wake_latency, end},
};

int main(int argc, char **argv)
{
    return bench_main_of(argc, argv, "tbb", TBB_VERSION_STRING, lines, std::size(lines));
}
