# shellcheck shell=bash
# For scripts that record a program and look at the recording with `weft`: `. tests/lib/recordings.sh; recordings_begin "$@"`.
# They end with `finish`, as those of lttng.sh, which this takes in.

# shellcheck source=lttng.sh
. "$(dirname "${BASH_SOURCE[0]}")/lttng.sh"
python=/usr/bin/python3

# recordings_begin <the script's arguments, the first the build folder>: $weft, $program (which counts what it does, tests/trace/,
# if the script has not named another), $here; then in a folder that goes away, with a daemon. $needs: what else must be there.
recordings_begin() {
    local build needed
    build=$(realpath "${1:?the build folder}")
    here=$(dirname "$(realpath "$0")")
    weft=$build/bin/weft
    program=${program:-$build/bin/test-trace-traced_program}
    for needed in "$build/lib/libweft-lttng.so" "$program" "$weft" ${needs:+"$needs"}; do
        [ -e "$needed" ] || { echo "skipped: $needed was not built"; exit 77; }
    done
    lttng_begin "$@" # comes back here in namespaces of its own
    cd "$LTTNG_TMP" || exit 1
    lttng_daemon_start
}

# recorded <name> [arguments]: the program, from its beginning to its end, into ./<name>; what it counted into <name>.facts.
recorded() {
    local name=$1
    shift
    lttng_session "$name"
    lttng_session_start "$name"
    timeout 300 "$program" --tracing "$@" >"$name.facts" || failed "$name: the program ended with $?"
    lttng_session_end "$name"
}

# recorded_late <name>: from the middle.
recorded_late() {
    local child
    lttng_session "$1"
    timeout 300 "$program" --tracing --late >"$1.facts" 2>"$1.out" &
    child=$!
    until grep -q READY "$1.facts" 2>/dev/null || ! kill -0 "$child" 2>/dev/null; do sleep 0.01; done
    lttng_session_start "$1"
    wait "$child" || failed "$1: the program ended with $?"
    lttng_session_end "$1"
}

# recorded_lossy <name>: into buffers that are too small.
recorded_lossy() { LTTNG_CHANNEL='--subbuf-size=4096 --num-subbuf=2' recorded "$1" --orders 20000; }

# recorded_in_parts <name>: into many packets.
recorded_in_parts() { LTTNG_CHANNEL='--subbuf-size=16K --num-subbuf=128' recorded "$1"; }

# recorded_two <name>: two processes at once, buffers per process; the other counts into <name>.other.
recorded_two() {
    LTTNG_CHANNEL='--buffers-pid --subbuf-size=4M --num-subbuf=8' lttng_session "$1"
    lttng_session_start "$1"
    timeout 300 "$program" --tracing >"$1.facts" &
    timeout 300 "$program" --tracing >"$1.other" || failed "$1: a program ended with $?"
    wait $! || failed "$1: the other program ended with $?"
    lttng_session_end "$1"
}

# tenth <name> <n>: when the poll after n tenths of the recording's polls began, in seconds. A window of a recording is told by its
# polls: neither how long a program takes nor how often it polls is the same on two machines.
tenth() {
    [ -e "$1.polls" ] || "$weft" trace events "$1" --only poll_start | cut -d' ' -f1 >"$1.polls"
    sed -n "$(($(wc -l <"$1.polls") * $2 / 10))p" "$1.polls"
}

# exits <how> <code> <pattern> <command>: the code, and some line of what it prints.
exits() {
    local how=$1 code=$2 pattern=$3 out
    shift 3
    out=$("$@" 2>&1 </dev/null)
    if [ $? = "$code" ] && grep -q -E -- "$pattern" <<<"$out"; then
        passed "$how"
    else
        failed "$how: no '$pattern', or not exit code $code:"
        head -20 <<<"$out"
    fi
}

# checked <how> <checker beside the script> [its arguments]: it has nothing to say against, and perhaps what it looked at.
checked() {
    local how=$1 out
    shift
    if out=$("$python" "$here/$1" "${@:2}" 2>&1); then
        passed "$how${out:+: $(head -1 <<<"$out")}"
    else
        failed "$how"
        echo "$out"
    fi
}

# holds <how> <command>: it succeeds.
holds() {
    local how=$1
    shift
    if "$@"; then passed "$how"; else failed "$how"; fi
}

# soon <command>: until it succeeds; ctest's limit is the only one.
soon() {
    until "$@" >/dev/null 2>&1; do sleep 0.02; done
}
