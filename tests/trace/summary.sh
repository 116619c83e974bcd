#!/bin/bash
# What `weft trace` says of a recording agrees with what the recorded program counted itself: of a whole recording, of one
# that began in the middle, of one with events missing, of one with two processes; and what it says of what is none.
#
#   summary.sh BUILD_DIR      ctest-timeout: 300

set -u
build=$(realpath "${1:?the build folder}")
here=$(dirname "$(realpath "$0")")
# shellcheck source=../lib/lttng.sh
. "$here/../lib/lttng.sh"
python=/usr/bin/python3
weft=$build/bin/weft
program=$build/bin/test-trace-traced_program
for file in "$build/lib/libweft-lttng.so" "$program" "$weft"; do
    [ -e "$file" ] || { echo "skipped: $file was not built"; exit 77; }
done
lttng_begin "$@"
cd "$LTTNG_TMP" || exit 1
lttng_daemon_start

# agrees <name> <how> [arguments of check_summary.py]
agrees() {
    local name=$1 how=$2 out
    shift 2
    if ! "$weft" trace summary "$name" --json >"$name.json" 2>"$name.err"; then
        failed "$how: $(cat "$name.err")"
    elif out=$("$python" "$here/check_summary.py" "$name.json" "$name.facts" "$@" 2>&1); then
        passed "$how: $out"
    else
        failed "$how"
        echo "$out"
    fi
}

# prints <how> <pattern> <command>: it succeeds, and some line of it matches.
prints() {
    local how=$1 pattern=$2 out
    shift 2
    if out=$("$@" 2>&1) && grep -q -E -- "$pattern" <<<"$out"; then
        passed "$how"
    else
        failed "$how: no '$pattern' in:"
        head -20 <<<"$out"
    fi
}

# refuses <how> <exit code> <pattern> <command>
refuses() {
    local how=$1 code=$2 pattern=$3 out
    shift 3
    out=$("$@" 2>&1)
    if [ $? = "$code" ] && grep -q -E -- "$pattern" <<<"$out"; then
        passed "$how: $(head -1 <<<"$out" | cut -c 1-100)"
    else
        failed "$how: no '$pattern', or not exit code $code:"
        head -20 <<<"$out"
    fi
}

# --- a whole recording -------------------------------------------------------------------------------------------------

lttng_session whole
lttng_session_start whole
timeout 60 "$program" --tracing >whole.facts || failed "the program ended with $?"
lttng_session_end whole
agrees whole "a whole recording"
prints "the summary names tasks" '^ +ledger of orders +actor +1 +0 ' "$weft" trace summary whole
prints "it names channels" '^ +orders +intake +1 +16 ' "$weft" trace summary whole
prints "it names the runtime" 'runtime [0-9]+ "traced", weft [0-9.]+, 2 workers' "$weft" trace summary whole
prints "events are printed with names" 'poll_start task=[0-9]+\(clerk 2\) worker=[0-9]+ source=' "$weft" trace events whole
five_events() { "$weft" trace events whole --head 5 | wc -l; }
prints "five lines of events" '^5$' five_events
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

lttng_session late
timeout 60 "$program" --tracing --late >late.facts 2>late.out &
child=$!
for _ in {1..3000}; do
    grep -q READY late.facts && break
    kill -0 "$child" 2>/dev/null || break
    sleep 0.01
done
lttng_session_start late
wait "$child" || failed "the program ended with $?"
lttng_session_end late
agrees late "a recording that began late" --late
prints "it says so" 'It began late. Before it lived: tasks 6 ' "$weft" trace summary late

# --- events are missing ------------------------------------------------------------------------------------------------

session=weft-lossy-$$
lttng_quietly create "$session" --output="$PWD/lossy"
lttng_sessions="$lttng_sessions $session"
lttng_quietly enable-channel -u -s "$session" hot --subbuf-size=4096 --num-subbuf=2
lttng_quietly enable-event -u -s "$session" -c hot 'weft:*'
lttng_session_start lossy
timeout 60 "$program" --tracing --orders 20000 >lossy.facts || failed "the program ended with $?"
lttng_session_end lossy
# The counter may step back, which babeltrace2 prints as nearly 2^64: the sum is right.
lost=$(babeltrace2 lossy 2>&1 >/dev/null | "$python" -c 'import re, sys
print(sum(map(int, re.findall(r"Tracer discarded (\d+) event", sys.stdin.read()))) % 2**64)')
if [ "$lost" -gt 0 ]; then
    agrees lossy "a recording that lost $lost events" --lost "$lost"
    first_line() { "$weft" trace summary lossy | head -1; }
    prints "the loss comes first" "^LOST  $lost events were discarded" first_line
else
    echo "--      no event was lost with two buffers of 4 KiB: nothing to test"
fi

# --- two processes, and buffers per process ----------------------------------------------------------------------------

session=weft-two-$$
lttng_quietly create "$session" --output="$PWD/two"
lttng_sessions="$lttng_sessions $session"
lttng_quietly enable-channel -u -s "$session" hot --buffers-pid --subbuf-size=4M --num-subbuf=8
lttng_quietly enable-event -u -s "$session" -c hot 'weft:*'
lttng_session_start two
timeout 60 "$program" --tracing >two.facts &
timeout 60 "$program" --tracing >other.facts || failed "a program ended with $?"
wait $! || failed "the other program ended with $?"
lttng_session_end two
prints "two processes are told apart" 'events of weft, 2 processes' "$weft" trace summary two
ledgers() { "$weft" trace summary two --all | grep -c "ledger of orders"; }
prints "each has its own tasks" '^2$' ledgers

# --- what is no recording ----------------------------------------------------------------------------------------------

lttng_session foreign 'lttng_ust_statedump:*'
lttng_session_start foreign
timeout 60 "$program" --tracing >/dev/null
lttng_session_end foreign
mkdir empty broken
echo '/* CTF 1.8 */ and no more' >broken/metadata
refuses "no folder" 1 'No such file' "$weft" trace summary nowhere
refuses "a file" 1 'Not a directory' "$weft" trace summary whole.facts
refuses "no trace in it" 1 'no CTF trace' "$weft" trace summary empty
refuses "a broken trace" 1 'no readable CTF trace' "$weft" trace summary broken
refuses "a trace without weft" 1 'no event of weft.*enable-event' "$weft" trace summary foreign
refuses "no argument" 2 'usage: weft trace summary' "$weft" trace summary
refuses "an unknown option" 2 "what is '--nonsense'" "$weft" trace summary whole --nonsense
refuses "a number that is none" 2 'takes a number' "$weft" trace events whole --head 5x
refuses "an unknown command" 2 "no command 'nonsense'" "$weft" nonsense
refuses "nothing at all" 2 'usage: weft COMMAND' "$weft"
prints "the help" 'trace COMMAND' "$weft" --help
prints "the version" '^weft [0-9]+\.[0-9]+\.[0-9]+$' "$weft" --version

finish
