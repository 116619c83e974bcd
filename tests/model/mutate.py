#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Mutation gate: is each memory order of a source needed, and do the harnesses notice when it is missing?

    mutate.py [-n EXECUTIONS] [-j JOBS] [--list] [--only TEXT] SOURCE [HARNESS...]
    mutate.py [-n EXECUTIONS] [-j JOBS] --gate | --short      all lines of mutants.txt, or those that say `short`
    mutate.py --check         without running anything: has each file that can be mutated a line in mutants.txt, and each reason a mutant?

SOURCE is a file under src/ (a .c or a .h), HARNESS names lines of harnesses.txt; without any: those that mutants.txt has for it.
A mutant is the source with one change: a memory order is the next weaker one (acq_rel: both); a fence is gone; a line with a comment
/* RECHECK */ or /* RECHECK: why */ is gone; a grace period is not waited for; an RCU section is not entered. The harnesses run
against it. A mutant is killed when a harness fails. One that survives needs a line in HARNESS.survivors beside this file:

    SOURCE | MUTANT | why it is right that nobody notices

An entry whose mutant is killed, or does not exist any more, is an offence as well, but for a reason that begins with `rarely:`:
the window is so narrow that a run may miss it. After each source comes a line `N killed, M
survived with a reason, K unexplained`; the last line is the figure

    REL M2 <killed>/<mutants> <killed or with a reason>/<mutants> PASS|FAIL <first seed>

