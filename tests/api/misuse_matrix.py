#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The cases of tests/api/misuse_matrix.c, made of the public headers: misuse_matrix.py <root> <output>

Each public function is called with one argument after another replaced by each bad example of its type, the others
good. A function that is added to the headers has its cases at the next build; one whose types have no example yet fails the
test with the type's name, until EXAMPLES knows it.

What is expected comes from the example, and from the function's own comment: "x may be NULL" takes the case away, and
@errors is the list of all codes that it may answer.
"""
import re
import sys
from pathlib import Path

# (what, expression, expectation). Expectations: a code: refused with it, and with a text that names the call;
# a code with a ?: the outcome is that code, with or without a text; "" a documented code, or none.
NULL = ("null", "NULL", "EINVAL")


def handle(name, closed="EPIPE?", stale="ESRCH"):
    return (f"&h.{name}.good", [NULL, ("never set", f"&h.{name}.never", "EINVAL"),
                                ("closed", f"&h.{name}.closed", closed), ("stale", f"&h.{name}.stale", stale)])


def sized(kind, good):
    return (good, [NULL, ("no size", f"&({kind}){{.size = 0}}", "EINVAL"),
                   ("of a smaller size", f"&({kind}){{.size = sizeof({kind}) - 1}}", "EINVAL")])


def enum(kind):
    return (f"({kind})0", [(str(n), f"({kind}){n}", "EINVAL") for n in (-1, 99, "INT32_MAX")])


def scalar(good, *values, expect=""):
    return (good, [(value, value, expect) for value in values])


RUNTIME = ("w.rt", [NULL, ("foreign", "w.foreign", "EINVAL"), ("destroyed", "w.gone", "EINVAL"),
                    ("shutting down", "w.closing", "")])
FD = handle("fd", closed="EBADF?")

# By type, or "type name" where the name decides. The first that fits.
EXAMPLES = {
    "weft_runtime * rt": RUNTIME,
    "const weft_runtime * rt": ("w.rt", [NULL, ("destroyed", "w.gone", "")]),
    "weft_runtime **": ("OUT(weft_runtime *)", [NULL]),
    "weft_context *": ("cx", [NULL]),
    "const weft_context *": ("cx", [NULL]),
    "void * context": ("NULL", []),
    # handles
    "weft_sender *": handle("sender"),
    "weft_receiver *": handle("receiver"),
    "weft_permit *": handle("permit", closed="EINVAL"),
    "weft_permits *": handle("permits", closed="EINVAL"),
    "weft_weak_sender *": handle("weak"),
    "weft_semaphore *": handle("semaphore"),
    "weft_mutex *": handle("mutex"),
    "weft_rwlock *": handle("rwlock"),
    "weft_notify *": handle("notify"),
    "weft_barrier *": handle("barrier"),
    "weft_once *": handle("once"),
    "weft_oneshot_sender *": handle("oneshot_sender"),
    "weft_oneshot_receiver *": handle("oneshot_receiver"),
    "weft_watch_sender *": handle("watch_sender"),
    "weft_watch_receiver *": handle("watch_receiver"),
    "weft_broadcast_sender *": handle("broadcast_sender"),
    "weft_broadcast_receiver *": handle("broadcast_receiver"),
    "weft_fd * listener": ("&h.listener", FD[1] + [("no listener", "&h.fd.good", "")]),
    "weft_fd * connection": ("&h.fd.never", [NULL, ("open already", "&h.fd.good", "")]),
    "weft_fd *": FD,
    "weft_process *": ("&h.process.good", [NULL, ("never set", "&h.process.never", "EINVAL"),
                                           ("released", "&h.process.closed", "")]),
    "weft_task *": ("&h.task.good", [NULL, ("cleared", "&h.task.never", "EINVAL"), ("stale", "&h.task.stale", "ESRCH?")]),
    "weft_task": ("h.task.good", [("cleared", "h.task.never", "EINVAL"), ("stale", "h.task.stale", "ESRCH?"),
                                  ("foreign", "h.task.closed", "ESRCH?")]),
    "weft_waker": ("((weft_waker){h.task.good})", [("cleared", "((weft_waker){h.task.never})", ""),
                                                   ("stale", "((weft_waker){h.task.stale})", ""),
                                                   ("foreign", "((weft_waker){h.task.closed})", "")]),
    "weft_job * to begin": ("&h.job.never", [("in use", "&h.job.good", "EBUSY")]),
    "weft_job * to run": ("&h.job.never", [NULL]),
    "weft_job *": ("&h.job.good", [NULL, ("cleared", "&h.job.never", "EINVAL"), ("stale", "&h.job.stale", "ESRCH?")]),
    "weft_job": ("h.job.good", [("cleared", "h.job.never", "EINVAL"), ("stale", "h.job.stale", "ESRCH?"),
                                ("foreign", "h.job.closed", "ESRCH?")]),
    "weft_hooks_handle": ("0", [(n, n, "ESRCH") for n in ("0", "7", "255", "UINT64_MAX")]),
    "const weft_tracer *": ("NULL", [("no size", "&(weft_tracer){.size = 0}", "EINVAL"),
                                     ("of a smaller size", "&(weft_tracer){.size = sizeof(weft_tracer) - 1}", "EINVAL")]),
    "weft_trail * to enter": ("NULL", [NULL]),
    "weft_trail *": ("NULL", []),
    "const struct weft_frame *": ("NULL", []),
    "weft_guest *": ("NULL", [NULL]),
    "weft_lints *": ("w.lints", [NULL]),
    "weft_interval * to start": ("OUT(weft_interval)", [NULL]),
    "weft_interval *": ("&h.interval", [NULL, ("never started", "&h.no_interval", "EINVAL")]),
    "weft_scope * to open": ("OUT(weft_scope)", [NULL]),
    "weft_scope * to close": ("&h.no_scope", [NULL, ("never opened", "&h.no_scope", "EINVAL"),
                                              ("the root", "weft_runtime_scope(w.rt)", "EINVAL")]),
    "weft_scope *": ("weft_runtime_scope(w.rt)", [NULL, ("never opened", "&h.no_scope", "EINVAL")]),
    # what a call works with
    "weft_select_state *": ("OUT(weft_select_state)", [NULL]),
    "weft_timeout_state *": ("OUT(weft_timeout_state)", [NULL]),
    "weft_future *": ("&h.begun.future", [NULL, ("not begun", "&h.not_begun", "EINVAL")]),
    "weft_future *const *": ("w.futures", [NULL]),
    "weft_sleep_future * to reset": ("&h.begun", [NULL]),
    "weft_file_op *": ("OUT(weft_file_op)", [NULL]),
    "weft_resolve_op *": ("OUT(weft_resolve_op)", [NULL]),
    "weft_site *": ("&site", [NULL]),
    "weft_hooks *": ("w.hooks", [NULL, ("without a function", "&(weft_hooks){.size = sizeof(weft_hooks)}", "EINVAL"),
                                 ("no size", "&(weft_hooks){.size = 0}", "EINVAL")]),
    "weft_address *": ("&w.address", [NULL, ("of no kind", "&w.no_address", "")]),
    "const weft_channel_stats *": sized("weft_channel_stats", "&o.channel_stats"),
    "char *": ("OUT(char)", [NULL]),
    "const char * text": ('"127.0.0.1:80"', [NULL, ("empty", '""', ""), ("no address", "w.nonsense", ""),
                                             ("a megabyte", "w.huge", "")]),
    "const char *": ('"/dev/null"', [NULL]),
    "const int * numbers": ("w.signals", [NULL]),
    "size_t * done": ("&h.none_done", [NULL, ("beyond the length", "&h.too_much_done", "EINVAL")]),
    # numbers
    "int64_t period_ns": scalar("1000", "0", "-1", "INT64_MIN", expect="EINVAL"),
    "int64_t offset": ("0", []),
    "int64_t deadline_ns": scalar("0", "INT64_MIN"), # in the past: a call that would wait does not
    "int64_t": scalar("0", "INT64_MIN", "INT64_MAX"),
    "size_t message_size": scalar("8", "0", "SIZE_MAX", expect="EINVAL"),
    "size_t value_size": scalar("8", "0", "SIZE_MAX", expect="EINVAL"),
    "size_t frame_size": scalar("16", "SIZE_MAX", "SIZE_MAX - 200", "WEFT_FRAME_MAX + 1", expect="EINVAL"),
    "size_t count to reserve": scalar("1", "5", "SIZE_MAX", expect="ERANGE"), # none is a number like others
    "size_t count": scalar("1", "0", "SIZE_MAX", expect="EINVAL"),
    "size_t room": scalar("1", "0"),
    "size_t text_size": scalar("64", "0", "1"),
    "size_t limit": scalar("1", "0", "SIZE_MAX"),
    "size_t length": scalar("1", "0"),
    "uint32_t worker": scalar("0", "UINT32_MAX", expect="EINVAL"),
    "uint32_t mode": ("0600", []),
    "uint32_t line": ("1", []),
    "uint32_t": scalar("1", "0", "UINT32_MAX"),
    "uint64_t count": scalar("1", "0", expect="EINVAL"),
    "uint64_t": scalar("1", "0", "UINT64_MAX"),
    "unsigned events": scalar("WEFT_READABLE", "0", "UINT32_MAX", expect="EINVAL"),
    "int fd": scalar("w.spare", "-1", "INT32_MAX", "INT32_MIN"),
    "int signal": scalar("0", "-1", "1000", expect="EINVAL"),
    "int flags": ("0", []),
    "int": scalar("0", "INT32_MIN", "INT32_MAX"),
    "double": scalar("0.5", "-1.0", "2.0", "NAN", expect="EINVAL"),
    "const char * name": ('"/dev/null"', [NULL]),
    "bool": ("true", []),
    "weft_health": enum("weft_health"),
    "weft_sync_kind": enum("weft_sync_kind"),
    "weft_metric_kind": enum("weft_metric_kind"),
    "weft_dump_format": enum("weft_dump_format"),
    "weft_missed": enum("weft_missed"),
    "weft_worker_state": enum("weft_worker_state"),
    "weft_socket_option": enum("weft_socket_option"),
}
OPTIONS = {  # good ones, where the default is not
    "weft_channel_options": ".capacity = 4", "weft_broadcast_options": ".capacity = 4",
    "weft_job_options": ".fn = no_job", "weft_process_options": ".argv = w.program",
}
RESERVES_MANY = ("weft_channel_reserve_many", "weft_channel_reserve_many_blocking", "weft_channel_try_reserve_many",
                 "weft_reserve_many_begin")
JOB_BEGINS = ("weft_job_begin", "weft_job_begin_blocking", "weft_job_try_begin")
TO = {"weft_trail_enter": "weft_trail * to enter", "weft_scope_open_at": "weft_scope * to open", "weft_scope_close": "weft_scope * to close",
      "weft_scope_cancel": "weft_scope * to close", "weft_sleep_reset": "weft_sleep_future * to reset",
      "weft_interval_start": "weft_interval * to start",
      "weft_job_run": "weft_job * to run", **{name: "weft_job * to begin" for name in JOB_BEGINS},
      **{name: "size_t count to reserve" for name in RESERVES_MANY}}
# Both sides may be left out, one at a time; a file's operation that finds nothing wrong begins, so only nulls are tried.
MAY_BE_NULL = {("weft_fd_addresses", "out_own"), ("weft_fd_addresses", "out_peer"), ("weft_runtime_tracing", "text"),
               ("weft_broadcast_recv", "out_lost"), ("weft_receive", "out_from"), ("weft_monitor_on_health", "callback"),
               ("weft_channel_metrics", "prefix"), ("weft_datagram_open", "name"), ("weft_datagram_open", "address"),
               ("weft_fd_open", "options"), ("weft_listen", "options"), ("weft_task_join_blocking", "out_result"),
               ("weft_runtime_create", "options"), ("weft_process_wait", "out_status"),
               ("weft_scope_open_at", "options"), ("weft_spawn_frame", "options"), ("weft_spawn_job_frame", "options"),
               ("weft_join_begin", "out_result"), ("weft_job_run", "out_result"),
               ("weft_sim_explore", "options"), ("weft_lints_create", "options")}
NO_SCALARS = ("weft_file_", "weft_resolve", "weft_runtime_shutdown")
NO_REFUSAL = ("weft_error_refuse",) # writes what others refuse
TAKES_PLACES = ("weft_channel_reserve_blocking", "weft_channel_reserve_many_blocking") # whatever the deadline, if there are some
ENDS_RUNTIME = ("weft_runtime_finish", "weft_runtime_shutdown", "weft_runtime_destroy")
TEXTS = {"weft_spawn_job_frame": "weft_spawn_job weft_spawn", "weft_sim_explore": "weft_runtime_create", "weft_join_begin": "weft_task_join"}
CONTEXT_TYPES = ("weft_context *", "const weft_context *")


def split(parameters):
    parts, depth, current = [], 0, ""
    for c in parameters:
        depth += (c == "(") - (c == ")")
        if c == "," and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += c
    return [p.strip() for p in parts + [current] if p.strip() not in ("", "void")]


class Function:
    def __init__(self, comment, declaration, types):
        found = re.match(r"WEFT_API (?:WEFT_MUST_USE )?(.*?)\b(weft_\w+)\((.*)\)$", declaration)
        self.returns, self.name = found.group(1).strip(), found.group(2)
        self.comment = comment
        self.parameters = []  # (type, name)
        for text in split(found.group(3)):
            pointer = re.search(r"\(\*(\w+)\)", text)
            name = pointer.group(1) if pointer else re.search(r"(\w+)$", text).group(1)
            kind = text if pointer else text[:-len(name)].strip()
            if kind[:-2] in types:  # a pointer to a function type with a name
                kind = types[kind[:-2]].replace(kind[:-2], f"(*{name})", 1)
            self.parameters.append((kind, name))

    def takes_context(self):
        return bool(self.parameters) and self.parameters[0][0] == "weft_context *"

    def begins_future(self):
        return bool(self.parameters) and self.parameters[0][0].endswith("_future *") and self.name.endswith("_begin")

    def only_null(self):
        return self.name.startswith(NO_SCALARS)


def read(root):
    text = "\n".join(path.read_text() for path in sorted((root / "include/weft").glob("*.h")))
    types = {}
    for words in re.findall(r"^typedef ([^;{}]*?\bweft_\w+\([^;{}]*\));", text, re.M):
        words = " ".join(words.split())
        types[re.search(r"\b(weft_\w+)\(", words).group(1)] = words
    functions = {}
    for comment, declaration in re.findall(r"/\*\*(.*?)\*/\s*(WEFT_API[^;]*);", text, re.S):
        comment = " ".join(comment.replace("\n *", " ").split())
        if re.search(rf"\b({'|'.join(NO_REFUSAL)})\(", declaration):
            continue
        function = Function(comment, " ".join(declaration.split()), types)
        functions[function.name] = function
    return functions


def codes(functions, name, seen=()):
    """Every code that the function may answer; None: also the system's."""
    if name not in functions or name in seen:
        return set()
    text = functions[name].comment.split("@errors", 1)[-1].split(" @", 1)[0]
    answer = set(re.findall(r"\bWEFT_(E[A-Z]+)\b", text))
    if re.search(r"…|others of|other errors|those of [a-z]+\(\)|see above|`copy`|what function answered|what visit|what write", text):
        return None
    for other in re.findall(r"\b(weft_\w+)\(\)", text):
        more = codes(functions, other, (*seen, name))
        if more is None:
            return None
        answer |= more
    return answer


