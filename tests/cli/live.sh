#!/bin/bash
# `weft trace live`: the report of a program while it runs, of a process, of a session that somebody has made; and what it
# says when something is missing.
#
#   live.sh BUILD_DIR      ctest-timeout: 600, ctest-cost: 25

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
heard() { exec env --default-signal=INT "$@"; } # what a shell starts in the background ignores Ctrl-C unless it is told
# agrees <how> <reports> <facts>: the last report agrees with what the program counted.
agrees() {
    tail -n 1 "$2" >last.json
    checked "$1" check_report.py last.json "$3"
}
own_is_gone() {
    ! lttng --no-sessiond list 2>/dev/null | grep weft-live && ! pgrep -x lttng-relayd >/dev/null && ! compgen -G "$PWD/weft-relay-*" >/dev/null
}
export TMPDIR=$PWD

# --- a session of its own ------------------------------------------------------------------------------------------------

mkdir tools
ln -s "$(command -v lttng)" tools/
exits "no lttng-relayd" 125 'there is no lttng-relayd to start: install it .Debian: apt install lttng-tools.' \
    env PATH=/nowhere "$weft" trace live -- /bin/true
printf '#!/bin/sh\necho Error: no room >&2\nexit 1\n' >tools/lttng-relayd
chmod +x tools/lttng-relayd
exits "one that does not start" 125 'lttng-relayd does not start: Error: no room\.' env PATH="$PWD/tools:/usr/bin:/bin" "$weft" trace live -- /bin/true
ln -sf "$(command -v lttng-relayd)" tools/
exits "no folder for it" 125 'cannot make a folder for a relay daemon, /nowhere/weft-relay-' env TMPDIR=/nowhere "$weft" trace live -- /bin/true
if lttng_nobody_listens; then
    exits "no lttng-sessiond" 125 'there is no lttng-sessiond to start' env PATH="$PWD/tools" "$weft" trace live -- /bin/true
    "$weft" trace live --json --interval 100ms -o own.json -- "$program" >own.facts 2>own.err
    holds "a daemon is started" test $? = 0
    if lttng_daemon_runs; then failed "the daemon that was started is still there"; else passed "and it ends"; fi
    agrees "a program that it starts" own.json own.facts
fi
lttng_daemon_start
exits "a program that is none" 127 'nowhere: No such file' "$weft" trace live -- ./nowhere
exits "a program that cannot be run" 126 '/: Permission denied' "$weft" trace live -- /
exits "a provider that is none" 125 '--provider nowhere.so: No such file' "$weft" trace live --provider nowhere.so -- "$program"
exits "no such process" 125 'there is no process 2147483647' "$weft" trace live --pid 2147483647
exits "a file that cannot be written" 125 'nowhere/a: No such file' "$weft" trace live -o nowhere/a -- "$program"
exits "what is of a recording" 2 "what is '--flight'" "$weft" trace live --flight -- "$program"
exits "a session and a program" 2 'one of them' "$weft" trace live some -- "$program"
exits "a session and what it records" 2 'says who made it' "$weft" trace live some --only 'task_*'
exits "a program without weft" 3 'no event of weft came: sh is not linked with weft' "$weft" trace live -- sh -c 'exit 3'
"$weft" trace live --interval 50ms -- sh -c "\"$program\" >shell.facts; echo said; exit 9" >shell.said 2>shell.err
holds "its exit code is handed through" test $? = 9
holds "its output is its own" test "$(cat shell.said)" = said
holds "and the reports are beside it" grep -q '^LIVE' shell.err
exits "it may end before the first" 0 'events of weft' "$weft" trace live --interval 1h -- "$program"
exits "some events" 0 '[0-9]+ events of weft' "$weft" trace live --json -o some.json --only 'task_*' -- "$program"
holds "are shown, and no others" grep -q 'Polls are not in it' some.json
# shellcheck disable=SC2016
exits "so many reports are enough, and the program goes on" 6 '^$' "$weft" trace live --json --interval 50ms --count 1 -o one.json -- \
    sh -c '"$0" >one.facts; until own() { [ "$(wc -l <one.json)" = 1 ]; }; own && ! pgrep -x lttng-relayd >/dev/null; do sleep 0.02; done; exit 6' "$program"
"$weft" trace live --interval 50ms -o /dev/full -- "$program" >full.facts 2>/dev/null
holds "nor does a full disk end it" test -s full.facts
for signal in INT TERM; do
    rm -f ready
    heard "$weft" trace live -- sh -c 'trap "exit 5" INT TERM; : >ready; while :; do sleep 0.05; done' >signal.out 2>&1 &
    watcher=$!
    soon test -e ready
    kill -$signal $watcher
    wait $watcher
    holds "SIG$signal is passed on" test $? = 5
done
mkfifo orders.own
LD_PRELOAD=$provider "$troubled" <orders.own >own.said 2>/dev/null &
victim=$!
exec 7>orders.own
soon grep -q READY own.said
exits "a process for a while" 0 'events of weft' "$weft" trace live --json --interval 50ms -o pid.json --pid $victim --for 2s
holds "with the names that were told before" grep -q '"name":"jam"' pid.json
heard "$weft" trace live --json --interval 50ms --pid $victim >until.json 2>until.err &
watcher=$!
soon test -s until.json
kill -INT $watcher
wait $watcher
holds "or until Ctrl-C" test $? = 0
heard "$weft" trace live --json --interval 50ms --pid $victim >end.json 2>/dev/null &
watcher=$!
soon test -s end.json
echo end >&7
wait $watcher
holds "or to its end" test $? = 0
wait $victim
exec 7>&-
holds "they leave no session, no daemon and no folder" own_is_gone

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
LD_PRELOAD=$provider timeout 300 "$program" >whole.facts
lttng_quietly stop whole
lttng_quietly destroy whole
wait $watcher
holds "the end of a session is a good end" test $? = 0
holds "and told" grep -q 'the session whole is gone, after [0-9]* events of weft' whole.err
agrees "its last report agrees with the program" whole.json whole.facts

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
