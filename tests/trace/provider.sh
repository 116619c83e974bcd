#!/bin/bash
# The provider alone: every event of the table arrives with its fields, values and level; a forked child has its own
# number; starts of recordings are counted; a hung daemon does not stop a program that does not want to wait.
#
#   provider.sh BUILD_DIR      ctest-timeout: 600, ctest-cost: 8

set -u
build=$(realpath "${1:?the build folder}")
here=$(dirname "$(realpath "$0")")
# shellcheck source=../lib/lttng.sh
. "$here/../lib/lttng.sh"
provider=$build/lib/libweft-lttng.so
program=$build/bin/test-trace-every_event
for file in "$provider" "$program"; do
    [ -e "$file" ] || { echo "skipped: $file was not built"; exit 77; }
done
lttng_begin "$@"
cd "$LTTNG_TMP" || exit 1
lttng_daemon_start

# equal <what> <expected> <got>
equal() {
    if [ "$2" = "$3" ]; then
        passed "$1"
    else
        failed "$1:"
        diff <(echo "$2") <(echo "$3") | head -10
    fi
}

# --- events and forks ----------------------------------------------------------------------------------------------------

# record_events <name> [variables of env]
record_events() {
    local name=$1
    shift
    lttng_session "$name"
    lttng_session_start "$name"
    env "$@" "$program" "$provider" >"$name.expected" || failed "$name: the program ended with $?"
    lttng_session_end "$name"
    # "[time] (+delta) host weft:name: { cpu_id = 0 }, { vpid = 1 }, { fields }"
    babeltrace2 "$name" >"$name.text" 2>"$name.err"
    [ ! -s "$name.err" ] || failed "$name: $(cat "$name.err")"
    equal "$name: every event arrives as it was told, $(wc -l <"$name.expected") of them" "$(cat "$name.expected")" \
        "$(sed 's/.* \(weft:[a-z_]*: \){ cpu_id = [0-9]* }, { vpid = [0-9]* }, /\1/' "$name.text" | head -n -2)"
    equal "$name: a forked child's event has the child's number, and then the parent's its own" "yes yes" \
        "$(tail -2 "$name.text" | sed 's/.*{ vpid = \([0-9]*\) }, { runtime = \([0-9]*\) }/\1 \2/' |
            awk '{ printf "%s%s", sep, $1 == $2 ? "yes" : "no"; sep = " " }')"
}
record_events events
record_events forkwrapped LD_PRELOAD=liblttng-ust-fork.so.1
equal "weft trace reads them all" "$(sed 's/weft:\([a-z_]*\):.*/\1/' events.expected)" \
    "$("$build/bin/weft" trace events events | awk '{ print $4 }' | head -n -2)"

# --- levels --------------------------------------------------------------------------------------------------------------

mkfifo stdin
"$program" "$provider" --wait <stdin >loaded &
child=$!
exec 8>stdin
until [ -s loaded ] || ! kill -0 "$child" 2>/dev/null; do sleep 0.01; done
lttng --no-sessiond list -u >levels 2>&1
exec 8>&-
wait "$child" || failed "the program ended with $?"
# "      weft:wake (loglevel: TRACE_DEBUG_UNIT (11)) (type: tracepoint)"
equal "levels are those of the table" \
    "$(sed -n 's/^WEFT_EVENT[0-9](\([a-z_]*\), \([A-Z_]*\),.*/\1 \2/p' "$here/../../include/weft/trace_events.def" | sort)" \
    "$(sed -n 's/^ *weft:\([a-z_]*\) (loglevel: TRACE_\([A-Z_]*\) .*/\1 \2/p; s/^ *weft:\([a-z_]*\) (loglevel: \([A-Z_]*\) .*/\1 \2/p' levels |
        sort -u)"

# --- starts of recordings ------------------------------------------------------------------------------------------------

# saw <n>: waits until the program has seen so many starts; it ends by itself once it has seen all, and ctest ends a test that hangs
saw() {
    while kill -0 "$child" 2>/dev/null; do
        grep -q "^sessions: $1$" sessions && return
        sleep 0.01
    done
    grep -q "^sessions: $1$" sessions || failed "starts of recordings: $(tail -1 sessions), not $1, after $2"
}
"$program" "$provider" --sessions 4 >sessions &
child=$!
saw 0 "nothing"
lttng_session first
lttng_session_start first
saw 1 "the first session"
lttng_session second
lttng_session_start second
saw 2 "a second session beside it"
lttng_quietly regenerate statedump -s "weft-first-$$"
saw 3 "lttng regenerate statedump"
lttng_session_end first
lttng_session_end second
lttng_session third 'nothing:*'
lttng_session_start third # the state dump is that of a session: it counts
saw 4 "a session that wants nothing of weft yet"
wait "$child" || failed "the program ended with $?"
lttng_session_end third
equal "starts of recordings are counted, each once" "0 1 2 3 4" "$(sed 's/sessions: //' sessions | uniq | paste -sd' ')"

# --- a daemon that hangs -------------------------------------------------------------------------------------------------

if [ -s sessiond.pid ]; then
    mapfile -t pids < <(cat sessiond.pid && pgrep -P "$(cat sessiond.pid)" -x lttng-sessiond)
    kill -STOP "${pids[@]}"
    for limit in 0 3000; do # ms; the second is LTTng's default
        start=$(date +%s%N)
        if LTTNG_UST_REGISTER_TIMEOUT=$limit timeout 100 "$program" "$provider" --wait </dev/null >/dev/null; then
            passed "a daemon that hangs: the program runs and ends, in $((($(date +%s%N) - start) / 1000000)) ms with a limit of $limit"
        else
            failed "a daemon that hangs, a limit of $limit ms: the program ended with $?"
        fi
    done
    kill -CONT "${pids[@]}"
fi

finish
