#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/conformance.md: which test shows which behaviour.

    conformance.py            write the page
    conformance.py --check    say what is wrong with it, and fail

A test carries the ids of the behaviours that it shows in the comment before it. An id without a test has a reason in
conformance.txt; an id with neither is an error, and so is an id that conformance.txt does not know.
"""
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PAGE = ROOT / "docs/conformance.md"
ID = re.compile(r"\b([A-Z]{1,5}-\d\d)\b")
TEST = re.compile(r"^(?:static )?(?:void|int) (\w+)\(void \*\*state\)|^([a-z_]+)\(\) *\{|^def (\w+)\(")


def behaviours():
    """Rows of conformance.txt: (group, id, priority, behaviour, reason)."""
    group = ""
    for line in (HERE / "conformance.txt").read_text().splitlines():
        if line.startswith("# "):
            group = line[2:]
        elif line:
            yield (group, *(part.strip() for part in line.split("|", 3)))


def tests(known):
    """id -> ["path: test"], and complaints about ids that nobody knows."""
    found, strangers = {}, []
    prefixes = {i.split("-")[0] for i in known}
    paths = sorted(p for s in ("*.c", "*.cc", "*.sh", "*.py") for p in (ROOT / "tests").rglob(s))
    for path in paths:
        if path.parent == HERE or "model" in path.relative_to(ROOT / "tests").parts:
            continue
        name = path.relative_to(ROOT).as_posix()
        waiting = []
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            ids = [i for i in ID.findall(line) if i.split("-")[0] in prefixes]
            for i in ids:
                if i in known:
                    waiting.append(i)
                else:
                    strangers.append(f"{name}:{number}: {i} is not in tests/contract/conformance.txt")
            test = TEST.match(line)
            if test and waiting:
                where = f"{name}: {next(g for g in test.groups() if g)}"
                for i in waiting:
                    if where not in found.setdefault(i, []):
                        found[i].append(where)
                waiting = []
        for i in waiting:  # an id at the head of a file that is one test
            found.setdefault(i, []).append(name)
    return found, strangers


def make():
    rows = list(behaviours())
    known = {row[1] for row in rows}
    found, problems = tests(known)
    untested = [row for row in rows if row[1] not in found]
    problems += [f"tests/contract/conformance.txt: {row[1]} has neither a test nor a reason" for row in untested
                 if not row[4]]
    lines = [
        "# Conformance",
        "",
        "<!-- made by tests/contract/conformance.py: change conformance.txt, or the ids in the tests -->",
        "",
        "What a runtime of this kind is held to, and the test that shows it. The list is distilled from the tests of",
        "[Tokio](https://tokio.rs), in its terms: to drop a handle is to close or release it, a destructor is a drop",
        "function, a panic is a refusal. P0: from the first release; P1: for parity; P2: only if the feature is built.",
        "",
        "| | tested | not tested, for a reason |",
        "|---|---|---|",
    ]
    for priority in ("P0", "P1", "P2"):
        of = [row for row in rows if row[2] == priority]
        lines.append(f"| {priority} | {sum(row[1] in found for row in of)} | {sum(row[1] not in found for row in of)} |")
    group = None
    for row in rows:
        if row[0] != group:
            group = row[0]
            lines += ["", f"## {group}", "", "| id | | behaviour | tests, or why there is none |", "|---|---|---|---|"]
        where = "<br>".join(f"`{t}`" for t in found.get(row[1], [])) or f"— {row[4]}"
        lines.append(f"| {row[1]} | {row[2]} | {row[3]} | {where} |")
    return "\n".join(lines) + "\n", problems


def main():
    page, problems = make()
    if "--check" in sys.argv[1:]:
        if not PAGE.exists() or PAGE.read_text() != page:
            problems.append("docs/conformance.md is not what the tests say: run tests/contract/conformance.py")
    else:
        PAGE.write_text(page)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
