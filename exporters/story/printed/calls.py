"""What became of each parameter of a backend call, between configuration and wire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from exporters.story.readable import readable, visible_line
from otel_tracking.record import SpanRecord

_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Line:
    """One parameter; `fate` is `same`, `changed`, `added`, `lost` or `unknown`."""

    name: str
    configured: str | None
    passed: str | None
    fate: str


def lines_of(span: SpanRecord) -> tuple[Line, ...]:
    """Every parameter of a call: those configured in their order, then those that came on top.

    >>> from otel_tracking.record import read_timestamp
    >>> lines_of(SpanRecord(span_id="1", parent_span_id=None, name="chat", kind="client", timestamp=read_timestamp(0),
    ...     configured={"steps": 25, "top_p": 1}, passed={"steps": 20, "seed": 7}, not_passed=("top_p",)))
    (Line(name='steps', configured='25', passed='20', fate='changed'),
     Line(name='top_p', configured='1', passed=None, fate='lost'),
     Line(name='seed', configured=None, passed='7', fate='added'))
    """
    configured, passed = dict(_leaves(span.configured)), dict(_leaves(_sent(span.passed)))
    lost = {visible_line(name) for name in span.not_passed}
    first = [_configured(name, value, passed, lost) for name, value in configured.items()]
    unnamed = [Line(name, None, None, "lost") for name in sorted(lost - configured.keys())]
    added = [Line(name, None, value, "added") for name, value in passed.items() if name not in configured]
    return (*first, *unnamed, *added)


def request_of(span: SpanRecord) -> str:
    """`POST http://…` where the wire was recorded; empty where it was not."""
    if not isinstance(span.passed, Mapping):
        return ""
    return " ".join(visible_line(span.passed[name]) for name in ("method", "url") if span.passed.get(name))


def answer_of(span: SpanRecord) -> tuple[tuple[str, str], ...]:
    """What the backend said of its answer: names and texts."""
    return tuple(_leaves(span.response))


def _configured(name: str, value: str, passed: Mapping[str, str], lost: set[str]) -> Line:
    if name in passed:
        return Line(name, value, passed[name], "same" if passed[name] == value else "changed")
    # An outer name stands for all that is inside: `options` for `options.top_p`.
    is_lost = any(outer in lost for outer in _outer(name))
    return Line(name, value, None, "lost" if is_lost else "unknown")


def _outer(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[:length]) for length in range(1, len(parts) + 1))


def _sent(passed: Any) -> Any:
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