def may_be_null(functions, function, name):
    spot = function.name[:-9] if function.name.endswith("_blocking") else function.name.replace("_try_", "_")
    if function.name.endswith("_begin"):
        spot = function.name[:-6]
    for owner in (function.name, spot):
        comment = functions[owner].comment if owner in functions else ""
        owns = comment.split("@owns", 1)[-1].split(" @", 1)[0]
        if (owner, name) in MAY_BE_NULL or re.search(rf"\b{name}\b[\w ,]*may be NULL", owns):
            return True
    return False


def example(function, kind, name):
    """(good expression, bad examples), or None: the type is not known."""
    plain = kind.replace("const ", "", 1) if kind.startswith("const ") else kind
    if "(*" in kind:
        return (callback(function, name), [NULL])
    if function.name in TO and TO[function.name].startswith(plain):
        return EXAMPLES[TO[function.name]]
    if name == "future" and plain.endswith("_future *"):
        return (f"FUTURE_OF({plain[:-2]})", [NULL])
    if plain.endswith("_options *"):
        bare = plain[:-2]
        good = f"&({bare}){{.size = sizeof({bare}), {OPTIONS.get(bare, '')}}}"
        return sized(bare, good)
    if name.startswith("out_") and kind.endswith("*"):
        bare = kind[:-1].strip()
        if bare.endswith(("_stats", "_info")) and bare != "weft_file_info":
            return sized(bare, f"SIZED({bare})")
        return (f"OUT({bare})" if bare != "void" else "OUT(char)", [NULL])
    for key in (f"{kind} {name}", f"{plain} {name}", kind, plain):
        if key in EXAMPLES:
            return EXAMPLES[key]
    if plain == "void *":
        return ("w.bytes" if kind.startswith("const") else "OUT(char)", [NULL])
    return None


