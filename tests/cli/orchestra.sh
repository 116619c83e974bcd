#!/bin/bash
# Each fault of examples/orchestra is found in its recording, by name; and none of them in one of a run without faults.
#
#   orchestra.sh BUILD_DIR           ctest-timeout: 600, ctest-cost: 15
#   orchestra.sh BUILD_DIR PAGE      writes the findings into that page, between its marks: docs/guide/faults.md

set -u
page=${2:+$(realpath "$2")}
# shellcheck source=../lib/recordings.sh
. "$(dirname "$(realpath "$0")")/../lib/recordings.sh"
program=$(realpath "${1:?the build folder}")/bin/example-orchestra
recordings_begin "$@"

# The fault, the lint that finds it and of what, and how to run it so that it hurts within a second.
faults="1|channel-saturated|finalize|--orders 400 --ms 100 --sizes 100,100,40,20,20,16,5000
2|blocking-call|step handler|--orders 60
3|never-yielded|reindex|--ms 600
4|lost-waker|cache poller|--orders 100 --ms 1400
5|self-wake|load poller|--ms 300
6|deadlock|ledger auditor|--ms 300
7|task-leak|deadline watch|--ms 300
8|unbounded-admission|SEMAPHORE handlers|--ms 20
9|messages-lost|events|--sizes 5000,5000,2000,1000,1000,5000,4
10|timer-storm|timers|--orders 20 --ms 1000
11|pool-queue|step handler|--orders 150"

# record <name> <arguments of the program>
record() {
    local name=$1
    shift
    lttng_session "$name"
    lttng_session_start "$name"
    timeout 300 "$program" --trace "$@" >"$name.out" 2>&1 || failed "$name: $(cat "$name.out")"
    lttng_session_end "$name"
    "$weft" trace lints "$name" --json >"$name.json" || failed "$name: its recording cannot be read"
}

# finding <name> <lint> <subjects>: prints it as one line; fails if there is none of these subjects.
finding() {
    "$python" - "$@" <<'PYTHON'
import json, sys
name, lint, subjects = sys.argv[1:4]
for row in json.load(open(name + ".json"))["lints"]["findings"]:
    if row["lint"] == lint and row["subject"] in subjects.split() + [subjects]:
        print(f"{row['severity']} {row['lint']}, {row['subject']}: {row['what']}." +
              (f" Where: {row['where']}." if row["where"] else "") + f" {row['advice'][0].upper()}{row['advice'][1:]}.")
        sys.exit(0)
sys.exit(1)
PYTHON
}

record none
while IFS='|' read -r number lint subject options; do
    if found=$(finding none "$lint" "$subject"); then
        failed "nothing is wrong, and yet: $found"
    fi
done <<<"$faults"
passed "a run without faults has none of them"
actors=$("$weft" trace report none --json | "$python" -c 'import json, sys
rows = json.load(sys.stdin)["inventory"]["sites"]
print(sum(row["behaviour"] not in ("per-request handler", "utility") for row in rows))')
if [ "$actors" = 14 ]; then passed "fourteen tasks live long"; else failed "$actors tasks live long, not fourteen"; fi

while IFS='|' read -r number lint subject options; do
    for try in 1 2 3 4 5; do # of a machine that has much else to do it may get too little to hurt: a thousand timers a second, say
        rm -rf "S$number"
        # shellcheck disable=SC2086
        record "S$number" --fault "$number" $options
        found=$(finding "S$number" "$lint" "$subject") && break
    done
    if [ -n "$found" ]; then
        passed "S$number, recording $try: ${found:0:100}"
        printf '%s\n' "$found" >"S$number.found"
    else
        failed "S$number: no $lint of $subject among:"
        "$weft" trace lints "S$number" | tail -20
    fi
done <<<"$faults"

if [ -n "$page" ] && [ "$lttng_failures" = 0 ]; then
    "$python" - "$page" <<'PYTHON'
import re, sys, textwrap
path = sys.argv[1]
text = open(path, encoding="utf-8").read()
for number in range(1, 12):
    found = textwrap.fill(open(f"S{number}.found", encoding="utf-8").read().strip(), 118)
    mark = f"<!-- found: S{number} -->"
    text, count = re.subn(re.escape(mark) + r"\n```text\n(?:(?!```).*\n)*```", lambda m: f"{mark}\n```text\n{found}\n```", text)
    assert count == 1, mark
open(path, "w", encoding="utf-8").write(text)
PYTHON
fi
finish
