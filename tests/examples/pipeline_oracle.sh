#!/bin/bash
# The pipeline counts what tr, sort and uniq count, on any input and however many workers share the work.
#
#   tests/examples/pipeline_oracle.sh BUILD_DIR
#
#   WEFT_SEED   of the generated corpora (1)
#   RUNS        of the small corpus with each number of workers (10)
#   WORKERS     the numbers of workers ("1 2 3 8 64")
#
# ctest-timeout: 600, ctest-cost: 20

set -u
export LC_ALL=C
build=$(realpath "${1:?usage: $0 BUILD_DIR}")
pipeline=$build/bin/example-pipeline
seed=${WEFT_SEED:-1}
runs=${RUNS:-10}
read -r -a counts <<<"${WORKERS:-1 2 3 8 64}"
[ -x "$pipeline" ] || { echo "$pipeline was not built"; exit 1; }
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
echo "WEFT_SEED=$seed RUNS=$runs WORKERS=${counts[*]}"

/usr/bin/python3 - "$dir" "$seed" <<'PYTHON' || exit 1
import os, random, sys
root, seed = sys.argv[1], int(sys.argv[2])
chance = random.Random(seed)
letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
words = ["".join(chance.choices(letters, k=chance.randint(1, 12))) for _ in range(3000)]
gaps = [" ", " ", " ", "\n", ", ", ". ", "-", "'", "\t", "42", "_", "\r\n", "\xc3\xa4"]

def text(count):
    return "".join(chance.choice(words) + chance.choice(gaps) for _ in range(count)).encode("latin-1")

def write(corpus, name, data):
    os.makedirs(os.path.join(root, corpus), exist_ok=True)
    with open(os.path.join(root, corpus, name), "wb") as file:
        file.write(data)

write("small", "a", text(600))
write("small", "b", text(300) + b"no newline at the end")
write("small", "c", b"")
write("small", "d", chance.randbytes(2000))
for i in range(8):
    write("text", "file %d" % i, text(20000))
write("garbage", "zeros", bytes(100000))
write("garbage", "random", chance.randbytes(1000000))
write("garbage", "letters and zeros", bytes(chance.choice(b"aZ\0\n\xff") for _ in range(100000)))
write("empty", "nothing", b"")
write("empty", "no word", b"1 2 3 4\n\n\n")
write("empty", "one letter", b"x")
write("huge word", "1 MB", b"Q" * 1000000)
write("huge word", "in the middle", b"before " + b"Wx" * 300000 + b" after")
write("huge word", "at the end", b"before " + b"y" * 65536)
for size in (65535, 65536, 65537):
    write("huge word", "edge %d" % size, b"e" * size + b" " + b"f" * size)
for i in range(1500):
    write("tiny files", "%04d" % i, text(chance.randint(0, 3))[:-1])
PYTHON

# What the pipeline must print: each file by itself, since a word does not go on in the next file.
oracle() {
    for file in "$@"; do
        cat "$file"
        echo
    done | tr -cs 'A-Za-z' '\n' | tr 'A-Z' 'a-z' | grep . | sort | uniq -c | sed 's/^ *//'
}

checked=0
failures=0
fail() {
    failures=$((failures + 1))
    echo "FAILED  $*"
}

# check <corpus> <expected> <options...>
check() {
    local corpus=$1 expected=$2 code
    shift 2
    checked=$((checked + 1))
    timeout 300 "$pipeline" "$@" "${files[@]}" >"$dir/actual" 2>"$dir/messages" </dev/null
    code=$?
    if [ "$code" != 0 ] || ! cmp -s "$expected" "$dir/actual"; then
        fail "$corpus $*: exit code $code; expected (<), printed (>)"
        diff "$expected" "$dir/actual" | head -10
        head -5 "$dir/messages"
    fi
}

for corpus in small text garbage empty 'huge word' 'tiny files'; do
    mapfile -d '' files < <(find "$dir/$corpus" -type f -print0 | sort -z)
    oracle "${files[@]}" >"$dir/expected"
    # The totals and the top 20 are the same facts: derive them from the oracle.
    {
        printf '%12d files\n' "${#files[@]}"
        awk '{ words += $1 } END { printf "%12d words\n%12d distinct words\n", words, NR }' "$dir/expected"
        sort -k1,1nr -k2,2 "$dir/expected" | head -20 | awk '{ printf "%12d %s\n", $1, $2 }'
    } >"$dir/summary"
    start=$(date +%s%N)
    for workers in "${counts[@]}"; do
        check "$corpus" "$dir/expected" --all --workers $workers
        check "$corpus" "$dir/expected" --all --workers $workers --capacity 1
        check "$corpus" "$dir/expected" --all --workers $workers --capacity 3 --chunk 1000
        check "$corpus" "$dir/summary" --workers $workers --stats
        if [ "$corpus" = small ]; then
            for ((run = 0; run < runs; run++)); do
                check "$corpus" "$dir/expected" --all --workers $workers --capacity 1 --chunk 1
                check "$corpus" "$dir/expected" --all --workers $workers --capacity 2 --chunk 7
                check "$corpus" "$dir/expected" --all --workers $workers --chunk 64
            done
        fi
    done
    printf '%-11s %4d files %8d words %7d distinct: %d ms\n' "$corpus" "${#files[@]}" \
        "$(awk '{ words += $1 } END { print words + 0 }' "$dir/expected")" "$(wc -l <"$dir/expected")" \
        $((($(date +%s%N) - start) / 1000000))
done

echo "$checked runs compared with the oracle, $failures failed"
[ "$failures" = 0 ]
