#!/bin/bash
# The test programs under valgrind's memcheck: `tests/valgrind.sh BUILD`, a build folder without sanitizer.
#
#   valgrind.sh [-s] BUILD [NAME...]
#
#   -s      the short selection that tests/run.sh takes: under a minute
#   NAME    as ctest calls it, api/send; without any: every program that ctest runs, in twenty minutes of one processor
#
# A program passes if it passes as always, if memcheck finds no error, and if no block is definitely lost. One thing is
# suppressed, and why is in memcheck.supp. Sizes are a fiftieth of the native ones (WEFT_STRESS_PERCENT); threads run one at a time, in
# turns. What was run, and for how many seconds, is in BUILD/valgrind/results; the last line is the sum, as tests/run.sh reads it. JOBS
# programs run beside each other (default: the processors), for at most WEFT_VALGRIND_LIMIT seconds each (default: 1800).
set -u

# Their children end amid the blocks of their parent, at an illegal instruction, or by exit() in a task; or the exporter that a child
# inherits stays as it is, as otlp.c says. Memcheck looks for errors there, and AddressSanitizer for leaks.
LOSING="fault/fork fault/process otlp/start"
SHORT="unit/base/event unit/channel/begun unit/channel/positions unit/registry/slab unit/sched/parker unit/task/state unit/timer/wheel
    api/blocking api/hooks api/recv api/scope api/select api/send api/sync_broadcast api/sync_lock api/sync_oneshot api/task
    api/timer fault/memory rel/same stress/join stress/scope"

short=no
[ "${1:-}" != -s ] || { short=yes; shift; }
[ $# -gt 0 ] || { sed -n '2,14s/^# \{0,1\}//p' "$0" >&2; exit 2; }
build=$(cd "$1" && pwd) || exit 2
shift
cd "$(dirname "$0")" || exit 2
export WEFT_VALGRIND=1 WEFT_STRESS_PERCENT=2 LOGS=$build/valgrind LOSING
mkdir -p "$LOGS"

# <name> <program> of each test of ctest's that is one. It says "12: Test command: BUILD/bin/test-api-send", and then "Test #12: api/send".
(cd "$build" && ctest -N -V) | awk '/^[0-9]+: Test command: [^ ]*\/bin\/test-[^ ]*$/ { program = $4 }
                                    /^ *Test +#/ { if (program != "") print $NF, program; program = "" }' >"$LOGS/programs"
if [ $# -eq 0 ] && [ $short = yes ]; then
    # shellcheck disable=SC2086
    set -- $SHORT
elif [ $# -eq 0 ]; then
    # shellcheck disable=SC2046
    set -- $(cut -d' ' -f1 "$LOGS/programs")
fi

# one <name>: says "ok", or "FAILED" and what the program said.
one() {
    local log=$LOGS/${1//\//-}.log start=$SECONDS leaks=full program code skipped
    program=$(sed -n "s|^$1 ||p" "$LOGS/programs")
    case " $LOSING " in *" $1 "*) leaks=no ;; esac
    timeout "${WEFT_VALGRIND_LIMIT:-1800}" valgrind -q --leak-check=$leaks --show-leak-kinds=definite \
        --errors-for-leak-kinds=definite --error-exitcode=99 --vgdb=no --fair-sched=yes --max-threads=3000 --num-callers=25 --suppressions=memcheck.supp \
        "${program:-no-such-program}" >"$log" 2>&1
    code=$?
    skipped=$(sed -n 's/^\[  SKIPPED \] \([0-9]*\) test.*below:$/\1/p' "$log") # by cmocka
    [ $code != 77 ] || { echo "ok $1: skipped as a whole"; return; }
    [ $code != 0 ] || { echo "ok $1: $((SECONDS - start)) s, ${skipped:-0} skipped"; return; }
    tail -60 "$log"
    echo "FAILED $1: exit code $code, all of it is in $log"
}
export -f one

printf '%s\n' "$@" | xargs -P "${JOBS:-$(nproc)}" -I{} bash -c 'one {}' | tee "$LOGS/results" | grep -v '^ok '
failed=$(grep -c '^FAILED ' "$LOGS/results")
echo "$(grep -c '^ok ' "$LOGS/results") passed, $failed failed"
[ "$failed" -eq 0 ]
