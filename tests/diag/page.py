#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the page shows, what keys do, and that nothing leaves the machine: page.py BUILD_DIR

Of a program with a thousand tasks and two hundred channels (tests/live/crowd.c), whose names would be markup if somebody took them
for it. One browser for all of it; each part begins where the one before has left it.
"""
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from browser import Browser, SECONDS # noqa: E402

TOKEN = "a-token-that-is-long-enough"


class Crowd:
    """The program, at a socket, and perhaps at a port."""

    def __init__(self, build, path, **environment):
        self.process = subprocess.Popen([build / "bin/test-live-crowd"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, "WEFT_DIAG": path, **environment})
        assert self.process.stdout.readline().startswith("runs"), "the program does not run"
        self.pid = self.process.pid

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(SECONDS) == 0, f"the program has ended with {self.process.returncode}"


class Page:
    """`weft page` at a socket."""

    def __init__(self, build, path):
        self.process = subprocess.Popen([build / "bin/weft", "page", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = self.process.stdout.readline().strip()
        self.origin, self.token = self.url.split("/#")
        self.port = int(self.origin.rsplit(":", 1)[1])

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(SECONDS) == 0, f"weft page has ended with {self.process.returncode}"


def status(port, path, method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


class Test:
    def __init__(self, browser, page, crowd, pictures):
        self.b, self.page, self.crowd, self.pictures = browser, page, crowd, pictures

    def picture(self, name):
        self.b.picture(self.pictures / f"{name}.png")

    def rows(self):
        """The texts of the first cells of rows that are drawn."""
        return self.b.run("[...document.querySelectorAll('main section:not([hidden]) tbody tr:not(.space):not([hidden])')]"
                          ".map((row) => [...row.cells].map((cell) => cell.textContent))")

    def shows(self, what, *texts):
        for text in texts:
            self.b.until(f"{what}: {text}", "[...document.querySelectorAll('main section:not([hidden])')].some((one) => one.textContent.includes(arguments[0]))", text)

    def view(self, key, name):
        self.b.press(key)
        self.b.until(f"the view {name}", "document.querySelector('nav [aria-current=page]').textContent === arguments[0]", key + name)

    # --- the parts, in this order ------------------------------------------------------------------------------------------

    def the_door_lets_nobody_else_in(self):
        port, bearer, host = self.page.port, f"Bearer {self.page.token}", f"127.0.0.1:{self.page.port}"
        assert status(port, "/api/tasks") == 401
        assert status(port, "/api/tasks", Authorization="Bearer " + "0" * 32) == 401
        assert status(port, "/api/tasks", Authorization=bearer) == 200
        assert status(port, "/") == 200
        assert status(port, "/", Host="evil.example") == 403
        assert status(port, "/api/tasks", Authorization=bearer, Host="evil.example") == 403
        assert status(port, "/api/tasks", Authorization=bearer, Origin="http://evil.example") == 403
        assert status(port, "/api/tasks", Authorization=bearer, Origin=f"http://{host}") == 200
        assert status(port, "/api/tasks", Authorization=bearer, Sec_Fetch_Site="cross-site") == 403
        assert status(port, "/api/tasks", method="POST", Authorization=bearer) == 405
        for path in "/page/../api/tasks", "/page/%2e%2e/api/tasks", "/page//api/tasks", "/page/x/../../api/tasks":
            assert status(port, path) in (400, 404), path

    def token_is_taken_from_the_address_and_is_seen_nowhere(self):
        self.b.open(self.page.url)
        self.b.until("the process", "document.querySelector('#process').textContent.includes(arguments[0])", str(self.crowd.pid))
        assert self.b.run("location.href") == self.page.origin + "/"
        assert self.page.token not in self.b.run("document.documentElement.outerHTML")
        self.b.until("its health", "document.querySelector('#health').textContent === '\\u25a0 critical'")
        assert "critical" in self.b.run("document.title")

    def overview_has_figures_charts_and_workers(self):
        self.view("0", "overview")
        self.b.until("a thousand tasks", "Number(document.querySelector('.tile b').textContent.replace(',', '')) >= 1000")
        self.shows("the channels", "\u25a0 20 critical", "60 senders wait")
        self.b.until("six charts", "document.querySelectorAll('.overview .plot canvas').length === 6")
        self.b.until("the workers", "document.querySelector('.overview canvas.timeline').getAttribute('aria-label').includes('depot 3')")
        self.b.until("that are drawn", """(() => {
            const canvas = document.querySelector('.overview canvas.timeline');
            const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', {willReadFrequently: true});
            copy.drawImage(canvas, 0, 0);
            const data = copy.getImageData(0, 0, canvas.width, canvas.height).data;
            let blue = 0;
            for (let i = 0; i < data.length; i += 4)
                blue += data[i + 2] > 150 && data[i] < 80;
            return blue > 20; })()""")
        self.b.until("a held worker", "document.querySelector('.overview canvas.timeline').getAttribute('aria-label').includes('held for')")
        self.picture("overview")

    def thousand_tasks_are_a_table_of_few_elements(self):
        self.view("1", "tasks")
        self.b.until("rows", "Number(document.querySelector('#counts').textContent.replace(',', '')) > 1000 || document.querySelector('#counts').textContent.startsWith('the first 1,000')")
        assert self.b.run("document.querySelectorAll('main section:not([hidden]) tbody tr').length") < 120
        assert self.b.run("Number(document.querySelector('main section:not([hidden]) table').getAttribute('aria-rowcount'))") >= 1000
        first = self.rows()[0]
        self.b.press("End")
        self.b.until("the last row", "document.querySelector('tr[aria-selected=true]')?.getAttribute('aria-rowindex') === document.querySelector('main section:not([hidden]) table').getAttribute('aria-rowcount')")
        self.b.press("Home")
        self.b.until("the first row", "document.querySelector('tr[aria-selected=true]')?.getAttribute('aria-rowindex') === '2'")
        assert self.rows()[0][:2] == first[:2]
        self.b.until("rates", "[...document.querySelectorAll('main section:not([hidden]) tbody tr:not(.space)')].some((row) => Number(row.cells[5].textContent) > 0)")
        self.shows("what a task waits for", "room in channel </title><h1> (full, 32 of 32)", "receiver sorter waiting at crowd.c:")
        self.picture("tasks")

    def names_are_texts(self):
        self.view("1", "tasks")
        self.b.press("f")
        self.b.type("<script>")
        self.b.until("it is found", "/^(1|2) (are|of)/.test(document.querySelector('#counts').textContent)")
        self.shows("as text", "<script>document.title='owned'</script>")
        self.b.press("Enter", "Escape")
        self.b.until("all again", "document.querySelector('#filter').value === ''")
        assert self.b.run("document.querySelectorAll('script').length") == 2
        assert self.b.run("document.querySelectorAll('main img, main script, main b:not(.tile b, figcaption b), main h1').length") == 0
        assert not self.b.run("/[\\u202a-\\u202e\\n\\t]/.test(document.querySelector('main').innerText.replace(/[\\n\\t]/g, ''))")
        self.view("2", "channels")
        self.shows("what breaks lines is a sign", "a\u2409b\u240ac", "\ufffddesrever")

    def keys_find_sort_and_open_a_task(self):
        self.view("1", "tasks")
        self.b.press("f")
        self.b.type("clerk")
        self.b.press("Enter")
        self.b.until("only those", "document.querySelector('#counts').textContent.startsWith('20 ')")
        assert all("clerk" in " ".join(row) for row in self.rows())
        self.b.press("Escape")
        self.b.until("all again", "!document.querySelector('#counts').textContent.startsWith('20 ')") # what a search looks through
        self.b.press("/")
        self.b.type("bookkeeper")
        self.b.press("Enter")
        self.b.until("the row is chosen", "document.querySelector('tr[aria-selected=true]')?.textContent.includes('bookkeeper')")
        self.b.press("Enter")
        self.b.until("all about it", "document.querySelector('#details-title').textContent.includes('bookkeeper')")
        self.b.until("where it awaits", "document.querySelector('#details').textContent.includes('crowd.c:')")
        self.picture("task")
        self.b.press("Escape")
        self.b.until("it is closed", "document.querySelector('#details').hidden")
        self.b.press("s")
        self.b.until("by name", "document.querySelector('main section:not([hidden]) th[aria-sort]').textContent.startsWith('name')")
        before = self.b.run("document.querySelector('main section:not([hidden]) th[aria-sort]').getAttribute('aria-sort')")
        self.b.press("r")
        self.b.until("the other way round", "document.querySelector('main section:not([hidden]) th[aria-sort]').getAttribute('aria-sort') !== arguments[0]", before)
        self.b.press("S")

    def search_before_the_list_is_here_finds_when_it_comes(self):
        self.b.run("""(() => {
            const real = window.fetch;
            window.held = [];
            window.fetch = (...all) => String(all[0]).startsWith('/api/resources?')
                ? new Promise((done) => window.held.push(() => done(real(...all)))) : real(...all);
            window.letGo = () => { window.fetch = real; window.held.splice(0).forEach((one) => one()); };
            })()""")
        self.view("4", "resources") # for the first time
        self.b.press("/")
        self.b.type("ledger")
        self.b.press("Enter")
        self.b.until("it says that it waits", "document.querySelector('#sought').textContent === 'the list is not here yet: \u201cledger\u201d is looked for when it is'")
        assert not self.b.run("document.querySelector('main section:not([hidden]) tr[aria-selected=true]')")
        self.b.run("window.letGo()")
        self.b.until("the row is chosen", "document.querySelector('main section:not([hidden]) tr[aria-selected=true]')?.textContent.includes('ledger')")
        self.b.until("and nothing is said", "document.querySelector('#sought').textContent === ''")
        self.b.press("/")
        self.b.type("nobody is called so")
        self.b.press("Enter")
        self.b.until("what is nowhere", "document.querySelector('#sought').textContent === 'no row has \u201cnobody is called so\u201d'")
        self.view("2", "channels")
        assert self.b.run("document.querySelector('#sought').textContent") == ""

    def search_behind_a_filter_that_was_taken_away_waits_for_all(self):
        self.view("1", "tasks")
        self.b.press("f")
        self.b.type("clerk")
        self.b.press("Enter")
        self.b.until("only those", "document.querySelector('#counts').textContent === '20 are named so'")
        self.b.press("Escape", "/") # the others are on their way
        self.b.type("bookkeeper")
        self.b.press("Enter")
        self.b.until("the row is chosen", "document.querySelector('main section:not([hidden]) tr[aria-selected=true]')?.textContent.includes('bookkeeper')")

    def two_hundred_channels_the_fullest_first(self):
        self.view("2", "channels")
        self.b.until("all", "document.querySelector('#counts').textContent === '200'")
        assert [row[3] for row in self.rows()[:20]] == ["\u25a0 critical"] * 20
        self.b.press("Home", "Enter")
        self.b.until("who waits", "document.querySelector('#details').textContent.includes('who waits here')")
        self.b.until("its charts", "document.querySelectorAll('#details canvas').length === 2")
        assert self.b.run("document.querySelector('#details').textContent.includes('room in channel')")
        self.picture("channel")
        self.b.run("document.querySelector('#details button.link').click()")
        self.b.until("one of those who wait", "document.querySelector('#details-title').textContent.includes('carrier')")
        self.b.press("Escape")

    def other_lists_are_there(self):
        self.view("3", "workers")
        self.shows("workers", "weft-0", "weft-3", "depot")
        self.b.until("how busy", "[...document.querySelectorAll('main section:not([hidden]) td.bar')].some((cell) => /^[1-9]\\d* %$/.test(cell.textContent))")
        self.picture("workers")
        self.view("4", "resources")
        self.shows("locks", "ledger", "<b>right</b>", "bookkeeper")
        self.picture("resources")
        self.view("5", "blocking")
        self.b.until("jobs", "document.querySelector('#counts').textContent === '6'")
        self.shows("jobs", "compress", "running")
        self.view("6", "warnings")
        self.shows("warnings", "\u25a0 deadlock", "channel-saturated", "a faster receiver")
        assert "deadlock" in self.rows()[0][0]
        self.picture("warnings")
        self.view("7", "times")
        self.b.until("bars", "document.querySelectorAll('main section:not([hidden]) .beam').length > 8")
        self.shows("quantiles", "p50", "p99", "largest")
        self.picture("times")

    def circle_is_marked_in_the_graph(self):
        self.view("8", "waits")
        self.b.until("the circle", "/left-hand.*waits for mutex.*right.*right-hand.*waits for mutex left/.test(document.querySelector('.circles').textContent)"
                     " || /right-hand.*waits for mutex left.*left-hand.*waits for mutex/.test(document.querySelector('.circles').textContent)")
        assert self.b.run("document.querySelectorAll('.graph .box.bad').length") == 4
        assert self.b.run("document.querySelectorAll('.graph .arrow.bad').length") == 4
        self.shows("those behind it", "12 tasks", "20 tasks")
        self.picture("waits")
        self.b.run("[...document.querySelectorAll('.graph .box.task')].find((box) => box.textContent.includes('bookkeeper')).focus()")
        self.b.press("Enter")
        self.b.until("one of them", "document.querySelector('#details-title').textContent.includes('bookkeeper')")
        self.b.press("Escape")
        self.b.press("f")
        self.b.type("ledger")
        self.b.until("the filter narrows it", "document.querySelectorAll('.graph .box').length === 3")
        self.b.press("Enter", "Escape")

    def dark_and_light_can_be_read(self):
        contrast = """(() => {
            const probe = document.createElement('i');
            document.body.append(probe);
            const light = (name) => {
                probe.style.color = `var(${name})`;
                const [r, g, b] = getComputedStyle(probe).color.match(/[\\d.]+/g).map((part) => part / 255).map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            };
            const out = [];
            for (const text of ['--ink', '--soft', '--good', '--warn', '--bad', '--lost'])
                for (const ground of ['--page', '--band', '--chosen']) {
                    const [high, low] = [light(text), light(ground)].sort((a, b) => b - a), ratio = (high + 0.05) / (low + 0.05);
                    if (ratio < 4.5)
                        out.push(`${text} on ${ground}: ${ratio.toFixed(2)}`);
                }
            probe.remove();
            return out; })()"""
        ground = "getComputedStyle(document.body).backgroundColor"
        assert self.b.run(ground) == "rgb(255, 255, 255)"
        assert not self.b.run(contrast), self.b.run(contrast)
        self.b.media(dark=True)
        self.b.until("dark as the system says", f"{ground} !== 'rgb(255, 255, 255)'")
        assert not self.b.run(contrast), self.b.run(contrast)
        for key, name in ("0", "overview"), ("2", "channels"), ("8", "waits"):
            self.view(key, name)
            if key == "0":
                self.b.until("charts", "document.querySelectorAll('.overview .plot canvas').length === 6")
            elif key == "8":
                self.b.until("graph", "document.querySelectorAll('.graph .box').length > 10")
            self.picture(f"{name}-dark")
        self.b.press("t")
        self.b.until("light by the key", f"{ground} === 'rgb(255, 255, 255)'")
        self.b.press("t")
        self.b.until("dark by the key", f"{ground} !== 'rgb(255, 255, 255)'")
        self.b.media(dark=False)
        self.b.press("t")
        self.b.until("and as the system says", f"{ground} === 'rgb(255, 255, 255)'")

    def everything_has_a_name_and_can_be_reached(self):
        nameless = """[...document.querySelectorAll('button, input, select, a, [role=button], [tabindex="0"]')].filter((one) => {
            const label = one.labels && one.labels.length ? one.labels[0].textContent : '';
            return !(label || one.textContent || one.getAttribute('aria-label') || '').trim(); }).map((one) => one.outerHTML)"""
        assert not self.b.run(nameless), self.b.run(nameless)
        assert self.b.run("['header', 'nav', 'main', 'aside'].every((name) => document.querySelectorAll(name).length === 1)")
        assert self.b.run("[...document.querySelectorAll('table thead th')].every((head) => head.scope === 'col')")
        self.b.run("document.activeElement.blur()")
        self.b.press("?")
        self.b.until("the keys", "document.querySelector('#help-dialog').open")
        self.picture("help")
        self.b.press("Escape")
        self.b.until("are closed", "!document.querySelector('#help-dialog').open")
        left = {"skip", "interval", "freeze", "theme", "help", "filter", "search", "BUTTON1tasks"}
        for _ in range(200): # the boxes of the graph can be reached, too
            self.b.press("Tab")
            left.discard(self.b.run("document.activeElement.id || document.activeElement.tagName + document.activeElement.textContent.slice(0, 20)"))
            if not left:
                break
        assert not left, f"not reached by tab: {left}"
        self.b.run("document.activeElement.blur()")

    def narrow_window_scrolls_only_inside(self):
        self.b.size(480, 800)
        for key, name in ("0", "overview"), ("1", "tasks"), ("8", "waits"):
            self.view(key, name)
            self.b.until("it fits", "document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        self.picture("narrow")
        self.b.size(1400, 900)

    def frozen_page_asks_nothing(self):
        self.view("1", "tasks")
        self.b.run("document.activeElement.blur()")
        self.b.press(" ")
        self.b.until("it says so", "!document.querySelector('#frozen').hidden")
        self.b.requested() # before
        self.b.run("window.frozenAt = performance.now()")
        self.b.until("a while", "performance.now() - window.frozenAt > 1500")
        asked = [url for url in self.b.requested() if url.startswith("http")]
        assert not asked, asked
        assert self.b.run("document.querySelector('#stale').hidden"), "frozen is not stale"
        self.b.press(" ")
        self.b.until("it goes on", "document.querySelector('#frozen').hidden")

    def nothing_left_the_machine_and_nothing_was_complained_of(self, asked):
        away = {url for url in asked if not url.startswith((self.page.origin + "/", "data:", "chrome:"))}
        assert not away, away
        said = [text for text in self.b.said() if "/health/ready" not in text] # 503 is an answer there
        assert not said, said

    def process_that_ends_is_unknown(self, build, path):
        self.view("0", "overview")
        self.crowd.end()
        self.b.until("unknown", "document.querySelector('#health').textContent === '? unknown' && !document.querySelector('#stale').hidden")
        self.b.until("why", "/nobody is at its socket/.test(document.querySelector('#stale-why').textContent)")
        assert self.b.run("document.title.includes('unknown')")
        self.picture("stale")
        self.crowd = Crowd(build, path)
        self.b.until("another process at the same place", "document.querySelector('#process').textContent.includes(arguments[0]) && document.querySelector('#stale').hidden",
                     str(self.crowd.pid))
        self.b.said() # what failed meanwhile

    def token_is_asked_for_where_it_is_missing(self, url, token):
        self.b.open(url)
        self.b.until("it asks", "document.querySelector('#token-dialog').open")
        self.picture("token")
        for given in "another-token-than-this", token:
            self.b.until("the dialog", "document.querySelector('#token-dialog').open && document.activeElement.id === 'token'")
            self.b.type(given)
            self.b.press("Enter")
        self.b.until("the process", "/process \\d+/.test(document.querySelector('#process').textContent) && !document.querySelector('#token-dialog').open")
        assert self.b.run("location.href") == url


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def by_the_loopback(build, folder, test):
    """The endpoint's own port. Another program may have taken it meanwhile: then another."""
    for last in False, False, True:
        port = free_port()
        crowd = Crowd(build, f"{folder}/tcp.sock", WEFT_DIAG_PORT=str(port), WEFT_DIAG_TOKEN=TOKEN)
        if Path(f"{folder}/tcp.sock").exists() or last:
            break
        crowd.end()
    test.token_is_asked_for_where_it_is_missing(f"http://127.0.0.1:{port}/", TOKEN)
    crowd.end()


