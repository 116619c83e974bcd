#!/bin/bash
# What a console draws at each interval costs the same however many tasks live, also while a worker is held by one of them: no
# path of the figures walks through all tasks. The program counts the walks (programs/walks.c).
#
#   walks.sh BUILD_DIR     77: libweft-diag or curl is not there

set -u
build=$(realpath "${1:?usage: $0 BUILD_DIR}")
command -v curl >/dev/null || exit 77
[ -e "$build/lib/libweft-diag.so" ] || exit 77
dir=$(mktemp -d) || exit 1
pid=
trap '[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null; rm -rf "$dir"' EXIT
failures=0

get() { curl -s --max-time 100 --unix-socket "$dir/sock" "http://weft$1"; }

# walks PATH...: how many walks there were while these were asked, with the worker held and seen to be.
walks() {
    mkfifo "$dir/in"
    WEFT_DIAG=$dir/sock "$build/bin/test-diag-programs-walks" <"$dir/in" >"$dir/out" 2>&1 &
    pid=$!
    exec 3>"$dir/in"
    rm "$dir/in"
    until get /api/workers | grep -q '"name":"the holder"'; do
        kill -0 "$pid" 2>/dev/null || { cat "$dir/out"; return 1; }
        sleep 0.05
    done
    for path in "$@"; do
        get "$path" >/dev/null
    done
    exec 3>&-
    wait "$pid"
    pid=
    sed -n 's/^walks //p' "$dir/out"
}

check() {
    if [ "$3" = "$2" ]; then
        echo "ok      $1"
    else
        echo "FAILED  $1: $3 walks, not $2"
        failures=$((failures + 1))
    fi
}

check 'figures walk through no tasks' 0 \
    "$(walks /api/overview /api/runtimes /api/workers /health/live /health/ready '/health/detailed?limit=0' /api/diag)"
check 'a list walks once, and is counted' 1 "$(walks /api/tasks)"
[ "$failures" = 0 ]
