#!/bin/bash
# What `weft trace export` writes is in the format that it says, and agrees with what the recorded program counted itself.
#
#   export.sh BUILD_DIR      ctest-timeout: 300

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

# checked <how> <arguments of check_export.py>
checked() {
    local how=$1 out
    shift
    if out=$("$python" "$here/check_export.py" "$@" 2>&1); then
        passed "$how"
    else
        failed "$how"
        echo "$out"
    fi
}

# exits <how> <code> <pattern> <command>: the code, and some line of what it prints.
exits() {
    local how=$1 code=$2 pattern=$3 out
    shift 3
    out=$("$@" 2>&1)
    if [ $? = "$code" ] && grep -q -E -- "$pattern" <<<"$out"; then
        passed "$how"
    else
        failed "$how: no '$pattern', or not exit code $code:"
        head -20 <<<"$out"
    fi
}
export_of() { "$weft" trace export "$@"; }

# --- a whole recording -------------------------------------------------------------------------------------------------

lttng_session whole
lttng_session_start whole
timeout 60 "$program" --tracing >whole.facts || failed "the program ended with $?"
lttng_session_end whole
"$weft" trace report whole --json >whole.json || failed "there is no report to compare with"

exits "several forms are written in one pass" 0 '^$' export_of whole --perfetto trace.json --timeline picture.html --folded busy.folded --csv tables
checked "a trace for Perfetto" perfetto trace.json whole.facts whole.json
checked "a picture" timeline picture.html whole.facts whole.json
if command -v node >/dev/null; then
    sed '1,/^<script>$/d; /^<\/script>$/,$d' picture.html >picture.js
    exits "its script is one" 0 '^$' node --check picture.js
fi
checked "stacks of busy time" folded busy.folded whole.json
checked "tables" csv tables whole.facts whole.json
exits "stacks of waits" 0 '^$' export_of whole --folded waits.folded --weight=wait
checked "stacks of waits name what was waited for" folded waits.folded whole.json --waits
exits "a form may go to standard output" 0 '^family;child;' export_of whole --folded -
if [ "$(export_of whole --folded - --between 0 1000 | sort)" = "$(sort busy.folded)" ]; then
    passed "a window that holds all is all"
else
    failed "a window that holds all is not all"
fi
exits "a window before everything has nothing" 0 '^$' export_of whole --folded - --between 0 0.000000001

at() { "$weft" trace events whole --only poll_start | sed -n "$1s/ .*//p"; } # of the n-th poll, in seconds
exits "a window of a trace" 0 '^$' export_of whole --perfetto window.json --timeline window.html --between "$(at 200)" "$(at 600)"
checked "a window is whole in itself" perfetto window.json whole.facts whole.json --part
checked "and so is its picture" timeline window.html whole.facts whole.json --part

# --- late, and with events missing -------------------------------------------------------------------------------------

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
exits "a recording that began late is exported" 0 '^$' export_of late --perfetto late.trace --timeline late.html --folded late.folded
checked "its trace is whole in itself" perfetto late.trace late.facts late.json --part
checked "a picture of it" timeline late.html late.facts late.json --part
checked "its stacks are those of the report" folded late.folded late.json

session=weft-lossy-$$
lttng_quietly create "$session" --output="$PWD/lossy"
lttng_sessions="$lttng_sessions $session"
lttng_quietly enable-channel -u -s "$session" hot --subbuf-size=4096 --num-subbuf=2
lttng_quietly enable-event -u -s "$session" -c hot 'weft:*'
lttng_session_start lossy
timeout 60 "$program" --tracing --orders 20000 >lossy.facts || failed "the program ended with $?"
lttng_session_end lossy
"$weft" trace report lossy --json >lossy.json || failed "there is no report of the lossy one"
exits "a recording with events missing is exported" 0 '^$' export_of lossy --perfetto lossy.trace --timeline lossy.html --folded lossy.folded
checked "its trace is whole in itself, too" perfetto lossy.trace lossy.facts lossy.json --part
checked "a picture of it" timeline lossy.html lossy.facts lossy.json --part
checked "its stacks are those of its report" folded lossy.folded lossy.json
exits "its trace says what is lost" 0 '"name":"events lost"' grep -m 1 '"cat":"lost"' lossy.trace

# --- what is refused ---------------------------------------------------------------------------------------------------

exits "no recording" 1 'nowhere: No such file' export_of nowhere --folded busy.folded
exits "what was there before is still there" 0 '^family;child;' cat busy.folded
exits "a file that cannot be written" 1 'nowhere/x: No such file' export_of whole --folded nowhere/x
exits "a trace that cannot be written" 1 'nowhere/x: No such file' export_of whole --perfetto nowhere/x
exits "a full disk under a picture" 1 '/dev/full: No space left' export_of whole --timeline /dev/full
exits "a full disk under a trace" 1 '/dev/full: No space left' export_of whole --perfetto /dev/full
exits "a full disk" 1 '/dev/full: No space left' export_of whole --folded /dev/full
mkdir full && ln -s /dev/full full/channels.csv
exits "a full disk under a table" 1 'full/channels.csv: No space left' export_of whole --csv full
exits "a folder that is a file" 1 'busy.folded: Not a directory' export_of whole --csv busy.folded
exits "a folder that cannot be made" 1 'nowhere/x: No such file' export_of whole --csv nowhere/x
exits "no form" 2 'into which form' export_of whole
exits "an unknown form" 2 "what is '--pdf'" export_of whole --pdf x
exits "a form without its file" 2 '--folded takes the file' export_of whole --folded
exits "an unknown weight" 2 "what is '--weight=gold'" export_of whole --folded x --weight=gold
exits "no recording at all" 2 'of which recording' export_of --folded x
exits "two recordings" 2 "what is 'whole'" export_of whole whole --folded x
exits "times in the wrong order" 2 'the earlier first' export_of whole --folded x --between 2 1
exits "tables are of all" 2 'of the whole recording' export_of whole --csv x --between 1 2
exits "the help names it" 0 '^  export DIR ' "$weft" trace help
if compgen -G "*.part" >/dev/null; then failed "something half written stays behind"; else passed "nothing half written stays behind"; fi

finish
