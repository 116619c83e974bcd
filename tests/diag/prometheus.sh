#!/bin/bash
# /metrics is what Prometheus reads: promtool finds nothing to complain of, and a real server scrapes it, with the token, and
# has the numbers of the program.
#
#   prometheus.sh BUILD_DIR     77: prometheus, promtool or curl is not there
#
# ctest-timeout: 600

set -u
build=$(realpath "${1:?usage: $0 BUILD_DIR}")
for needed in curl prometheus promtool; do command -v $needed >/dev/null || exit 77; done
till=$build/bin/test-live-till
[ -x "$till" ] || exit 77
dir=$(mktemp -d) || exit 1
program= server=
trap '[ -z "$program" ] || kill -9 "$program" 2>/dev/null; [ -z "$server" ] || kill -9 "$server" 2>/dev/null; wait 2>/dev/null; rm -rf "$dir"' EXIT
fail() {
    echo "FAILED  $*"
    exit 1
}
token=a-token-of-the-test-$RANDOM
mkfifo "$dir/in"
"$till" "$dir/weft.sock" $token <"$dir/in" >"$dir/out" 2>&1 &
program=$!
exec 3>"$dir/in"
until grep -q '^port' "$dir/out"; do kill -0 $program || fail "$(cat "$dir/out")"; sleep 0.05; done
port=$(sed -n 's/^port //p' "$dir/out") # both listen on ports that the kernel chose, so that nobody takes them in between

curl -s -m 100 --unix-socket "$dir/weft.sock" http://weft/metrics >"$dir/metrics" || fail "no answer"
promtool check metrics <"$dir/metrics" || fail "promtool check metrics: see above"
curl -s -m 100 --unix-socket "$dir/weft.sock" 'http://weft/metrics?prefix=tasker' >"$dir/metrics" || fail "no answer"
grep -q '^tasker_channel_messages_sent_total{' "$dir/metrics" || fail "another prefix"
promtool check metrics <"$dir/metrics" || fail "promtool check metrics, with a prefix"

cat >"$dir/prometheus.yml" <<YAML
global: {scrape_interval: 500ms, scrape_timeout: 500ms}
scrape_configs:
  - job_name: weft
    authorization: {credentials: $token}
    static_configs: [{targets: ['127.0.0.1:$port']}]
  - job_name: stranger
    static_configs: [{targets: ['127.0.0.1:$port']}]
YAML
prometheus --config.file="$dir/prometheus.yml" --storage.tsdb.path="$dir/data" --web.listen-address=127.0.0.1:0 >"$dir/log" 2>&1 &
server=$!
until listen=$(sed -n 's/.*msg="Listening on" address=127\.0\.0\.1:\([0-9]*\).*/\1/p' "$dir/log") && [ -n "$listen" ]; do
    kill -0 $server 2>/dev/null || fail "prometheus: $(cat "$dir/log")"
    sleep 0.05
done
# query EXPRESSION: the value of its first result, or nothing.
query() {
    curl -s -m 100 --data-urlencode "query=$1" "http://127.0.0.1:$listen/api/v1/query" |
        /usr/bin/python3 -c 'import json, sys
result = json.load(sys.stdin)["data"]["result"]
print(result[0]["value"][1] if result else "")' 2>/dev/null
}
# expect EXPRESSION VALUE: within five minutes
expect() {
    local value= end=$((SECONDS + 300))
    while [ $SECONDS -lt $end ]; do
        kill -0 $server 2>/dev/null || fail "prometheus: $(cat "$dir/log")"
        value=$(query "$1")
        [ "$value" != "$2" ] || return 0
        sleep 0.25
    done
    fail "$1 is '$value', not $2: $(curl -s "http://127.0.0.1:$listen/api/v1/targets" | head -c 2000)"
}
expect 'up{job="weft"}' 1
expect 'up{job="stranger"}' 0
expect 'weft_channel_capacity{channel_name="orders \"of\" the\nday",component="till"}' 8
expect 'weft_channel_messages_sent_total{component="till"}' 3
expect 'weft_runtime_tasks_live' 1
expect 'weft_diag_connections_refused_total' 0
echo "promtool and Prometheus $(prometheus --version 2>&1 | sed -n 's/^prometheus, version \([^ ]*\).*/\1/p') read it"
