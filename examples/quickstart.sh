#!/bin/bash
# From a fresh Debian 12 to a recording you can read: installs what is missing, builds weft, records the pipeline example
# with LTTng while it counts the words of a corpus, and shows what was recorded.
#
#   examples/quickstart.sh [CORPUS]      CORPUS: a file or a folder; by default the documentation that Debian installed
#
#   WEFT_QUICKSTART_DIR   where it builds and records (build/quickstart in the source tree)
#
# Run it as root, or as a user who may use sudo (only the installation of packages needs it). It may be run again: what is
# there is used. When it ends, whether well, badly or by a signal (but SIGKILL), the session and the daemon that it started
# are gone.

set -u
exec </dev/null
corpus=()
[ $# = 0 ] || corpus=("$(realpath -- "$1" 2>/dev/null || echo "$1")") # before the cd below
tree=$(realpath "$(dirname "$(realpath "$0")")/..")
cd "$tree" || exit 1
folder=${WEFT_QUICKSTART_DIR:-$tree/build/quickstart}
[[ $folder = /* ]] || folder=$OLDPWD/$folder
log=$folder/quickstart.log
recording=$folder/recordings/$(date +%Y-%m-%d-%H%M%S)-$$
session=weft-quickstart-$$
steps=7
step=0
hint=
child=
daemon=
created=
private=

# --- ending, in whatever way -----------------------------------------------------------------------------------------

cleanup() {
    local code=$?
    trap '' EXIT INT TERM HUP PIPE
    [ -z "$child" ] || { kill "$child" && wait "$child"; } 2>/dev/null
    [ -z "$created" ] || lttng --no-sessiond destroy "$session" >/dev/null 2>&1
    if [ -n "$daemon" ]; then
        if lttng --no-sessiond list 2>/dev/null | grep -q '^ *[0-9]\+) '; then
            echo "The session daemon (process $daemon) goes on: somebody else began to record with it."
        else
            # Again and again: one that is still starting forgets the first signal.
            for _ in {1..100}; do kill "$daemon" 2>/dev/null && sleep 0.1; done
            kill -KILL "$daemon" 2>/dev/null
        fi
    fi
    [ -z "$private" ] || rm -rf "$private"
    exit "$code"
}
trap cleanup EXIT
trap 'echo "Interrupted; cleaning up."; exit 130' INT
trap 'echo "Terminated; cleaning up."; exit 143' TERM HUP
trap 'exit 141' PIPE # nobody reads what we print

fail() {
    echo
    echo "Step $step of $steps failed: $*"
    echo "What to do: $hint"
    exit 1
}

fail_with_log() {
    tail -n 15 "$log"
    fail "$@"
}

# --- saying what happens ---------------------------------------------------------------------------------------------

# begin <what happens, in plain words> <what to do if it fails>
begin() {
    step=$((step + 1))
    hint=$2
    started=$(date +%s%N)
    echo
    echo "[$step/$steps] $1"
}
took() {
    local ms=$((($(date +%s%N) - started) / 1000000))
    printf '      %s (%d.%d s)\n' "$1" $((ms / 1000)) $((ms % 1000 / 100))
}

# In the background, because a shell that waits for a child in the foreground does not hear signals until it has ended.
run() {
    "$@" &
    child=$!
    wait "$child"
    local code=$?
    child=
    return $code
}
quietly() {
    run "$@" >>"$log" 2>&1
}

# --- the steps -------------------------------------------------------------------------------------------------------

if ! { mkdir -p "$folder/recordings" && : >"$log"; } 2>/dev/null; then
    echo "Cannot write to $folder. Give another folder: WEFT_QUICKSTART_DIR=/tmp/weft $0"
    exit 1
fi
if [ ${#corpus[@]} = 1 ] && [ ! -e "${corpus[0]}" ]; then
    echo "There is no ${corpus[0]}. Give a file or a folder with text, or nothing."
    exit 1
fi
echo "weft quickstart: a recording of $tree/examples/pipeline"

begin "Install the Debian packages that are missing: a compiler, cmake, liburcu, LTTng and babeltrace." \
    "look at the messages of apt-get above. Without root or sudo, ask somebody who has it to install the packages named in tests/lib/packages.sh."
# shellcheck source=../tests/lib/packages.sh
. tests/lib/packages.sh
# shellcheck disable=SC2086
run weft_install_packages $WEFT_PACKAGES_BUILD $WEFT_PACKAGES_TRACE || fail "the packages could not be installed."
took "all packages are there"

begin "Build the library, its LTTng provider, the program 'weft' and the examples in $folder." \
    "read the end of $log. If the folder came from another place or compiler, remove it and start again."
build() {
    quietly cmake -S . -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DWEFT_BUILD_TESTS=OFF \
        -DWEFT_BUILD_BENCH=OFF -DWEFT_LTTNG=ON -DWEFT_CLI=ON &&
        quietly cmake --build "$folder"
}
build || fail_with_log "the build did not end well."
took "built"

begin "Start LTTng's session daemon, which receives events from programs, if none runs." \
    "try 'lttng-sessiond -vvv' by hand: it says why it does not start. Its usual trouble is another daemon that does not answer."
# A home of its own, so that the user's current session (in ~/.lttngrc) is not touched; short, for it holds sockets.
private=$(mktemp -d /tmp/weft-lttng.XXXXXX) || fail "cannot write to /tmp."
export LTTNG_HOME=$private
quietly timeout 10 lttng --no-sessiond list
case $? in
0) took "one runs already: used, and left running" ;;
124) fail "a session daemon runs, but it does not answer." ;;
*)
    # Not with --daemonize: as our child its number is known from its first moment on, whenever we are interrupted. In a
    # session of its own, so that Ctrl-C leaves it to the cleanup.
    setsid lttng-sessiond >>"$log" 2>&1 &
    daemon=$!
    for _ in {1..100}; do
        quietly timeout 10 lttng --no-sessiond list && break
        kill -0 "$daemon" 2>/dev/null || { daemon= && fail_with_log "the daemon did not start."; }
        sleep 0.1
    done
    took "started, process $daemon: it ends with this script"
    ;;
esac

size=4
[ "$(nproc --all)" -le 8 ] || size=1 # the buffers are memory: 2 GiB on 64 processors would be too much for a first look
begin "Create a recording session for all events of weft: 8 buffers of $size MiB per processor, so that none is lost." \
    "see the messages above; 'lttng list' shows the sessions there are, and 'df /dev/shm' whether there is memory for the buffers."
created=yes
record() {
    quietly lttng --no-sessiond create "$session" --output="$recording" &&
        quietly lttng --no-sessiond enable-channel --userspace --session="$session" --subbuf-size=${size}M --num-subbuf=8 events &&
        quietly lttng --no-sessiond enable-event --userspace --session="$session" --channel=events 'weft:*' &&
        quietly lttng --no-sessiond start "$session"
}
record || fail_with_log "the session could not be created."
took "session $session records"

begin "Run the pipeline: it counts the words of ${corpus[*]:-the documentation in /usr/share/doc}." \
    "run it by itself: $folder/bin/example-pipeline --trace --stats ${corpus[*]}"
echo
run "$folder/bin/example-pipeline" --trace --stats --top 10 ${corpus[@]+"${corpus[@]}"}
code=$?
echo
[ $code -le 1 ] || fail "the pipeline ended with exit code $code."
[ $code = 0 ] || echo "      (exit code 1: some files could not be read, see above)"
took "counted"

begin "Stop recording. The events are in $recording." "read the end of $log."
quietly lttng --no-sessiond stop "$session" || fail_with_log "the session could not be stopped."
quietly lttng --no-sessiond destroy "$session" || fail_with_log "the session could not be ended."
created=
took "$(du -sh "$recording" | cut -f1) recorded"

begin "Read the recording: its first events, as babeltrace2 prints them, and a summary." \
    "read it by hand: babeltrace2 $recording"
echo
lines=$(babeltrace2 "$recording" 2>>"$log" | head -n 12)
[ -n "$lines" ] || fail_with_log "babeltrace2 finds no event in it."
echo "$lines"
echo "…"
echo
run "$folder/bin/weft" trace summary "$recording" || fail "'weft trace summary' cannot read it."
echo
took "read"

cat <<END

Done. The recording stays in
  $recording
Read on with
  babeltrace2 $recording | less
  $folder/bin/weft trace summary $recording
and in README.md.
END
