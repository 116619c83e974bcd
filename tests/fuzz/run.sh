#!/bin/bash
# Every fuzz target, under ASan and UBSan, beginning with its kept corpus: no crash, no leak, no more than 256 MB, and no more
# than a second of the processor for one input (the target looks; a busy machine may stop it for longer). Where it finds one,
# the input lies in the build folder.
#
#   tests/fuzz/run.sh BUILD_DIR [SECONDS each]     20; five minutes with a change to what a target reads:
#                                                  tests/fuzz/run.sh build/fuzz 300
#   KEEP=1                                         what was found on the way goes into the corpus, as little as covers as much

set -u
here=$(dirname "$(realpath "$0")")
build=$(realpath "${1:?usage: $0 BUILD_DIR [SECONDS]}")
seconds=${2:-20}
# fuzz <program>: what it prints is the verdict, after the end of the log if it failed.
fuzz() {
    local program=$1 target=${1##*/fuzz-} limits
    local kept=$here/corpus/$target found=$build/found-$target merged=$build/merged-$target
    mkdir -p "$found"
    limits=(-timeout=30 -rss_limit_mb=256 -max_len=4096 "-artifact_prefix=$build/$target-")
    [ -e "$here/$target.dict" ] && limits+=("-dict=$here/$target.dict")
    if "$program" "${limits[@]}" -max_total_time="$seconds" -print_final_stats=1 "$found" "$kept" >"$build/$target.log" 2>&1; then
        echo "passed   $target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$target.log") inputs"
    else
        tail -40 "$build/$target.log"
        echo "FAILED   $target"
    fi
    if [ -n "${KEEP:-}" ]; then
        rm -rf "$merged" && mkdir "$merged"
        "$program" -merge=1 -use_counters=0 "-artifact_prefix=$build/$target-" "$merged" "$kept" "$found" >/dev/null 2>&1 && cp -n "$merged"/* "$kept"
    fi
}

# As many targets at once as there are processors, since each has one thread; what they say is shown in their order.
rm -f "$build"/fuzz-*.verdict
for program in "$build"/bin/fuzz-*; do
    [ -x "$program" ] || { echo "FAILED   no fuzz program in $build: build it with clang and -DWEFT_FUZZ=ON"; exit 1; }
    while [ "$(jobs -pr | wc -l)" -ge "$(nproc)" ]; do wait -n; done
    fuzz "$program" >"$build/${program##*/}.verdict" 2>&1 &
done
wait
cat "$build"/fuzz-*.verdict
! grep -q '^FAILED' "$build"/fuzz-*.verdict
