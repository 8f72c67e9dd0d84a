"""Let go of runs that were erased while a collector is at work: what it holds of them, and what still comes."""

from __future__ import annotations

import functools
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from collectors.delivery.sinks import RefusingSink, Sink
from collectors.receiving.erasing_asides import erase_asides
from collectors.receiving.kept_runs import traces_in, without_traces
from collectors.receiving.quarantine import Quarantine, RequestBody
from collectors.receiving.senders import Senders
from collectors.receiving.sorting import Sorted
from collectors.receiving.trace_id import TraceId

IsErased = Callable[[str], bool]
"""Whether a run was erased, by its trace id in hex."""

REFUSED = "refused"
"""The count of spans that were taken, so that nobody sends them again, and not kept."""

_KNOWN_REQUESTS = 20_000
LOOKS_AT_SENDERS = 60
"""Every so many looks who sent what is gone through: a hundred thousand runs take a fifth of a second."""


class ErasedRuns:
    """Knows which runs were erased; for a collector that was told of none, none was."""

    def __init__(self, is_erased: IsErased | None, counts: Counter[str]) -> None:
        self._is_erased, self._counts = is_erased, counts
        self._looks = itertools.count()
        self._traces_of = functools.lru_cache(_KNOWN_REQUESTS)(_traces_of_name)

    def holds(self, trace_id: int) -> bool:
        """Whether a run was erased."""
        return self._is_erased is not None and self._is_erased(f"{trace_id:032x}")

    def among(self, trace_ids: Iterable[int]) -> frozenset[int]:
        """Those of the runs that were erased."""
        return frozenset(filter(self.holds, trace_ids)) if self._is_erased else frozenset()

    def count(self, spans: int) -> None:
        """Count spans of erased runs."""
        self._counts[REFUSED] += spans

    def taken_out_of(self, found: Sorted) -> Sorted:
        """What may be kept of a request; the spans of erased runs are counted."""
        erased = self.among({*found.ours, *(odd.trace_id for odd in found.odd)})
        rest = found.without(erased) if erased else found
        self.count(found.span_count - rest.span_count)
        return rest

    def left_of(self, found: Sorted, request: RequestBody, traces: Iterable[int]) -> tuple[Sorted, RequestBody]:
        """What may be kept of a request that has spans of these traces: both `taken_out_of` and `rest_of`."""
        erased = self.among(traces)
        if not erased:
            return found, request
        # Those that are ours are looked up by a hash of their own, the odd ones are not.
        rest = found.without(erased.union(map(TraceId, erased)))
        self.count(found.span_count - rest.span_count)
        return rest, RequestBody(request.kind, without_traces(*request, erased))

    def rest_of(self, request: RequestBody) -> RequestBody:
        """A request without erased runs; its body is empty where there is nothing else in it."""
        if self._is_erased is None:
            return request
        erased = self.among(traces_in(*request))
        return RequestBody(request.kind, without_traces(*request, erased)) if erased else request

    def leave_senders(self, senders: Senders, erased: frozenset[int]) -> None:
        """Forget who sent these runs; now and then also of those that were stored and done with before."""
        if self._is_erased is not None and next(self._looks) % LOOKS_AT_SENDERS == 0:
            erased |= self.among(senders.known())
        senders.forget(erased)

    def leave(self, quarantine: Quarantine) -> None:
        """Take erased runs out of what was set aside, also where they only came in the same request."""
        if self._is_erased is None:
            return
        held = {int(aside.trace_id, 16) for aside in quarantine.asides}
        for name in quarantine.names:
            held |= self._traces_of(quarantine, name)
        erased = self.among(held)
        if erased:
            with quarantine.rewriting() as directory:
                erase_asides(directory, erased, lambda _: None)


def _traces_of_name(quarantine: Quarantine, name: str) -> frozenset[int]:
    try:
        return traces_in(*quarantine.request(name))
    except OSError:  # it is gone, or not what was written
        return frozenset()


def asked_of(sinks: Sequence[Sink]) -> IsErased | None:
    """Asks sinks that know of erased runs, all of them; None where one of them does not."""
    # What a sink can is looked at once: to look costs as much as to ask it ten times.
    refusing = [sink for sink in sinks if isinstance(sink, RefusingSink)]
    if not sinks or len(refusing) < len(sinks):
        return None
    return lambda trace_id: all(sink.is_erased(None, trace_id) for sink in refusing)
