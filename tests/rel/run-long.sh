#!/bin/sh
# SPDX-License-Identifier: MIT
# The figures of reliability at full size, again and again: `tests/rel/run-long.sh BUILD`, a build folder without sanitizer.
#
#   run-long.sh [-p PERCENT] [-t SECONDS] [-n ROUNDS] BUILD [NAME...]
#
#   -p PERCENT   of the full size of each figure (default 100: about a quarter of an hour for all but the soak)
#   -t SECONDS   of load in the soak (default 600); a tenth of it in others that measure for a time
#   -n ROUNDS    how often each program runs (default 1)
#   NAME         a file of tests/rel, without its suffix, or a folder; all by default
#
# Seeds go on from run to run: WEFT_REL_STATE (default ~/.local/state/weft) keeps the next one, and every line
# "REL <id> value limit PASS|FAIL seed" with its time in the file `history`. The exit code is 1 if one says FAIL or a program
# fails. A figure is about this machine, so let it have nothing else to do.
set -u
here=$(cd "$(dirname "$0")" && pwd)
percent=100 seconds=600 rounds=1
usage() {
    sed -n 's/^# \{0,1\}//; 3,14p' "$0" >&2
    exit 2
}
while getopts p:t:n: option; do
    case $option in
    p) percent=$OPTARG ;;
    t) seconds=$OPTARG ;;
    n) rounds=$OPTARG ;;
    *) usage ;;
    esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || usage
build=$1
shift
if [ $# -eq 0 ]; then
    for source in "$here"/*.c "$here"/*/main.c; do
        name=${source%/main.c}
        name=${name##*/}
        set -- "$@" "${name%.c}"
    done
fi
state=${WEFT_REL_STATE:-$HOME/.local/state/weft}
mkdir -p "$state" || exit 2
export WEFT_REL_PERCENT="$percent" WEFT_REL_HISTORY="$state/history"

failures=0
while [ "$rounds" -gt 0 ]; do
    for name in "$@"; do
        program=$build/bin/test-rel-$name
        [ -x "$program" ] || { echo "$program: there is none: build the tests first" >&2; exit 2; }
        WEFT_SEED=$(cat "$state/seed" 2>/dev/null || echo 1)
        export WEFT_SEED
        echo $((WEFT_SEED + 1)) >"$state/seed"
        WEFT_REL_SECONDS=$((seconds / 10))
        [ "$name" != soak ] || WEFT_REL_SECONDS=$seconds
        [ "$WEFT_REL_SECONDS" -gt 0 ] || WEFT_REL_SECONDS=1
        export WEFT_REL_SECONDS
        "$program" >"$state/output" 2>&1
        code=$?
        grep '^REL ' "$state/output"
        if [ "$code" -ne 0 ] || grep -q '^REL .* FAIL ' "$state/output"; then
            cp "$state/output" "$state/failed-$name-$WEFT_SEED"
            echo "$name: exit code $code, all of it is in $state/failed-$name-$WEFT_SEED"
            failures=$((failures + 1))
        fi
    done
    rounds=$((rounds - 1))
done
[ "$failures" -eq 0 ]
