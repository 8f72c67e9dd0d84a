"""Which values the own fields of a record can have. What a stranger puts there instead is kept beside them, by name.

A record from a file or the network may say anything of itself. A count that is no count (`Infinity`) or a time that no
calendar has must not make it unreadable, and must not get as far as where somebody counts with it: it stands in
`metadata["unfit_fields"]` as it came, and the field has its default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from otel_tracking.errors import RecordError

UNFIT = "unfit_fields"
UNKNOWN = "unknown_fields"

NO_TYPE = "unknown"
"""The item type of an item that has none."""


class Fitted(NamedTuple):
    """Fields that can be what they are called, and the others."""

    fit: dict[str, Any]
    unfit: dict[str, Any]


def fitted(fields: Mapping[str, Any]) -> Fitted:
    """The fields sorted; None is no value, and leaves the field at its default.

    >>> fitted({"revision": float("inf"), "dropped": 3, "late_spans": None, "content": object})
    Fitted(fit={'dropped': 3, 'content': <class 'object'>}, unfit={'revision': inf})
    """
    found = Fitted({}, {})
    for name, value in fields.items():
        can_be = _CAN_BE.get(name)
        if can_be is None:
            found.fit[name] = value
        elif value is not None:
            (found.fit if can_be(value) else found.unfit)[name] = value
    return found


def parts(value: Any, unfit: dict[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects of the list that came for `name`; what else is in it goes to `unfit`. Raises `RecordError`."""
    if not isinstance(value, list | tuple | None):
        raise RecordError(f"{name} is {value!r:.60}; a list of objects is needed")
    others = [entry for entry in value or () if not isinstance(entry, Mapping)]
    if others:
        unfit[name] = others
    return [entry for entry in value or () if isinstance(entry, Mapping)]


def beside(metadata: Any, *, unknown: Mapping[str, Any], unfit: Mapping[str, Any]) -> Any:
    """`metadata` with the fields that nobody knows, and those whose value does not fit."""
    more = {name: dict(fields) for name, fields in ((UNKNOWN, unknown), (UNFIT, unfit)) if fields}
    if not more:
        return metadata
    said = metadata if isinstance(metadata, Mapping) else {} if metadata is None else {"metadata": metadata}
    return {**said, **more}


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _is_place(value: Any) -> bool:
    # Places that are no numbers are logged as text.
    return type(value) is int or isinstance(value, str)


def _is_number(value: Any) -> bool:
    return type(value) is float or (type(value) is int and abs(value) < 2**63)


def _is_media(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    kinds = {"sha256": str, "bytes": int, "type": str}
    return all(value.get(name) is None or type(value[name]) is kind for name, kind in kinds.items())


def _all(can_be: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list | tuple) and all(map(can_be, value))


def _names(can_be: Callable[[Any], bool], names: Iterable[str]) -> dict[str, Callable[[Any], bool]]:
    return dict.fromkeys(names, can_be)


_CAN_BE: dict[str, Callable[[Any], bool]] = {
    **_names(_is_text, ("execution_id", "trace_id", "span_id", "parent_span_id", "attempt", "name", "kind", "status")),
    **_names(_is_text, ("finish_reason", "item_type", "media_type", "file_path", "taxonomy_version", "schema_version")),
    **_names(_is_count, ("outputs_generated", "span_count", "item_count", "dropped", "lossy_values", "late_spans")),
    **_names(_is_count, ("revision", "sequence_number")),
    **_names(_is_place, ("stage", "stage_iteration", "loop_iteration")),
    "total_execution_time": _is_number,
    "media": _is_media,
    "stages_completed": _all(_is_count),
    "not_passed": _all(_is_text),
}
"""By name; the other fields take anything, or are read by functions of their own."""
