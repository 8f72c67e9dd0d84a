"""Read a request once: what is kept of it, without secrets, and the spans in it."""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

from collectors.spans.batches import Batch
from collectors.spans.of_otlp import batches_of_message, batches_of_protobuf, message_of
from collectors.spans.of_otlp_json import batches_of_json
from collectors.spans.request_secrets import clean_message, without_secrets_in_json, without_secrets_in_pieces, written
from otel_tracking.secrets.frozen import usual_redactor


class KeptRequest(NamedTuple):
    """A request without secrets, and its spans with whose they are."""

    body: bytes
    batches: list[Batch]

    @property
    def traces(self) -> list[int]:
        """The traces that it has spans of, or what stands in the place of some, each once."""
        ids = [one.trace_id for batch in self.batches for part in (batch.spans, batch.odd) for one in part]
        # Sorted, not in a set: who chooses the ids could choose them so that all have one hash.
        return [trace_id for trace_id, _ in groupby(sorted(ids)) if trace_id]


def keep_protobuf(body: bytes) -> KeptRequest:
    """What is kept of a request: the same bytes where it has no secret. Raises `RecordError` for what is no request."""
    redactor = usual_redactor()
    may_hold_secret = redactor.is_worth_a_look(body)
    message = message_of(body)
    if message is None:
        rest = without_secrets_in_pieces(body, redactor) if redactor.may_hold_secret(body) else body
        return KeptRequest(rest, batches_of_protobuf(rest))
    if may_hold_secret and redactor.may_hold_secret(body) and clean_message(message, redactor):
        body = written(message)
    return KeptRequest(body, batches_of_message(message, may_hold_secret=may_hold_secret))


def keep_json(body: bytes) -> KeptRequest:
    """The same of a request in JSON."""
    rest = without_secrets_in_json(body)
    return KeptRequest(rest, batches_of_json(rest))
