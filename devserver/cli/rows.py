"""What one item, or one stage, looks like on the terminal: a label, a text and who did it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from devserver.cli.text import safe_line, safe_text, seconds, size
from devserver.cli.words import BAD_ITEMS, ITEM_WORDS, QUIET_ITEMS, STAGE_TITLES, engine, languages, verdict
from otel_tracking import ItemType, MediaType
from otel_tracking.taxonomy import BLOCKED_TYPES

_CHECKS = {ItemType.STAGE1_SAFETY_CHECK, ItemType.STAGE1_SAFETY_CHECK_IMAGE, ItemType.STAGE3_SAFETY_CHECK}
_MADE_OF_WORDS = {MediaType.TEXT, MediaType.CODE, MediaType.METADATA}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the journey; every text in it is safe to show."""

    label: str
    text: str
    who: str = ""
    took: str = ""
    style: str = ""


def row_of(fields: Mapping[str, Any]) -> Row | None:
    """The row of an item's fields (of a live event or of a stored item); None for items that only mark the way.

    >>> row_of({"item_type": "interception_iteration", "stage_iteration": 2, "content": "Una flor",
    ...         "metadata": {"from_lang": "en", "to_lang": "es"}, "backend_used": "apertium", "execution_time": 0.25})
    Row(label='2  en → es', text='Una flor', who='apertium', took='0.25 s', style='')
    """
    item_type = fields["item_type"]
    if item_type in QUIET_ITEMS:
        return None
    took = "" if item_type in BLOCKED_TYPES else seconds(fields.get("execution_time"))
    return Row(_label(fields), _text(fields), _who(fields), took, _style(item_type, fields))


def stage_title(stage: int | None, loop_iteration: int | None = None, config_used: Any = None) -> str:
    """The heading of a stage, with the output it belongs to.

    >>> stage_title(2), stage_title(4, 1, "sd35_large")
    ('2  Interception', '4  Output 1: sd35_large')
    """
    title = STAGE_TITLES.get(stage or 0, "Stage")
    if loop_iteration is not None:
        title = f"{title} {loop_iteration}"
    if config_used:
        title = f"{title}: {safe_line(config_used)}"
    return f"{stage if stage is not None else '?'}  {title}"


def _label(fields: Mapping[str, Any]) -> str:
    if _is_cancelled(fields):
        return "stopped"
    spoken = safe_line(languages(fields.get("metadata")))
    hop = fields.get("stage_iteration")
    if fields["item_type"] == ItemType.INTERCEPTION_ITERATION:
        return f"{hop if hop is not None else '?'}  {spoken or 'hop'}"
    return spoken or ITEM_WORDS.get(fields["item_type"], safe_line(fields["item_type"]))


def _text(fields: Mapping[str, Any]) -> str:
    if fields["item_type"] in _CHECKS:
        return safe_line(verdict(fields.get("metadata")) or fields.get("content") or "")
    if fields.get("media_type") not in _MADE_OF_WORDS or fields.get("media"):
        return _describe_media(fields)
    return safe_text(fields.get("content") or "") or _reason(fields.get("metadata"))


def _describe_media(fields: Mapping[str, Any]) -> str:
    media, metadata = fields.get("media") or {}, fields.get("metadata")
    parameters = metadata if isinstance(metadata, dict) else {}
    width, height, duration = (parameters.get(name) for name in ("width", "height", "duration_seconds"))
    parts = [
        safe_line(fields.get("file_path") or ""),
        f"{width}×{height}" if width and height else "",
        seconds(duration),
        size(media.get("bytes")),
        "" if fields.get("file_path") else safe_line(media.get("type") or ""),
    ]
    return "  ".join(part for part in parts if part) or safe_line(fields.get("content") or "")


def _reason(metadata: Any) -> str:
    """What an item without content says in its metadata."""
    if not isinstance(metadata, dict):
        return ""
    spoken = verdict({"safe": False, **metadata}).removeprefix("not safe").removeprefix(": ")
    names = ("reason", "error_message", "message", "error_type")
    told = next((metadata[name] for name in names if metadata.get(name)), "")
    return safe_line(": ".join(str(part) for part in (told, spoken) if part))


def _who(fields: Mapping[str, Any]) -> str:
    """The engine; of a safety check the record says which lists it looked at, that is enough."""
    if fields["item_type"] in _CHECKS or fields["item_type"] in BLOCKED_TYPES:
        return ""
    return safe_line(engine(fields.get("backend_used"), fields.get("model_used")))


def _is_cancelled(fields: Mapping[str, Any]) -> bool:
    metadata = fields.get("metadata")
    return fields["item_type"] in BAD_ITEMS and isinstance(metadata, dict) and metadata.get("cancelled") is True


def _style(item_type: str, fields: Mapping[str, Any]) -> str:
    if item_type in BAD_ITEMS:
        return "magenta" if _is_cancelled(fields) else "red"
    if item_type in BLOCKED_TYPES:
        return "yellow"
    if item_type in _CHECKS:
        return "yellow" if verdict(fields.get("metadata")).startswith("not") else "green"
    return "bold" if item_type == ItemType.INTERCEPTION_FINAL else ""
