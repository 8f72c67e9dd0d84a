"""Read what waited in the bytes of a body: when its fact is read, on the thread of whoever reads it."""

from __future__ import annotations

from typing import Any

from otel_tracking.capture.bodies import read_harmless
from otel_tracking.capture.genai import answer_facts


def read_fields(fields: dict[str, Any], raw: bytes, content_type: str, *, to_send_again: bool) -> dict[str, Any]:
    """The fields of a request (which may be `to_send_again`) or of an answer, with its body and what that says."""
    body = read_harmless(raw, content_type, to_send_again=to_send_again)
    said = {} if to_send_again else answer_facts(body.value)
    return {**fields, "body": body.value, "body_facts": body.facts, **said}
