#!/bin/bash
# What `weft trace report` and its pages say of a recording agrees with what the recorded program counted itself: of a
# whole recording, of one that began in the middle, of one with events missing, of one with two processes.
#
#   report.sh BUILD_DIR      ctest-timeout: 600, ctest-cost: 14

set -u
# shellcheck source=../lib/recordings.sh
. "$(dirname "$(realpath "$0")")/../lib/recordings.sh"
recordings_begin "$@"

# agrees <name> <how> [arguments of check_report.py]
agrees() {
    "$weft" trace report "$1" --json >"$1.json" || failed "$2: there is no report"
    checked "$2" check_report.py "$1.json" "$1.facts" "${@:3}"
}

# --- a whole recording, and its pages ------------------------------------------------------------------------------------

recorded whole
agrees whole "a whole recording"
exits "the inventory has sites" 0 '^  clerk +traced_program\.c:[0-9]+ +clerk 1 +' "$weft" trace tasks whole
exits "channels have a size" 0 '^  orders +intake +1 +16 ' "$weft" trace channels whole
exits "workers are listed" 0 '^ +worker +polls +busy' "$weft" trace workers whole
exits "wakes have both ends" 0 '^  clerk [1-3] +ledger of orders +CHANNEL +[0-9]+' "$weft" trace wakes whole
exits "latency is by cause" 0 '^  SPAWN +[0-9]+ ' "$weft" trace latency whole
exits "lints are listed" 0 'messages-lost +warning +gossip' "$weft" trace lints whole
exits "a lint that fires fails" 3 'messages-lost' "$weft" trace lints whole --fail-on=deadlock,messages-lost
exits "a lint that does not fire passes" 0 'LINTS' "$weft" trace lints whole --fail-on=deadlock
exits "a lint that does not exist is refused" 2 "no lint or severity 'nonsense'" "$weft" trace lints whole --fail-on=nonsense
exits "no lint is refused" 2 'takes severities' "$weft" trace lints whole --fail-on=
exits "markdown has tables" 0 '^\| orders \| intake \| 1 \| 16 \|' "$weft" trace report whole --markdown
exits "html goes to a file" 0 '^$' "$weft" trace report whole --html whole.html
exits "html needs a file" 2 'takes the file' "$weft" trace report whole --html
exits "a file that cannot be written is noticed" 1 'nowhere/x.html: No such file' "$weft" trace report whole --html nowhere/x.html
exits "a full disk under a page" 1 '/dev/full: No space left' "$weft" trace report whole --html /dev/full
echo before >kept.html && ln -s /dev/full kept.html.part
exits "a full disk under a page that is there" 1 'kept.html: No space left' "$weft" trace report whole --html kept.html
holds "leaves it what it was" grep -q before kept.html
exits "no recording" 1 'No such file' "$weft" trace report nowhere
if "$weft" trace report whole >/dev/full 2>/dev/null; then failed "a full disk goes unnoticed"; else passed "a full disk is noticed"; fi
if "$python" - whole.html <<'PYTHON'
import html.parser, re, sys
text = open(sys.argv[1], encoding="utf-8").read()
open_tags, void = [], {"meta", "br", "link", "img"}
class Parser(html.parser.HTMLParser):
    def handle_starttag(self, tag, attrs):
        if tag not in void:
            open_tags.append(tag)
        for name, value in attrs:
            assert name not in ("src", "xlink:href") and (name != "href" or value.startswith("#")), (tag, name, value)
    def handle_startendtag(self, tag, attrs):
        pass
    def handle_endtag(self, tag):
        while open_tags and open_tags[-1] != tag:
            left = open_tags.pop()
            assert left in ("p", "tr", "td", "th"), left
        assert open_tags.pop() == tag
Parser().feed(text)
assert not re.search(r"https?:|url\(|@import", text)
assert text.count("<svg") > 10 and not open_tags
PYTHON
then passed "the page asks nobody for anything, and its tags are closed"; else failed "the HTML page"; fi

# --- the path of a task, two recordings, one that was cut off ---------------------------------------------------------------

exits "the path of a clerk goes through its gate" 0 'message in a channel +clerk [123] .* gate' "$weft" trace path whole --name 'clerk 1'
exits "its legs are the whole of its time" 0 '^ *"share": (0.99|1)' bash -c "'$weft' trace path whole --name 'clerk 1' --json |
    '$python' -c 'import json, sys; path = json.load(sys.stdin)[\"path\"]
