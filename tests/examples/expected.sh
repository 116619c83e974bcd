#!/bin/bash
# Each small example prints exactly what expected/ says, ten times in a row: its output does not depend on the schedule.
#
#   tests/examples/expected.sh BUILD_DIR      ctest-cost: 12

set -u
build=$(realpath "${1:?usage: $0 BUILD_DIR}")
cd "$(dirname "$0")" || exit 1
failures=0

for expected in expected/*.txt; do
    name=$(basename "$expected" .txt)
    program=$build/bin/example-$name
    if [ ! -x "$program" ]; then
        case $name in
        *cpp | embed_glib | embed_sd_event | 17_diag | 18_config | 19_otlp) echo "skipped  $name: what it needs was not there" && continue ;;
        esac
        echo "FAILED   $name: $program was not built"
        failures=$((failures + 1))
        continue
    fi
    for run in 1 2 3 4 5 6 7 8 9 10; do
        actual=$(timeout 300 "$program" 2>&1 </dev/null; echo "exit code $?")
        if [ "$actual" != "$(cat "$expected")" ]; then
            echo "FAILED   $name, run $run: expected (<), printed (>)"
            diff "$expected" - <<<"$actual"
            failures=$((failures + 1))
            continue 2
        fi
    done
    echo "equal    $name"
done

# An example without an expectation is one that nobody checks.
for source in ../../examples/*.c ../../examples/*.cc; do
    name=$(basename "${source%.*}")
    [ -e "expected/$name.txt" ] || { echo "FAILED   $name: expected/$name.txt is missing"; failures=$((failures + 1)); }
done
[ "$failures" = 0 ]
