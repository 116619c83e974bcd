#!/bin/bash
# `weft trace record`: a program, a process that runs, a flight recorder; and what it says when something is missing.
#
#   record.sh BUILD_DIR      ctest-timeout: 600, ctest-cost: 30

set -u
build=$(realpath "${1:?the build folder}")
here=$(dirname "$(realpath "$0")")
# shellcheck source=../lib/recordings.sh
. "$here/../lib/recordings.sh"
weft=$build/bin/weft
program=$build/bin/test-trace-traced_program
troubled=$build/bin/test-trace-troubled_program
provider=$build/lib/libweft-lttng.so
for file in "$provider" "$program" "$troubled" "$weft"; do
    [ -e "$file" ] || { echo "skipped: $file was not built"; exit 77; }
done
lttng_begin "$@"
cd "$LTTNG_TMP" || exit 1

# heard <command> &: what a shell starts in the background ignores Ctrl-C unless it is told.
heard() { exec env --default-signal=INT "$@"; }
agrees() {
    local name=$1 how=$2 out
    shift 2
    "$weft" trace report "$name" --json >"$name.json" 2>"$name.err" || cat "$name.err"
    if out=$("$python" "$here/check_report.py" "$name.json" "$name.facts" "$@" 2>&1); then
        passed "$how: $out"
    else
        failed "$how"
        echo "$out"
    fi
}
nothing_is_left() { [ -z "$(lttng --no-sessiond list 2>/dev/null | grep weft-record)" ]; }
gone() { [ ! -e "$1" ]; }
# silent: the pid of a process that has the provider, is known to the daemon, and does nothing.
silent() {
    LD_PRELOAD=$provider sleep 1000 >/dev/null 2>&1 9>&- & # without the lock of lttng.sh, which it would keep for as long
    echo $!
    soon eval "lttng --no-sessiond list --userspace | grep 'PID: $! '"
}

# --- what is missing -------------------------------------------------------------------------------------------------

mkdir tools
tool() { ln -sf "$(command -v "$1")" tools/; }
exits "no lttng" 125 'lttng. is not there: install it .Debian: apt install lttng-tools.' env PATH=/nowhere "$weft" trace record -o a -- /bin/true
if lttng_nobody_listens; then
    tool lttng
    exits "no lttng-sessiond" 125 'there is no lttng-sessiond to start' env PATH="$PWD/tools" "$weft" trace record -o a -- /bin/true
    printf '#!/bin/sh\necho Error: the sockets are too long >&2\nexit 1\n' >tools/lttng-sessiond
    chmod +x tools/lttng-sessiond
    exits "a daemon that does not start" 125 'lttng-sessiond does not start: Error: the sockets are too long\. It needs a folder' \
        env PATH="$PWD/tools:/usr/bin:/bin" "$weft" trace record -o a -- /bin/true
    exits "a daemon is started" 0 'no session daemon ran: started one \(process [0-9]+\), which ends' \
        "$weft" trace record -o own --no-report -- "$program"
    if lttng_daemon_runs; then failed "the daemon that was started is still there"; else passed "and it ends"; fi
    exits "what it recorded is there" 0 '1 process' "$weft" trace summary own
fi
holds "an attempt leaves no folder" gone a
lttng_daemon_start
exits "a program that is none" 127 'nowhere: No such file' "$weft" trace record -o a -- ./nowhere
exits "a program that cannot be run" 126 '/: Permission denied' "$weft" trace record -o a -- /
exits "no program" 2 'which program\?' "$weft" trace record
exits "a provider that is none" 125 '--provider nowhere.so: No such file' "$weft" trace record --provider nowhere.so -o a -- "$program"
mkdir -p there/something empty
exits "a folder that is there" 125 'there is there already' "$weft" trace record -o there -- "$program"
exits "a folder that cannot be made" 125 'cannot make the folder nowhere/a: No such file' "$weft" trace record -o nowhere/a -- "$program"
exits "an empty folder will do" 0 'done: weft trace report' "$weft" trace record --no-report -o empty -- "$program"
exits "a program without weft" 3 'no event was recorded: sh is not linked with weft' "$weft" trace record -o a -- sh -c 'exit 3'
printf '#!/bin/sh\nexit 4\n' >script
chmod +x script
exits "a script" 4 'no event was recorded: ./script is a script' "$weft" trace record -o a -- ./script
exits "a program that ends too soon" 2 'no event was recorded: .* ended before it created a runtime' \
    "$weft" trace record -o a -- "$program" --nonsense
