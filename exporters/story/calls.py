"""The calls of backends: what was asked for, what left the process, what became of each parameter on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from exporters.story.boxes import made_by, parameters_of
from exporters.story.changed import Changed, changed_in
from exporters.story.parts import Parameter, joined
from exporters.story.readable import readable, seconds, visible_line
from otel_tracking.passed_differently import PassedDifferently, passed_differently
from otel_tracking.record import ExecutionRecord, SpanRecord
from otel_tracking.values.places import ABSENT

_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Sent:
    """One parameter of a call; its `fate` is `same`, `changed`, `added`, `lost` or `unknown`."""

    name: str
    configured: str | None
    passed: str | None
    fate: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a backend: what was asked for, what left the process, what came back.

    Texts of parameters are made when they are asked for: a graph has hundreds, and no document shows all forms of them.
    """

    number: int
    label: str
    place: str
    made_by: str
    seconds: str
    error: str
    span: SpanRecord = field(repr=False)
    words: Mapping[str, str] = field(repr=False)

    @property
    def request(self) -> str:
        """`POST http://…` where the wire was recorded; empty where it was not."""
        passed = self.span.passed if isinstance(self.span.passed, Mapping) else {}
        return " ".join(visible_line(passed[name]) for name in ("method", "url") if passed.get(name))

    @property
    def configured(self) -> tuple[Parameter, ...]:
        """What was asked for, as it was given."""
        return parameters_of(self.span.configured)

    @property
    def passed(self) -> tuple[Parameter, ...]:
        """What left the process."""
        return parameters_of(self.span.passed)

    @property
    def not_passed(self) -> tuple[str, ...]:
        """The names of what was asked for and never left."""
        return tuple(map(visible_line, self.span.not_passed))

    @property
    def passed_differently(self) -> tuple[Changed, ...]:
        """What was asked for and left as something else."""
        return changed_in(self.span, self.words)

    @property
    def response(self) -> tuple[Parameter, ...]:
        """What the backend said of its answer."""
        return parameters_of(self.span.response)

    @property
    def sent(self) -> tuple[Sent, ...]:
        """What became of every single value on the way, by its name with dots."""
        return sent_of(self.span)

    @property
    def answered(self) -> tuple[Parameter, ...]:
        """Every single value of the answer, by its name with dots."""
        return tuple(Parameter(name, value) for name, value in _leaves(self.span.response))


def calls_of(record: ExecutionRecord, words: Mapping[str, str]) -> tuple[Call, ...]:
    """Every call of a backend, in order."""
    return tuple(
        Call(
            number=number,
            label=visible_line(span.name),
            place=_place(span, words),
            made_by=made_by(span.backend_used, span.model_used),
            seconds=seconds(span.execution_time),
            error=_error(span, words),
            span=span,
            words=words,
        )
        for number, span in enumerate(record.attempts, start=1)
    )


def sent_of(span: SpanRecord) -> tuple[Sent, ...]:
    """Every parameter of a call: those configured in their order, then those that came on top.

    >>> from otel_tracking.record import read_timestamp
    >>> sent_of(SpanRecord(span_id="1", parent_span_id=None, name="chat", kind="client", timestamp=read_timestamp(0),
    ...     configured={"steps": 25, "top_p": 1}, passed={"steps": 20, "seed": 7}, not_passed=("top_p",)))
    (Sent(name='steps', configured='25', passed='20', fate='changed'),
     Sent(name='top_p', configured='1', passed=None, fate='lost'),
     Sent(name='seed', configured=None, passed='7', fate='added'))
    """
    configured, passed = dict(_leaves(span.configured)), dict(_leaves(_parameters_in(span.passed)))
    lost = {visible_line(name) for name in span.not_passed}
    changed = {visible_line(one.name): _passed(one) for one in passed_differently(span)}
    first = [_configured(name, value, passed, lost, changed) for name, value in configured.items()]
    unnamed = [Sent(name, None, None, "lost") for name in sorted(lost - configured.keys())]
    added = [Sent(name, None, value, "added") for name, value in passed.items() if name not in configured]
    return (*first, *unnamed, *added)


def _place(span: SpanRecord, words: Mapping[str, str]) -> str:
    places = (("stage", span.stage), ("hop", span.stage_iteration), ("output", span.loop_iteration))
    return joined(*(f"{words[name]} {number}" for name, number in places if number is not None))


def _error(span: SpanRecord, words: Mapping[str, str]) -> str:
    if span.status != "error" and not span.error:
        return ""
    if isinstance(span.error, Mapping):
        told = [span.error.get(name) for name in ("error_type", "error_message")]
        return ": ".join(visible_line(part) for part in told if part) or readable(span.error)
    return visible_line(span.error) if span.error else words["failed"]


def _passed(one: PassedDifferently) -> str | None:
    return None if one.passed is ABSENT else readable(one.passed)


def _configured(
    name: str, value: str, passed: Mapping[str, str], lost: set[str], changed: Mapping[str, str | None]
) -> Sent:
    if name in changed:
        return Sent(name, value, changed[name], "lost" if changed[name] is None else "changed")
    if name in passed:
        return Sent(name, value, passed[name], "same")
    # An outer name stands for all that is inside: `options` for `options.top_p`.
    is_lost = any(outer in lost for outer in _outer(name))
    return Sent(name, value, None, "lost" if is_lost else "unknown")


def _outer(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[:length]) for length in range(1, len(parts) + 1))


def _parameters_in(passed: Any) -> Any:
    """The parameters in what was passed: of a recorded request its query and body."""
    if not isinstance(passed, Mapping) or "method" not in passed or "url" not in passed:
        return passed
    query, body = passed.get("query"), passed.get("body")
    query = query if isinstance(query, Mapping) else {}
    return {**query, **body} if isinstance(body, Mapping) else {**query, "body": body}


def _leaves(value: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Names with dots, and values as text."""
    if isinstance(value, Mapping) and value and depth < _DEEPEST:
        for key, part in value.items():
            own = visible_line(key if isinstance(key, str) else readable(key))
            yield from _leaves(part, f"{name}.{own}" if name else own, depth + 1)
    elif name or value not in (None, {}):
        yield name, readable(value)
