#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What it costs to be seen: the second half of bench/trace_cost, which calls it with a session that does not run yet.

    seen.py BUILD_DIR SESSION FOLDER [LINE...]

Instructions per operation are the difference of two runs under callgrind, of the threads that do the work: the monitor's
own and LTTng's are left out, since valgrind lets them wake many times as often. Times are processor time per operation
with one worker on one processor, and cover all threads; the states take turns.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from statistics import median

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from comparison.lines import LINES, Line  # noqa: E402
from comparison.rounds import processors_of  # noqa: E402

USUAL = ["yield_single", "spawn_local", "spawn_await1", "chained_spawn", "ping_pong_chan1", "mpsc_1p1c", "mpsc_4p1c",
         "chan_ready", "oneshot", "timer_cancel", "mutex", "semaphore"]
NEVER_MS = 3_600_000
ROUNDS_COUNTED = 2        # the first to warm up
TIMED = 20_000            # few enough that the buffers hold what is recorded
ROUNDS = 9
OFF_MAX, EVENT_MAX = 1.01, 1.15
WORKING = re.compile(r"\) (bench_main|weft__worker_main)$", re.M)
CHANNELS = {"ping_pong_chan", "mpsc", "chan_ready", "chan_try"}
BARE = Line("trace_bare", "trace_bare", TIMED)


class State:
    """A way of being seen."""

    def __init__(self, name, monitor_ms=NEVER_MS, hooks=0, provider=False, session=False):
        self.name, self.provider, self.session = name, provider, session
        self.arguments = [f"monitor_ms={monitor_ms}", f"hooks={hooks}"]


STATES = [State("unseen"), State("monitor", monitor_ms=100), State("loaded", provider=True), State("hooks", hooks=1),
          State("recorded", provider=True, session=True)]


class Runner:
    def __init__(self, build, session, folder):
        self.build, self.session, self.folder = build, session, folder
        self.running = False

    def session_runs(self, wanted):
        if wanted != self.running:
            subprocess.run(["lttng", "--no-sessiond", "start" if wanted else "stop", self.session], check=True,
                           stdout=subprocess.DEVNULL)
            self.running = wanted

    def run(self, line, state, arguments, before=()):
        self.session_runs(state.session)
        own = [] if line is BARE else state.arguments
        environment = dict(os.environ)
        if state.provider and line is not BARE:
            environment["LD_PRELOAD"] = str(self.build / "lib" / "libweft-lttng.so")
        command = [*before, self.build / "bin" / f"bench-{line.program}", *arguments, *own, "workers=1", "rounds=1"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True,
                              preexec_fn=lambda: os.sched_setaffinity(0, processors_of(1)))
        return json.loads(done.stdout)

    def instructions(self, line, state):
        counts = {}
        for longer in (False, True):
            for old in self.folder.glob("callgrind*"):
                old.unlink()
            result = self.run(line, state, line.counted(longer), ["valgrind", "--tool=callgrind", "--separate-threads=yes",
                                                 f"--callgrind-out-file={self.folder}/callgrind"])
            counts[ROUNDS_COUNTED * result["ops"]] = sum(map(thread_count, self.folder.glob("callgrind-*")))
        (less, fewer), (more, greater) = counts.items()
        return (greater - fewer) / (more - less)

    def times(self, line, states):
        taken = {state.name: [] for state in states}
        for turn in range(ROUNDS):
            for state in states[turn % len(states):] + states[:turn % len(states)]:
                taken[state.name].append(self.run(line, state, line.arguments(TIMED / line.ops))["cpu"])
        return {name: median(values) for name, values in taken.items()}


def thread_count(path):
    """Instructions of one thread, if it is one that does the work."""
    text = path.read_text()
    return int(re.search(r"^totals: (\d+)", text, re.M).group(1)) if WORKING.search(text) else 0


def print_head(what):
    print(f"\n{what}\n{'line':18}" + "".join(f"{state.name:>10}" for state in STATES) + "   loaded  hooks  recorded")


def print_row(line, figures):
    more = [f"{(figures[name] / figures['unseen'] - 1) * 100:+.1f} %" for name in ("loaded", "hooks", "recorded")]
    print(f"{line.name:18}" + "".join(f"{figures[state.name]:10.1f}" for state in STATES) + "   " + "  ".join(more),
          flush=True)


def verdict(holds, words):
    print(f"{'ok    ' if holds else 'FAILED'} {words}")
    return holds


def main():
    build, session, folder = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    names = sys.argv[4:] or USUAL
    lines = [line for line in LINES if line.name in names and not line.load]
    runner = Runner(build, session, folder)

    print_head("Instructions per operation, of the threads that do the work:")
    counted = {}
    for line in lines:
        counted[line.name] = {state.name: runner.instructions(line, state) for state in STATES}
        print_row(line, counted[line.name])
    recorded, off = STATES[-1], STATES[0]
    bare = runner.instructions(BARE, recorded) - runner.instructions(BARE, off)

    print_head("Processor time per operation in nanoseconds, of the whole process:")
    for line in lines:
        print_row(line, runner.times(line, STATES))
    bare_times = runner.times(BARE, [off, recorded])
    print(f"{'a bare pair':18}{bare_times['unseen']:10.1f}{'':30}{bare_times['recorded']:10.1f}")
    runner.session_runs(True)  # trace_cost stops it

    print()
    worst = max(counted.values(), key=lambda each: each["loaded"] / each["unseen"])
    held = verdict(worst["loaded"] <= worst["unseen"] * OFF_MAX,
                   f"loaded and off: at most {(worst['loaded'] / worst['unseen'] - 1) * 100:+.2f} % instructions")
    channels = [counted[line.name] for line in lines if line.program in CHANNELS]
    if channels:
        watched = max(abs(each["monitor"] / each["unseen"] - 1) for each in channels)
        held &= verdict(watched < OFF_MAX - 1,
                        f"channels looked at 10 times a second: {watched * 100:.2f} % instructions in who sends and receives")
    if "yield_single" in counted:
        pair = counted["yield_single"]["recorded"] - counted["yield_single"]["loaded"]
        held &= verdict(pair <= bare * EVENT_MAX, f"a recorded event: {pair / 2:.0f} instructions, a bare tracepoint of the "
                                                  f"same payload {bare / 2:.0f}: {pair / bare:.2f} x")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
