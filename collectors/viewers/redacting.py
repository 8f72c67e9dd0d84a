"""Have every text of a run looked over before viewers are sent it: what nobody has let pass is left out.

Numbers, times and the names that this project gives stay. So do the values of `user_id` and `device_id`, which get
aliases afterwards; and the names of spans and attributes, which code gives and nobody writes.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import Link, Status

from collectors.viewers.payload import is_person
from otel_tracking import attributes as names

ViewerText = Callable[[str], str | None]
"""What viewers may read of a text; None for nothing of it."""

_OURS = frozenset(
    {
        *(names.EXECUTION_ID, names.FACT, names.ERROR_TYPE, names.OPENINFERENCE_SPAN_KIND),
        *(names.GEN_AI_OPERATION_NAME, names.GEN_AI_OUTPUT_TYPE, "http.request.method", "exception.type"),
        *(names.PREFIX + field for field in ("item_type", "media_type", "attempt", "execution_mode", "safety_level")),
    }
)
"""Attributes whose values are words of this project or ids that it made."""

_OUR_FIELDS = frozenset({"fact", "item_type", "media_type", "media", "attempt"})
"""Fields of items and facts of which the same is true."""

_NO_TEXTS = (int, float, complex, Decimal, Fraction, dt.date, dt.time, dt.timedelta, range)

_LEFT_OUT = object()


class TextRedaction:
    """Goes over what leaves, and asks for every text in it."""

    def __init__(self, viewer_text: ViewerText) -> None:
        self._viewer_text = viewer_text

    def span(self, span: ReadableSpan) -> ReadableSpan:
        """The span but for its events: attributes, links, and what its status says."""
        links = [Link(link.context, self.attributes(link.attributes or {})) for link in span.links]
        said = span.status.description
        status = Status(span.status.status_code, self._text(said) if said else None)
        return changed(span, attributes=self.attributes(span.attributes or {}), events=(), links=links, status=status)

    def attributes(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """Attributes of a span, an event or a link."""
        walked = {
            key: value if key in _OURS or is_person(key.rpartition(".")[2]) else _guarded(self._attribute, value)
            for key, value in attributes.items()
        }
        return {key: value for key, value in walked.items() if value is not _LEFT_OUT}

    def fields(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of an item or a fact."""
        walked = {
            name: value if name in _OUR_FIELDS or is_person(name) else _guarded(self._value, value)
            for name, value in fields.items()
        }
        return {name: value for name, value in walked.items() if value is not _LEFT_OUT}

    def _attribute(self, value: Any) -> Any:
        if isinstance(value, str) and value.endswith("…") and _is_json(value):
            return _LEFT_OUT  # it was cut: what is written in it with a backslash hides from whoever looks it over
        if isinstance(value, list | tuple):
            return [part for part in map(self._value, value) if part is not _LEFT_OUT]
        return self._value(value)

    def _value(self, value: Any) -> Any:
        """The value with every text in it looked over. What it is has to be known, or it is left out."""
        if isinstance(value, str):
            text = self._text(value)
            return _LEFT_OUT if text is None else text
        if value is None or isinstance(value, _NO_TEXTS):
            return value
        if isinstance(value, dict):
            return self._dict(value)
        if type(value) in (list, tuple, set, frozenset):
            return self._sequence(value)
        return _LEFT_OUT

    def _dict(self, value: dict[Any, Any]) -> dict[Any, Any]:
        walked = {self._key(key): entry if is_person(key) else self._value(entry) for key, entry in value.items()}
        return {key: entry for key, entry in walked.items() if _LEFT_OUT not in (key, entry)}

    def _key(self, key: Any) -> Any:
        return key if is_person(key) else self._value(key)

    def _sequence(self, value: Any) -> Any:
        # A dict with other keys than text is a list of pairs once it is written.
        if type(value) in (list, tuple) and len(value) == 2 and isinstance(value[0], str) and is_person(value[0]):
            return value
        return type(value)(part for part in map(self._value, value) if part is not _LEFT_OUT)

    def _text(self, text: str) -> str | None:
        """What may be read of a text; inside of JSON, text by text, since there signs are written with a backslash."""
        if _is_json(text):
            try:
                inner = json.loads(text)
            except (ValueError, RecursionError):
                return self._asked(text)
            walked = self._value(inner)
            return text if walked == inner else json.dumps(walked, ensure_ascii=False, separators=(",", ":"))
        return self._asked(text)

    def _asked(self, text: str) -> str | None:
        try:
            shown = self._viewer_text(text)
        except Exception:
            return None
        # What is no Unicode would keep all spans that are sent with it from leaving.
        return shown.encode("utf-8", "backslashreplace").decode() if isinstance(shown, str) else None


def changed(span: ReadableSpan, **changes: Any) -> ReadableSpan:
    """A span that says something else in its attributes, events, links or status."""
    kept = ("name", "context", "parent", "resource", "kind", "start_time", "end_time", "instrumentation_scope")
    return ReadableSpan(**{name: getattr(span, name) for name in kept}, **changes)


def _guarded(walk: Callable[[Any], Any], value: Any) -> Any:
    try:
        return walk(value)
    except Exception:  # too deep, or a kind of value that is not what it seems
        return _LEFT_OUT


def _is_json(text: str) -> bool:
    """Whether a text may be an object or a list in JSON."""
    return text.lstrip()[:1] in ("{", "[")
