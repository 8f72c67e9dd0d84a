"""Whether somebody should look after whoever wrote a prompt: what the first check says of it, which stops nothing."""

from __future__ import annotations

from collections.abc import Mapping

from devserver.requests import Request
from devserver.safety.terms import check_terms
from otel_tracking.record import ExecutionRecord
from otel_tracking.taxonomy import ItemType

_ANY_LANGUAGE = "und"


def is_concern(record: ExecutionRecord) -> bool:
    """Whether a check of stage 1 found words by which somebody may say that they want to hurt themselves."""
    checks = (item.metadata for item in record.items_of(ItemType.STAGE1_SAFETY_CHECK))
    return any(isinstance(said, Mapping) and bool(said.get("concerns")) for said in checks)


def will_concern(request: Request) -> bool:
    """The same of a request whose run has not come so far: whoever wrote it need not wait for words of help."""
    verdict = check_terms(request.prompt, level=request.safety_level, language=_ANY_LANGUAGE, stage=1)
    return bool(verdict.concerns)
