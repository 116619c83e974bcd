#!/bin/bash
# Builds the peers into a folder: those whose compilers and libraries are there; it says what is missing for the others.
#
#   build.sh DIR               what was built before and is newer than its source is kept
#   build.sh DIR --install     install Debian's packages first (root, or sudo)

set -u
here=$(dirname "$(realpath "$0")")
mkdir -p "${1:?the folder to build into}"
out=$(realpath "$1")
bench=$(dirname "$here")
packages="g++ cargo golang-go libboost1.81-dev libtbb-dev librust-tokio-dev libuv1-dev"
if [ "${2:-}" = --install ]; then
    command -v cargo >/dev/null && packages=${packages/cargo/} # a newer one of the developer's
    # shellcheck source=../../tests/lib/packages.sh
    . "$bench/../tests/lib/packages.sh"
    # shellcheck disable=SC2086
    weft_install_packages $packages || exit 1
fi

# current <program> <source folder>: it was built, and nothing of its source or of the harness is newer.
current() {
    [ -x "$out/$1" ] && [ -z "$(find "$here/$2" "$bench/lib" "$here/build.sh" -type f -newer "$out/$1" -print -quit)" ]
}

# make_peer <program> <source folder> <what it needs> <command>...
make_peer() {
    local program=$1 folder=$2 needs=$3
    shift 3
    current "$program" "$folder" && return
    rm -f "$out/$program"
    "$@" >"$out/$folder.log" 2>&1 || echo "no $folder: it needs $needs; see $out/$folder.log"
}

harness=("$out/harness.o" "$out/meter.o" "$out/resident.o")
for part in harness meter resident; do
    gcc -std=gnu11 -O3 -iquote "$bench" -c "$bench/lib/$part.c" -o "$out/$part.o" || exit 1
done
c() { gcc -std=gnu11 -O3 -DNDEBUG -iquote "$bench" "$here/$1/main.c" "${harness[@]}" -o "$out/$2" -lpthread "${@:3}"; }
# At the default limit gcc leaves calls in the hot paths of Asio that cost it a half.
cxx() { g++ -std=c++20 -O3 -finline-limit=2000 -DNDEBUG -iquote "$bench" "$here/$1/main.cpp" "${harness[@]}" -o "$out/$2" -lpthread "${@:3}"; }

# go and cargo write beside their sources: they get copies.
copy() {
    rm -rf "$out/$1-source"
    cp -r "$here/$1" "$out/$1-source"
    cd "$out/$1-source" || return 1
}
go_peer() (
    go=/usr/bin/go
    [ -x $go ] || go=go
    copy go && GOFLAGS=-mod=mod GOPROXY=off "$go" build -o "$out/go-peer" .
)
tokio_peer() (
    copy tokio && cargo generate-lockfile --offline || exit 1
    TOKIO_VERSION=$(sed -n '/^name = "tokio"$/{n;s/version = "\(.*\)"/\1/p}' Cargo.lock)
    export TOKIO_VERSION
    cargo build --release --offline --target-dir "$out/tokio-target" && cp "$out/tokio-target/release/tokio-peer" "$out/"
)

make_peer raw-peer raw "gcc" c raw raw-peer
make_peer pthreads-peer pthreads "gcc" c pthreads pthreads-peer
make_peer libuv-peer libuv "libuv1-dev" c libuv libuv-peer -luv
make_peer asio-peer asio "g++ and libboost1.81-dev" cxx asio asio-peer
make_peer tbb-peer tbb "g++ and libtbb-dev" cxx tbb tbb-peer -ltbb
make_peer go-peer go "golang-go" go_peer
make_peer tokio-peer tokio "cargo and librust-tokio-dev" tokio_peer
exit 0
