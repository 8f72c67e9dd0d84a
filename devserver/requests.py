"""What a pipeline is asked for, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from devserver.configs.model import PipelineConfig
from devserver.engines import InputImage, MadeFile
from devserver.errors import RequestError, suggestion
from devserver.safety.terms import LEVELS
from otel_tracking import canonical

LONGEST_PROMPT = 20_000
"""Characters of a prompt where nobody says otherwise: ten pages. Of parameters it is as many, as JSON."""

EXECUTION_MODES = ("eco", "fast")

DEEPEST = 40
"""Levels of a parameter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One run that somebody wants. What is None is left to the configuration.

    `languages` are those of the translation chain, one per hop and without the start; or "fixed", or "random".
    `parameters` go before those of the configuration, each to the engines that have it (`width`), or to the one that is
    named (`dessau.width`); `seed` goes before every seed. `images` are pictures that come with the prompt; the
    configuration says who is handed how many of them. `batch_index` is the number of the run in its batch, from 1.
    """

    prompt: str
    config_name: str = "stillepost"
    execution_mode: str = "eco"
    safety_level: str = "kids"
    seed: int | None = None
    languages: Sequence[str] | str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    images: Sequence[InputImage] = ()
    user_id: str | None = None
    session_id: str | None = None
    device_id: str | None = None
    study_id: str | None = None
    batch_id: str | None = None
    batch_index: int | None = None
    repeats: str | None = None
    continues: str | None = None

    def check(self) -> None:
        """Raise `RequestError` where this cannot be run, before anything is."""
        if not self.prompt.strip():
            would_work = "a few words are enough, such as 'Eine Blume auf der Wiese'"
            raise RequestError(f"the prompt is empty; {would_work}", "prompt empty")
        _require_one_of("safety_level", self.safety_level, LEVELS)
        _require_one_of("execution_mode", self.execution_mode, EXECUTION_MODES)
        if isinstance(self.languages, str) and self.languages not in ("fixed", "random"):
            raise RequestError(
                f"languages is {self.languages!r}; allowed are 'fixed', 'random' or a list with "
                "one language per hop, such as ['es', 'fr', 'en']"
            )
        if self.languages is not None and not self.languages:
            raise RequestError("languages is an empty list; name one language per hop, or leave it out")
        if not _is_shallow(self.parameters):
            raise RequestError(f"parameters is nested in more than {DEEPEST} levels; a graph needs five")

    def check_length(self, longest: int) -> None:
        """Raise `RequestError` where prompt or parameters have more characters than so many."""
        of_parameters = len(canonical.dumps(dict(self.parameters))) if self.parameters else 0
        for name, length in (("prompt", len(self.prompt)), ("parameters", of_parameters)):
            if length > longest:
                raise RequestError(
                    f"the {name} {'has' if name == 'prompt' else 'have'} {length:,} characters; "
                    f"at most {longest:,} would work here",
                    f"{name} too long",
                    most=longest,
                )

    def check_images(self, config: PipelineConfig) -> None:
        """Raise `RequestError` where there are more pictures than anybody takes, or fewer than somebody needs."""
        given = len(self.images)
        least, most = config.images_at_least, config.images_at_most
        if not least <= given <= most:
            allowed = f"{least} to {most} are" if least < most else f"exactly {most} are" if most else "none is"
            word = "images too few" if given < least else "images too many" if most else "images not taken"
            raise RequestError(
                f"{given} images were given; for {config.name} {allowed} allowed", word, least=least, most=most
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputResult:
    """What came of one requested output: `made`, `blocked` or `failed`."""

    number: int
    config_used: str
    status: str
    files: tuple[MadeFile, ...] = ()
    seed: int | None = None
    error: str | None = None
    blocked: str | None = None

    @property
    def media(self) -> bytes | None:
        """The bytes of the first file."""
        content = self.files[0].content if self.files else None
        return content.encode() if isinstance(content, str) else content

    @property
    def media_format(self) -> str | None:
        """The type of the first file."""
        return self.files[0].media_format if self.files else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a run. `blocked` says why a safety check let it end, `error` what ended it.

    `is_request_wrong` where it ended since the request has a parameter outside of what an engine understands.

    `status` is `completed`, `partial`, `blocked`, `error` or `cancelled`, by the pipeline's own knowledge: the tracker
    is never asked.
    """

    execution_id: str
    trace_id: str
    status: str
    final_text: str | None = None
    outputs: tuple[OutputResult, ...] = ()
    error: str | None = None
    blocked: str | None = None
    is_request_wrong: bool = False


def status_of(outputs: Sequence[OutputResult]) -> str:
    """The status of a run that came to its end with these outputs.

    >>> status_of([])
    'completed'
    """
    kinds = {output.status for output in outputs}
    if kinds <= {"made"}:
        return "completed"
    if "made" in kinds:
        return "partial"
    return "error" if "failed" in kinds else "blocked"


def _is_shallow(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        entries = [part.values() if isinstance(part, Mapping) else part for part in level]
        level = [inner for part in entries for inner in part if isinstance(inner, Mapping | list | tuple)]
        if not level:
            return True
    return False


def _require_one_of(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise RequestError(f"{name} is {value!r}; {suggestion(value, allowed)}")
