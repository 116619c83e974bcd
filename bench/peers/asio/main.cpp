// SPDX-License-Identifier: MIT
//
// The lines of bench/ in Boost.Asio: a thread_pool, C++20 coroutines, experimental::concurrent_channel. Where a line is
// about spawning alone a task is a posted handler, which is what Asio is fast at; where it waits, a coroutine.
//
// co_spawn() begins its coroutine in place when it is called on the pool; a coroutine that is to be another task posts
// itself first.

#include <atomic>
#include <boost/asio.hpp>
#include <boost/asio/experimental/concurrent_channel.hpp>
#include <boost/version.hpp>
#include <memory>
#include <semaphore>
#include <vector>

#include "lib/harness.h"

namespace asio = boost::asio;
using boost::system::error_code;
using executor = asio::thread_pool::executor_type;
template <class T> using task = asio::awaitable<T, executor>;
static constexpr asio::use_awaitable_t<executor> awaiting;
using channel = asio::experimental::concurrent_channel<executor, void(error_code, uint64_t)>;
using timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, executor>;

static std::unique_ptr<asio::thread_pool> pool;
static std::binary_semaphore ended(0);
static std::atomic<long> left;

static executor on_pool()
{
    return pool->get_executor();
}

// Tells a coroutine that the last of several has ended.
class countdown
{
    std::atomic<long> left_;
    channel zero_;

  public:
    explicit countdown(long count) : left_(count), zero_(on_pool(), 1)
    {
    }
    void done()
    {
        if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            zero_.try_send(error_code(), 0);
    }
    task<void> wait()
    {
        co_await zero_.async_receive(awaiting);
    }
};

static int begin(bench *b)
{
    pool = std::make_unique<asio::thread_pool>(static_cast<size_t>(b->workers));
    return 0;
}

static void end(bench *)
{
    pool->stop();
    pool->join();
    pool.reset();
}

// Run a coroutine on the pool and wait for it: 0.
template <class F> static int on_worker(F body)
{
    asio::co_spawn(
        on_pool(),
        [&body]() -> task<void> {
            co_await asio::post(on_pool(), awaiting);
            co_await body();
        },
        [](std::exception_ptr failed) {
            if (failed)
                std::terminate();
            ended.release();
        });
    ended.acquire();
    return 0;
}

// A coroutine of its own, that nobody waits for but by what it does.
template <class F> static void spawn(F body)
{
    asio::co_spawn(
        on_pool(),
        [](F each) -> task<void> {
            co_await asio::post(on_pool(), awaiting);
            co_await each();
        }(std::move(body)),
        asio::detached);
}

// --- birth and end
// -------------------------------------------------------------------------------------------------------

static int spawn_external_begin(bench *b)
{
    if (bench_param(b, "threads", 1) != 1)
        exit(3);
    return begin(b);
}

