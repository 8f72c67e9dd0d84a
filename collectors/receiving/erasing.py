"""Erase runs from what a collector keeps: its spool and its quarantine, while no collector is at work there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from collectors.receiving.erasing_asides import asides_with, erase_asides, unreadable_requests
from collectors.receiving.kept_runs import records_in
from collectors.receiving.quarantine import requests_in
from collectors.receiving.rewriting import remove_what_deaths_left, replace_durably, without_runs
from collectors.receiving.senders import Senders
from collectors.receiving.spool import LOCK, entries_in, own, segments_in
from collectors.spans.without_traces import Traces
from otel_tracking.erasure import Beyond, IsMeant, Place, Removed, RunId, Step, traces_of
from otel_tracking.errors import RecordingError
from otel_tracking.record import ExecutionRecord

SENDERS = "senders.sqlite"


class ErasableSpool:
    """The spool in a directory, `DATA/collect` where `collect` has it, and who sent what. A place of an erasure."""

    name = "spool"

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def find(self, is_meant: IsMeant) -> list[RunId]:
        """The runs here that are meant, also beside a collector at work: of those, as far as it has them on disk."""
        return _meant(self._records(), is_meant)

    def erase(self, runs: frozenset[RunId], step: Step) -> list[Removed | Beyond]:
        """Write the segments that hold something of the runs without it; nothing where a collector is at work."""
        traces = traces_of(runs)
        if not self._directory.is_dir():
            return []
        with owned(self._directory) as is_ours:
            if not is_ours:
                return [self._at_work(self._directory)] if self.left(runs) else []
            remove_what_deaths_left(self._directory)
            done = [one for path in segments_in(self._directory) for one in self._rewrite(path, traces, step)]
            return [*done, *self._forget_senders(traces, step), *self._without_root()]

    def left(self, runs: frozenset[RunId]) -> list[str]:
        """The files in which there is something of the runs still."""
        traces = traces_of(runs)
        found = [path for path in segments_in(self._directory) if _differs(path, traces)]
        return [*map(str, found), *([str(self._senders)] if self._knows_senders(traces) else [])]

    def _at_work(self, directory: Path) -> Beyond:
        return at_work(self.name, directory)

    @property
    def _senders(self) -> Path:
        return self._directory / SENDERS

    def _records(self) -> Iterator[ExecutionRecord]:
        entries = (entry for path in segments_in(self._directory) for entry in entries_in(path))
        return records_in((entry.kind, entry.body) for entry in entries)

    def _rewrite(self, path: Path, traces: Traces, step: Step) -> Iterator[Removed | Beyond]:
        content = path.read_bytes()
        rest = without_runs(content, traces)
        if rest.content != content:
            replace_durably(path, rest.content, step)
            yield Removed(self.name, str(path), len(content) - len(rest.content))
        if rest.unknown:
            what = f"{rest.unknown} entries of {path} cannot be read, so nobody knows whose they are"
            advice = "collect with the version that wrote it, then erase again; or remove the file if it is damaged"
            yield Beyond(self.name, what, advice)

    def _without_root(self) -> Iterator[Beyond]:
        unknown = sum(all(span.parent_span_id for span in record.spans) for record in self._records())
        if unknown:
            what = f"{unknown} runs in {self._directory} have not sent their root yet, so nobody knows whose they are"
            yield Beyond(self.name, what, "collect until they are stored, then erase again")

    def _knows_senders(self, traces: Traces) -> bool:
        if not self._senders.exists():
            return False
        known = b"".join(path.read_bytes() for path in self._directory.glob(f"{SENDERS}*"))
        return any(trace.to_bytes(16) in known for trace in traces)

    def _forget_senders(self, traces: Traces, step: Step) -> Iterator[Removed]:
        if self._knows_senders(traces):
            step("forget senders")
            senders = Senders(self._senders)
            try:
                senders.forget(traces)
            finally:
                senders.close()
            yield Removed(self.name, str(self._senders), 16)


class ErasableQuarantine:
    """What was set aside below a directory, `DATA/collect/quarantine` where `collect` has it. A place of an erasure."""

    name = "quarantine"

    def __init__(self, directory: Path) -> None:
        """The spool, whose lock counts, is in the directory above."""
        self._directory = directory

    def find(self, is_meant: IsMeant) -> list[RunId]:
        """The runs here that are meant: those that were set aside, and those whose spans came with them."""
        return _meant(records_in(requests_in(self._directory)), is_meant)

    def erase(self, runs: frozenset[RunId], step: Step) -> list[Removed | Beyond]:
        """Remove the entries of the runs, and write requests that others share without them."""
        traces = traces_of(runs)
        if not self._directory.is_dir():
            return []
        with owned(self._directory.parent) as is_ours:
            if not is_ours:
                return [at_work(self.name, self._directory.parent)] if self.left(runs) else []
            changed = erase_asides(self._directory, traces, step)
            removed = [Removed(self.name, str(path), size) for path, size in changed]
            return [*removed, *map(self._unreadable, unreadable_requests(self._directory, traces))]

    def left(self, runs: frozenset[RunId]) -> list[str]:
        """The files in which there is something of the runs still."""
        return [str(path) for path in asides_with(self._directory, traces_of(runs))]

    def _unreadable(self, path: Path) -> Beyond:
        advice = "take it once more with the version that took it (collect --retry), then erase again; or remove it"
        return Beyond(self.name, f"{path} cannot be read as a request, so nobody knows whose it is", advice)


@contextmanager
def owned(directory: Path) -> Iterator[bool]:
    """Whether the spool there is this process's, for the length of the block."""
    try:
        lock = own(directory)
    except RecordingError:
        yield False
        return
    try:
        yield True
    finally:
        os.close(lock)


def at_work(place: str, directory: Path) -> Beyond:
    """What is said of a directory into which another process collects."""
    try:
        pid = (directory / LOCK).read_text()
    except OSError:
        pid = ""
    who = f"process {pid}" if pid.isdecimal() else "another process"
    advice = "it lets go of them within seconds, and of the files when the other runs in these are stored; or end it"
    return Beyond(place, f"{who} collects into {directory} and has some of the runs there", advice)


def _meant(records: Iterator[ExecutionRecord], is_meant: IsMeant) -> list[RunId]:
    return sorted({RunId(record.execution_id, record.trace_id) for record in records if is_meant(record)})


def _differs(path: Path, traces: Traces) -> bool:
    try:
        content = path.read_bytes()
    except FileNotFoundError:  # a collector at work has just removed it
        return False
    return without_runs(content, traces).content != content


def places_of_collecting(directory: Path) -> list[Place]:
    """Where runs may lie that are collected into a directory: its spool and its quarantine."""
    return [ErasableSpool(directory), ErasableQuarantine(directory / "quarantine")]
