#!/bin/bash
# `weft check`: what it prints of files, and its exit codes.
#
#   check.sh BUILD_DIR

set -u
weft=$(realpath "${1:?the build folder}")/bin/weft
[ -x "$weft" ] && "$weft" check 2>&1 | grep -q FILE || { echo "skipped: $weft has no check"; exit 77; }
cd "$(mktemp -d)" || exit 1
trap 'rm -rf "$PWD"' EXIT
failures=0

# says <exit code> <expected output, both streams> <arguments of weft check>
says() {
    local code=$1 expected=$2 output
    shift 2
    output=$("$weft" check "$@" 2>&1)
    if [ "$?:$output" != "$code:$expected" ]; then
        printf 'FAILED  weft check %s\n--- expected %s\n%s\n--- printed\n%s\n' "$*" "$code" "$expected" "$output"
        failures=$((failures + 1))
    fi
}

printf '[runtime]\nworker_threads = 2\n[env.test]\n' >good.toml
printf '[runtime]\nworker_threads = 0\nsead = 4\n[env.x.channels.a]\noverflow = 1\n' >bad.toml
printf '[runtime]\nworker_threads = = 2\n' >broken.toml
head -c 100000000 /dev/zero >huge.toml
usage='usage: weft check [--env NAME] [--variables PREFIX] FILE…'
bad="bad.toml:2:18: runtime.worker_threads: expected an integer from 1 to 1024, found 0
bad.toml:3:1: runtime.sead: unknown key: did you mean 'seed'?
bad.toml:5:12: env.x.channels.a.overflow: expected one of 'wait', 'fail', 'drop_newest', 'drop_oldest', found 1"

says 0 "" good.toml
says 0 "" good.toml good.toml
says 0 "" --env test good.toml
says 1 "good.toml:3:2: env: there is no environment 'prod' here: add [env.prod], if only an empty one" --env prod good.toml
says 1 "$bad" bad.toml
says 1 "$bad" bad.toml good.toml
says 1 "broken.toml:2:18: this is not TOML: value: could not determine value type" broken.toml
says 1 "weft check: huge.toml has more than 1048576 bytes, the most that is read" huge.toml
says 1 "weft check: cannot read none.toml: No such file or directory" none.toml
says 1 "weft check: . is a directory: give a file" .
says 2 "weft check: of which file?
$usage"
says 2 "weft check: what is '--what'?
$usage" --what good.toml
says 2 "weft check: --env of what?
$usage" good.toml --env
export WT_RUNTIME__WORKER_THREADS=many
says 0 "" good.toml
says 1 "WT_RUNTIME__WORKER_THREADS: runtime.worker_threads: expected an integer from 1 to 1024, found the string 'many'" \
    --variables WT_ good.toml
WEFT_ENV=nothing says 0 "" good.toml
[ "$failures" = 0 ] && echo "weft check: as it should be"
[ "$failures" = 0 ]
