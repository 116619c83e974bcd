#!/bin/bash
# A program is seen from outside without a word of its code: WEFT_DIAG in its environment is enough. And what it says where
# that does not work.
#
#   environment.sh BUILD_DIR     77: libweft-diag or curl is not there

set -u
build=$(realpath "${1:?usage: $0 BUILD_DIR}")
command -v curl >/dev/null || exit 77
[ -e "$build/lib/libweft-diag.so" ] || exit 77
dir=$(mktemp -d) || exit 1
export XDG_RUNTIME_DIR=$dir
program=$build/bin/test-diag-programs-host
pid=
trap '[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null; rm -rf "$dir"' EXIT
failures=0
fail() {
    echo "FAILED  $*"
    failures=$((failures + 1))
}

# begin [VAR=value...]: start the program, wait until it says that it runs. Its report is in $dir/out.
begin() {
    mkfifo "$dir/in"
    : >"$dir/out" # or the last program's "runs" would be taken for this one's
    env "$@" "${PROGRAM:-$program}" <"$dir/in" >"$dir/out" 2>&1 &
    pid=$!
    exec 3>"$dir/in"
    rm "$dir/in"
    until grep -q '^runs' "$dir/out"; do
        kill -0 "$pid" 2>/dev/null || { cat "$dir/out"; return 1; }
        sleep 0.05
    done
}

# finish: let it end, which it does by itself when its input ends.
finish() {
    exec 3>&-
    wait "$pid" || fail "it ended with $?"
    pid=
}

# status PATH SOCKET
status() { curl -s -m 100 -o /dev/null -w '%{http_code}' --unix-socket "$2" "http://weft$1"; }

begin WEFT_DIAG=1 || exit 1
socket=$dir/weft/$pid.sock
[ "$(status /health/live "$socket")" = 200 ] || fail "WEFT_DIAG=1: no answer at $socket"
curl -s -m 100 --unix-socket "$socket" http://weft/api/runtimes | grep -q '"name":"host"' || fail "the runtime is not shown"
[ "$(stat -c %a "$dir/weft")$(stat -c %a "$socket")" = 700600 ] || fail "modes of folder and socket: $(stat -c %a "$dir/weft" "$socket")"
finish
[ ! -e "$socket" ] || fail "the socket is left behind"
# WEFT_EBUSY: a poll held its worker for long, as any does whose worker the machine keeps waiting.
said=$(grep '^report' "$dir/out" | grep -v '^report WEFT_EBUSY ')
[ -z "$said" ] || fail "it has something to say: $said"

begin WEFT_DIAG="$dir/own.sock" || exit 1
[ "$(status /health/live "$dir/own.sock")" = 200 ] || fail "WEFT_DIAG=PATH: no answer"
kill -9 "$pid"
wait "$pid" 2>/dev/null
exec 3>&-
[ -e "$dir/own.sock" ] || fail "who is killed leaves the socket"
begin WEFT_DIAG="$dir/own.sock" || exit 1 # and the next takes it over
[ "$(status /health/live "$dir/own.sock")" = 200 ] || fail "a dead socket is not taken over"
finish

begin LD_PRELOAD="$build/lib/libweft-diag.so" WEFT_DIAG="$dir/own.sock" || exit 1
[ "$(status /api/tasks "$dir/own.sock")" = 200 ] || fail "preloaded: no answer"
finish

for off in WEFT_DIAG=0 WEFT_DIAG= LD_PRELOAD="$build/lib/libweft-diag.so"; do
    begin "$off" || exit 1
    [ -z "$(find "$dir" -name '*.sock')" ] || fail "$off: it listens"
    [ "$(ls "/proc/$pid/task" | wc -l)" = 3 ] || fail "$off: it has $(ls "/proc/$pid/task" | wc -l) threads" # main, worker, monitor
    finish
done

begin WEFT_DIAG=/no/such/folder/weft.sock || exit 1
finish
grep -q '^report WEFT_ENOENT WEFT_DIAG: .*cannot open the folder' "$dir/out" || fail "no report of a bad path: $(cat "$dir/out")"
begin WEFT_DIAG=1 WEFT_DIAG_PORT=9464 || exit 1
finish
grep -q 'without a token' "$dir/out" || fail "no report of a port without a token: $(cat "$dir/out")"
begin WEFT_DIAG=1 WEFT_DIAG_PORT=http WEFT_DIAG_TOKEN=0123456789abcdef || exit 1
finish
grep -q 'WEFT_DIAG_PORT=http' "$dir/out" || fail "no report of a bad port: $(cat "$dir/out")"

PROGRAM=$build/bin/test-static-diag-programs-host
begin WEFT_DIAG=1 || exit 1
finish
grep -q 'report WEFT_EPROTO .*link libweft-diag.a' "$dir/out" || fail "weft linked in: $(cat "$dir/out")"
[ -z "$(find "$dir" -name '*.sock')" ] || fail "weft linked in: it listens all the same"
PROGRAM=$program

# The child of a fork that makes a runtime has an endpoint of its own.
begin WEFT_DIAG=1 FORK=1 || exit 1
until child=$(sed -n 's/^child //p' "$dir/out") && [ -n "$child" ]; do sleep 0.05; done
for process in $pid $child; do
    [ "$(status /health/live "$dir/weft/$process.sock")" = 200 ] || fail "no answer of process $process"
done
finish
[ -z "$(find "$dir" -name '*.sock')" ] || fail "sockets are left behind: $(find "$dir" -name '*.sock')"

"$build/bin/test-diag-programs-unload" "$build/lib/libweft-diag.so" "$dir/own.sock" >"$dir/out" 2>&1 ||
    fail "loaded and unloaded: $? $(cat "$dir/out")"

[ $failures = 0 ] && echo "the environment is enough"
[ $failures = 0 ]
