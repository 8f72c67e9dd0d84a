"""Take traces out of the quarantine: entries of theirs go, requests that others share are written without them.

A request's name is the hash of its bytes, so one that loses something is another request under another name. First
there is the new request, then there are the notes that name it, then the old ones go: a death leaves an entry with
the one or the other, or for a moment both, and the same once more ends it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from collectors.receiving.kept_runs import without_traces
from collectors.receiving.quarantine import BODIES, NOTE, Aside, RequestBody, id_of, name_of, read_asides
from collectors.receiving.rewriting import remove_what_deaths_left, replace_durably
from collectors.spans.without_traces import Traces, mentions
from otel_tracking.erasure import Step

Changed = tuple[Path, int]


def erase_asides(directory: Path, traces: Traces, step: Step) -> list[Changed]:
    """Do it; the files that went or were written anew, and their sizes. For whoever has the spool's lock."""
    for hidden_in in (directory, directory / BODIES):
        remove_what_deaths_left(hidden_in)
    return [*_erase_requests(directory, traces, step), *_erase_entries(directory, traces, step)]


def asides_with(directory: Path, traces: Traces) -> list[Path]:
    """The notes and requests that have something of these traces."""
    notes = [_note(directory, aside) for aside in read_asides(directory) if int(aside.trace_id, 16) in traces]
    return [*notes, *(path for path in _bodies(directory) if _holds(path, traces))]


def unreadable_requests(directory: Path, traces: Traces) -> list[Path]:
    """The requests that may have something of these traces, and that this version cannot read."""
    return [path for path in _bodies(directory) if _rest_of(path, traces) is None]


def _erase_requests(directory: Path, traces: Traces, step: Step) -> Iterator[Changed]:
    for path in _bodies(directory):
        rest = _rest_of(path, traces)
        if rest is None or rest == path.read_bytes():
            continue
        size = path.stat().st_size
        name = name_of(RequestBody(path.name[:1].encode(), rest)) if rest else None
        if name:
            replace_durably(path.with_name(name), rest, step)
        for aside in read_asides(directory):
            if path.name in aside.requests:
                _rename_request(directory, aside, path.name, name, step)
        replace_durably(path, b"", step)
        yield path, size - len(rest)


def _rename_request(directory: Path, aside: Aside, old: str, new: str | None, step: Step) -> None:
    names = [new if name == old else name for name in aside.requests]
    requests = tuple(dict.fromkeys(name for name in names if name is not None))
    if requests:
        size = sum((directory / BODIES / name).stat().st_size for name in requests)
        other = replace(aside, requests=requests, bytes=size, id=id_of(aside, requests))
        replace_durably(_note(directory, other), json.dumps(asdict(other)).encode(), step)
    replace_durably(_note(directory, aside), b"", step)


def _erase_entries(directory: Path, traces: Traces, step: Step) -> Iterator[Changed]:
    """Remove the notes of these traces, and the requests that nobody names any more."""
    for aside in read_asides(directory):
        if int(aside.trace_id, 16) in traces:
            path = _note(directory, aside)
            size = path.stat().st_size
            replace_durably(path, b"", step)
            yield path, size
    named = {name for aside in read_asides(directory) for name in aside.requests}
    for path in _bodies(directory):
        if path.name not in named:
            size = path.stat().st_size
            replace_durably(path, b"", step)
            yield path, size


def _bodies(directory: Path) -> list[Path]:
    return sorted((directory / BODIES).glob("[!.]*"))


def _note(directory: Path, aside: Aside) -> Path:
    return directory / f"{aside.id}{NOTE}"


def _rest_of(path: Path, traces: Traces) -> bytes | None:
    """A request without these traces; None where this version cannot read it."""
    try:
        return without_traces(path.name[:1].encode(), path.read_bytes(), traces)
    except Exception:
        return None


def _holds(path: Path, traces: Traces) -> bool:
    try:
        content = path.read_bytes()
    except FileNotFoundError:  # a collector at work has just removed it
        return False
    rest = _rest_of(path, traces)
    return mentions(content, traces) if rest is None else rest != content
