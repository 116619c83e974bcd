#!/bin/bash
# Each block of C in docs/guide is a verbatim part of the file that the line above it names: `<!-- from examples/x.c -->`.
# Blocks of text that a program prints are parts of its expected output: `<!-- from tests/examples/expected/x.txt -->`. And each page of
# the list in README.md ends with a link to the one after it.
#
#   tests/examples/guide.sh BUILD_DIR

set -u
cd "$(dirname "$0")/../.." || exit 1
exec /usr/bin/python3 - docs/guide/*.md <<'PYTHON'
import re, sys

failures = checked = 0
for page in sys.argv[1:]:
    text = open(page, encoding="utf-8").read()
    for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        language, block = match.groups()
        line = text.count("\n", 0, match.start()) + 1
        above = text[: match.start()].rstrip("\n").rsplit("\n", 1)[-1]
        source = re.fullmatch(r"<!-- from (\S+) -->", above)
        if source is None:
            if language in ("c", "cpp", ""):
                print(f"FAILED  {page}:{line}: the line above this block does not say where it is from")
                failures += 1
            continue
        checked += 1
        try:
            whole = open(source.group(1), encoding="utf-8").read()
        except OSError as error:
            print(f"FAILED  {page}:{line}: {error}")
            failures += 1
            continue
        if not ("\n" + whole).__contains__("\n" + block):
            print(f"FAILED  {page}:{line}: this block is not in {source.group(1)}")
            failures += 1
order = re.findall(r"^\d+\. \[[^]]+\]\((\S+)\)", open("docs/guide/README.md", encoding="utf-8").read(), re.MULTILINE)
for page, following in zip(order, [*order[1:], "README.md"]):
    last = open(f"docs/guide/{page}", encoding="utf-8").read().rstrip("\n").rsplit("\n", 1)[-1]
    if not last.endswith(f"]({following})"):
        print(f"FAILED  docs/guide/{page}: the last line does not lead on to {following}")
        failures += 1
print(f"{checked} blocks compared with the examples, {failures} failed")
sys.exit(1 if failures or not checked else 0)
PYTHON