exits "no provider was asked for" 0 'no-preload: it has to ask for it' "$weft" trace record --no-preload -o a -- "$program"
exits "nothing of that name" 0 'no event was recorded: nothing happened in this time that is an event named nonsense' \
    env LD_PRELOAD= "$weft" trace record --only nonsense --pid "$(silent)" --for 1ms
mkdir alone
cp "$weft" alone/
exits "no provider" 0 'libweft-lttng.so is not there: it was looked for in .*alone' alone/weft trace record -o a -- "$program"
holds "they leave no folder" gone a
holds "and no session" nothing_is_left

# --- a program -------------------------------------------------------------------------------------------------------

"$weft" trace record -o whole --no-report -- "$program" >whole.facts 2>whole.out || failed "code $?: $(cat whole.out)"
agrees whole "a program"
"$weft" trace record -o asked --no-report --no-preload -- "$program" --tracing >asked.facts 2>asked.out || failed "code $?"
agrees asked "a program that asks for the provider"
"$weft" trace record -o shell -- sh -c "\"$program\" >shell.facts; exit 9" >shell.stdout 2>shell.out
holds "its exit code is handed through" test $? = 9
agrees shell "what a shell starts"
holds "the report is no part of its output" test ! -s shell.stdout
holds "and is there" grep -q '^SPAWN INVENTORY' shell.out
exits "a program that a signal ends" 137 'SPAWN INVENTORY' "$weft" trace record -o killed -- sh -c "\"$program\" >/dev/null; kill -KILL \$\$"
exits "some events" 0 'done' "$weft" trace record --only 'task_*,chan_open' --no-report -o some -- "$program"
"$weft" trace events some >some.events
holds "are recorded" grep -q ' task_end ' some.events
if grep -q -E ' (poll_start|chan_send|wake) ' some.events; then failed "and others"; else passed "and no others"; fi
exits "what was lost is told" 0 '[0-9]+ events were lost, for the buffers were full \(2x4K per processor\)\. [0-9]+x[0-9]+[KM] would have held them: --buffers' \
    "$weft" trace record --buffers 2x4K --no-report -o lossy -- "$program" --orders 20000

# What `lttng` takes for the current session is what it was before.
mkdir home
mine() { env HOME="$PWD/home" LTTNG_HOME="${LTTNG_HOME:-$PWD/home}" "$@"; }
mine lttng --no-sessiond create mine-$$ --output="$PWD/mine" >/dev/null
lttng_sessions="$lttng_sessions mine-$$"
mine "$weft" trace record --no-report -o beside -- "$program" >/dev/null 2>&1
holds "the current session stays current" grep -q "^session=mine-$$\$" "${LTTNG_HOME:-home}/.lttngrc"
lttng_quietly destroy mine-$$

# Signals: what is sent to it reaches the program, whose end is told as ever.
for signal in INT TERM; do
    rm -f ready
    heard "$weft" trace record -o a -- sh -c 'trap "exit 5" INT TERM; : >ready; while :; do sleep 0.05; done' >signal.out 2>&1 &
    recorder=$!
    soon test -e ready
    kill -$signal $recorder
    wait $recorder
    holds "SIG$signal is passed on" test $? = 5
done
holds "they leave no session" nothing_is_left

# --- a process -------------------------------------------------------------------------------------------------------

