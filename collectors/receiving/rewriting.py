"""Write a segment of the spool, or a request that is set aside, without the spans of some traces."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from collectors.receiving.durably import sync_directory, write_whole
from collectors.receiving.entries import PackedEntry, read_packed
from collectors.receiving.kept_runs import without_traces
from collectors.spans.without_traces import Traces, mentions
from otel_tracking.erasure import Step


class Rest(NamedTuple):
    """What stays of a segment; `unknown` of its entries nobody can read, and so cannot tell whose they are."""

    content: bytes
    unknown: int


def without_runs(segment: bytes, traces: Traces) -> Rest:
    """A segment without the spans of these traces, everything else as it was.

    An entry that is damaged, or was never finished, goes where it names one of the traces, since nobody can read it.
    """
    parts = [_rest_of(entry, raw, traces) for entry, raw in _entries_of(segment)]
    return Rest(b"".join(part.content for part in parts), sum(part.unknown for part in parts))


def _entries_of(segment: bytes) -> Iterator[tuple[PackedEntry | None, bytes]]:
    """Each entry with its bytes; None for what was never finished."""
    file = BytesIO(segment)
    while (start := file.tell()) < len(segment):
        try:
            yield read_packed(file), segment[start : file.tell()]
        except EOFError:
            yield None, segment[start:]
            return


def _rest_of(entry: PackedEntry | None, raw: bytes, traces: Traces) -> Rest:
    if entry is None or not entry.is_sound:
        return Rest(b"", 0) if mentions(raw, traces) else Rest(raw, 1)
    try:
        body = without_traces(entry.kind, entry.body, traces)
    except Exception:  # another version took it, and may be able to
        return Rest(raw, 1)
    return Rest(entry.with_body(body).to_bytes() if body else b"", 0)


def replace_durably(path: Path, content: bytes, step: Step) -> None:
    """Put other content at `path`, or nothing where it is empty: what is there is the one or the other, whole."""
    if not content:
        step(f"remove {path.name}")
        path.unlink(missing_ok=True)
        sync_directory(path.parent)
    else:
        write_whole(path, content, step)


def remove_what_deaths_left(directory: Path) -> None:
    """Remove files that were being written when a process died: what they were to replace is still there."""
    for path in directory.glob(".*"):
        if path.is_file():
            path.unlink(missing_ok=True)
