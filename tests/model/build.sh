#!/bin/sh
# Builds a program for the explorer.
#
#   build.sh explorer BUILD                        the runtime, as BUILD/libmodel.a (if a source is newer)
#   build.sh program BUILD OUT FLAG... SOURCE.c... one program: compiled as for TSan, linked with the runtime instead of libtsan
#
# The sources are not changed, their objects are: .data and .bss get names by which the runtime can reset them, the libc
# functions that it models get other names, and the constructor that would start TSan goes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
CC=${MODEL_CC:-gcc}

build_explorer() {
    build=$1
    mkdir -p "$build"
    if [ -f "$build/libmodel.a" ] && [ -z "$(find "$here/explorer" "$here/model.h" "$here/build.sh" -newer "$build/libmodel.a")" ]; then
        return
    fi
    objects=
    for source in "$here"/explorer/*.c; do
        object=$build/explorer.$$.$(basename "$source" .c).o
        "$CC" -std=gnu11 -O3 -g -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
            -U_FORTIFY_SOURCE -fno-pie -fno-stack-protector -c "$source" -o "$object"
        objects="$objects $object"
    done
    rm -f "$build/libmodel.$$.a"
    ar rcs "$build/libmodel.$$.a" $objects
    mv "$build/libmodel.$$.a" "$build/libmodel.a"
    rm -f $objects
}

build_program() {
    build=$1
    out=$2
    shift 2
    flags=
    sources=
    for argument in "$@"; do
        case $argument in
        *.c) sources="$sources $argument" ;;
        *) flags="$flags $argument" ;;
        esac
    done
    objects=
    for source in $sources; do
        object=$out.$(echo "$source" | tr / _ | tail -c 80).o
        # Small memcpy calls stay calls, since inlined ones would not be watched.
        "$CC" -std=gnu11 -O1 -g -fno-pie -fsanitize=thread -Wno-tsan -U_FORTIFY_SOURCE \
            --param tsan-instrument-func-entry-exit=0 -fno-builtin-memcpy -fno-builtin-memmove -fno-builtin-memset \
            -fno-builtin-memcmp -fno-common -fno-stack-protector -DWEFT_MODEL=1 -I"$here" $flags -c "$source" -o "$object"
        objcopy --redefine-syms="$here/interpose.syms" --remove-section=.init_array* --remove-section=.rela.init_array* \
            --remove-section=.ctors* --rename-section .data=model_data,alloc,load,data,contents \
            --rename-section .bss=model_bss,alloc,load,data,contents "$object"
        objects="$objects $object"
    done
    "$CC" -no-pie -o "$out" $objects "$build/libmodel.a" 
    rm -f $objects
}

what=$1
shift
case $what in
explorer) build_explorer "$@" ;;
program) build_program "$@" ;;
*) echo "build.sh: explorer or program, not $what" >&2; exit 2 ;;
esac
