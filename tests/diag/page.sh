#!/bin/bash
# The page in a real browser, headless, through `weft page` and by the loopback: page.py. Pictures of what it showed are left in
# BUILD_DIR/page/: look at them when the page is changed.
#
#   page.sh BUILD_DIR      77: no chromium, no chromedriver, or weft, the endpoint or the program to look at was not built
#   ctest-timeout: 600, ctest-cost: 40

set -u
build=$(realpath "${1:?usage: $0 BUILD_DIR}")
for needed in chromium chromedriver /usr/bin/python3; do
    command -v "$needed" >/dev/null || { echo "skipped: there is no $needed"; exit 77; }
done
for file in "$build/bin/weft" "$build/bin/test-live-crowd" "$build/lib/libweft-diag.so"; do
    [ -e "$file" ] || { echo "skipped: $file was not built"; exit 77; }
done
exec /usr/bin/python3 "$(dirname "$0")/page.py" "$build"
