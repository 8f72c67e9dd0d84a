"""Set a trace aside, loudly: into the quarantine, counted, and told."""

from __future__ import annotations

import logging
from collections import Counter

from collectors.receiving.quarantine import Quarantine, Request
from collectors.receiving.runs import Due
from collectors.receiving.spool import Spool

_log = logging.getLogger("otel_tracking")

MOST_TOLD = 10
"""Lines in the log for each reason; later ones are counted only: a log is no place to flood."""


class SettingAside:
    """Moves what cannot be taken from the spool into the quarantine. For several threads."""

    def __init__(self, quarantine: Quarantine, spool: Spool) -> None:
        self._quarantine, self._spool = quarantine, spool
        self.counts: Counter[str] = Counter()

    def part(self, trace_id: int, reason: str, sender: str, request: Request, spans: int) -> None:
        """Set aside what one request brought of a trace. Raises OSError where it cannot be kept."""
        self._quarantine.put(trace_id, reason, sender, [request], spans=spans)
        self._tell(trace_id, reason)

    def run(self, due: Due, reason: str, *, is_whole: bool) -> None:
        """Set aside a run with all requests that had spans of it. Raises OSError where they cannot be kept."""
        entries = map(self._spool.read, dict.fromkeys(due.places))
        requests = (Request(entry.kind, entry.body) for entry in entries)
        self._quarantine.put(due.trace_id, reason, due.sender, requests, spans=len(due.spans), is_whole=is_whole)
        self._tell(due.trace_id, reason)

    def _tell(self, trace_id: int, reason: str) -> None:
        self.counts[reason] += 1
        if self.counts[reason] <= MOST_TOLD:
            _log.warning("spans of trace %032x %s; they are set aside, see collect --quarantine", trace_id, reason)
