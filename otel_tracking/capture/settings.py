"""What capture may keep, where it may put it, and whom it may tell about the trace."""

from __future__ import annotations

from dataclasses import dataclass

from otel_tracking.secrets.redaction import DEFAULT_POLICY, RedactionPolicy


@dataclass(frozen=True)
class CaptureSettings:
    """How the wire is recorded.

    `redaction` says what is a secret. `contents_in_attributes` also puts prompts and answers into span attributes,
    where viewers show them; the facts hold them in any case. `own_hosts` are told the trace (`traceparent`), as the
    loopback is; nobody else ever is. Bodies of more than `largest_body` bytes leave their size and sha256 alone.
    """

    redaction: RedactionPolicy = DEFAULT_POLICY
    contents_in_attributes: bool = False
    own_hosts: frozenset[str] = frozenset()
    largest_body: int = 32 * 2**20


DEFAULT_CAPTURE = CaptureSettings()
