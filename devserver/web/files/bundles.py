"""Have bundles of runs made beside the server's work, one after another, and keep each for a while to be fetched.

    DATA/.serving/bundles/<name>/<file>     private; an hour, or until the server is started again

What leaves passes the way out, as with every export. The ledger of exports knows the file: an erasure makes it anew.
"""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from devserver.web.files.bundle_process import BundleOrder
from exporters.collections import COLLECTIONS
from exporters.processes import start_beside
from exporters.storage.files import make_directory
from otel_tracking.erasure import RunId

_CALL = "from devserver.web.files.bundle_process import main; main()"
FOLDER = ".serving/bundles"

KEPT_SECONDS = 3600.0
MOST_WAITING = 4


class BundleState(StrEnum):
    """How far a bundle is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A bundle that somebody wanted: `done` runs `of` so many; when it is over, `runs` in `path`, or the `trouble`."""

    name: str
    order: BundleOrder
    asked_at: float
    state: BundleState = BundleState.WAITING
    done: int = 0
    of: int = 0
    runs: int = 0
    kept_back: Mapping[str, int] = field(default_factory=dict)
    damaged: int = 0
    trouble: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes."""
        return self.state not in (BundleState.WAITING, BundleState.RUNNING)

    @property
    def path(self) -> Path:
        """Where it is when it is done."""
        return Path(self.order.out)

    @property
    def size(self) -> int:
        """Its bytes; 0 where it is not there, or no longer."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0


class TooManyBundles(Exception):
    """Several bundles are being made already."""


class Bundles:
    """The bundles of a server. May be shared by threads; processes of their own do the work."""

    def __init__(self, data_dir: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._data_dir, self._folder, self._clock = data_dir, data_dir / FOLDER, clock
        self._bundles: OrderedDict[str, Bundle] = OrderedDict()
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._lock = threading.Lock()
        self._worker: ThreadPoolExecutor | None = None
        self._changed = threading.Condition(self._lock)

    def begin(
        self,
        runs: Sequence[RunId],
        format_name: str,
        *,
        profile: str,
        options: Mapping[str, Any] | None = None,
        with_marked: bool = False,
    ) -> Bundle:
        """Begin a bundle of these runs, or have it wait for the one before. Raises `TooManyBundles`.

        `options` are those of a collection that are not the usual ones.
        """
        name = secrets.token_hex(8)
        self._sweep()
        out = self._folder / name / f"runs{COLLECTIONS[format_name].suffix}"
        order = BundleOrder(
            data_dir=str(self._data_dir.absolute()),
            out=str(out.absolute()),
            format_name=format_name,
            runs=[(run.execution_id, run.trace_id) for run in runs],
            profile=profile,
            options=options or {},
            with_marked=with_marked,
        )
        bundle = Bundle(name=name, order=order, asked_at=self._clock(), of=len(runs))
        with self._lock:
            if sum(not one.is_over for one in self._bundles.values()) > MOST_WAITING:
                raise TooManyBundles(f"{MOST_WAITING + 1} bundles are being made already; in a minute it would work")
            self._bundles[name] = bundle
            self._worker = self._worker or ThreadPoolExecutor(1, thread_name_prefix="devserver bundles")
            self._worker.submit(self._make, name, order)
        return bundle

    def find(self, name: str) -> Bundle | None:
        """How a bundle is getting on; None for one that nobody knows, or that was kept long enough."""
        self._sweep()
        with self._lock:
            return self._bundles.get(name)

    def wait(self, name: str, seconds: float) -> bool:
        """Whether a bundle is over, after so many seconds at most."""
        with self._changed:
            return self._changed.wait_for(lambda: self._bundles[name].is_over, seconds)

    def cancel(self, name: str) -> None:
        """End it, and remove what there is of it."""
        self._change(name, state=BundleState.CANCELLED)
        with self._lock:
            process = self._processes.get(name)
        if process:
            process.kill()
        shutil.rmtree(self._folder / name, ignore_errors=True)

    def close(self) -> None:
        """End what is being made."""
        with self._lock:
            names = [one.name for one in self._bundles.values() if not one.is_over]
        for name in names:
            self.cancel(name)

    def tidy(self) -> None:
        """Remove what an earlier server kept: nobody knows the names any more."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _sweep(self) -> None:
        oldest = self._clock() - KEPT_SECONDS
        with self._lock:
            old = [one.name for one in self._bundles.values() if one.is_over and one.asked_at < oldest]
            for name in old:
                del self._bundles[name]
        for name in old:
            shutil.rmtree(self._folder / name, ignore_errors=True)

    def _make(self, name: str, order: BundleOrder) -> None:
        if self._is_over(name):
            return
        make_directory(self._folder / name)
        self._change(name, state=BundleState.RUNNING)
        try:
            said = self._have_made(name, order)
        except (OSError, ValueError) as trouble:
            said = {"trouble": str(trouble)}
        self._change(name, state=BundleState.DONE if "runs" in said else BundleState.FAILED, **said)
        with self._lock:
            is_kept = self._bundles[name].state is BundleState.DONE
        if not is_kept:
            shutil.rmtree(self._folder / name, ignore_errors=True)

    def _have_made(self, name: str, order: BundleOrder) -> dict[str, Any]:
        """What came of an order: what its process said last."""
        process = start_beside(_CALL, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        with self._lock:
            self._processes[name] = process
            if self._bundles[name].is_over:
                process.kill()  # it was broken off a moment before there was a process
        try:
            said = self._followed(name, process, order)
        finally:
            with self._lock:
                del self._processes[name]
        return said if {"runs", "trouble"} & said.keys() else {"trouble": "its process ended before it was done"}

    def _followed(self, name: str, process: subprocess.Popen[str], order: BundleOrder) -> dict[str, Any]:
        said: dict[str, Any] = {}
        with process:
            if process.stdin and process.stdout:
                process.stdin.write(order.to_json() + "\n")
                process.stdin.close()
                for line in process.stdout:
                    said = json.loads(line)
                    if "done" in said:
                        self._change(name, **said)
        return said

    def _is_over(self, name: str) -> bool:
        with self._lock:
            return self._bundles[name].is_over

    def _change(self, name: str, **changes: Any) -> None:
        """What is over stays as it is: a process that was ended says so too late."""
        with self._lock:
            if name in self._bundles and not self._bundles[name].is_over:
                self._bundles[name] = replace(self._bundles[name], **changes)
                self._changed.notify_all()
