#!/bin/sh
# SPDX-License-Identifier: MIT
# The long run: the self test at a larger scale, then every harness for a long time, then the whole mutation gate.
#
#   run-long.sh [BUILD] [MINUTES]      MINUTES for each harness (default 20) or 100,000,000 executions, whichever is first
#
# Seeds go on from run to run: BUILD/<harness>.next holds the first that was not tried. One line for each figure, "REL <id> value
# limit PASS|FAIL seed", also in BUILD/history; what the gate found is in BUILD/mutants.log. Exit 1 if anything failed; a
# harness that did not get as far as the limit has not.
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=${1:-${TMPDIR:-/tmp}/weft-model}
minutes=${2:-20}
mkdir -p "$build"
export WEFT_REL_HISTORY="$build/history"
failures=0

SCALE=20 "$here/self.sh" "$build" || failures=$((failures + 1))

for name in $(sed -n 's/^\(t_[a-z_]*\) *|.*/\1/p' "$here/harnesses.txt"); do
    next=$(cat "$build/$name.next" 2>/dev/null || echo 1)
    if "$here/run.sh" "$build" "$name" rel=100000000 n=100000000 from="$next" t=$((minutes * 60)) >"$build/$name.log"; then
        tried=$(sed -n 's/^REL [^ ]* \([0-9]*\) .*/\1/p' "$build/$name.log")
        echo $((next + tried)) >"$build/$name.next"
        tail -n 1 "$build/$name.log"
    else
        cat "$build/$name.log"
        failures=$((failures + 1))
    fi
done

"$here/mutate.py" --gate -n 1000000 --build "$build" >"$build/mutants.log" || failures=$((failures + 1))
grep -v -e '^killed .*seed [0-9]*$' -e '^survived ' "$build/mutants.log"
[ "$failures" -eq 0 ]
