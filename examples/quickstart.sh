#!/bin/bash
# From a fresh Debian 12 to a recording you can read: installs what is missing, builds weft, records the pipeline example
# with LTTng while it counts the words of a corpus, and shows what was recorded.
#
#   examples/quickstart.sh [CORPUS]      CORPUS: a file or a folder; by default the documentation that Debian installed
#
#   WEFT_QUICKSTART_DIR   where it builds and records (build/quickstart in the source tree)
#
# Run it as root, or as a user who may use sudo (only the installation of packages needs it). It may be run again: what is
# there is used. When it ends, whether well, badly or by a signal (but SIGKILL), `weft trace record` takes away what it made:
# the session, and the session daemon if none ran.

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
steps=4
step=0
hint=
child=

# --- ending, in whatever way -----------------------------------------------------------------------------------------

cleanup() {
    local code=$?
    trap '' EXIT INT TERM HUP PIPE
    [ -z "$child" ] || { kill "$child" && wait "$child"; } 2>/dev/null
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

begin "Record the pipeline while it counts the words of ${corpus[*]:-the documentation in /usr/share/doc}." \
    "see the messages above; the pipeline by itself is $folder/bin/example-pipeline ${corpus[*]}"
echo
run "$folder/bin/weft" trace record -o "$recording" --no-report -- \
    "$folder/bin/example-pipeline" --trace --stats --top 10 ${corpus[@]+"${corpus[@]}"}
code=$?
echo
[ $code -le 1 ] || fail "it ended with exit code $code."
[ $code = 0 ] || echo "      (exit code 1: some files could not be read, see above)"
[ -d "$recording" ] || fail "nothing was recorded."
took "$(du -sh "$recording" | cut -f1) recorded in $recording"

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
  $folder/bin/weft trace report $recording | less
  babeltrace2 $recording | less
record a program of yours with
  $folder/bin/weft trace record -- PROGRAM
and read README.md.
END
