"""The shapes of what the pipeline works with. An engine is anything that has them; `devserver/testing.py` has some.

An engine knows nothing of tracking. What it gives back says what it was really handed (`passed`) and what it found out
(`facts`), so that the record never has to guess. An engine that speaks HTTP does so with the client of
`devserver/backends/http.py`: what leaves through that is recorded by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, runtime_checkable


class Backend(NamedTuple):
    """Who does the work, and with which model (for a rule-based engine: which mode)."""

    name: str
    model: str | None = None
    about: Mapping[str, Any] = MappingProxyType({})
    """What is known of it before it is asked, such as `provider_region`."""

    operation: str | None = None
    """What it does, for the name of the attempt's span, such as `render`; None for a model, which has a usual one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Translated:
    """A translated text, and how it came about.

    `engine` is who translated, the backend of the record; `mode` is how, in the engine's own words; `engine_version` is
    what would have to be installed again to get the same. `passed` is exactly what the engine was handed, None where
    the transport has recorded it; `facts` were counted on the way.
    """

    text: str
    engine: str
    mode: str
    engine_version: str
    passed: Mapping[str, Any] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


class Translator(Protocol):
    """Takes a text from one language to another."""

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The language pairs it can translate now, as ISO 639-1 codes."""

    def backend_for(self, from_lang: str, to_lang: str) -> Backend:
        """Who will be asked for this pair, also where nobody can."""

    def translate(self, text: str, *, from_lang: str, to_lang: str) -> Translated:
        """The text in the other language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a safety check found: whether the run may go on with it, and why not.

    `method` is what was really done to find out. `codes` are the rules that were broken, such as `§86a`, `found_terms`
    the terms that broke them. `list_version` is that of what it was compared with; empty where that was nothing.
    `concerns` stop nothing: `self_harm` says that somebody should look after whoever wrote it.
    """

    safe: bool
    method: str
    codes: tuple[str, ...] = ()
    found_terms: tuple[str, ...] = ()
    list_version: str = ""
    concerns: tuple[str, ...] = ()


class SafetyCheck(Protocol):
    """Looks at a text before stage 2 (stage 1) or before an output is made (stage 3)."""

    def __call__(self, text: str, *, level: str, language: str, stage: int) -> Verdict:
        """The verdict at a safety level."""


class DetectLanguage(Protocol):
    """Tells which language a text is written in."""

    def __call__(self, text: str) -> str:
        """An ISO 639-1 code."""


@dataclass(frozen=True, slots=True)
class InputImage:
    """A picture that a person handed in with the prompt."""

    name: str
    content: bytes = field(repr=False)
    media_format: str


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A text or a file that an engine made.

    `facts` are those of this file alone, such as `node_title`, `node_id`, `filename`, `width`.
    """

    content: str | bytes = field(repr=False)
    media_format: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What an engine made in one attempt: at least one file; of a text engine one file whose content is a text.

    `passed` is exactly what the engine was handed; None where it left over HTTP, since the transport has recorded it.
    `sent` are the parameters that it really sent then, by the names that configurations use; None stands for all.
    `injected` says where in the recorded request parameters went that are not there under their own name: JSON pointers
    into `passed`. `facts` are what the engine chose or found out by itself, and `used_seed` the seed it really used
    where it says so.
    """

    files: Sequence[MadeFile]
    passed: Mapping[str, Any] | None = None
    sent: Mapping[str, Any] | None = None
    injected: Mapping[str, Sequence[str]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    engine_version: str = ""
    used_seed: int | None = None

    @property
    def text(self) -> str:
        """The first file as a text."""
        content = self.files[0].content
        return content if isinstance(content, str) else content.decode("utf-8", "replace")


class Maker(Protocol):
    """Makes an output from a text, or another text (stage 2). The same seed and parameters make the same again."""

    def backend_for(self, parameters: Mapping[str, Any]) -> Backend:
        """Who will be asked with these parameters."""

    def make(
        self,
        text: str,
        *,
        seed: int,
        parameters: Mapping[str, Any],
        images: Sequence[InputImage] = (),
        cancel: threading.Event | None = None,
    ) -> Made:
        """What the engine makes of the text, and of the images where it takes some.

        Raises an `EngineError`, whose kind says whether trying again may help; raises `Cancelled` soon after `cancel`
        is set, where the work takes long. An exception may have `facts` and `injected`, as what is made has.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaVerdict(Verdict):
    """What a look at a made file found.

    `passed` is what the check was handed, None where it left over HTTP; `facts` are what it saw, such as `description`.
    """

    passed: Mapping[str, Any] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


class MediaCheck(Protocol):
    """Looks at what was made (stage 4), before the result names it."""

    @property
    def backend(self) -> Backend:
        """Who looks."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What it is asked with, beside the file."""

    def looks_at(self, media_format: str) -> bool:
        """Whether it judges files of this type; others are shown without."""

    def __call__(self, content: bytes, *, media_format: str, level: str) -> MediaVerdict:
        """The verdict at a safety level. Whatever it raises, the file is not shown."""


@runtime_checkable
class ListsParameters(Protocol):
    """A maker that knows beforehand which parameters it has: it is handed no other."""

    @property
    def parameters(self) -> Collection[str]:
        """Their names."""


TERM_LISTS = Backend("term_lists")


@dataclass(frozen=True, slots=True)
class Engines:
    """The engines of a pipeline; `makers` by the name that configurations call them.

    `missing` are those that could be set up, and how: `{"ollama": "set OLLAMA_HOST …"}`. Without a `check_media` nobody
    looks at what was made: no engine of this machine can see.
    """

    translator: Translator
    check_safety: SafetyCheck
    detect_language: DetectLanguage
    makers: Mapping[str, Maker] = field(default_factory=dict)
    safety_backend: Backend = TERM_LISTS
    missing: Mapping[str, str] = field(default_factory=dict)
    check_media: MediaCheck | None = None
