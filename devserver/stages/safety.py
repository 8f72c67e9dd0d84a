"""Stages 1 and 3: ask the safety check, and say in the record what it answered. A block is an outcome, not an error."""

from __future__ import annotations

from typing import Any

from devserver.engines import Engines, Verdict
from devserver.stages.texts import Text
from otel_tracking import ItemType
from otel_tracking.scopes import Stage


def check_input(stage: Stage, text: Text, level: str, engines: Engines) -> Verdict:
    """The verdict on what the person typed, in the language they typed it in."""
    verdict = _ask(stage, 1, text, level, engines)
    found = describe(verdict, level)

    stage.item(ItemType.STAGE1_SAFETY_CHECK, model_used=verdict.list_version, metadata=found)
    if not verdict.safe:
        stage.item(ItemType.STAGE1_BLOCKED, content=reason(verdict), model_used=verdict.list_version, metadata=found)
    return verdict


def check_output(stage: Stage, text: Text, level: str, engines: Engines) -> Verdict:
    """The verdict on what an output is about to be made from, or on a text that is the output itself."""
    verdict = _ask(stage, 3, text, level, engines)
    found = describe(verdict, level)

    stage.item(ItemType.STAGE3_SAFETY_CHECK, input_text=text.content, model_used=verdict.list_version, metadata=found)
    if not verdict.safe:
        stage.item(ItemType.STAGE3_BLOCKED, content=reason(verdict), model_used=verdict.list_version, metadata=found)
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
    }


def reason(verdict: Verdict) -> str:
    """Why something was blocked, for people.

    The terms themselves stay in the metadata: this sentence may be shown.
    """
    return f"blocked by the safety check ({', '.join(verdict.codes) or verdict.method})"


def _ask(stage: Stage, number: int, text: Text, level: str, engines: Engines) -> Verdict:
    asked = {"level": level, "language": text.language, "stage": number}
    backend = engines.safety_backend
    with stage.backend_call(backend.name, model=backend.model, configured=asked, operation="safety_check") as call:
        call.passed({"text": text.content, **asked})
        verdict = engines.check_safety(text.content, level=level, language=text.language, stage=number)
        call.response(describe(verdict, level))
    return verdict
