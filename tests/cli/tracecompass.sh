#!/bin/bash
# The analysis for Trace Compass names events, fields and values that there are; and its state provider, run over recordings
# by the rules of Trace Compass, comes to what `weft trace report` says.
#
#   tracecompass.sh BUILD_DIR      ctest-timeout: 300

set -u
build=$(realpath "${1:?the build folder}")
here=$(dirname "$(realpath "$0")")
root=$(realpath "$here/../..")
# shellcheck source=../lib/lttng.sh
. "$here/../lib/lttng.sh"
python=/usr/bin/python3
weft=$build/bin/weft
program=$build/bin/test-trace-traced_program
analysis=$root/src/cli/tracecompass/weft.xml
table=$root/include/weft/trace_events.def

check() { "$python" "$here/check_tracecompass.py" "$@" 2>&1; }
# checked <how> <arguments of check_tracecompass.py>
checked() {
    local how=$1 out
    shift
    if out=$(check "$@"); then passed "$how"; else failed "$how"; echo "$out"; fi
}
# noticed <how> <sed expression> <pattern>: the analysis with this change is wrong.
noticed() {
    local out
    sed "$2" "$analysis" >changed.xml
    if out=$(check changed.xml "$table") || ! grep -q "$3" <<<"$out"; then
        failed "$1 is not noticed: $out"
    else
        passed "$1 is noticed"
    fi
}

for file in "$build/lib/libweft-lttng.so" "$program" "$weft"; do
    [ -e "$file" ] || { echo "skipped: $file was not built"; exit 77; }
done
lttng_begin "$@"
cd "$LTTNG_TMP" || exit 1
checked "what it names exists" "$analysis" "$table"
noticed "an event that there is not" 's/"weft:poll_end"/"weft:poll_ends"/' 'no event weft:poll_ends'
noticed "a field that there is not" 's/value="depth"/value="depths"/' 'chan_send has no field depths'
noticed "a value that there is not" 's/"YIELD"/"YIELDED"/' 'result is never YIELDED'

lttng_daemon_start
lttng_session whole
lttng_session_start whole
timeout 60 "$program" --tracing >whole.facts || failed "the program ended with $?"
lttng_session_end whole
"$weft" trace report whole --json >whole.json || failed "there is no report"
checked "its states are those of the report" "$analysis" "$table" whole whole.json

lttng_session late
timeout 60 "$program" --tracing --late >late.facts 2>late.out &
child=$!
for _ in {1..3000}; do
    grep -q READY late.facts 2>/dev/null && break
    kill -0 "$child" 2>/dev/null || break
    sleep 0.01
done
lttng_session_start late
wait "$child" || failed "the program ended with $?"
lttng_session_end late
"$weft" trace report late --json >late.json || failed "there is no report of the late one"
checked "also of a recording that began late" "$analysis" "$table" late late.json

finish
