#!/bin/bash
# The PostgreSQL example against a server of its own on a Unix socket, and against none.
#
#   tests/examples/postgres.sh BUILD_DIR      ctest-timeout: 600

set -u
build=$(realpath "${1:?usage: $0 BUILD_DIR}")
program=$build/bin/example-postgres
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -1)
[ -x "$program" ] && [ -n "$bin" ] || { echo "libpq or the server is missing"; exit 77; }
dir=$(mktemp -d) || exit 1
chmod 755 "$dir"
# The server does not run as root.
as=()
if [ "$(id -u)" = 0 ]; then
    id postgres >/dev/null 2>&1 || { echo "no user postgres"; exit 77; }
    as=(runuser -u postgres --)
    chown postgres "$dir"
fi
cd / || exit 1
stop() {
    "${as[@]}" "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1
    rm -rf "$dir"
}
trap stop EXIT
"${as[@]}" "$bin/initdb" -D "$dir/data" -A trust -U postgres >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log"; exit 1; }
"${as[@]}" "$bin/pg_ctl" -D "$dir/data" -w -t 300 -l "$dir/data/log" -o "-c listen_addresses= -k $dir" start >"$dir/start.log" 2>&1 ||
    { cat "$dir/start.log" "$dir/data/log"; exit 1; }

timeout 300 "$program" "host=$dir user=postgres dbname=postgres" || { echo "exit code $?"; exit 1; }
if timeout 300 "$program" "host=/nowhere user=postgres" 2>"$dir/errors"; then
    echo "it says that it ran without a server"
    exit 1
fi
grep -q 'WEFT_ECONNREFUSED' "$dir/errors" || { cat "$dir/errors"; exit 1; }
echo "without a server: $(tail -1 "$dir/errors")"
