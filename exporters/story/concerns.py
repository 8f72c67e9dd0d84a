"""Whether somebody should look after whoever wrote a prompt: what the first check said of it, which stops nothing."""

from __future__ import annotations

from collections.abc import Mapping

from otel_tracking.record import ExecutionRecord
from otel_tracking.taxonomy import ItemType


def is_concern(record: ExecutionRecord) -> bool:
    """Whether a check of stage 1 found words by which somebody may say that they want to hurt themselves."""
    checks = (item.metadata for item in record.items_of(ItemType.STAGE1_SAFETY_CHECK))
    return any(isinstance(said, Mapping) and bool(said.get("concerns")) for said in checks)
