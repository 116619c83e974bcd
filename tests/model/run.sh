#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds a harness if anything that it may be made of is newer, and runs it.
#
#   run.sh BUILD HARNESS [OPTION...]       the options are the program's: n= t= seed= trace=1 from= steps= sc oom
#   run.sh BUILD HARNESS rel=LIMIT [OPTION...]    and then the figure, "REL M1-<harness> executions LIMIT PASS|FAIL seed"; it
#                                                 is added to the file WEFT_REL_HISTORY. PASS: so many were tried, none fails.
#                                                 FAIL is a failure unless a time was given (t=), which may be too short
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
case ${1-} in
rel=*) ;;
*) exec "$program" "$@" ;;
esac

limit=${1#rel=}
shift
status=0
"$program" "$@" >"$program.out" || status=$?
cat "$program.out"
last=$(tail -n 1 "$program.out")
case $last in
OK*) tried=$(echo "$last" | cut -d' ' -f2) seed=$(echo "$last" | sed 's/.*seeds \([0-9]*\) .*/\1/') ;;
*) tried=0 seed=${last##* } ;;
esac
verdict=PASS
[ "$tried" -ge "$limit" ] || verdict=FAIL
line="REL M1-$name $tried $limit $verdict $seed"
echo "$line"
[ -z "${WEFT_REL_HISTORY:-}" ] || echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) $line" >>"$WEFT_REL_HISTORY"
case $verdict" $*" in
PASS* | *" t="*) exit "$status" ;;
esac
exit 1
