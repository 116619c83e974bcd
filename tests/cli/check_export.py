#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Are exports of a recording of traced_program in their formats, and do they agree with what the program printed?

    check_export.py folded FILE REPORT [--waits]     stacks, with the JSON report of the same recording
    check_export.py csv FOLDER FACTS REPORT
    check_export.py timeline FILE FACTS REPORT [--part]
    check_export.py perfetto FILE FACTS REPORT [--part]     --part: of a window, or with events missing
"""

import argparse
import csv
import html.parser
import json
import re
import sys
from bisect import bisect_right
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "trace"))
from check_recording import Facts  # noqa: E402


def load(path):
    return json.loads(Path(path).read_text(encoding="utf-8"))


# ---- folded stacks ----


def read_folded(path):
    """(frames, weight) per line; flamegraph.pl wants frames between semicolons, a blank, a number."""
    text = Path(path).read_text(encoding="utf-8")
    if text and not text.endswith("\n"):
        sys.exit("the last line of the stacks is cut off")
    rows = []
    for line in text.split("\n")[:-1]:
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


# ---- the picture ----


class Page(html.parser.HTMLParser):
    """Its tags are closed, it asks nobody for anything, and its data can be read."""

    VOID = {"meta", "br"}

    def __init__(self, text):
        super().__init__()
        self.open, self.data, self.scripts = [], None, 0
        self.feed(text)
        self.close()
        if self.open or self.scripts != 2 or self.data is None:
            sys.exit(f"the page has open tags {self.open}, {self.scripts} scripts")
        if re.search(r"https?:|url\(|@import|fetch\(|XMLHttpRequest|WebSocket|import\(", text):
            sys.exit("the page would fetch something")

    def handle_starttag(self, tag, attrs):
        if any(name in ("src", "href", "xlink:href") for name, _ in attrs):
            sys.exit(f"the page refers to something: {tag} {attrs}")
        if tag not in self.VOID:
            self.open.append((tag, dict(attrs).get("id")))
        self.scripts += tag == "script"

    def handle_endtag(self, tag):
        if not self.open or self.open.pop()[0] != tag:
            sys.exit(f"</{tag}> closes nothing")

    def handle_data(self, data):
        if self.open and self.open[-1] == ("script", "data"):
            self.data = json.loads(data, object_pairs_hook=no_twins)


def read_cells(numbers, length_ns):
    cells, begin = [], 0
    if len(numbers) % 6:
        sys.exit("a cell has six numbers")
    for at in range(0, len(numbers), 6):
        step, length, total, count, longest, label = numbers[at:at + 6]
        begin += step
        if step < 0 or length < 0 or count < 1 or longest > total or total > longest * count or begin + length > length_ns:
            sys.exit(f"no cell: {numbers[at:at + 6]}")
        cells.append((begin, length, total, count, longest, label))
    return cells


def check_timeline(options):
    data = Page(Path(options.file).read_text(encoding="utf-8")).data
    length = data["length_ns"]
    workers = [read_cells(row["run"], length) for row in data["workers"]]
    kinds = {row["name"]: {lane: read_cells(row[lane], length) for lane in ("run", "ready", "wait")} for row in data["kinds"]}
    for cells in workers:
        for (a, *rest), (b, *_) in zip(cells, cells[1:]):
            if a + rest[0] > b:
                yield f"polls of a worker overlap: {a} + {rest[0]}, {b}"
    if not options.part and not (workers and kinds and data["channels"]): # nearly all may be lost
        yield "something is missing altogether"
    for name, lanes in kinds.items():
        if any(cell[5] >= len(data["waits"]) for cell in lanes["wait"]):
            yield f"{name} waits for something without a name"
    if options.part:
        return
    facts, report = Facts(options.facts), load(options.report)
    polls = sum(cell[3] for cells in workers for cell in cells)
    if polls != facts.numbers["polls"]:
        yield f"{polls} polls on workers, the program counted {facts.numbers['polls']}"
    for row in report["tasks"]["polls"]:
        cells = kinds[row["name"]]["run"]
        have = sum(cell[3] for cell in cells), sum(cell[2] for cell in cells)
        if have != (row["polls"], row["busy_ns"]):
            yield f"{row['name']}: polls and nanoseconds {have}, the report has {row['polls']}, {row['busy_ns']}"
    if "channel orders" not in data["waits"]:
        yield "nobody waits for the channel orders"


# ---- Trace Event Format ----

# Of each phase: what it must have beside ph, name and pid, and what it may have.
PHASES = {
    "M": ({"args"}, {"tid"}),
    "X": ({"cat", "ts", "tid", "dur"}, {"args"}),
    "b": ({"cat", "ts", "id2"}, {"args"}),
    "e": ({"cat", "ts", "id2"}, set()),
    "s": ({"cat", "ts", "tid", "id"}, set()),
    "f": ({"cat", "ts", "tid", "id", "bp"}, set()),
    "C": ({"ts", "args"}, {"id"}),
    "i": ({"cat", "ts", "s", "args"}, {"tid"}),
}


def no_twins(pairs):
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        sys.exit(f"a key is there twice: {keys}")
    return dict(pairs)


class Trace:
    """The events of a file, by track; whatever the format does not allow ends the program."""

    def __init__(self, path):
        text = Path(path).read_text(encoding="utf-8")
        document = json.loads(text, parse_float=Decimal, object_pairs_hook=no_twins,
                              parse_constant=lambda name: sys.exit(f"{name} is no JSON"))
        if set(document) != {"displayTimeUnit", "otherData", "traceEvents"} or document["displayTimeUnit"] != "ns":
            sys.exit(f"the file has {set(document)}")
        self.slices, self.asyncs, self.counters = defaultdict(list), defaultdict(list), defaultdict(list)
        self.flows, self.moments, self.names = defaultdict(list), [], {}
        for event in document["traceEvents"]:
            self.event(event)

    def event(self, event):
        must, may = PHASES.get(event.get("ph"), (None, None))
        if must is None or not must | {"ph", "name", "pid"} <= set(event) <= must | may | {"ph", "name", "pid"}:
            sys.exit(f"no event of the format: {event}")
        if not isinstance(event["name"], str) or not isinstance(event["pid"], int) or event["pid"] < 1:
            sys.exit(f"name or pid: {event}")
        for key in ("ts", "dur"):
            if key in event and (not isinstance(event[key], Decimal) or event[key] < 0):
                sys.exit(f"{key} is no time: {event}")
        if "tid" in event and (not isinstance(event["tid"], int) or event["tid"] < 1):
            sys.exit(f"tid: {event}")
        getattr(self, {"M": "name", "X": "slice", "b": "nested", "e": "nested", "s": "flow", "f": "flow", "C": "count",
                       "i": "moment"}[event["ph"]])(event)

    def name(self, event):
        if event["name"] not in ("process_name", "thread_name") or ("tid" in event) != (event["name"] == "thread_name"):
            sys.exit(f"no name: {event}")
        if self.names.setdefault((event["pid"], event.get("tid")), event["args"]["name"]) != event["args"]["name"]:
            sys.exit(f"a second name: {event}")

    def slice(self, event):
        track = self.slices[event["pid"], event["tid"]]
        if (event["pid"], event["tid"]) not in self.names:
            sys.exit(f"a thread without a name: {event}")
        if track and track[-1]["ts"] + track[-1]["dur"] > event["ts"]:
            sys.exit(f"slices of a thread overlap, or are not in order: {track[-1]} {event}")
        track.append(event)

    def nested(self, event):
        if set(event["id2"]) != {"local"} or not re.fullmatch(r"0x[0-9a-f]+", event["id2"]["local"]):
            sys.exit(f"no id: {event}")
        self.asyncs[event["pid"], event["cat"], event["id2"]["local"]].append(event)

    def flow(self, event):
        if event["ph"] == "f" and event["bp"] != "e":
            sys.exit(f"an arrow to the next slice: {event}")
        self.flows[event["id"]].append(event)

    def count(self, event):
        track = self.counters[event["pid"], event["name"], event.get("id")]
        if len(event["args"]) != 1 or not all(isinstance(v, int) and v >= 0 for v in event["args"].values()):
            sys.exit(f"no counter: {event}")
        if track and track[-1]["ts"] > event["ts"]:
            sys.exit(f"a counter goes back in time: {track[-1]} {event}")
        track.append(event)

    def moment(self, event):
        if event["s"] not in "tpg" or (event["s"] == "t") != ("tid" in event):
            sys.exit(f"no moment: {event}")
        self.moments.append(event)


def check_nesting(trace):
    for key, events in trace.asyncs.items():
        stack, at = [], Decimal(-1)
        for event in events:
            if event["ts"] < at:
                yield f"{key} goes back in time: {event}"
            at = event["ts"]
            if event["ph"] == "b":
                stack.append(event["name"])
            elif not stack or stack.pop() != event["name"]:
                yield f"{key}: what ends has not begun: {event}"
            if len(stack) > 2:
                yield f"{key}: a task does two things at once: {stack} {event}"
        if stack:
            yield f"{key}: what begins does not end: {stack}"


def check_flows(trace):
    begins = {track: [e["ts"] for e in events] for track, events in trace.slices.items()}

    def enclosing(event):
        track = event["pid"], event["tid"]
        at = bisect_right(begins.get(track, []), event["ts"]) - 1
        found = trace.slices[track][at] if at >= 0 else None
        return found if found and event["ts"] < found["ts"] + max(found["dur"], Decimal("0.001")) else None

    for number, events in trace.flows.items():
        if [e["ph"] for e in events] != ["s", "f"] or events[0]["ts"] > events[1]["ts"] or \
                (events[0]["name"], events[0]["cat"]) != (events[1]["name"], events[1]["cat"]):
            yield f"flow {number} is no arrow: {events}"
        for event in events:
            inside = enclosing(event)
            if not inside or inside["cat"] != "poll":
                yield f"flow {number}: {event} is in {inside}"


def check_perfetto(options):
    trace = Trace(options.file)
    yield from check_nesting(trace)
    yield from check_flows(trace)
    polls = [e for track in trace.slices.values() for e in track if e["cat"] == "poll"]
    if not options.part and not (polls and trace.counters and trace.asyncs): # nearly all may be lost
        yield "something is missing altogether"
    if options.part:
        return
    facts, report = Facts(options.facts), load(options.report)
    if len(polls) != facts.numbers["polls"]:
        yield f"{len(polls)} slices of polls, the program counted {facts.numbers['polls']}"
    busy, count = defaultdict(Decimal), defaultdict(int)
    for event in polls:
        busy[event["name"]] += event["dur"]
        count[event["name"]] += 1
    for row in report["tasks"]["polls"]:
        if busy[row["name"]] * 1000 != row["busy_ns"] or count[row["name"]] != row["polls"]:
            yield f"{row['name']}: {count[row['name']]} polls in {busy[row['name']]} us, the report has {row}"
    lives = defaultdict(int)
    for events in trace.asyncs.values():
        lives[events[0]["name"]] += 1
    for name, fact in facts.task_names.items():
        if lives[name] != fact["count"]:
            yield f"tasks {name}: {lives[name]} tracks, the program spawned {fact['count']}"
    if not 0 < len(trace.flows) <= facts.numbers["wakes"] + facts.numbers["polls"]:
        yield f"{len(trace.flows)} arrows"
    depths = defaultdict(int)
    for (_, name, number), track in trace.counters.items():
        if number:
            depths[name.removeprefix("channel ")] += 1
            if track[-1]["args"] != {"depth": 0}:
                yield f"{name} is not empty at its end: {track[-1]}"
    for name in {fact["name"] for fact in facts.channels.values() if fact["sent"]}:
        if depths[name] != sum(fact["name"] == name for fact in facts.channels.values()):
            yield f"channel {name}: {depths[name]} counters"
    rests = sum(e["cat"] == "worker" for track in trace.slices.values() for e in track)
    parks = sum(row["parks"] for row in report["workers"]["workers"])
    if rests > parks:
        yield f"{rests} rests of workers, the report has {parks}"
    lints = sorted(e["name"] for e in trace.moments if e["cat"] == "lint")
    if lints != sorted(row["lint"] for row in report["lints"]["findings"]):
        yield f"lints {lints}, the report has others"
    names = {e["name"] for events in trace.asyncs.values() for e in events}
    states = {"running", "ready", "waits for channel orders"}
    if count["family"] > 1:  # or its children have all ended before it looked
        states.add("waits for its scope")
    if not states <= names:
        yield f"a state is missing: {sorted(states - names)}"


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
    for name, check in (("perfetto", check_perfetto), ("timeline", check_timeline)):
        one = of.add_parser(name)
        one.add_argument("file")
        one.add_argument("facts")
        one.add_argument("report")
        one.add_argument("--part", action="store_true")
        one.set_defaults(check=check)
    options = parser.parse_args()
    errors = list(options.check(options))
    for error in errors[:20]:
        print(error)
    if not errors:
        print(f"{options.what} agrees")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main())
