# SPDX-License-Identifier: MIT
"""gdb commands that look into a program with weft: a live process that is stopped, or a core file.

    weft runtimes            the runtimes of the process
    weft tasks [RUNTIME]     every task: state, name, where it is, what it waits for
    weft task ID             one task: its scopes, its chain of WEFT_CALL, who is at the other end
    weft workers             every worker: its thread, and what it polls
    weft channels [RUNTIME]  every channel: how full it is, who waits
    weft sync [RUNTIME]      every semaphore, mutex and so on: its owner, its permits, who waits there
    weft jobs [RUNTIME]      every blocking job

gdb loads this file by itself when it finds libweft.so (docs/guide/debugging.md says from where it trusts it); `source` does
it by hand, also for a program that was linked with libweft.a. Nothing is called in the process, so a core file does as
well: the commands read the static table of runtimes (src/registry/runtimes.c) and walk the pages of the slabs
(src/registry/slab.h), as the library does. They need the library's debug information for that.

A stop is a moment like any other: of a task that is being polled the frames may be half written. What cannot be read
is told as that, and the rest goes on.
"""

import os

import gdb

STATE_BITS = ("SCHEDULED", "RUNNING", "COMPLETE", "FREE", "CANCELLED")
REASONS = ("nobody", "the user", "a deadline", "a sibling", "shutdown")
SYNC_KINDS = ("semaphore", "mutex", "rwlock", "notify", "barrier", "once", "oneshot", "watch", "broadcast")
CHAIN_MAX = 64
OWNER_THREAD = 1 << 63


# What is read of the program.

def constant(name):
    """An enumerator of the library."""
    return int(gdb.parse_and_eval(name))


def text(value, length=None):
    """A C string that may come from anywhere; what would act on a terminal becomes a question mark."""
    try:
        raw = value.string("utf-8", "replace") if length is None else value.string("utf-8", "replace", length=length)
    except gdb.error:
        return "?"
    return "".join(c if c.isprintable() else "?" for c in raw)


def field_text(array):
    """A char array with its end."""
    return text(array[0].address)


def pointer(value):
    return int(value.cast(gdb.lookup_type("unsigned long")))


def number(value):
    return int(value)


def at(address, type_name):
    return gdb.Value(address).cast(gdb.lookup_type(type_name).pointer()).dereference()


def offset_of(type_name, field):
    return [f for f in gdb.lookup_type(type_name).strip_typedefs().fields() if f.name == field][0].bitpos // 8


def container(address, type_name, field):
    return at(address - offset_of(type_name, field), type_name)


def function_at(value):
    """The name of the function that a pointer leads to."""
    block = gdb.block_for_pc(pointer(value)) if pointer(value) else None
    while block and not block.function:
        block = block.superblock
    return block.function.name if block else None


def where(file, line):
    return "%s:%d" % (os.path.basename(file), line) if line else "the beginning, %s" % os.path.basename(file)


