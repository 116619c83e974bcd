#!/bin/bash
# What `weft trace export` writes is in the format that it says, and agrees with what the recorded program counted itself.
#
#   export.sh BUILD_DIR      ctest-timeout: 600, ctest-cost: 17

set -u
# shellcheck source=../lib/recordings.sh
. "$(dirname "$(realpath "$0")")/../lib/recordings.sh"
recordings_begin "$@"

export_of() { "$weft" trace export "$@"; }

# --- a whole recording -------------------------------------------------------------------------------------------------

recorded whole
"$weft" trace report whole --json >whole.json || failed "there is no report to compare with"

exits "several forms are written in one pass" 0 '^$' export_of whole --perfetto trace.json --timeline picture.html --folded busy.folded --csv tables
checked "a trace for Perfetto" check_export.py perfetto trace.json whole.facts whole.json
checked "a picture" check_export.py timeline picture.html whole.facts whole.json
if command -v node >/dev/null; then
    sed '1,/^<script>$/d; /^<\/script>$/,$d' picture.html >picture.js
    exits "its script is one" 0 '^$' node --check picture.js
fi
checked "stacks of busy time" check_export.py folded busy.folded whole.json
checked "tables" check_export.py csv tables whole.facts whole.json
exits "stacks of waits" 0 '^$' export_of whole --folded waits.folded --weight=wait
checked "stacks of waits name what was waited for" check_export.py folded waits.folded whole.json --waits
exits "a form may go to standard output" 0 '^family;child;' export_of whole --folded -
if [ "$(export_of whole --folded - --between 0 1000 | sort)" = "$(sort busy.folded)" ]; then
    passed "a window that holds all is all"
else
    failed "a window that holds all is not all"
fi
exits "a window before everything has nothing" 0 '^$' export_of whole --folded - --between 0 0.000000001

exits "a window of a trace" 0 '^$' export_of whole --perfetto window.json --timeline window.html --between "$(tenth whole 2)" "$(tenth whole 5)"
checked "a window is whole in itself" check_export.py perfetto window.json whole.facts whole.json --part
checked "and so is its picture" check_export.py timeline window.html whole.facts whole.json --part

# --- late, and with events missing -------------------------------------------------------------------------------------

recorded_late late
"$weft" trace report late --json >late.json || failed "there is no report of the late one"
exits "a recording that began late is exported" 0 '^$' export_of late --perfetto late.trace --timeline late.html --folded late.folded
checked "its trace is whole in itself" check_export.py perfetto late.trace late.facts late.json --part
checked "a picture of it" check_export.py timeline late.html late.facts late.json --part
checked "its stacks are those of the report" check_export.py folded late.folded late.json

recorded_lossy lossy
"$weft" trace report lossy --json >lossy.json || failed "there is no report of the lossy one"
exits "a recording with events missing is exported" 0 '^$' export_of lossy --perfetto lossy.trace --timeline lossy.html --folded lossy.folded
checked "its trace is whole in itself, too" check_export.py perfetto lossy.trace lossy.facts lossy.json --part
checked "a picture of it" check_export.py timeline lossy.html lossy.facts lossy.json --part
checked "its stacks are those of its report" check_export.py folded lossy.folded lossy.json
exits "its trace says what is lost" 0 '"name":"events lost"' grep -m 1 '"cat":"lost"' lossy.trace

# Broken: a sentence or exports, and never a crash or a loop.
recorded_in_parts parts
out=$("$python" - "$weft" <<'PYTHON'
import glob, os, random, shutil, subprocess, sys
for seed in range(8):
    rng = random.Random(seed)
    shutil.rmtree("broken", ignore_errors=True)
    shutil.copytree("parts", "broken")
    name = rng.choice(sorted(f for f in glob.glob("broken/**/hot_*", recursive=True) if os.path.getsize(f)))
    content = bytearray(open(name, "rb").read())
    if seed % 2:
        del content[rng.randrange(1, len(content)):]
    for _ in range(20):
        content[rng.randrange(len(content))] = rng.randrange(256)
    open(name, "wb").write(content)
    ran = subprocess.run([sys.argv[1], "trace", "export", "broken", "--perfetto", "broken.trace", "--timeline", "broken.html",
                          "--folded", "broken.folded", "--csv", "broken.csv"], capture_output=True)
    if ran.returncode not in (0, 1) or (ran.returncode and not ran.stderr.startswith(b"weft trace export: ")):
        sys.exit(f"seed {seed}, {name}: exit code {ran.returncode}, {ran.stderr[-200:]!r}")
PYTHON
) && passed "8 broken recordings are exported or refused" || failed "a broken recording: $out"

# --- what is refused ---------------------------------------------------------------------------------------------------

exits "no recording" 1 'nowhere: No such file' export_of nowhere --folded busy.folded
mkdir without && exits "a folder without a recording" 1 'give the folder that .weft trace record -o FOLDER' export_of without --folded busy.folded
exits "what was there before is still there" 0 '^family;child;' cat busy.folded
exits "a file that cannot be written" 1 'nowhere/x: No such file' export_of whole --folded nowhere/x
exits "a trace that cannot be written" 1 'nowhere/x: No such file' export_of whole --perfetto nowhere/x
exits "a full disk under a picture" 1 '/dev/full: No space left' export_of whole --timeline /dev/full
exits "a full disk under a trace" 1 '/dev/full: No space left' export_of whole --perfetto /dev/full
exits "a full disk" 1 '/dev/full: No space left' export_of whole --folded /dev/full
mkdir full && ln -s /dev/full full/channels.csv
exits "a full disk under a table" 1 'full/channels.csv: No space left' export_of whole --csv full
exits "a folder that is a file" 1 'busy.folded: Not a directory' export_of whole --csv busy.folded
exits "a folder that cannot be made" 1 'nowhere/x: No such file' export_of whole --csv nowhere/x
exits "no form" 2 'into which form' export_of whole
exits "an unknown form" 2 "what is '--pdf'" export_of whole --pdf x
exits "a form without its file" 2 '--folded takes the file' export_of whole --folded
exits "a form without its file, and an option behind it" 2 '--folded takes the file' export_of whole --folded --weight=wait
exits "a folder is none" 2 '--csv takes the folder' export_of whole --csv -
exits "two forms at once on standard output" 2 'not several' export_of whole --folded - --perfetto -
exits "an unknown weight" 2 "what is '--weight=gold'" export_of whole --folded x --weight=gold
exits "no recording at all" 2 'of which recording' export_of --folded x
exits "two recordings" 2 "what is 'whole'" export_of whole whole --folded x
exits "times in the wrong order" 2 'the earlier first' export_of whole --folded x --between 2 1
exits "times that are none" 2 'two times in seconds' export_of whole --folded x --between 0 inf
exits "tables are of all" 2 'of the whole recording' export_of whole --csv x --between 1 2
exits "the help names it" 0 '^  export DIR ' "$weft" trace help
if compgen -G "*.part" >/dev/null; then failed "something half written stays behind"; else passed "nothing half written stays behind"; fi

finish
