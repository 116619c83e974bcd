# SPDX-License-Identifier: MIT
"""Who takes part, how each is started, and on what machine: weft's programs, the peers that could be built, the raw limit."""

import os
import platform
import re
import subprocess
from pathlib import Path

PEERS = ["tokio", "go", "asio", "tbb", "libuv", "pthreads"]
LIMIT = "raw"
WEFT = "weft"


def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return (done.stdout or done.stderr).splitlines()[0].strip()
    except (OSError, IndexError):
        return "none"


class Contestant:
    """One program, or for weft one per line."""

    def __init__(self, name, binary, load):
        self.name = name
        self.binary = binary  # of weft: the folder
        self.load = load      # the program that loads servers
        self.version = ""     # as its results say
        self.programs = self._programs()

    def _programs(self):
        if self.name == WEFT:
            return {path.name[len("bench-"):] for path in self.binary.glob("bench-*")}
        return set(subprocess.run([self.binary, "lines"], capture_output=True, text=True, check=True).stdout.split())

    def can(self, line):
        if self.name == LIMIT and line.limit == "-":
            return False
        return line.program in self.programs

    def command(self, line, scale, workers, more=()):
        start = [self.binary / f"bench-{line.program}"] if self.name == WEFT else [self.binary, line.program]
        if line.load:
            return [self.load, line.load, *line.arguments(scale), *more, "--", *start, f"workers={workers}"]
        return [*start, *line.arguments(scale), f"workers={workers}", *more]


def contestants(bin_folder, peers_folder, wanted):
    """weft, the peers of `wanted` that were built, and the limit."""
    load = bin_folder / "bench-echo_load"
    found = [Contestant(WEFT, bin_folder, load)]
    for name in [*(peer for peer in PEERS if peer in wanted), LIMIT]:
        binary = peers_folder / f"{name}-peer"
        if binary.exists():
            found.append(Contestant(name, binary, load))
    return found


def machine():
    """Lines of text: what the figures were taken on and with."""
    cpuinfo = Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*:\s*(.*)$", cpuinfo, re.M)
    memory = re.search(r"^MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text(), re.M)
    return {
        "machine": f"{model.group(1) if model else platform.machine()}, {os.cpu_count()} processors, "
                   f"{int(memory.group(1)) // 1048576 if memory else '?'} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "cc": first_line("cc", "--version"),
        "c++": first_line("g++", "--version"),
        "rustc": first_line("rustc", "--version"),
        "go": first_line("/usr/bin/go" if Path("/usr/bin/go").exists() else "go", "version"),
    }
