#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The rules of the house, as a program: each rule is a function that yields one line per offence.

    lint.py [--root DIR] [--build DIR] [RULE...]     check (all rules by default); exit 1 if anything is wrong
    lint.py --build DIR --update                     write tests/abi/symbols*.txt from the libraries that were built

tests/self/lint.py breaks each rule and expects the complaint: add a rule here and a broken input there.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

TOP_LEVEL = {"CMakeLists.txt", "include", "src", "tests", "bench", "docs", "examples", "LICENSE", "README.md"}
PUBLIC_MAY_INCLUDE = {"weft/api.h", "weft/types.h", "weft/version.h", "weft/error.h"}
PUBLIC_LINES_MAX = 300
NAMES_REFUSED = {"util", "utils", "common", "helper", "helpers", "misc", "internal", "impl", "orig", "rej", "bak"}
FOREIGN = ("uv.h", "urcu", "lttng/")  # a user must not need their headers
OUTSIDE = ("addons", "cli")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
LABEL = re.compile(r"\b([A-Z][A-Z0-9]*)-([RA])(\d+)\b")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
NAMED_FILE = re.compile(r"`(?:\./)?([\w.-]+(?:/[\w.-]+)+\.(?:c|h|cc|def|sh|py|awk|txt|supp))(?:: (\w+))?`")


class Tree:
    """A source tree, and the build folder that was made from it."""

    def __init__(self, root, build):
        self.root = Path(root).resolve()
        self.build = Path(build).resolve() if build else None

    def files(self):
        """What git knows, or would add: a build folder or an editor's backup is nobody's offence. Without git, all."""
        git = subprocess.run(["git", "-c", "safe.directory=*", "-C", self.root, "ls-files", "-z",
                              "--cached", "--others", "--exclude-standard"], capture_output=True, text=True)
        if git.returncode == 0:
            names = [n for n in git.stdout.split("\0") if n]
        else:
            names = [str(p.relative_to(self.root)) for p in self.root.rglob("*") if p.is_file()]
            names = [n for n in names if not n.startswith((".", "build"))]
        return sorted(Path(n) for n in set(names) if (self.root / n).exists())

    def under(self, *folders, suffixes=(".c", ".h", ".cc", ".hpp")):
        return [f for f in self.files() if f.parts[0] in folders and f.suffix in suffixes]

    def lines(self, path):
        return enumerate((self.root / path).read_text(errors="replace").splitlines(), 1)

    def includes(self, path):
        for number, line in self.lines(path):
            found = INCLUDE.match(line)
            if found:
                yield number, found.group(1) == '"', found.group(2)

    def floors(self):
        """room -> floor, from the table in src/README.md."""
        floors = {}
        for _, line in self.lines("src/README.md"):
            row = re.match(r"\|\s*(\d+)\s*\|([^|]*)\|", line)
            if row:
                floors.update({room: int(row.group(1)) for room in row.group(2).split()})
        return floors

    def absent(self):
        """What this build leaves out for want of a library: files and folders of the source tree."""
        said = self.build / "absent.txt"
        return set(said.read_text().split()) if said.exists() else set()

    def components(self):
        """Names of the components: folders of addons/ with a public header."""
        return sorted(p.stem for p in self.under("include") if (self.root / "src/addons" / p.stem).is_dir())

    def additions(self):
        """(header, the one it adds to), from the second table."""
        rows = (re.match(r"\|\s*(\w+\.h)\s*\|\s*(\w+\.h)\s*\|", line) for _, line in self.lines("src/README.md"))
        return {(row.group(1), "weft/" + row.group(2)) for row in rows if row}


