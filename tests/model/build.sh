#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds programs for the explorer.
#
#   build.sh explorer BUILD                      the runtime, as BUILD/libmodel.a (if a source is newer)
#   build.sh object BUILD OUT.o FLAG... SOURCE.c one source of a program under test, compiled as for TSan
#   build.sh program BUILD OUT ARGUMENT...       a program: sources (compiled with the flags among the arguments) and
#                                                objects, linked with the runtime instead of libtsan
#   build.sh harness BUILD OUT NAME [FLAG...]    the program of one line of harnesses.txt
#   build.sh objects BUILD NAME [FLAG...]        its objects: compiled where they are older than what they are made of, kept in
#                                                BUILD/objects for all who use the same flags; one line each: object, source
#
# An index past the end of an array is a crash, also of one that is on the stack or within a structure, which the explorer cannot see.
#
# Sources are not changed, their objects are: .data and .bss get names by which the runtime can reset them, the libc
# functions that it models get other names (interpose.syms), and the constructor that would start TSan goes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
CC=${MODEL_CC:-gcc}

build_explorer() {
    build=$1
    mkdir -p "$build"
    if [ -f "$build/libmodel.a" ] && [ -z "$(find "$here/explorer" "$here/model.h" -newer "$build/libmodel.a")" ]; then
        return
    fi
    objects=
    # As one object, across whose files calls are inlined, and with the wide registers that views like, where there are some.
    wide=
    ! grep -q -w avx2 /proc/cpuinfo || wide=-march=x86-64-v3
    flags="-std=gnu11 -O3 $wide -flto -flto-partition=none -fno-pie -fno-stack-protector -g"
    for source in "$here"/explorer/*.c; do
        object=$build/explorer.$$.$(basename "$source" .c).o
        "$CC" $flags -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -U_FORTIFY_SOURCE \
            -c "$source" -o "$object"
        objects="$objects $object"
    done
    "$CC" $flags -r -nostdlib -flinker-output=nolto-rel -o "$build/explorer.$$.o" $objects
    ar rcs "$build/libmodel.$$.a" "$build/explorer.$$.o"
    rm -f $objects "$build/explorer.$$.o"
    copy_urcu_header
    mv "$build/libmodel.$$.a" "$build/libmodel.a"
}

# wfcqueue.c says why.
copy_urcu_header() {
    header=$(echo '#include <urcu/static/wfcqueue.h>' | "$CC" -E -x c - 2>/dev/null | sed -n 's/^# 1 "\(.*static\/wfcqueue.h\)".*/\1/p' | head -n 1)
    [ -n "$header" ] || return 0
    mkdir -p "$build/include/urcu/static"
    sed -E 's/^([ \t]*)((head->node\.|node->)next) = ([^;]*);/\1CMM_STORE_SHARED(\2, \4);/' "$header" \
        >"$build/include/wfcqueue.$$"
    mv "$build/include/wfcqueue.$$" "$build/include/urcu/static/wfcqueue.h"
}

# Small memcpy calls stay calls, since inlined ones would not be watched.
build_object() {
    build=$1
    out=$2
    shift 2
    "$CC" -std=gnu11 -O1 -g -fno-pie -fsanitize=thread -Wno-tsan -U_FORTIFY_SOURCE \
        -fsanitize=bounds-strict -fsanitize-undefined-trap-on-error --param tsan-instrument-func-entry-exit=0 -fno-builtin-memcpy -fno-builtin-memmove -fno-builtin-memset \
        -fno-builtin-memcmp -fno-common -ffunction-sections -fno-stack-protector -DWEFT_MODEL=1 -DWEFT__LOCK_LOOKS=1 -I"$here" -I"$build/include" "$@" -c -o "$out"
    objcopy --redefine-syms="$here/interpose.syms" --remove-section=.init_array* --remove-section=.rela.init_array* \
        --rename-section .data=model_data,alloc,load,data,contents \
        --rename-section .bss=model_bss,alloc,load,data,contents "$out"
}

