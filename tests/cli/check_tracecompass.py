#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Is the analysis for Trace Compass right about the events, and do its states agree with the report of a recording?

    check_tracecompass.py ANALYSIS.xml TRACE_EVENTS.def                       what it names exists
    check_tracecompass.py ANALYSIS.xml TRACE_EVENTS.def RECORDING REPORT      … and, run over a recording, it is right

What Trace Compass does with a state provider is done here again, over the events as babeltrace2 prints them: paths, queries,
conditions and changes, by the rules of its data-driven analyses. What of them is not used here is not known here.
"""

import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "trace"))
from check_recording import read  # noqa: E402


class Table:
    """Events with their fields and types, and enumerations with their labels, from trace_events.def."""

    def __init__(self, path):
        text = Path(path).read_text(encoding="utf-8")
        self.labels = defaultdict(set)
        for name, label in re.findall(r"^WEFT_ENUM_VALUE\((\w+), (\w+),", text, re.M):
            self.labels[name].add(label)
        self.events = {}
        for name, rest in re.findall(r'^WEFT_EVENT\d\((\w+),\s*\w+,\s*"[^"]*",([^)]*)\)', text, re.M):
            words = re.findall(r"\w+", rest)
            self.events[name] = dict(zip(words[1::2], words[::2]))


# ---- what it names exists ----


def check_names(root, table):
    provider = root.find("stateProvider")
    locations = {location.get("id"): location for location in provider.findall("location")}
    values = {value.get("name") for value in provider.findall("definedValue")}
    used = set()

    def fields_of(element):
        for child in element.iter():
            if child.tag == "field":
                yield child.get("name")
            if child.get("type") == "eventField":
                yield child.get("value")
            if child.get("type") == "location":
                used.add(child.get("value"))
                if child.get("value") not in locations:
                    sys.exit(f"there is no location {child.get('value')}")
                yield from fields_of(locations[child.get("value")])

    for handler in provider.findall("eventHandler"):
        provider_name, _, name = handler.get("eventName").partition(":")
        if provider_name != "weft" or name not in table.events:
            yield f"there is no event {handler.get('eventName')}"
            continue
        fields = table.events[name]
        for field in fields_of(handler):
            if field not in fields:
                yield f"{name} has no field {field}"
        for condition in handler.iter("condition"):
            field, value = condition.find("field"), condition.find("stateValue")
            if field is not None and value.get("value") not in table.labels[fields.get(field.get("name"))]:
                yield f"{name}: {field.get('name')} is never {value.get('value')}"
        for value in handler.iter("stateValue"):
            if value.get("value", "").startswith("$") and value.get("value")[1:] not in values:
                yield f"{name}: there is no value {value.get('value')}"
    for unused in set(locations) - used:
        yield f"location {unused} is not used"
    ids = {provider.get("id")}
    for view in root.findall("timeGraphView") + root.findall("xyView"):
        for analysis in view.iter("analysis"):
            if analysis.get("id") not in ids:
                yield f"{view.get('id')} is of {analysis.get('id')}, which there is not"
    shown = next(v for v in root.findall("timeGraphView") if v.get("id") == "weft.tasks")
    if {v.get("value") for v in shown.findall("definedValue")} != {v.get("value") for v in provider.findall("definedValue")}:
        yield "the view of tasks has other states than the provider"


# ---- run over events ----


class States:
    """The state system: a value per path, and how long each value was there."""

    def __init__(self, provider):
        self.values = {value.get("name"): value.get("value") for value in provider.findall("definedValue")}
        self.locations = {location.get("id"): location for location in provider.findall("location")}
        self.handlers = defaultdict(list)
        for handler in provider.findall("eventHandler"):
            self.handlers[handler.get("eventName").partition(":")[2]] += handler.findall("stateChange")
        self.now = {}
        self.since = {}
        self.spans = defaultdict(list)  # path → (value, from, to)
        self.least = defaultdict(int)
        self.unknown = 0  # paths of which a part has no value: Trace Compass warns of each

    def path(self, elements, event):
        parts = []
        for element in elements:
            kind, value = element.get("type"), element.get("value")
            if kind == "constant":
                parts.append(value)
            elif kind == "eventField":
                parts.append(str(event.fields[value]))
            elif kind == "location":
                found = self.path(self.locations[value], event)
                if found is None:
                    return None
                parts += found
            elif kind == "query":
                found = self.now.get(self.path(element.findall("stateAttribute"), event))
                if found is None:
                    self.unknown += 1
                    return None
                parts.append(str(found))
            else:
                sys.exit(f"an attribute of type {kind}")
        return tuple(parts)

    def value(self, element, event):
        kind, value = element.get("type"), element.get("value")
        if kind == "null":
            return None
        if kind == "int":
            return int(self.values[value[1:]] if value.startswith("$") else value)
        if kind == "string":
            return value
        if kind == "eventField":
            return int(event.fields[value]) if element.get("forcedType") == "int" else event.fields[value]
        if kind == "query":
            return self.now.get(self.path(element.findall("stateAttribute"), event))
        return sys.exit(f"a value of type {kind}")

    def holds(self, element, event):
        if element.tag == "and":
            return all([self.holds(child, event) for child in element])
        if element.tag == "or":
            return any([self.holds(child, event) for child in element])
        if element.tag == "not":
            return not self.holds(element[0], event)
        field = element.find("field")
        if field is not None:
            have = event.fields[field.get("name")]
        else:
            have = self.now.get(self.path(element.findall("stateAttribute"), event))
        return str(have) == str(self.value(element.find("stateValue"), event))

    def change(self, element, event):
        condition = element.find("if")
        if condition is not None:
            branch = element.find("then" if self.holds(condition[0], event) else "else")
            if branch is not None:
                self.change(branch, event)
            return
        path = self.path(element.findall("stateAttribute"), event)
        value = self.value(element.find("stateValue"), event)
        if path is None:
            return
        if element.find("stateValue").get("increment") == "true":
            value += self.now.get(path) or 0
            self.least[path] = min(self.least[path], value)
        self.set(path, value, event.ns)

    def set(self, path, value, ns):
        before = self.now.get(path)
        if before is not None and path in self.since:
            self.spans[path].append((before, self.since[path], ns))
        self.now[path], self.since[path] = value, ns

    def run(self, events):
        for event in events:
            for element in self.handlers.get(event.name, ()):
                self.change(element, event)
        for path, value in list(self.now.items()):
            self.set(path, None, events[-1].ns)
            self.now[path] = value


def check_states(root, recording, report):
    events, _ = read(recording)
    provider = root.find("stateProvider")
    states = States(provider)
    states.run(events)
    if states.unknown:
        yield f"{states.unknown} paths have a part without a value"
    for path, least in states.least.items():
        if least < 0:
            yield f"{path} falls to {least}"
    names = {value: key for key, value in states.values.items()}
    busy, waits = defaultdict(int), defaultdict(int)
    for path, spans in states.spans.items():
        if path[0] == "Tasks":
            for value, begin, end in spans:
                state = names[str(value)]
                busy[path[1]] += (end - begin) * (state == "RUNNING")
                waits[path[1]] += state == "READY"
    for row in report["tasks"]["polls"]:
        if busy[row["name"]] != row["busy_ns"]:
            yield f"{row['name']} runs for {busy[row['name']]} ns, the report has {row['busy_ns']}"
        if not waits[row["name"]]:
            yield f"{row['name']} is never ready"
    on_workers = sum(end - begin for path, spans in states.spans.items() if path[0] == "Workers"
                     for value, begin, end in spans if value != "asleep")
    if on_workers != sum(busy.values()):
        yield f"workers are busy for {on_workers} ns, tasks for {sum(busy.values())}"
    if states.now["Load", "Runnable"]:
        yield f"{states.now['Load', 'Runnable']} tasks are runnable at the end"
    depths = defaultdict(int)
    for path, spans in states.spans.items():
        if path[0] == "Channels" and path[2] == "Depth":
            name = states.now[path[0], path[1], "Name"]
            depths[name] = max([depths[name]] + [value for value, _, _ in spans])
    for row in report["channels"]["channels"]:
        if depths[row["name"]] != row["depth_max"]:
            yield f"channel {row['name']} holds up to {depths[row['name']]}, the report has {row['depth_max']}"


def main():
    root = ElementTree.parse(sys.argv[1]).getroot()
    errors = list(check_names(root, Table(sys.argv[2])))
    if len(sys.argv) > 4 and not errors:
        errors = list(check_states(root, sys.argv[3], json.loads(Path(sys.argv[4]).read_text(encoding="utf-8"))))
    for error in errors[:20]:
        print(error)
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main())
