#!/bin/sh
# docs/operations/metrics.md says what include/weft/metrics.def says: it is what the script writes from the table.
#
#   metrics_page.sh [BUILD_DIR]     exit 0: current, 1: not; it needs no build

set -u
cd "$(dirname "$0")/../.." || exit 1
page=docs/operations/metrics.md
written=$(mktemp) || exit 1
trap 'rm -f "$written"' EXIT

awk -f docs/operations/metrics.awk include/weft/metrics.def >"$written" || exit 1
if ! diff -u "$page" "$written"; then
    echo "$page is not what the table says. Write it again:"
    echo "  awk -f docs/operations/metrics.awk include/weft/metrics.def > $page"
    exit 1
fi
echo "$page: $(grep -c '^| `' "$page") metrics, as in the table"
