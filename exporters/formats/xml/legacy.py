r"""A record as the XML that scripts for earlier exports read: the old elements, in the old order, and no others.

    export > session > id user timestamp workflow seed safety_level prompts(original translated)
                       outputs > output@order@type@node_title > content | filename path

Text, images, sounds and music have their old elements; other media are an empty `output`, as they were. A character
that XML cannot hold is spelled out (`\u0000`), so that the document is always there. `docs/export-api.md` says what
stands where.
"""

from __future__ import annotations

from typing import Any

from lxml import etree
from lxml.etree import _Element

from exporters.formats.xml.text import spell_out
from exporters.storage.writing.media import media_name
from exporters.story.readable import readable
from otel_tracking.record import ExecutionItem, ExecutionRecord
from otel_tracking.taxonomy import OUTPUT_TYPES, ItemType, MediaType

NO_SEED = "N/A"
NO_SAFETY_LEVEL = "research"
NO_USER = "anonymous"

_SHOWN = OUTPUT_TYPES | {ItemType.INTERCEPTION_ITERATION, ItemType.INTERCEPTION_FINAL}
_TYPES: dict[str, str] = {
    ItemType.INTERCEPTION_ITERATION: "text",
    ItemType.INTERCEPTION_FINAL: "text",
    ItemType.OUTPUT_IMAGE: "image",
    ItemType.OUTPUT_AUDIO: "audio",
    ItemType.OUTPUT_MUSIC: "audio",
}
"""The old word for each kind of output; others are called by their medium."""


def render(record: ExecutionRecord) -> bytes:
    """The record as an export of the earlier kind: UTF-8, two spaces, `<?xml version="1.0" ?>`."""
    root = etree.Element("export")
    session = etree.SubElement(root, "session")
    _add(session, "id", record.execution_id)
    _add(session, "user", NO_USER if record.user_id is None else record.user_id)
    _add(session, "timestamp", f"{record.timestamp:%y%m%d%H%M%S}")
    _add(session, "workflow", record.config_name)
    _add(session, "seed", _seed(record))
    _add(session, "safety_level", NO_SAFETY_LEVEL if record.safety_level is None else record.safety_level)
    _add_prompts(session, record)
    _add_outputs(session, record)
    etree.indent(root, space="  ")
    return f'<?xml version="1.0" ?>\n{etree.tostring(root, encoding="unicode")}\n'.encode()


def _add_prompts(session: _Element, record: ExecutionRecord) -> None:
    original = _first(record, ItemType.USER_INPUT_TEXT)
    translated = _first(record, ItemType.TRANSLATION_RESULT)
    prompts = etree.SubElement(session, "prompts")
    _add(prompts, "original", original)
    _add(prompts, "translated", original if translated is None else translated)


def _add_outputs(session: _Element, record: ExecutionRecord) -> None:
    outputs = etree.SubElement(session, "outputs")
    shown = [item for item in record.items if item.item_type in _SHOWN]
    for order, item in enumerate(shown, start=1):
        kind = _type(item)
        output = etree.SubElement(outputs, "output", order=str(order), type=kind, node_title=spell_out(_title(item)))
        if kind == "text":
            _add(output, "content", item.content)
        elif kind in ("image", "audio"):
            _add(output, "filename", media_name(item.file_path))
            _add(output, "path", item.file_path)


def _type(item: ExecutionItem) -> str:
    if item.item_type in _TYPES:
        return _TYPES[item.item_type]
    is_text = item.item_type == ItemType.OUTPUT_CODE and type(item.content) is str
    return "text" if is_text else spell_out(str(MediaType.CODE if not item.media_type else item.media_type))


def _title(item: ExecutionItem) -> str:
    """The node's title where there is one, else what made the output."""
    said = item.metadata if isinstance(item.metadata, dict) else {}
    if said.get("node_title"):
        return _text(said["node_title"])
    if item.item_type in OUTPUT_TYPES and item.config_used:
        return _text(item.config_used)
    hop = item.stage_iteration
    return f"{item.item_type} {hop}" if hop is not None else str(item.item_type)


def _seed(record: ExecutionRecord) -> str:
    """The run's seed, else that of the first output that has one."""
    seeds = [record.used_seed]
    seeds += [item.metadata.get("seed") for item in record.items if isinstance(item.metadata, dict)]
    return next((_text(seed) for seed in seeds if seed is not None), NO_SEED)


def _first(record: ExecutionRecord, item_type: ItemType) -> Any:
    return next((item.content for item in record.items if item.item_type == item_type), None)


def _add(parent: _Element, name: str, value: Any) -> None:
    etree.SubElement(parent, name).text = spell_out("" if value is None else _text(value))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else readable(value)
