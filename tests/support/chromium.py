"""Drives a headless Chromium over its debugging pipe; needs nothing but Python's own library."""

import base64
import json
import os
import shutil
import subprocess
import tempfile


class Page:
    """One page in a Chromium of its own. Use as a context manager."""

    def __init__(self, url, width=1200, height=800):
        binary = shutil.which("chromium")
        if binary is None:
            raise SystemExit("chromium is not installed: run scripts/install-packages test")
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        command_read, command_write = os.pipe()
        answer_read, answer_write = os.pipe()

        def connect():  # Chromium reads commands from 3 and answers on 4
            ends = os.dup(command_read), os.dup(answer_write)
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        self._process = subprocess.Popen(
            [binary, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
             f"--user-data-dir={self._profile.name}", f"--window-size={width},{height}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=connect,
            pass_fds=(3, 4, command_read, answer_write))
        os.close(command_read)
        os.close(answer_write)
        self._commands = os.fdopen(command_write, "wb")
        self._answers = os.fdopen(answer_read, "rb")
        self._number = 0
        self._session = None
        self.errors = []  # of the page's scripts
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._call("Runtime.enable")
        self._call("Page.enable")
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                   deviceScaleFactor=1, mobile=False)
        self.open(url)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()
        self._profile.cleanup()

    def _receive(self):
        message = b""
        while not message.endswith(b"\0"):
            byte = self._answers.read(1)
            if not byte:
                raise SystemExit("chromium ended")
            message += byte
        message = json.loads(message[:-1])
        if message.get("method") == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(message["params"]["exceptionDetails"]))
        return message

    def _call(self, method, **params):
        self._number += 1
        command = {"id": self._number, "method": method, "params": params}
        if self._session:
            command["sessionId"] = self._session
        self._commands.write(json.dumps(command).encode() + b"\0")
        self._commands.flush()
        while True:
            answer = self._receive()
            if answer.get("id") != self._number:
                continue
            if "error" in answer:
                raise AssertionError(f"{method}: {answer['error']}")
            return answer["result"]

    def open(self, url):
        self._call("Page.navigate", url=url)
        while self._receive().get("method") != "Page.loadEventFired":
            pass

    def run(self, expression):
        """The value of a JavaScript expression."""
        result = self._call("Runtime.evaluate", expression=expression, returnByValue=True,
                            awaitPromise=True)
        if "exceptionDetails" in result:
            raise AssertionError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def resize(self, width, height):
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                   deviceScaleFactor=1, mobile=False)
        self.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def mouse(self, kind, x, y):
        self._call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def click(self, x, y):
        self.mouse("mousePressed", x, y)
        self.mouse("mouseReleased", x, y)

    def key(self, key):
        """Presses a key by its name (Enter, ArrowUp, Tab, ...) or a character."""
        codes = {"Enter": 13, "Escape": 27, "Tab": 9, "Home": 36, "ArrowLeft": 37, "ArrowUp": 38,
                 "ArrowRight": 39, "ArrowDown": 40, "Backspace": 8}
        common = {"key": key, "code": key, "windowsVirtualKeyCode": codes.get(key, ord(key[0]))}
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else None)
        if text:
            self._call("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        else:
            self._call("Input.dispatchKeyEvent", type="rawKeyDown", **common)
        self._call("Input.dispatchKeyEvent", type="keyUp", **common)

    def insert(self, text):
        """Text into the focused field."""
        self._call("Input.insertText", text=text)

    def screenshot(self, path):
        data = self._call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
