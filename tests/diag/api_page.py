#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/operations/api.md names every path, every parameter, and every member of every answer: api_page.py BUILD_DIR

The answers are those of a program in which something of each kind lives (programs/full.c). A parameter is named as
`name=`, a member as "name" or `name`; labels of metrics are on the page of those.
"""
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/operations/api.md"
METRICS = ROOT / "docs/operations/metrics.md"
labels = set()


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("weft", timeout=300)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def get(path, target):
    connection = Connection(path)
    connection.request("GET", target)
    answer = connection.getresponse()
    if target == "/events":
        line = b""
        while not line.startswith(b"data: "):
            line = answer.readline()
        return json.loads(line[6:])
    body = answer.read()
    if answer.status not in (200, 503):
        sys.exit(f"GET {target}: {answer.status} {body!r}")
    return json.loads(body) if answer.getheader("Content-Type") == "application/json" else None


def keys(value, where, seen):
    if isinstance(value, dict):
        for key, inner in value.items():
            seen.setdefault(key, where)
            if key == "labels": # of a metric: those have a page of their own
                labels.update(inner)
            else:
                keys(inner, where, seen)
    elif isinstance(value, list):
        for inner in value:
            keys(inner, where, seen)


def ids(path):
    """An id for each path that asks for one."""
    resource = None
    while resource is None: # who waits for the lock may be on its way there
        resource = next((w["object"] for w in get(path, "/api/waits")["waits"] if "lock" in w["what"] or w["name"] == "ledger"), None)
    return {"/api/task/{id}": get(path, "/api/tasks")["tasks"][0]["id"],
            "/api/channel/{id}": get(path, "/api/channels")["channels"][0]["id"],
            "/api/resource/{id}": resource}


def main():
    build = Path(sys.argv[1])
    program = build / "bin/test-diag-programs-full"
    if not (build / "lib/libweft-diag.so").exists():
        sys.exit(77)
    page = PAGE.read_text()
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "weft.sock")
        with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              env={**os.environ, "WEFT_DIAG": path}) as host:
            if not host.stdout.readline().startswith("runs"):
                sys.exit(f"{program} does not run")
            try:
                routes, known, seen = get(path, "/api")["paths"], ids(path), {}
                for route in routes:
                    target = route["path"].replace("{id}", str(known.get(route["path"], "")))
                    keys(get(path, target), route["path"], seen)
                    if f"`{route['path']}" not in page:
                        faults.append(f"{route['path']} is not on the page")
                    for parameter in route["parameters"]:
                        if not re.search(rf"[`?]{parameter}=", page):
                            faults.append(f"parameter {parameter} of {route['path']} is not on the page")
            finally:
                host.stdin.close()
        if host.returncode:
            faults.append(f"{program.name} ended with {host.returncode}")
    for key, where in sorted(seen.items()):
        if f'"{key}"' not in page and f"`{key}`" not in page:
            faults.append(f'member "{key}" of {where} is not on the page')
    faults += [f"label {label} is not on {METRICS.name}" for label in sorted(labels) if f"`{label}`" not in METRICS.read_text()]
    for path in set(re.findall(r"`(/(?:api|health|metrics|events)[a-z/{}]*)", page)) - {route["path"] for route in routes}:
        faults.append(f"{path} is on the page, and nowhere else")
    print("\n".join(faults) or f"{PAGE.name}: {len(routes)} paths, {len(seen)} members")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