static int spawn_external(bench *b)
{
    left = b->ops;
    for (long i = 0; i < b->ops; i++)
        asio::post(on_pool(), [] {
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
    return begin(b);
}

static int spawn_local(bench *b)
{
    return on_worker([b]() -> task<void> {
        for (long todo = b->ops; todo > 0; todo -= batch) {
            countdown all(batch);
            for (long i = 0; i < batch; i++)
                asio::post(on_pool(), [&all] { all.done(); });
            co_await all.wait();
        }
    });
}

static task<void> empty()
{
    co_await asio::post(on_pool(), awaiting);
}

static int spawn_await(bench *b)
{
    return on_worker([b]() -> task<void> {
        for (long i = 0; i < b->ops; i++)
            co_await asio::co_spawn(on_pool(), empty(), awaiting);
    });
}

static void chain(long todo)
{
    if (todo == 0)
        ended.release();
    else
        asio::post(on_pool(), [todo] { chain(todo - 1); });
}

static int chained_spawn(bench *b)
{
    chain(b->ops);
    ended.acquire();
    return 0;
}

static uint64_t turns;

static int skewed_begin(bench *b)
{
    turns = bench_work_turns(bench_param(b, "us", 10) * 1000);
    return begin(b);
}

static int skewed_steal(bench *b)
{
    return on_worker([b]() -> task<void> {
        countdown all(b->ops);
        for (long i = 0; i < b->ops; i++)
            asio::post(on_pool(), [&all] {
                if (bench_work(turns) == 0)
                    std::terminate();
                all.done();
            });
        co_await all.wait();
    });
}

// --- turns
// ---------------------------------------------------------------------------------------------------------------

static long tasks;
static bool yields;

static int tasks_begin(bench *b, long otherwise)
{
    tasks = bench_param(b, "tasks", otherwise);
    if (tasks < 1)
        return 1;
    b->ops = (b->ops + tasks - 1) / tasks * tasks;
    return begin(b);
}

static int yield_begin(bench *b)
{
    return tasks_begin(b, 200);
}

static int yield_all(bench *b)
{
    return on_worker([b]() -> task<void> {
        countdown all(tasks);
        for (long t = 0; t < tasks; t++)
            spawn([b, &all]() -> task<void> {
                for (long i = 0; i < b->ops / tasks; i++)
                    co_await asio::post(on_pool(), awaiting);
                all.done();
            });
        co_await all.wait();
    });
}

// --- channels
// ------------------------------------------------------------------------------------------------------------

static long capacity, producers;

static int ping_pong(bench *b)
{
    return on_worker([b]() -> task<void> {
        countdown all(b->ops);
        for (long i = 0; i < b->ops; i++)
            spawn([&all]() -> task<void> {
                auto there = std::make_shared<channel>(on_pool(), 1), back = std::make_shared<channel>(on_pool(), 1);
                spawn([there, back]() -> task<void> {
                    const uint64_t value = co_await there->async_receive(awaiting);
                    co_await back->async_send(error_code(), value, awaiting);
                });
                co_await there->async_send(error_code(), 1, awaiting);
                co_await back->async_receive(awaiting);
                all.done();
            });
        co_await all.wait();
    });
}

static int capacity_begin(bench *b)
{
    capacity = bench_param(b, "capacity", 1);
    return begin(b);
}

static int ping_pong_chan(bench *b)
{
    return on_worker([b]() -> task<void> {
        channel there(on_pool(), static_cast<size_t>(capacity)), back(on_pool(), static_cast<size_t>(capacity));
        countdown partner(1);
        spawn([b, &there, &back, &partner]() -> task<void> {
            for (long i = 0; i < b->ops; i++) {
                const uint64_t value = co_await there.async_receive(awaiting);
                co_await back.async_send(error_code(), value, awaiting);
            }
            partner.done();
        });
        for (long i = 0; i < b->ops; i++) {
            co_await there.async_send(error_code(), static_cast<uint64_t>(i), awaiting);
            if (co_await back.async_receive(awaiting) != static_cast<uint64_t>(i))
                std::terminate();
        }
        co_await partner.wait();
    });
}

static int mpsc_begin(bench *b)
{
    producers = bench_param(b, "producers", 1);
    capacity = bench_param(b, "capacity", 1000);
    if (bench_param(b, "batch", 0) != 0)
        exit(3);
    b->ops = (b->ops + producers - 1) / producers * producers;
    return begin(b);
}

static int mpsc(bench *b)
{
    return on_worker([b]() -> task<void> {
        channel numbers(on_pool(), static_cast<size_t>(capacity));
        countdown all(producers + 1);
        for (long p = 0; p < producers; p++)
            spawn([b, &numbers, &all]() -> task<void> {
                for (long i = 0; i < b->ops / producers; i++)
                    co_await numbers.async_send(error_code(), static_cast<uint64_t>(i), awaiting);
                all.done();
            });
        spawn([b, &numbers, &all]() -> task<void> {
            uint64_t sum = 0;
            for (long i = 0; i < b->ops; i++)
                sum += co_await numbers.async_receive(awaiting);
            if (sum != static_cast<uint64_t>(b->ops) * static_cast<uint64_t>(b->ops / producers - 1) / 2)
                std::terminate();
            all.done();
        });
        co_await all.wait();
    });
}

static int chan_try(bench *b)
{
    return on_worker([b]() -> task<void> {
        channel numbers(on_pool(), 1000);
        for (long i = 0; i < b->ops; i++) {
            uint64_t value = 0;
            if (!numbers.try_send(error_code(), static_cast<uint64_t>(i)) ||
                !numbers.try_receive([&value](error_code, uint64_t got) { value = got; }) ||
                value != static_cast<uint64_t>(i))
                std::terminate();
        }
        co_return;
    });
}

static int chan_ready_begin(bench *b)
{
    if (bench_param(b, "bytes", 8) != 8)
        exit(3);
    return begin(b);
}

static int chan_ready(bench *b)
{
    return on_worker([b]() -> task<void> {
        channel numbers(on_pool(), 1000);
        for (long i = 0; i < b->ops; i++) {
            co_await numbers.async_send(error_code(), static_cast<uint64_t>(i), awaiting);
            if (co_await numbers.async_receive(awaiting) != static_cast<uint64_t>(i))
                std::terminate();
        }
    });
}

static int chan_create(bench *b)
{
    return on_worker([b]() -> task<void> {
        for (long i = 0; i < b->ops; i++)
            channel numbers(on_pool(), static_cast<size_t>(capacity));
        co_return;
    });
}

// --- locks: Asio has none; a channel of capacity 1, or of as many places as there are permits, stands for them
// -----------

static long permits;

static int mutex_begin(bench *b)
{
    permits = 1;
    yields = bench_param(b, "yield", 0) != 0;
    return tasks_begin(b, 64);
}

static int semaphore_begin(bench *b)
{
    yields = false;
    permits = bench_param(b, "permits", 4);
    return tasks_begin(b, 64);
}

static int enter_all(bench *b)
{
    return on_worker([b]() -> task<void> {
        channel inside(on_pool(), static_cast<size_t>(permits));
        countdown all(tasks);
        for (long t = 0; t < tasks; t++)
            spawn([b, &inside, &all]() -> task<void> {
                for (long i = 0; i < b->ops / tasks; i++) {
                    co_await inside.async_send(error_code(), 0, awaiting);
                    if (yields)
                        co_await asio::post(on_pool(), awaiting);
                    inside.try_receive([](error_code, uint64_t) {});
                }
                all.done();
            });
        co_await all.wait();
    });
}

// --- time
// ----------------------------------------------------------------------------------------------------------------

static int timer_fire(bench *b)
{
    return on_worker([b]() -> task<void> {
        countdown all(b->ops);
        uint64_t random = BENCH_SEED;
        for (long i = 0; i < b->ops; i++) {
            const auto ms = std::chrono::milliseconds(1 + bench_random(&random) % 100);
            spawn([ms, &all]() -> task<void> {
                timer sleep(on_pool(), ms);
                co_await sleep.async_wait(awaiting);
                all.done();
            });
        }
        co_await all.wait();
    });
}

static int timer_cancel_begin(bench *b)
{
    yields = bench_param(b, "yield", 0) != 0;
    return begin(b);
}

static int timer_cancel(bench *b)
{
    return on_worker([b]() -> task<void> {
        left = b->ops;
        for (long i = 0; i < b->ops; i++) {
            timer deadline(on_pool(), std::chrono::milliseconds(30000 + i % 1000));
            deadline.async_wait([](error_code) { left.fetch_sub(1, std::memory_order_acq_rel); });
            if (yields)
                co_await asio::post(on_pool(), awaiting);
            deadline.cancel();
        }
        while (left > 0)
            co_await asio::post(on_pool(), awaiting);
    });
}

static int wake_latency(bench *b)
{
    std::vector<int64_t> samples(static_cast<size_t>(b->ops));
    channel times(on_pool(), 16);
    spawn([&]() -> task<void> {
        for (auto &sample : samples) {
            const uint64_t sent = co_await times.async_receive(awaiting);
            sample = bench_now() - static_cast<int64_t>(sent);
        }
        ended.release();
    });
    for (long i = 0; i < b->ops; i++) {
        const timespec gap = {0, 1000000};
        nanosleep(&gap, nullptr);
        times.try_send(error_code(), static_cast<uint64_t>(bench_now()));
    }
    ended.acquire();
    bench_take_samples(b, samples.data(), samples.size(), 1000);
    return 0;
}

// --- the blocking pool: a second thread_pool
// -----------------------------------------------------------------------------

static std::unique_ptr<asio::thread_pool> blocking_pool;

static int blocking_begin(bench *b)
{
    enum { THREADS = 16 };
    tasks = bench_param(b, "tasks", 1);
    batch = bench_param(b, "batch", 1);
    if (batch == 0)
        batch = (b->ops + tasks - 1) / tasks;
    b->ops = (b->ops + tasks * batch - 1) / (tasks * batch) * (tasks * batch);
    blocking_pool = std::make_unique<asio::thread_pool>(THREADS);
    return begin(b);
}

static int blocking(bench *b)
{
    return on_worker([b]() -> task<void> {
        countdown all(tasks);
        for (long t = 0; t < tasks; t++)
            spawn([b, &all]() -> task<void> {
                for (long todo = b->ops / tasks; todo > 0; todo -= batch) {
                    auto jobs = std::make_shared<countdown>(batch); // the last job is still in it when it tells
                    for (long i = 0; i < batch; i++)
                        asio::post(*blocking_pool, [jobs] { jobs->done(); });
                    co_await jobs->wait();
                }
                all.done();
            });
        co_await all.wait();
    });
}

static void blocking_end(bench *b)
{
    blocking_pool->join();
    blocking_pool.reset();
    end(b);
}

// --- memory
// --------------------------------------------------------------------------------------------------------------

static bool sleeps;

static int parked_begin(bench *b)
{
    sleeps = bench_param(b, "sleep", 0) != 0;
    return begin(b);
}

static int parked_task(bench *b)
{
    static std::atomic<long> waiting;
    static channel *never = new channel(on_pool(), 1);
    const int64_t before = bench_resident();
    on_worker([b]() -> task<void> {
        for (long i = 0; i < b->ops; i++)
            spawn([i]() -> task<void> {
                waiting++;
                if (sleeps) {
                    timer sleep(on_pool(), std::chrono::hours(1) + std::chrono::microseconds(i * 7919 % 1000000));
                    co_await sleep.async_wait(awaiting);
                } else {
                    co_await never->async_receive(awaiting);
                }
            });
        co_return;
    });
    const timespec pause = {0, 10000000};
    do
        nanosleep(&pause, nullptr);
    while (waiting < b->ops);
    b->value = static_cast<double>(bench_resident() - before) / static_cast<double>(b->ops);
    return 0;
}

static void exit_now(bench *) // nobody ends those that wait
{
    fflush(stdout);
    _exit(0);
}

// --- an echo server: a loop of one thread, which knows that it is alone
// ----------------------------------------------------------------------

using loop_executor = asio::io_context::executor_type;
using tcp_socket = asio::basic_stream_socket<asio::ip::tcp, loop_executor>;
static constexpr asio::use_awaitable_t<loop_executor> in_loop;

static asio::awaitable<void, loop_executor> echo(tcp_socket connection)
{
    char bytes[256];
    error_code failed;
    for (;;) {
        const size_t length =
            co_await connection.async_read_some(asio::buffer(bytes), asio::redirect_error(in_loop, failed));
        if (failed)
            co_return;
        co_await asio::async_write(connection, asio::buffer(bytes, length), asio::redirect_error(in_loop, failed));
        if (failed)
            co_return;
    }
}

static void accept_next(asio::io_context &loop, asio::ip::tcp::acceptor &acceptor)
{
    acceptor.async_accept(loop.get_executor(), [&](error_code failed, tcp_socket connection) {
        if (!failed)
            asio::co_spawn(loop.get_executor(), echo(std::move(connection)), asio::detached);
        accept_next(loop, acceptor);
    });
}

static int tcp_echo(bench *b)
{
    asio::io_context loop(1);
    asio::ip::tcp::acceptor acceptor(loop, {asio::ip::address_v4::loopback(), 0});
    bench_say_port(b, acceptor.local_endpoint().port());
    accept_next(loop, acceptor);
    loop.run();
    return 1;
}

static const bench_line lines[] = {
    {"spawn_external", "ns", 1000000, false, spawn_external_begin, spawn_external, end},
    {"spawn_local", "ns", 1000000, false, spawn_local_begin, spawn_local, end},
    {"spawn_await", "ns", 1000000, false, begin, spawn_await, end},
    {"chained_spawn", "ns", 1000000, false, begin, chained_spawn, end},
    {"skewed_steal", "ns", 10000, false, skewed_begin, skewed_steal, end},
    {"yield", "ns", 200000, false, yield_begin, yield_all, end},
    {"ping_pong", "ns", 1000, false, begin, ping_pong, end},
    {"ping_pong_chan", "ns", 1000000, false, capacity_begin, ping_pong_chan, end},
    {"mpsc", "ns", 5000000, false, mpsc_begin, mpsc, end},
    {"chan_try", "ns", 10000000, false, begin, chan_try, end},
    {"chan_ready", "ns", 10000000, false, chan_ready_begin, chan_ready, end},
    {"chan_create", "ns", 100000, false, capacity_begin, chan_create, end},
    {"timer_fire", "ns", 100000, false, begin, timer_fire, end},
    {"timer_cancel", "ns", 1000000, false, timer_cancel_begin, timer_cancel, end},
    {"wake_latency", "us", 2000, false, begin, wake_latency, end},
    {"mutex", "ns", 640000, false, mutex_begin, enter_all, end},
    {"semaphore", "ns", 640000, false, semaphore_begin, enter_all, end},
    {"blocking", "ns", 100000, false, blocking_begin, blocking, blocking_end},
    {"parked_task", "bytes", 1000000, true, parked_begin, parked_task, exit_now},
    {"tcp_echo", "ns", 1, false, nullptr, nullptr, nullptr, tcp_echo},
};

int main(int argc, char **argv)
{
    return bench_main_of(argc, argv, "asio", BOOST_LIB_VERSION, lines, std::size(lines));
}
