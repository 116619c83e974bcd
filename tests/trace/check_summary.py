#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compare what `weft trace summary --json` says of a recording of traced_program with what the program printed.

    check_summary.py SUMMARY FACTS [--late | --lost N]

With --late the recording began in the middle. With --lost N babeltrace2 says that N events are missing: then the counts
must not be too high, and the summary must say the same number.
"""

import argparse
import json
import sys
from collections import defaultdict

from check_recording import Facts


def check_tasks(summary, facts, late):
    rows = {(row["name"], row["category"]): row for row in summary["tasks"]}
    want = {(name, fact["category"]): fact["count"] for name, fact in facts.task_names.items()}
    for key in sorted(set(rows) | set(want), key=str):
        have = rows[key]["tasks"] if key in rows else 0
        if have != want.get(key, 0):
            yield f"tasks {key}: {have}, the program spawned {want.get(key, 0)}"
    for key, row in rows.items():
        if row["live"] or row["polls_untimed"] or row["ok"] + row["cancelled"] + row["failed"] != row["tasks"]:
            yield f"tasks {key} do not add up: {row}"
        if not 0 < row["longest_poll_ns"] <= row["busy_ns"]:
            yield f"tasks {key}: busy {row['busy_ns']} ns, longest poll {row['longest_poll_ns']} ns"
    polls = sum(row["polls"] + row["polls_before_recording"] for row in summary["tasks"])
    if polls != facts.numbers["polls"]:
        yield f"{polls} polls, the program counted {facts.numbers['polls']}"
    before = sum(row["before_recording"] for row in summary["tasks"])
    if before != (6 if late else 0):
        yield f"{before} tasks lived before the recording"
    if rows.get(("sleeper", 0), {}).get("cancelled") != 1 or rows.get(("child", 0), {}).get("failed") != 1:
        yield "the sleeper was not cancelled, or no child failed"


def check_channels(summary, facts, late):
    want = defaultdict(lambda: defaultdict(int))
    for fact in facts.channels.values():
        for key in ("sent", "received", "dropped", "failed"):
            want[fact["name"]][key] += fact[key]
        want[fact["name"]]["channels"] += 1
        want[fact["name"]]["component"] = fact["component"]
        want[fact["name"]]["capacity"] = fact["capacity"]
    rows = {row["name"]: row for row in summary["channels"]}
    if set(rows) != set(want):
        yield f"channels {sorted(rows, key=str)}, the program has {sorted(want)}"
        return
    for name, row in rows.items():
        have = dict(row)
        for key in ("sent", "received"):
            have[key] += row[key + "_before_recording"]
        for key, value in want[name].items():
            if have[key] != value:
                yield f"channel {name}: {key} {have[key]}, the program says {value}"
        if not row["depth_max"] <= row["capacity"] or (want[name]["sent"] and not row["depth_max"]):
            yield f"channel {name}: high-water mark {row['depth_max']} of {row['capacity']}"
        if row["live"]:
            yield f"channel {name}: {row['live']} live"
    if not late and rows["gossip"]["depth_max"] != 2:
        yield f"gossip was full, its high-water mark is {rows['gossip']['depth_max']}"


def check_workers(summary, facts, late):
    polls = sum(row["polls"] for row in summary["workers"])
    if polls != sum(row["polls"] for row in summary["tasks"]):
        yield f"{polls} polls by workers, not as many as by tasks"
    busy = sum(row["busy_ns"] for row in summary["workers"])
    if busy != sum(row["busy_ns"] for row in summary["tasks"]):
        yield f"workers were busy for {busy} ns, not as long as tasks"
    for row in summary["workers"]:
        if row["busy_ns"] + row["parked_ns"] > row["time_ns"]:
            yield f"worker {row['worker']} did more than there is time for: {row}"
        if row["runtime"] != "traced" or not row["thread"]:
            yield f"worker {row['worker']} has no runtime or thread: {row}"


def check_lost(summary, facts, lost):
    if summary["events_lost"] != lost:
        yield f"{summary['events_lost']} events lost, babeltrace2 says {lost}"
    polls = sum(row["polls"] for row in summary["tasks"])
    if polls > facts.numbers["polls"]:
        yield f"{polls} polls, the program counted only {facts.numbers['polls']}"
    wall = summary["end_ns"] - summary["begin_ns"]
    for row in summary["workers"]:
        if row["busy_ns"] + row["parked_ns"] > wall:
            yield f"worker {row['worker']} did more than there is time for: {row}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("summary")
    parser.add_argument("facts")
    parser.add_argument("--late", action="store_true")
    parser.add_argument("--lost", type=int)
    options = parser.parse_args()
    with open(options.summary, encoding="utf-8") as file:
        summary = json.load(file)
    facts = Facts(options.facts)
    if options.lost:
        offences = list(check_lost(summary, facts, options.lost))
    else:
        offences = [line for check in (check_tasks, check_channels, check_workers)
                    for line in check(summary, facts, options.late)]
        if summary["events_lost"] or summary["packets_lost"] or summary["lost_uncounted"]:
            offences.append(f"lost: {summary['events_lost']} events, {summary['packets_lost']} packets")
    for line in offences:
        print(line)
    print(f"{summary['events']} events, {len(summary['tasks'])} names of tasks, {len(summary['channels'])} of channels: "
          f"{len(offences)} offences")
    return 1 if offences else 0


if __name__ == "__main__":
    sys.exit(main())