build_program() {
    build=$1
    out=$2
    shift 2
    flags=
    for argument in "$@"; do
        case $argument in
        *.c | *.o) ;;
        *) flags="$flags $argument" ;;
        esac
    done
    objects=
    temporary=
    for argument in "$@"; do
        case $argument in
        *.o) objects="$objects $argument" ;;
        *.c)
            object=$out.$(echo "$argument" | tr / _ | tail -c 80).o
            (build_object "$build" "$object" $flags "$argument") # sh has no local variables
            objects="$objects $object"
            temporary="$temporary $object"
            ;;
        esac
    done
    # Functions that nobody calls go, and what they would need: a room can be named with all its files.
    "$CC" -no-pie -Wl,--gc-sections -o "$out" $objects "$build/libmodel.a"
    rm -f $temporary
}

# The second or third column of a line of harnesses.txt, with the groups that it names put in their place.
column() {
    line=$(grep "^$1 *|" "$here/harnesses.txt") || {
        echo "build.sh: no $1 in harnesses.txt" >&2
        exit 2
    }
    for group in $(echo "$line" | cut -d'|' -f2 | tr ' ' '\n' | grep '^@' || true); do
        column "$group" "$2"
    done
    line=$(grep "^$1 *|" "$here/harnesses.txt")
    echo "$line" | cut -d'|' -f"$2" | tr ' ' '\n' | grep -v -e '^@' -e '^$' || true
}

# Is what was compiled as new as all that it is made of?
is_new() {
    [ -f "$1" ] && [ -z "$(find "$here/build.sh" "$here/interpose.syms" $(cat "$1.needs") -newer "$1" 2>&1)" ]
}

# Of the macros that are set for a harness, those of which the source or a header of its speaks: for the others an object of another
# harness will do, and there are few sources of which every harness makes its own.
spoken_of() {
    source=$1
    shift
    texts=$("$CC" -std=gnu11 -MM -I"$here" -I"$build/include" "$@" "$source" | sed -e 's/^[^:]*://' -e 's/\\$//')
    for argument in "$@"; do
        case $argument in
        -[DU]*)
            macro=${argument#-?}
            ! grep -q -w -e "${macro%%=*}" $texts || echo "$argument"
            ;;
        *) echo "$argument" ;;
        esac
    done
}

# Programs that are built at the same time may make the same object twice; each is put in its place whole. What was found to do for a
# source with all of its flags is kept as well, in a file beside it.
keep_object() {
    build=$1
    source=$2
    shift 2
    found=$build/objects/$(basename "$source" .c)-$(echo "$source $*" | cksum | tr ' ' -).found
    if ! { [ -f "$found" ] && kept=$(cat "$found") && is_new "$kept"; }; then
        set -- $(spoken_of "$source" "$@")
        kept=$build/objects/$(basename "$source" .c)-$(echo "$source $*" | cksum | tr ' ' -).o
        if ! is_new "$kept"; then
            build_object "$build" "$kept.$$" -MD -MF "$kept.$$.d" "$@" "$source"
            sed -e 's/^[^:]*://' -e 's/\\$//' "$kept.$$.d" >"$kept.$$.needs"
            mv "$kept.$$.needs" "$kept.needs"
            mv "$kept.$$" "$kept"
            rm "$kept.$$.d"
        fi
        echo "$kept" >"$found.$$"
        mv "$found.$$" "$found"
    fi
    echo "$kept $source"
}

build_objects() {
    build=$1
    name=$2
    shift 2
    mkdir -p "$build/objects"
    flags=$(column "$name" 3)
    for source in "$here/$name.c" "$here/platform.c" $(column "$name" 2 | sed "s|^|$root/|"); do
        (keep_object "$build" "$source" -Wall -Wextra -I"$root/src" -I"$root/include" $flags "$@") # sh has no local variables
    done
}

build_harness() {
    build=$1
    out=$2
    name=$3
    shift 3
    objects=$(build_objects "$build" "$name" "$@") # its failure is this one's
    build_program "$build" "$out" $(echo "$objects" | cut -d' ' -f1)
}

what=$1
shift
case $what in
explorer | object | objects | program | harness) "build_$what" "$@" ;;
*)
    echo "build.sh: explorer, object, objects, program or harness, not $what" >&2
    exit 2
    ;;
esac
