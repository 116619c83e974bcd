#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Breaks every rule of tests/lint once and expects the complaint; a rule that cannot fail would be worse than none."""

import importlib.util
import json
import subprocess
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
spec = importlib.util.spec_from_file_location("lint", HERE.parent / "lint" / "lint.py")
lint = importlib.util.module_from_spec(spec)
spec.loader.exec_module(lint)

DOC = "/**\n * Says hello.\n * @threads any\n */\n"
CLEAN = {
    "CMakeLists.txt": "",
    "README.md": "[law](src/README.md) and `[not](a link)`\n",
    "src/README.md": "| floor | rooms |\n| --- | --- |\n| 1 | task timer |\n| 0 | base |\n\n| step.h | task.h |\n",
    "src/base/clock.c": '#include "base/clock.h"\n/* CK-R1: publishes */\n',
    "src/base/clock.h": "/* CK-A1: reads it */\n",
    "src/task/task.c": '#include "base/clock.h"\n#include <weft/api.h>\n#include <stdio.h>\n',
    "src/cli/main.c": '#include "base/clock.h"\n#include <weft.h>\n#include "cli/top.h"\n',
    "include/weft.h": "#include <weft/task.h>\n",
    "include/weft/api.h": '#define WEFT_API __attribute__((visibility("default")))\n',
    "include/weft/task.h": f"#include <weft/api.h>\n{DOC}WEFT_API int weft_hello(void);\n",
    "include/weft/step.h": "#include <weft/task.h>\n#include <stdint.h>\n",
    "tests/abi/symbols.txt": "weft_hello\n",
    "src/addons/tide/tide.c": "#include <weft/tide.h>\n",
    "include/weft/tide.h": f"#include <weft/api.h>\n{DOC}WEFT_API int weft_tide_hello(void);\n",
    "tests/abi/symbols-tide.txt": "weft_tide_hello\n",
}
ABSENT = "src/attic\nsrc/cli/top.c\n" # what this build leaves out
# rule, what is wrong, the files that make it so (None removes one), a piece of the complaint
BROKEN = [
    ("layers", "up", {"src/base/clock.c": '#include "task/task.h"\n'}, "may not see task"),
    ("layers", "sideways", {"src/task/task.c": '#include "timer/wheel.h"\n'}, "may not see timer"),
    ("layers", "up in angles", {"src/base/clock.c": "#include <task/task.h>\n"}, "may not see task"),
    ("layers", "roomless", {"src/task/task.c": '#include "state.h"\n'}, "say its room"),
    ("layers", "unknown room", {"src/attic/a.c": ""}, "not in the floor table"),
    ("layers", "no room", {"src/a.c": ""}, "not in src/ itself"),
    ("layers", "outside looks in", {"src/cli/main.c": '#include "task/task.h"\n'}, "outside the house"),
    ("layers", "addon looks in", {"src/addons/x/a.c": '#include "task/task.h"\n'}, "outside the house"),
    ("layers", "house looks out", {"src/task/task.c": '#include "cli/top.h"\n'}, "stands outside"),
    ("layers", "header meets header", {"include/weft/task.h": "#include <weft/scope.h>\n"}, "public header includes only"),
    ("layers", "header asks for urcu", {"include/weft/task.h": "#include <urcu-bp.h>\n"}, "public header includes only"),
    ("layers", "no table", {"src/README.md": "words\n"}, "no floor table"),
    ("built", "forgotten file", {"src/task/lost.c": ""}, "lost.c: nothing builds it"),
    ("built", "beside an absent one", {"src/cli/top_view.c": ""}, "top_view.c: nothing builds it"),
    ("labels", "release alone", {"src/base/clock.h": ""}, "CK-R1 has no CK-A1"),
    ("labels", "acquire alone", {"src/base/clock.c": ""}, "CK-A1 has no CK-R1"),
    ("labels", "other number", {"src/base/clock.h": "/* CK-A2 */\n"}, "CK-A2 has no CK-R2"),
    ("decisions", "a number taken twice",
     {"docs/adr/0001-a.md": "", "docs/adr/0001-b.md": "", "docs/adr/README.md": "(0001-a.md) (0001-b.md)\n"},
     "docs/adr/0001-b.md: number 0001 is that of 0001-a.md"),
    ("decisions", "a decision that is not listed", {"docs/adr/0001-a.md": "", "docs/adr/README.md": "\n"},
     "docs/adr/0001-a.md: docs/adr/README.md does not list it"),
    ("links", "dead link", {"README.md": "[gone](docs/gone.md#part)\n"}, "README.md:1: dead link docs/gone.md"),
    ("links", "a file that is not there", {"README.md": "`task/lost.h` says it\n"}, "README.md:1: there is no task/lost.h"),
    ("links", "a test that is not there", {"README.md": "`src/task/task.c: lost`\n"}, "README.md:1: src/task/task.c has no lost"),
    ("symbols", "undeclared", {"include/weft/task.h": ""}, "no public header declares it"),
    ("symbols", "undocumented", {"include/weft/task.h": "/* hi */\nWEFT_API int weft_hello(void);\n"}, "no doc comment"),
    ("symbols", "second without", {"include/weft/task.h": f"{DOC}WEFT_API int weft_hello(void);\nWEFT_API int weft_two(int);\n"},
     "weft_two has no doc comment"),
    ("symbols", "unwritten", {"include/weft/task.h": f"{DOC}WEFT_API int weft_other(void);\n"}, "does not have it"),
    ("symbols", "new", {"tests/abi/symbols.txt": ""}, "weft_hello is new"),
    ("symbols", "gone", {"tests/abi/symbols.txt": "weft_hello\nweft_old\n"}, "weft_old is gone"),
    ("symbols", "of a component, undeclared", {"include/weft/tide.h": f"{DOC}WEFT_API int weft_tide_bye(void);\n"},
     "libweft-tide.so: weft_tide_hello is exported but no public header"),
    ("symbols", "of a component, new", {"tests/abi/symbols-tide.txt": None}, "symbols-tide.txt: weft_tide_hello is new"),
    ("symbols", "of a component, gone", {"tests/abi/symbols-tide.txt": "weft_tide_hello\nweft_tide_old\n"}, "weft_tide_old is gone"),
    ("symbols", "a component unbuilt", {"src/addons/ebb/ebb.c": "", "include/weft/ebb.h": "#include <weft/api.h>\n"},
     "libweft-ebb.so: nothing builds it"),
    ("top", "stray file", {"TODO": ""}, "TODO: does not belong"),
    ("top", "stray folder", {"lib/a.c": ""}, "lib: does not belong"),
    ("headers", "too long", {"include/weft/task.h": "\n" * 301}, "301 lines"),
    ("names", "a drawer", {"src/task/task_helpers.c": ""}, "says nothing"),
    ("names", "what a patch left behind", {"src/task/task.c.orig": ""}, "'orig' says nothing"),
    ("names", "another", {"include/weft/impl.h": ""}, "says nothing"),
]


