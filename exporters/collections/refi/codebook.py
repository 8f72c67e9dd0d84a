"""The taxonomy as a code book: categories and codes, with what each means; languages and hops as they come.

A code book alone is a file of its own (`.qdc`).
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import BinaryIO
from xml.etree.ElementTree import Element

from exporters.collections.journey import NOT_CHECKED, NOT_SAFE, SAFE, JourneyText, journey_of
from exporters.collections.names import UniqueNames
from exporters.collections.options import CollectionOptions
from exporters.collections.refi.elements import described, element, xml_of
from exporters.collections.refi.guids import guid
from exporters.collections.refi.origin import head
from exporters.story.language_names import language_name
from exporters.story.readable import visible_line
from exporters.story.words import words_of
from otel_tracking.record import ExecutionRecord
from otel_tracking.taxonomy import STAGE_NAMES

ITEM_TYPE, LANGUAGE, SAFETY, STAGE, HOP = "item type", "language", "safety", "stage", "hop"
"""The kinds of codes, each a category."""
_PARTLY, _UNTRANSLATED = " partly", "not translated"
"""What codes for languages say of texts that an engine left words of as they were."""
_COLOURS = {ITEM_TYPE: "#3366CC", LANGUAGE: "#2E8B57", SAFETY: "#C0392B", STAGE: "#8E44AD", HOP: "#B9770E"}


@dataclass(frozen=True, slots=True)
class Code:
    """A code, or with codes below it a category. The same kind and value is the same code in every export."""

    kind: str
    value: str | int
    name: str
    meaning: str = ""
    codes: tuple[Code, ...] | None = None

    @property
    def guid(self) -> str:
        """Its name for ever."""
        return code_guid(self.kind, self.value) if self.codes is None else guid("category", self.kind, self.value)


def code_guid(kind: str, value: str | int) -> str:
    """The guid of a code."""
    return guid("code", kind, value)


@functools.cache
def meanings() -> Mapping[str, Mapping[str, str]]:
    """What each item type means, in the groups of the taxonomy."""
    return tomllib.loads(files(__package__).joinpath("meanings.toml").read_text("utf-8"))


class CodeBook:
    """The codes of one collection: those of the taxonomy, and of everything else that something has."""

    def __init__(self, language: str) -> None:
        self._language, self._words = language, words_of(language)
        self._known = frozenset(item_type for group in meanings().values() for item_type in group)
        self._used: dict[str, set[str | int]] = {kind: set() for kind in _COLOURS}
        self._used[STAGE] |= set(STAGE_NAMES)

    def codes_of(self, text: JourneyText) -> list[str]:
        """The guids of the codes of a text."""
        said: dict[str, tuple[str | int | None, ...]] = {
            ITEM_TYPE: text.item_types,
            STAGE: text.stages,
            SAFETY: text.verdicts,
            HOP: (text.hop,),
            LANGUAGE: (_spoken(text),),
        }
        return [self.use(kind, value) for kind, values in said.items() for value in values if value is not None]

    def use(self, kind: str, value: str | int) -> str:
        """The guid of a code, which is in the book from now on."""
        self._used[kind].add(value)
        return code_guid(kind, value)

    def element(self) -> Element:
        """All codes, in the same order whenever each of them came."""
        categories, codes = UniqueNames(), UniqueNames()
        return element("Codes", [_element(category, categories, codes) for category in self._categories()])

    def _categories(self) -> Iterator[Code]:
        yield Code(ITEM_TYPE, "", "Item types", "What an item is, by the taxonomy", tuple(self._item_types()))
        named = sorted((self._language_code(str(code)), code) for code in self._used[LANGUAGE])
        tags = tuple(Code(LANGUAGE, code, name) for name, code in named)
        yield Code(LANGUAGE, "", "Languages", "Language of a text, where somebody said it", tags)
        verdicts = tuple(Code(SAFETY, verdict, self._words[verdict]) for verdict in (SAFE, NOT_SAFE, NOT_CHECKED))
        yield Code(SAFETY, "", "Safety", "What safety checks said of a text", verdicts)
        yield Code(STAGE, "", "Stages", "Stages of the pipeline that a text was in", self._numbered(STAGE))
        yield Code(HOP, "", "Hops", "Hops of a journey, counted from 1", self._numbered(HOP))

    def _language_code(self, code: str) -> str:
        """The name of a code for languages: `Japanese (ja)`, `Japanese (ja), partly`, `not translated`."""
        if code == _UNTRANSLATED:
            return self._words[code]
        tag, partly, _ = code.partition(_PARTLY)
        name = language_name(tag, self._language)
        return (name if name == tag else f"{name} ({tag})") + (f", {self._words['partly']}" if partly else "")

    def _item_types(self) -> Iterator[Code]:
        for group, types in meanings().items():
            codes = tuple(Code(ITEM_TYPE, item_type, item_type, meaning) for item_type, meaning in types.items())
            yield Code(ITEM_TYPE, group, group, "", codes)
        unknown = sorted(str(item_type) for item_type in self._used[ITEM_TYPE] - self._known)
        if unknown:
            codes = tuple(Code(ITEM_TYPE, item_type, visible_line(item_type) or "unnamed") for item_type in unknown)
            yield Code(ITEM_TYPE, "Other", "Other", "Types that the taxonomy does not have", codes)

    def _numbered(self, kind: str) -> tuple[Code, ...]:
        numbers = sorted(number for number in self._used[kind] if isinstance(number, int))
        return tuple(
            Code(kind, number, f"{self._words[kind]} {number}", self._words.get(f"{kind} {number}", ""))
            for number in numbers
        )


def _spoken(text: JourneyText) -> str | None:
    """What a text is coded as: its language, that language in part, or that it was not translated."""
    if text.left and text.left.is_all:
        return _UNTRANSLATED
    return f"{text.language}{_PARTLY if text.left else ''}" if text.language else None


def write(records: Iterable[ExecutionRecord], file: BinaryIO, options: CollectionOptions) -> None:
    """The code book of these records as a file of its own."""
    book = CodeBook(options.language)
    for record in records:
        for text in journey_of(record):
            book.codes_of(text)
    file.write(head("CodeBook", "codebook"))
    file.write(xml_of(book.element(), 1))
    file.write(b"</CodeBook>\n")


def _element(code: Code, categories: UniqueNames, codes: UniqueNames) -> Element:
    is_codable = code.codes is None
    below = [_element(one, categories, codes) for one in code.codes or () if one.codes is None or one.codes]
    names = codes if is_codable else categories
    return element(
        "Code",
        [*described(code.meaning), *below],
        guid=code.guid,
        name=names.give(code.name),
        isCodable="true" if is_codable else "false",
        color=_COLOURS[code.kind],
    )
