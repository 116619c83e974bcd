#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds a harness if anything that it may be made of is newer, and runs it.
#
#   run.sh BUILD HARNESS [OPTION...]       the options are the program's: n= t= seed= trace=1 from= steps= sc oom
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$1
name=$2
shift 2
"$here/build.sh" explorer "$build"
program=$build/$name
if [ ! -f "$program" ] || [ -n "$(find "$root/src" "$root/include" "$here" -newer "$program" \
    \( -name '*.[ch]' -o -name '*.def' -o -name harnesses.txt -o -name interpose.syms \) -print -quit)" ]; then
    "$here/build.sh" harness "$build" "$program" "$name"
fi
exec "$program" "$@"
