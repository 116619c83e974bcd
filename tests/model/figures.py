#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The figure M1 in docs/design/reliability.md: which model stands for what of it, and how often the tests run it.

    figures.py            write the table
    figures.py --check    say what is wrong with it, and fail

It is made of harnesses.txt. Every row of the figure has a model, and each such model asks for a million executions or more: a test
counts executions and not time, so what the table says is what every run of the tests has done.
"""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent.parent / "docs/design/reliability.md"
BEGIN = "<!-- M1: made by tests/model/figures.py of tests/model/harnesses.txt -->"
END = "<!-- end of M1 -->"
LIMIT = 1000000
ROWS = [
    "queue push, pop, steal, overflow",
    "injection queue",
    "next-slot steal",
    "task wake x run x cancel x join",
    "reference and free",
    "park and unpark with the last searcher",
    "MPSC send x receive x close x cancel x permit",
    "timer add x cancel x fire",
    "blocking pool wake or spawn",
    "shutdown",
    "RCU publish and retire",
    "monitor read x close",
]


def read_harnesses():
    """(name, executions, row or "") of each line."""
    for line in (HERE / "harnesses.txt").read_text().splitlines():
        if line.startswith("t_"):
            columns = [column.strip() for column in line.split("|")] + [""] * 4
            yield columns[0], int(columns[3] or LIMIT), columns[4]


def complaints(harnesses):
    for name, executions, row in harnesses:
        if row and row not in ROWS:
            yield f"harnesses.txt: {name} stands for '{row}', which is no row of M1"
        if row and executions < LIMIT:
            yield f"harnesses.txt: {name} stands for a row of M1 with {executions} executions: {LIMIT} or more"
    for row in set(ROWS) - {row for _, _, row in harnesses}:
        yield f"harnesses.txt: nothing stands for '{row}'"


def link(name):
    return f"[{name}](../../tests/model/{name}.c)"


def table(harnesses):
    lines = [BEGIN, "", "| M1 | models | executions of each in the tests |", "| --- | --- | --- |"]
    for row in ROWS:
        models = [(name, executions) for name, executions, of in harnesses if of == row]
        lines.append(f"| {row} | {', '.join(link(name) for name, _ in models)} | {min((n for _, n in models), default=0):,} |")
    others = {}
    for name, executions, row in harnesses:
        if not row:
            others.setdefault(executions, []).append(link(name))
    for executions in sorted(others, reverse=True):
        lines.append(f"| others | {', '.join(others[executions])} | {executions:,} |")
    return "\n".join([*lines, "", END])


def main():
    harnesses = list(read_harnesses())
    wrong = list(complaints(harnesses))
    page = PAGE.read_text()
    if BEGIN not in page or END not in page:
        wrong.append(f"{PAGE.name}: no place for the table: '{BEGIN}' to '{END}'")
    if wrong:
        print("\n".join(wrong))
        return 1
    now = page[:page.index(BEGIN)] + table(harnesses) + page[page.index(END) + len(END):]
    if sys.argv[1:] == ["--check"]:
        if now != page:
            print(f"{PAGE.name}: the table of M1 is not that of harnesses.txt: run tests/model/figures.py")
        return now != page
    PAGE.write_text(now)
    return 0


if __name__ == "__main__":
    sys.exit(main())
