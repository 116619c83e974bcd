#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Are exports of a recording of traced_program in their formats, and do they agree with what the program printed?

    check_export.py folded FILE REPORT [--waits]     stacks, with the JSON report of the same recording
    check_export.py csv FOLDER FACTS REPORT
"""

import argparse
import csv
import json
import re
import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "trace"))
from check_recording import Facts  # noqa: E402


def load(path):
    return json.loads(Path(path).read_text(encoding="utf-8"))


# ---- folded stacks ----


def read_folded(path):
    """(frames, weight) per line; flamegraph.pl wants frames between semicolons, a blank, a number."""
    text = Path(path).read_text(encoding="utf-8")
    if not text.endswith("\n"):
        sys.exit("the last line of the stacks is cut off")
    rows = []
    for line in text[:-1].split("\n"):
        found = re.fullmatch(r"([^;\x00-\x1f\x7f]+(?:;[^;\x00-\x1f\x7f]+)*) ([1-9][0-9]*)", line)
        if not found:
            sys.exit(f"no stack: {line!r}")
        rows.append((found.group(1).split(";"), int(found.group(2))))
    return rows


def check_folded(options):
    rows = read_folded(options.file)
    if len({tuple(frames) for frames, _ in rows}) != len(rows):
        yield "a stack is there twice"
    report = load(options.report)
    names = {row["name"] for row in report["tasks"]["polls"]}
    have = defaultdict(int)
    for frames, weight in rows:
        if options.waits:
            tasks = [f for f in frames if not f.startswith(("waits ", "channel ", "meeting ", "a ", "its "))]
        else:
            tasks = frames[:-1]
        if not tasks or any(frame not in names for frame in tasks):
            yield f"a frame is no task: {frames}"
        have[tasks[-1]] += weight
    if options.waits:
        if not any("waits for a worker" in frames for frames, _ in rows):
            yield "nobody waits for a worker"
        if not any(frames[-1] == "channel orders" for frames, _ in rows):
            yield "nobody waits for the channel orders"
        return
    want = defaultdict(int)
    for row in report["tasks"]["polls"]:
        want[row["name"]] += row["busy_ns"]
    for name, ns in want.items():
        if have[name] != ns:
            yield f"stacks of {name}: {have[name]} ns, the report has {ns} ns"


# ---- CSV ----


def read_csv(path):
    """Rows of a table; RFC 4180 strictly: CR LF, as many cells in each row as in the head, quotes closed."""
    raw = path.read_bytes()
    if not raw.endswith(b"\r\n") or re.search(rb"(?<!\r)\n|\r(?!\n)", raw):
        sys.exit(f"{path}: lines do not end with CR LF")
    rows = list(csv.reader(raw.decode("utf-8").splitlines(), strict=True))
    head = rows[0]
    if len(set(head)) != len(head) or any(not re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in head):
        sys.exit(f"{path}: the head is {head}")
    for row in rows:
        if len(row) != len(head):
            sys.exit(f"{path}: {len(row)} cells under {len(head)} names: {row}")
    return [dict(zip(head, row)) for row in rows[1:]]


def check_csv(options):
    tables = {path.stem: read_csv(path) for path in Path(options.file).glob("*.csv")}
    facts = Facts(options.facts)
    for name in ("tasks-polls", "inventory-sites", "channels", "workers", "wakes-edges", "histogram-polls", "histogram-waits",
                 "lints-findings", "series-depth", "latency-causes"):
        if name not in tables:
            yield f"there is no {name}.csv"
            return
    polls = tables["tasks-polls"]
    for name, fact in facts.task_names.items():
        have = sum(int(row["tasks"]) for row in polls if row["name"] == name)
        if have != fact["count"]:
            yield f"tasks {name}: {have}, the program spawned {fact['count']}"
    sums = {
        "polls": sum(int(row["polls"]) for row in polls),
        "polls in the histogram": sum(int(row["count"]) for row in tables["histogram-polls"]),
        "polls of workers": sum(int(row["polls"]) for row in tables["workers"]),
    }
    for what, number in sums.items():
        if number != facts.numbers["polls"]:
            yield f"{what}: {number}, the program counted {facts.numbers['polls']}"
    if sum(int(row["count"]) for row in tables["histogram-waits"]) != \
            sum(int(row["count"]) for row in tables["histogram-causes"]):
        yield "waits by task and waits by cause differ"
    for fact in facts.channels.values():
        of = [row for row in tables["channels"] if row["name"] == fact["name"]]
        want = sum(c["sent"] for c in facts.channels.values() if c["name"] == fact["name"])
        if sum(int(row["sent"]) for row in of) != want:
            yield f"channel {fact['name']}: {of}, the program sent {want}"
    for row in tables["histogram-polls"]:
        if not int(row["from_ns"]) < int(row["below_ns"]):
            yield f"a bucket that is none: {row}"
    report = load(options.report)
    for section, of in (("inventory", "sites"), ("lints", "findings"), ("wakes", "edges"), ("channels", "channels")):
        name = section if section == of else f"{section}-{of}"
        want = report[section][of]
        if len(want) != len(tables[name]):
            yield f"{name}: {len(tables[name])} rows, the report has {len(want)}"
            continue
        for have, row in zip(tables[name], want):
            for key, value in row.items():
                if isinstance(value, str) and have[key] != value or isinstance(value, int) and int(have[key]) != value:
                    yield f"{name}: {key} is {have[key]!r}, in the report {value!r}"


def main():
    parser = argparse.ArgumentParser()
    of = parser.add_subparsers(dest="what", required=True)
    one = of.add_parser("folded")
    one.add_argument("file")
    one.add_argument("report")
    one.add_argument("--waits", action="store_true")
    one.set_defaults(check=check_folded)
    one = of.add_parser("csv")
    one.add_argument("file")
    one.add_argument("facts")
    one.add_argument("report")
    one.set_defaults(check=check_csv)
    options = parser.parse_args()
    errors = list(options.check(options))
    for error in errors[:20]:
        print(error)
    if not errors:
        print(f"{options.what} agrees")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main())
