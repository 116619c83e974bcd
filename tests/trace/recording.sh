#!/bin/bash
# Records a program with LTTng and compares the recording with what the program counted itself: from its beginning, from
# its middle, with the provider asked for, preloaded, missing, of another version, and without a session daemon.
#
#   recording.sh BUILD_DIR      ctest-timeout: 600, ctest-cost: 25

set -u
build=$(realpath "${1:?the build folder}")
here=$(dirname "$(realpath "$0")")
# shellcheck source=../lib/lttng.sh
. "$here/../lib/lttng.sh"
python=/usr/bin/python3
provider=$build/lib/libweft-lttng.so
program=$build/bin/test-trace-traced_program
static=$build/bin/test-static-trace-traced_program
other=$build/lib/other-schema/libweft-lttng.so
for file in "$provider" "$program" "$static" "$other"; do
    [ -e "$file" ] || { echo "skipped: $file was not built"; exit 77; }
done
lttng_begin "$@"
cd "$LTTNG_TMP" || exit 1

# run <name> <program> [arguments]: its facts go to <name>.facts; it has a minute.
run() {
    local name=$1
    shift
    timeout 300 "$@" >"$name.facts" 2>"$name.err" && return
    failed "$name: exit code $?"
    tail -5 "$name.facts" "$name.err"
    return 1
}

# same_result <name> <how>: the result is that of the run that nobody recorded.
same_result() {
    if [ "$(grep '^result' "$1.facts")" = "$(grep '^result' plain.facts)" ]; then
        passed "$2: the result is the same"
    else
        failed "$2: $(grep '^result' "$1.facts"), not $(grep '^result' plain.facts)"
    fi
}

# says <name> <code> <word> <how>: weft_runtime_tracing() gave this code, and a sentence with the word in it.
says() {
    if grep -q "^tracing $2 .*$3" "$1.facts"; then
        passed "$4: $(grep '^tracing' "$1.facts" | cut -c 1-100)"
    else
        failed "$4: '$(grep '^tracing' "$1.facts")', not code $2 and '$3'"
    fi
}

# checked <name> <how> [--late]
checked() {
    local out
    if out=$("$python" "$here/check_recording.py" "$1" "$1.facts" ${3:+"$3"} 2>&1); then
        passed "$2: $out"
    else
        failed "$2"
        echo "$out"
    fi
}

# --- what is linked with what ------------------------------------------------------------------------------------------

if ldd "$build/lib/libweft.so" | grep -q lttng; then
    failed "libweft.so depends on lttng"
else
    passed "libweft.so does not depend on lttng"
fi
if readelf -d "$provider" | grep NEEDED | grep -q 'libweft'; then
    failed "the provider links libweft"
else
    passed "the provider does not link libweft"
fi
exported=$(nm -D --defined-only "$provider" | awk '$2 != "A" { print $3 }')
if [ "$exported" = weft_trace_provider_get ]; then
    passed "the provider exports weft_trace_provider_get and nothing else"
else
    failed "the provider exports: $exported"
fi

# --- nobody records ----------------------------------------------------------------------------------------------------

run plain "$program" || finish
says plain -2 tracing "not asked for"
if [ "$(grep -c '^reports 0' plain.facts)" = 1 ]; then
    passed "not asked for: nothing is reported"
else
    failed "not asked for: $(grep '^reports' plain.facts)"
fi

# reported_once <name> <how>
reported_once() {
    if grep -q '^reports 1$' "$1.facts"; then
        passed "$2: it is reported once"
    else
        failed "$2: $(grep '^reports' "$1.facts")"
    fi
}

mkdir lonely other
cp -P "$build"/lib/libweft.so* lonely/
cp -P "$build"/lib/libweft.so* "$other" other/
run lonely env LD_LIBRARY_PATH="$PWD/lonely" "$program" --tracing &&
    says lonely -2 libweft-lttng "no provider" && same_result lonely "no provider" && reported_once lonely "no provider"
run other env LD_LIBRARY_PATH="$PWD/other" "$program" --tracing &&
    says other -71 schema "provider of another schema" && same_result other "provider of another schema" &&
    reported_once other "provider of another schema"
run preloaded_other env LD_PRELOAD="$other" "$program" &&
    says preloaded_other -71 schema "provider of another schema, preloaded" &&
    same_result preloaded_other "provider of another schema, preloaded"

if lttng_nobody_listens; then
    run alone "$program" --tracing &&
        says alone -107 lttng-sessiond "no session daemon" && same_result alone "no session daemon" &&
        reported_once alone "no session daemon"
else
    echo "--      no session daemon: not tested, one runs and is not ours"
fi

# --- from the beginning ------------------------------------------------------------------------------------------------

lttng_daemon_start

# record <name> <how> <program> [arguments]
record() {
    local name=$1 how=$2
    shift 2
    lttng_session "$name"
    lttng_session_start "$name"
    run "$name" "$@"
    lttng_session_end "$name"
    says "$name" 0 daemon "$how"
    same_result "$name" "$how"
    checked "$name" "$how"
}
record asked "recorded, asked for" "$program" --tracing
record preloaded "recorded, preloaded" env LD_PRELOAD="$provider" "$program"
record static "recorded, statically linked and preloaded" env LD_PRELOAD="$provider" "$static"
record workers "recorded, 7 workers" "$program" --tracing --workers 7

if out=$("$python" "$here/check_recording.py" asked asked.facts --self); then
    passed "an event that is missing, or told twice, is noticed"
else
    failed "the rules have blind spots"
    echo "$out"
fi

# --- from the middle ---------------------------------------------------------------------------------------------------

lttng_session late
timeout 300 "$program" --tracing --late >late.facts 2>late.err &
child=$!
until grep -q READY late.facts || ! kill -0 "$child" 2>/dev/null; do sleep 0.01; done
lttng_session_start late
if wait "$child"; then
    lttng_session_end late
    same_result late "recorded from the middle"
    checked late "recorded from the middle" --late
else
    failed "recorded from the middle: the program ended with $?"
    tail -5 late.facts late.err
fi

finish
