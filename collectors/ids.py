"""Trace and span ids from the operating system's random numbers.

The SDK's own generator draws from Python's global `random`: a pipeline that seeds it would repeat ids, and tracking
would change the pipeline's random numbers.
"""

from __future__ import annotations

import os

from opentelemetry.sdk.trace.id_generator import IdGenerator


class SystemIdGenerator(IdGenerator):
    """Ids from `os.urandom`, never zero."""

    def generate_span_id(self) -> int:
        """A random 64-bit id."""
        return int.from_bytes(os.urandom(8)) or self.generate_span_id()

    def generate_trace_id(self) -> int:
        """A random 128-bit id."""
        return int.from_bytes(os.urandom(16)) or self.generate_trace_id()

    def is_trace_id_random(self) -> bool:
        """Yes: every bit is."""
        return True
