"""One item as a box: label, text, medium, caption, parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporters.story.parts import Box, Medium, Parameter, joined
from exporters.story.readable import direction_of, language_code, readable, seconds, size, visible, visible_line
from exporters.story.untranslated import UNMARKED, Marks
from otel_tracking.record import ExecutionItem
from otel_tracking.taxonomy import (
    BLOCKED_TYPES,
    CHECK_TYPES,
    FAILURE_TYPES,
    OUTPUT_TYPES,
    ItemType,
    MediaType,
)

_KEY = frozenset({ItemType.USER_INPUT_TEXT, ItemType.USER_INPUT_IMAGE, ItemType.INTERCEPTION_FINAL})
_MADE_OF_WORDS = frozenset({MediaType.TEXT, MediaType.CODE, MediaType.METADATA})
NO_CHECKS = "off"
"""The safety level at which a check says yes to everything: nothing was checked."""

_REASONS = ("reason", "error_message", "message", "error_type")


def box_of(
    item: ExecutionItem,
    attachments: Mapping[str, bytes],
    words: Mapping[str, str],
    *,
    withheld: str = "",
    with_parameters: bool = True,
    given: str | None = None,
    marks: Marks = UNMARKED,
) -> Box:
    """The box of an item; one that is `withheld` says why, in that word of `words`, and shows nothing.

    `given` is what it was given, where that is not what was there before it. `marks` are what of its texts was left
    untranslated (`marks_of`): a text that is in no way in a language is not said to be in it.
    """
    said = item.metadata if isinstance(item.metadata, Mapping) else {}
    text = "" if withheld else _text(item, said, words, with_parameters)
    from_language, to_language = (language_code(said.get(name)) for name in ("from_lang", "to_lang"))
    return Box(
        number=item.sequence_number,
        item_type=visible_line(item.item_type),
        label=label_of(item, words),
        tone=_tone(item, said),
        stage=item.stage,
        hop=item.stage_iteration,
        output=item.loop_iteration,
        text=text,
        given=None if withheld else given,
        language=None if marks.made and marks.made.is_all else to_language or _language_of(item, said),
        direction=direction_of(text),
        from_language=from_language,
        to_language=to_language,
        medium=None if withheld else medium_of(item, attachments),
        made_by="" if item.item_type in CHECK_TYPES | BLOCKED_TYPES else made_by(item.backend_used, item.model_used),
        measures=_measures(item, said),
        seconds="" if item.item_type in BLOCKED_TYPES else seconds(item.execution_time),
        is_cancelled=item.item_type in FAILURE_TYPES and said.get("cancelled") is True,
        withheld=words[withheld] if withheld else "",
        parameters=_parameters(item, words) if with_parameters else (),
        left=marks.made,
        given_left=marks.given,
    )


def medium_of(item: ExecutionItem, attachments: Mapping[str, bytes]) -> Medium | None:
    """The medium of an item, with its bytes where they are among the attachments."""
    if item.media is None and not item.file_path:
        return None
    sha256 = item.media.sha256 if item.media else None
    return Medium(
        kind=visible_line(item.media_type),
        mime_type=visible_line((item.media and item.media.type) or ""),
        content=attachments.get(sha256) if sha256 else None,
        file_path=visible_line(item.file_path or ""),
        size=size(item.media.bytes) if item.media else "",
        sha256=visible_line(sha256 or ""),
    )


def label_of(item: ExecutionItem, words: Mapping[str, str]) -> str:
    """What an item is called: `Hop 3`, `Picture · left half`."""
    word = words.get(str(item.item_type)) or visible_line(item.item_type) or words["item"]
    if item.item_type == ItemType.INTERCEPTION_ITERATION and item.stage_iteration is not None:
        return f"{word} {item.stage_iteration}"
    title = item.metadata.get("node_title") if isinstance(item.metadata, Mapping) else None
    return f"{word} · {visible_line(title)}" if title and item.item_type in OUTPUT_TYPES else word


def _tone(item: ExecutionItem, said: Mapping[Any, Any]) -> str:
    if item.item_type in BLOCKED_TYPES or (item.item_type in CHECK_TYPES and said.get("safe") is False):
        return "stop"
    if item.item_type in CHECK_TYPES:
        return "plain" if said.get("safety_level") == NO_CHECKS else "good"
    if item.item_type in FAILURE_TYPES:
        return "bad"
    return "key" if item.item_type in _KEY or item.item_type in OUTPUT_TYPES else "plain"


def _text(item: ExecutionItem, said: Mapping[Any, Any], words: Mapping[str, str], in_full: bool) -> str:
    if item.item_type in CHECK_TYPES and item.content is None:
        return _verdict(said, words, in_full)
    if item.media_type not in _MADE_OF_WORDS and item.media:
        return ""
    if not in_full and item.item_type in FAILURE_TYPES | BLOCKED_TYPES:
        return ""  # messages for developers, and they may repeat what was blocked
    if item.content is not None:
        return visible(item.content)
    return _reason(said) if item.item_type in FAILURE_TYPES | BLOCKED_TYPES else ""


def _verdict(said: Mapping[Any, Any], words: Mapping[str, str], in_full: bool) -> str:
    """What a check found; the terms it found only in full documents."""
    if not isinstance(said.get("safe"), bool):
        return ""
    if said["safe"] and said.get("safety_level") == NO_CHECKS:
        return words["not checked"]
    verdict = words["safe" if said["safe"] else "not safe"]
    found = "" if said["safe"] else _found(said, in_full)
    return f"{verdict}: {found}" if found else verdict


def _found(said: Mapping[Any, Any], in_full: bool) -> str:
    codes = visible_line(", ".join(_texts(said.get("codes"))))
    terms = visible_line(", ".join(_texts(said.get("found_terms")))) if in_full else ""
    return f"{codes} ({terms})" if codes and terms else codes or terms


def _texts(value: Any) -> list[str]:
    return [readable(part) for part in value] if isinstance(value, list | tuple) else []


def _reason(said: Mapping[Any, Any]) -> str:
    """Why something ended or was blocked, and what was found in it."""
    told = next((visible_line(said[name]) for name in _REASONS if said.get(name)), "")
    return ": ".join(part for part in (told, _found(said, in_full=True)) if part)


def _language_of(item: ExecutionItem, said: Mapping[Any, Any]) -> str | None:
    names = ("input_language", "language", "lang") if item.item_type not in CHECK_TYPES else ()
    return next((code for name in names if (code := language_code(said.get(name)))), None)


def _measures(item: ExecutionItem, said: Mapping[Any, Any]) -> str:
    """What a picture or sound needs said beside it."""
    width, height, seed = (said.get(name) for name in ("width", "height", "seed"))
    is_output = item.item_type in OUTPUT_TYPES
    parts = [
        f"{readable(width)} × {readable(height)}" if is_output and width and height else "",
        f"Seed {readable(seed)}" if is_output and seed is not None else "",
        seconds(said.get("duration_seconds")) if is_output else "",
        size(item.media.bytes) if item.media else "",
    ]
    return joined(*map(visible_line, parts))


def made_by(backend: Any, model: Any) -> str:
    """Who did it, once: `apertium eng-spa`, or whatever of the two is known.

    >>> made_by("freedict", "freedict-deu-eng"), made_by("ollama", "mistral-nemo"), made_by(None, None)
    ('freedict-deu-eng', 'ollama mistral-nemo', '')
    """
    names = [visible_line(name) for name in (backend, model) if name]
    return names[1] if len(names) == 2 and names[1].startswith(names[0]) else " ".join(names)


def parameters_of(value: Any) -> tuple[Parameter, ...]:
    """A value as names and texts: the entries of a dict, or the value alone under an empty name."""
    if value is None or value == {}:
        return ()
    if not isinstance(value, Mapping):
        return (Parameter("", readable(value)),)
    named = [(readable(name), entry) for name, entry in value.items()]
    return tuple(Parameter(" ".join(name.split()), readable(entry)) for name, entry in sorted(named, key=_by_name))


def _by_name(entry: tuple[str, Any]) -> str:
    return entry[0]


def _parameters(item: ExecutionItem, words: Mapping[str, str]) -> tuple[Parameter, ...]:
    """Everything else that is known of an item."""
    shown_elsewhere = item.media_type in _MADE_OF_WORDS or not item.media
    own = [
        ("input_text", item.input_text),
        ("content", None if shown_elsewhere else item.content),
        ("file_path", item.file_path),
        ("sha256", item.media.sha256 if item.media else None),
    ]
    told = [Parameter(words[name], readable(value)) for name, value in own if value not in (None, "")]
    return (*told, *parameters_of(item.metadata))
