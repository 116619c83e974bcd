#!/bin/sh
# docs/operations/events.md says what include/weft/trace_events.def says: it is what the script writes from the table.
#
#   events_page.sh [BUILD_DIR]     exit 0: current, 1: not; it needs no build

set -u
cd "$(dirname "$0")/../.." || exit 1
page=docs/operations/events.md
written=$(mktemp) || exit 1
trap 'rm -f "$written"' EXIT

awk -f src/cmake/trace_table.awk -f docs/operations/events.awk include/weft/trace_events.def >"$written" || exit 1
if ! diff -u "$page" "$written"; then
    echo "$page is not what the table says. Write it again:"
    echo "  awk -f src/cmake/trace_table.awk -f docs/operations/events.awk include/weft/trace_events.def > $page"
    exit 1
fi
echo "$page: $(grep -c '^| `' "$page") events, as in the table"
