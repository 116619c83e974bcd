# SPDX-License-Identifier: MIT
"""A browser without a window, by the WebDriver protocol: Debian's chromium and chromedriver, and nothing from elsewhere."""
import base64
import http.client
import json
import re
import subprocess
import time

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"Enter": "\ue007", "Escape": "\ue00c", "Tab": "\ue004", "ArrowUp": "\ue013", "ArrowDown": "\ue015", "PageDown": "\ue00f",
        "PageUp": "\ue00e", "Home": "\ue011", "End": "\ue010", "Backspace": "\ue003"}


SECONDS = 300 # for one thing to happen, on a machine that has much else to do


class Browser:
    """One window; `folder` takes its profile and its log."""

    def __init__(self, folder, width=1400, height=900, dark=False):
        self.log = open(f"{folder}/chromedriver.log", "w", encoding="utf-8")
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=self.log, text=True)
        port = None
        while port is None:
            said = self.driver.stdout.readline()
            if not said:
                raise RuntimeError("chromedriver has ended before it listened")
            found = re.search(r"started successfully on port (\d+)", said)
            port = found and int(found.group(1))
        self.port = port
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={folder}/profile",
                     f"--window-size={width},{height}", "--hide-scrollbars=false", "--no-first-run", "--disable-background-networking",
                     "--disable-component-update", "--disable-sync", "--no-default-browser-check", "--force-color-profile=srgb",
                     "--proxy-server=127.0.0.1:9", "--proxy-bypass-list=127.0.0.1"] # whatever wants to leave meets nobody
        wanted = {"browserName": "chrome", "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}, "timeouts": {"script": 1000 * SECONDS, "pageLoad": 1000 * SECONDS},
                  "goog:chromeOptions": {"args": arguments, "binary": "/usr/bin/chromium"}}
        self.session = None
        try:
            self.session = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
            self.size(width, height)
            self.media(dark)
        except BaseException:
            self.close()
            raise

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        whole = path if self.session is None else f"/session/{self.session}{path}"
        connection.request(method, whole, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
        value = json.loads(connection.getresponse().read())["value"]
        connection.close()
        if isinstance(value, dict) and "error" in value:
            raise RuntimeError(f"{path}: {value['error']}: {value['message']}")
        return value

    def close(self):
        try:
            if self.session:
                self.ask("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()
            self.log.close()

    def devtools(self, command, **parameters):
        return self.ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def size(self, width, height):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def media(self, dark=False, still=False):
        self.devtools("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce" if still else "no-preference"}])

    def open(self, url):
        self.ask("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        """The value of a JavaScript expression; `arguments` of it are its own."""
        return self.ask("POST", "/execute/sync", {"script": f"return ({script})", "args": list(arguments)})

    def until(self, what, script, *arguments, seconds=SECONDS):
        """Wait until the expression is true, and return it. What never is true fails."""
        end = time.monotonic() + seconds
        while True:
            value = self.run(script, *arguments)
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f"{what}: never was")
            time.sleep(0.1)

    def find(self, selector):
        return self.ask("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def click(self, selector):
        self.ask("POST", f"/element/{self.find(selector)}/click", {})

    def press(self, *keys):
        """Keys, one after the other, to whatever has the focus."""
        actions = [{"type": kind, "value": KEYS.get(key, key)} for key in keys for kind in ("keyDown", "keyUp")]
        self.ask("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def type(self, text):
        self.press(*text)

    def picture(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.ask("GET", "/screenshot")))

    def said(self):
        """What it has complained of since the last call: errors of scripts, of the policy, of the network."""
        return [entry["message"] for entry in self.ask("POST", "/se/log", {"type": "browser"}) if entry["level"] in ("SEVERE", "WARNING")]

    def requested(self):
        """The addresses that were asked for since the last call."""
        out = []
        for entry in self.ask("POST", "/se/log", {"type": "performance"}):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                out.append(message["params"]["request"]["url"])
        return out
