"""The engines that work on this machine without a model server, in the shapes that the pipeline wants."""

from __future__ import annotations

from devserver.backends.embedded.apertium import Apertium
from devserver.backends.embedded.freedict import FreeDict, dictionary_name
from devserver.backends.embedded.languages import detect_language
from devserver.backends.embedded.makers import EMBEDDED_MAKERS
from devserver.backends.embedded.translation import Translation, Translator
from devserver.engines import Backend, Engines
from devserver.safety import check_terms


class EmbeddedTranslator:
    """Apertium and FreeDict behind one question, and which of the two a language pair goes to."""

    def __init__(self) -> None:
        self._apertium, self._freedict = Apertium(), FreeDict()
        self._translator = Translator(apertium=self._apertium, freedict=self._freedict)

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The language pairs that can be translated now."""
        return self._translator.pairs()

    def backend_for(self, from_lang: str, to_lang: str) -> Backend:
        """The engine that `Translator` takes for this pair."""
        if from_lang == to_lang:
            return Backend("none", "same language")
        if mode := self._apertium.modes.get((from_lang, to_lang)):
            return Backend("apertium", mode)
        if (from_lang, to_lang) in self._freedict.pairs():
            return Backend("freedict", dictionary_name(from_lang, to_lang))
        return Backend("none", "no engine for this pair")

    def translate(self, text: str, *, from_lang: str, to_lang: str) -> Translation:
        """The text in the other language."""
        return self._translator.translate(text, from_lang=from_lang, to_lang=to_lang)


def embedded_engines() -> Engines:
    """Everything that needs no model server."""
    return Engines(
        translator=EmbeddedTranslator(),
        check_safety=check_terms,
        detect_language=detect_language,
        makers=EMBEDDED_MAKERS,
    )
