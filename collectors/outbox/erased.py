"""Let go of runs that were erased while they waited to be sent."""

from __future__ import annotations

from collections.abc import Callable

from collectors.outbox.line import ANYBODY, InLine, WaitingLine
from collectors.receiving.entries import PROTOBUF
from collectors.receiving.kept_runs import traces_in, without_traces
from collectors.spans.without_traces import Traces

IsErased = Callable[[str], bool]
"""Whether a run was erased, by its trace id in hex. Raises where nobody can say: then nothing is sent."""


def rest_of(body: bytes, is_erased: IsErased) -> bytes:
    """A request without runs that were erased; empty where nothing is left of it."""
    erased = _among(traces_in(PROTOBUF, body), is_erased)
    return without_traces(PROTOBUF, body, erased) if erased else body


def let_go_of_erased(line: WaitingLine, is_erased: IsErased) -> int:
    """Write the files that hold erased runs anew, without them; how many runs that were.

    A file goes when nothing in it waits any more: so all else that waits in it moves to another.
    """
    waiting = line.all()
    erased = _among(frozenset().union(*(one.traces for one in waiting)), is_erased)
    tainted = {(id(one.box), one.place.segment) for one in waiting if one.traces & erased}
    moving = [one for one in waiting if (id(one.box), one.place.segment) in tainted]
    for box in {id(one.box): one.box for one in moving}.values():
        box.roll()
    for one in moving:
        _move(line, one, erased)
    return len(erased)


def _move(line: WaitingLine, one: InLine, erased: Traces) -> None:
    body = without_traces(PROTOBUF, one.box.read(one.place).body, erased)
    if not body:
        line.done(one)
        return
    traces = one.traces - erased
    other = one._replace(place=one.box.append(PROTOBUF, body, [ANYBODY], beyond=True), traces=traces)
    if not line.replace(one, other):
        one.box.release([other.place], ANYBODY)


def _among(traces: Traces, is_erased: IsErased) -> Traces:
    return frozenset(trace for trace in traces if is_erased(f"{trace:032x}"))
