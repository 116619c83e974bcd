#!/bin/bash
# The chat: what one guest says the others hear, in order; who does not read misses lines and holds nobody up.
#
#   tests/examples/chat.sh BUILD_DIR

set -u
build=$(realpath "${1:?usage: $0 BUILD_DIR}")
dir=$(mktemp -d) || exit 1
server=
trap '[ -z "$server" ] || kill -KILL "$server" 2>/dev/null; rm -rf "$dir"' EXIT

"$build/bin/example-chat" "unix:$dir/chat.sock" >"$dir/log" 2>&1 &
server=$!
until grep -q open "$dir/log"; do kill -0 "$server" || { cat "$dir/log"; exit 1; }; sleep 0.05; done

PATH=/usr/bin:$PATH python3 - "$dir/chat.sock" <<'PYTHON' || exit 1
import socket, sys

# More than the kernel keeps of them for a guest who does not read.
LINES = max(3000, 2 * int(open("/proc/sys/net/core/wmem_default").read()) // 100)

def guest(name):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(250)
    s.connect(sys.argv[1])
    f = s.makefile("rw", newline="\n")
    assert f.readline() == "welcome: who are you?\n" # from here on this one hears
    s.sendall(name.encode() + b"\n")
    return f, s

# Who else has come meanwhile does not matter. Nor what somebody has missed of his own words: they go round as all others do, and
# his ear may lag behind his mouth.
def hears(who, line, but=("has come\n",)):
    heard = who.readline()
    while heard != line and heard.endswith(but):
        heard = who.readline()
    assert heard == line, heard

ann, _ = guest("ann")
bob, _ = guest("bob")
hears(ann, "bob has come\n")
deaf, _ = guest("deaf") # does not read
hears(ann, "deaf has come\n")
hears(bob, "deaf has come\n")

# Each hears the other, line by line: whoever reads in turn misses nothing, though one guest does not read at all.
for i in range(LINES):
    bob.write(f"line {i} {'x' * 100}\n")
    bob.flush()
    hears(ann, f"bob: line {i} {'x' * 100}\n")
ann.write("after all that\n")
ann.flush()
hears(bob, "ann: after all that\n", ("has come\n", " lines)\n"))

# The deaf one reads now: a beginning, then what it is told it missed, and the rest in order.
last, missed = -1, 0
while True:
    line = deaf.readline()
    if line == "ann: after all that\n":
        break
    if line.endswith(" has come\n"):
        continue
    if line.startswith("(you have missed "):
        missed += int(line.split()[3])
        continue
    number = int(line.split()[2])
    assert number > last, line
    last = number
assert missed > 0
print(f"the deaf guest missed {missed} of {LINES + 1} lines, and heard the rest in order")
bob.close()
_ = None
PYTHON

kill -TERM "$server"
wait "$server"
code=$?
server=
[ "$code" = 0 ] || { echo "exit code $code"; cat "$dir/log"; exit 1; }
