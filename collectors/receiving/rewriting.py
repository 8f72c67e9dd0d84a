"""Write a segment of the spool, or a request that is set aside, without the spans of some traces."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from collectors.receiving.durably import sync_directory, write_whole
from collectors.receiving.entries import PackedEntry, read_packed
from collectors.receiving.kept_runs import without_traces
from collectors.receiving.unpacking import ORDINARY
from collectors.spans.without_traces import Traces, mentions
from otel_tracking.erasure import Step

_A_FEW = 256
"""Bytes that are unpacked at once: what comes with an error is lost."""


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
        return Rest(b"", 0) if mentions(_readable(raw), traces) else Rest(raw, 1)
    try:
        before = entry.body
        body = without_traces(entry.kind, before, traces)
    except Exception:  # another version took it, and may be able to
        return Rest(raw, 1)
    if body == before:
        return Rest(raw, 0)
    return Rest(entry.with_body(body).to_bytes() if body else b"", 0)


def _readable(raw: bytes) -> bytes:
    """An entry that is not sound, with what can be unpacked of it where its body begins as gzip."""
    start = raw.find(ORDINARY)
    if start < 0:
        return raw
    parts, unpacking = [raw], zlib.decompressobj(zlib.MAX_WBITS | 16)
    with contextlib.suppress(zlib.error):
        for place in range(start, len(raw), _A_FEW):
            parts.append(unpacking.decompress(raw[place : place + _A_FEW]))
    return b"".join(parts)


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