rows = path[\"legs\"]
assert all(a[\"at_ns\"] + a[\"ns\"] == b[\"at_ns\"] for a, b in zip(rows, rows[1:])), rows
print(\"  \\\"share\\\":\", sum(row[\"share\"] for row in path[\"shares\"]))'"
task=$("$weft" trace events whole --only task_end --head 1 | sed 's/.* task=\([0-9]*\).*/\1/')
exits "the path of a task by its number" 0 "task $task .*, from its birth to its end" "$weft" trace path whole --task "$task"
exits "the path up to an event" 0 'between the two times' "$weft" trace path whole --between "$(tenth whole 4)" "$(tenth whole 8)"
exits "the path up to an event after the last" 1 'no event of a task at or after the second time' "$weft" trace path whole --between 0 1000
exits "no such task" 1 'no such task' "$weft" trace path whole --task 999999
exits "no such name" 1 'no task of that name' "$weft" trace path whole --name nobody
exits "a path of what?" 2 'of which task' "$weft" trace path whole
exits "times in the wrong order" 2 'the earlier first' "$weft" trace path whole --between 2 1
exits "a number that is none" 2 'takes a number' "$weft" trace path whole --task one
exits "a recording is as fast as itself" 0 'no difference' "$weft" trace diff whole whole --fail-on=slower
exits "a difference needs two" 2 'which two recordings' "$weft" trace diff whole
exits "a third is refused" 2 "what is 'whole'" "$weft" trace diff whole whole whole

recorded_in_parts parts
cp -r parts cut
stream=$(find cut -name 'hot_*' -not -path '*/index/*' -size +64k | head -1)
truncate -s -100 "$stream"
exits "a recording that was cut off is read" 0 '^CUT OFF: .* in the middle of a packet' "$weft" trace report cut
cp -r parts stub
find stub -name 'hot_*' -not -path '*/index/*' -size +0 -exec truncate -s 100 {} +
exits "nothing whole is left" 1 'end in the middle of a packet' "$weft" trace report stub
# Broken in other ways: a sentence or a report, and never a crash or a loop. First what makes libbabeltrace2 abort: a packet
# whose size has its highest bit set. With one whole packet before it, or none and nothing that could be mended.
export TMPDIR=$PWD/mended
mkdir mended
break_packets() {
    "$python" - "$1" "$2" <<'PYTHON'
import glob, struct, sys
for name in glob.glob(sys.argv[1] + "/**/hot_*[0-9]", recursive=True):
    data, at, number = bytearray(open(name, "rb").read()), 0, 0
    while at < len(data):
        size = struct.unpack_from("<Q", data, at + 56)[0] // 8
        if number >= int(sys.argv[2]):
            data[at + 63] |= 0x80
        at, number = at + size, number + 1
    open(name, "wb").write(data)
PYTHON
}
gave_up='broken: libbabeltrace2 gave up on it as broken \(Aborted'
rm -rf broken && cp -r parts broken && break_packets broken 1
exits "what came before an abort of the library is read" 0 "^CUT OFF: .*$gave_up" "$weft" trace report broken
exits "so is its summary" 0 "CUT OFF: $gave_up" "$weft" trace summary broken
exits "and its events" 0 "CUT OFF: $gave_up" "$weft" trace events broken
rm -rf broken && cp -r parts broken && break_packets broken 0
for command in report summary events 'path --name clerk' 'diff whole'; do
    # shellcheck disable=SC2086
    exits "an abort of the library is told: $command" 1 "^weft trace ${command%% *}: $gave_up" "$weft" trace $command broken
done
# An index that points behind its file makes it abort as well, and is not needed.
mkdir spoilt
cp -r parts spoilt/
"$python" -c 'import glob
for name in glob.glob("spoilt/**/*.idx", recursive=True):
    data = bytearray(open(name, "rb").read())
    data[16] = 0x7f
    open(name, "wb").write(data)'
(cd spoilt && "$weft" trace report parts --json) >spoilt.json 2>spoilt.err
"$weft" trace report parts --json >parts.json
if cmp spoilt.json parts.json && [ ! -s spoilt.err ]; then passed "a broken index is not believed"; else failed "a broken index: $(cat spoilt.err)"; fi
# Then by chance, as seeds say: bytes changed, cut out, put in; any file of it, also two of them.
out=$("$python" - parts "$weft" <<'PYTHON'
import glob, os, random, shutil, subprocess, sys
source, weft = sys.argv[1:3]
for seed in range(int(os.environ.get("WEFT_SEED", 0)), int(os.environ.get("WEFT_SEED_END", 24))):
    rng = random.Random(seed)
    shutil.rmtree("broken", ignore_errors=True)
    shutil.copytree(source, "broken")
    for _ in range(rng.randrange(1, 3)):
        name = rng.choice(sorted(f for f in glob.glob("broken/**/*", recursive=True) if os.path.isfile(f) and os.path.getsize(f)))
        bytes_of = bytearray(open(name, "rb").read())
        how = rng.randrange(4)
        if how == 0:
            for _ in range(rng.randrange(1, 20)):
                bytes_of[rng.randrange(len(bytes_of))] = rng.randrange(256)
        elif how == 1:
            del bytes_of[rng.randrange(len(bytes_of)):]
        elif how == 2:
            at = rng.randrange(len(bytes_of))
            bytes_of[at:at + rng.randrange(1, 500)] = rng.randbytes(rng.randrange(1, 500))
        else:
            bytes_of[rng.randrange(min(len(bytes_of), 200))] = rng.randrange(256)
        open(name, "wb").write(bytes_of)
    ran = subprocess.run([weft, "trace", "report", "broken", "--json"], capture_output=True)
    if ran.returncode not in (0, 1) or (ran.returncode == 1 and not ran.stderr.startswith(b"weft trace report: ")):
        print(f"seed {seed}, {name}: exit code {ran.returncode}, {ran.stderr[-200:]!r}")
        sys.exit(1)
PYTHON
) && passed "24 broken recordings are read or refused" || failed "a broken recording: $out"

exits "so is its summary" 0 'CUT OFF' "$weft" trace summary cut
exits "and its events" 0 'CUT OFF' "$weft" trace events cut
exits "nobody reads on" 0 '^0\.' bash -c "'$weft' trace events cut | head -1"
if compgen -G "$TMPDIR/*" >/dev/null; then failed "a mended trace stays behind"; else passed "no mended trace stays behind"; fi

# --- late, lossy, two processes -------------------------------------------------------------------------------------------

recorded_late late
agrees late "a recording that began late" --late
exits "it says so" 0 'It began late: 6 tasks lived before' "$weft" trace report late

recorded_lossy lossy
agrees lossy "a recording with events missing" --lost
first_line() { "$weft" trace report lossy | head -1; }
exits "the loss comes first" 0 '^LOST: [0-9]+ events were discarded' first_line
exits "lost events are a finding" 3 'events-lost' "$weft" trace lints lossy --fail-on=events-lost

recorded_two two
agrees two "two processes" --twice two.other

finish
