# SPDX-License-Identifier: MIT
"""The lines: which program answers each question, with which parameters, and how many operations a round has.

`ops` is sized so that a round of the slowest peer takes some tenths of a second; `--full` takes a program's own number,
which is the published one, and `--quick` a part of `ops`. Lines that one worker makes sense for are measured with one, too:
its processor time is the figure that foreign load disturbs least. Of a server that another program loads there is only that:
the load has a processor to itself.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Line:
    name: str
    program: str
    ops: int
    params: dict = field(default_factory=dict)
    unit: str = "ns"
    one_worker: bool = True
    figure: str = "value"  # of a round; p99: the round's own percentile; cpu: processor time
    per: int = 1           # what the program prints, in one of `unit`
    load: str = ""         # the line of bench-echo_load that starts the program, and measures it
    fixed: bool = False    # the number of operations is part of the question
    once: bool = False     # it measures memory: no warm-up, one round
    limit: str = ""        # a line of the raw programs to set beside it; "": the same, "-": none

    def same_rounds(self, other):
        """Whether the two are different figures of the same measurement."""
        return ((self.program, self.load, self.params, self.ops, self.once)
                == (other.program, other.load, other.params, other.ops, other.once))

    @property
    def workers(self):
        """With how many it is measured; the first is what its figure is taken with."""
        return (1,) if self.load else (2, 1) if self.one_worker else (2,)

    def arguments(self, scale=1.0):
        ops = self.ops if self.fixed else max(1, int(self.ops * scale))
        return [f"{name}={value}" for name, value in self.params.items()] + [f"ops={ops}"]

    def counted(self, longer):
        """Arguments for a run whose instructions are counted: two such runs differ in their operations alone."""
        if self.program == "fib":
            return ["n=17" if longer else "n=15"]
        params = {**self.params, "batch": 500} if self.program == "spawn_local" else self.params
        return [f"{name}={value}" for name, value in params.items()] + [f"ops={3000 if longer else 1000}"]


LINES = [
    Line("spawn_external", "spawn_external", 200_000, one_worker=False),
    Line("spawn_local", "spawn_local", 200_000),
    Line("spawn_await1", "spawn_await", 200_000),
    Line("chained_spawn", "chained_spawn", 300_000),
    Line("yield_many", "yield", 400_000, {"tasks": 200}),
    Line("yield_single", "yield", 300_000, {"tasks": 1}),
    Line("ping_pong", "ping_pong", 1000, one_worker=False, fixed=True),
    Line("ping_pong_chan1", "ping_pong_chan", 150_000, {"capacity": 1}),
    Line("mpsc_1p1c", "mpsc", 1_000_000, {"producers": 1, "capacity": 1000}),
    Line("mpsc_4p1c", "mpsc", 800_000, {"producers": 4, "capacity": 1000}),
    Line("mpsc_64p1c", "mpsc", 800_000, {"producers": 64, "capacity": 1000}, one_worker=False),
    Line("mpsc_1p1c_cap1", "mpsc", 200_000, {"producers": 1, "capacity": 1}),
    Line("mpsc_4p1c_cap1", "mpsc", 200_000, {"producers": 4, "capacity": 1}, one_worker=False),
    Line("recv_many_4p1c", "mpsc", 800_000, {"producers": 4, "capacity": 1000, "batch": 256}, one_worker=False),
    Line("chan_try", "chan_try", 2_000_000),
    Line("chan_ready", "chan_ready", 1_500_000, {"bytes": 8}),
    Line("oneshot", "oneshot", 1_000_000),
    Line("fib", "fib", 1, {"n": 22}),
    Line("timer_fire", "timer_fire", 100_000, fixed=True),
    Line("timer_cancel", "timer_cancel", 200_000, {"yield": 0}),
    Line("timeout_around_yield", "timer_cancel", 100_000, {"yield": 1}),
    Line("wake_latency_p50", "wake_latency", 250, unit="us", one_worker=False),
    Line("wake_latency_p99", "wake_latency", 250, unit="us", one_worker=False, figure="p99"),
    Line("mutex", "mutex", 320_000, {"yield": 0}),
    Line("mutex_yield", "mutex", 64_000, {"yield": 1}),
    Line("semaphore", "semaphore", 640_000, {"permits": 4}),
    Line("blocking_in_turn", "blocking", 10_000, {"batch": 1}),
    Line("blocking_burst", "blocking", 50_000, {"batch": 0}),
    Line("skewed_steal", "skewed_steal", 10_000, {"us": 10}, one_worker=False),
    Line("parked_task", "parked_task", 200_000, unit="bytes", one_worker=False, once=True, limit="-"),
    Line("pending_timer", "parked_task", 200_000, {"sleep": 1}, unit="bytes", one_worker=False, once=True, limit="-"),
    # A server: its processor time, and how long the slowest answers take.
    Line("tcp_echo_64", "tcp_echo", 25_000, {"connections": 64, "bytes": 64}, load="tcp_echo", figure="cpu"),
    Line("tcp_echo_64_p99", "tcp_echo", 25_000, {"connections": 64, "bytes": 64}, load="tcp_echo", figure="p99", unit="us",
         per=1000),
    Line("tcp_echo_512", "tcp_echo", 25_000, {"connections": 512, "bytes": 64}, load="tcp_echo", figure="cpu"),
    Line("tcp_echo_512_p99", "tcp_echo", 25_000, {"connections": 512, "bytes": 64}, load="tcp_echo", figure="p99", unit="us",
         per=1000),
    Line("idle_connection", "tcp_echo", 10_000, {"bytes": 64}, load="idle_connection", unit="bytes", once=True, fixed=True),
    # Tokio's own benchmarks, with their parameters.
    Line("spawn_10000_local", "spawn_local", 10_000, one_worker=False, fixed=True),
    Line("spawn_10000_remote", "spawn_external", 10_000, one_worker=False, fixed=True),
    Line("chained_spawn_1000", "chained_spawn", 1000, one_worker=False, fixed=True),
    Line("mpsc_5p1c_cap100", "mpsc", 5000, {"producers": 5, "capacity": 100}, one_worker=False, fixed=True),
    Line("spawn_12800_by_1_thread", "spawn_external", 12_800, {"threads": 1}, one_worker=False, fixed=True),
    Line("spawn_12800_by_8_threads", "spawn_external", 12_800, {"threads": 8}, one_worker=False, fixed=True),
    Line("spawn_12800_by_64_threads", "spawn_external", 12_800, {"threads": 64}, one_worker=False, fixed=True),
    Line("blocking_1x100x16", "blocking", 1600, {"tasks": 1, "batch": 16}, one_worker=False, fixed=True),
    Line("blocking_8x100x16", "blocking", 12_800, {"tasks": 8, "batch": 16}, one_worker=False, fixed=True),
    Line("blocking_64x100x16", "blocking", 102_400, {"tasks": 64, "batch": 16}, one_worker=False),
    Line("chan_create_cap1", "chan_create", 100_000, {"capacity": 1}, one_worker=False),
    Line("chan_create_cap100", "chan_create", 100_000, {"capacity": 100}, one_worker=False),
    Line("chan_create_cap100000", "chan_create", 2000, {"capacity": 100_000}, one_worker=False),
    Line("chan_ready_512B", "chan_ready", 300_000, {"bytes": 512}, one_worker=False),
    Line("chan_ready_32KiB", "chan_ready", 20_000, {"bytes": 32_768}, one_worker=False),
    # Memory that is not a task's.
    Line("chan_bytes_cap1", "chan_memory", 20_000, {"capacity": 1}, unit="bytes", one_worker=False, once=True, limit="-"),
    Line("chan_bytes_cap1000", "chan_memory", 5000, {"capacity": 1000}, unit="bytes", one_worker=False, once=True,
         limit="-"),
]
