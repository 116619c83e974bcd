#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The comparison against programs that are made up: turns, ratios, the mean, what is written.

    compare.py
"""

import json
import sys
import tempfile
import unittest
import xml.etree.ElementTree
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
from comparison import chart, contestants, report  # noqa: E402
from comparison.figures import geomean, result_of  # noqa: E402
from comparison.lines import Line  # noqa: E402
from comparison.rounds import measure  # noqa: E402

TRY = Line("chan_try", "chan_try", 1000)
WIDE = Line("mpsc_64p1c", "mpsc", 1000, {"producers": 64}, one_worker=False)
SERVER = Line("tcp_echo_2", "tcp_echo", 1000, {"connections": 2}, load="tcp_echo", figure="cpu")
SLOWEST = Line("tcp_echo_2_p99", "tcp_echo", 1000, {"connections": 2}, load="tcp_echo", figure="p99", unit="us", per=1000)
LATENCY = Line("wake_p99", "wake_latency", 1000, unit="us", one_worker=False, figure="p99")

# Takes a line's name if it is a peer, answers with a figure, notes that it ran; some parameters it does not have.
PROGRAM = """#!/bin/sh
[ "$1" = lines ] && {{ echo chan_try; echo mpsc; echo wake_latency; echo tcp_echo; exit; }}
case "$*" in {refuses}) exit 3;; {breaks}) echo 'it broke' >&2; exit 1;; esac
case "$*" in *workers=1*) workers=1;; *) workers=2;; esac
echo "{name} $workers" >> {log}
echo '{{"version": "7", "rounds": [{{"value": {value}, "p99": {p99}, "cpu": {cpu}, "foreign": 0.1, "switches": 0.5}}]}}'
"""

# Starts what stands behind --, as the load of a server does.
LOAD = """#!/bin/sh
while [ "$1" != -- ]; do shift; done
shift
exec "$@"
"""


class Compare(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.log = self.folder / "log"

    def program(self, path, value, cpu, p99=0, refuses="never", breaks="never"):
        path.write_text(PROGRAM.format(name=path.name, log=self.log, value=value, cpu=cpu, p99=p99, refuses=refuses,
                                       breaks=breaks))
        path.chmod(0o755)

    def world(self, **of_go):
        for program in ("chan_try", "mpsc"):
            self.program(self.folder / f"bench-{program}", 10, 8)
        self.program(self.folder / "bench-wake_latency", 10, 8, p99=40)
        self.program(self.folder / "bench-tcp_echo", 50, 10, p99=3000)
        (self.folder / "bench-echo_load").write_text(LOAD)
        (self.folder / "bench-echo_load").chmod(0o755)
        self.program(self.folder / "tokio-peer", 30, 12, p99=20)
        self.program(self.folder / "go-peer", 20, 32, p99=80, **of_go)
        self.program(self.folder / "raw-peer", 2, 2)
        return contestants.contestants(self.folder, self.folder, ["tokio", "go"])

    def results(self, *lines, **of_go):
        world = self.world(**of_go)
        return [result_of(measure(line, world, 3, 1.0)) for line in lines]

    def test_each_contestant_has_its_turn_in_each_round(self):
        self.results(WIDE)
        ran = [entry.split()[0] for entry in self.log.read_text().splitlines()]
        turns = [ran[i:i + 4] for i in range(0, 12, 4)]
        for turn in turns:
            self.assertEqual(set(turn), {"bench-mpsc", "tokio-peer", "go-peer", "raw-peer"})
        self.assertEqual(len({turn[0] for turn in turns}), 3, "another one begins each time")

    def test_ratio_is_the_best_peer_over_weft(self):
        result, = self.results(TRY)
        self.assertEqual((result.best(), result.ratio), ("go", 2.0))
        self.assertEqual((result.best_1w(), result.ratio_1w), ("tokio", 1.5))
        self.assertEqual((result.weft.quiet, result.weft.switches), (3, 0.5))

    def test_mean_takes_one_worker_where_it_was_measured(self):
        results = self.results(TRY, WIDE)
        self.assertAlmostEqual(geomean(results), (1.5 * 2.0) ** 0.5)

    def test_a_line_of_percentiles_compares_those(self):
        result, = self.results(LATENCY)
        self.assertEqual((result.best(), result.ratio), ("tokio", 0.5))
        self.assertEqual(result.weft.p99, 40)

    def test_a_server_is_measured_by_its_load_with_one_worker(self):
        echo, slowest = self.results(SERVER, SLOWEST)
        self.assertEqual({entry.split()[1] for entry in self.log.read_text().splitlines()}, {"1"})
        self.assertEqual((echo.weft.median, echo.best(), echo.ratio, echo.ratio_1w), (10, "tokio", 1.2, 1.2))
        self.assertEqual((slowest.weft.median, slowest.ratio_1w), (3, None))
        said = "tcp_echo_2, messages per second: weft 20,000,000, tokio 33,333,333, go 50,000,000, raw 500,000,000"
        self.assertIn(said, report.summary([echo, slowest]))

    def test_a_peer_without_the_parameters_is_left_out(self):
        result, = self.results(WIDE, refuses="*producers=64*")
        self.assertEqual((list(result.peers), result.failed), (["tokio"], {}))

    def test_a_peer_that_breaks_is_named(self):
        results = self.results(TRY, breaks="*workers=2*")
        self.assertEqual(results[0].failed, {"go": "it broke"})
        self.assertIn("go failed on chan_try: it broke", report.summary(results))

    def test_file_for_programs_has_the_documented_keys(self):
        results = self.results(TRY, WIDE)
        report.write_json(self.folder / "out.json", results)
        written = json.loads((self.folder / "out.json").read_text())
        self.assertEqual(list(written), ["geomean", "lines"])
        self.assertEqual(list(written["lines"][0]), ["name", "unit", "weft", "peers", "raw", "ratio"])
        self.assertEqual(written["lines"][0]["weft"], {"median": 10, "min": 10, "p99": 10, "cpu_1w": 8})
        self.assertIsNone(written["lines"][1]["peers"]["tokio"]["cpu_1w"])
        self.assertEqual(written["lines"][0]["raw"]["median"], 2)

    def test_table_and_chart_show_each_line(self):
        results = self.results(TRY, WIDE)
        self.assertEqual(len(report.table(results).splitlines()), 4)
        picture = chart.svg(results, contestants.machine(), {"weft": "7"})
        xml.etree.ElementTree.fromstring(picture)
        self.assertIn("mpsc_64p1c", picture)


if __name__ == "__main__":
    unittest.main()