def offences(rule, changes, git=True):
    """Writes the clean tree with the changes, builds what the rules look at, and returns what one rule says."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, text in {**CLEAN, **changes}.items():
            path = root / name
            if text is None:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        if git:
            subprocess.run(["git", "init", "-q", root], check=True)
        build = root / ".build"
        build.mkdir()
        built = [{"directory": folder, "file": name} for name in CLEAN if name.endswith(".c")]
        (build / "compile_commands.json").write_text(json.dumps(built))
        (build / "absent.txt").write_text(ABSENT)
        if rule == "symbols":
            for library, name in (("libweft.so", b"weft_hello"), ("libweft-tide.so", b"weft_tide_hello")):
                subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", build / library],
                               input=b"int %s(void) { return 0; }" % name, check=True)
        return "\n".join(lint.RULES[rule](lint.Tree(root, build)))


class Lint(unittest.TestCase):
    def test_clean_tree_passes(self):
        for rule in lint.RULES:
            for git in (True, False):
                with self.subTest(rule=rule, git=git):
                    self.assertEqual(offences(rule, {}, git), "")

    def test_what_a_build_leaves_out_is_no_offence(self):
        self.assertEqual(offences("built", {"src/cli/top.c": "", "src/attic/a.c": ""}), "")

    def test_broken_tree_fails(self):
        for rule, what, changes, complaint in BROKEN:
            with self.subTest(rule=rule, what=what):
                self.assertIn(complaint, offences(rule, changes))

    def test_every_rule_is_broken_once(self):
        self.assertEqual({entry[0] for entry in BROKEN}, set(lint.RULES))


if __name__ == "__main__":
    unittest.main()
