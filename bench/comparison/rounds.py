# SPDX-License-Identifier: MIT
"""Rounds in turn: each contestant of a line runs once, then each once more, so that what disturbs one disturbs the others.

A round is a process of its own that warms up and measures once. Rounds with one worker are kept on one processor, those
with two on two.
"""

import json
import os
import subprocess

NOT_HERE = 3  # exit code: the program has the line, but not with these parameters
QUIET = 0.15  # processors that others may keep busy in a round that is called quiet
ROUND_TIMEOUT_S = 60


class Samples:
    """What was measured of one line: by (contestant, workers) a list of rounds."""

    def __init__(self, line):
        self.line = line
        self.rounds = {}
        self.failed = {}  # contestant -> why

    def values(self, name, workers, key):
        return [each[key] for each in self.rounds.get((name, workers), [])]

    def of(self, line):
        """The same rounds, for another figure of them."""
        other = Samples(line)
        other.rounds, other.failed = self.rounds, self.failed
        return other

    def add(self, name, workers, result):
        self.rounds.setdefault((name, workers), []).append(result["rounds"][0])


def run(command, processors):
    """The object that the program printed, or its exit code."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=ROUND_TIMEOUT_S, check=False,
                          preexec_fn=lambda: os.sched_setaffinity(0, processors))
    if done.returncode != 0:
        return done.returncode, done.stderr.strip()[-200:]
    return 0, json.loads(done.stdout)


def processors_of(workers):
    """The last ones of those we may use: the first serves most interrupts."""
    return sorted(os.sched_getaffinity(0))[-workers:]


def measure_once(samples, contestant, workers, scale):
    line = samples.line
    more = ["rounds=1"] if line.once else ["rounds=1", "warm=1"]
    try:
        processors = processors_of(2 if line.load else workers)
        code, result = run(contestant.command(line, scale, workers, more), processors)
    except subprocess.TimeoutExpired:
        code, result = -1, f"no end after {ROUND_TIMEOUT_S} s"
    if code == 0:
        contestant.version = result["version"]
        samples.add(contestant.name, workers, result)
    elif code != NOT_HERE:
        samples.failed[contestant.name] = result
    return code


def measure(line, contestants, rounds, scale):
    """All rounds of one line."""
    samples = Samples(line)
    taking_part = [each for each in contestants if each.can(line)]
    count = min(rounds, 3) if line.once else rounds  # bytes hardly vary
    for turn in range(count):
        for workers in line.workers:
            order = taking_part[turn % len(taking_part):] + taking_part[:turn % len(taking_part)]
            for contestant in order:
                if contestant in taking_part and measure_once(samples, contestant, workers, scale) != 0:
                    taking_part = [each for each in taking_part if each is not contestant]
        if not taking_part:
            break
    return samples
