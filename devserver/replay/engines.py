"""Hand an embedded engine what it was handed before, by the name of its backend."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from devserver.embedded import Apertium, FreeDict, iso_639_1
from devserver.engines import Engines, MadeFile, Maker, Translated
from devserver.errors import suggestion
from devserver.replay.model import CannotRepeat, EngineCall
from devserver.stages.safety import describe, reason


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredAgain:
    """What an engine was handed this time, what it answered, and what it made; `blocked` says why it objects."""

    passed: Mapping[str, Any]
    response: Mapping[str, Any]
    text: str | None = None
    files: Sequence[MadeFile] = ()
    blocked: str | None = None


class EmbeddedEngines:
    """The engines that replay can call, by the name of their backend."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._apertium, self._freedict = Apertium(), FreeDict()
        self._known: dict[str, Callable[[Mapping[str, Any]], AnsweredAgain]] = {
            "apertium": self._by_apertium,
            "freedict": self._by_freedict,
            engines.safety_backend.name: self._checked,
        }
        self._needed: dict[str, tuple[str, ...]] = {
            "apertium": ("argv", "text"),
            "freedict": ("dictionary", "text"),
            engines.safety_backend.name: ("text", "level", "language", "stage"),
        }

    def require(self, asked: EngineCall) -> None:
        """Raise `CannotRepeat` where no engine of that name is here, or what was passed is not what it takes."""
        needed = self._needed.get(asked.backend)
        if needed is None:
            self._maker(asked)
            needed = ("prompt" if "prompt" in asked.passed else "text", "seed")
        missing = [name for name in needed if name not in asked.passed]
        if missing:
            raise CannotRepeat(f"what was passed to {asked.backend} does not say {' and '.join(missing)}")
        if "argv" in needed:
            _mode_of(asked.passed["argv"])
        if "dictionary" in needed:
            _languages_of(asked.passed["dictionary"])

    def call(self, asked: EngineCall) -> AnsweredAgain:
        """What comes of a call that `require` had nothing against; raises the engine's own error."""
        known = self._known.get(asked.backend)
        return known(asked.passed) if known is not None else _made(self._maker(asked), asked)

    def _maker(self, asked: EngineCall) -> Maker:
        maker = self._find(asked)
        if maker is None:
            names = {*self._known, *self._engines.makers}
            raise CannotRepeat(f"no engine {asked.backend!r} is here; {suggestion(asked.backend, names)}")
        return maker

    def _find(self, asked: EngineCall) -> Maker | None:
        """The engine that would be called so with these parameters, whatever configurations call it."""
        makers = self._engines.makers
        if asked.backend in makers:
            return makers[asked.backend]
        parameters = _parameters(asked.passed)
        return next((each for each in makers.values() if each.backend_for(parameters).name == asked.backend), None)

    def _by_apertium(self, passed: Mapping[str, Any]) -> AnsweredAgain:
        return _translated(self._apertium.translate(passed["text"], mode=_mode_of(passed["argv"])))

    def _by_freedict(self, passed: Mapping[str, Any]) -> AnsweredAgain:
        from_lang, to_lang = _languages_of(passed["dictionary"])
        return _translated(self._freedict.translate(passed["text"], from_lang=from_lang, to_lang=to_lang))

    def _checked(self, passed: Mapping[str, Any]) -> AnsweredAgain:
        level = passed["level"]
        verdict = self._engines.check_safety(
            passed["text"], level=level, language=passed["language"], stage=passed["stage"]
        )
        blocked = None if verdict.safe else reason(verdict)
        return AnsweredAgain(passed=passed, response=describe(verdict, level), blocked=blocked)


def _translated(result: Translated) -> AnsweredAgain:
    said = {"engine": result.engine, "engine_version": result.engine_version, "mode": result.mode, **result.facts}
    return AnsweredAgain(passed=result.passed or {}, response=said, text=result.text)


def _made(maker: Maker, asked: EngineCall) -> AnsweredAgain:
    passed = asked.passed
    text = passed["prompt"] if "prompt" in passed else passed["text"]
    made = maker.make(text, seed=passed["seed"], parameters=_parameters(passed), images=asked.images)
    is_text = isinstance(made.files[0].content, str)
    return AnsweredAgain(
        passed=made.passed or {},
        response={"engine_version": made.engine_version, **made.facts},
        text=made.text if is_text else None,
        files=made.files,
    )


def _parameters(passed: Mapping[str, Any]) -> dict[str, Any]:
    """What was passed beside text, seed and pictures."""
    text = "prompt" if "prompt" in passed else "text"
    return {name: value for name, value in passed.items() if name not in (text, "seed", "images")}


def _mode_of(argv: Any) -> str:
    """The mode in `apertium -u eng-spa`. Nothing of a recorded command line is run; anything else is refused."""
    if not isinstance(argv, list | tuple) or len(argv) != 3 or argv[1] != "-u" or not _MODE.fullmatch(str(argv[2])):
        raise CannotRepeat("the recorded command line is not one of Apertium's: apertium -u MODE")
    return str(argv[2])


_MODE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{1,60}")
_DICTIONARY = re.compile(r"freedict-([a-z]{3})-([a-z]{3})\.dict\.dz")


def _languages_of(dictionary: Any) -> tuple[str, str]:
    found = _DICTIONARY.fullmatch(str(dictionary))
    pair = (iso_639_1(found[1]), iso_639_1(found[2])) if found else (None, None)
    if not pair[0] or not pair[1]:
        raise CannotRepeat(f"{str(dictionary)!r:.60} is no dictionary of FreeDict")
    return pair[0], pair[1]
