#!/bin/bash
# The pipeline as a user meets it: what it reads in folders, what it says of bad input, and how it ends when interrupted.
#
#   tests/examples/pipeline_use.sh BUILD_DIR

set -u
export LC_ALL=C
build=$(realpath "${1:?usage: $0 BUILD_DIR}")
pipeline=$build/bin/example-pipeline
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failures=0

# expect <what> <exit code> <text that the output has, or ''> <command...>
expect() {
    local what=$1 code=$2 text=$3 output actual
    shift 3
    output=$("$@" 2>&1 </dev/null) # ctest has the time limit
    actual=$?
    if [ "$actual" = "$code" ] && [[ $output == *"$text"* ]]; then
        echo "as said  $what"
    else
        echo "FAILED   $what: exit code $actual, wanted $code and '$text' in:"
        echo "$output" | head -20
        failures=$((failures + 1))
    fi
}

mkdir -p "$dir/tree/deep/er" "$dir/empty"
echo "one two two" >"$dir/tree/a"
echo "two three" >"$dir/tree/deep/er/b.txt"
echo "not counted" | gzip >"$dir/tree/c.gz"
echo "not counted, though it is plain text" >"$dir/tree/d.gz"
printf 'binary\0binary' >"$dir/tree/e"
ln -s a "$dir/tree/link"
ln -s nowhere "$dir/tree/dangling"
mkfifo "$dir/tree/pipe"

expect "a folder: text files of all levels" 0 "1 one
1 three
3 two" "$pipeline" --all "$dir/tree"
expect "a binary file that is named is read" 0 "2 binary" "$pipeline" --all "$dir/tree/e"
expect "a link that is named is followed" 0 "2 two" "$pipeline" --all "$dir/tree/link"
expect "a file named twice counts twice" 0 "4 two" "$pipeline" --all "$dir/tree/a" "$dir/tree/a"
expect "an empty folder" 0 "0 distinct words" "$pipeline" "$dir/empty"
expect "--top 1" 0 "3 two" "$pipeline" --top 1 "$dir/tree"
expect "--top 0" 0 "3 distinct words" "$pipeline" --top 0 "$dir/tree"
expect "--stats has a row for each channel" 0 "merger" "$pipeline" --stats "$dir/tree"
expect "--trace runs on, recorded or not" 0 "3 two" "$pipeline" --trace "$dir/tree"
expect "a missing file: the others are counted" 1 "3 two" "$pipeline" "$dir/tree" "$dir/missing"
expect "a missing file: it is named" 1 "missing: No such file" "$pipeline" "$dir/tree" "$dir/missing"
expect "a pipe is not read" 1 "neither a file nor a folder" "$pipeline" "$dir/tree/pipe"
expect "an empty name" 1 "" "$pipeline" ""
expect "an unknown option" 2 "--help" "$pipeline" --nonsense
expect "an option without its number" 2 "" "$pipeline" --workers
expect "a number that is none" 2 "--workers x" "$pipeline" --workers x
expect "a negative number" 2 "--workers -1" "$pipeline" --workers -1
expect "too many workers" 2 "from 0 to 1024" "$pipeline" --workers 1025
expect "chunks of no bytes" 2 "from 1" "$pipeline" --chunk 0
expect "capacity 0 is refused by the library" 1 "capacity 0" "$pipeline" --capacity 0 "$dir/tree"
expect "capacity beyond the limit" 1 "capacity 99999999" "$pipeline" --capacity 99999999 "$dir/tree"
expect "--help" 0 "usage" "$pipeline" --help
expect "a full disk" 1 "No space left" sh -c "exec '$pipeline' '$dir/tree' >/dev/full"
expect "no standard output" 1 "" sh -c "exec '$pipeline' '$dir/tree' >&-"

# One byte a chunk and one place a channel: it takes a minute if nobody interrupts it, with every channel full.
head -c 10000000 /dev/zero | tr '\0' ' ' >"$dir/long"
interrupt() {
    local signal=$1 pid code i
    : >"$dir/output" # what the run before said must not speak for this one
    "$pipeline" --capacity 1 --chunk 1 --stats "$dir/long" >"$dir/output" 2>&1 &
    pid=$!
    for ((i = 0; i < 600; i++)); do # its first word says that it listens to signals
        grep -q health "$dir/output" && break
        sleep 0.1
    done
    kill -s "$signal" $pid
    wait $pid
    code=$?
    cat "$dir/output"
    return $code
}
for signal in INT TERM; do
    expect "SIG$signal cancels" 130 "WEFT_ECANCELED" interrupt $signal
done
[ "$failures" = 0 ]
