#!/bin/sh
# SPDX-License-Identifier: MIT
# Is the explorer right? Litmus tests, twins that must not fail, mutants of them that must, replays that must repeat.
#
#   self.sh [BUILD]       prints what failed, then "N passed, M failed"; exit 1 if M > 0
#
# ctest-timeout: 900, ctest-cost: 25
# SCALE multiplies the number of executions (default 1: about a minute on one core).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${1:-${TMPDIR:-/tmp}/weft-model}
scale=${SCALE:-1}
work=$build/self
mkdir -p "$work"
rm -f "$work"/*.result
"$here/build.sh" explorer "$build"

# verdict NAME ok|bad TEXT
verdict() {
    echo "$2 $1: $3" >"$work/$(echo "$1" | tr ' /' '__').result"
}

# A program that must end with OK.
must_hold() {
    name=$1
    program=$2
    shift 2
    last=$("$program" "$@" | tail -n 1) || true
    case $last in
    OK*) verdict "$name" ok "$last" ;;
    *) verdict "$name" bad "$last" ;;
    esac
}

# A mutant that must fail, saying TEXT ("" for anything), and fail in the same way when replayed.
must_fail() {
    name=$1
    program=$2
    text=$3
    shift 3
    last=$("$program" "$@" | tail -n 1) || true
    case $last in
    FAIL*"$text"*) ;;
    *)
        verdict "$name" bad "not found: $last"
        return
        ;;
    esac
    seed=${last##* }
    case $last in
    *"goal never reached"*)
        verdict "$name" ok "$last"
        return
        ;;
    esac
    "$program" seed="$seed" trace=1 >"$program.trace1" || true
    "$program" seed="$seed" trace=1 >"$program.trace2" || true
    if cmp -s "$program.trace1" "$program.trace2" && [ "$(tail -n 1 "$program.trace1")" = "$last" ]; then
        verdict "$name" ok "$last"
    else
        verdict "$name" bad "seed $seed does not replay: $last"
    fi
    rm -f "$program.trace1" "$program.trace2"
}

one_twin() {
    twin=$1
    mutant=$2
    source=$here/twins/$twin.c
    program=$work/$twin$mutant
    if [ -z "$mutant" ]; then
        "$here/build.sh" program "$build" "$program" -Wall -Wextra "$source"
        must_hold "twin $twin" "$program" n=$((200000 * scale))
        must_hold "twin $twin under sc" "$program" sc n=$((20000 * scale)) goals=off
    else
        "$here/build.sh" program "$build" "$program" "-D$mutant" "$source" 2>"$program.log" || cat "$program.log"
        text=$(sed -n "s/^ \* $mutant: //p" "$source")
        must_fail "twin $twin $mutant" "$program" "$text" n=$((400000 * scale))
        rm -f "$program.log"
    fi
    rm -f "$program"
}

"$here/build.sh" program "$build" "$work/litmus" -Wall -Wextra "$here/litmus.c"
must_hold "litmus" "$work/litmus" n=$((1000000 * scale))
must_fail "litmus under sc lacks the weak outcomes" "$work/litmus" "goal never reached: SB rlx" sc n=100000

for source in "$here"/twins/*.c; do
    twin=$(basename "$source" .c)
    echo "$twin"
    grep -oE 'BUG_[A-Z_0-9]+' "$source" | sort -u | sed "s/^/$twin /"
done >"$work/list"
while read -r twin mutant; do
    one_twin "$twin" "$mutant"
done <"$work/list"

cat "$work"/*.result | grep '^bad' || true
passed=$(cat "$work"/*.result | grep -c '^ok' || true)
failed=$(cat "$work"/*.result | grep -c '^bad' || true)
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
