"""What a run's configuration leads to expect, as its metadata have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from otel_tracking.record import ExecutionRecord


def plan_of(record: ExecutionRecord) -> Mapping[str, Any]:
    """The configuration, with the journey that was asked for in place of its own; empty where none is known."""
    said = record.metadata if isinstance(record.metadata, Mapping) else {}
    plan, languages = said.get("config"), said.get("languages")
    if not isinstance(plan, Mapping):
        return {}
    wanted = plan.get("interception")
    if not isinstance(languages, list | tuple) or not isinstance(wanted, Mapping):
        return plan
    return {**plan, "interception": {**wanted, "languages": languages}}


def hops_in(plan: Mapping[str, Any]) -> int:
    """How many hops there will be: as many as languages, where those are listed."""
    wanted = plan.get("interception")
    if not isinstance(wanted, Mapping) or wanted.get("kind") != "translation_chain":
        return 0
    languages, hops = wanted.get("languages"), wanted.get("hops")
    if isinstance(languages, list | tuple):
        return len(languages)
    return hops if type(hops) is int else 0


def is_passed_on(plan: Mapping[str, Any]) -> bool:
    """Whether the final text is the prompt itself, or its translation."""
    wanted = plan.get("interception")
    return isinstance(wanted, Mapping) and wanted.get("kind") == "pass_on"
