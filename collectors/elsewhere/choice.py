"""Say which sinks get a process of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from collectors.delivery.sinks import PortableSink, Sink
from collectors.elsewhere.writer import Tally
from otel_tracking.environment import PROCESS, THREAD
from otel_tracking.errors import RecordingError


class Tallies:
    """Passes on what is counted of the records that are made elsewhere, once there is who counts."""

    def __init__(self) -> None:
        self.tell: Callable[[Tally], None] = _nobody

    def pass_on(self, tally: Tally) -> None:
        """Tell it to whoever counts."""
        self.tell(tally)


def _check(assembly: str, sinks: Sequence[Sink]) -> None:
    if assembly not in (THREAD, PROCESS):
        raise RecordingError(f"assembly is {assembly!r:.40}; {THREAD!r} or {PROCESS!r} would work")
    if assembly == PROCESS and sinks and not any(isinstance(sink, PortableSink) for sink in sinks):
        named = ", ".join(type(sink).__name__ for sink in sinks)
        raise RecordingError(
            f"assembly is {PROCESS!r}, and none of the sinks ({named}) says what opens it in another process. "
            f"ParquetSink does, as would any with a method opener(); assembly={THREAD!r} works with every sink"
        )


def served(sinks: Sequence[Sink], assembly: str, tallies: Tallies) -> Sequence[Sink]:
    """The sinks as they are given records; where that is wished, each that can go has a process of its own.

    Raises `RecordingError` where there is no such way, or none of the sinks can go it.
    """
    _check(assembly, sinks)
    if assembly == THREAD:
        return sinks
    from collectors.elsewhere.far_sink import FarSink  # 20 ms, and most recordings have none

    all_go = all(isinstance(sink, PortableSink) for sink in sinks)
    return [
        # A record is counted once: where it is made here as well, here.
        FarSink(sink, tallies.pass_on if all_go and number == 0 else _nobody)
        if isinstance(sink, PortableSink)
        else sink
        for number, sink in enumerate(sinks)
    ]


def _nobody(tally: Tally) -> None:
    """Somebody else counts it."""
