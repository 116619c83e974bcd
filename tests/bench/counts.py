#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""bench/counts counts: a yield is some hundred instructions, three of them atomic, and the poll function is among them.

    counts.py BUILD_DIR        ctest-timeout: 600, ctest-cost: 15
"""

import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

COUNTS = Path(__file__).resolve().parents[2] / "bench" / "counts"
BUILD = sys.argv.pop(1)
CLANG = re.search(r"^CMAKE_C_COMPILER:\w+=.*clang", (Path(BUILD) / "CMakeCache.txt").read_text(encoding="utf-8"), re.MULTILINE)


class Counts(unittest.TestCase):
    @unittest.skipIf(CLANG, "valgrind 3.19 cannot read clang's DWARF 5")
    def test_yield_is_counted_by_function(self):
        done = subprocess.run([COUNTS, BUILD, "--lines", "yield_single", "--workers", "1", "--functions", "99"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        head, row, *functions = done.stdout.splitlines()
        figures = dict(zip(head.split(), row.split()))
        self.assertTrue(30 < float(figures["instr"]) < 3000, row)
        self.assertTrue(float(figures["instr"]) > float(figures["store"]) > float(figures["shared"]) >= 0, row)
        self.assertTrue(1 <= float(figures["locked"]) < 20, row)
        by_function = {words[-1]: (float(words[0]), float(words[2])) for words in map(str.split, functions)}
        self.assertGreater(by_function["yielder"][0], 3)
        self.assertEqual(round(by_function["yielder"][1]), 0)
        self.assertAlmostEqual(sum(locked for _, locked in by_function.values()), float(figures["locked"]), delta=0.5)

    def test_unknown_line_is_refused(self):
        done = subprocess.run([COUNTS, BUILD, "--lines", "yield_twice"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("lines are spawn_external", done.stderr)


if __name__ == "__main__":
    if not all(map(shutil.which, ("valgrind", "objdump", "nm"))):
        print("skipped: it needs valgrind and binutils")
        sys.exit(77)
    unittest.main()
