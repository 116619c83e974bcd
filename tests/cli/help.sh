#!/bin/bash
# Each command of `weft` tells how it is used when it is asked, on standard output, and does nothing else.
#
#   help.sh BUILD_DIR

set -u
weft=$(realpath "${1:?the build folder}")/bin/weft
[ -x "$weft" ] || { echo "skipped: no program weft"; exit 77; }
cd "$(mktemp -d)" || exit 1
trap 'rm -rf "$PWD"' EXIT
failures=0

fail() {
    printf 'FAILED  %s\n' "$*"
    failures=$((failures + 1))
}

# tells <first line> <arguments of weft>
tells() {
    local first=$1 code
    shift
    "$weft" "$@" >out 2>err
    code=$?
    [ "$code" = 0 ] || fail "weft $*: exit code $code"
    [ -s err ] && fail "weft $*: says on standard error: $(head -1 err)"
    case $(head -1 out) in
    "$first"*) ;;
    *) fail "weft $*: begins with '$(head -1 out)', not '$first'" ;;
    esac
}

"$weft" --help | grep -q 'not in this program' && { echo "skipped: not all commands were built"; exit 77; }
commands=$("$weft" --help | sed -n 's/^  \([a-z]*\) .*/\1/p')
[ "$(wc -w <<<"$commands")" -ge 6 ] || fail "the commands are only: $commands"
tells 'usage: weft COMMAND' help
tells 'usage: weft COMMAND' -h
tells 'usage: weft COMMAND' help help
tells 'usage: weft COMMAND' --help --help
for name in $commands; do
    [ "$name" = trace ] || tells "usage: weft $name" "$name" --help
    tells "usage: weft $name" help "$name"
done
tells 'usage: weft trace COMMAND' trace --help
for name in $("$weft" trace --help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
    tells "usage: weft trace $name" trace "$name" --help
    tells "usage: weft trace $name" trace "$name" -h
    tells "usage: weft trace $name" trace help "$name"
    tells "usage: weft trace $name" help trace "$name"
done
"$weft" help nonsense >out 2>err
[ "$?:$(head -1 err)" = "2:weft: there is no command 'nonsense'" ] || fail "weft help nonsense: $(head -1 err)"
[ -z "$(find . -type d -name 'weft-*')" ] || fail "something was recorded"
exit $((failures > 0))
