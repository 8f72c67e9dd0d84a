"""Let go of runs that waited to be sent and may not leave any more: erased ones, and those without consent."""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple

from collectors.outbox.line import ANYBODY, InLine, WaitingLine
from collectors.receiving.entries import PROTOBUF
from collectors.receiving.kept_runs import traces_in, without_traces
from collectors.spans.without_traces import Traces

DAMAGED = "damaged"
"""How requests are counted that the disk did not give back."""


class Stays(StrEnum):
    """Why a run is not sent."""

    ERASED = "erased"
    WITHHELD = "withheld"


WhyStays = Callable[[str], Stays | None]
"""Why a run may not leave, by its trace id in hex; None where it may. Raises where nobody can say: nothing is sent."""


class Sendable(NamedTuple):
    """What of a request may leave, empty where nothing may, and how many runs may not, by reason."""

    body: bytes
    staying: Counter[str]


def rest_of(body: bytes, why_stays: WhyStays) -> Sendable:
    """A request without runs that may not leave."""
    reasons = _among(traces_in(PROTOBUF, body), why_stays)
    rest = without_traces(PROTOBUF, body, frozenset(reasons)) if reasons else body
    return Sendable(rest, Counter(reasons.values()))


def let_go_of_staying(line: WaitingLine, why_stays: WhyStays) -> Counter[str]:
    """Write the files that hold runs that may not leave anew, without them; how many runs that were, by reason.

    What the disk gives back changed is let go of, and counted as `damaged`.

    A file goes when nothing in it waits any more: so all else that waits in it moves to another.
    """
    waiting = line.all()
    reasons = _among(frozenset().union(*(one.traces for one in waiting)), why_stays)
    staying = frozenset(reasons)
    tainted = {(id(one.box), one.place.segment) for one in waiting if one.traces & staying}
    moving = [one for one in waiting if (id(one.box), one.place.segment) in tainted]
    for box in {id(one.box): one.box for one in moving}.values():
        box.roll()
    counts: Counter[str] = Counter(reasons.values())
    for one in moving:
        body = read_or_none(one)
        counts[DAMAGED] += body is None
        _move(line, one, body or b"", staying)
    return counts


def read_or_none(one: InLine) -> bytes | None:
    """A request that waits; None where the disk gives back something else than it was given."""
    try:
        return one.box.read(one.place).body
    except OSError as trouble:
        if trouble.errno not in (None, errno.ENOENT):
            raise
        return None


def _move(line: WaitingLine, one: InLine, whole: bytes, staying: Traces) -> None:
    body = without_traces(PROTOBUF, whole, staying) if whole else b""
    if not body:
        line.done(one)
        return
    traces = one.traces - staying
    other = one._replace(place=one.box.append(PROTOBUF, body, [ANYBODY], beyond=True), traces=traces)
    if not line.replace(one, other):
        one.box.release([other.place], ANYBODY)


def _among(traces: Traces, why_stays: WhyStays) -> Mapping[int, Stays]:
    found = ((trace, why_stays(f"{trace:032x}")) for trace in traces)
    return {trace: why for trace, why in found if why}
