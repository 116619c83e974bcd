# shellcheck shell=sh disable=SC2034
# The Debian packages that weft needs, in one place: `. packages.sh; weft_install_packages $WEFT_PACKAGES_BUILD`.

WEFT_PACKAGES_BUILD="gcc g++ libc6-dev cmake ninja-build pkg-config liburcu-dev libuv1-dev"
WEFT_PACKAGES_TRACE="liblttng-ust-dev lttng-tools babeltrace2 libbabeltrace2-dev"
WEFT_PACKAGES_TEST="clang libcmocka-dev python3 git binutils procps valgrind gdb curl wrk libpq-dev postgresql libglib2.0-dev libsystemd-dev libtomlplusplus-dev libclang-rt-14-dev libmicrohttpd-dev libjansson-dev libcurl4-openssl-dev zlib1g-dev libncurses-dev tmux prometheus chromium chromium-driver"
# Of node any version will do, wherever it is from: it decodes what libweft-otlp sends.
command -v npm >/dev/null || WEFT_PACKAGES_TEST="$WEFT_PACKAGES_TEST nodejs npm"

# Installs what is missing, says nothing if nothing is.
weft_install_packages() {
    weft__missing=
    for weft__package in "$@"; do
        dpkg-query -W -f '${Status}' "$weft__package" 2>/dev/null | grep -q 'install ok installed' ||
            weft__missing="$weft__missing $weft__package"
    done
    [ -n "$weft__missing" ] || return 0
    weft__root=
    [ "$(id -u)" = 0 ] || weft__root=sudo
    echo "installing$weft__missing"
    # shellcheck disable=SC2086
    {
        $weft__root apt-get -q -o DPkg::Lock::Timeout=120 update &&
        $weft__root env DEBIAN_FRONTEND=noninteractive \
            apt-get -q -y -o DPkg::Lock::Timeout=120 install --no-install-recommends $weft__missing
    } </dev/null >/tmp/weft-packages.$$ 2>&1 || { cat /tmp/weft-packages.$$; rm -f /tmp/weft-packages.$$; return 1; }
    rm -f /tmp/weft-packages.$$
}
