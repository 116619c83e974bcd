#!/bin/sh
# Each member of an option struct that a section of the configuration file stands for has a row in the table of keys, and each
# row a member; docs/operations/configuration.md says what the table says.
#
#   config_keys.sh [BUILD_DIR]     it needs no build

set -u
cd "$(dirname "$0")/../.." || exit 1
/usr/bin/python3 - <<'PYTHON' || exit 1
import re, sys

STRUCTS = {"runtime": "runtime.h", "channels": "channel.h", "diag": "diag.h", "otlp": "otlp.h"}
table = open("include/weft/config_keys.def").read()
wrong = 0
for section in re.findall(r"^WEFT_CONFIG_SECTION\((\w+)", table, re.M):
    rows = re.findall(rf"^WEFT_CONFIG_NOT\({section}, (\w+),|^WEFT_CONFIG_(?!NOT|SECTION)\w+\({section}, \w+, (\w+),", table, re.M)
    rows = [a or b for a, b in rows]
    if section not in STRUCTS:
        if set(rows) - {"none"}:
            print(f"[{section}] has members, but this test knows no struct for it")
            wrong += 1
        continue
    header = open(f"include/weft/{STRUCTS[section]}").read()
    name = f"weft_{section.removesuffix('s')}_options"
    body = re.search(rf"typedef struct {name} {{(.*?)^}} {name};", header, re.S | re.M).group(1)
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
    members = [(re.search(r"\(\*(\w+)\)\(", m) or re.search(r"(\w+)\s*$", m)).group(1) for m in body.split(";") if m.strip()]
    for member in members:
        if rows.count(member) != 1:
            print(f"{name}.{member}: {rows.count(member)} rows in config_keys.def, not one: a key, or WEFT_CONFIG_NOT with the reason")
            wrong += 1
    for row in set(rows) - set(members):
        print(f"config_keys.def: [{section}] has a row of '{row}', which {name} has not")
        wrong += 1
sys.exit(wrong != 0)
PYTHON
page=docs/operations/configuration.md
written=$(mktemp) || exit 1
trap 'rm -f "$written"' EXIT
awk -f docs/operations/configuration.awk include/weft/config_keys.def >"$written" || exit 1
if ! diff -u "$page" "$written"; then
    echo "$page is not what the table says. Write it again:"
    echo "  awk -f docs/operations/configuration.awk include/weft/config_keys.def > $page"
    exit 1
fi
echo "$page: $(grep -c '^| `' "$page") keys, as in the table and in the headers"
