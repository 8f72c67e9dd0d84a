"""What a replay is made of: what is wished, the steps that were planned, and what came of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from devserver.diff import Comparison
from devserver.engines import InputImage
from otel_tracking import SpanRecord


class CannotRepeat(Exception):
    """An attempt cannot be sent again; the message says why, as a part of a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What somebody wants of a replay.

    `only` are labels (`2/3`) or stages (`2`); `base_urls` pairs of the beginning of a URL and what stands for it now;
    `allowed_hosts` are told prompts beside this machine; `follow` asks for new results where old ones were asked for.
    """

    only: tuple[str, ...] = ()
    seed: int | None = None
    base_urls: tuple[tuple[str, str], ...] = ()
    allowed_hosts: frozenset[str] = frozenset()
    follow: bool = False

    def to_dict(self) -> dict[str, Any]:
        """What was wished, as the new record keeps it."""
        wished = {"only": list(self.only), "seed": self.seed, "base_urls": dict(self.base_urls), "follow": self.follow}
        return {name: value for name, value in wished.items() if value or (value is not False and value == 0)}


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request that is ready to leave. `url`, `headers` and `body` may hold secrets; `shown_url` is for people.

    `is_exact` says that the body is byte for byte the recorded one. `asks_for` is what an earlier answer gave out,
    where the request is a question for it: the new one is asked for instead.
    """

    method: str
    url: str = field(repr=False)
    shown_url: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)
    is_exact: bool = True
    asks_for: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineCall:
    """A call of an embedded engine with what it was handed; `images` are the pictures that `passed` names."""

    backend: str
    passed: Mapping[str, Any] = field(repr=False)
    images: tuple[InputImage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One recorded attempt: what would be sent again, or the obstacle. `call` is the span of the call it belongs to."""

    label: str
    span: SpanRecord
    call: SpanRecord
    todo: HttpRequest | EngineCall | None = None
    obstacle: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was handed over the first time either."""
        return self.todo is None and self.obstacle is None

    def to_dict(self) -> dict[str, Any]:
        """What would be sent: sizes and addresses, no secrets and no prompts."""
        sent = self.todo if isinstance(self.todo, HttpRequest) else None
        return {
            "attempt": self.label,
            "stage": self.call.stage,
            "stage_iteration": self.call.stage_iteration,
            "loop_iteration": self.call.loop_iteration,
            "name": self.span.name,
            "backend": self.call.backend_used,
            "model": self.call.model_used,
            "method": sent and sent.method,
            "url": sent and sent.shown_url,
            "bytes": sent and len(sent.body),
            "exact": sent.is_exact if sent else None,
            "obstacle": self.obstacle,
            "notes": list(self.notes),
        }


class StepOutcome(StrEnum):
    """What came of a step."""

    IDENTICAL = "identical"
    NOT_COMPUTED = "nothing was computed"
    """The same came back because the server had kept it: that says nothing of what it would make."""

    DIFFERENT = "different"
    FAILED = "failed"
    NOT_SENT = "not sent"
    NOTHING = "nothing to send"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """A step and what came of it. `comparison` is of this attempt and its items; None where it was not sent."""

    step: Step
    outcome: StepOutcome
    comparison: Comparison | None = None
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The step's fields, the outcome, and the differences."""
        return {
            **self.step.to_dict(),
            "outcome": str(self.outcome),
            "notes": [*self.step.notes, *self.notes],
            "comparison": self.comparison and self.comparison.to_dict(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What came of a replay. `execution_id` is that of the new run; None where nothing was sent."""

    repeats: str
    execution_id: str | None
    steps: tuple[Repeated, ...]

    @property
    def is_identical(self) -> bool:
        """Whether every attempt came out as it had, or had nothing to repeat."""
        return all(step.outcome in (StepOutcome.IDENTICAL, StepOutcome.NOTHING) for step in self.steps)

    def to_dict(self) -> dict[str, Any]:
        """All fields by name, with `identical`."""
        return {
            "repeats": self.repeats,
            "execution_id": self.execution_id,
            "identical": self.is_identical,
            "attempts": [step.to_dict() for step in self.steps],
        }