which is also added to the file WEFT_REL_HISTORY; exit 1 if anything is unexplained or stale.
"""

import argparse
import concurrent.futures
import datetime
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
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
RECHECK = re.compile(r"/\* RECHECK(?:: [^*]*)? \*/")
SECTION = re.compile(r"\bweft__rcu_read_(?:lock|unlock)\(\)")
GRACE = re.compile(r"\bweft__rcu_synchronize\(\)")


class Mutant:
    """Changed places: each text[start:end] becomes `new`."""

    def __init__(self, name, start, end, new, then=()):
        self.name, self.places, self.new, self.then = name, [(start, end)], new, list(then)

    def apply(self, text):
        for start, end in reversed(self.places):
            text = text[:start] + self.new + text[end:]
        return text


def blank_comments(text):
    """Same length, comments and strings blanked, so that what is in them is not found."""
    def spaces(found):
        return re.sub(r"[^\n]", " ", found.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', spaces, text, flags=re.S)


def functions(code):
    """(offset, name) of each function or macro, in order: a line that starts at the margin and opens a body."""
    found = [(m.start(), m.group(1)) for m in
             re.finditer(r"^(?!#|\s|typedef|struct \w+ \{|enum \w* *\{)[^\n;={}]*?\b(?!_Atomic\b|__attribute__\b)(\w+)\s*"
                         r"\([^;{}]*\)[^;{}]*\{", code, re.M)]
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
    code = RECHECK.sub("", line).rstrip()
    if code.endswith(";"):
        return ""
    head = re.match(r"(\s*(?:\} else )?(?:if|while) )\((.*)\)(\s*\{?)$", code)
    return f"{head.group(1)}(0 && ({head.group(2)})){head.group(3)}" if head else None


def rcu_mutants(code, places):
    """A grace period that is not waited for; a function's sections that are not entered. (One that begins in a function
    and ends in another is a mutant of the file.)"""
    sections = {}
    for m in SECTION.finditer(code):
        where = [name for start, name in places if start <= m.start()]
        sections.setdefault(where[-1] if where else "file", []).append(m)
    for where in [w for w, found in sections.items() if len({m.group(0) for m in found}) == 1]:
        sections.setdefault("file", []).extend(sections.pop(where))
    for where, found in sections.items():
        mutant = Mutant(f"{where}: rcu section -> gone", 0, 0, "((void)0)")
        mutant.places = sorted(m.span() for m in found)
        yield mutant
    for m in GRACE.finditer(code):
        where = [name for start, name in places if start <= m.start()]
        if where and not where[-1].startswith("weft__rcu"):
            yield Mutant(f"{where[-1]}: rcu_synchronize -> gone", *m.span(), "((void)0)")


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
        if RECHECK.search(line):
            change = recheck_change(line)
            if change is None:
                sys.exit(f"mutate.py: RECHECK on a line that is neither a statement nor an if: {line.strip()}")
            label = " ".join(RECHECK.sub("", line).split())
            mutants.append(Mutant(f"{unique(offset, 'recheck ' + label)} -> gone", offset, offset + len(line), change + "\n"))
        offset += len(line)
    mutants += rcu_mutants(code, places)
    for mutant in mutants:
        distinct(mutant)
    return mutants


def read_flags():
    """name -> flags of a harness; a source that begins with @ is a group, which must come first."""
    table = {}
    for line in (HERE / "harnesses.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, sources, flags = (part.split() for part in line.split("|")[:3])
            table[name[0]] = [flag for group in sources if group.startswith("@") for flag in table[group]] + flags
    return table


def read_gate(short=False):
    """(source, harnesses, reason) of each line of mutants.txt, or of those that say `short`. Without harnesses there is a
    reason why no model can run the file."""
    for line in (HERE / "mutants.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            words, _, note = (part.strip() for part in line.partition("|"))
            source, *harnesses = words.split()
            reason = note.removeprefix("no model:").strip() if note.startswith("no model:") else ""
            if bool(harnesses) == bool(reason) or (note and not reason and note != "short"):
                sys.exit(f"mutate.py: mutants.txt: neither 'source harness...', with or without '| short', nor "
                         f"'source | no model: why': {line}")
            if not short or note == "short":
                yield Path(source), harnesses, reason


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


def all_names(mutants):
    for mutant in mutants:
        yield mutant.name
        yield from all_names(mutant.then)


def check_survivors(gate):
    """Complaints about reasons that are for nothing."""
    for path in sorted(HERE.glob("*.survivors")):
        for line in path.read_text().splitlines():
            if not line.strip() or line.startswith("#"):
                continue
            where, mutant, reason = [part.strip() for part in line.split("|", 2)] + [""] * (2 - line.count("|"))
            if not reason:
                yield f"{path.name}: no reason: {line}"
            elif path.stem not in gate.get(where, []):
                yield f"{path.name}: mutants.txt does not try {where} with {path.stem}"
            elif mutant not in all_names(find_mutants((ROOT / where).read_text())):
                yield f"{path.name}: {where} has no such mutant any more: {mutant}"


def check_gate():
    """Complaints, from the texts alone."""
    flags = read_flags()
    gate = {}
    for source, harnesses, _ in read_gate():
        if str(source) in gate:
            yield f"mutants.txt: {source} is there twice"
        gate[str(source)] = harnesses
        for harness in set(harnesses) - set(flags):
            yield f"mutants.txt: no {harness} in harnesses.txt"
    can = {str(path.relative_to(ROOT)) for path in (ROOT / "src").rglob("*.[ch]")
           if path != ROOT / "src/base/atomic.h" and find_mutants(path.read_text())}
    for source in sorted(can - set(gate)):
        yield (f"mutants.txt: {source} orders memory, or waits for it, and no line says which model notices when it does not: "
               "tests/model/README.md")
    for source in sorted(set(gate) - can):
        yield f"mutants.txt: in {source} nothing can be mutated (any more)"
    yield from check_survivors(gate) if not set(gate) - can else []


class Workshop:
    """Where mutants of one source are built and run. What a mutant does not touch is built once (build.sh objects)."""

    def __init__(self, build, folder, source, harnesses, executions):
        self.build, self.folder, self.source, self.executions = build, Path(folder), source, executions
        flags = read_flags()
        for harness in harnesses:
            if harness not in flags:
                sys.exit(f"mutate.py: no {harness} in harnesses.txt")
        self.harnesses = {name: flags[name] for name in harnesses}
        subprocess.run([HERE / "build.sh", "explorer", build], check=True)
        self.objects = {name: self.kept(name) for name in harnesses}

    def kept(self, harness):
        """(object, source, whether the mutated source is part of it) for each source of the harness."""
        done = subprocess.run([HERE / "build.sh", "objects", self.build, harness], check=True, capture_output=True, text=True)
        found = []
        for line in done.stdout.splitlines():
            kept, source = line.split(" ", 1)
            needs = Path(kept + ".needs").read_text().split()
            found.append((kept, source, str(ROOT / self.source) in needs))
        if not any(touched for _, _, touched in found):
            sys.exit(f"mutate.py: {self.source} is no part of {harness}")
        return found

    def compile(self, tree, harness, source, out):
        """With the mutated source in its place: as the source itself, or as a header that is found first."""
        relative = Path(source).relative_to(ROOT)
        where = tree / "src" / relative.relative_to("src") if relative == self.source else source
        command = [HERE / "build.sh", "object", self.build, out, "-w", f"-I{tree}/src", f"-I{ROOT}/src", f"-I{ROOT}/include",
                   *self.harnesses[harness], where]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[0] if done.stderr.strip() else "does not compile")

    def run(self, tree, harness):
        """The last line of a run of the harness against the mutant in `tree`."""
        objects = []
        for number, (kept, source, touched) in enumerate(self.objects[harness]):
            objects.append(kept if not touched else tree / f"{number}.o")
            if touched:
                self.compile(tree, harness, source, objects[-1])
        program = tree / harness
        subprocess.run([HERE / "build.sh", "program", self.build, program, *objects], check=True)
        done = subprocess.run([program, f"n={self.executions}", "goals=off"], capture_output=True, text=True)
        return (done.stdout.strip().splitlines() or ["FAIL no output"])[-1]

    def judge(self, text):
        """None if every harness holds with this text in the source's place, else the first failure."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            tree = Path(name)
            target = tree / self.source
            target.parent.mkdir(parents=True)
            target.write_text(text)
            for harness in self.harnesses:
                last = self.run(tree, harness)
                if not last.startswith("OK"):
                    return f"{harness}: {last}"
        return None


