"""The texts of a run's journey, each told once, and the same texts laid out as one with the place of each.

Places count Unicode code points from 0, as Python and REFI-QDA do.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from exporters.story.boxes import NO_CHECKS, box_of
from exporters.story.language_names import language_name
from exporters.story.readable import language_code, visible, visible_line
from exporters.story.untranslated import LeftWords, Marks, marked, marks_of
from exporters.story.words import words_of
from otel_tracking.record import ExecutionItem, ExecutionRecord
from otel_tracking.taxonomy import BLOCKED_TYPES, CHECK_TYPES, ItemType
from otel_tracking.view import verdict_of

ON_THE_WAY = frozenset(
    {
        ItemType.USER_INPUT_TEXT,
        ItemType.TRANSLATION_RESULT,
        ItemType.INTERCEPTION_ITERATION,
        ItemType.INTERCEPTION_FINAL,
        ItemType.USER_EDIT,
    }
)
"""The items whose texts are a journey."""

SAFE, NOT_SAFE, NOT_CHECKED = "safe", "not safe", "not checked"
"""What checks say, by their names among the words of documents."""

_MARK = "\ufeff"
"""At the beginning of a file programs take it for no part of the text, and count without it."""
_ENGLISH = words_of("en")


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyText:
    """One text of a journey, as it can be shown, and what is said of it.

    The final text is often that of the last hop: then it is one text with two `item_types`. `verdicts` are what checks
    said of it, `left` what of it is not in its `language`: of a text that was not translated at all, that is None.
    """

    timestamp: dt.datetime
    text: str
    language: str | None
    hop: int | None
    item_types: tuple[str, ...]
    stages: tuple[int, ...]
    verdicts: tuple[str, ...] = ()
    left: LeftWords | None = None

    @property
    def spoken(self) -> str | None:
        """The code of its language, `≈ ja` where it is only partly in it; None where nobody said."""
        return marked(self.language, self.left, self.language) if self.language else None


def journey_of(record: ExecutionRecord) -> tuple[JourneyText, ...]:
    """The texts of a run in their order. One that is there already is not told again, unless it is another hop's."""
    texts: list[JourneyText] = []
    marks = marks_of(record)
    for item in record.items:
        if item.item_type in ON_THE_WAY:
            _tell(texts, item, marks[id(item)])
        elif item.item_type in CHECK_TYPES | BLOCKED_TYPES:
            _judge(texts, item)
    return tuple(_with_language(text, record.items) for text in texts)


def label_of(text: JourneyText, language: str) -> str:
    """The language of a text, by its name in `language`, and what of it is not in it; empty where nobody said."""
    words = words_of(language)
    if text.left and text.left.is_all:
        return text.left.told(words)
    name = marked(language_name(text.language, language), text.left, "") if text.language else ""
    return ", ".join(filter(None, (name, text.left.told(words) if text.left else "")))


def prompt_of(journey: Sequence[JourneyText]) -> JourneyText | None:
    """What the person wrote first."""
    return next((text for text in journey if ItemType.USER_INPUT_TEXT in text.item_types), None)


def final_of(journey: Sequence[JourneyText]) -> JourneyText | None:
    """The text that came of it; where nobody named one, that of the last hop."""
    for item_type in (ItemType.INTERCEPTION_FINAL, ItemType.INTERCEPTION_ITERATION):
        found = [text for text in journey if item_type in text.item_types]
        if found:
            return found[-1]
    return None


class Part(NamedTuple):
    """A text and the line above it."""

    label: str
    text: str


class Laid(NamedTuple):
    """Texts as one, and where each of them begins and ends."""

    text: str
    places: tuple[tuple[int, int], ...]


