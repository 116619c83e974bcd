#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compare a recording of traced_program with what the program printed.

    check_recording.py RECORDING FACTS [--late]
    check_recording.py RECORDING FACTS --self

The recording is read as babeltrace2 prints it, so that nothing here shares a mistake with `weft trace`. With --late the
recording began when half of the work was done. Each rule is a function that yields one line per offence. With --self
the rules are put to the test: of each kind of event one is taken out, or told twice, and some rule has to complain.
"""

import argparse
import re
import subprocess
import sys
from collections import Counter, defaultdict

LINE = re.compile(r"^\[(\d+)\] \S+ weft:(\w+): (.*)$")
FIELD = re.compile(r'(\w+) = (?:\( "(\w+)" : container = \d+ \)|"((?:[^"\\]|\\.)*)"|(-?\d+))')
LIFE = {"task_spawn", "task_name", "statedump_task", "poll_start", "poll_end", "wake", "wake_noop", "task_cancel",
        "task_end"}
CANCELED, EINVAL = -125, -22


class Event:
    def __init__(self, number, cycles, name, text):
        self.number, self.ns, self.name = number, cycles, name
        self.fields = {}
        for field, label, string, integer in FIELD.findall(text):
            if integer:
                self.fields[field] = int(integer)
            else:
                self.fields[field] = label or re.sub(r"\\(.)", r"\1", string)

    def __getattr__(self, field):
        try:
            return self.fields[field]
        except KeyError:
            raise AttributeError(f"{self.name} has no {field}") from None

    def __str__(self):
        return f"#{self.number} {self.name} {self.fields}"


class Facts:
    """What the program printed."""

    def __init__(self, path):
        self.task_names, self.channels, self.numbers = {}, {}, {}
        for line in open(path, encoding="utf-8"):
            words = line.rstrip("\n").split(" ")
            if words[0] == "task":
                self.task_names[" ".join(words[6:])] = {"count": int(words[2]), "category": int(words[4])}
            elif words[0] == "channel":
                keys = dict(zip(words[2:12:2], map(int, words[3:13:2])))
                component, name = re.match(r".* component '(.*)' name (.*)$", line).groups()
                self.channels[int(words[1])] = {**keys, "component": component, "name": name}
            elif words[0] in ("polls", "wakes", "wakes_noop", "steals", "stolen", "tasks", "reports", "result"):
                self.numbers[words[0]] = int(words[1])


def read(path):
    """The events of a recording, and what babeltrace2 complains of."""
    done = subprocess.run(["babeltrace2", "--clock-cycles", "--no-delta", path], capture_output=True, text=True,
                          encoding="utf-8")
    if done.returncode:
        sys.exit(f"babeltrace2: {done.stderr}")
    events = []
    for number, line in enumerate(done.stdout.splitlines(), 1):
        found = LINE.match(line)
        if not found:
            sys.exit(f"line {number} is no event of weft: {line}")
        events.append(Event(number, int(found.group(1)), found.group(2), found.group(3)))
    return events, done.stderr.strip()


class Recording:
    def __init__(self, events, warnings):
        self.events, self.warnings = events, warnings
        self.by_task, self.by_channel, self.by_worker = defaultdict(list), defaultdict(list), defaultdict(list)
        for event in self.events:
            if event.name.startswith("chan_") or event.name == "statedump_chan":
                self.by_channel[event.chan].append(event)
            elif event.name in LIFE:
                self.by_task[event.task].append(event)
            if event.name in ("poll_start", "poll_end", "worker_park", "worker_unpark"):
                self.by_worker[event.worker].append(event)
        self.sites = {e.site: e.fields["name"] for e in self.all("site_def")}
        self.own_names = {e.task: e.fields["name"] for e in self.all("task_name")}
        self.categories = {e.task: e.category for e in self.all("task_name")}

    def all(self, name):
        return [e for e in self.events if e.name == name]

    def task_name(self, task):
        for event in self.by_task[task]:
            if task in self.own_names:
                return self.own_names[task]
            if event.name in ("task_spawn", "statedump_task"):
                return self.sites.get(event.site)
        return None


def rule_nothing_lost(recording, facts, late):
    if recording.warnings:
        yield f"babeltrace2 warns: {recording.warnings}"
    if not recording.events:
        yield "the recording is empty"


def rule_lives(recording, facts, late):
    """spawn < first poll_start < its poll_end < … < end; polls of a task do not overlap."""
    for task, events in recording.by_task.items():
        kinds = [e.name for e in events]
        known_before = late and "statedump_task" in kinds
        if kinds.count("task_spawn") != (0 if known_before else 1):
            yield f"task {task}: {kinds.count('task_spawn')} spawns: {events[0]}"
        if kinds.count("task_end") != 1:
            yield f"task {task} '{recording.task_name(task)}': {kinds.count('task_end')} ends"
        state = "new"
        worker = None
        for event in events:
            if event.name == "task_spawn":
                if state != "new":
                    yield f"{event}: it was {state} already"
                state = "idle"
            elif event.name == "poll_start":
                if state == "new" and known_before:
                    state = "idle"
                if state != "idle":
                    yield f"{event}: it is {state}"
                state, worker = "polled", event.worker
            elif event.name == "poll_end":
                if state != "polled":
                    yield f"{event}: it is {state}"
                elif event.worker != worker:
                    yield f"{event}: its poll began on worker {worker}"
                state = "idle" if event.result in ("PENDING", "YIELD") else "done"
            elif event.name == "task_end":
                if state != "done":
                    yield f"{event}: it is {state}"
                state = "ended"
            elif state == "ended" and event.name not in ("wake_noop",):
                yield f"{event}: after its end"


def rule_polls_have_a_reason(recording, facts, late):
    """A poll follows a spawn, a wake, a yield, or a wake or cancellation that found the task in its last poll."""
    for task, events in recording.by_task.items():
        reason = late
        for at, event in enumerate(events):
            if event.name in ("task_spawn", "wake"):
                if event.name == "wake" and reason and not late:
                    yield f"{event}: it is runnable already"
                reason = True
            elif event.name == "poll_end" and event.result == "YIELD":
                reason = True
            elif event.name == "poll_start":
                if not reason and not noop_around(events, at):
                    yield f"{event}: nothing woke '{recording.task_name(task)}'"
                reason = False


def noop_around(events, at):
    """A wake_noop or task_cancel between the poll before events[at] and the end of this one: it may be told late."""
    before = next((i for i in range(at - 1, -1, -1) if events[i].name == "poll_start"), 0)
    after = next((i for i in range(at + 1, len(events)) if events[i].name in ("poll_start", "task_end")), len(events))
    return any(e.name in ("wake_noop", "task_cancel") for e in events[before:after])


def rule_workers(recording, facts, late):
    """A worker polls one task at a time, and is awake when it does. A sleep may be given up without a worker_unpark."""
    awake = (None, "poll_end", "worker_park", "worker_unpark")
    before = {"poll_start": awake, "poll_end": ("poll_start",), "worker_park": awake, "worker_unpark": ("worker_park",)}
    for worker, events in recording.by_worker.items():
        state = None
        for event in events:
            if state not in before[event.name] and not (late and state is None):
                yield f"{event}: after {state} on worker {worker}"
            state = event.name


def rule_names(recording, facts, late):
    """As many tasks of each name and category as the program spawned."""
    have = Counter((recording.task_name(task), recording.categories.get(task, 0)) for task in recording.by_task)
    want = Counter({(name, fact["category"]): fact["count"] for name, fact in facts.task_names.items()})
    for name in sorted(set(have) | set(want), key=str):
        if have[name] != want[name]:
            yield f"tasks of name and category {name}: {have[name]} recorded, {want[name]} spawned"
    if sum(have.values()) != facts.numbers["tasks"]:
        yield f"{sum(have.values())} tasks recorded, {facts.numbers['tasks']} spawned"


def rule_poll_counts(recording, facts, late):
    starts, ends = len(recording.all("poll_start")), len(recording.all("poll_end"))
    before = sum(e.polls for e in recording.all("statedump_task")) if late else 0
    if starts != ends or starts + before != facts.numbers["polls"]:
        yield f"{starts} poll_start, {ends} poll_end, {before} announced, the program counted {facts.numbers['polls']}"


def rule_results(recording, facts, late):
    ends = Counter()
    for event in recording.all("task_end"):
        ends[recording.task_name(event.task), event.result] += 1
    for name, fact in facts.task_names.items():
        want = {0: fact["count"]}
        if name == "sleeper":
            want = {CANCELED: 1}
        if name == "child":
            want = {0: fact["count"] - 1, EINVAL: 1}
        for result, count in want.items():
            if ends[name, result] != count:
                yield f"{name}: {ends[name, result]} ended with {result}, not {count}"
    cancels = [recording.task_name(e.task) for e in recording.all("task_cancel")]
    if cancels != ["sleeper"]:
        yield f"task_cancel of {cancels}"


def rule_parents(recording, facts, late):
    for event in recording.all("task_spawn"):
        name, parent = recording.task_name(event.task), recording.task_name(event.parent) if event.parent else None
        if (parent == "family") != (name == "child"):
            yield f"{event}: '{name}' is spawned by '{parent}'"


def rule_channels(recording, facts, late):
    """Opened before it is used; messages as the program counted them; never deeper than it can be."""
    for chan in recording.by_channel:
        if chan not in facts.channels:
            yield f"channel {chan}: the program knows nothing of it"
    for chan, fact in facts.channels.items():
        events = recording.by_channel[chan]
        if not events or events[0].name != "chan_open":
            yield f"channel {chan} '{fact['name']}' begins with {events[0] if events else 'nothing'}"
            continue
        if [e.name for e in events].count("chan_end") != 1 or events[-1].name != "chan_end":
            yield f"channel {chan} '{fact['name']}' ends with {events[-1]}"
        for key in ("name", "component", "capacity"):
            if fact[key] != "" and events[0].fields[key] != fact[key]:  # babeltrace2 2.0 prints an old text for ""
                yield f"channel {chan}: {key} {events[0].fields[key]!r}, not {fact[key]!r}"
        dump = [e for e in events if e.name == "statedump_chan"][:1] if late else []
        have = {
            "sent": sum(e.name == "chan_send" for e in events) + sum(e.sent for e in dump),
            "received": sum(e.count for e in events if e.name == "chan_recv") + sum(e.received for e in dump),
            "dropped": sum(e.count for e in events if e.name == "chan_drop"),
            "failed": sum(e.name == "chan_fail" for e in events),
        }
        for key, value in have.items():
            if value != fact[key]:
                yield f"channel {chan} '{fact['name']}': {value} {key}, the program counted {fact[key]}"
        for event in events:
            if event.name in ("chan_send", "chan_recv") and event.depth > fact["capacity"]:
                yield f"{event}: deeper than {fact['capacity']}"


def rule_runtime(recording, facts, late):
    """The runtime and its threads begin and end."""
    if not late and [e.fields["name"] for e in recording.all("runtime_start")] != ["traced"]:
        yield "no runtime_start of 'traced'"
    if len(recording.all("runtime_stop")) != 1:
        yield "no runtime_stop"
    stops = sorted(e.worker for e in recording.all("thread_stop") if e.kind == "WORKER")
    starts = sorted({e.worker for e in recording.all("thread_start") if e.kind == "WORKER"})
    if stops != starts or not starts or not set(recording.by_worker) <= set(starts):
        yield f"workers {starts} start, {stops} stop, polls and parks on {sorted(recording.by_worker)}"


def rule_announcement(recording, facts, late):
    """What lived before is announced between statedump_begin and statedump_end, before anything else is told of it."""
    begins, ends = recording.all("statedump_begin"), recording.all("statedump_end")
    if not late:
        return
    if len(begins) != 1 or len(ends) != 1:
        yield f"{len(begins)} statedump_begin, {len(ends)} statedump_end"
        return
    inside = [e for e in recording.events if begins[0].number < e.number < ends[0].number]
    tasks = sorted(recording.task_name(e.task) for e in inside if e.name == "statedump_task")
    if tasks != sorted(["clerk 1", "clerk 2", "clerk 3", "ledger of orders", "auditor", "sleeper"]):
        yield f"announced tasks: {tasks}"
    states = {e.state for e in inside if e.name == "statedump_task"}
    if states != {"WAITING"}:
        yield f"announced tasks are {states}"
    channels = Counter(facts.channels[e.chan]["name"] for e in inside if e.name == "statedump_chan")
    if channels != Counter({"orders": 1, "totals": 1, "silent": 1, "gate": 3}):
        yield f"announced channels: {channels}"


RULES = [rule for name, rule in globals().items() if name.startswith("rule_")]
UNCOUNTED = {"worker_park", "worker_unpark", "wake_noop", "steal", "queue_overflow", "chan_wait", "chan_close",
             "chan_health", "statedump_begin", "statedump_end", "statedump_task", "statedump_chan", "scope_open",
             "scope_close", "scope_cancel", "stall"}
DEFINITIONS = {"runtime_start": "runtime", "thread_start": "worker", "site_def": "site", "task_name": "task",
               "chan_open": "chan"}  # an announcement may tell them again


def offences_of(recording, facts, late):
    return [f"{rule.__name__[5:]}: {line}" for rule in RULES for line in rule(recording, facts, late)]


def needed(events, at):
    """Whether nothing but this wake is a reason for the poll that follows it."""
    mine = [e for e in events if e.name in LIFE and e.fields.get("task") == events[at].task]
    place = next(i for i, e in enumerate(mine) if e is events[at])
    polls = [i for i, e in enumerate(mine) if e.name == "poll_start"]
    before, after = max((i for i in polls if i < place), default=None), min((i for i in polls if i > place), default=None)
    if before is None or after is None:
        return False
    others = [e for e in mine[before:after] if e is not mine[place] and
              (e.name in ("wake", "task_spawn") or (e.name == "poll_end" and e.result == "YIELD"))]
    return not others and not noop_around(mine, after)


def changes(events, kind):
    """The recording without one event of the kind, and with one told twice."""
    places = [i for i, e in enumerate(events) if e.name == kind and e.fields.get("kind") != "MONITOR"]
    at = places[len(places) // 2]
    if kind in DEFINITIONS:
        key, value = DEFINITIONS[kind], events[at].fields[DEFINITIONS[kind]]
        yield "missing", [e for e in events if e.name != kind or e.fields[key] != value]
        return
    if kind == "wake":
        at = next((i for i in places if needed(events, i)), None)
        if at is None:
            sys.exit("no poll has a wake as its only reason: there is nothing to put the rules to the test with")
    yield "missing", events[:at] + events[at + 1:]
    yield "told twice", events[:at + 1] + events[at:]


def blind_spots(events, facts):
    """Kinds of events of which one can be missing, or be told twice, and no rule complains."""
    for kind in sorted({e.name for e in events} - UNCOUNTED):
        for what, changed in changes(events, kind):
            try:
                found = offences_of(Recording(changed, ""), facts, False)
            except (KeyError, AttributeError):
                found = ["it does not even make sense"]
            if not found:
                yield f"{kind} {what}: no rule complains"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording")
    parser.add_argument("facts")
    parser.add_argument("--late", action="store_true")
    parser.add_argument("--self", action="store_true", dest="self_test")
    options = parser.parse_args()
    events, warnings = read(options.recording)
    recording, facts = Recording(events, warnings), Facts(options.facts)
    if options.self_test:
        offences = list(blind_spots(events, facts))
    else:
        offences = offences_of(recording, facts, options.late)
    for line in offences[:20]:
        print(line)
    if len(offences) > 20:
        print(f"and {len(offences) - 20} more")
    print(f"{len(recording.events)} events, {len(recording.by_task)} tasks, {len(recording.by_channel)} channels, "
          f"{len(RULES)} rules: {len(offences)} offences")
    return 1 if offences else 0


if __name__ == "__main__":
    sys.exit(main())
