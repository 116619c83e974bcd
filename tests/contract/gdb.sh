#!/bin/bash
# The gdb commands of src/gdb on a live process and on a core file of it: what they print is what gdb/session.txt shows and
# docs/guide/debugging.md cuts from it (numbers aside), with the right lines; and they say what is missing, if something is.
# The dump that the program makes of itself is in gdb/dump.txt.
#
#   tests/contract/gdb.sh BUILD_DIR      ctest-timeout: 600, ctest-cost: 5
#   UPDATE=1 tests/contract/gdb.sh BUILD_DIR      write gdb/session.txt and gdb/dump.txt
set -u
build=$(realpath "${1:?usage: $0 BUILD_DIR}")
cd "$(dirname "$0")/../.." || exit 1
script=$PWD/src/gdb/weft-gdb.py
session=$PWD/tests/contract/gdb/session.txt
dump=$PWD/tests/contract/gdb/dump.txt
source=$PWD/examples/11_stuck.c
program=$build/bin/example-11_stuck
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
fail() {
    printf 'FAILED  %s\n' "$*"
    failures=$((failures + 1))
}

command -v gdb >/dev/null || { echo "gdb is not there"; exit 77; }
# A debugger that cannot start a process, as in some containers, is no fault of ours; one without Python is of no use here.
gdb -batch -nx -ex 'python print("python")' 2>&1 | grep -q '^python' || { echo "this gdb has no Python"; exit 77; }
gdb -batch -nx -ex run /bin/true 2>&1 | grep -q 'exited normally' || { echo "gdb cannot run a process here"; exit 77; }

# debug <arguments of gdb>: without what a developer has set for himself.
debug() { DEBUGINFOD_URLS='' timeout 300 gdb -batch -nx -iex 'set debuginfod enabled off' -ex 'set width 0' "$@" 2>&1 </dev/null; }
# has <text> <file> <what it is about>
has() { grep -qF -- "$1" "$2" || { fail "$3: no '$1' in:"; cat "$2"; }; }
line_of() { grep -nF -- "$1" "$source" | head -n 1 | cut -d: -f1; }

# shown: only what stands between the marks, without what gdb says of threads and files.
shown() { sed -n '/^(gdb) /,/^---$/p' | grep -v '^---$'; }
commands=()
for command in 'weft tasks' 'weft task 7' 'weft channels' 'weft sync' 'weft workers' 'weft runtimes'; do
    commands+=(-ex "echo (gdb) $command\\n" -ex "$command")
done
commands+=(-ex 'echo ---\n')

# Live: found by itself, beside the library, as soon as gdb trusts the folder. It stays where it waits for a line.
debug -iex "add-auto-load-safe-path /" -ex 'break getchar' -ex 'run look' "${commands[@]}" \
    -ex "generate-core-file $work/core" "$program" >"$work/live.log"
shown <"$work/live.log" >"$work/live"

# The same numbers of different runs: threads, times, how often a task was polled, which worker slept first.
numbers() {
    sed -e 's/0x[0-9a-f]*/ADDRESS/g' -e 's/between two polls/sleeps/; s/searches$/sleeps/' -e 's/[0-9][0-9.]* m\{0,1\}s/TIME/g' \
        -e '/^[0-9]* *weft-/s/[0-9][0-9]*/N/g' -e 's/LWP [0-9]*/LWP N/g' -e 's/waiting  [0-9]*/waiting  N/' \
        -e 's/, [0-9]* polls/, N polls/' -e 's/  */ /g' -e 's/ $//'
}
echo | "$program" look | sed -e "s#[^ ]*/examples/#examples/#" -e '/^runtime/,$!d' >"$work/dump"
if [ -n "${UPDATE:-}" ]; then
    cp "$work/live" "$session"
    cp "$work/dump" "$dump"
