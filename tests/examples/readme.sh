#!/bin/bash
# What README.md shows is true: its example is examples/01_hello.c, and gcc still does to errno what the listing says.
#
#   tests/examples/readme.sh BUILD_DIR

set -u
cd "$(dirname "$0")/../.." || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failures=0
fail() {
    echo "FAILED  $*"
    failures=$((failures + 1))
}

# block <n>: the n-th block of C in README.md.
block() {
    awk -v wanted="$1" '/^```$/ { inside = 0 } inside && n == wanted { print } /^```c$/ { inside = 1; n++ }' README.md
}

block 2 >"$dir/errno.c"
block 1 >"$dir/hello.c"
cmp "$dir/hello.c" examples/01_hello.c || fail "the example in README.md is not examples/01_hello.c"

# One call for the address of errno, though it is used before and after the call of another function.
for compiler in gcc clang; do
    command -v "$compiler" objdump >/dev/null || { echo "skipped  $compiler or objdump is not there"; continue; }
    "$compiler" -O2 -c "$dir/errno.c" -o "$dir/errno.o" || { fail "$compiler does not compile the function"; continue; }
    calls=$(objdump -dr "$dir/errno.o" | grep -c __errno_location)
    [ "$calls" = 1 ] || fail "$compiler asks for the address of errno $calls times"
done

# The mean that it tells is the chart's, and so is that of the page behind it.
mean=$(sed -n 's/.*of each line: \([0-9.]*\)x in the geometric mean.*/\1/p' docs/design/bench.svg)
for page in README.md docs/design/scaling.md; do
    grep -q "[^0-9.]${mean:-?} in the geometric mean" "$page" || fail "$page tells another mean than the chart, which says '$mean'"
done

# Each file and folder that it names is there.
# shellcheck disable=SC2016 # backquotes of Markdown
for path in $(grep -o '`[a-zA-Z0-9_./-]*/[a-zA-Z0-9_./-]*`' README.md | tr -d '`' | sort -u); do
    [ -e "${path#./}" ] || fail "README.md names $path, which is not there"
done
[ "$failures" = 0 ] && echo "README.md holds"