# late <name> [environment]: one that waits for a recording to begin; $process
late() {
    local name=$1
    shift
    env "$@" timeout 300 "$program" --late >"$name.facts" 2>/dev/null &
    soon grep -q READY "$name.facts"
    process=$(pgrep -P $! -x test-trace-trac) || process=$!
}
late other LD_PRELOAD="$provider"
other=$process
late late LD_PRELOAD="$provider"
exits "a process, to its end" 0 'Ctrl-C ends it' "$weft" trace record -o late --no-report --pid "$process"
agrees late "what was recorded of it" --late
exits "and of no other" 0 '1 process' "$weft" trace summary late
heard "$weft" trace record -o other --pid "$other" --no-report >signal.out 2>&1 &
recorder=$!
soon grep -q Ctrl-C signal.out
kill -INT $recorder
wait $recorder
holds "Ctrl-C ends it well" test $? = 0
kill "$other" 2>/dev/null
exits "no such process" 125 'there is no process 2147483647' "$weft" trace record --pid 2147483647
sleep 1000 &
sleeper=$!
exits "a process without weft" 125 "process $sleeper is not linked with weft" "$weft" trace record --pid $sleeper
kill $sleeper
late bare LD_PRELOAD=
exits "a process without the provider" 125 "process $process has not loaded libweft-lttng.so, .* LD_PRELOAD=$provider" \
    "$weft" trace record --pid "$process"
if [ "$(id -u)" = 0 ]; then
    chmod 755 "$LTTNG_TMP"
    if setpriv --reuid=65534 --clear-groups test -x "$weft"; then
        exits "somebody else's process" 125 'no permission to look at process .* root: sudo' \
            setpriv --reuid=65534 --clear-groups "$weft" trace record --pid "$process"
    fi
    # shellcheck disable=SC2016
    unshare --mount sh -c 'mount -t tmpfs none /run/lttng && LD_PRELOAD=$0 exec sleep 1000' "$provider" &
    deaf=$!
    until grep -q weft-lttng /proc/$deaf/maps 2>/dev/null || ! kill -0 $deaf 2>/dev/null; do sleep 0.02; done
    if kill -0 $deaf 2>/dev/null; then # who may not unshare has none
        exits "a process that hears another daemon" 0 "process $deaf is not registered" "$weft" trace record --pid $deaf --for 1ms -o a
    fi
    kill $deaf 2>/dev/null
else
    exits "somebody else's process" 125 'no permission to look at process 1:' "$weft" trace record --pid 1
fi
kill "$process" 2>/dev/null
holds "they leave no folder" gone a
holds "and no session" nothing_is_left

# --- the flight recorder ---------------------------------------------------------------------------------------------

# appears <pattern>: a snapshot of that name, and its recorder has told it.
appears() { compgen -G "flight/$1-*" >/dev/null && grep -q "snapshot .*/$1-" flight.out; }
mkfifo orders
"$weft" trace record --flight --snapshots 2 -o flight -- "$troubled" <orders >flight.said 2>flight.out &
recorder=$!
exec 7>orders
soon grep -q READY flight.said
echo stall >&7
soon appears stall
passed "a stall is kept"
echo release >&7
soon grep -q RELEASED flight.said
echo fill >&7
soon appears critical
passed "a critical channel is kept"
soon grep -q 'that makes 2' flight.out
passed "and then no more of itself"
for i in {1..20}; do # more than the definitions have sub-buffers
    kill -USR1 $recorder
    soon eval "[ \$(grep -c 'snapshot .*/signal-' flight.out) -ge $i ]"
done
passed "a signal is heard"
pkill -SEGV -P $recorder -x test-trace-trou
wait $recorder
holds "a crash is the program's exit code" test $? = 139
holds "and is kept" appears crash
for why in stall critical signal crash; do
    newest=$(find flight -maxdepth 1 -name "$why-*" -printf '%T@ %p\n' | sort -n | tail -1 | cut -d' ' -f2)
    exits "a snapshot has names: $why" 0 'runtime 257 .troubled.|jam' "$weft" trace summary "$newest"
done
exits "the stall is in its snapshot" 0 ' stall .*holder' "$weft" trace events flight/stall-*
exits "its report is there on demand" 0 '^SPAWN INVENTORY' "$weft" trace report flight/stall-*
exits "nothing happened" 0 'nothing happened that would have been worth a snapshot' "$weft" trace record --flight -o a -- "$troubled"
holds "it leaves no folder" gone a
holds "no session" nothing_is_left
holds "and no trigger" test -z "$(lttng --no-sessiond list-triggers 2>/dev/null | grep weft-record)"

finish
