"""Where in the spans of a run secrets were removed: said once for each span, in a fact of its own."""

from __future__ import annotations

from otel_tracking.frame import FACT, freeze
from otel_tracking.span_event import Frame

REDACTION_FACT, REDACTED_FACT = "redaction", "redacted"
"""Names of the facts that say by which rules secrets were looked for in a run, and where some were in a span."""

MOST_PLACES = 1_000
"""Places that one span names; in all of them a marker stands."""


class RedactedPlaces:
    """The places by span id: `configured.api_key`, `item 7: metadata.headers.authorization`."""

    def __init__(self) -> None:
        self._places: dict[int, list[str]] = {}
        self.is_empty = True

    def note(self, span_id: int, places: list[str]) -> None:
        """Secrets were removed in these places of a span."""
        self.is_empty = False
        known = self._places.setdefault(span_id, [])
        known += places[: MOST_PLACES - len(known)]

    def fact_of(self, span_id: int, at: int) -> Frame | None:
        """The fact that names all places of a span; None where nothing was removed. The last one counts."""
        places = self._places.get(span_id)
        if places is None:
            return None
        return Frame(REDACTED_FACT, at, span_id, freeze((FACT, span_id, REDACTED_FACT, places)))