def lay_out(parts: Iterable[Part]) -> Laid:
    r"""The texts under their labels, with an empty line between them.

    >>> lay_out([Part("German", "Eine Blume"), Part("", "🌸")])
    Laid(text='German\nEine Blume\n\n🌸\n', places=((7, 17), (19, 20)))
    """
    pieces: list[str] = []
    places: list[tuple[int, int]] = []
    length = 0
    for label, text in parts:
        before = ("\n" if places else "") + (f"{label}\n" if label else "")
        places.append((length + len(before), length + len(before) + len(text)))
        pieces += [before, text, "\n"]
        length = places[-1][1] + 1
    return Laid("".join(pieces), tuple(places))


def parts_of(texts: Sequence[JourneyText], language: str) -> list[Part]:
    """The texts, each under the name of its language."""
    return [Part(label_of(text, language), text.text) for text in texts]


def shown(value: Any) -> str:
    """A value as text that a file of its own can hold."""
    text = visible(value)
    return f"⟨U+FEFF⟩{text[1:]}" if text.startswith(_MARK) else text


def _tell(texts: list[JourneyText], item: ExecutionItem, marks: Marks) -> None:
    """Put a text at the end, or its type and stage beside the same text that is there."""
    new = _text_of(item, marks)
    if not new.text.strip():
        return
    there = None if item.item_type == ItemType.INTERCEPTION_ITERATION else _place_of(texts, new.text)
    if there is None:
        texts.append(new)
        return
    known = texts[there]
    texts[there] = replace(
        known,
        language=known.language or (None if known.left else new.language),
        item_types=_joined(known.item_types, new.item_types),
        stages=_joined(known.stages, new.stages),
    )


def _text_of(item: ExecutionItem, marks: Marks) -> JourneyText:
    box = box_of(item, {}, _ENGLISH, with_parameters=False, marks=marks)
    is_hop = item.item_type == ItemType.INTERCEPTION_ITERATION and type(item.stage_iteration) is int
    return JourneyText(
        timestamp=item.timestamp,
        text=shown(box.text),
        language=box.language,
        hop=item.stage_iteration if is_hop else None,
        item_types=(box.item_type,),
        stages=_stage(item),
        left=box.left,
    )


def _judge(texts: list[JourneyText], item: ExecutionItem) -> None:
    """Put what a check found beside the text that it looked at."""
    if item.item_type in (ItemType.STAGE1_SAFETY_CHECK_IMAGE, ItemType.OUTPUT_BLOCKED) or not texts:
        return
    if item.input_text is None:
        there = 0 if item.stage == 1 else len(texts) - 1
    elif (found := _place_of(texts, shown(item.input_text))) is not None:
        there = found
    else:
        return
    known = texts[there]
    texts[there] = replace(
        known,
        item_types=_joined(known.item_types, (visible_line(item.item_type),)),
        stages=_joined(known.stages, _stage(item)),
        verdicts=_joined(known.verdicts, _verdict(item)),
    )


def _place_of(texts: Sequence[JourneyText], text: str) -> int | None:
    return next((place for place in reversed(range(len(texts))) if texts[place].text == text), None)


def _verdict(item: ExecutionItem) -> tuple[str, ...]:
    safe = verdict_of(item)
    if safe is None:
        return (NOT_SAFE,) if item.item_type in BLOCKED_TYPES else ()
    if safe and isinstance(item.metadata, Mapping) and item.metadata.get("safety_level") == NO_CHECKS:
        return (NOT_CHECKED,)
    return (SAFE,) if safe else (NOT_SAFE,)


def _stage(item: ExecutionItem) -> tuple[int, ...]:
    return (item.stage,) if type(item.stage) is int else ()


def _joined(known: tuple[Any, ...], more: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*known, *(one for one in more if one not in known))


def _with_language(text: JourneyText, items: Iterable[ExecutionItem]) -> JourneyText:
    """The text with the language that the next step said it was in, where the text itself does not say."""
    if text.language or text.left:
        return text
    said = (
        language_code(item.metadata.get("from_lang"))
        for item in items
        if isinstance(item.metadata, Mapping) and item.input_text is not None and shown(item.input_text) == text.text
    )
    return replace(text, language=next(filter(None, said), None))