def rule_layers(tree):
    """A file includes its own room and lower floors; outside the house, public headers and base/."""
    floors = tree.floors()
    if not floors:
        yield "src/README.md: no floor table"
    for path in tree.under("src"):
        if len(path.parts) < 3:
            yield f"{path}: a file stands in a room, not in src/ itself"
            continue
        room = path.parts[1]
        outside = room in OUTSIDE
        if not outside and room not in floors:
            yield f"{path}: room '{room}' is not in the floor table of src/README.md"
            continue
        for number, quoted, name in tree.includes(path):
            target = name.split("/")[0]
            if target in floors:
                if outside and target != "base":
                    yield f'{path}:{number}: "{name}": outside the house only public headers and base/'
                elif not outside and target != room and floors[target] >= floors[room]:
                    yield f'{path}:{number}: "{name}": {room} (floor {floors[room]}) may not see {target} ' \
                          f"(floor {floors[target]})"
            elif target in OUTSIDE and not outside:
                yield f'{path}:{number}: "{name}": the house does not know what stands outside'
            elif quoted and not outside:
                yield f'{path}:{number}: "{name}": say its room, or <...> for a header from elsewhere'
    for path in tree.under("include"):
        if path.name == "weft.h":
            continue
        for number, quoted, name in tree.includes(path):
            if name in PUBLIC_MAY_INCLUDE or name.endswith(".def") or (path.name, name) in tree.additions():
                continue
            if quoted or name.startswith("weft") or name.startswith(FOREIGN):
                yield f"{path}:{number}: <{name}>: a public header includes only {', '.join(sorted(PUBLIC_MAY_INCLUDE))}"


def rule_built(tree):
    """Every .c under src is compiled, or the build says that it leaves it out for want of a library."""
    built = {Path(entry["directory"], entry["file"]).resolve()
             for entry in json.loads((tree.build / "compile_commands.json").read_text())}
    absent = tree.absent()
    for path in tree.under("src", suffixes=(".c", ".cc")):
        if (tree.root / path) not in built and not absent.intersection(map(str, (path, *path.parents))):
            yield f"{path}: nothing builds it"


def rule_labels(tree):
    """A release edge XX-R1 has its acquire XX-A1, and the other way round."""
    seen = {}
    for path in tree.under("src"):
        for number, line in tree.lines(path):
            for prefix, side, index in LABEL.findall(line):
                seen.setdefault((prefix, index), {}).setdefault(side, f"{path}:{number}")
    for (prefix, index), sides in sorted(seen.items()):
        for side, other in (("R", "A"), ("A", "R")):
            if side in sides and other not in sides:
                yield f"{sides[side]}: {prefix}-{side}{index} has no {prefix}-{other}{index}"


def rule_links(tree):
    """A relative link in a .md file leads somewhere; a file named there, by all of its path or its end, is there and has what is
    said to be in it."""
    ends = {"/".join(path.parts[i:]): path for path in tree.files() for i in range(len(path.parts))}
    for path in (f for f in tree.files() if f.suffix == ".md"):
        fenced = False
        for number, line in tree.lines(path):
            fenced ^= line.lstrip().startswith("```")
            if fenced:
                continue
            for link in LINK.findall(re.sub(r"`[^`]*`", "", line)):
                target = link.split("#")[0]
                if target and not re.match(r"[a-z]+:", target) and not (tree.root / path.parent / target).exists():
                    yield f"{path}:{number}: dead link {link}"
            for name, word in NAMED_FILE.findall(line):
                if name not in ends:
                    yield f"{path}:{number}: there is no {name}"
                elif word and not re.search(rf"\b{word}\b", "\n".join(text for _, text in tree.lines(ends[name]))):
                    yield f"{path}:{number}: {name} has no {word}"


def rule_decisions(tree):
    """Each number of a decision is taken once, and the table of decisions has it."""
    taken = {}
    for path in tree.files():
        number = re.match(r"(\d{4})-", path.name)
        if path.parent != Path("docs/adr") or not number:
            continue
        other = taken.setdefault(number[1], path)
        if other != path:
            yield f"{path}: number {number[1]} is that of {other.name}"
        if not any(f"({path.name})" in line for _, line in tree.lines(path.with_name("README.md"))):
            yield f"{path}: docs/adr/README.md does not list it"


def exported(tree, component=""):
    """Names that libweft.so, or a component, lets out; the version node itself is absolute ('A'). None: it was not built."""
    library = next(tree.build.rglob(f"libweft-{component}.so" if component else "libweft.so"), None)
    if not library:
        return None
    listing = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    rows = (line.split() for line in listing.splitlines())
    return sorted(row[2].split("@")[0] for row in rows if row[1] != "A")


