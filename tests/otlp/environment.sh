#!/bin/bash
# WEFT_OTLP=1 is enough: a program that knows nothing of it sends its metrics. And what it says where that does not work.
#
#   environment.sh BUILD_DIR     77: libweft-otlp is not there

set -u
build=$(realpath "${1:?usage: $0 BUILD_DIR}")
[ -e "$build/lib/libweft-otlp.so" ] || exit 77
here=$(cd "$(dirname "$0")" && pwd) || exit 1
dir=$(mktemp -d) || exit 1
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$dir"' EXIT
failures=0
fail() {
    echo "FAILED  $*"
    failures=$((failures + 1))
}

mkfifo "$dir/port"
/usr/bin/python3 "$here/posted.py" "$dir/posted" >"$dir/port" &
server=$!
read -r port <"$dir/port" || exit 1

# settle: what was on its way has come: the server takes one after the other, and this is the last.
settle() {
    /usr/bin/python3 -c 'import http.client, sys
server = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
server.request("POST", "/settled", "")
server.getresponse().read()' "$port"
}

# run PROGRAM [VAR=value...]: until its end, which comes with that of its input. What it has sent is in $dir/posted, and that it is all.
run() {
    local program=$1
    shift
    settle
    : >"$dir/posted"
    env OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:$port" "$@" "$build/bin/$program" </dev/null >"$dir/out" 2>&1 ||
        fail "$program $*: it ended with $?: $(cat "$dir/out")"
    settle
}
nothing_came() { ! grep -qv '^/settled' "$dir/posted"; }

# The first runs until it has been heard of.
mkfifo "$dir/in"
: >"$dir/posted"
env OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:$port" WEFT_OTLP=1 OTEL_SERVICE_NAME=told OTEL_METRIC_EXPORT_INTERVAL=20 \
    "$build/bin/test-diag-programs-host" <"$dir/in" >"$dir/out" 2>&1 &
program=$!
exec 3>"$dir/in"
until grep -q weft.runtime.workers "$dir/posted" || ! kill -0 $program 2>/dev/null; do
    sleep 0.05
done
exec 3>&-
wait $program || fail "WEFT_OTLP=1: it ended with $?: $(cat "$dir/out")"
grep -q '^/v1/metrics .*"weft.runtime.workers"' "$dir/posted" || fail "WEFT_OTLP=1: no metrics came: $(head -c 300 "$dir/posted")"
grep -q '"told"' "$dir/posted" || fail "WEFT_OTLP=1: it is not called as OTEL_SERVICE_NAME says"
run test-diag-programs-host WEFT_OTLP=1 OTEL_SDK_DISABLED=true
nothing_came || fail "OTEL_SDK_DISABLED=true: something came"
run test-diag-programs-host WEFT_OTLP=0
nothing_came || fail "WEFT_OTLP=0: something came"
run test-static-diag-programs-host WEFT_OTLP=1
grep -q 'WEFT_OTLP is set, but this program has weft linked in: link libweft-otlp.a as well, and call weft_otlp_start()' "$dir/out" ||
    fail "a program with weft linked in does not say why nothing is sent: $(cat "$dir/out")"
[ "$failures" = 0 ]