def run(build, folder):
    pictures, path = build / "page", f"{folder}/crowd.sock"
    pictures.mkdir(exist_ok=True)
    crowd = Crowd(build, path)
    page = Page(build, path)
    try:
        browse(build, folder, path, Test(Browser(folder), page, crowd, pictures))
    except BaseException:
        page.process.kill() # the crowd ends with its stdin
        raise
    page.end()


def browse(build, folder, path, test):
    browser = test.b
    try:
        browser.requested()
        for part in (test.the_door_lets_nobody_else_in, test.token_is_taken_from_the_address_and_is_seen_nowhere,
                     test.overview_has_figures_charts_and_workers, test.thousand_tasks_are_a_table_of_few_elements, test.names_are_texts,
                     test.keys_find_sort_and_open_a_task, test.search_before_the_list_is_here_finds_when_it_comes,
                     test.search_behind_a_filter_that_was_taken_away_waits_for_all, test.two_hundred_channels_the_fullest_first, test.other_lists_are_there,
                     test.circle_is_marked_in_the_graph, test.dark_and_light_can_be_read, test.everything_has_a_name_and_can_be_reached,
                     test.narrow_window_scrolls_only_inside):
            part()
            print(f"ok      {part.__name__}", flush=True)
        test.nothing_left_the_machine_and_nothing_was_complained_of(browser.requested())
        test.frozen_page_asks_nothing()
        test.process_that_ends_is_unknown(build, path)
        by_the_loopback(build, folder, test)
        print("ok      nothing left, frozen, ended, token")
    except BaseException:
        test.picture("failed")
        print(f"a picture of the end: {test.pictures}/failed.png")
        raise
    finally:
        browser.close()
    test.crowd.end()


def main():
    with tempfile.TemporaryDirectory() as folder:
        run(Path(sys.argv[1]), folder)


if __name__ == "__main__":
    main()