def milliseconds(ns):
    return "%.1f s" % (ns / 1e9) if ns >= 10e9 else "%d ms" % (ns // 1000000)


def table():
    """The static table of runtimes. Says what is missing if it cannot be found."""
    if not gdb.selected_inferior().pid:
        raise gdb.GdbError("weft: there is no process to look into: run the program, attach to it, or load a core file")
    for symbol in gdb.lookup_static_symbols("runtimes"):
        if symbol.symtab.filename.endswith("registry/runtimes.c"):
            return symbol.value()
    try:
        gdb.parse_and_eval("&weft_runtime_create")
    except gdb.error:
        raise gdb.GdbError("weft: this program has no weft: neither it nor a library of it has weft_runtime_create")
    raise gdb.GdbError("weft: libweft is there, but not its debug information: build it with -g, or install the package "
                       "with its symbols; a library that was stripped cannot be read")


def slots(slab, type_name):
    """Every slot of a slab that was ever used, by its pages."""
    leaf_pages = constant("WEFT__SLAB_LEAF_PAGES")
    header = constant("WEFT__PAGE_HEADER")
    page_pointer = gdb.lookup_type("struct weft__page").pointer().pointer()
    for page_number in range(number(slab["page_numbers"])):
        leaf = pointer(slab["leaves"][page_number // leaf_pages])
        page = (gdb.Value(leaf).cast(page_pointer) + page_number % leaf_pages).dereference() if leaf else None
        if page is None or not pointer(page):
            continue
        for place in range(number(page["fresh"])):
            yield at(pointer(page) + header + place * number(page["slot_size"]), type_name)


def safely(read, otherwise):
    """What a function reads; something else if the memory is not there."""
    try:
        return read()
    except gdb.MemoryError:
        return otherwise


class Runtime:
    def __init__(self, value):
        self.value = value
        self.sched = value["sched"]
        self.env = self.sched["env"]
        self.number = number(self.env["number"])
        self.name = field_text(value["name"])
        self.workers = [self.sched["workers"][i] for i in range(number(self.sched["worker_count"]))]
        self.root = pointer(self.env["root"].address)
        # Nobody is asked for the time: the monitor thread and the workers have written down when it was.
        self.now = max([number(self.env["now"])] + [number(w["thread"]["now"]) for w in self.workers])

    def tasks(self):
        free, bits = constant("WEFT__FREE"), {name: constant("WEFT__" + name) for name in STATE_BITS}
        for slot in slots(self.env["slab"], "struct weft__task"):
            word = number(slot["state"])
            if word != 0 and not word & free:
                yield Task(self, slot, word, bits)

    def sleepers(self):
        idle = self.sched["idle"]
        return {number(idle["sleeping"][i]) for i in range(number(idle["sleepers"]))}


def runtimes(argument=""):
    """The live runtimes; of one name or number, if one is given."""
    found = []
    slot_list = table()["slots"]
    for i in range(slot_list.type.range()[1] + 1):
        address = pointer(slot_list[i]["runtime"])
        if address:
            found.append(Runtime(at(address, "struct weft_runtime")))
    wanted = argument.strip()
    if wanted:
        found = [r for r in found if wanted in (r.name, str(r.number))]
    if not found:
        raise gdb.GdbError("weft: no runtime '%s' lives: `weft runtimes` lists them" % wanted if wanted
                           else "weft: no runtime lives at this moment")
    return found


class Task:
    def __init__(self, runtime, value, word, bits):
        self.runtime = runtime
        self.value = value
        self.word = word
        self.bits = bits
        self.id = number(value["id"])
        self.site = value["site"].dereference()

    def has(self, bit):
        return self.word & self.bits[bit] != 0

    @property
    def state(self):
        if self.has("COMPLETE"):
            return "ended"
        if self.has("RUNNING"):
            return "running"
        return "scheduled" if self.has("SCHEDULED") else "waiting"

    @property
    def name(self):
        extra = self.value["extra"]
        if pointer(extra) and number(extra["name_length"]):
            return text(extra["name"][0].address, number(extra["name_length"]))
        return text(self.site["name"])

    @property
    def idle_ns(self):
        shift = constant("WEFT__TASK_IDLE_SHIFT")
        units = ((self.runtime.now >> shift) - number(self.value["idle"])) & 0xffffffff
        return 0 if units > 0xffff0000 else units << shift

    def cancelled_by(self):
        return REASONS[self.word >> 8 & 7] if self.has("CANCELLED") else None

    def chain(self):
        """(function, file, line) from the outermost step to the innermost call; and how it ends, if not well."""
        offset = number(self.site["frame_offset"])
        if offset == 0xffffffff:
            return [], None
        address = pointer(self.value.address) + gdb.lookup_type("struct weft__task").sizeof + offset
        places = []
        while address and len(places) < CHAIN_MAX:
            try:
                frame = at(address, "struct weft_frame")
                if not pointer(frame["function"]):
                    break
                function = frame["function"].dereference()
                places.append((text(function["name"]), text(function["file"]), number(frame["line"])))
                address = pointer(frame["callee"])
            except gdb.MemoryError:
                return places, "a frame at %#x cannot be read" % address
        return places, None

    def at(self):
        places, _ = self.chain()
        if places:
            function, file, line = places[-1]
            return "%s, %s" % (function, where(file, line))
        return "spawned at %s" % where(text(self.site["file"]), number(self.site["line"]))

    def scopes(self):
        """The scopes around it, the innermost first. They are open as long as the task is their member."""
        scope = self.value["scope"]
        for _ in range(CHAIN_MAX):
            if not pointer(scope) or pointer(scope) == self.runtime.root:
                return
            yield scope.dereference()
            scope = at(pointer(scope["weft__owner"]), "struct weft__task")["scope"]

    def waits(self):
        """What it waits for, one Wait for each; several only in a weft_select."""
        if self.state != "waiting":
            return []
        return waits_of(self.runtime, self.value["wait"])


class Wait:
    """What is waited for; the other end; since when."""

    def __init__(self, what, name=None, holder=0, role=None, since=None, until=None):
        self.what = what
        self.name = name
        self.holder = holder
        self.role = role
        self.since = since
        self.until = until

    def __str__(self):
        return self.what + (" '%s'" % self.name if self.name else "")

    def details(self, now):
        said = str(self)
        if self.since is not None and now >= self.since:
            said += ", for %s" % milliseconds(now - self.since)
        if self.until is not None:
            said += ", for ever" if self.until == (1 << 63) - 1 else ", until in %s" % milliseconds(max(0, self.until - now))
        if self.holder:
            said += "; at the other end: %s, the %s" % (who(self.holder), self.role)
        return said


def who(owner):
    return "thread %d" % (owner & ~OWNER_THREAD) if owner & OWNER_THREAD else "task %d" % owner


def waits_of(runtime, wait):
    """What a wait node waits for, told apart by the function that describes it in the library."""
    if not pointer(wait["object"]):
        return []
    waitable = wait["object"]
    kind = function_at(waitable["ops"]["describe"]) or function_at(waitable["ops"]["abandon"])
    reader = WAITS.get(kind)
    if not reader:
        return [Wait("something that this script does not know (%s)" % kind)]
    return safely(lambda: reader(runtime, wait, pointer(waitable)), [Wait("something that cannot be read")])


def channel_name(channel):
    label = container(pointer(channel["waitable"]["ops"]), "struct weft__channel_label", "ops")
    return text(label["name"][0].address, number(label["name_length"]))


def wait_channel(runtime, wait, waitable):
    channel = container(waitable, "struct weft_channel", "waitable")
    single = bool(wait["single"])
    return [Wait("a message in channel" if single else "room in channel", channel_name(channel),
                 number(channel["sender_task" if single else "receiver_task"]),
                 "sender that woke it last" if single else "receiver", number(wait["since"]))]


def wait_meeting(runtime, wait, waitable):
    meeting = container(waitable, "struct weft__meeting", "waitable")
    kind = SYNC_KINDS[number(meeting["kind"])]
    owner = number(meeting["owner"])
    taker = number(meeting["taker"]) if kind in ("semaphore", "rwlock") else 0
    sends = number(wait["mode"]) == constant("WEFT__MODE_SENDER")
    return [Wait("the last receiver of" if sends else kind, text(meeting["name"]), owner or taker,
                 "owner" if owner else "last to enter", number(wait["since"]))]


def wait_join(runtime, wait, waitable):
    return [Wait("the end of a task", None, number(wait["joined"]), "joined", number(wait["since"]))]


def wait_time(runtime, wait, waitable):
    return [Wait("a time", until=number(wait["since"]))]


def wait_closing(runtime, wait, waitable):
    scope = wait["closing"].dereference()
    live = number(scope["weft__live"]) // 2
    return [Wait("the %d tasks of scope" % live, text(scope["weft__name"]), since=number(wait["since"]))]


def wait_select(runtime, wait, waitable):
    state = at(waitable, "weft_select_state")
    found = []
    for i in range(number(state["weft__count"])):
        node = state["weft__futures"][i]["weft__node"].address.cast(gdb.lookup_type("struct weft__wait").pointer())
        found += waits_of(runtime, node.dereference())
    return found or [Wait("the first of several")]


def descriptor_name(descriptor):
    label = descriptor["label"]
    return field_text(label.dereference()["text"]) if pointer(label) else None


def wait_descriptor(runtime, wait, waitable):
    descriptor = container(waitable, "struct weft__descriptor", "waitable")
    writes = number(wait["amount"]) & constant("WEFT__IO_WRITE")
    return [Wait("room in descriptor" if writes else "something to read from descriptor", descriptor_name(descriptor),
                 since=number(wait["since"]))]


def wait_job(runtime, wait, waitable):
    if number(wait["state"]) != constant("WEFT__WAIT_QUEUED"):
        return [Wait("the end of a blocking job")]
    job = container(pointer(wait["link"]["next"]), "struct weft__job", "waiters")
    runs = number(job["phase"]) == constant("WEFT__JOB_RUNNING")
    return [Wait("the end of blocking job", text(job["name"][0].address), OWNER_THREAD | number(job["thread_id"]) if runs else 0,
                 "thread that runs it", number(wait["since"]))]


def wait_place(runtime, wait, waitable):
    return [Wait("a place in the blocking pool's queue", since=number(wait["since"]))]


def wait_turn(runtime, wait, waitable):
    return [Wait("its turn")]


WAITS = {
    "queue_describe": wait_channel,
    "weft__meeting_describe": wait_meeting,
    "join_describe": wait_join,
    "timers_describe": wait_time,
    "closing_describe": wait_closing,
    "select_describe": wait_select,
    "descriptor_describe": wait_descriptor,
    "weft__blocking_describe_end": wait_job,
    "weft__blocking_describe_place": wait_place,
    "yield_abandon": wait_turn,
}


# What is printed.

def show(head, rows):
    """A table; the last column is not padded."""
    widths = [max(len(str(row[i])) for row in [head] + rows) for i in range(len(head))]
    for row in [head] + rows:
        print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())


def each_runtime(argument, rows_of, head):
    """One table for each runtime."""
    for i, runtime in enumerate(runtimes(argument)):
        rows = rows_of(runtime)
        print("%sruntime %d '%s'" % ("\n" if i else "", runtime.number, runtime.name))
        if rows:
            show(head, rows)
        else:
            print("none")


def task_row(task):
    waits = task.waits()
    return (task.id, task.state, number(task.value["polls"]), milliseconds(task.idle_ns) if task.state != "running" else "-",
            task.name, task.at(), " or ".join(str(w) for w in waits) if waits else "-")


def show_task(task):
    runtime = task.runtime
    print("task %d '%s' %s, %d polls, spawned by %s at %s" % (
        task.id, task.name, task.state, number(task.value["polls"]),
        "task %d" % number(task.value["parent"]) if number(task.value["parent"]) else "a thread of the host",
        where(text(task.site["file"]), number(task.site["line"]))))
    print("  runtime '%s', header at %#x, frame at %#x" % (
        runtime.name, pointer(task.value.address), pointer(task.value.address) + gdb.lookup_type("struct weft__task").sizeof))
    if task.cancelled_by():
        print("  cancelled by %s" % task.cancelled_by())
    for worker in runtime.workers:
        if number(worker["thread"]["task_id"]) == task.id:
            print("  polled by worker %d, %s" % (number(worker["index"]), thread_of(worker)))
    for scope in task.scopes():
        opener = scope["weft__opener"].cast(gdb.lookup_type("weft_function").pointer())
        place = where(text(opener["file"]), number(scope["weft__line"])) if pointer(opener) else \
            "line %d" % number(scope["weft__line"])
        print("  in scope '%s', opened by task %d at %s" % (
            text(scope["weft__name"]), number(at(pointer(scope["weft__owner"]), "struct weft__task")["id"]), place))
    places, broken = task.chain()
    if broken:
        print("  %s" % broken)
    for function, file, line in reversed(places):
        print("  at %s, %s" % (function, where(file, line)))
    if task.state == "waiting" and not task.waits():
        print("  waits to be woken")
    for wait in task.waits():
        print("  waits for %s" % wait.details(runtime.now))


def thread_of(worker):
    """A worker's thread, as gdb and as the system number it."""
    tid = number(worker["tid"])
    for thread in gdb.selected_inferior().threads():
        if thread.ptid[1] == tid or (thread.ptid[1] == 0 and thread.ptid[2] == tid):
            return "thread %d (LWP %d)" % (thread.num, tid)
    return "LWP %d" % tid


def worker_row(runtime, worker, sleepers):
    task = number(worker["thread"]["task_id"])
    if task:
        doing = "polls task %d" % task
        for each in runtime.tasks():
            if each.id == task:
                doing += " '%s' at %s" % (each.name, each.at())
    else:
        doing = "sleeps" if number(worker["index"]) in sleepers else "searches" if bool(worker["searching"]) else "between two polls"
    ring, head = worker["ring"], number(worker["ring"]["head"])
    queued = (number(ring["tail"]) - (head & 0xffffffff)) & 0xffffffff
    following = worker["next"]
    return (number(worker["index"]), field_text(worker["name"]), thread_of(worker), number(worker["thread"]["polls"]), queued,
            number(following["id"]) if pointer(following) else "-", doing)


def channel_row(runtime, channel):
    gate, head = number(channel["gate"]), number(channel["head"])
    bits = constant("WEFT__GATE_SHIFT")
    depth = 0 if gate & constant("WEFT__GATE_GONE") else ((gate >> bits) - head) & ((1 << (64 - bits)) - 1)
    reserved = gate >> 4 & ((1 << (bits - 4)) - 1)
    capacity, senders = number(channel["capacity"]), number(channel["senders"])
    drops = number(channel["overflow"]) == constant("WEFT_DROP_OLDEST")
    received = head - (number(channel["dropped_oldest"]) if drops else 0)
    ends = []
    if gate & constant("WEFT__GATE_STOPPED"):
        ends.append("the receiver has stopped")
    if senders == 0:
        ends.append("no sender is left")
    if number(channel["rx"]):
        ends.append("the receiver waits")
    if number(channel["waiting_count"]):
        ends.append("%d senders wait" % number(channel["waiting_count"]))
    return (number(channel["state"]) >> constant("WEFT__CHANNEL_BITS"), "%d/%d" % (min(depth, capacity), capacity), reserved, senders, received,
            channel_name(channel), "; ".join(ends) or "-")


def channel_rows(runtime):
    live = constant("WEFT__CHANNEL_LIVE")
    return [channel_row(runtime, c) for c in slots(runtime.env["channels"]["slab"], "struct weft_channel")
            if number(c["state"]) & ((1 << constant("WEFT__CHANNEL_BITS")) - 1) == live]


def waiters(meeting):
    """Who waits there, in the order in which they will be let in: those that are being told, then the others."""
    for name in ("waking", "waiting"):
        head = meeting[name]
        link = head["next"]
        for _ in range(100000):
            if pointer(link) == pointer(head.address) or not pointer(link):
                break
            yield waiter(link.cast(gdb.lookup_type("struct weft__wait").pointer()).dereference()) # it begins with its link
            link = link["next"]


def waiter(wait):
    if bool(wait["thread"]):
        guest = wait.address.cast(gdb.lookup_type("struct weft__guest").pointer())
        return who(number(guest["who"]))
    if bool(wait["future"]):
        node = wait.address.cast(gdb.lookup_type("struct weft__future_node").pointer())
        return who(number(at(number(node["waiter"]), "struct weft__task")["id"]))
    return who(number(container(pointer(wait.address), "struct weft__task", "wait")["id"]))


def sync_row(meeting):
    kind = SYNC_KINDS[number(meeting["kind"])]
    word = number(meeting["word"])
    value, limit, owner = (word & 0xffffffff) >> 4, number(meeting["limit"]), number(meeting["owner"])
    permits = {"barrier": "%d of %d are there" % (value, limit), "semaphore": "%d of %d free" % (value, limit),
               "rwlock": "held by a writer" if owner else "%d readers" % (limit - value),
               "mutex": "free" if value else "locked", "once": "done" if word & 8 else "free" if value else "begun"}
    waiting = list(waiters(meeting))
    shown = ", ".join(waiting[:8]) + (" and %d more" % (len(waiting) - 8) if len(waiting) > 8 else "")
    return (number(meeting["id"]), kind, text(meeting["name"]), permits.get(kind, "-"), who(owner) if owner else "-",
            shown or "-")


def sync_rows(runtime):
    rows = []
    for slab in ("slab", "values"):
        for meeting in slots(runtime.env["sync"][slab], "struct weft__meeting"):
            word = number(meeting["word"])
            if word & 1 and word >> 32:
                rows.append(sync_row(meeting))
    return rows


def job_rows(runtime):
    pool = runtime.env["blocking"]
    phases = {constant("WEFT__JOB_" + name): name.lower() for name in ("QUEUED", "RUNNING", "DROPPING", "ENDED")}
    rows = []
    for job in slots(pool["slab"], "struct weft__job"):
        if number(job["state"]) != constant("WEFT__JOB_LIVE"):
            continue
        phase = phases.get(number(job["phase"]), "?")
        rows.append((number(job["id"]), phase, text(job["name"][0].address),
                     "LWP %d" % number(job["thread_id"]) if phase == "running" else "-",
                     where(text(job["site"]["file"]), number(job["site"]["line"])) if pointer(job["site"]) else "-"))
    return rows


# The commands.

class Command(gdb.Command):
    """Each says what it is in its own doc string, which gdb shows as its help."""

    def __init__(self, name, body, doc):
        self.__doc__ = doc
        self.body = body
        super().__init__("weft " + name, gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        try:
            self.body(argument)
        except gdb.MemoryError as error:
            raise gdb.GdbError("weft: the library's memory is not there: %s: a core file without it?" % error)
        except (gdb.error, KeyError) as error:
            if isinstance(error, gdb.GdbError):
                raise
            raise gdb.GdbError("weft: this script is of another version than the library: %s" % error)


def command_runtimes(argument):
    show(("NUMBER", "NAME", "WORKERS", "TASKS", "AT"),
         [(r.number, r.name, len(r.workers), sum(1 for _ in r.tasks()), "%#x" % pointer(r.value.address)) for r in runtimes()])


def command_tasks(argument):
    each_runtime(argument, lambda runtime: [task_row(task) for task in runtime.tasks()],
                 ("ID", "STATE", "POLLS", "IDLE", "NAME", "AT", "WAITS FOR"))


def command_task(argument):
    if not argument.strip().isdigit():
        raise gdb.GdbError("weft task ID: give the number of a task: `weft tasks` lists them")
    for runtime in runtimes():
        for task in runtime.tasks():
            if task.id == int(argument):
                show_task(task)
                return
    raise gdb.GdbError("weft: no task %s lives: `weft tasks` lists them" % argument.strip())


def command_workers(argument):
    each_runtime(argument, lambda runtime: [worker_row(runtime, w, runtime.sleepers()) for w in runtime.workers],
                 ("WORKER", "NAME", "THREAD", "POLLS", "QUEUED", "NEXT", "DOES"))


def command_channels(argument):
    each_runtime(argument, channel_rows, ("ID", "DEPTH", "RESERVED", "SENDERS", "RECEIVED", "NAME", "ENDS"))


def command_sync(argument):
    each_runtime(argument, sync_rows, ("ID", "KIND", "NAME", "PERMITS", "OWNER", "WAITING"))


def command_jobs(argument):
    each_runtime(argument, job_rows, ("ID", "STATE", "NAME", "THREAD", "BEGUN AT"))


gdb.execute("define-prefix weft")
gdb.execute("document weft\nLook into a program with weft: runtimes, tasks, task, workers, channels, sync, jobs.\nend")
Command("runtimes", command_runtimes, "The runtimes of the process: weft runtimes")
Command("tasks", command_tasks, "Every task, where it is and what it waits for: weft tasks [RUNTIME]")
Command("task", command_task, "One task, with its scopes and its chain of calls: weft task ID")
Command("workers", command_workers, "Every worker, its thread and what it polls: weft workers [RUNTIME]")
Command("channels", command_channels, "Every channel and how full it is: weft channels [RUNTIME]")
Command("sync", command_sync, "Every lock, semaphore and so on, and who waits there: weft sync [RUNTIME]")
Command("jobs", command_jobs, "Every job of the blocking pool: weft jobs [RUNTIME]")
