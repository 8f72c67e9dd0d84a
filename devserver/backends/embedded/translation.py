"""Translate a text with the better engine that this machine has for the language pair."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from devserver.backends.embedded.apertium import Apertium
from devserver.backends.embedded.freedict import FreeDict
from devserver.backends.embedded.journeys import Journey, Pair, shortest_route
from devserver.backends.embedded.languages import english_name
from devserver.backends.embedded.packages import package_for
from devserver.backends.errors import MissingLanguagePair


@dataclass(frozen=True, slots=True)
class Translation:
    """A translated text, and how it came about.

    `passed` is exactly what the engine was handed, `facts` what was counted on the way.
    """

    text: str
    from_lang: str
    to_lang: str
    engine: str
    mode: str
    engine_version: str
    passed: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


class Translator:
    """Both engines behind one question: this text, from here, to there."""

    def __init__(self, *, apertium: Apertium | None = None, freedict: FreeDict | None = None) -> None:
        """The engines can be handed in; by default they are those of this machine."""
        self._apertium = apertium or Apertium()
        self._freedict = freedict or FreeDict()

    def pairs(self) -> tuple[Pair, ...]:
        """The language pairs that can be translated now, as ISO 639-1 codes, sorted."""
        return tuple(sorted({*self._apertium.modes, *self._freedict.pairs()}))

    def route(self, from_lang: str, to_lang: str) -> Journey | None:
        """The shortest way over installed pairs, for those who choose to take it; None when there is none.

        `translate` never takes a detour by itself.
        """
        return shortest_route(from_lang, to_lang, self.pairs())

    def translate(self, text: str, *, from_lang: str, to_lang: str) -> Translation:
        """The text in the other language, by Apertium where it has the pair, else by FreeDict.

        The same language in and out gives the text back with engine `none`. Raises
        MissingLanguagePair when no engine has the pair, EngineFailed when one breaks down.
        """
        if from_lang == to_lang:
            return Translation(text, from_lang, to_lang, "none", "same language", "")
        mode = self._apertium.modes.get((from_lang, to_lang))
        if mode:
            return self._by_apertium(text, from_lang, to_lang, mode)
        if (from_lang, to_lang) in self._freedict.pairs():
            return self._by_freedict(text, from_lang, to_lang)
        raise self._missing(from_lang, to_lang)

    def _by_apertium(self, text: str, from_lang: str, to_lang: str, mode: str) -> Translation:
        result = self._apertium.translate(text, mode=mode)
        return Translation(
            text=result.text,
            from_lang=from_lang,
            to_lang=to_lang,
            engine="apertium",
            mode=mode,
            engine_version=self._apertium.version_of(mode),
            passed={"argv": result.argv, "text": result.input_text},
            facts=result.facts,
        )

    def _by_freedict(self, text: str, from_lang: str, to_lang: str) -> Translation:
        result = self._freedict.translate(text, from_lang=from_lang, to_lang=to_lang)
        return Translation(
            text=result.text,
            from_lang=from_lang,
            to_lang=to_lang,
            engine="freedict",
            mode="word for word",
            engine_version=self._freedict.version_of(from_lang, to_lang),
            passed={"dictionary": result.dictionary, "text": result.input_text},
            facts=result.facts,
        )

    def _missing(self, from_lang: str, to_lang: str) -> MissingLanguagePair:
        source, target = (f"{english_name(code)} ({code})" for code in (from_lang, to_lang))
        package = package_for(from_lang, to_lang)
        reachable = tuple(second for first, second in self.pairs() if first == from_lang)
        route = self.route(from_lang, to_lang)

        help_text = f"apt-get install {package}" if package else "Debian packages none for this pair"
        now = ", ".join(f"{english_name(code)} ({code})" for code in reachable) or "no other language"
        message = f"no installed engine translates {source} to {target}: {help_text}; from {source} you reach now {now}"
        if route:
            message += f"; a way in {len(route) - 1} steps is {'→'.join(route)}"
        return MissingLanguagePair(message, from_lang=from_lang, to_lang=to_lang, package=package, reachable=reachable)
