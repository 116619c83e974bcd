#!/bin/bash
# Everything that has to hold, on a bare Debian 12: `tests/run.sh`, or some of it: `tests/run.sh gcc tsan`.
#
# Stages run one after another, each built with both cores, beside the tests of the one before; a stage that needs the gcc build makes
# it first. A stage that cannot even build counts as one failure, and so does one that found no test to run. The last line is the sum.
# The tests that take longest begin first.
#
#   WEFT_BUILD_ROOT   where the builds go (default: build/ in the source tree); what is there is brought up to date
#   JOBS              parallel compilers and tests (default: the processors)

set -u
cd "$(dirname "$0")/.." || exit 1
. tests/lib/packages.sh

ROOT=${WEFT_BUILD_ROOT:-$PWD/build}
export JOBS=${JOBS:-$(nproc)}
STAGES="packages gcc clang asan tsan chaos fuzz headers lint install recording" # and, on request: valgrind
WEFT_COMPONENTS="-DWEFT_LTTNG=ON -DWEFT_CLI=ON -DWEFT_CONFIG=ON -DWEFT_DIAG=ON -DWEFT_OTLP=ON" # must be there, of what is optional
passed=0
failed=0
unset CC CXX CFLAGS CXXFLAGS LDFLAGS CTEST_OUTPUT_ON_FAILURE # a developer's own must not decide what is tested
exec </dev/null

# compile <folder> <cc> <c++> [cmake arguments]: configure and build; what they say is in build.log.
compile() {
    local folder=$ROOT/$1 cc=$2 cxx=$3
    shift 3
    mkdir -p "$folder" || return 1
    { cmake -S . -B "$folder" -G Ninja -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" -DWEFT_WERROR=ON "$@" &&
          cmake --build "$folder" -j "$JOBS"; } >"$folder/build.log" 2>&1
}

# build <folder> <cc> <c++> [cmake arguments]: once per run, or wait for who began it ahead; a failure shows the head of its errors.
declare -A built # folder -> 0, or how the build failed
declare -A begun # folder -> the process that builds it
only_begin=""    # not empty: begin, and do not wait
build() {
    local folder=$1
    [ -z "${built[$folder]:-}" ] || return "${built[$folder]}"
    if [ -n "$only_begin" ]; then
        set -m # a group of its own, to be ended as one
        (renice -n 19 -p "$BASHPID" >/dev/null; compile "$@") &
        begun[$folder]=$!
        set +m
        return 0
    fi
    if [ -n "${begun[$folder]:-}" ]; then wait "${begun[$folder]}"; else compile "$@"; fi
    built[$folder]=$?
    [ "${built[$folder]}" != 0 ] || return 0
    grep -E -A 12 'error|FAILED|CMake Error' "$ROOT/$folder/build.log" | head -40
    echo "$folder: the build failed, all of it is in $ROOT/$folder/build.log"
    return 1
}
end_begun() {
    local process
    for process in $(jobs -pr); do # only what still runs: the number of one that has ended may be a stranger's by now
        kill -- "-$process" 2>/dev/null
    done
}
trap end_begun EXIT # also after Ctrl-C
# shellcheck disable=SC2086
build_gcc() { build gcc gcc g++ $WEFT_COMPONENTS; }
build_clang() { build clang clang clang++; }
# With -O1, which takes half of the time to compile. A sanitizer sees no less of it: it watches the accesses that the compiler leaves, and
# here more are left; ends of scopes and frames are marked at any level, and -g1 has the lines that a report names. Chaos comes at each
# atomic, whatever is between. What only -O2 makes of the code, the stages before have run.
QUICK=("-DCMAKE_C_FLAGS_RELWITHDEBINFO=-O1 -g1 -DNDEBUG" "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -g1 -DNDEBUG")
build_asan() { build asan gcc g++ -DWEFT_SANITIZE=address,undefined -DWEFT_BUILD_BENCH=OFF "${QUICK[@]}"; }
build_tsan() { build tsan gcc g++ -DWEFT_SANITIZE=thread -DWEFT_BUILD_BENCH=OFF "${QUICK[@]}"; }
build_chaos() {
    build chaos gcc g++ -DWEFT_CHAOS=ON -DWEFT_BUILD_BENCH=OFF -DWEFT_BUILD_EXAMPLES=OFF -DWEFT_LTTNG=OFF -DWEFT_CLI=OFF \
        -DWEFT_CONFIG=OFF -DWEFT_DIAG=OFF -DWEFT_OTLP=OFF "${QUICK[@]}"
}
build_fuzz() {
    # shellcheck disable=SC2086
    build fuzz clang clang++ $WEFT_COMPONENTS -DWEFT_FUZZ=ON -DWEFT_SANITIZE=address,undefined -DWEFT_CLI=OFF -DWEFT_LTTNG=OFF \
        -DWEFT_DIAG=OFF -DWEFT_BUILD_TESTS=OFF -DWEFT_BUILD_BENCH=OFF -DWEFT_BUILD_EXAMPLES=OFF "${QUICK[@]}"
}

# Many tests wait, so that a processor is idle for a third of their time: the next stage is built in it, at the lowest priority.
next="" # stage
begin_next() {
    local only_begin=yes
    ! declare -F "build_$next" >/dev/null || "build_$next" || true
}

