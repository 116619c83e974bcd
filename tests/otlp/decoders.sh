#!/bin/sh
# What examples/19_otlp.c sends is read by OpenTelemetry's own decoders, those of npm's @opentelemetry/otlp-transformer, in the
# version that decoders/package-lock.json says. They are installed into the build folder, once.
#
#   decoders.sh BUILD_DIR     77: libweft-otlp, node or npm is not there, or npm cannot be reached

set -u
build=$(realpath "${1:?usage: $0 BUILD_DIR}")
here=$(cd "$(dirname "$0")/decoders" && pwd) || exit 1
program=$build/bin/example-19_otlp
modules=$build/otlp-decoders
[ -x "$program" ] || exit 77
command -v node >/dev/null && command -v npm >/dev/null || exit 77

mkdir -p "$modules" || exit 1
exec 9>"$modules/lock"
flock 9 || exit 1
if ! cmp -s "$here/package-lock.json" "$modules/package-lock.json" || [ ! -e "$modules/installed" ]; then
    rm -f "$modules/installed"
    cp "$here/package.json" "$here/package-lock.json" "$modules" || exit 1
    (cd "$modules" && npm ci --ignore-scripts --no-audit --no-fund --prefer-offline --fetch-retries=8 >npm.log 2>&1) || { cat "$modules/npm.log"; exit 77; }
    touch "$modules/installed"
fi
node "$here/decode.mjs" "$modules" "$program"
