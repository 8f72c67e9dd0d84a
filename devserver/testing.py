"""Engines that do what a script says, for tests of whoever uses the pipeline: they behave, without the hard work."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from types import MappingProxyType
from typing import Any

from devserver.backends.errors import EngineFailed
from devserver.embedded import DEFAULT_PAIRS
from devserver.engines import (
    Backend,
    Engines,
    InputImage,
    Made,
    MadeFile,
    MediaCheck,
    MediaVerdict,
    SafetyCheck,
    Translated,
    Translator,
    Verdict,
)

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""The smallest picture: one pixel."""

WAV = b"RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x40\x1f\0\0\1\0\x08\0data\x08\0\0\0" + b"\x80" * 8
"""A millisecond of silence."""

OLLAMA = Backend("ollama", "mistral-nemo:latest")
SIGHT = Backend("ollama", "qwen3-vl:2b")
SAFE = Verdict(safe=True, method="script", list_version="script 1")


class ScriptedTranslator:
    """Translates as `script` says by (text, target), and otherwise marks the text with its new language.

    Call number `fails_at` (1 up) raises `EngineFailed(error)`. It speaks as Ollama does: a prompt, no parameters.

    >>> ScriptedTranslator().translate("Eine Blume", from_lang="de", to_lang="es").text
    'Eine Blume [es]'
    """

    def __init__(
        self,
        script: Mapping[tuple[str, str], str] | None = None,
        *,
        fails_at: int | None = None,
        error: str = "Ollama Error: 500",
        backend: Backend = OLLAMA,
        pairs: Iterable[tuple[str, str]] = DEFAULT_PAIRS,
    ) -> None:
        self._script, self._backend, self._pairs = script or {}, backend, tuple(sorted(pairs))
        self._fails_at, self._error, self._calls = fails_at, error, count(1)

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The pairs it was given; by default those of a usual installation."""
        return self._pairs

    def backend_for(self, from_lang: str, to_lang: str) -> Backend:
        """The same for every pair."""
        return self._backend

    def translate(self, text: str, *, from_lang: str, to_lang: str) -> Translated:
        """The script's text, or the failure that it wants at this call."""
        if next(self._calls) == self._fails_at:
            raise EngineFailed(self._error)
        return Translated(
            text=self._script.get((text, to_lang), f"{text} [{to_lang}]"),
            engine=self._backend.name,
            mode="generate",
            engine_version="0.5.1",
            passed={"model": self._backend.model, "prompt": f"Translate to {to_lang}: {text}", "stream": False},
            facts={"done_reason": "stop"},
        )


class ScriptedSafety:
    """Blocks texts that hold one of `terms` (term: code); says `outputs` at stage 3, in order, while there are some.

    >>> check = ScriptedSafety(terms={"ISIS": "§86a"})
    >>> check("Eine ISIS Flagge", level="kids", language="de", stage=1).codes
    ('§86a',)
    """

    def __init__(self, *, terms: Mapping[str, str] | None = None, outputs: Sequence[bool] = ()) -> None:
        self._terms, self._outputs = terms or {}, list(outputs)

    def __call__(self, text: str, *, level: str, language: str, stage: int) -> Verdict:
        """The script's verdict."""
        found = tuple(term for term in self._terms if term in text)
        if stage == 3 and self._outputs:
            return SAFE if self._outputs.pop(0) else _blocked((level,), ("scripted",))
        return _blocked(tuple(self._terms[term] for term in found), found) if found else SAFE


class ScriptedMediaCheck:
    """Looks at pictures and says `answers`, in order, then yes; a call whose answer is an exception raises it.

    >>> ScriptedMediaCheck([False])(PNG, media_format="image/png", level="kids").codes
    ('scripted',)
    """

    parameters: Mapping[str, Any] = MappingProxyType({"strictness": 3})

    def __init__(self, answers: Iterable[bool | BaseException] = (), *, backend: Backend = SIGHT) -> None:
        self._answers, self.backend = iter(tuple(answers)), backend

    def looks_at(self, media_format: str) -> bool:
        """Pictures alone."""
        return media_format.startswith("image/")

    def __call__(self, content: bytes, *, media_format: str, level: str) -> MediaVerdict:
        """The script's verdict, or its exception."""
        answer = next(self._answers, True)
        if isinstance(answer, BaseException):
            raise answer
        return MediaVerdict(
            safe=answer,
            codes=() if answer else ("scripted",),
            method="script",
            passed={"bytes": len(content), "media_format": media_format, **self.parameters},
            facts={"description": "a flower" if answer else "a weapon"},
        )


class ScriptedMaker:
    """Makes `content` (bytes, text, or a function of text and seed); the calls in `fails_at` raise `EngineFailed`."""

    def __init__(
        self,
        content: str | bytes | Callable[[str, int], str | bytes] = PNG,
        *,
        media_format: str = "image/png",
        backend: Backend = Backend("comfyui", "sd3.5_large.safetensors"),  # noqa: B008  # a value, it cannot change
        fails_at: Iterable[int] = (),
        error: str = "ComfyUI Error: out of memory",
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        self._content, self._media_format, self._backend = content, media_format, backend
        self._fails_at, self._error, self._calls = frozenset(fails_at), error, count(1)
        self._facts = facts or {}

    def backend_for(self, parameters: Mapping[str, Any]) -> Backend:
        """The same for all parameters."""
        return self._backend

    def make(
        self,
        text: str,
        *,
        seed: int,
        parameters: Mapping[str, Any],
        images: Sequence[InputImage] = (),
        cancel: threading.Event | None = None,
    ) -> Made:
        """The script's file, or the failure that it wants at this call."""
        if next(self._calls) in self._fails_at:
            raise EngineFailed(self._error)
        content = self._content(text, seed) if callable(self._content) else self._content
        passed = {"prompt": text, "seed": seed, **parameters}
        if images:
            passed["images"] = [image.name for image in images]
        return Made(
            files=(MadeFile(content, self._media_format),), passed=passed, facts=self._facts, engine_version="1"
        )


def scripted_engines(
    *,
    language: str = "de",
    translator: Translator | None = None,
    check_safety: SafetyCheck | None = None,
    check_media: MediaCheck | None = None,
    **makers: ScriptedMaker,
) -> Engines:
    """Engines for a test: every text is in `language`, and `makers` are the engines that configurations name.

    >>> sorted(scripted_engines(comfyui=ScriptedMaker()).makers)
    ['comfyui']
    """
    return Engines(
        translator=translator or ScriptedTranslator(),
        check_safety=check_safety or ScriptedSafety(),
        detect_language=lambda text: language,
        makers=makers,
        check_media=check_media,
    )


def _blocked(codes: tuple[str, ...], found_terms: tuple[str, ...]) -> Verdict:
    return Verdict(safe=False, codes=codes, found_terms=found_terms, method="script", list_version="script 1")
