#!/bin/bash
# The file server against curl, against what is not HTTP, and under load from wrk.
#
#   tests/examples/http.sh BUILD_DIR      ctest-cost: 10

set -u
export LC_ALL=C
build=$(realpath "${1:?usage: $0 BUILD_DIR}")
command -v curl >/dev/null || { echo "curl is missing"; exit 77; }
dir=$(mktemp -d) || exit 1
server= hasty=
trap 'kill -KILL $server $hasty 2>/dev/null; rm -rf "$dir"' EXIT
failures=0

mkdir -p "$dir/site/inner"
echo "the first page" >"$dir/site/index.html"
echo "inside" >"$dir/site/inner/index.html"
printf 'with a space' >"$dir/site/a file.txt"
: >"$dir/site/empty"
head -c 3000000 /dev/urandom >"$dir/site/large"
echo secret >"$dir/secret"

# serve <log> <seconds of patience>: $started, and the port is $port
serve() {
    "$build/bin/example-http" 127.0.0.1:0 "$dir/site" "$2" >"$dir/$1" 2>&1 &
    started=$!
    until grep -q listening "$dir/$1"; do kill -0 "$started" || { cat "$dir/$1"; exit 1; }; sleep 0.05; done
    port=$(sed -n 's/^listening on .*://p' "$dir/$1")
}
# A client that is slow since the machine is has all the time that it needs. Another server is soon tired of who does not go on.
serve hasty.log 1
hasty=$started hasty_port=$port
serve log 300
server=$started
url=http://127.0.0.1:$port

say() { echo "FAILED   $1"; failures=$((failures + 1)); }

# answer <what> <status> <curl arguments...>
answer() {
    local what=$1 wanted=$2 got
    shift 2
    got=$(curl -s -m 100 -o "$dir/body" -w '%{http_code}' --path-as-is "$@")
    if [ "$got" = "$wanted" ]; then echo "as said  $what"; else say "$what: $got, wanted $wanted"; fi
}
# same <file>: the last body is the file's contents
same() { cmp -s "$dir/body" "$1" || say "the body is not $1"; }
# said <port> <bytes as of printf>: the first line of the answer
said() { { printf "$2"; sleep 0.1; } | timeout 100 bash -c "exec 3<>/dev/tcp/127.0.0.1/$1; cat >&3; head -1 <&3" | tr -d '\r'; }
# equal <what> <wanted> <got>
equal() { if [ "$3" = "$2" ]; then echo "as said  $1"; else say "$1: '$3', wanted '$2'"; fi; }
# raw <what> <first line of the answer> <bytes as of printf>
raw() { equal "$1" "$2" "$(said "$port" "$3")"; }

answer "a page" 200 "$url/index.html" && same "$dir/site/index.html"
answer "a folder's page" 200 "$url/" && same "$dir/site/index.html"
answer "an inner folder's page" 200 "$url/inner" && same "$dir/site/inner/index.html"
answer "a name with a space, and a query" 200 "$url/a%20file.txt?x=1" && same "$dir/site/a file.txt"
answer "an empty file" 200 "$url/empty" && same "$dir/site/empty"
answer "a large file" 200 "$url/large" && same "$dir/site/large"
answer "a large file, slowly" 200 --limit-rate 2M "$url/large" && same "$dir/site/large"
answer "HEAD" 200 -I "$url/large"
answer "two on one connection" 200200 "$url/" "$url/empty" -o /dev/null
answer "what is not there" 404 "$url/nothing"
answer "upwards" 403 "$url/../secret"
answer "upwards, encoded" 403 "$url/%2e%2e/secret"
answer "POST" 405 -X POST "$url/"
answer "a body" 413 -X GET -d data "$url/"
answer "another method" 501 -X BREW "$url/"
answer "a long path" 414 "$url/$(printf 'x%.0s' $(seq 2000))"
answer "a long head" 431 -H "X: $(printf 'x%.0s' $(seq 9000))" "$url/"
raw "no HTTP" "HTTP/1.1 400 Bad Request" 'hello\r\n\r\n'
raw "no version" "HTTP/1.1 400 Bad Request" 'GET /\r\n\r\n'
raw "HTTP/2" "HTTP/1.1 505 HTTP Version Not Supported" 'GET / HTTP/2.0\r\n\r\n'
raw "no host" "HTTP/1.1 400 Bad Request" 'GET / HTTP/1.1\r\n\r\n'
raw "HTTP/1.0 needs none" "HTTP/1.1 200 OK" 'GET / HTTP/1.0\r\n\r\n'
raw "a bad escape" "HTTP/1.1 400 Bad Request" 'GET /%%zz HTTP/1.1\r\nHost: x\r\n\r\n'
raw "a field without a colon" "HTTP/1.1 400 Bad Request" 'GET / HTTP/1.1\r\nHost: x\r\nbad\r\n\r\n'
raw "chunks" "HTTP/1.1 501 Not Implemented" 'GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'
raw "TLS" "HTTP/1.1 400 Bad Request" '\x16\x03\x01\x02\r\n\r\n'
got= # who has not even begun is let go without a word, and comes again
until [ -n "$got" ] || ! kill -0 "$hasty"; do got=$(said "$hasty_port" 'GET / HTTP/1.1\r\nHost:'); done
equal "a head that does not go on" "HTTP/1.1 408 Request Timeout" "$got"

# The process is stopped for five seconds in the middle of a large answer.
curl -s -m 300 -o "$dir/stopped" --limit-rate 1M "$url/large" &
client=$!
sleep 0.5
kill -STOP "$server"
sleep 5
kill -CONT "$server"
wait "$client"
if cmp -s "$dir/stopped" "$dir/site/large"; then echo "as said  stopped and continued"; else say "stopped and continued"; fi

if command -v wrk >/dev/null; then
    wrk -t1 -c32 -d1 --timeout 100 "$url/index.html" >"$dir/wrk" 2>&1 || say "wrk"
    grep -q 'requests in' "$dir/wrk" || say "wrk: $(cat "$dir/wrk")"
    ! grep -E 'Socket errors|Non-2xx' "$dir/wrk" || say "wrk saw errors"
    grep 'Requests/sec' "$dir/wrk"
fi

for one in "$hasty" "$server"; do
    kill -TERM "$one"
    wait "$one" || say "exit code $?"
done
server= hasty=
grep '^answers' "$dir/log" || say "no last line: $(cat "$dir/log")"
[ "$failures" = 0 ]
