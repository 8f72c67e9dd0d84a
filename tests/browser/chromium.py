"""Drive the Chromium of this machine over its DevTools protocol, with nothing between."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from itertools import count
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 60.0

_UNTIL = """new Promise((resolve, reject) => {
  const end = Date.now() + %d;
  const look = () => {
    const found = (() => { try { return %s; } catch (error) { return false; } })();
    if (found) resolve(found);
    else if (Date.now() > end) reject(new Error("it never came: " + document.body.innerText.slice(0, 2000)));
    else requestAnimationFrame(look);
  };
  look();
})"""


def find_chromium():
    """The path of a Chromium; None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def open_chromium():
    """A headless browser with a profile of its own."""
    profile = tempfile.mkdtemp(prefix="devserver-browser-")
    quiet = ("--no-first-run", "--disable-gpu", "--disable-dev-shm-usage", "--mute-audio", "--hide-scrollbars")
    quiet += ("--disable-extensions", "--disable-background-networking", "--disable-component-update", "--disable-sync")
    is_root = os.geteuid() == 0
    command = [find_chromium(), "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={profile}", *quiet]
    process = subprocess.Popen(
        [*command, *(["--no-sandbox"] if is_root else []), "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        from websockets.sync.client import connect

        # No pings of its own: a browser that is busy for long is not gone; each answer is waited for with patience.
        patient = {"open_timeout": PATIENCE, "ping_interval": None}
        with connect(_address(Path(profile), process), max_size=2**28, **patient) as socket:
            yield Browser(socket)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        shutil.rmtree(profile, ignore_errors=True)


def _address(profile, process):
    """Where the browser listens, as soon as it says so."""
    file, end = profile / "DevToolsActivePort", time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        lines = file.read_text().splitlines() if file.exists() else []
        if len(lines) == 2:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.05)  # another program's start has nothing to wait for
    raise RuntimeError("Chromium did not start")


class Browser:
    """A browser; its pages are opened in contexts of their own, like private windows."""

    def __init__(self, socket):
        self._socket = socket
        self._numbers = count(1)
        self.events = []

    def call(self, method, session=None, **parameters):
        """What the browser answers to a command."""
        number = next(self._numbers)
        wanted = {"id": number, "method": method, "params": parameters}
        self._socket.send(json.dumps(wanted | ({"sessionId": session} if session else {})))
        while True:
            message = json.loads(self._socket.recv(timeout=PATIENCE * 2))
            if message.get("id") == number:
                assert "error" not in message, (method, message["error"])
                return message.get("result", {})
            self.events.append(message)

    def wait_for(self, method, session, times):
        """Wait until the browser has told of an event so many times."""
        while [(one.get("method"), one.get("sessionId")) for one in self.events].count((method, session)) < times:
            self.events.append(json.loads(self._socket.recv(timeout=PATIENCE)))

    def page(self, *, width=1280, height=800, dark=False, language="en", scripts=True, scale=1):
        """A new page of that size, whose browser wants that language."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = BrowserPage(self, session, target)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(f"{domain}.enable")
        page.size(width, height, scale)
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        page.call("Emulation.setEmulatedMedia", features=[theme])
        page.call("Network.setUserAgentOverride", userAgent="test", acceptLanguage=language)
        page.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        return page


class BrowserPage:
    """One page: go somewhere, look, click, take its picture."""

    def __init__(self, browser, session, target):
        self._browser, self._session, self._target = browser, session, target
        self._loads = 0

    def call(self, method, **parameters):
        """What the page answers to a command."""
        return self._browser.call(method, self._session, **parameters)

    def size(self, width, height, scale=1):
        """Make the window that large."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=width < 600,
        )

    def go(self, address, until="document.readyState === 'complete'"):
        """Go to an address, and wait until it is loaded."""
        self.call("Page.navigate", url=address)
        return self.until(f"location.href.startsWith({json.dumps(address)}) && ({until})")

    def look(self, expression):
        """The value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, expression, patience=PATIENCE):
        """Wait until an expression is true in the page, also across navigations; gives its value."""
        end = time.monotonic() + patience
        while True:
            wait = _UNTIL % (patience * 1000, expression)
            wanted = {"expression": wait, "returnByValue": True, "awaitPromise": True}
            try:
                answer = self.call("Runtime.evaluate", **wanted)
            except AssertionError:  # the page went elsewhere while it was looked at
                assert time.monotonic() < end, f"it never came: {expression}"
                continue
            assert "exceptionDetails" not in answer, answer["exceptionDetails"]["exception"].get("description")
            return answer["result"].get("value")

    def wait_for_load(self):
        """Wait until the page has been loaded once more than the last time somebody waited."""
        self._loads += 1
        self._browser.wait_for("Page.loadEventFired", self._session, self._loads)

    def type(self, selector, text):
        """Write into a field, as a keyboard does."""
        self.look(f"document.querySelector({json.dumps(selector)}).focus()")
        self.call("Input.insertText", text=text)

    def key(self, key, code=None):
        """Press a key."""
        codes = {"Tab": 9, "Enter": 13, "ArrowDown": 40, " ": 32}
        common = {"key": key, "code": code or key, "windowsVirtualKeyCode": codes.get(key, 0)}
        text = {"text": "\r"} if key == "Enter" else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", **common, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def click(self, selector):
        """Click on the middle of an element."""
        script = f"""(() => {{ const one = document.querySelector({json.dumps(selector)});
            one.scrollIntoView({{block: "center"}}); const box = one.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2]; }})()"""
        x, y = self.look(script)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def picture(self, *, whole=False):
        """A PNG of the window, or of the whole page."""
        part = {}
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            part = {"clip": {**size, "scale": 1}, "captureBeyondViewport": True}
        taken = self.call("Page.captureScreenshot", format="png", **part)
        return base64.b64decode(taken["data"])

    def complaints(self):
        """What the console was told: errors, and what the content security policy refused."""
        self.look("1")
        return [event["params"] for event in self.events("Log.entryAdded", "Runtime.exceptionThrown")]

    def events(self, *methods):
        """What the browser has told of this page, of these kinds."""
        own = (event for event in self._browser.events if event.get("sessionId") == self._session)
        return [event for event in own if event.get("method") in methods]

    def close(self):
        """Close it, as a person does who goes away."""
        self._browser.call("Target.closeTarget", targetId=self._target)
