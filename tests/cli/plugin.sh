#!/bin/bash
# The components for babeltrace2 say of a graph's messages what `weft trace` says of the recording: behind a muxer, behind
# a trimmer, of a graph that stops in the middle; and refuse what they do not know.
#
#   plugin.sh BUILD_DIR      ctest-timeout: 600

set -u
# shellcheck source=../lib/recordings.sh
. "$(dirname "$(realpath "$0")")/../lib/recordings.sh"
plugins=$(realpath "${1:?the build folder}")/lib/babeltrace2/plugins
needs=$plugins/babeltrace-plugin-weft.so
recordings_begin "$@"

bt() { timeout 300 babeltrace2 --plugin-path="$plugins" "$@"; }

recorded whole

# --- the same as `weft trace` ------------------------------------------------------------------------------------------

exits "babeltrace2 knows the components" 0 'sink\.weft\.report' bt list-plugins
exits "they say what they take" 0 'format +"text"' bt help sink.weft.report
exits "a report is printed" 0 '^  clerk +traced_program\.c:[0-9]+ +clerk 1 +' bt whole -c sink.weft.report
exits "it is written as JSON" 0 '^$' bt whole -c sink.weft.report -p 'format="json",output="whole.json"'
checked "and agrees with what the program counted" check_report.py whole.json whole.facts
"$weft" trace report whole --json >same.json
if diff <(grep -v '"title"' whole.json) <(grep -v '"title"' same.json) >/dev/null; then
    passed "it is the report of weft trace"
else
    failed "it is not the report of weft trace"
fi
exits "one page of it" 0 '^  clerk [1-3] +ledger of orders +CHANNEL' bt whole -c sink.weft.report -p 'page="wakes"'
exits "its tables need not be cut" 0 '^\| orders \| intake \|' bt whole -c sink.weft.report -p 'format="markdown",all=yes'
exits "forms are exported" 0 '^$' bt whole -c sink.weft.export \
    -p 'perfetto="trace.json",timeline="picture.html",folded="busy.folded",csv="tables"'
checked "a trace for Perfetto" check_export.py perfetto trace.json whole.facts whole.json
checked "a picture" check_export.py timeline picture.html whole.facts whole.json
checked "stacks" check_export.py folded busy.folded whole.json
checked "tables" check_export.py csv tables whole.facts whole.json
exits "stacks of waits" 0 'waits at line [0-9]+;channel orders' bt whole -c sink.weft.export -p 'folded="-",weight="wait"'

# --- other graphs ------------------------------------------------------------------------------------------------------

timeout 300 "$program" --tracing >/dev/null # somebody else's, and not recorded
recorded second
exits "two recordings over a muxer" 0 'events of weft, 2 processes' bt whole second -c sink.weft.report
half=$(babeltrace2 --clock-seconds whole | sed -n '2000s/^\[\([0-9.]*\)\].*/\1/p')
exits "what a trimmer lets through" 0 ': 200[0-9] events of weft, 1 process' bt whole --end="$half" -c sink.weft.report
# One of its packets is broken, behind others that are not: the graph fails, and its sink is never told of an end.
recorded_in_parts parts
stream=$(find parts -name 'hot_*' -not -path '*/index/*' -size +64k | head -1)
printf '\377%.0s' {1..2000} | dd of="$stream" bs=1 seek=$((3 * 16384 + 8000)) conv=notrunc status=none
exits "a graph that stops in the middle is reported until there" 1 '^CUT OFF: .* the graph was stopped' bt parts -c sink.weft.report

# --- what is refused ---------------------------------------------------------------------------------------------------

lttng_session foreign 'lttng_ust_statedump:*'
lttng_session_start foreign
timeout 300 "$program" --tracing >/dev/null
lttng_session_end foreign
exits "no event of weft" 1 'no event of weft came through the graph' bt foreign -c sink.weft.report
exits "an unknown format" 1 "format is one of text, markdown, json, html, not 'pdf'" bt whole -c sink.weft.report -p 'format="pdf"'
exits "an unknown page" 1 'page is one of report, tasks' bt whole -c sink.weft.report -p 'page="x"'
exits "an unknown parameter" 1 'known are format, page, all, output' bt whole -c sink.weft.report -p 'fromat="json"'
exits "a text that is none" 1 'output takes a text' bt whole -c sink.weft.report -p 'output=5'
exits "a flag that is none" 1 'all takes yes or no' bt whole -c sink.weft.report -p 'all=7'
exits "an export of nothing" 1 'into which form' bt whole -c sink.weft.export
exits "a file that cannot be written" 1 'nowhere/x: No such file' bt whole -c sink.weft.report -p 'output="nowhere/x"'
exits "nor exported" 1 'nowhere/x: No such file' bt whole -c sink.weft.export -p 'perfetto="nowhere/x"'
exits "a full disk" 1 '/dev/full: No space left' bt whole -c sink.weft.report -p 'output="/dev/full"'
exits "a full disk under an export" 1 '/dev/full: No space left' bt whole -c sink.weft.export -p 'timeline="/dev/full"'

finish
