# shellcheck shell=bash
# A session daemon for a test script, its sessions, and their end whatever fails: `. tests/lib/lttng.sh; lttng_begin "$@"`.
#
# As root the daemon's sockets lie where everybody's do, so the script first moves into mount and process namespaces of its
# own, where /run/lttng and /dev/shm are empty: no other daemon is disturbed, none disturbs, and when the script is killed
# the kernel ends what it started. Where that is not allowed it shares: it takes a daemon that runs, or starts one and
# stops it. Other users have LTTNG_HOME.

# lttng_begin <the script's arguments>: $LTTNG_TMP is a folder that goes away at the end.
lttng_begin() {
    local needed
    for needed in lttng lttng-sessiond babeltrace2; do
        command -v "$needed" >/dev/null || { echo "skipped: there is no $needed"; exit 77; }
    done
    if [ "$(id -u)" = 0 ]; then
        lttng_move_in "$@"
    fi
    [ -n "${LTTNG_MOVED_IN:-}" ] || LTTNG_TMP=$(mktemp -d) || exit 1
    lttng_sessions=
    trap lttng_cleanup EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    if [ "$(id -u)" != 0 ]; then
        export LTTNG_HOME=$LTTNG_TMP/home
        mkdir "$LTTNG_HOME"
        LTTNG_ALONE=1
        pgrep -x -u 0 lttng-sessiond >/dev/null && LTTNG_ALONE= # root's daemon serves everybody
    fi
    export LTTNG_UST_REGISTER_TIMEOUT=-1 # nothing of what is tested may be missed
}

# Runs the script again inside, and stays outside to end it: unshare itself would ignore a signal.
lttng_move_in() {
    local inside
    if [ -n "${LTTNG_MOVED_IN:-}" ]; then
        mount -t tmpfs weft /run/lttng && mount -t tmpfs weft /dev/shm || exit 1
        LTTNG_ALONE=1
        return
    fi
    LTTNG_ALONE= # empty: there may be a daemon that is somebody else's
    export LTTNG_ALONE
    if mkdir -p /run/lttng && unshare --mount --pid --fork --mount-proc mount -t tmpfs weft /run/lttng 2>/dev/null; then
        LTTNG_TMP=$(mktemp -d) || exit 1
        export LTTNG_TMP
        LTTNG_MOVED_IN=1 setpriv --pdeathsig KILL \
            unshare --mount --pid --fork --kill-child --mount-proc "$0" "$@" &
        inside=$!
        trap 'kill -KILL $inside; rm -rf "$LTTNG_TMP"; exit 143' INT TERM HUP
        wait $inside
        inside=$?
        rm -rf "$LTTNG_TMP"
        exit $inside
    fi
    exec 9>/tmp/weft-lttng.lock
    flock 9 # one test at a time: the one that started the daemon stops it
}

lttng_cleanup() {
    local code=$?
    trap '' EXIT INT TERM HUP
    for session in $lttng_sessions; do
        lttng --no-sessiond destroy "$session" >/dev/null 2>&1
    done
    lttng_daemon_stop
    [ -n "${LTTNG_MOVED_IN:-}" ] || rm -rf "$LTTNG_TMP"
    exit $code
}

lttng_daemon_runs() {
    lttng --no-sessiond list >/dev/null 2>&1
}

lttng_daemon_start() {
    lttng_daemon_runs && return
    lttng-sessiond --daemonize --no-kernel --pidfile="$LTTNG_TMP/sessiond.pid" >"$LTTNG_TMP/sessiond.log" 2>&1 9>&- ||
        { cat "$LTTNG_TMP/sessiond.log"; echo "lttng-sessiond does not start"; exit 1; }
}

# No daemon serves this user's programs, before lttng_daemon_start.
lttng_nobody_listens() {
    [ -n "$LTTNG_ALONE" ] || { [ "$(id -u)" = 0 ] && ! lttng_daemon_runs; }
}

# Stops only what lttng_daemon_start started.
lttng_daemon_stop() {
    local pid
    [ -s "$LTTNG_TMP/sessiond.pid" ] || return 0
    pid=$(cat "$LTTNG_TMP/sessiond.pid")
    kill "$pid" 2>/dev/null
    for _ in {1..100}; do kill -0 "$pid" 2>/dev/null && sleep 0.1; done
    rm -f "$LTTNG_TMP/sessiond.pid"
}

# lttng_session <name> [event pattern]: created and not started; it records into $LTTNG_TMP/<name>. $LTTNG_CHANNEL: other buffers.
lttng_session() {
    local session=weft-$1-$$
    lttng_quietly create "$session" --output="$LTTNG_TMP/$1"
    lttng_sessions="$lttng_sessions $session"
    # shellcheck disable=SC2086
    lttng_quietly enable-channel -u -s "$session" hot ${LTTNG_CHANNEL:---subbuf-size=4M --num-subbuf=8}
    lttng_quietly add-context -u -s "$session" -c hot -t vpid
    lttng_quietly enable-event -u -s "$session" -c hot "${2:-weft:*}"
}
lttng_session_start() { lttng_quietly start "weft-$1-$$"; }
lttng_session_end() {
    lttng_quietly stop "weft-$1-$$"
    lttng_quietly destroy "weft-$1-$$"
    lttng_sessions=${lttng_sessions/ weft-$1-$$/}
}

lttng_quietly() {
    lttng --no-sessiond "$@" >"$LTTNG_TMP/lttng.log" 2>&1 9>&- ||
        { cat "$LTTNG_TMP/lttng.log"; echo "lttng $* does not work"; exit 1; }
}

# passed <what> · failed <what>: one line each; the script ends with `finish`.
lttng_failures=0
passed() { echo "ok      $1"; }
failed() { echo "FAILED  $1"; lttng_failures=$((lttng_failures + 1)); }
finish() { exit $((lttng_failures > 0)); }
