#!/bin/sh
# Installs the build $1 into a prefix, moves the prefix, and builds strangers' programs against it: C11 by pkg-config with
# the shared and with the static library, C++17 by find_package with both. ctest-timeout: 600, ctest-cost: 7
set -eu
build=$(cd "$1" && pwd)
consumer=$(cd "$(dirname "$0")/consumer" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf '%s\n' "$*"; }
expect_sum() {
    output=$("$@")
    [ "$output" = "sum 499500" ] || { say "$*: printed '$output'"; exit 1; }
    say "ok: $*"
}

cmake --install "$build" --prefix "$work/first" >/dev/null
mv "$work/first" "$work/prefix" # whatever remembers where it was installed fails below
pc=$(find "$work/prefix" -name weft.pc)
[ ! -x "$work/prefix/bin/weft" ] || [ -e "$work/prefix/share/man/man1/weft.1" ] || { say "the program has no manual page"; exit 1; }
libdir=$(dirname "$(dirname "$pc")")
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH

strict="-std=c11 -pedantic -Wall -Wextra -Werror"
# shellcheck disable=SC2046,SC2086
cc $strict "$consumer/hello.c" -o "$work/shared" $(pkg-config --cflags --libs weft)
readelf -d "$work/shared" | grep -q 'NEEDED.*libweft\.so\.0\]' || { say "it does not ask for libweft.so.0"; exit 1; }
expect_sum env LD_LIBRARY_PATH="$libdir" "$work/shared"

# Only our library static: -static for all would need static copies of everything below it.
# shellcheck disable=SC2046,SC2086
cc $strict "$consumer/hello.c" -o "$work/static" $(pkg-config --cflags weft) \
    $(pkg-config --static --libs weft | sed "s#-lweft\b#$libdir/libweft.a#")
! readelf -d "$work/static" | grep -q 'NEEDED.*libweft' || { say "the static program asks for libweft.so"; exit 1; }
expect_sum "$work/static"

if ! { cmake -S "$consumer" -B "$work/package" -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_BUILD_TYPE=Release &&
        cmake --build "$work/package"; } >"$work/log" 2>&1; then
    cat "$work/log"
    exit 1
fi
expect_sum "$work/package/hello-weft"
expect_sum "$work/package/hello-weft_static"

# A component, if it was built.
if [ -e "$PKG_CONFIG_PATH/weft-config.pc" ]; then
    settings="$consumer/settings.c"
    expected="3 workers; weft_config_replace: configuration:2:18: runtime.worker_threads: expected an integer from 1 to 1024, found 0"
    # shellcheck disable=SC2046,SC2086
    cc $strict "$settings" -o "$work/settings-shared" $(pkg-config --cflags --libs weft-config)
    # shellcheck disable=SC2046,SC2086
    cc $strict "$settings" -o "$work/settings-static" $(pkg-config --cflags weft-config) \
        $(pkg-config --static --libs weft-config | sed "s#-lweft-config\b#$libdir/libweft-config.a#;s#-lweft\b#$libdir/libweft.a#")
    cmake -S "$consumer/settings" -B "$work/settings" -DCMAKE_PREFIX_PATH="$work/prefix" >"$work/log" 2>&1 &&
        cmake --build "$work/settings" >>"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
    for program in "$work/settings-shared" "$work/settings-static" "$work/settings/config" "$work/settings/config_static"; do
        output=$(LD_LIBRARY_PATH="$libdir" "$program")
        [ "$output" = "$expected" ] || { say "$program: printed '$output'"; exit 1; }
        say "ok: $program"
    done
fi

# What is not there is named, and how to have it.
mkdir "$work/absent"
printf 'cmake_minimum_required(VERSION 3.22)\nproject(absent C)\nfind_package(weft REQUIRED COMPONENTS gold)\n' >"$work/absent/CMakeLists.txt"
cmake -S "$work/absent" -B "$work/absent/build" -DCMAKE_PREFIX_PATH="$work/prefix" >"$work/log" 2>&1 && { say "a component 'gold' is found"; exit 1; }
tr -s ' \n' ' ' <"$work/log" | grep -qF "without the component 'gold' (built with -DWEFT_GOLD=ON" || { cat "$work/log"; exit 1; }

# Nothing that was installed may name the tree it came from (debug information aside).
if grep -rlF "$build" "$work/prefix" --include=*.cmake --include=*.pc --include=*.h; then
    say "the files above name the build folder"
    exit 1
fi
