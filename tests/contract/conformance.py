#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The pages that say which test shows what: docs/conformance.md of behaviours, docs/reliability-tests.md of what has to be
survived.

    conformance.py            write the pages
    conformance.py --check    say what is wrong with them, and fail

A test carries the ids of what it shows in the comment before it; an id at the head of a file that is one test counts for
the file. An id without a test has a reason in the list (conformance.txt, reliability.txt); an id with neither is an
error, and so is an id that the list does not know.
"""
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TEST = re.compile(r"^(?:static )?(?:void|int) (\w+)\(void \*\*state\)|^([a-z_]+)\(\) *\{|^def (\w+)\(")


class Behaviours:
    """What a runtime of this kind is held to; id | priority | behaviour | reason."""

    list = HERE / "conformance.txt"
    page = ROOT / "docs/conformance.md"
    id = re.compile(r"\b([A-Z]{1,5}-\d\d)\b")
    columns = "| id | | behaviour | tests, or why there is none |"
    folders = 3  # columns before the reason
    head = [
        "# Conformance",
        "",
        "<!-- made by tests/contract/conformance.py: change conformance.txt, or the ids in the tests -->",
        "",
        "What a runtime of this kind is held to, and the test that shows it. The list is distilled from the tests of",
        "[Tokio](https://tokio.rs), in its terms: to drop a handle is to close or release it, a destructor is a drop",
        "function, a panic is a refusal. P0: from the first release; P1: for parity; P2: only if the feature is built.",
    ]

    @staticmethod
    def belongs(found, known):
        """Other things in the sources look like an id; one of ours begins like one that is known."""
        return found.split("-")[0] in {i.split("-")[0] for i in known}

    @staticmethod
    def skips(path):
        return "model" in path.relative_to(ROOT / "tests").parts

    @staticmethod
    def kinds(rows):
        return [(p, [row for row in rows if row[2] == p]) for p in ("P0", "P1", "P2")]


class Reliability:
    """What has to be survived; id | what | reason."""

    list = HERE / "reliability.txt"
    page = ROOT / "docs/reliability-tests.md"
    id = re.compile(r"\b(scenario \d+|known bug \d+)\b")
    columns = "| | what | tests, or why there is none |"
    folders = 2
    head = [
        "# What is survived, and which test shows it",
        "",
        "<!-- made by tests/contract/conformance.py: change reliability.txt, or the numbers in the tests -->",
        "",
        "The acceptance scenarios of a runtime that a service depends on, and bugs that trusted runtimes and channels",
        "really had: each is a test worth having. A test named here fails if weft has that bug; where the moment cannot be",
        "forced on one machine, a model of `tests/model/` runs the real source under every order that C11 allows.",
    ]

    @staticmethod
    def belongs(found, known):
        return True

    @staticmethod
    def skips(path):
        return "twins" in path.parts or "explorer" in path.parts

    @staticmethod
    def kinds(rows):
        return [(name, [row for row in rows if row[1].startswith(kind)])
                for name, kind in (("acceptance scenarios", "scenario"), ("known bugs", "known bug"))]


def rows_of(table):
    """(group, id, ..., reason) of each line of the list."""
    group = ""
    lines = table.list.read_text().splitlines()
    for line in lines[lines.index(""):]:
        if line.startswith("# "):
            group = line[2:]
        elif line:
            yield (group, *(part.strip() for part in line.split("|", table.folders)))


def tests_of(table, known):
    """id -> ["path: test"], and complaints about ids that the list does not know."""
    found, strangers = {}, []
    paths = sorted(p for s in ("*.c", "*.cc", "*.sh", "*.py") for p in (ROOT / "tests").rglob(s))
    for path in paths:
        if path.parent == HERE and path.suffix == ".py" or table.skips(path):
            continue
        name = path.relative_to(ROOT).as_posix()
        waiting = []
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            for i in table.id.findall(line):
                if i in known:
                    waiting.append(i)
                elif table.belongs(i, known):
                    strangers.append(f"{name}:{number}: {i} is not in {table.list.relative_to(ROOT)}")
            test = TEST.match(line)
            if test and waiting:
                where = f"{name}: {next(g for g in test.groups() if g)}"
                for i in waiting:
                    if where not in found.setdefault(i, []):
                        found[i].append(where)
                waiting = []
        for i in waiting:
            found.setdefault(i, []).append(name)
    return found, strangers


def make(table):
    rows = list(rows_of(table))
    found, problems = tests_of(table, {row[1] for row in rows})
    problems += [f"{table.list.relative_to(ROOT)}: {row[1]} has neither a test nor a reason" for row in rows
                 if row[1] not in found and not row[-1]]
    lines = [*table.head, "", "| | tested | not tested, for a reason |", "|---|---|---|"]
    for name, of in table.kinds(rows):
        lines.append(f"| {name} | {sum(row[1] in found for row in of)} | {sum(row[1] not in found for row in of)} |")
    group = None
    for row in rows:
        if row[0] != group:
            group = row[0]
            lines += ["", f"## {group}", "", table.columns, "|---" * table.columns.count("|", 1) + "|"]
        where = "<br>".join(f"`{t}`" for t in found.get(row[1], [])) or f"— {row[-1]}"
        lines.append(f"| {' | '.join(row[1:-1])} | {where} |")
    return "\n".join(lines) + "\n", problems


def main():
    problems = []
    for table in (Behaviours, Reliability):
        page, wrong = make(table)
        problems += wrong
        if "--check" not in sys.argv[1:]:
            table.page.write_text(page)
        elif not table.page.exists() or table.page.read_text() != page:
            problems.append(f"{table.page.relative_to(ROOT)} is not what the tests say: run tests/contract/conformance.py")
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
