#!/bin/sh
# What must not compile: each file of compile/ with -DWRONG is refused, and without it compiles without a warning, in each
# of its languages, with every compiler that is here. C takes another pointer type with a warning (`c-warns`), which is on
# without being asked for; C++ refuses it. ctest-timeout: 600, ctest-cost: 8
set -u
here=$(cd "$(dirname "$0")" && pwd)
include=$(cd "$here/../../include" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cases=0
failures=0

# gcc finds some of the lost locals while it optimises.
compile() { # <compiler> <language> <standard> <file> <more>...
    compiler=$1 language=$2 standard=$3 file=$4
    shift 4
    "$compiler" -x "$language" "-std=$standard" -O2 -Wall -Wextra -pedantic "-I$include" "$@" \
        -c "$file" -o "$work/object" >"$work/output" 2>&1
}

check() { # <compiler> <language> <standard> <file> <what a wrong one is compiled with>...
    command -v "$1" >/dev/null || return 0
    cases=$((cases + 1))
    wrong=${5:-}
    set -- "$1" "$2" "$3" "$4"
    if ! compile "$@" -Werror; then
        echo "$1 $3: $(basename "$4") is right, and refused:"
        cat "$work/output"
        failures=$((failures + 1))
    elif compile "$@" -DWRONG ${wrong:+"$wrong"}; then
        echo "$1 $3: $(basename "$4") is wrong, and compiles"
        failures=$((failures + 1))
    elif ! grep -q 'error:' "$work/output"; then
        echo "$1 $3: $(basename "$4") fails without an error:"
        cat "$work/output"
        failures=$((failures + 1))
    fi
}

for file in "$here"/compile/*.c; do
    languages=$(sed -n 's,^/\* languages: \(.*\) \*/$,\1,p' "$file")
    for language in $languages; do
        case $language in
        c)
            check gcc c c11 "$file"
            check clang c c11 "$file"
            ;;
        c-warns)
            check gcc c c11 "$file" -Werror=incompatible-pointer-types
            check clang c c11 "$file" -Werror=incompatible-pointer-types
            ;;
        c++)
            check g++ c++ c++17 "$file"
            check clang++ c++ c++17 "$file"
            ;;
        esac
    done
done

echo "$cases cases, $failures failures"
[ "$cases" -gt 0 ] && [ "$failures" -eq 0 ]
