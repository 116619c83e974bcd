#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Each line of bench/ runs, at a size that says nothing, and what it prints can be read; a wrong argument is refused.

    lines.py BUILD_DIR        ctest-timeout: 600, ctest-cost: 8
"""

import json
import re
import subprocess
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))
from comparison.lines import LINES  # noqa: E402

BIN = Path(sys.argv.pop(1)) / "bin"
WEFT_ALONE = ["worker_memory", "peak_memory", "ask"]  # no line compares them
SIZE_MAX = 2000


def run(program, *arguments, load=""):
    command = [BIN / f"bench-{program}", "workers=2", *arguments]
    if load:
        command = [BIN / "bench-echo_load", load, *arguments, "--", BIN / f"bench-{program}", "workers=1"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def params_of(line):
    return {"n": 10} if line.program == "fib" else line.params


def arguments_of(line):
    size = 20 if line.program == "wake_latency" else min(line.ops, SIZE_MAX)
    return [f"{name}={value}" for name, value in params_of(line).items()] + [f"ops={size}", "rounds=2"]


class Lines(unittest.TestCase):
    def result(self, program, *arguments, load=""):
        done = run(program, *arguments, load=load)
        self.assertEqual(done.returncode, 0, f"{program} {arguments}: {done.stderr}")
        return json.loads(done.stdout)

    def test_each_line_runs_and_prints_its_figures(self):
        for line in LINES:
            with self.subTest(line.name):
                result = self.result(line.program, *arguments_of(line), load=line.load)
                self.assertEqual((result["line"], result["peer"]), (line.load or line.program, "weft"))
                self.assertEqual(result["unit"], "ns" if line.per == 1000 else line.unit)
                self.assertEqual(len(result["rounds"]), 2)
                self.assertGreater(result["ops"], 0)
                for key in ("median", "min", "p99", "cpu", "foreign", "switches", "spread"):
                    self.assertGreaterEqual(result[key], 0, key)
                self.assertGreaterEqual(result["median"], result["min"])
                self.assertLessEqual(params_of(line).items(), result["params"].items())

    def test_lines_of_weft_alone_run(self):
        for program in WEFT_ALONE:
            with self.subTest(program):
                size = 2 if program == "worker_memory" else SIZE_MAX
                self.assertGreater(self.result(program, f"ops={size}")["median"], 0)

    def test_each_program_is_in_the_table(self):
        programs = {path.stem for path in BENCH.glob("*.c") if "BENCH_WEFT(" in path.read_text()}
        self.assertEqual(programs - set(WEFT_ALONE), {line.program for line in LINES})

    def test_hooks_and_the_monitor_are_switches(self):
        result = self.result("yield", "ops=1000", "rounds=1", "hooks=1", "monitor_ms=3600000")
        self.assertEqual(result["params"]["hooks"], 1)

    def test_a_server_that_does_not_say_its_port_is_refused(self):
        done = run("yield", "connections=2", load="tcp_echo")
        self.assertEqual(done.returncode, 1)
        self.assertIn("the server does not say where it listens", done.stderr)

    def together(self, *arguments, servers=2):
        server = ["--", BIN / "bench-tcp_echo", "workers=1"]
        return subprocess.run([BIN / "bench-echo_together", *arguments, *server * servers], capture_output=True, text=True, check=False)

    def test_servers_are_loaded_together(self):
        done = self.together("connections=3", "messages=60", "rounds=2", servers=3)
        self.assertEqual(done.returncode, 0, done.stderr)
        said, _, *rows = done.stdout.splitlines()
        self.assertEqual(said, "2 rounds of 60 messages of 64 bytes on 3 connections")
        self.assertEqual([row.split()[0] for row in rows], ["weft"] * 3)
        self.assertEqual(rows[0].split()[2:5], ["1.000", "1.000", "to"])  # its ratio to itself
        for row in rows:
            self.assertGreater(float(row.split()[1]), 0)

    def test_servers_together_are_refused_with_a_reason(self):
        for arguments, servers, reason in ((["messages=x"], 1, "messages=x: give"), (["connections=9", "messages=9"], 1, "messages=9: give"),
                                           ([], 0, "give a server behind --"), ([], 17, "give 1 to 16 servers")):
            with self.subTest(reason):
                done = self.together(*arguments, servers=servers)
                self.assertEqual(done.returncode, 1)
                self.assertIn(reason, done.stderr)

    def test_a_wrong_argument_is_refused_with_a_reason(self):
        for wrong, reason in (("taks=3", "is no parameter"), ("ops=many", "give a whole number"),
                              ("ops=0", "give a whole number"), ("pin=x", "give processors"),
                              ("pin=1000", "may not run there")):
            with self.subTest(wrong):
                done = run("yield", wrong)
                self.assertEqual(done.returncode, 2)
                self.assertRegex(done.stderr, re.escape(reason))


if __name__ == "__main__":
    unittest.main()