def callback(function, name):
    return f"{function.name[5:]}_{name}"


def callbacks(function):
    """A function that does nothing for each parameter that is one, of a type without a name."""
    for kind, name in function.parameters:
        found = re.match(r"(.*?)\(\*\w+\)\((.*)\)$", kind)
        if found:
            unused = " ".join(f"(void){p.replace('*', ' ').split()[-1]};" for p in split(found.group(2)))
            back = "" if found.group(1).strip() == "void" else " return 0;"
            yield f"__attribute__((unused)) static {found.group(1)}{callback(function, name)}({found.group(2)}) {{ {unused}{back} }}\n"


def cases(functions, function, in_task):
    """Lines of C, one a case."""
    goods, bads = [], []
    for at, (kind, name) in enumerate(function.parameters):
        found = example(function, kind, name)
        if not found:
            yield f'    UNKNOWN("{kind} {name}");'
            return
        good, bad = found
        goods.append(good)
        for what, expression, expected in bad:
            if expression == "NULL" and may_be_null(functions, function, name):
                continue
            if function.only_null() and expression != "NULL" and kind != "weft_runtime *":
                continue
            if kind in CONTEXT_TYPES and in_task:
                continue
            if name == "deadline_ns" and function.name in TAKES_PLACES:
                continue
            if what == "shutting down" and function.name in ENDS_RUNTIME:
                continue  # that would be its end
            bads.append((at, what, expression, expected))
    awaits = function.takes_context() and not in_task
    for at, what, expression, expected in bads:
        if awaits and at != 0:
            continue
        if function.begins_future() and not in_task and at != 0:
            continue
        if in_task and function.name.endswith("_blocking"):
            continue
        arguments = [expression if i == at else good for i, good in enumerate(goods)]
        call = f"{function.name}({', '.join(arguments)})"
        label = f"{function.parameters[at][1]} {what}".replace('"', "'")
        if function.begins_future() and at != 0:
            yield f'    FUTURE("{label}", {expectation(expected)}, {call});'
        elif function.returns == "int" and name_is_a_call(function):
            yield f'    CASE("{label}", {expectation(expected)}, {call});'
        elif function.name.startswith("weft_spawn_"):
            yield f'    CASE("{label}", {expectation(expected)}, weft_task_error({call}));'
        else:
            yield f'    HARMLESS("{label}", (void){call});'
    call = f"{function.name}({', '.join(goods)})"
    if in_task and function.name.endswith("_blocking"):
        yield f'    CASE("on a worker", {expectation("EPERM")}, {call});'
    elif in_task and function.name in ENDS_RUNTIME:
        yield f'    CASE("by a task of it", {expectation("EDEADLK")}, {call});'
    elif not function.parameters:
        yield f'    HARMLESS("called", (void){call});'


