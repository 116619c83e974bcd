#!/bin/sh
# What libweft.so needs when it runs is what docs/design/dependencies.md says, and no more.
set -eu
needed=$(readelf -d "$1/lib/libweft.so" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p')
for library in $needed; do
    case $library in
    liburcu-bp.so.* | liburcu-common.so.* | libuv.so.* | libc.so.* | ld-linux*.so.*) ;;
    *)
        echo "libweft.so needs $library, which docs/design/dependencies.md does not name"
        exit 1
        ;;
    esac
done
echo "$needed"
