"""Look at runs of very many items on a thread of their own, so that no other run waits for that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from collectors.building.pieces import pieces_of_recorded
from collectors.spans.recorded import SpanData
from collectors.worker import Worker
from otel_tracking.columns import RecordInPieces
from otel_tracking.record import FinishReason
from otel_tracking.taxonomy import broken_rules

LARGE = 10_000
"""Entries in the log of a run from which on it is a large one: some 0.2 s of work, and 20 MB."""