fi
# same <expected> <what was printed>
same() {
    diff <(numbers <"$1") <(numbers <"$2") >"$work/diff" && return
    fail "what is shown (>) is not what $1 says (<): UPDATE=1 writes it again"
    cat "$work/diff"
}
same "$session" "$work/live"
same "$dump" "$work/dump"
has "send_all, 11_stuck.c:$(line_of 'orders_send(cx')" "$work/live" "the line of the call"
has "clerk, 11_stuck.c:$(line_of 'weft_notify_wait(cx')" "$work/live" "the line of the wait"
has "auditor, 11_stuck.c:$(line_of 'weft_mutex_lock(cx')" "$work/live" "the line of the lock"
has "in scope 'audit', opened by task 5 at 11_stuck.c:$(line_of 'weft_scope_open(cx')" "$work/live" "the scope"

# Dead: a core file says the same, and there nothing can be called.
[ -s "$work/core" ] || fail "gdb wrote no core file: $(tail -n 3 "$work/live.log")"
debug -ex "source $script" "${commands[@]}" "$program" "$work/core" >"$work/core.log"
shown <"$work/core.log" >"$work/dead"
diff "$work/live" "$work/dead" || fail "of the core file the commands say something else (>) than of the process (<)"

# In the middle of a poll: who runs, where, on which thread.
debug -ex "source $script" -ex "break 11_stuck.c:$(line_of 'self->all.out = ')" -ex run -ex 'weft workers' -ex 'weft tasks' \
    -ex "python task = [t for t in runtimes()[0].tasks() if t.state == 'running'][0]; gdb.execute('weft task %d' % task.id)" \
    "$program" >"$work/poll"
has "polls task 4 'order intake' at intake, the beginning, 11_stuck.c" "$work/poll" "a worker that polls"
grep -q '^4 *running ' "$work/poll" || fail "the task that is polled does not run: $(cat "$work/poll")"
grep -q 'polled by worker [0-9]*, thread [0-9]* (LWP [0-9]*)' "$work/poll" || fail "the worker of a task: $(cat "$work/poll")"

# By name and by number; and what is not there.
debug -ex "source $script" -ex 'weft tasks' -ex 'break getchar' -ex 'run look' -ex 'weft channels office' -ex 'weft channels nobody' \
    -ex 'weft task 4711' -ex 'weft task' -ex 'weft jobs' -ex 'help weft' "$program" >"$work/words"
has "weft: there is no process to look into" "$work/words" "before the program runs"
has "no runtime 'nobody' lives" "$work/words" "a runtime that is not there"
has "no task 4711 lives" "$work/words" "a task that is not there"
has "give the number of a task" "$work/words" "a task without a number"
has "weft jobs -- " "$work/words" "help"
grep -q '^1 *2/2 .*orders' "$work/words" || fail "a runtime by its name: $(cat "$work/words")"

# The static library, whose table is in the program itself.
debug -ex "source $script" -ex 'break weft_channel_create' -ex run -ex 'weft runtimes' "$build/bin/test-static-trace-traced_program" \
    >"$work/static"
grep -q '^NUMBER *NAME *WORKERS' "$work/static" || fail "with the static library: $(cat "$work/static")"

# Installed, moved, and stripped; and a program that has nothing of it.
cmake --install "$build" --prefix "$work/first" >/dev/null && mv "$work/first" "$work/prefix"
library=$(find "$work/prefix" -name 'libweft.so.*.*.*' ! -name '*.py')
[ -f "$library-gdb.py" ] || fail "nothing is installed beside $library"
debug -iex "add-auto-load-safe-path $work" -ex "set environment LD_LIBRARY_PATH $(dirname "$library")" -ex 'break getchar' \
    -ex 'run look' -ex 'weft runtimes' "$program" >"$work/installed"
grep -q '^[0-9]* *office *[0-9]* *3 ' "$work/installed" || fail "installed: $(cat "$work/installed")"
strip -g "$library"
debug -ex "source $script" -ex "set environment LD_LIBRARY_PATH $(dirname "$library")" -ex 'break getchar' -ex 'run look' \
    -ex 'weft tasks' "$program" >"$work/stripped"
has "weft: libweft is there, but not its debug information" "$work/stripped" "stripped"
debug -ex "source $script" -ex 'starti' -ex 'weft tasks' /bin/true >"$work/other"
has "weft: this program has no weft" "$work/other" "another program"

[ $failures = 0 ] && echo "the gdb commands say what they should, of a process and of a core file"
