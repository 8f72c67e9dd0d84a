"""Set a trace aside, loudly: into the quarantine, counted, and told."""

from __future__ import annotations

import contextlib
import logging
from collections import Counter, OrderedDict
from collections.abc import Sequence

from collectors.receiving.erased_runs import ErasedRuns
from collectors.receiving.quarantine import Quarantine, RequestBody
from collectors.receiving.runs import Due, Refusal
from collectors.receiving.spool import Entry, InSpool, Spool

_log = logging.getLogger("otel_tracking")

MOST_TOLD = 10
"""Lines in the log for each reason; later ones are counted only: a log is no place to flood."""

MOST_NAMED = 100
"""Traces of one request that get an entry each; what is more of them shares one, without a trace of its own."""

NAMES_KEPT = 100
OTHERS = "are of the same request as the others, each for a reason of its own"


class SettingAside:
    """Moves what cannot be taken from the spool into the quarantine. For several threads."""

    def __init__(self, quarantine: Quarantine, spool: Spool, erased: ErasedRuns) -> None:
        self._quarantine, self._spool, self._erased = quarantine, spool, erased
        self._names: OrderedDict[InSpool, str] = OrderedDict()
        self.counts: Counter[str] = Counter()

    def parts(self, refusals: Sequence[Refusal], request: RequestBody, sender: str) -> None:
        """Set aside what one request brought of some traces. Raises OSError where it cannot be kept."""
        refusals = [refusal for refusal in refusals if not self._erased.holds(refusal.trace_id)]
        if not refusals:
            return
        named, others = refusals[:MOST_NAMED], refusals[MOST_NAMED:]
        if others:
            named = [*named, Refusal(0, OTHERS, sum(refusal.spans for refusal in others))]
        kept: RequestBody | str = self._erased.rest_of(request)
        for refusal in named:
            aside = self._quarantine.put(refusal.trace_id, refusal.reason, sender, [kept], spans=refusal.spans)
            # By its name from now on: to hash the same megabytes for each trace would be what a sender could want.
            [kept] = aside.requests
        for refusal in refusals:
            self._tell(refusal.trace_id, refusal.reason)

    def run(self, due: Due, reason: str, *, is_whole: bool) -> None:
        """Set aside a run with all requests that had spans of it. Raises OSError where they cannot be kept."""
        if self._erased.holds(due.trace_id):
            return self._erased.count(len(due.spans))
        places = list(dict.fromkeys(due.places))
        spans = len(due.spans)
        with contextlib.suppress(KeyError):  # it had to go for newer ones meanwhile
            names = [self._names.get(place) or self._read(place) for place in places]
            return self._put(due, reason, places, names, spans, is_whole)
        return self._put(due, reason, places, [self._read(place) for place in places], spans, is_whole)

    def _put(
        self,
        due: Due,
        reason: str,
        places: list[InSpool],
        requests: Sequence[RequestBody | str],
        spans: int,
        is_whole: bool,
    ) -> None:
        aside = self._quarantine.put(due.trace_id, reason, due.sender, requests, spans=spans, is_whole=is_whole)
        if len(aside.requests) == len(places):
            self._names.update(zip(places, aside.requests, strict=True))
        while len(self._names) > NAMES_KEPT:
            self._names.popitem(last=False)
        self._tell(due.trace_id, reason)

    def _read(self, place: InSpool) -> RequestBody:
        entry: Entry = self._spool.read(place)
        return self._erased.rest_of(RequestBody(entry.kind, entry.body))

    def _tell(self, trace_id: int, reason: str) -> None:
        self.counts[reason] += 1
        if self.counts[reason] <= MOST_TOLD:
            _log.warning("spans of trace %032x %s; they are set aside, see collect --quarantine", trace_id, reason)
