#!/bin/bash
# `weft dump` and `weft top` at more than a page of tasks, at several processes, and at an answer without end.
#
#   multitude.sh BUILD_DIR      ctest-timeout: 600, ctest-cost: 17

set -u
build=$(realpath "${1:?the build folder}")
# shellcheck source=../lib/live.sh
. "$(dirname "$(realpath "$0")")/../lib/live.sh"
program=$build/bin/test-live-multitude
live_begin "$program"

# The endpoints lie where they do if nobody says where.
export XDG_RUNTIME_DIR=$tmp/run
mkdir -m 700 "$XDG_RUNTIME_DIR"
"$program" 2500 <"$tmp/stdin" >"$tmp/path" &
pid=$!
live_hold
until_holds test -s "$tmp/path" || failed 'the program does not say where it answers'

"$weft" dump >"$tmp/dump" 2>"$tmp/says" || failed "a dump: $(cat "$tmp/says")"
if out=$(python3 - "$tmp/dump" <<'PYTHON' 2>&1
import json, sys
d = json.load(open(sys.argv[1]))
pages = [page["tasks"] for page in d["tasks"]]
names = [t["name"] for page in pages for t in page]
assert sorted(names) == sorted(f"guest {i}" for i in range(2500)), len(names)
assert [len(p) for p in pages] == [1000, 1000, 500], [len(p) for p in pages]
assert sorted(r["name"] for r in d["runtimes"]["runtimes"]) == ["empty", "full"]
PYTHON
); then passed 'a dump goes through all pages'; else failed "a dump: $out"; fi

live_terminal 160 30 "$weft top --interval 100 $pid"
shows 'top says how many there are' '2500'
key f
key -l 'guest 2499'
key Enter
shows 'a filter finds what is not among the first thousand' '^ +[0-9]+ guest 2499 '
hides 'and hides the rest' '^ +[0-9]+ guest [0-9] '
terminal kill-server

"$program" 1 <"$tmp/stdin" >"$tmp/path2" &
other=$!
until_holds test -s "$tmp/path2" || failed 'the second program does not say where it answers'
says 'of several processes one is to be named' 1 "several processes answer; say which:( $pid $other| $other $pid)\$" "$weft" dump
says 'a process by its number' 0 '"guest 0"' "$weft" dump $other
says 'an option that there is none of' 2 "what is '--pid'" "$weft" dump --pid $other
kill -9 $other
wait $other 2>/dev/null
says 'a process that was killed does not count' 0 '"guest 2499"' "$weft" dump

# An endpoint that never comes to an end.
python3 - "$tmp/endless.sock" <<'PYTHON' &
import os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1] + ".new")
server.listen()
os.rename(sys.argv[1] + ".new", sys.argv[1]) # who sees it is let in
client, _ = server.accept()
client.recv(65536)
client.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{")
try:
    while True:
        client.sendall(b" " * 65536)
except OSError:
    pass
PYTHON
until_holds test -S "$tmp/endless.sock"
says 'an answer without end' 1 'the answer to /health/detailed\?limit=1000 has more than 64 MiB' "$weft" dump "$tmp/endless.sock"

live_let_go
wait $pid && passed 'the program ends well' || failed 'the program ended badly'

[ $failures = 0 ]
