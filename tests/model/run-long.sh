#!/bin/sh
# SPDX-License-Identifier: MIT
# The long run: the self test at a larger scale, then every harness for a long time, then the mutation gate.
#
#   run-long.sh [BUILD] [MINUTES]      MINUTES for each harness (default 20); about three hours in all
#
# Seeds go on from run to run: BUILD/<harness>.next holds the first that was not tried. One line for each figure:
# "REL <id> value limit PASS|FAIL seed", kept in BUILD/history.
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=${1:-${TMPDIR:-/tmp}/weft-model}
minutes=${2:-20}
mkdir -p "$build"
failures=0

say() {
    echo "$1" | tee -a "$build/history"
}

if last=$(SCALE=20 "$here/self.sh" "$build" | tail -n 1); then
    say "REL model-self $last PASS -"
else
    say "REL model-self $last FAIL -"
    failures=$((failures + 1))
fi

for name in $(sed -n 's/^\(t_[a-z_]*\) *|.*/\1/p' "$here/harnesses.txt"); do
    next=$(cat "$build/$name.next" 2>/dev/null || echo 1)
    last=$("$here/run.sh" "$build" "$name" from="$next" t=$((minutes * 60)) | tail -n 1)
    case $last in
    OK*)
        tried=$(echo "$last" | cut -d' ' -f2)
        echo $((next + tried)) >"$build/$name.next"
        say "REL model-$name $tried 0 PASS $next"
        ;;
    *)
        say "REL model-$name 0 0 FAIL ${last##* } ($last)"
        failures=$((failures + 1))
        ;;
    esac
done

while read -r source harnesses; do
    if last=$("$here/mutate.py" -n 1000000 "$source" $harnesses | tee -a "$build/mutants.log" | tail -n 1); then
        say "REL mutants $last PASS -"
    else
        say "REL mutants $last FAIL -"
        failures=$((failures + 1))
    fi
done <<EOF
$(grep -v '^#' "$here/mutants.txt" | grep .)
EOF
[ "$failures" -eq 0 ]