def name_is_a_call(function):
    return function.name not in ("weft_task_error", "weft_runtime_timeout_ms") # one tells of another, one is a time of poll()'s


def expectation(expected):
    if not expected:
        return "DOCUMENTED, 0"
    return f"{'OUTCOME' if expected.endswith('?') else 'REFUSED'}, WEFT_{expected.rstrip('?')}"


def main():
    root, output = Path(sys.argv[1]), Path(sys.argv[2])
    functions = read(root)
    public = (root / "tests/abi/symbols.txt").read_text().split()
    lines = ["/* made by tests/api/misuse_matrix.py */"]
    rows = []
    for name in public:
        if name in NO_REFUSAL:
            continue
        function = functions.get(name)
        if not function: # no comment, no declaration: tests/lint says so, too
            rows.append(f'    {{"{name}", "{name}", NULL, NULL, 0}},')
            continue
        lines += callbacks(function)
        allowed = codes(functions, name)
        mask = "ANY_CODE" if allowed is None else " | ".join(f"BIT({c})" for c in sorted(allowed)) or "0"
        for where, in_task in (("host", False), ("task", True)):
            lines.append(f"static void {where}_{name}(weft_context *cx)\n{{\n    (void)cx;")
            lines += cases(functions, function, in_task)
            lines.append("}\n")
        short = TEXTS.get(name) or re.sub(r"_(frame|from|at|begin)$", "", name)
        rows.append(f'    {{"{name}", "{short}", host_{name}, task_{name}, {mask}}},')
    lines += ["static const struct row rows[] = {", *rows, "};", ""]
    output.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
