"""Take secrets out of spans: out of their names, attributes, links and the words of their status.

Items and facts lose theirs when they are frozen. What else is on a span may come from anybody who has the
OpenTelemetry API.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import orjson
from opentelemetry.trace import Link

from collectors.spans.finished import FinishedSpan
from collectors.spans.recorded import SpanData
from otel_tracking.secrets.frozen import Redactor, usual_redactor


def clean_span(span: SpanData, redactor: Redactor) -> None:
    """Take the secrets out of a span that is being recorded. Where that fails, everything goes that may hold one."""
    try:
        attributes = redactor.attributes(span.attributes)
        links = [Link(link.context, redactor.attributes(link.attributes or {})) for link in span.links]
        name, description = redactor.text(span.name), _text(span.status_description, redactor)
    except Exception:
        span.attributes, span.links = {}, [Link(link.context) for link in span.links]
        span.name, span.status_description = "", None
        raise
    finally:
        span.attributes_changed = True
    span.attributes, span.links, span.name, span.status_description = {**attributes}, links, name, description


def without_secrets(spans: Sequence[FinishedSpan]) -> Sequence[FinishedSpan]:
    """Spans that somebody told us of without secrets; their events were looked at when they were read."""
    try:
        is_clean = not usual_redactor().is_worth_a_look(_texts_of(spans))
    except TypeError:  # a text that is none, in one of them
        is_clean = False
    return spans if is_clean else [_without_secrets(span, usual_redactor()) for span in spans]


def _texts_of(spans: Iterable[FinishedSpan]) -> bytes:
    parts = [(span.name, span.attributes, span.links, span.status_description) for span in spans]
    return orjson.dumps(parts, default=repr, option=orjson.OPT_NON_STR_KEYS)


def _without_secrets(span: FinishedSpan, redactor: Redactor) -> FinishedSpan:
    if not redactor.may_hold_secret(_texts_of([span])):
        return span
    return span._replace(
        name=redactor.text(span.name),
        attributes=redactor.attributes(span.attributes),
        links=tuple({**link, "attributes": redactor.attributes(link["attributes"])} for link in span.links),
        status_description=_text(span.status_description, redactor),
    )


def _text(text: str | None, redactor: Redactor) -> str | None:
    return None if text is None else redactor.text(text)
