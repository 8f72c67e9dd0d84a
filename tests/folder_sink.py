"""A sink that keeps records in files, and so can be opened in another process; it goes wrong when it is told to."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from collectors.delivery import spill
from collectors.testing import RememberingSink
from otel_tracking import ExecutionRecord

INSTEAD = "instead"


class FolderSink(RememberingSink):
    """What it is told to do instead of writing stands in a file, so that it reaches the sink in whichever process."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.closed = folder, False
        folder.mkdir(parents=True, exist_ok=True)

    def opener(self):
        return partial(FolderSink, self._folder)

    @property
    def records(self) -> list[ExecutionRecord]:
        paths = sorted(self._folder.glob("*.record"), key=lambda path: path.stat().st_mtime_ns)
        return [spill.of_bytes(path.read_bytes()) for path in paths]

    def write(self, record: ExecutionRecord) -> None:
        self._go_wrong_if_told()
        path = self._folder / f"{record.trace_id}-{record.revision}-{os.getpid()}-{os.urandom(4).hex()}.record"
        fresh = path.with_suffix(".fresh")
        fresh.write_bytes(spill.to_bytes(record))
        fresh.rename(path)

    def raise_instead(self, error: type[BaseException]) -> None:
        (self._folder / INSTEAD).write_text(error.__name__)

    def hang_instead(self) -> None:
        os.mkfifo(self._folder / "gate")
        (self._folder / INSTEAD).write_text("hang")

    def do_it_right(self) -> None:
        """From now on; whoever hangs goes on."""
        (self._folder / INSTEAD).unlink()
        gate = self._folder / "gate"
        if gate.exists():
            # Opened for both, so that this does not wait for a reader; one that waits gets its end when it is closed.
            os.close(os.open(gate, os.O_RDWR))

    def _go_wrong_if_told(self) -> None:
        try:
            told = (self._folder / INSTEAD).read_text()
        except FileNotFoundError:
            return
        if told == "hang":
            (self._folder / "gate").read_bytes()
            return
        raise {"OSError": OSError, "RuntimeError": RuntimeError, "SystemExit": SystemExit}[told]("a sink's own mistake")