def declared(tree, component=""):
    """name -> (where, doc comment in front or '') for each WEFT_API declaration of the library's public headers."""
    names = {}
    for path in tree.under("include"):
        if (path.stem if path.stem in tree.components() else "") != component:
            continue
        text = (tree.root / path).read_text()
        for found in re.finditer(r"(/\*\*(?:(?!\*/).)*\*/\s*)?^WEFT_API\b(?!\s+__attribute__)([^;{]*)[;{]", text, re.S | re.M):
            declaration = re.sub(r"__attribute__\s*\(\(.*?\)\)|WEFT_[A-Z_]+(\([^)]*\))?", "", found.group(2), flags=re.S)
            name = re.search(r"\b(weft_\w+)\s*[(\[]", declaration) or re.search(r"\b(weft_\w+)\s*$", declaration)
            if name:
                line = text[:found.start(2)].count("\n") + 1
                names[name.group(1)] = (f"{path}:{line}", found.group(1) or "")
    return names


def symbols_path(component):
    return f"tests/abi/symbols-{component}.txt" if component else "tests/abi/symbols.txt"


def rule_symbols(tree):
    """What is exported, what is declared and documented, and tests/abi/symbols.txt are one list; so are a component's."""
    for component in ("", *tree.components()):
        library = f"libweft-{component}.so" if component else "libweft.so"
        out, page = exported(tree, component), symbols_path(component)
        headers = declared(tree, component)
        for name in sorted(headers):
            where, comment = headers[name]
            if "@threads" not in comment:
                yield f"{where}: {name} has no doc comment with @threads in front"
            if out is not None and name not in out:
                yield f"{where}: {name} is declared but the library does not have it"
        if out is None:
            if not any(f"src/addons/{component}" == path for path in tree.absent()):
                yield f"{library}: nothing builds it"
            continue
        listed = (tree.root / page).read_text().split() if (tree.root / page).exists() else []
        for name in out:
            if name not in headers:
                yield f"{library}: {name} is exported but no public header declares it"
        for name in sorted(set(out) - set(listed)):
            yield f"{page}: {name} is new: lint.py --build DIR --update"
        for name in sorted(set(listed) - set(out)):
            yield f"{page}: {name} is gone: programs that were linked with it will not start"


def rule_top(tree):
    """The top level is fixed; only dot-files may be added."""
    for name in sorted({f.parts[0] for f in tree.files()}):
        if name not in TOP_LEVEL and not name.startswith("."):
            yield f"{name}: does not belong at the top level"


def rule_headers(tree):
    """A public header can be read in one sitting."""
    for path in tree.under("include"):
        count = sum(1 for _ in tree.lines(path))
        if count > PUBLIC_LINES_MAX:
            yield f"{path}: {count} lines, at most {PUBLIC_LINES_MAX}"


def rule_names(tree):
    """No file is called after nothing in particular."""
    for path in tree.files():
        bad = NAMES_REFUSED.intersection(re.split(r"[_.-]", path.name.lower()))
        if bad:
            yield f"{path}: '{bad.pop()}' says nothing about what is in it"


RULES = {name[5:]: rule for name, rule in globals().items() if name.startswith("rule_")}
NEED_BUILD = {"built", "symbols"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", default=Path(__file__).resolve().parents[2])
    parser.add_argument("--build")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("rule", nargs="*", help=" ".join(RULES))
    options = parser.parse_args()
    tree = Tree(options.root, options.build)
    wanted = options.rule or [name for name in RULES if tree.build or name not in NEED_BUILD]
    if set(wanted) - set(RULES):
        parser.error(f"rules are: {' '.join(RULES)}")
    if not tree.build and (options.update or NEED_BUILD.intersection(wanted)):
        parser.error("this needs --build")
    if options.update:
        for component in ("", *tree.components()):
            out = exported(tree, component)
            if out is not None:
                (tree.root / symbols_path(component)).write_text("".join(f"{name}\n" for name in out))
        return 0
    offences = [f"{line} [{name}]" for name in wanted for line in RULES[name](tree)]
    print("\n".join(offences) if offences else f"{len(wanted)} rules hold")
    return 1 if offences else 0


if __name__ == "__main__":
    sys.exit(main())
