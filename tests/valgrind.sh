#!/bin/bash
# The test programs under valgrind's memcheck: `tests/valgrind.sh BUILD`, a build folder without sanitizer.
#
#   valgrind.sh [-s] BUILD [NAME...]
#
#   -s      the short selection that tests/run.sh takes: under a minute
#   NAME    as ctest calls it, api/send; without any: all, in some minutes
#
# A program passes if it passes as always, if memcheck finds no error, and if no block is definitely lost. Nothing is
# suppressed. Sizes are a fiftieth of the native ones (WEFT_STRESS_PERCENT); threads run one at a time, in turns. The last
# line is the sum, as tests/run.sh reads it. JOBS programs run beside each other (default: the processors).
set -u

# Children that end amid the blocks of their parent, at an illegal instruction, or by exit() in a task; or children known by a
# descriptor, which valgrind's kernel does not have. AddressSanitizer runs these.
EXCLUDED="fault/fork fault/process api/misuse_matrix"
SHORT="unit/channel/begun unit/channel/positions unit/registry/slab unit/sched/parker unit/task/state unit/timer/wheel
    api/blocking api/hooks api/recv api/scope api/select api/send api/sync_broadcast api/sync_lock api/sync_oneshot api/task
    api/timer fault/memory rel/same stress/join stress/scope"

short=no
[ "${1:-}" != -s ] || { short=yes; shift; }
[ $# -gt 0 ] || { sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 2; }
build=$(cd "$1" && pwd) || exit 2
shift
cd "$(dirname "$0")" || exit 2
if [ $# -eq 0 ] && [ $short = yes ]; then
    # shellcheck disable=SC2086
    set -- $SHORT
elif [ $# -eq 0 ]; then
    for source in unit/*/*.c api/*.c stress/*.c fault/*.c fault/memory rel/*.c rel/*/ self/*.c; do
        source=${source%.c}
        source=${source%/}
        case " $EXCLUDED " in *" $source "*) ;; *) set -- "$@" "$source" ;; esac
    done
fi

export WEFT_VALGRIND=1 WEFT_STRESS_PERCENT=2 LOGS=$build/valgrind BUILD=$build
mkdir -p "$LOGS"

# one <name>: says "ok", or "FAILED" and what the program said.
one() {
    local flat=${1//\//-} code
    timeout 600 valgrind -q --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite --error-exitcode=99 \
        --fair-sched=yes --max-threads=3000 --num-callers=25 "$BUILD/bin/test-$flat" >"$LOGS/$flat.log" 2>&1
    code=$?
    [ $code != 0 ] || { echo "ok $1"; return; }
    tail -60 "$LOGS/$flat.log"
    echo "FAILED $1: exit code $code, all of it is in $LOGS/$flat.log"
}
export -f one

printf '%s\n' "$@" | xargs -P "${JOBS:-$(nproc)}" -I{} bash -c 'one {}' >"$LOGS/results"
grep -v '^ok ' "$LOGS/results"
failed=$(grep -c '^FAILED ' "$LOGS/results")
echo "$(grep -c '^ok ' "$LOGS/results") passed, $failed failed"
[ "$failed" -eq 0 ]
