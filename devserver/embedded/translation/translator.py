"""Translate a text with the better engine that this machine has for the language pair."""

from __future__ import annotations

from devserver.backends.errors import MissingLanguagePair
from devserver.embedded.journeys import Pair, shortest_route
from devserver.embedded.languages import english_name
from devserver.embedded.translation.apertium import Apertium
from devserver.embedded.translation.freedict import FreeDict, dictionary_name
from devserver.embedded.translation.packages import package_for
from devserver.engines import Backend, Translated


class EmbeddedTranslator:
    """Both engines behind one question: this text, from here, to there."""

    def __init__(self, *, apertium: Apertium | None = None, freedict: FreeDict | None = None) -> None:
        """The engines can be handed in; by default they are those of this machine."""
        self._apertium = apertium or Apertium()
        self._freedict = freedict or FreeDict()

    def pairs(self) -> tuple[Pair, ...]:
        """The language pairs that can be translated now, as ISO 639-1 codes, sorted."""
        return tuple(sorted({*self._apertium.modes, *self._freedict.pairs()}))

    def backend_for(self, from_lang: str, to_lang: str) -> Backend:
        """The engine that `translate` takes for this pair: Apertium where it has the pair, else FreeDict."""
        if from_lang == to_lang:
            return Backend("none", "same language")
        if mode := self._apertium.modes.get((from_lang, to_lang)):
            return Backend("apertium", mode)
        if (from_lang, to_lang) in self._freedict.pairs():
            return Backend("freedict", dictionary_name(from_lang, to_lang))
        return Backend("none", "no engine for this pair")

    def translate(self, text: str, *, from_lang: str, to_lang: str) -> Translated:
        """The text in the other language; never by a detour.

        The same language in and out gives the text back with engine `none`. Raises
        MissingLanguagePair when no engine has the pair, EngineFailed when one breaks down.
        """
        match self.backend_for(from_lang, to_lang):
            case Backend(name="apertium", model=str(mode)):
                return self._apertium.translate(text, mode=mode)
            case Backend(name="freedict"):
                return self._freedict.translate(text, from_lang=from_lang, to_lang=to_lang)
        if from_lang == to_lang:
            return Translated(text=text, engine="none", mode="same language", engine_version="", passed={})
        raise self._missing(from_lang, to_lang)

    def _missing(self, from_lang: str, to_lang: str) -> MissingLanguagePair:
        source, target = (f"{english_name(code)} ({code})" for code in (from_lang, to_lang))
        package = package_for(from_lang, to_lang)
        reachable = [second for first, second in self.pairs() if first == from_lang]
        # For those who choose to take it.
        route = shortest_route(from_lang, to_lang, self.pairs())

        help_text = f"apt-get install {package}" if package else "Debian packages none for this pair"
        now = ", ".join(f"{english_name(code)} ({code})" for code in reachable) or "no other language"
        message = f"no installed engine translates {source} to {target}: {help_text}; from {source} you reach now {now}"
        if route:
            message += f"; a way in {len(route) - 1} steps is {'→'.join(route)}"
        return MissingLanguagePair(message)
