#!/bin/bash
# What does tracing cost? In instructions, since they are the same on a busy machine: callgrind counts them. The difference
# between a run and one of twice the work is the cost of the work; what is left is the cost of starting.
#
#   trace_cost.sh BUILD_DIR            all of it; takes a few minutes
#   trace_cost.sh BUILD_DIR --gate     only the first table; exit 1 if a loaded provider costs more than 3 %
#
# The figures of docs/design/tracing.md come from here.

set -u
build=$(realpath "${1:?the build folder}")
here=$(dirname "$(realpath "$0")")
gate=${2:-}
# shellcheck source=../tests/lib/lttng.sh
. "$here/../tests/lib/lttng.sh"
command -v valgrind >/dev/null || { echo "skipped: there is no valgrind"; exit 77; }
provider=$build/lib/libweft-lttng.so
pipeline=$build/bin/example-pipeline
messages=$build/bin/test-trace-traced_program
polls=$build/bin/bench-trace_poll
for file in "$provider" "$pipeline" "$messages"; do
    [ -e "$file" ] || { echo "skipped: $file was not built"; exit 77; }
done
lttng_begin "$@"
cd "$LTTNG_TMP" || exit 1
PERCENT_MAX=3

# instructions <program> [arguments]; with $loaded set to the provider it is preloaded.
loaded=
instructions() {
    local count
    count=$(LD_PRELOAD=$loaded valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 >/dev/null |
        sed -n 's/.*Collected : //p')
    [ -n "$count" ] || { echo "callgrind does not count: $*" >&2; exit 1; }
    echo "$count"
}

# --- the provider is loaded, and nobody records --------------------------------------------------------------------------

for _ in {1..40}; do cat "$here"/../include/weft/*.h; done >once.txt
cat once.txt once.txt >twice.txt
worst=0

# compare <name> <unit> <units of the shorter run> <program> -- <arguments, once> -- <arguments, twice>
compare() {
    local name=$1 unit=$2 units=$3 program=$4 once=() twice=() a b c d
    shift 5
    while [ "$1" != -- ]; do once+=("$1"); shift; done
    shift
    twice=("$@")
    loaded=
    a=$(instructions "$program" "${once[@]}") b=$(instructions "$program" "${twice[@]}")
    loaded=$provider
    c=$(instructions "$program" "${once[@]}") d=$(instructions "$program" "${twice[@]}")
    loaded=
    awk -v name="$name" -v unit="$unit" -v units="$units" -v a="$a" -v b="$b" -v c="$c" -v d="$d" 'BEGIN {
        printf "%-10s %12d %12d  %+7.2f %%   %10.1f %10.1f  %+7.2f %%   per %s\n", name, b, d, (d - b) * 100 / b,
            (b - a) / units, (d - c) / units, ((d - c) - (b - a)) * 100 / (b - a), unit
    }'
    worst=$(awk -v worst="$worst" -v b="$b" -v d="$d" 'BEGIN { p = (d - b) * 100 / b; print (p > worst ? p : worst) }')
}

echo "Instructions: no provider, provider loaded and no session. The whole run; then its work without the start."
printf '%-10s %12s %12s  %9s   %10s %10s  %9s\n' program without loaded more without loaded more
compare pipeline "byte of text" "$(stat -c %s once.txt)" "$pipeline" -- --workers 1 once.txt -- --workers 1 twice.txt
compare messages "message" 150000 "$messages" -- --workers 1 --orders 50000 -- --workers 1 --orders 100000
if [ "$gate" = --gate ]; then
    awk -v worst="$worst" -v max="$PERCENT_MAX" 'BEGIN {
        printf "%s   at most %+.2f %% more, %d %% are allowed\n", worst <= max ? "ok   " : "FAILED", worst, max
        exit worst > max
    }'
    exit
fi

# --- somebody records ----------------------------------------------------------------------------------------------------

[ -e "$polls" ] || { echo "skipped the rest: $polls was not built"; exit 0; }
lttng_daemon_start
rounds=9 # of bench-trace_poll

# recorded <name> <event pattern> <command>: the command's output, while a session is on.
recorded() {
    local name=$1 pattern=$2
    shift 2
    lttng_session "$name" "$pattern" >/dev/null
    lttng_session_start "$name"
    "$@"
    lttng_session_end "$name"
    rm -rf "${LTTNG_TMP:?}/$name"
}
per_poll() { echo $((($2 - $1) / (10000 * rounds))); } # 2000 polls a round, and 12000

none=$(per_poll "$(instructions "$polls" 2000)" "$(instructions "$polls" 12000)")
loaded=$provider
off=$(per_poll "$(instructions "$polls" 2000)" "$(instructions "$polls" 12000)")
one=$(per_poll "$(recorded a 'weft:poll_start' instructions "$polls" 2000)" \
    "$(recorded b 'weft:poll_start' instructions "$polls" 12000)")
two=$(per_poll "$(recorded c 'weft:*' instructions "$polls" 2000)" "$(recorded d 'weft:*' instructions "$polls" 12000)")
loaded=
echo
echo "Instructions per poll of a task that yields: two events, poll_start and poll_end."
echo "  no provider $none, loaded $off, one of them recorded $one, both $two: $(((two - off) / 2)) per recorded event"

echo
echo "Time, on whatever else this machine does now:"
for _ in 1 2 3; do
    printf '  no provider   %s\n' "$("$polls" 300000)"
    printf '  loaded        %s\n' "$(LD_PRELOAD=$provider "$polls" 300000)"
    printf '  recorded      %s\n' "$(recorded e 'weft:*' env LD_PRELOAD="$provider" "$polls" 100000)"
done
