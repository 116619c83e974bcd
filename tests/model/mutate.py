#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Mutation gate: is each memory order of a source needed, and do the harnesses notice when it is missing?

    mutate.py [-n EXECUTIONS] [-j JOBS] [--list] [--only TEXT] SOURCE HARNESS...

SOURCE is a file under src/ (a .c or a .h), HARNESS names lines of harnesses.txt. For each memory order that is not relaxed,
each fence, and each line with the comment /* RECHECK */, a copy of src/ is made in which that one order is the next weaker
one (acq_rel: both), or the fence or the line is gone; the harnesses run against it. A mutant is killed when a harness
fails. One that survives needs a line in HARNESS.survivors beside this file:

    SOURCE | MUTANT | why it is right that nobody notices

An entry whose mutant is killed, or does not exist any more, is an offence as well. Last line: `N killed, M survived with a
reason, K unexplained`; exit 1 if K > 0 or an entry is stale.
"""

import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

WEAKER = {
    "load": {"seq_cst": ["acquire"], "acquire": ["relaxed"], "consume": ["relaxed"]},
    "store": {"seq_cst": ["release"], "release": ["relaxed"]},
    "modify": {"seq_cst": ["acq_rel"], "acq_rel": ["acquire", "release"], "acquire": ["relaxed"], "release": ["relaxed"]},
    "failure": {"seq_cst": ["acquire"], "acquire": ["relaxed"]},
    "fence": {"seq_cst": ["acq_rel", "gone"], "acq_rel": ["gone"], "acquire": ["gone"], "release": ["gone"]},
}
NAMED = re.compile(r"\bweft__(load|store|exchange|fetch_(?:add|sub|or|and|xor)|cas_(?:weak|strong)|fence)"
                   r"_(relaxed|acquire|release|acq_rel|seq_cst)\b")
LITERAL = re.compile(r"\b(memory_order_|__ATOMIC_)(consume|acquire|release|acq_rel|seq_cst|CONSUME|ACQUIRE|RELEASE|ACQ_REL|SEQ_CST)\b")
CALL = re.compile(r"\b(?:__)?atomic_(\w+)\s*\(")
RECHECK = "/* RECHECK */"


class Mutant:
    """One changed place: text[start:end] becomes `new`."""

    def __init__(self, name, start, end, new, then=()):
        self.name, self.start, self.end, self.new, self.then = name, start, end, new, list(then)


def blank_comments(text):
    """Same length, comments and strings blanked, so that what is in them is not found."""
    def spaces(found):
        return re.sub(r"[^\n]", " ", found.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', spaces, text, flags=re.S)


def functions(code):
    """(offset, name) of each function or macro, in order: a line that starts at the margin and opens a body."""
    found = [(m.start(), m.group(1)) for m in
             re.finditer(r"^(?!#|\s|typedef|struct \w+ \{|enum \w* *\{)[^\n;={}]*?\b(\w+)\s*\([^;{}]*\)[^;{}]*\{", code, re.M)]
    found += [(m.start(), m.group(1)) for m in re.finditer(r"^\s*#\s*define\s+(\w+)\(", code, re.M)]
    return sorted(found)


def first_argument(code, position):
    """The text of the first argument of the call whose name ends at `position`."""
    opening = code.find("(", position)
    depth = 0
    for i in range(opening, len(code)):
        depth += {"(": 1, ")": -1}.get(code[i], 0)
        if depth == 0 or (depth == 1 and code[i] == ","):
            return " ".join(code[opening + 1:i].split())
    return ""


def call_end(code, position):
    depth = 0
    for i in range(code.find("(", position), len(code)):
        depth += {"(": 1, ")": -1}.get(code[i], 0)
        if depth == 0:
            return i + 1
    return len(code)


def kind_of(operation):
    if "fence" in operation:
        return "fence"
    if operation.startswith("load"):
        return "load"
    if operation.startswith("store"):
        return "store"
    return "modify"


def chain(kind, order):
    """Each next weaker order with those that follow it, to be tried if it survives."""
    return [(weaker, chain(kind, weaker)) for weaker in WEAKER[kind].get(order, [])]


def named_mutants(code):
    for m in NAMED.finditer(code):
        operation, order = m.groups()
        label = f"{operation}_{order}({first_argument(code, m.end())})"
        yield label, kind_of(operation), order, m.start(2), m.end(2), str, (m.start(), call_end(code, m.end()))


def literal_mutants(code):
    for m in LITERAL.finditer(code):
        before = list(CALL.finditer(code, max(0, m.start() - 400), m.start()))
        if not before:
            continue
        call = before[-1]
        kind = kind_of(call.group(1).replace("thread_", "").replace("_explicit", ""))
        arguments = code[call.end():m.start()]
        if "compare_exchange" in call.group(1) and LITERAL.search(arguments):
            kind = "failure"
        upper = m.group(1) == "__ATOMIC_"
        label = f"{call.group(1)}({first_argument(code, call.start())}, {m.group(0)})"
        yield (label, kind, m.group(2).lower(), m.start(2), m.end(2), str.upper if upper else str,
               (call.start(), call_end(code, call.start())))


def recheck_change(line):
    """A statement goes; the condition of a block becomes false."""
    code = line.replace(RECHECK, "").rstrip()
    if code.endswith(";"):
        return ""
    head = re.match(r"(\s*(?:\} else )?(?:if|while) )\((.*)\)(\s*\{?)$", code)
    return f"{head.group(1)}(0 && ({head.group(2)})){head.group(3)}" if head else None


def find_mutants(text):
    """Names are unique and do not contain line numbers, so that they outlive edits elsewhere."""
    code = blank_comments(text)
    places = functions(code)
    used = {}

    def unique(position, label):
        where = [name for start, name in places if start <= position]
        name = f"{where[-1] if where else 'file'}: {label}"
        used[name] = used.get(name, 0) + 1
        return name if used[name] == 1 else f"{name} #{used[name]}"

    def build(name, steps, start, end, case, whole):
        result = []
        for weaker, then in steps:
            if weaker == "gone":
                result.append(Mutant(f"{name} -> gone", *whole, "((void)0)"))
            else:
                result.append(Mutant(f"{name} -> {weaker}", start, end, case(weaker),
                                     build(name, then, start, end, case, whole)))
        return result

    mutants = []
    made = {}

    def distinct(mutant):
        made[mutant.name] = made.get(mutant.name, 0) + 1
        if made[mutant.name] > 1:
            mutant.name += f" #{made[mutant.name]}"
        for following in mutant.then:
            distinct(following)

    for label, kind, order, start, end, case, whole in [*named_mutants(code), *literal_mutants(code)]:
        mutants += build(unique(start, label), chain(kind, order), start, end, case, whole)
    offset = 0
    for line in text.splitlines(keepends=True):
        if RECHECK in line:
            change = recheck_change(line)
            if change is None:
                sys.exit(f"mutate.py: {RECHECK} on a line that is neither a statement nor an if: {line.strip()}")
            label = " ".join(line.replace(RECHECK, "").split())
            mutants.append(Mutant(f"{unique(offset, 'recheck ' + label)} -> gone", offset, offset + len(line), change + "\n"))
        offset += len(line)
    for mutant in mutants:
        distinct(mutant)
    return mutants


def read_harnesses():
    """name -> (sources, flags); a source that begins with @ is a group, which must come first."""
    table = {}
    for line in (HERE / "harnesses.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, sources, flags = (part.split() for part in line.split("|"))
            for group in [s for s in sources if s.startswith("@")]:
                sources.remove(group)
                sources += table[group][0]
                flags += table[group][1]
            sources = [str(path.relative_to(ROOT)) for s in sources for path in sorted(ROOT.glob(s))]
            table[name[0]] = (sources, flags)
    return table


def read_survivors(source, harnesses):
    reasons = {}
    for harness in harnesses:
        path = HERE / f"{harness}.survivors"
        for line in path.read_text().splitlines() if path.exists() else []:
            if line.strip() and not line.startswith("#"):
                where, mutant, reason = (part.strip() for part in line.split("|", 2))
                if where == str(source) and reason:
                    reasons[mutant] = reason
    return reasons


class Workshop:
    """Copies of src/, one for each job, in which mutants are built and run. Objects of untouched sources are kept."""

    def __init__(self, folder, source, harnesses, executions):
        self.folder, self.source, self.executions = Path(folder), Path(source), executions
        table = read_harnesses()
        self.harnesses = {name: table[name] for name in harnesses}
        self.header = self.source.suffix == ".h"
        subprocess.run([HERE / "build.sh", "explorer", self.folder / "explorer"], check=True)
        self.free = []

    def tree(self):
        if self.free:
            return self.free.pop()
        tree = Path(tempfile.mkdtemp(dir=self.folder))
        shutil.copytree(ROOT / "src", tree / "src")
        shutil.copytree(ROOT / "include", tree / "include")
        return tree

    def compile(self, tree, harness, path, fresh):
        """The object of one source of a harness; `fresh` whatever was built before."""
        sources, flags = self.harnesses[harness]
        out = tree / "objects" / harness / (str(path).replace("/", "_") + ".o")
        if out.exists() and not fresh:
            return out
        out.parent.mkdir(parents=True, exist_ok=True)
        where = tree / path if str(path).startswith("src/") else ROOT / path
        command = [HERE / "build.sh", "object", self.folder / "explorer", out, "-w", f"-I{tree}/src", f"-I{tree}/include", *flags, where]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[0] if done.stderr.strip() else "does not compile")
        return out

    def run(self, tree, harness):
        """The last line of a run of the harness against what is in the tree now."""
        sources, _ = self.harnesses[harness]
        paths = [f"tests/model/{harness}.c", "tests/model/platform.c", *sources]
        objects = [self.compile(tree, harness, p, self.header or p == str(self.source)) for p in dict.fromkeys(paths)]
        program = tree / harness
        subprocess.run([HERE / "build.sh", "program", self.folder / "explorer", program, *objects], check=True)
        done = subprocess.run([program, f"n={self.executions}", "goals=off"], capture_output=True, text=True)
        return (done.stdout.strip().splitlines() or ["FAIL no output"])[-1]

    def judge(self, text):
        """None if every harness holds with this text in the source's place, else the first failure."""
        tree = self.tree()
        target = tree / self.source
        original = target.read_text()
        try:
            target.write_text(text)
            for harness in self.harnesses:
                last = self.run(tree, harness)
                if not last.startswith("OK"):
                    return f"{harness}: {last}"
            return None
        finally:
            target.write_text(original)
            self.free.append(tree)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=200000, help="executions of each harness for each mutant")
    parser.add_argument("-j", type=int, default=os.cpu_count())
    parser.add_argument("--list", action="store_true", help="only print the mutants")
    parser.add_argument("--only", default="", help="only mutants whose name contains this")
    parser.add_argument("source")
    parser.add_argument("harness", nargs="*")
    options = parser.parse_args()

    source = Path(options.source).resolve().relative_to(ROOT) if Path(options.source).exists() else Path(options.source)
    text = (ROOT / source).read_text()
    mutants = [m for m in find_mutants(text) if options.only in m.name]
    if options.list:
        for m in mutants:
            print(m.name)
        return 0
    reasons = read_survivors(source, options.harness)
    counts = {"killed": 0, "explained": 0, "unexplained": 0}
    seen = set()
    with tempfile.TemporaryDirectory(prefix="weft-mutants.") as folder:
        workshop = Workshop(folder, source, options.harness, options.n)
        failure = workshop.judge(text)
        if failure:
            print(f"without any change: {failure}")
            return 1

        def try_one(mutant):
            changed = text[:mutant.start] + mutant.new + text[mutant.end:]
            try:
                return mutant, workshop.judge(changed)
            except RuntimeError as error:
                return mutant, f"does not compile: {error}"

        waiting = mutants
        with concurrent.futures.ThreadPoolExecutor(options.j) as pool:
            while waiting:
                following = []
                for mutant, failure in pool.map(try_one, waiting):
                    seen.add(mutant.name)
                    if failure and failure.startswith("does not compile"):
                        counts["unexplained"] += 1
                        print(f"BROKEN    {mutant.name}: {failure}")
                    elif failure:
                        counts["killed"] += 1
                        stale = " (STALE entry in .survivors)" if mutant.name in reasons else ""
                        counts["unexplained"] += bool(stale)
                        print(f"killed    {mutant.name}: {failure}{stale}")
                    elif mutant.name in reasons:
                        counts["explained"] += 1
                        print(f"survived  {mutant.name}: {reasons[mutant.name]}")
                        following += mutant.then
                    else:
                        counts["unexplained"] += 1
                        print(f"SURVIVED  {mutant.name}")
                        following += mutant.then
                    sys.stdout.flush()
                waiting = following
    for name in sorted(set(reasons) - seen) if not options.only else []:
        counts["unexplained"] += 1
        print(f"STALE     {name}: no such mutant")
    print(f"{source}: {counts['killed']} killed, {counts['explained']} survived with a reason, "
          f"{counts['unexplained']} unexplained")
    return 1 if counts["unexplained"] else 0


if __name__ == "__main__":
    sys.exit(main())
