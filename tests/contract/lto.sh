#!/bin/sh
# The library optimised across its files (WEFT_LTO=ON): it builds without a warning, exports what it has to, and a stranger's program runs
# with libweft.so, with libweft.a as with any library, and with libweft.a optimised together with it. ctest-timeout: 900, ctest-cost: 25
set -eu
source=$(cd "$(dirname "$0")/../.." && pwd)
command -v gcc >/dev/null || { echo "skipped: no gcc"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf '%s\n' "$*"; }
expect_sum() {
    output=$("$@")
    [ "$output" = "sum 499500" ] || { say "$*: printed '$output'"; exit 1; }
    say "ok: $*"
}

if ! { cmake -S "$source" -B "$work/build" -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Release -DWEFT_LTO=ON -DWEFT_WERROR=ON \
           -DWEFT_BUILD_TESTS=OFF -DWEFT_BUILD_EXAMPLES=OFF -DWEFT_BUILD_BENCH=OFF -DWEFT_LTTNG=OFF -DWEFT_CLI=OFF \
           -DWEFT_CONFIG=OFF -DWEFT_DIAG=OFF &&
        cmake --build "$work/build" -j2 && cmake --install "$work/build" --prefix "$work/prefix"; } >"$work/log" 2>&1; then
    tail -40 "$work/log"
    exit 1
fi
! grep -i "warning" "$work/log" || exit 1

pc=$(find "$work/prefix" -name weft.pc)
libdir=$(dirname "$(dirname "$pc")")
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH
nm -D --defined-only "$libdir/libweft.so" | sed -n 's/.* [TDBR] \(weft_[a-z0-9_]*\)\(@.*\)\{0,1\}$/\1/p' | LC_ALL=C sort >"$work/exported"
grep -v '^#' "$source/tests/abi/symbols.txt" | LC_ALL=C sort >"$work/promised"
diff "$work/promised" "$work/exported" || { say "other symbols than tests/abi/symbols.txt says"; exit 1; }

hello="$source/tests/contract/consumer/hello.c"
static=$(pkg-config --static --libs weft | sed "s#-lweft\b#$libdir/libweft.a#")
# shellcheck disable=SC2046,SC2086
{
    gcc -O2 "$hello" -o "$work/shared" $(pkg-config --cflags --libs weft)
    gcc -O2 -fno-lto "$hello" -o "$work/static" $(pkg-config --cflags weft) $static
    gcc -O2 -flto=auto "$hello" -o "$work/together" $(pkg-config --cflags weft) $static
}
expect_sum env LD_LIBRARY_PATH="$libdir" "$work/shared"
expect_sum "$work/static"
expect_sum "$work/together"

# What was taken apart and put together anew has fewer functions of their own names than what was copied.
functions() { nm --defined-only "$1" | grep -c ' [tT] weft__[a-z0-9_]*$'; }
[ "$(functions "$work/together")" -lt "$(functions "$work/static")" ] || { say "libweft.a brought nothing to optimise"; exit 1; }