# count <passed> <failed>
count() {
    passed=$((passed + $1))
    failed=$((failed + $2))
}

# tests <folder> [ctest arguments]: run them, show only what failed, add up.
tests() {
    local folder=$1 log="$ROOT/$1/ctest.log" total bad
    shift
    (cd "$ROOT/$folder" && ctest -j "$JOBS" --output-on-failure --no-tests=error "$@") >"$log" 2>&1
    # "97% tests passed, 3 tests failed out of 100"
    total=$(sed -n 's/.*tests failed out of \([0-9]*\)$/\1/p' "$log")
    bad=$(sed -n 's/.*tests passed, \([0-9]*\) tests failed out of.*/\1/p' "$log")
    if [ -z "$total" ]; then
        tail -20 "$log"
        count 0 1
        return
    fi
    [ "$bad" = 0 ] || grep -v -E '^ *[0-9]+/[0-9]+ Test .* Passed |^ +Start ' "$log"
    count $((total - bad)) "$bad"
}

# A stage returns non-zero if it could not run its tests; what the tests said is in the counters.
PROGRAMS=(-LE "^(headers|lint|script)$") # those have stages of their own

stage_packages() {
    # shellcheck disable=SC2086
    weft_install_packages $WEFT_PACKAGES_BUILD $WEFT_PACKAGES_TRACE $WEFT_PACKAGES_TEST
}
stage_gcc() { build_gcc && begin_next && tests gcc "${PROGRAMS[@]}"; }
stage_clang() { build_clang && begin_next && tests clang "${PROGRAMS[@]}"; }
stage_asan() { build_asan && begin_next && tests asan; }
stage_tsan() { build_tsan && begin_next && tests tsan; }
# Twenty seconds each, from the corpus that is kept; longer runs: tests/fuzz/run.sh.
stage_fuzz() {
    build_fuzz || return 1
    local report
    report=$(tests/fuzz/run.sh "$ROOT/fuzz" 20)
    grep -v '^passed' <<<"$report"
    count "$(grep -c '^passed' <<<"$report")" "$(grep -c '^FAILED' <<<"$report")"
}
# summed <log> <command>...: run it, show what it says but its last line, "<n> passed, <n> failed", and add that up.
summed() {
    local log=$1 sum
    shift
    "$@" >"$log" 2>&1 || grep -v '^[0-9]* passed' "$log"
    sum=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$log")
    [ -n "$sum" ] || return 1
    count "${sum% *}" "${sum#* }"
}
# Three rounds of the tests where threads meet; tests/chaos/run.sh does as many as one likes.
stage_chaos() { build_chaos && begin_next && summed "$ROOT/chaos/sum.log" tests/chaos/run.sh -n 3 -p 20 "$ROOT/chaos"; }
# On request: a selection, under a minute; tests/valgrind.sh has the rest.
stage_valgrind() { build_gcc && summed "$ROOT/gcc/valgrind.log" tests/valgrind.sh -s "$ROOT/gcc"; }
stage_headers() { build_gcc && build_clang && tests gcc -L "^headers$" && tests clang -L "^headers$"; }
stage_lint() { build_gcc && tests gcc -L "^lint$"; }
stage_install() { build_gcc && tests gcc -L "^script$" -L "^contract$"; }

# longest_first <file>...: by the seconds that a line `ctest-cost: N` in them says.
longest_first() {
    local file
    for file in "$@"; do
        printf '%s %s\n' "$(sed -n 's/.*ctest-cost: *\([0-9]*\).*/\1/p' "$file" | head -n 1)" "$file"
    done | sed 's/^ /0 /' | sort -k1,1nr -k2 | cut -d' ' -f2
}

# Here a skip is a failure: the first stage installed what the scripts ask for. Each has a daemon, sockets and ports of its own, so
# as many run at once as there are processors; what they say is shown in their order.
stage_recording() {
    local script code logs=$ROOT/gcc/scripts scripts=(tests/trace/*.sh tests/cli/*.sh tests/diag/*.sh tests/otlp/*.sh)
    build_gcc || return 1
    rm -rf "$logs" && mkdir -p "$logs" || return 1
    for script in $(longest_first "${scripts[@]}"); do
        while [ "$(jobs -pr | wc -l)" -ge "$JOBS" ]; do wait -n; done
        {
            timeout 900 "$script" "$ROOT/gcc" >"$logs/${script//\//-}.log" 2>&1
            echo $? >"$logs/${script//\//-}.code"
        } &
    done
    wait
    for script in "${scripts[@]}"; do
        code=$(cat "$logs/${script//\//-}.code")
        if [ "$code" = 0 ]; then
            count 1 0
        else
            tail -60 "$logs/${script//\//-}.log"
            echo "$script: exit code $code"
            count 0 1
        fi
    done
}

# shellcheck disable=SC2086
[ $# -gt 0 ] || set -- $STAGES
for stage in "$@"; do
    declare -F "stage_$stage" >/dev/null || { echo "stages are: $STAGES valgrind"; exit 2; }
done
for stage in "$@"; do
    shift
    next=${1:-}
    before_passed=$passed before_failed=$failed start=$SECONDS
    "stage_$stage" || count 0 1
    printf '== %-10s %4d passed, %d failed, %d s\n' "$stage" $((passed - before_passed)) $((failed - before_failed)) \
        $((SECONDS - start))
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
