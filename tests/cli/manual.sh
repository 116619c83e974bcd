#!/bin/bash
# weft(1) is made of the help of `weft`: each command is there with what it takes and what it does, and the page is well formed.
#
#   manual.sh BUILD_DIR

set -u
build=$(realpath "${1:?the build folder}")
page=$build/share/man/man1/weft.1
[ -x "$build/bin/weft" ] && [ -e "$page" ] || { echo "skipped: no program weft, or no page of it"; exit 77; }
failures=0

fail() {
    printf 'FAILED  %s\n' "$*"
    failures=$((failures + 1))
}

# The page as a reader sees it, without the marks of the writer and where its lines end.
seen=$(sed -e '/^\.\\"/d' -e 's/\\f[BIR]//g; s/\\&//; s/\\-/-/g; s/\\e/\\/g' "$page" | tr -s ' \n' '  ')

# shows <help>: each of its commands, its arguments and its summary
shows() {
    local program entries
    program=$(sed -n '1s/^usage: \(.*\) COMMAND.*/\1/p' <<<"$1")
    entries=$(sed -e '1,2d' -e 's/…/.../g' <<<"$1" | awk '/^  [a-z]/ { if (all != "") print all; all = "" } { sub(/^ +/, ""); all = all (all == "" ? "" : " ") $0 } END { print all }')
    while IFS= read -r entry; do
        [[ $entry == *"not in this program"* ]] && continue
        [[ $seen == *"$program $entry "* ]] || fail "the page does not have '$program $entry'"
    done <<<"$entries"
    [ "$(wc -l <<<"$entries")" -ge 2 ] || fail "the help of $program has no commands: $1"
}

shows "$("$build/bin/weft" --help)"
trace=$("$build/bin/weft" trace --help 2>/dev/null) && shows "$trace"
version=$("$build/bin/weft" --version)
grep -q "^\.TH WEFT 1 \"\" \"$version\"" "$page" || fail "the page is not of $version: $(sed -n 2p "$page")"
if command -v groff >/dev/null; then
    said=$(groff -man -ww -z "$page" 2>&1)
    [ -z "$said" ] || fail "groff: $said"
fi
exit $((failures > 0))
