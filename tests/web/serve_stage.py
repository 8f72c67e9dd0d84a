"""The stage set of tests about a server that is ended: `otel-tracking serve` as a process, with a model that waits."""

import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

from class_stage import CLASS_TOKEN, TOKEN

ROOT = Path(__file__).parents[2]


class HeldModel:
    """What a model server makes of a text: it waits until it is told to go on."""

    def __init__(self):
        self.is_open, self.asked = threading.Event(), threading.Semaphore(0)

    def __call__(self, text):
        self.asked.release()
        assert self.is_open.wait(120), "nobody opened this model"
        return "bla bli blu"


class Serving:
    """A running `otel-tracking serve`."""

    def __init__(self, process):
        self._process = process
        self.address = json.loads(process.stdout.readline())["address"]

    @property
    def port(self):
        return int(self.address.rpartition(":")[2])

    def send(self, number):
        """A signal."""
        self._process.send_signal(number)

    def wait(self):
        """Until it has ended; what it said of trouble."""
        return self._process.communicate(timeout=60)[1]


@contextmanager
def served_by_a_process(folder, model_url, port=0, **variables):
    """A server of `folder` whose runs ask the model server; killed with the block where it lives still."""
    wanted = {
        "DEVSERVER_TOKEN": TOKEN,
        "DEVSERVER_CLASS_TOKEN": CLASS_TOKEN,
        "DEVSERVER_SLOTS": "1",
        "OTEL_TRACKING_DATA": str(folder / "data"),
        "OLLAMA_HOST": model_url,
        **variables,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "devserver.cli", "serve", "--port", str(port), "--json"],
        cwd=ROOT,
        # The usual journal: it is on a RAM file system.
        env={**{name: value for name, value in os.environ.items() if name != "DEVSERVER_JOURNAL"}, **wanted},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Serving(process)
    finally:
        process.kill()
        process.communicate()
