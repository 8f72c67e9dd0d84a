"""When everything was: the spans of a record as bars on a timeline."""

from __future__ import annotations

from collections.abc import Mapping

from exporters.story.parts import Bar, joined
from exporters.story.readable import language_code, seconds, visible_line
from otel_tracking.nodes import visit_of
from otel_tracking.record import ExecutionRecord, SpanRecord
from otel_tracking.taxonomy import STAGE_NAMES


def timeline_of(record: ExecutionRecord, words: Mapping[str, str]) -> tuple[Bar, ...]:
    """The spans below the root, parents before children, each with its place in time."""
    depths = _depths(record.spans)
    start = min((span.timestamp for span in record.spans), default=record.timestamp)
    shown = [span for span in record.spans if depths[span.span_id] > 0]
    places = {span.span_id: place for place, span in enumerate(shown)}
    return tuple(
        Bar(
            label=_label(span, words),
            start=(span.timestamp - start).total_seconds(),
            seconds=_duration(span),
            depth=depths[span.span_id] - 1,
            stage=span.stage,
            is_attempt=span.kind == "client",
            failed=span.status == "error",
            took=seconds(span.execution_time) or (words["open"] if span.execution_time is None else ""),
            inside=places.get(span.parent_span_id or ""),
        )
        for span in shown
    )


def run_seconds(record: ExecutionRecord) -> float:
    """How long the timeline is: to the end of the last span, or as long as the run says it took."""
    start = min((span.timestamp for span in record.spans), default=record.timestamp)
    ends = [(span.timestamp - start).total_seconds() + (_duration(span) or 0) for span in record.spans]
    told = record.total_execution_time
    return max([*ends, told if type(told) is float and 0 <= told < 1e9 else 0.0])


def _depths(spans: tuple[SpanRecord, ...]) -> dict[str, int]:
    """How far below the root each span is; what is no child of anything known stands directly below it."""
    parents = {span.span_id: span.parent_span_id for span in spans}
    return {span.span_id: _depth(span.span_id, parents) for span in spans}


def _depth(span_id: str, parents: Mapping[str, str | None]) -> int:
    depth, seen, parent = 0, {span_id}, parents[span_id]
    while parent is not None:
        depth += 1
        if parent in seen or parent not in parents:
            break
        seen.add(parent)
        parent = parents[parent]
    return depth


def _duration(span: SpanRecord) -> float | None:
    took = span.execution_time
    return float(took) if isinstance(took, int | float) and 0 <= took < 1e9 else None


def _label(span: SpanRecord, words: Mapping[str, str]) -> str:
    if span.name in STAGE_NAMES.values() and span.stage is not None:
        return words.get(f"stage {span.stage}", visible_line(span.name))
    if span.name == "iteration" and span.stage_iteration is not None:
        return " ".join(part for part in (words["hop"], str(span.stage_iteration), _languages(span)) if part)
    if span.name == "output" and span.loop_iteration is not None:
        return joined(f"{words['output']} {span.loop_iteration}", visible_line(span.config_used or ""))
    if visit := visit_of(span):
        again = words["visit"].format(number=visit.visit) if visit.is_again else ""
        return joined(visible_line(visit.node_id), visible_line(visit.node_type), again)
    return visible_line(span.name)


def _languages(span: SpanRecord) -> str:
    asked = span.configured if isinstance(span.configured, Mapping) else {}
    codes = [language_code(asked.get(name)) for name in ("from_lang", "to_lang")]
    return " → ".join(code or "?" for code in codes) if any(codes) else ""
