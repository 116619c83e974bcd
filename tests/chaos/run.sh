#!/bin/bash
# SPDX-License-Identifier: MIT
# The tests in the chaos build (src/base/chaos.h), again and again: `tests/chaos/run.sh BUILD`, a build with -DWEFT_CHAOS=ON.
#
#   run.sh [-n ROUNDS] [-p PERCENT] [-s SEED] [-w MS] BUILD [CTEST ARGUMENT...]
#
#   -n ROUNDS    how often, each round with the next seed (default 20, some ten minutes; for a night: 200)
#   -p PERCENT   of the native sizes of stress tests (default 30)
#   -s SEED      of the first round (default: the time)
#   -w MS        some places of the code are slow, by up to so many milliseconds, as on a machine with much else to do
#                (WEFT_CHAOS_SLOW, tests/chaos/chaos.c)
#
# Without ctest arguments: unit, api and stress, but for api/sim*, which are about one thread. Says what failed and its seed, which
# chooses the same again; then the figure "REL F5 <rounds without a failure> <rounds> PASS|FAIL <seed>", and as the last line the
# sum, as tests/run.sh reads it.
set -u
rounds=20 percent=30 seed=$(date +%s)
usage() {
    sed -n 's/^# \{0,1\}//; 3,15p' "$0" >&2
    exit 2
}
while getopts n:p:s:w: option; do
    case $option in
    n) rounds=$OPTARG ;;
    p) percent=$OPTARG ;;
    s) seed=$OPTARG ;;
    w) export WEFT_CHAOS_SLOW=$OPTARG ;;
    *) usage ;;
    esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || usage
build=$1
shift
[ $# -gt 0 ] || set -- -L '^(unit|api|stress)$' -E '^api/sim'
grep -q '^WEFT_CHAOS:BOOL=ON' "$build/CMakeCache.txt" || { echo "$build: not built with -DWEFT_CHAOS=ON" >&2; exit 2; }

export WEFT_STRESS_PERCENT=$percent
passed=0 failed=0 good=0 shown=$seed
for ((round = 0; round < rounds; round++)); do
    export WEFT_SEED=$((seed + round))
    (cd "$build" && ctest -j "${JOBS:-$(nproc)}" --output-on-failure --no-tests=error "$@") >"$build/chaos.log" 2>&1
    # "97% tests passed, 3 tests failed out of 100"
    total=$(sed -n 's/.*tests failed out of \([0-9]*\)$/\1/p' "$build/chaos.log")
    bad=$(sed -n 's/.*tests passed, \([0-9]*\) tests failed out of.*/\1/p' "$build/chaos.log")
    [ -n "$total" ] || { tail -20 "$build/chaos.log"; total=1 bad=1; }
    passed=$((passed + total - bad)) failed=$((failed + bad))
    if [ "$bad" = 0 ]; then
        good=$((good + 1))
    else
        grep -v -E '^ *[0-9]+/[0-9]+ Test .* Passed |^ +Start ' "$build/chaos.log"
        echo "chaos: WEFT_SEED=$WEFT_SEED WEFT_STRESS_PERCENT=$percent${WEFT_CHAOS_SLOW:+ WEFT_CHAOS_SLOW=$WEFT_CHAOS_SLOW}"
        shown=$WEFT_SEED
    fi
done
verdict=FAIL
[ "$failed" != 0 ] || verdict=PASS
line="REL F5 $good $rounds $verdict $shown"
echo "$line"
[ -z "${WEFT_REL_HISTORY:-}" ] || echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) $line" >>"$WEFT_REL_HISTORY"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
