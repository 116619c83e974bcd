#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compare what `weft trace report --json` says of a recording of traced_program with what the program printed.

    check_report.py REPORT FACTS [--late | --lost | --twice FACTS]

With --late the recording began in the middle; with --lost events are missing, so counts may be too low, and no time may be
longer than there is; with --twice two processes did the same at once, and these are the other's facts.
"""

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "trace"))
from check_recording import Facts  # noqa: E402


def wall(report):
    facts = report["recording"]["facts"][0]
    return facts["end_ns"] - facts["begin_ns"]


def check_tasks(report, facts, options):
    times = 2 if options.twice else 1
    have = defaultdict(int)
    for row in report["tasks"]["polls"]:
        have[row["name"]] += row["tasks"]
    for name, fact in facts.task_names.items():
        if have.get(name, 0) != times * fact["count"]:
            yield f"tasks {name}: {have.get(name, 0)}, the program spawned {times * fact['count']}"
    polls = sum(row["polls"] for row in report["tasks"]["polls"])
    want = facts.numbers["polls"] + (Facts(options.twice).numbers["polls"] if options.twice else 0)
    if polls > want or (not options.late and polls != want):
        yield f"{polls} polls, the program counted {want}"
    sites = report["inventory"]["sites"]
    if sum(row["count"] for row in sites) != sum(have.values()):
        yield "the inventory has other tasks than the table of polls"
    for row in sites:
        if not row["step"] or not row["site"] or not row["behaviour"] or not (row["bytes"] or 0) > 64:
            yield f"a site is not told: {row}"


def check_runtime(report, facts):
    """Counts that the runtime keeps itself."""
    have = {
        "wakes": sum(row["woken"] for row in report["wakes"]["tasks"]),
        "steals": sum(row["steals"] for row in report["workers"]["workers"]),
        "stolen": sum(row["stolen"] for row in report["workers"]["workers"]),
    }
    for key, value in have.items():
        if value != facts.numbers[key]:
            yield f"{key}: {value}, the runtime counted {facts.numbers[key]}"
    by_edges = sum(row["count"] for row in report["wakes"]["edges"] if row["cause"] not in ("SPAWN", "YIELD", "AGAIN"))
    if by_edges != have["wakes"]:
        yield f"{by_edges} wakes by who woke whom, {have['wakes']} by task"
    noops = sum(row["noops"] for row in report["wakes"]["tasks"])
    if noops > facts.numbers["wakes_noop"]:  # those of tasks that are gone have no task
        yield f"{noops} needless wakes, the runtime counted {facts.numbers['wakes_noop']}"
    stolen = sum(row["tasks"] for row in report["workers"]["steals"])
    if stolen != have["stolen"] or sum(row["robbed"] for row in report["workers"]["workers"]) != stolen:
        yield f"{stolen} tasks stolen by pairs, {have['stolen']} by thieves"
    sources = sum(row[key] for row in report["workers"]["workers"]
                  for key in ("from_next", "from_local", "from_global", "from_stolen"))
    if sources != facts.numbers["polls"]:
        yield f"{sources} polls by where the task came from, the runtime counted {facts.numbers['polls']}"


def check_channels(report, facts, options):
    times = 2 if options.twice else 1
    want = defaultdict(lambda: defaultdict(int))
    for fact in facts.channels.values():
        for key in ("sent", "received", "dropped", "failed"):
            want[fact["name"]][key] += times * fact[key]
        want[fact["name"]]["channels"] += times
        want[fact["name"]]["capacity"] = fact["capacity"]
    have = defaultdict(lambda: defaultdict(int))
    for row in report["channels"]["channels"]:
        for key in ("sent", "received", "channels"):
            have[row["name"]][key] += row[key]
        have[row["name"]]["capacity"] = row["capacity"]
        if not 0 <= (row["full_share"] or 0) <= (row["near_share"] or 0) <= 1 or row["depth_max"] > row["capacity"]:
            yield f"channel {row['name']} is fuller than it can be: {row}"
    for row in report["channels"]["messages"]:
        have[row["name"]]["failed"] += row["failed"]
        have[row["name"]]["dropped"] += row["dropped_newest"] + row["dropped_oldest"] + row["dropped_closed"]
    if set(have) != set(want):
        yield f"channels {sorted(have, key=str)}, the program has {sorted(want)}"
        return
    for name, counts in want.items():
        for key, value in counts.items():
            if have[name][key] != value and not (options.late and key in ("sent", "received", "failed", "dropped")
                                                 and have[name][key] <= value):
                yield f"channel {name}: {key} {have[name][key]}, the program says {value}"
    if not options.late:
        sides = defaultdict(int)
        for row in report["channels"]["partners"]:
            sides[row["channel"], row["side"]] += row["messages"]
        for name, counts in want.items():
            if sides[name, "sender"] != counts["sent"] or sides[name, "receiver"] != counts["received"]:
                yield f"channel {name}: partners {sides[name, 'sender']} and {sides[name, 'receiver']}, not {dict(counts)}"


def check_times(report, options):
    """Holds of any recording: no part is longer than the whole."""
    whole = wall(report)
    busy = sum(row["busy_ns"] for row in report["tasks"]["polls"])
    by_workers = sum(row["busy_ns"] for row in report["workers"]["workers"])
    if busy != by_workers and not options.lost:
        yield f"tasks were busy for {busy} ns, workers for {by_workers}"
    for row in report["workers"]["workers"]:
        if row["busy_share"] + row["parked_share"] > 1.0001 or row["busy_ns"] > whole:
            yield f"worker {row['worker']} did more than there is time for: {row}"
    for table in (report["latency"]["tasks"], report["latency"]["causes"]):
        for row in table:
            if not 0 <= row["wait_p50_ns"] <= row["wait_p99_ns"] <= row["wait_p999_ns"] <= row["wait_max_ns"] <= whole:
                yield f"waits are out of order: {row}"
    for row in report["tasks"]["polls"]:
        if row["polls"] and not row["poll_p50_ns"] <= row["poll_p99_ns"] <= row["poll_max_ns"] <= whole:
            yield f"polls are out of order: {row}"
    by_cause = sum(row["count"] for row in report["latency"]["causes"])
    by_task = sum(row["count"] for row in report["latency"]["tasks"])
    if by_cause != by_task:
        yield f"{by_cause} waits by cause, {by_task} by task"
    if not options.lost and not options.late and by_task > sum(row["polls"] for row in report["tasks"]["polls"]):
        yield "more waits for a worker than polls"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report")
    parser.add_argument("facts")
    parser.add_argument("--late", action="store_true")
    parser.add_argument("--lost", action="store_true")
    parser.add_argument("--twice")
    options = parser.parse_args()
    with open(options.report, encoding="utf-8") as file:
        report = json.load(file)
    facts = Facts(options.facts)
    offences = list(check_times(report, options))
    if not options.lost:
        offences += check_tasks(report, facts, options)
        offences += check_channels(report, facts, options)
        if not options.late and not options.twice:
            offences += check_runtime(report, facts)
    if bool(report["alarms"]) != options.lost:
        offences.append(f"alarms: {report['alarms']}")
    for line in offences:
        print(line)
    print(f"{report['recording']['facts'][0]['events']} events, {len(report['lints']['findings'])} findings: "
          f"{len(offences)} offences")
    return 1 if offences else 0


if __name__ == "__main__":
    sys.exit(main())
