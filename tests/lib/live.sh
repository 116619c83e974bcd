# SPDX-License-Identifier: MIT
# For scripts that look at a live process (tests/cli/): what passed and failed, commands and what they say, and a real
# terminal (tmux). Sourced; the script has set `build` and calls live_begin.
# shellcheck shell=bash

failures=0
passed() { echo "ok      $*"; }
failed() { echo "FAILED  $*"; failures=$((failures + 1)); }

# live_begin <program that must be there>...: skip what cannot be tried, make $tmp, and clean up at the end.
live_begin() {
    local needed
    weft=$build/bin/weft
    for needed in "$weft" "$@"; do
        [ -e "$needed" ] || { echo "skipped: $needed was not built"; exit 77; }
    done
    for needed in tmux python3; do
        command -v "$needed" >/dev/null || { echo "skipped: there is no $needed"; exit 77; }
    done
    "$weft" top --help 2>&1 | grep -q 'built without' && { echo "skipped: weft was built without top"; exit 77; }
    export LC_ALL=C.UTF-8
    tmp=$(mktemp -d) || exit 1
    mkfifo "$tmp/stdin"
    trap live_end EXIT
}

# Programs under test read this pipe, and end when it does.
live_hold() { exec 8>"$tmp/stdin"; }
live_let_go() { exec 8>&-; }
live_end() {
    terminal kill-server 2>/dev/null
    live_let_go
    wait
    rm -rf "$tmp"
}

# until_holds <command>: five minutes at most, for a machine that has much else to do.
until_holds() {
    local end=$((SECONDS + 300))
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.05
    done
}

terminal() { tmux -S "$tmp/tmux" -f /dev/null "$@" 8>&-; } # or the program would never see its stdin end

# live_terminal <columns> <rows> <command>: in place of the one before. The server stays without a session, since one that
# ends with its last takes down the next if that is begun meanwhile; it has the environment of whoever begins the first.
live_terminal() {
    terminal kill-session -t top 2>/dev/null
    terminal new-session -d -s top -x "$1" -y "$2" "$3; sleep 600" \; set-option -s exit-empty off
}
key() { terminal send-keys -t top "$@"; }

# shows <how> <pattern>: until the terminal does; a program that never shows it fails in the end.
terminal_has() { # and if the terminal is gone, what it showed last stays
    terminal capture-pane -p -t top >"$tmp/screen.new" 2>/dev/null && mv "$tmp/screen.new" "$tmp/screen"
    grep -qE -- "$1" "$tmp/screen"
}
terminal_lacks() { ! terminal_has "$1"; }
shows() {
    until_holds terminal_has "$2" && { passed "$1"; return; }
    failed "$1: no line is like '$2'"
    cat "$tmp/screen"
}
hides() {
    until_holds terminal_lacks "$2" && { passed "$1"; return; }
    failed "$1: there still is a line like '$2'"
    cat "$tmp/screen"
}

# says <how> <code> <pattern> <command>
says() {
    local how=$1 code=$2 pattern=$3 out got
    shift 3
    out=$("$@" 2>&1 </dev/null)
    got=$?
    if [ $got = "$code" ] && grep -qE -- "$pattern" <<<"$out"; then passed "$how"; else failed "$how: exit $got, '${out:0:400}'"; fi
}
