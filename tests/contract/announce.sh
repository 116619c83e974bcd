#!/bin/bash
# Who has pushed a task looks for sleepers after it, in the compiled program as well: by the language a read-modify-write that changes
# nothing and whose result nobody reads orders, but clang makes no instruction of one that is weaker than seq_cst. No model sees that.

set -u
root=$(dirname "$(realpath "$0")")/../..
[ "$(uname -m)" = x86_64 ] || { echo "skipped: the instructions are those of x86"; exit 77; }
object=$(mktemp) || exit 1
trap 'rm -f "$object"' EXIT
failures=0
for compiler in gcc clang; do
    command -v "$compiler" >/dev/null || continue
    "$compiler" -O2 -std=gnu11 -I "$root/src" -I "$root/include" -c "$root/src/sched/idle.c" -o "$object" || exit 1
    for function in weft__idle_announce weft__idle_announce_outside; do
        code=$(objdump -d --no-show-raw-insn "$object" | awk "/<$function>:/,/ret/")
        if grep -q -E '[[:space:]](lock|mfence|xchg)\b' <<<"$code"; then continue; fi
        echo "$compiler: no barrier in $function:"
        echo "$code"
        failures=1
    done
done
exit $failures
