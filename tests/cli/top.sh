#!/bin/bash
# `weft top`, `weft dump` and `weft watch` at a program that runs, on a real terminal (tmux): what they show, what keys do, a
# recording and its replay, and what they say when there is nothing to look at.
#
#   top.sh BUILD_DIR      ctest-timeout: 600

set -u
build=$(realpath "${1:?the build folder}")
# shellcheck source=../lib/live.sh
. "$(dirname "$(realpath "$0")")/../lib/live.sh"
program=$build/bin/test-live-kitchen
live_begin "$program"
unset XDG_RUNTIME_DIR WEFT_DIAG_TOKEN # a developer's own

socket=$tmp/kitchen.sock
"$program" "$socket" <"$tmp/stdin" >"$tmp/path" &
pid=$!
live_hold
until_holds test -s "$tmp/path" || failed 'the program does not say where it answers'

live_terminal 180 40 "$weft top --interval 200 --record $tmp/record $socket; echo code \$?"
shows 'the process and its health' 'weft top [0-9]+  (critical|degraded) .*kitchen.sock'
shows 'a task by name, with where it waits and who has the lock' 'cook .*waiting .*kitchen\.c:[0-9]+ .*oven.*baker waiting at kitchen\.c:[0-9]+'
shows 'a sender behind a full channel' 'waiter .*orders \(full, 4 of 4\)'
shows 'a name that is not ASCII' 'waiter été'
shows 'rates between two looks' 'radio .* [0-9]+ +[1-9][0-9]* +[0-9.]+ m?s'
key 2
shows 'channels, with their saturation' 'orders +hall +critical +4 +4 +100%'
shows 'how many senders wait' 'orders .* 3 +[0-9.]+ m?s'
key Enter
shows 'all about a channel' 'sent 5, received 1, dropped 0'
shows 'who waits at the channel' 'task [0-9]+ waiter.*orders \(full'
key Escape 3
shows 'workers by thread' 'kitchen +weft-[01]'
key 4
shows 'the lock and its owner' 'mutex +oven +hall .* 1 .*baker'
key 6
shows 'warnings say what is wrong' 'critical.*orders'
shows 'and what is a finding, with its evidence' 'channel-saturated.*orders.*senders wait'
key 7
shows 'how long polls take' 'how long polls take'
shows 'bars, measured while somebody asks' '(us|ms|ns) +[0-9]+ +#'
key 1 f
key -l cook
key Enter
hides 'a filter hides what does not match' '^ +[0-9]+ baker '
key Escape
shows 'escape shows all again' '^ +[0-9]+ baker '
key /
key -l oven
key Enter Enter
shows 'a search chooses a row, and enter tells all about it' 'awaits in cook +kitchen\.c:[0-9]+'
key Escape Space
shows 'freezing says so' 'frozen'
key Space '?'
shows 'the keys' 'sort by the next column'
key '?' s
shows 'the column that sorts is marked' '\^name'
terminal resize-window -t top -x 80 -y 12
shows 'it fits a small terminal' '^ \? keys'
key q
shows 'q leaves' 'code 0'

live_terminal 180 40 "$weft top --interval 100 --replay $tmp/record; echo code \$?"
shows 'a recording is replayed' 'replayed'
shows 'with what was seen' 'cook .*oven'
shows 'until it ends' 'the recording ends here'
key q

out=$("$weft" dump "$socket" 2>&1)
if python3 -c '
import json, sys
d = json.load(sys.stdin)
names = sorted(t["name"] for page in d["tasks"] for t in page["tasks"])
assert names == ["baker", "cook", "radio", "waiter", "waiter", "waiter été"], names
assert d["channels"][0]["channels"][0]["depth"] == 4
assert isinstance(d["lints"]["lints"], list)
assert d["health"]["status"] in ("critical", "degraded")' <<<"$out"; then
    passed 'a dump is JSON with everything in it'
else
    failed "a dump: $out"
fi
lines=$("$weft" watch --interval 50 --count 3 "$socket" | python3 -c 'import json, sys; print(sum(1 for l in sys.stdin if json.loads(l)["runtimes"][0]["name"] == "kitchen"))')
[ "$lines" = 3 ] && passed 'a watch is a JSON object a line' || failed "a watch: $lines lines"

says 'a process that does not answer' 1 'process 1 does not answer at /tmp/weft-[0-9]+/1\.sock: start it with WEFT_DIAG=1' "$weft" dump 1
says 'a process that is not' 1 'there is no process 99999999' "$weft" watch 99999999
says 'a path that is no socket' 1 'is no socket that a program answers at' "$weft" top "$tmp/record"
says 'a path that is too long' 1 'has at most 107 bytes, this one 120' "$weft" top "/$(printf '%0119d' 0)"
says 'no terminal' 1 'weft watch. and .weft dump. need none' "$weft" top "$socket"
says 'no token' 1 'put it into WEFT_DIAG_TOKEN' env -u WEFT_DIAG_TOKEN "$weft" top http://127.0.0.1:1
says 'nobody there' 1 'no answer' env WEFT_DIAG_TOKEN=0123456789abcdef "$weft" dump http://127.0.0.1:1
python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$tmp/dead.sock"
says 'a dead socket' 1 "^weft dump: no answer: nobody is at $tmp/dead.sock: the program has ended" "$weft" dump "$tmp/dead.sock"
[ -z "$("$weft" dump "$tmp/dead.sock" 2>/dev/null)" ] && passed 'and no half of a dump' || failed 'a dump of nothing prints something'
says 'no number of lines' 2 'the count at least 1' "$weft" watch --count -3 "$socket"
says 'an interval that is more than a number' 2 'the interval is 50 to 60000 ms' "$weft" watch --interval 100x "$socket"
says 'nobody at all' 1 "^weft watch: no process answers in /[^ ]*/none/weft or /tmp/weft-[0-9]+: start it" env XDG_RUNTIME_DIR="$tmp/none" "$weft" watch
says 'a full disk' 1 '^weft: standard output: No space left' bash -c "'$weft' dump '$socket' >/dev/full"
says 'no recording' 1 'this is no recording' "$weft" top --replay "$program"
says 'an interval out of its range' 2 'the interval is 100 to 60000 ms' "$weft" top --interval 1 "$socket"
says 'an unknown option' 2 "what is '--colour'" "$weft" top --colour
head -c 3000 "$tmp/record" >"$tmp/cut"
live_terminal 100 20 "$weft top --interval 100 --replay $tmp/cut"
shows 'a recording that was cut off' 'the recording ends here'

kill -0 $pid 2>/dev/null && passed 'the program still runs' || failed 'the program has ended'
live_let_go
wait $pid && passed 'and ends well' || failed 'the program ended badly'

[ $failures = 0 ]
