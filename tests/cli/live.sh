#!/bin/bash
# `weft trace live`: the report of a session while it runs, over a relay daemon; and what it says when there is none.
#
#   live.sh BUILD_DIR      ctest-timeout: 300

set -u
build=$(realpath "${1:?the build folder}")
here=$(dirname "$(realpath "$0")")
# shellcheck source=../lib/recordings.sh
. "$here/../lib/recordings.sh"
weft=$build/bin/weft
program=$build/bin/test-trace-traced_program
troubled=$build/bin/test-trace-troubled_program
provider=$build/lib/libweft-lttng.so
for file in "$provider" "$program" "$troubled" "$weft"; do
    [ -e "$file" ] || { echo "skipped: $file was not built"; exit 77; }
done
command -v lttng-relayd >/dev/null || { echo "skipped: there is no lttng-relayd"; exit 77; }
lttng_begin "$@"
cd "$LTTNG_TMP" || exit 1
lttng_daemon_start

# A relay daemon at three ports that nobody has, or soon again at others: $live, and $control and $data for lttng create.
answers() { "$python" -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])))' "$1"; }
relay_start() {
    while :; do
        read -r control data live < <("$python" -c 'import socket
all = [socket.socket() for _ in range(3)]
for one in all: one.bind(("127.0.0.1", 0))
print(*[one.getsockname()[1] for one in all])')
        lttng-relayd --output="$PWD/relay" --control-port="tcp://127.0.0.1:$control" --data-port="tcp://127.0.0.1:$data" \
            --live-port="tcp://127.0.0.1:$live" >relay.log 2>&1 9>&- &
        relay=$!
        while kill -0 $relay 2>/dev/null; do
            answers "$live" 2>/dev/null && answers "$control" 2>/dev/null && return
            sleep 0.02
        done
        cat relay.log
    done
}
live_cleanup() {
    local code=$?
    kill "$relay" 2>/dev/null
    (exit $code)
    lttng_cleanup
}
trap live_cleanup EXIT
relay_start

host=net://127.0.0.1:$live/host/$(hostname)
# live_session <name>: created and started; its address is $host/<name>
live_session() {
    lttng_quietly create "$1" --live=100000 --ctrl-url="tcp://127.0.0.1:$control" --data-url="tcp://127.0.0.1:$data"
    lttng_sessions="$lttng_sessions $1"
    lttng_quietly enable-channel -u -s "$1" events --subbuf-size=4M --num-subbuf=8
    lttng_quietly add-context -u -s "$1" -c events -t vpid
    lttng_quietly enable-event -u -s "$1" -c events 'weft:*'
    lttng_quietly start "$1"
}

# --- what is missing -------------------------------------------------------------------------------------------------

exits "which session?" 2 'of which session\?' "$weft" trace live
exits "which of them?" 2 "what is 'two'" "$weft" trace live one two
exits "an address that is none" 2 "'net://x/y' is no live session" "$weft" trace live net://x/y
exits "an interval that is none" 2 '--interval takes a duration' "$weft" trace live x --interval soon
exits "a count that is none" 2 '--count takes' "$weft" trace live x --count none
exits "nobody there" 1 'no relay daemon answers at 127.0.0.1, port 1 \(Connection refused\): start one with .lttng-relayd --daemonize' \
    "$weft" trace live net://127.0.0.1:1/host/x/y
exits "no such session" 1 "no live session nowhere: .babeltrace2 -i lttng-live net://127.0.0.1:$live. lists" "$weft" trace live "$host/nowhere"

# --- one that is attached late -----------------------------------------------------------------------------------------

mkfifo orders
LD_PRELOAD=$provider "$troubled" <orders >said 2>/dev/null &
victim=$!
exec 7>orders
soon grep -q READY said
live_session late
exits "reports for scripts" 0 '^\{"title":"live: late","alarms":\[' "$weft" trace live --json --interval 100ms --count 2 "$host/late"
"$weft" trace live --json --interval 100ms --count 3 "$host/late" >late.json
holds "each is a line, with the names that were told before" "$python" - late.json <<'PYTHON'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
assert len(lines) == 3, len(lines)
for line in lines:
    row, = line["live"]["interval"]
    assert row["interval_ns"] >= 100e6 and row["events"] >= 0, row
    assert [r["name"] for r in line["runtime"]["runtimes"]] == ["troubled"], line["runtime"]
assert lines[-1]["recording"]["facts"][0]["events"] >= lines[0]["recording"]["facts"][0]["events"]
PYTHON
exits "a report to read" 0 '^LIVE' "$weft" trace live --count 1 "$host/late"
holds "fits the terminal" "$python" - "$weft" "$host/late" <<'PYTHON'
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 80, 0, 0))
    os.execv(sys.argv[1], [sys.argv[1], "trace", "live", "--interval", "100ms", "--count", "2", sys.argv[2]])
seen = b""
try:
    while part := os.read(fd, 65536):
        seen += part
except OSError:
    pass
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
frames = seen.split(b"\033[H")[1:]
assert len(frames) == 2 and all(f.count(b"\n") <= 11 and b"LIVE" in f for f in frames), seen
PYTHON
"$weft" trace live --interval 50ms "$host/late" 2>&1 >/dev/full </dev/null | grep -q . # it ends, since nobody can read it
passed "a full disk ends it"
echo end >&7
wait $victim
exec 7>&-

# --- one that is gone ----------------------------------------------------------------------------------------------------

live_session whole
env PATH=/nowhere "$weft" trace live --json --interval 50ms "$host/whole" >whole.json 2>whole.err & # asks for no names
watcher=$!
soon eval "babeltrace2 -i lttng-live net://127.0.0.1:$live 2>/dev/null | grep -q 'whole .*1 client'"
LD_PRELOAD=$provider timeout 120 "$program" >whole.facts
lttng_quietly stop whole
lttng_quietly destroy whole
wait $watcher
holds "the end of a session is a good end" test $? = 0
holds "and told" grep -q 'the session whole is gone, after [0-9]* events of weft' whole.err
tail -n 1 whole.json >last.json
if out=$("$python" "$here/check_report.py" last.json whole.facts 2>&1); then
    passed "its last report agrees with the program: $out"
else
    failed "its last report"
    echo "$out"
fi

# --- a relay daemon that is gone -----------------------------------------------------------------------------------------

live_session orphan
"$weft" trace live --json "$host/orphan" >orphan.json 2>orphan.err </dev/null &
watcher=$!
soon eval "babeltrace2 -i lttng-live net://127.0.0.1:$live 2>/dev/null | grep -q 'orphan .*1 client'"
kill -KILL "$relay"
wait "$relay" 2>/dev/null
wait $watcher
holds "its end is a failure" test $? = 1
holds "and told" grep -q "^weft trace live: $host/orphan: cannot be read to its end" orphan.err

finish