class Verdicts:
    """What became of the mutants of one source."""

    def __init__(self, reasons):
        self.reasons, self.counts, self.seen = reasons, Counter(), set()

    def add(self, mutant, failure):
        """Whether weaker ones of this mutant are to be tried as well."""
        self.seen.add(mutant.name)
        reason = self.reasons.get(mutant.name)
        if failure and failure.startswith("does not compile"):
            kind, line = "unexplained", f"BROKEN    {mutant.name}: {failure}"
        elif failure and reason and not reason.startswith("rarely:"):
            kind, line = "unexplained", f"killed    {mutant.name}: {failure} (STALE entry in .survivors)"
        elif failure:
            kind, line = "killed", f"killed    {mutant.name}: {failure}"
        elif reason:
            kind, line = "explained", f"survived  {mutant.name}: {reason}"
        else:
            kind, line = "unexplained", f"SURVIVED  {mutant.name}"
        self.counts[kind] += 1
        print(line, flush=True)
        return not failure

    def end(self, source, all_tried):
        for name in sorted(set(self.reasons) - self.seen) if all_tried else []:
            self.counts["unexplained"] += 1
            print(f"STALE     {name}: no such mutant")
        print(f"{source}: {self.counts['killed']} killed, {self.counts['explained']} survived with a reason, "
              f"{self.counts['unexplained']} unexplained", flush=True)
        return self.counts


def judge_source(source, harnesses, options):
    text = (ROOT / source).read_text()
    waiting = [m for m in find_mutants(text) if options.only in m.name]
    verdicts = Verdicts(read_survivors(source, harnesses))
    with tempfile.TemporaryDirectory(prefix="weft-mutants.") as folder:
        workshop = Workshop(options.build, folder, source, harnesses, options.n)
        failure = workshop.judge(text)
        if failure:
            print(f"{source} without any change: {failure}")
            return Counter(unexplained=1)

        def try_one(mutant):
            try:
                return mutant, workshop.judge(mutant.apply(text))
            except RuntimeError as error:
                return mutant, f"does not compile: {error}"

        with concurrent.futures.ThreadPoolExecutor(options.j) as pool:
            while waiting:
                following = []
                for mutant, failure in pool.map(try_one, waiting):
                    if verdicts.add(mutant, failure):
                        following += mutant.then
                waiting = following
    return verdicts.end(source, not options.only)


def count_unmodelled(source, reason):
    found = len(find_mutants((ROOT / source).read_text()))
    print(f"{source}: {found} that no model can run: {reason}", flush=True)
    return Counter(explained=found)


def print_figure(counts):
    total = sum(counts.values())
    good = counts["killed"] + counts["explained"]
    line = f"REL M2 {counts['killed']}/{total} {good}/{total} {'PASS' if good == total else 'FAIL'} 1"
    print(line)
    history = os.environ.get("WEFT_REL_HISTORY")
    if history:
        with open(history, "a") as out:
            out.write(f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%dT%H:%M:%SZ} {line}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=200000, help="executions of each harness for each mutant")
    parser.add_argument("-j", type=int, default=os.cpu_count())
    parser.add_argument("--build", type=Path, default=Path(os.environ.get("TMPDIR", "/tmp")) / "weft-model",
                        help="where objects are kept")
    parser.add_argument("--gate", action="store_true", help="all lines of mutants.txt")
    parser.add_argument("--short", action="store_true", help="the lines of mutants.txt that say `short`")
    parser.add_argument("--check", action="store_true", help="look at mutants.txt and the reasons, run nothing")
    parser.add_argument("--list", action="store_true", help="only print the mutants")
    parser.add_argument("--only", default="", help="only mutants whose name contains this")
    parser.add_argument("source", nargs="?")
    parser.add_argument("harness", nargs="*")
    options = parser.parse_args()
    if options.check:
        wrong = list(check_gate())
        print("\n".join(wrong) if wrong else "ok")
        return 1 if wrong else 0
    gate = options.gate or options.short
    if gate == bool(options.source):
        parser.error("give a source, or --gate, or --short")
    if gate:
        pairs = list(read_gate(options.short))
    else:
        path = Path(options.source)
        path = path.resolve().relative_to(ROOT) if path.exists() else path
        pairs = [(path, options.harness, "")] if options.harness else [line for line in read_gate() if line[0] == path]
        if not pairs:
            parser.error(f"mutants.txt has no line for {path}: give it with its harnesses")
    if options.list:
        for source, *_ in pairs:
            for m in find_mutants((ROOT / source).read_text()):
                if options.only in m.name:
                    print(f"{source}: {m.name}" if gate else m.name)
        return 0
    counts = Counter()
    for source, harnesses, reason in pairs:
        counts += count_unmodelled(source, reason) if reason else judge_source(source, harnesses, options)
    print_figure(counts)
    return 1 if counts["unexplained"] else 0


if __name__ == "__main__":
    sys.exit(main())
