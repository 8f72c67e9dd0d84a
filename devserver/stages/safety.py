"""Stages 1 and 3: ask the safety check, and say in the record what it answered. A block is an outcome, not an error."""

from __future__ import annotations

from typing import Any

from devserver.engines import Engines, Verdict
from devserver.stages.texts import Text
from otel_tracking import ItemType
from otel_tracking.scopes import Stage

_TYPES = {
    1: (ItemType.STAGE1_SAFETY_CHECK, ItemType.STAGE1_BLOCKED),
    3: (ItemType.STAGE3_SAFETY_CHECK, ItemType.STAGE3_BLOCKED),
}


def check_text(stage: Stage, number: int, text: Text, level: str, engines: Engines) -> Verdict:
    """The verdict of stage 1 on what the person typed, in the language they typed it in; or that of stage 3.

    Stage 3 looks at what an output is about to be made from, or at a text that is the output itself.
    """
    asked = {"level": level, "language": text.language, "stage": number}
    backend = engines.safety_backend
    with stage.backend_call(backend.name, model=backend.model, configured=asked, operation="safety_check") as call:
        call.passed({"text": text.content, **asked})
        verdict = engines.check_safety(text.content, level=level, language=text.language, stage=number)
        found = describe(verdict, level)
        call.response(found)

    checked, blocked = _TYPES[number]
    # What was typed is an item already.
    said = text.content if number == 3 else None
    stage.item(checked, input_text=said, model_used=verdict.list_version, metadata=found)
    if not verdict.safe:
        stage.item(blocked, content=reason(verdict), model_used=verdict.list_version, metadata=found)
    return verdict


def describe(verdict: Verdict, level: str) -> dict[str, Any]:
    """What a check found, as its items keep it."""
    return {
        "safe": verdict.safe,
        "safety_level": level,
        "codes": list(verdict.codes),
        "found_terms": list(verdict.found_terms),
        "method": verdict.method,
        "list_version": verdict.list_version,
        **({"concerns": list(verdict.concerns)} if verdict.concerns else {}),
    }


def reason(verdict: Verdict) -> str:
    """Why something was blocked, for people.

    The terms themselves stay in the metadata: this sentence may be shown.
    """
    return f"blocked by the safety check ({', '.join(verdict.codes) or verdict.method})"
