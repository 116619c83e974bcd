#!/bin/bash
# What `weft trace` says of a recording agrees with what the recorded program counted itself: of a whole recording, of one
# that began in the middle, of one with events missing, of one with two processes; and what it says of what is none.
#
#   summary.sh BUILD_DIR      ctest-timeout: 600, ctest-cost: 10

set -u
# shellcheck source=../lib/recordings.sh
. "$(dirname "$(realpath "$0")")/../lib/recordings.sh"
recordings_begin "$@"

# agrees <name> <how> [arguments of check_summary.py]
agrees() {
    "$weft" trace summary "$1" --json >"$1.json" || failed "$2: there is no summary"
    checked "$2" check_summary.py "$1.json" "$1.facts" "${@:3}"
}

# --- a whole recording -------------------------------------------------------------------------------------------------

recorded whole
agrees whole "a whole recording"
exits "the summary names tasks" 0 '^ +ledger of orders +actor +1 +0 ' "$weft" trace summary whole
exits "it names channels" 0 '^ +orders +intake +1 +16 ' "$weft" trace summary whole
exits "it names the runtime" 0 'runtime [0-9]+ "traced", weft [0-9.]+, 2 workers' "$weft" trace summary whole
exits "events are printed with names" 0 'poll_start task=[0-9]+\(clerk 2\) worker=[0-9]+ source=' "$weft" trace events whole
exits "a name in quotes does not end them" 0 'name="narrow \\"1\\" ' "$weft" trace events whole
five_events() { "$weft" trace events whole --head 5 | wc -l; }
exits "five lines of events" 0 '^5$' five_events
events=$("$weft" trace events whole | wc -l)
if [ "$events" = "$(babeltrace2 whole 2>/dev/null | wc -l)" ]; then
    passed "babeltrace2 prints as many events: $events"
else
    failed "weft prints $events events, babeltrace2 $(babeltrace2 whole | wc -l)"
fi
if "$weft" trace summary whole >/dev/full 2>/dev/null; then
    failed "a full disk goes unnoticed"
else
    passed "a full disk is noticed"
fi

# --- from the middle ---------------------------------------------------------------------------------------------------

recorded_late late
agrees late "a recording that began late" --late
exits "it says so" 0 'It began late. Before it lived: tasks 6 ' "$weft" trace summary late

# --- events are missing ------------------------------------------------------------------------------------------------

recorded_lossy lossy
# The counter may step back, which babeltrace2 prints as nearly 2^64: the sum is right.
lost=$(babeltrace2 lossy 2>&1 >/dev/null | "$python" -c 'import re, sys
print(sum(map(int, re.findall(r"Tracer discarded (\d+) event", sys.stdin.read()))) % 2**64)')
if [ "$lost" -gt 0 ]; then
    agrees lossy "a recording that lost $lost events" --lost "$lost"
    first_line() { "$weft" trace summary lossy | head -1; }
    exits "the loss comes first" 0 "^LOST  $lost events were discarded" first_line
else
    echo "--      no event was lost with two buffers of 4 KiB: nothing to test"
fi

# --- two processes, and buffers per process ----------------------------------------------------------------------------

recorded_two two
exits "two processes are told apart" 0 'events of weft, 2 processes' "$weft" trace summary two
ledgers() { "$weft" trace summary two --all | grep -c "ledger of orders"; }
exits "each has its own tasks" 0 '^2$' ledgers

# --- what is no recording ----------------------------------------------------------------------------------------------

lttng_session foreign 'lttng_ust_statedump:*'
lttng_session_start foreign
timeout 300 "$program" --tracing >/dev/null
lttng_session_end foreign
mkdir empty broken
echo '/* CTF 1.8 */ and no more' >broken/metadata
exits "no folder" 1 'No such file' "$weft" trace summary nowhere
exits "a file" 1 'Not a directory' "$weft" trace summary whole.facts
exits "no trace in it" 1 'no CTF trace' "$weft" trace summary empty
exits "a broken trace" 1 'no readable CTF trace' "$weft" trace summary broken
exits "a trace without weft" 1 'no event of weft.*enable-event' "$weft" trace summary foreign
exits "no argument" 2 'usage: weft trace summary' "$weft" trace summary
exits "an unknown option" 2 "what is '--nonsense'" "$weft" trace summary whole --nonsense
exits "a number that is none" 2 'takes a number' "$weft" trace events whole --head 5x
exits "an unknown command" 2 "no command 'nonsense'" "$weft" nonsense
exits "nothing at all" 2 'usage: weft COMMAND' "$weft"
exits "the help" 0 'trace COMMAND' "$weft" --help
exits "the version" 0 '^weft [0-9]+\.[0-9]+\.[0-9]+$' "$weft" --version

finish
