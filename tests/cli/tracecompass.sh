#!/bin/bash
# The analysis for Trace Compass names events, fields and values that there are; and its state provider, run over recordings
# by the rules of Trace Compass, comes to what `weft trace report` says.
#
#   tracecompass.sh BUILD_DIR      ctest-timeout: 600

set -u
# shellcheck source=../lib/recordings.sh
. "$(dirname "$(realpath "$0")")/../lib/recordings.sh"
analysis=$(realpath "$(dirname "$0")/../../src/cli/tracecompass/weft.xml")
table=$(realpath "$(dirname "$0")/../../include/weft/trace_events.def")
recordings_begin "$@"

# noticed <how> <sed expression> <pattern>: the analysis with this change is wrong.
noticed() {
    local out
    sed "$2" "$analysis" >changed.xml
    if out=$("$python" "$here/check_tracecompass.py" changed.xml "$table" 2>&1) || ! grep -q "$3" <<<"$out"; then
        failed "$1 is not noticed: $out"
    else
        passed "$1 is noticed"
    fi
}

checked "what it names exists" check_tracecompass.py "$analysis" "$table"
noticed "an event that there is not" 's/"weft:poll_end"/"weft:poll_ends"/' 'no event weft:poll_ends'
noticed "a field that there is not" 's/value="depth"/value="depths"/' 'chan_send has no field depths'
noticed "a value that there is not" 's/"YIELD"/"YIELDED"/' 'result is never YIELDED'

recorded whole
"$weft" trace report whole --json >whole.json || failed "there is no report"
checked "its states are those of the report" check_tracecompass.py "$analysis" "$table" whole whole.json

recorded_late late
"$weft" trace report late --json >late.json || failed "there is no report of the late one"
checked "also of a recording that began late" check_tracecompass.py "$analysis" "$table" late late.json

finish
